import { DatasetError } from './errors.ts';

/** The parts that pipelines of batches are made of. */

/** Where a pipeline is: the batch that it gives next, both counted from 0. A plain value, to be kept in checkpoints. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
}

/** A batch with its place. */
export interface Item<T> extends Position {
  readonly value: T;
  /** How many rows are examples; the rest, at the end, pads. */
  readonly size: number;
  /** How many batches the pass has. */
  readonly of: number;
  /** What to continue with after this one. */
  readonly next: Position;
}

/** Which batches of which passes to give. */
export interface Stretch {
  /** Batches in a pass. */
  readonly of: number;
  /** The pass before which to end. */
  readonly epochs: number;
  readonly start: Position;
}

/** What gives batches, waiting or not. */
export interface Source<T> {
  readonly loop: (stretch: Stretch) => Generator<Item<T>, void, void>;
  readonly loopAsync: (stretch: Stretch) => AsyncGenerator<Item<T>, void, void>;
}

/** Each batch changed by a function. */
export const mapped = <T, U>(source: Source<T>, f: (value: T, item: Item<T>) => U | PromiseLike<U>): Source<U> => ({
  *loop(stretch) {
    for (const item of source.loop(stretch)) {
      const value = f(item.value, item);
      if (isPromise(value)) throw new DatasetError('pipeline-async', asyncText);
      yield { ...item, value };
    }
  },
  async *loopAsync(stretch) {
    for await (const item of source.loopAsync(stretch)) yield { ...item, value: await f(item.value, item) };
  },
});

const asyncText = 'the pipeline maps by a function that returns promises: loop over it with `for await`';

const isPromise = <U>(value: U | PromiseLike<U>): value is PromiseLike<U> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Batches asked for before they are needed, at most `count` at a time. An error comes in the place of its batch. */
export const ahead = <T>(source: Source<T>, count: number): Source<T> => ({
  loop: source.loop,
  async *loopAsync(stretch) {
    const batches = source.loopAsync(stretch);
    // A generator answers one question after another, in order, however many are asked at once.
    const asked: Promise<IteratorResult<Item<T>, void>>[] = [];
    try {
      for (;;) {
        while (asked.length <= count) asked.push(quiet(batches.next()));
        const { done, value } = (await asked.shift()) as IteratorResult<Item<T>, void>;
        if (done === true) return;
        yield value;
      }
    } finally {
      await batches.return();
    }
  },
});

/** A promise whose rejection is seen when it is awaited, and is no fault before. */
function quiet<A>(promise: Promise<A>): Promise<A> {
  promise.catch(() => undefined);
  return promise;
}
