import * as E from 'fp-ts/lib/Either.js';
import { clone, foldIn } from '../random/index.ts';
import type { NDArray } from '../trace/value.ts';
import type { Dataset } from './columns.ts';
import { exampleCount } from './columns.ts';
import type { Batching } from './dataset.ts';
import { batchCount, batches, checkBatchSize } from './dataset.ts';
import { DatasetError } from './errors.ts';
import type { Reading } from './shuffle.ts';
import { read, readSync, shuffling } from './shuffle.ts';
import type { Item, Position, Source, Stretch } from './stages.ts';
import { ahead, mapped } from './stages.ts';
import { orThrow } from './throwing.ts';

/**
 * Pipelines: values that say which examples to visit, in which order, cut and changed how. Nothing happens before one is
 * iterated over, and then only what the next batch needs.
 */

/** Examples in the order of their visits. */
export interface Examples<D extends Dataset> {
  /** How many examples a pass visits. */
  readonly count: number;
  /**
   * A new random order for every pass, the numbers of `jax.random.permutation(jax.random.fold_in(key, epoch), count)`: it
   * follows from the key and the pass alone. Works on the whole data set, whatever its size: only numbers are moved.
   */
  readonly shuffle: (key: NDArray) => Examples<D>;
  /** The first `count` examples of every pass; all if there are fewer. */
  readonly take: (count: number) => Examples<D>;
  /** All but the first `count` examples of every pass. */
  readonly skip: (count: number) => Examples<D>;
  /**
   * Batches of `batchSize` examples.
   *
   * @throws DatasetError for a size below 1 or above the number of examples.
   */
  readonly batch: (batchSize: number, options?: Pick<Batching, 'last'>) => Batches<{ readonly [K in keyof D]: D[K] }>;
}

/**
 * Batches, pass after pass. `for (const item of batches)` where the device can be read at once (wasm, reference),
 * `for await (const item of batches)` on every device. Each loop begins anew.
 */
export interface Batches<T> extends Iterable<Item<T>>, AsyncIterable<Item<T>> {
  /** Batches in a pass. */
  readonly of: number;
  /** Passes; may be infinite. */
  readonly epochs: number;
  /** Each batch changed by `f`, which may be asynchronous (then only `for await` can be used). */
  readonly map: <U>(f: (value: T, item: Item<T>) => U | PromiseLike<U>) => Batches<U>;
  /** The first `count` batches of every pass; all if there are fewer. */
  readonly take: (count: number) => Batches<T>;
  /** All passes `times` times over; without a number, without end. */
  readonly repeat: (times?: number) => Batches<T>;
  /**
   * Makes batches before they are asked for, at most `count` of them at a time: while a device computes with one, the next
   * are gathered and mapped. Without effect on `for` loops without `await`, which leave no time in between.
   */
  readonly prefetch: (count: number) => Batches<T>;
  /**
   * The same batches from a position on: exactly those that a loop to there would have been followed by.
   *
   * @throws DatasetError for a position that is none.
   */
  readonly from: (position: Position) => Batches<T>;
}

/**
 * A pipeline over arrays in memory, which it shares: every batch has arrays of its own, gathered when it is asked for.
 *
 * @throws DatasetError for columns with different numbers of examples.
 * @example
 * const batches = data.fromArrays(train).shuffle(key).batch(64).repeat(5).map(data.toArrays).prefetch(2);
 * for await (const { value: { images, labels }, epoch, batch, of, next } of batches.from(position)) {
 *   state = step(state, images, labels);
 *   console.log(`epoch ${epoch}: ${batch + 1} of ${of}`);
 *   position = next; // for the checkpoint: what to continue with
 * }
 */
export function fromArrays<D extends Dataset>(dataset: D): Examples<D> {
  const count = orThrow(exampleCount(dataset));
  return examples(dataset, count, function* () {
    yield* [];
    return Uint32Array.from({ length: count }, (_, i) => i);
  });
}

/** The numbers of the examples that a pass visits. */
type Order = (epoch: number) => Reading<Uint32Array<ArrayBuffer>>;

const examples = <D extends Dataset>(dataset: D, count: number, order: Order): Examples<D> => ({
  count,
  shuffle: (key) =>
    examples(dataset, count, function* (epoch) {
      const before = yield* order(epoch);
      // A key may be used again here: every loop over the pipeline is to see the same order.
      const places = yield* shuffling(foldIn(clone(key), epoch), count);
      return places.map((place) => before[place] ?? 0);
    }),
  take: (wanted) => {
    const kept = Math.min(count, orThrow(counting('take', wanted, 0)));
    return examples(dataset, kept, function* (epoch) {
      return (yield* order(epoch)).subarray(0, kept);
    });
  },
  skip: (unwanted) => {
    const left = Math.max(0, count - orThrow(counting('skip', unwanted, 0)));
    return examples(dataset, left, function* (epoch) {
      return (yield* order(epoch)).subarray(count - left);
    });
  },
  batch: (batchSize, options = {}) => {
    orThrow(checkBatchSize(batchSize, count));
    const batching = { ...options, batchSize };
    const of = batchCount(count, batching);
    return batchesOf(passes(dataset, order, batching), { of, epochs: 1, start: { epoch: 0, batch: 0 } });
  },
});

const batchesOf = <T>(source: Source<T>, stretch: Stretch): Batches<T> => ({
  of: stretch.of,
  epochs: stretch.epochs,
  map: (f) => batchesOf(mapped(source, f), stretch),
  take: (count) => batchesOf(source, { ...stretch, of: Math.min(stretch.of, orThrow(counting('take', count, 0))) }),
  repeat: (times = Infinity) =>
    batchesOf(source, { ...stretch, epochs: stretch.epochs * orThrow(counting('repeat', times, 1)) }),
  prefetch: (count) => batchesOf(ahead(source, orThrow(counting('prefetch', count, 0))), stretch),
  from: (position) => batchesOf(source, { ...stretch, start: orThrow(checkPosition(position, stretch)) }),
  [Symbol.iterator]: () => source.loop(stretch),
  [Symbol.asyncIterator]: () => source.loopAsync(stretch),
});

/** The batches of every pass, each gathered when it is asked for. */
function passes<D extends Dataset>(dataset: D, order: Order, batching: Batching): Source<D> {
  function* pass(epoch: number, rows: Uint32Array, { of, start }: Stretch): Generator<Item<D>, void, void> {
    const first = epoch === start.epoch ? start.batch : 0;
    for (const { index: batch, size, columns } of batches(dataset, { ...batching, order: rows, start: first })) {
      if (batch >= of) return;
      const next = batch + 1 < of ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
      yield { value: columns, size, epoch, batch, of, next };
    }
  }
  return {
    *loop(stretch) {
      for (const epoch of epochsOf(stretch)) yield* pass(epoch, readSync(order(epoch)), stretch);
    },
    async *loopAsync(stretch) {
      for (const epoch of epochsOf(stretch)) yield* pass(epoch, await read(order(epoch)), stretch);
    },
  };
}

/** The passes that a stretch is made of; none if they would be empty. */
function* epochsOf({ of, epochs, start }: Stretch): Generator<number, void, void> {
  if (of === 0) return;
  for (let epoch = start.epoch; epoch < epochs; epoch++) yield epoch;
}

function checkPosition({ epoch, batch }: Position, { of }: Stretch): E.Either<DatasetError, Position> {
  const whole = [epoch, batch].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (whole && (batch < of || (batch === 0 && of === 0))) return E.right({ epoch, batch });
  const text = `there is no batch ${batch} of epoch ${epoch}: a pass has ${of} batches, both are counted from 0`;
  return E.left(new DatasetError('pipeline-position', text));
}

function counting(what: string, count: number, least: number): E.Either<DatasetError, number> {
  if ((Number.isSafeInteger(count) && count >= least) || (what === 'repeat' && count === Infinity))
    return E.right(count);
  return E.left(new DatasetError('pipeline-count', `${what} needs a whole number of ${least} or more, got ${count}`));
}
