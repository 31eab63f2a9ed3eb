import * as tree from '../tree/tree.ts';
import { sliceInDim } from '../lax/index.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import { scan } from '../transforms/control/index.ts';

/** Scores of each example of a batch: a tree of arrays `f[n]`. */
export type Score<T, B, R> = (state: T, batch: B) => R;

/** How {@link evaluation} goes through the data. */
export interface EvaluationOptions {
  /** Examples at a time, which bounds the memory that it takes. Default 500. */
  readonly batchSize?: number;
}

/**
 * The means of scores over a data set that is on the device, batch by batch as one loop, with every example counted once:
 * what is left after the last full batch is a smaller one.
 *
 * data: a tree of arrays `[n, …]` · what `score` gives: a tree of `f[batch]` · result: the same tree of `f[]`.
 *
 * @throws ArgumentError for data without examples, or a batch size below 1.
 * @example
 * const evaluate = jit(train.evaluation(score, { batchSize: 500 }));
 * await evaluate(state, test).accuracy.item();
 */
export const evaluation =
  <T, B, R>(score: Score<T, B, R>, { batchSize = 500 }: EvaluationOptions = {}) =>
  (state: T, data: B): R => {
    const examples = countOf(data);
    if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
      throw new ArgumentError(`[train.evaluation] the batch size must be a whole number from 1, got ${batchSize}`);
    }
    const size = Math.min(batchSize, examples);
    const full = Math.floor(examples / size);
    const batches = tree.map(
      (x: NDArray) => sliceInDim(x, 0, full * size).reshape([full, size, ...x.shape.slice(1)]),
      data,
    );
    const sumsOf = (batch: B): R => tree.map((x: NDArray) => x.sum(), score(state, batch));
    const [, sums] = scan((_: null, batch: B): readonly [null, R] => [null, sumsOf(batch)], null, batches);
    const total = tree.map((x: NDArray) => x.sum(), sums);
    if (full * size === examples) return tree.map((x: NDArray) => x.div(examples), total);
    const rest = sumsOf(tree.map((x: NDArray) => sliceInDim(x, full * size, examples), data));
    return tree.map((a: NDArray, b: NDArray) => a.add(b).div(examples), total, rest);
  };

/** How many examples a tree of arrays has. */
function countOf(data: unknown): number {
  const columns = tree.leavesWithPath(data) as readonly (readonly [path: readonly tree.PathStep[], column: NDArray])[];
  const counts = columns.map(([, { shape }]) => shape[0] ?? 0);
  const odd = columns.find((_, i) => counts[i] !== counts[0]);
  if (odd !== undefined) {
    throw new ArgumentError(
      `[train.evaluation] data${tree.keystr(odd[0])} has ${odd[1].shape[0] ?? 0} examples, another array ${at(counts, 0)}`,
    );
  }
  if (columns.length === 0 || at(counts, 0) === 0) throw new ArgumentError('[train.evaluation] data has no examples');
  return at(counts, 0);
}
