import * as E from 'fp-ts/lib/Either.js';
import { product } from '../util/array.ts';
import { DatasetError } from './errors.ts';

/** The typed arrays that a data set may consist of. */
export type DataArray =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** An array on the host, row-major. Its first axis counts the examples. */
export interface Column<A extends DataArray = DataArray> {
  readonly data: A;
  readonly shape: readonly number[];
}

/** Named arrays with one first axis in common: example `i` is row `i` of each. */
export type Dataset = Readonly<Record<string, Column>>;

/** Some rows of a data set. */
export interface Batch<D extends Dataset> {
  /** Which batch of its pass this is, from 0. */
  readonly index: number;
  /** How many rows are examples; the rest, at the end, pads. */
  readonly size: number;
  /** The rows of every column. */
  readonly columns: { readonly [K in keyof D]: D[K] };
}

/** How to cut a data set into batches. */
export interface BatchOptions {
  /** Examples in a batch, at least 1 and at most all. */
  readonly batchSize: number;
  /** The examples' indices in the order to visit them; by default as they stand. */
  readonly order?: ArrayLike<number>;
  /** The batch to begin with, counted from 0: what an interrupted pass continues with. */
  readonly start?: number;
  /**
   * What becomes of the examples after the last full batch: `keep` (the default) gives a smaller batch, `drop` leaves
   * them out, `pad` fills the batch up with repetitions, which `size` tells apart.
   */
  readonly last?: 'keep' | 'drop' | 'pad';
}

/** How many examples a data set has; a {@link DatasetError} when its columns disagree. */
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

/** The first `count` examples; all of them if there are fewer. Shares memory with `dataset`. */
export function take<D extends Dataset>(dataset: D, count: number): D {
  return mapColumns(dataset, ({ data, shape: [n = 0, ...rest] }) => {
    const kept = Math.min(count, n);
    return { data: data.subarray(0, kept * product(rest)), shape: [kept, ...rest] };
  });
}

/** How many batches one pass has. */
export function batchCount(examples: number, { batchSize, last = 'keep' }: BatchOptions): number {
  return last === 'drop' ? Math.floor(examples / batchSize) : Math.ceil(examples / batchSize);
}

/**
 * One pass over a data set, batch by batch. Every batch has arrays of its own.
 *
 * Throws a {@link DatasetError} for columns of unequal length, for a batch size below 1 or above the number of examples,
 * and for an order that names an example that does not exist.
 */
export function* batches<D extends Dataset>(dataset: D, options: BatchOptions): Generator<Batch<D>, void, void> {
  const { batchSize, start = 0, last = 'keep' } = options;
  const examples = orThrow(exampleCount(dataset));
  const order = orThrow(checkOrder(options.order, examples));
  const visited = order?.length ?? examples;
  orThrow(checkBatchSize(batchSize, visited));
  for (let index = start; index < batchCount(visited, options); index++) {
    const from = index * batchSize;
    const size = Math.min(batchSize, visited - from);
    const rows = Uint32Array.from({ length: last === 'pad' ? batchSize : size }, (_, i) => {
      const position = i < size ? from + i : from;
      return order === null ? position : (order[position] ?? 0);
    });
    yield { index, size, columns: mapColumns(dataset, (column) => gatherRows(column, rows)) };
  }
}

/** A {@link DatasetError} unless batches of `batchSize` can be made of `examples`. */
export function checkBatchSize(batchSize: number, examples: number): E.Either<DatasetError, number> {
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= examples) return E.right(batchSize);
  const text = `a batch size of ${batchSize} does not fit ${examples} examples: use 1 to ${examples}`;
  return E.left(new DatasetError('batch-size', text));
}

function checkOrder(
  order: ArrayLike<number> | undefined,
  examples: number,
): E.Either<DatasetError, ArrayLike<number> | null> {
  if (order === undefined) return E.right(null);
  for (let i = 0; i < order.length; i++) {
    const row = order[i];
    if (row === undefined || !Number.isInteger(row) || row < 0 || row >= examples) {
      const text = `the order names example ${row} at position ${i}, the data set has ${examples}`;
      return E.left(new DatasetError('dataset-mismatch', text));
    }
  }
  return E.right(order);
}

function gatherRows({ data, shape: [, ...rest] }: Column, rows: Uint32Array): Column {
  const width = product(rest);
  const out = emptyLike(data, rows.length * width);
  rows.forEach((row, i) => {
    out.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return { data: out, shape: [rows.length, ...rest] };
}

const emptyLike = (data: DataArray, length: number): DataArray =>
  new (data.constructor as new (length: number) => DataArray)(length);

/** Applies `f`, which keeps the kind of array, to every column. */
const mapColumns = <D extends Dataset>(dataset: D, f: (column: Column) => Column): D =>
  Object.fromEntries(Object.entries(dataset).map(([name, column]) => [name, f(column)])) as D;

function orThrow<A>(result: E.Either<DatasetError, A>): A {
  if (E.isLeft(result)) throw result.left;
  return result.right;
}
