import type { DType, HostArray } from '../../kernel/dtype.ts';
import { isFloat, isUnsigned } from '../../kernel/dtype.ts';
import { bytesInMemory } from '../../kernel/half.ts';
import { product } from '../../util/array.ts';
import type { Aval, Shape } from '../aval.ts';

/** How types and literals are spelled in StableHLO's text. */

/** A value of a program: its name (`%3`, `%5#1`) and its type. */
export interface HloValue extends TensorType {
  readonly name: string;
}

/** The type of a value. */
export type TensorType = Pick<Aval, 'shape' | 'dtype'>;

const elements: { readonly [D in DType]: string } = {
  bool: 'i1',
  i8: 'i8',
  u8: 'ui8',
  i16: 'i16',
  u16: 'ui16',
  i32: 'i32',
  u32: 'ui32',
  f16: 'f16',
  f32: 'f32',
  f64: 'f64',
};

/** `tensor<2x3xf32>`. */
export const tensorType = ({ shape, dtype }: TensorType): string => `tensor<${[...shape, elements[dtype]].join('x')}>`;

/** `tensor<3xf32>, tensor<i32>`. */
export const tensorTypes = (values: readonly TensorType[]): string => values.map(tensorType).join(', ');

/** `(tensor<3xf32>) -> tensor<i32>`. */
export const functionType = (ins: readonly TensorType[], outs: readonly TensorType[]): string =>
  `(${tensorTypes(ins)}) -> ${outs.length === 1 ? tensorTypes(outs) : `(${tensorTypes(outs)})`}`;

/** `%0, %1`. */
export const names = (values: readonly HloValue[]): string => values.map((v) => v.name).join(', ');

/** `[1, 2]`. */
export const list = (numbers: readonly (number | string)[]): string => `[${numbers.join(', ')}]`;

/** `array<i64: 1, 2>`. */
export const i64Array = (numbers: readonly number[]): string =>
  numbers.length === 0 ? 'array<i64>' : `array<i64: ${numbers.join(', ')}>`;

/** Bit patterns of what has no decimal spelling: NaN, infinity, minus infinity. */
const special = {
  f16: ['0x7E00', '0x7C00', '0xFC00'],
  f32: ['0x7FC00000', '0x7F800000', '0xFF800000'],
  f64: ['0x7FF8000000000000', '0x7FF0000000000000', '0xFFF0000000000000'],
} as const;

/** A number as an element of a literal. */
export function literal(dtype: DType, x: number): string {
  if (dtype === 'bool') return x === 0 ? 'false' : 'true';
  if (!isFloat(dtype)) return String(x);
  const [nan, infinity, minus] = special[dtype];
  if (Number.isNaN(x)) return nan;
  if (!Number.isFinite(x)) return x > 0 ? infinity : minus;
  const text = Object.is(x, -0) ? '-0' : dtype === 'f64' ? String(x) : shortest(x);
  const [mantissa, exponent] = text.split('e') as [string, string?];
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}${exponent === undefined ? '' : `e${exponent}`}`;
}

/** The shortest decimal that f32 rounds to this number. */
function shortest(x: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(x.toPrecision(digits));
    if (Math.fround(rounded) === x) return String(rounded);
  }
  return String(x);
}

/** Arrays with more elements are spelled as bytes. */
const readable = 64;

/** The elements of an array as the inside of `dense<…>`. */
export function denseText({ shape, dtype }: TensorType, data: HostArray): string {
  const n = product(shape);
  if (n === 0) return '';
  const first = data[0] as number;
  if (n > 1 && data.every((x) => Object.is(x, first))) return literal(dtype, first);
  return n <= readable || dtype === 'bool' ? nested(shape, dtype, data, 0) : `"0x${hexadecimal(dtype, data)}"`;
}

function nested(shape: Shape, dtype: DType, data: HostArray, offset: number): string {
  const [extent, ...inner] = shape;
  if (extent === undefined) return literal(dtype, data[offset] as number);
  const stride = product(inner);
  return `[${Array.from({ length: extent }, (_, i) => nested(inner, dtype, data, offset + i * stride)).join(', ')}]`;
}

/** The elements in hexadecimal, as they lie in memory. */
const hexadecimal = (dtype: DType, data: HostArray): string =>
  Array.from(bytesInMemory(dtype, data), (b) => b.toString(16).padStart(2, '0').toUpperCase()).join('');

/** How a comparison of elements of a dtype is done. */
export const comparisonType = (dtype: DType): 'FLOAT' | 'SIGNED' | 'UNSIGNED' =>
  isFloat(dtype) ? 'FLOAT' : dtype === 'bool' || isUnsigned(dtype) ? 'UNSIGNED' : 'SIGNED';

/** A name that MLIR takes as it is: `jvp(loss)` becomes `jvp_loss`. */
export function symbol(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  return plain === '' ? 'f' : /^[0-9]/.test(plain) ? `f_${plain}` : plain;
}
