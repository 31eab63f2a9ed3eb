import type { DType } from '../kernel/dtype.ts';
import { boundsOf, hostArray, isFloat } from '../kernel/dtype.ts';
import { hostArrayOf } from '../kernel/semantics.ts';
import type { Column } from './columns.ts';

/** What a column of a table is read as: numbers of a dtype, or texts. */
export type CsvType = DType | 'text';

/** Collects the fields of a column. */
export interface ColumnBuilder {
  /** Takes a field; says what is wrong with it, or null. */
  readonly add: (field: string) => string | null;
  readonly build: () => Column | readonly string[];
}

/** A builder of a column of some type. */
export const columnBuilder = (type: CsvType, missing: number | undefined): ColumnBuilder =>
  type === 'text' ? textBuilder() : numberBuilder(type, missing);

function textBuilder(): ColumnBuilder {
  const texts: string[] = [];
  return {
    add: (field) => {
      texts.push(field);
      return null;
    },
    build: () => texts,
  };
}

function numberBuilder(dtype: DType, missing: number | undefined): ColumnBuilder {
  let data = hostArray[dtype](64);
  let length = 0;
  return {
    add: (field) => {
      const text = field.trim();
      const value = text === '' && isFloat(dtype) ? (missing ?? null) : numberOf(text, dtype);
      if (value === null)
        return text === '' ? `is ${dtype}, and a field of it is empty` : `is ${dtype}, got ${JSON.stringify(text)}`;
      if (length === data.length) {
        const larger = hostArray[dtype](2 * length);
        larger.set(data);
        data = larger;
      }
      data[length++] = value;
      return null;
    },
    // Half precision is rounded to here.
    build: () => ({ data: hostArrayOf(dtype, data.subarray(0, length)), shape: [length], dtype }),
  };
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const truth = new Map([
  ['true', 1],
  ['false', 0],
]);
const special = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['infinity', Infinity],
]);

/** The number that a text says, or null if it is none of the dtype. */
function numberOf(text: string, dtype: DType): number | null {
  const [, sign = '', word = ''] = /^([+-]?)(.*)$/.exec(text.toLowerCase()) ?? [];
  if (isFloat(dtype)) {
    const value = decimal.test(text) ? Number(text) : special.get(word);
    return value === undefined ? null : sign === '-' && special.has(word) ? -value : value;
  }
  const value = dtype === 'bool' && truth.has(text.toLowerCase()) ? truth.get(text.toLowerCase()) : Number(text);
  const { min, max } = boundsOf(dtype);
  const fits = (decimal.test(text) || truth.has(text.toLowerCase())) && value !== undefined && Number.isInteger(value);
  return fits && value >= min && value <= max ? value : null;
}
