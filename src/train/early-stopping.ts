import { ArgumentError } from '../trace/errors.ts';

/** When to stop a training that gets no better. */
export interface EarlyStoppingOptions {
  /** How many values without improvement to put up with. */
  readonly patience: number;
  /** An improvement must be larger than this. Default 0. */
  readonly minDelta?: number;
  /** Is a smaller value better (`min`, the default), as for losses, or a larger one? */
  readonly mode?: 'min' | 'max';
}

/** What {@link earlyStopping} remembers: plain numbers. */
export interface EarlyStoppingState {
  /** The best value so far; null before the first. */
  readonly best: number | null;
  /** How many values have come since the best. */
  readonly waited: number;
  /** Was the latest value an improvement? That is the time to keep the parameters. */
  readonly improved: boolean;
  /** Has it waited long enough? */
  readonly stop: boolean;
}

/** A value, and the pure function that takes it along: what a loop folds over the values of its evaluations. */
export interface EarlyStopping {
  readonly init: EarlyStoppingState;
  update(state: EarlyStoppingState, value: number): EarlyStoppingState;
}

/**
 * Says when `patience` values in a row have not been better than the best one before them. A value that is no number is
 * no improvement.
 *
 * @throws ArgumentError for a patience that is no whole number from 1, or a `minDelta` below 0.
 * @example
 * const stopping = train.earlyStopping({ patience: 3 });
 * let waiting = stopping.init;
 * while (!waiting.stop) waiting = stopping.update(waiting, await trainEpoch());
 */
export function earlyStopping({ patience, minDelta = 0, mode = 'min' }: EarlyStoppingOptions): EarlyStopping {
  if (!(Number.isInteger(patience) && patience >= 1)) {
    throw new ArgumentError(`[train.earlyStopping] patience must be a whole number from 1, got ${patience}`);
  }
  if (!(minDelta >= 0)) throw new ArgumentError(`[train.earlyStopping] minDelta must be 0 or more, got ${minDelta}`);
  const gain = (best: number, value: number): number => (mode === 'min' ? best - value : value - best);
  return {
    init: { best: null, waited: 0, improved: false, stop: false },
    update({ best, waited }, value) {
      const improved = !Number.isNaN(value) && (best === null || gain(best, value) > minDelta);
      if (improved) return { best: value, waited: 0, improved, stop: false };
      return { best, waited: waited + 1, improved, stop: waited + 1 >= patience };
    },
  };
}
