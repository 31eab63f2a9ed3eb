import * as E from 'fp-ts/lib/Either.js';
import type { DType } from '../kernel/dtype.ts';
import { array } from '../numpy/create.ts';
import type { NDArray } from '../trace/value.ts';
import { product } from '../util/array.ts';
import { DatasetError } from './errors.ts';

/** Data sets: named arrays on the host whose first axes count the same examples. */

/** The typed arrays that a data set may consist of. */
export type DataArray =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** An array on the host, row-major. Its first axis counts the examples. What files hold ({@link HostTensor}) is one, too. */
export interface Column<A extends DataArray = DataArray> {
  readonly data: A;
  readonly shape: readonly number[];
  /** What the elements mean on a device, where the typed array does not say it: `bool` in bytes, `f16` in f32. */
  readonly dtype?: DType;
}

/** Named arrays with one first axis in common: example `i` is row `i` of each. */
export type Dataset = Readonly<Record<string, Column>>;

/** Arrays on a device, by the names of the columns that they come from. */
export type DeviceColumns<D extends Dataset> = { readonly [K in keyof D]: NDArray };

/**
 * How many examples a data set has; a {@link DatasetError} when its columns disagree.
 *
 * @example
 * data.exampleCount({ images: pixels }); // E.right(64)
 */
export function exampleCount(dataset: Dataset): E.Either<DatasetError, number> {
  const columns = Object.entries(dataset);
  const [first] = columns;
  if (first === undefined) return E.left(new DatasetError('dataset-mismatch', 'a data set needs a column'));
  const count = first[1].shape[0] ?? 0;
  for (const [name, { data, shape }] of columns) {
    if (shape.length === 0 || shape[0] !== count) {
      const text = `column ${first[0]} has ${count} examples, column ${name} has ${shape[0] ?? 'no first axis'}`;
      return E.left(new DatasetError('dataset-mismatch', text));
    }
    if (product(shape) !== data.length) {
      const text = `column ${name} of shape [${shape.join(',')}] needs ${product(shape)} elements, has ${data.length}`;
      return E.left(new DatasetError('dataset-mismatch', text));
    }
  }
  return E.right(count);
}

/**
 * The first `count` examples; all of them if there are fewer. Shares memory with `dataset`.
 *
 * @example
 * data.take({ images: pixels }, 10).images.shape; // [10, 28, 28, 1]
 */
export function take<D extends Dataset>(dataset: D, count: number): D {
  return mapColumns(dataset, (column) => {
    const [n = 0, ...rest] = column.shape;
    const kept = Math.min(count, n);
    return { ...column, data: column.data.subarray(0, kept * product(rest)), shape: [kept, ...rest] };
  });
}

/** The examples with these numbers, in this order, in arrays of their own. */
export const gather = <D extends Dataset>(dataset: D, rows: Uint32Array): D =>
  mapColumns(dataset, (column) => {
    const [, ...rest] = column.shape;
    const width = product(rest);
    const data = emptyLike(column.data, rows.length * width);
    rows.forEach((row, i) => {
      data.set(column.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return { ...column, data, shape: [rows.length, ...rest] };
  });

/**
 * The columns as arrays on the default device, each of its own dtype: bytes stay bytes on their way to the device, where
 * `astype` widens them in the kernel that computes with them.
 *
 * @example
 * const { images, labels } = data.toArrays(batch.columns); // u8[64,28,28,1], u8[64]
 */
export const toArrays = <D extends Dataset>(columns: D): DeviceColumns<D> =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { data, shape, dtype }]) => [
      name,
      array(data, dtype === undefined ? { shape } : { shape, dtype }),
    ]),
  ) as DeviceColumns<D>;

const emptyLike = (data: DataArray, length: number): DataArray =>
  new (data.constructor as new (length: number) => DataArray)(length);

/** Applies `f`, which keeps the kind of array, to every column. */
const mapColumns = <D extends Dataset>(dataset: D, f: (column: Column) => Column): D =>
  Object.fromEntries(Object.entries(dataset).map(([name, column]) => [name, f(column)])) as D;
