import * as E from 'fp-ts/lib/Either.js';
import { CheckpointError } from './errors.ts';
import type { FlagValues } from './flags.ts';
import type { Options } from './options.ts';

/** What decides the parameters that a training ends with. A checkpoint remembers it. */
export interface Settings {
  readonly seed: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Training images used. */
  readonly trainSize: number;
  /** The data set, and the model's own flags. */
  readonly flags: FlagValues;
}

/** Settings where null leaves one to the model. */
export type WantedSettings = { readonly [K in keyof Omit<Settings, 'flags'>]: number | null } & {
  readonly flags: FlagValues;
};

/** The settings asked for, which a resumed training has to share with its beginning. */
export function reconcile(
  { seed, batchSize, learningRate, trainSize, flags }: Options,
  resumed: Settings | null,
): E.Either<CheckpointError, WantedSettings> {
  if (resumed === null) return E.right({ seed, batchSize, learningRate, trainSize, flags });
  const asked = { seed, 'batch-size': batchSize, 'learning-rate': learningRate, 'train-size': trainSize, ...flags };
  const before: FlagValues = {
    ...resumed.flags,
    seed: resumed.seed,
    'batch-size': resumed.batchSize,
    'learning-rate': resumed.learningRate,
    'train-size': resumed.trainSize,
  };
  for (const [flag, value] of Object.entries(asked)) {
    if (value === null || value === before[flag]) continue;
    const made = typeof value === 'boolean' ? `without --${flag}` : `with --${flag} ${before[flag]}, not ${value}`;
    const text = `the checkpoint was made ${made}: leave --${flag} out, or name another --out`;
    return E.left(new CheckpointError('checkpoint-mismatch', text));
  }
  return E.right(resumed);
}
