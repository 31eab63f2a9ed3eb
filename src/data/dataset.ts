import * as E from 'fp-ts/lib/Either.js';
import type { Dataset } from './columns.ts';
import { exampleCount, gather } from './columns.ts';
import { DatasetError } from './errors.ts';
import { orThrow } from './throwing.ts';

/** Some rows of a data set. */
export interface Batch<D extends Dataset> {
  /** Which batch of its pass this is, from 0. */
  readonly index: number;
  /** How many rows are examples; the rest, at the end, pads. */
  readonly size: number;
  /** The rows of every column. */
  readonly columns: { readonly [K in keyof D]: D[K] };
}

/** How to cut examples into batches. */
export interface Batching {
  /** Examples in a batch, at least 1 and at most all. */
  readonly batchSize: number;
  /**
   * What becomes of the examples after the last full batch: `keep` (the default) gives a smaller batch, `drop` leaves
   * them out, `pad` fills the batch up with repetitions, which `size` tells apart.
   */
  readonly last?: 'keep' | 'drop' | 'pad';
}

/** One pass over a data set. */
export interface BatchOptions extends Batching {
  /** The examples' indices in the order to visit them; by default as they stand. */
  readonly order?: ArrayLike<number>;
  /** The batch to begin with, counted from 0: what an interrupted pass continues with. */
  readonly start?: number;
}

/**
 * How many batches one pass has.
 *
 * @example
 * data.batchCount(100, { batchSize: 32 }); // 4
 * data.batchCount(100, { batchSize: 32, last: 'drop' }); // 3
 */
export function batchCount(examples: number, { batchSize, last = 'keep' }: Batching): number {
  return last === 'drop' ? Math.floor(examples / batchSize) : Math.ceil(examples / batchSize);
}

/**
 * One pass over a data set, batch by batch. Every batch has arrays of its own. `fromArrays` makes many passes.
 *
 * Throws a {@link DatasetError} for columns of unequal length, for a batch size below 1 or above the number of examples,
 * and for an order that names an example that does not exist.
 *
 * @example
 * const numbers = { x: { shape: [5], data: Float32Array.of(0, 1, 2, 3, 4) } };
 * const order = [4, 3, 2, 1, 0];
 * for (const { size, columns } of data.batches(numbers, { batchSize: 2, order })) console.log(size, columns.x.data);
 * [...data.batches(numbers, { batchSize: 2, order })].map(({ columns }) => [...columns.x.data]); // [[4, 3], [2, 1], [0]]
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
    yield { index, size, columns: gather(dataset, rows) };
  }
}

/**
 * A {@link DatasetError} unless batches of `batchSize` can be made of `examples`.
 *
 * @example
 * data.checkBatchSize(32, 100)._tag; // 'Right'
 * data.checkBatchSize(128, 100)._tag; // 'Left'
 */
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
