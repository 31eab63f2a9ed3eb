import * as E from 'fp-ts/lib/Either.js';
import { CheckpointError } from './errors.ts';
import type { Options } from './options.ts';

/** What decides the parameters that a training ends with. A checkpoint remembers it. */
export interface Settings {
  readonly seed: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Training images used. */
  readonly trainSize: number;
}

/** The settings asked for, which a resumed training has to share with its beginning. */
export function reconcile(
  { seed, batchSize, learningRate, trainSize }: Options,
  resumed: Settings | null,
): E.Either<CheckpointError, { readonly [K in keyof Settings]: number | null }> {
  const wanted = { seed, batchSize, learningRate, trainSize };
  if (resumed === null) return E.right(wanted);
  const flags = {
    seed: 'seed',
    batchSize: 'batch-size',
    learningRate: 'learning-rate',
    trainSize: 'train-size',
  } as const;
  for (const key of Object.keys(flags) as (keyof Settings)[]) {
    if (wanted[key] === null || wanted[key] === resumed[key]) continue;
    const flag = `--${flags[key]}`;
    const text = `the checkpoint was made with ${flag} ${resumed[key]}, not ${wanted[key]}: leave ${flag} out, or name another --out`;
    return E.left(new CheckpointError('checkpoint-mismatch', text));
  }
  return E.right(resumed);
}
