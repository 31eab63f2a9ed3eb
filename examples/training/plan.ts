import { batchCount, checkBatchSize } from '../../src/data/index.ts';
import * as E from 'fp-ts/lib/Either.js';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointError } from './errors.ts';
import { UsageError } from './errors.ts';
import type { Flags } from './flags.ts';
import { dataFlags } from './flags.ts';
import type { Options } from './options.ts';
import type { Settings } from './settings.ts';
import { reconcile } from './settings.ts';

/** What a model trains with unless told otherwise. */
export interface Defaults {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** How far a training goes. */
export interface Plan {
  readonly settings: Settings;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** Steps in all, counted from the beginning of the training, not of a resumed run. */
  readonly totalSteps: number;
}

/**
 * The plan that follows from the flags, the model's defaults, the number of training images there are, and the checkpoint
 * that is resumed, if any. `--steps` without `--epochs` takes as many epochs as it needs.
 */
export function makePlan(
  options: Options,
  { defaults, flags: ownFlags = {} }: { readonly defaults: Defaults; readonly flags?: Flags },
  available: number,
  resumed: Pick<Checkpoint, 'settings' | 'totalSteps'> | null,
): E.Either<UsageError | CheckpointError, Plan> {
  const wanted = reconcile(options, resumed?.settings ?? null);
  if (E.isLeft(wanted)) return wanted;
  const { seed, batchSize, learningRate, trainSize, flags } = wanted.right;
  const usual = Object.entries({ ...dataFlags, ...ownFlags }).map(([name, flag]) => [name, flag.default] as const);
  const settings: Settings = {
    seed: seed ?? 0,
    batchSize: batchSize ?? defaults.batchSize,
    learningRate: learningRate ?? defaults.learningRate,
    trainSize: trainSize ?? available,
    flags: { ...Object.fromEntries(usual), ...flags },
  };
  if (settings.trainSize > available) {
    return E.left(
      new UsageError(`--train-size ${settings.trainSize} is above the ${available} training images there are`),
    );
  }
  const fits = checkBatchSize(settings.batchSize, settings.trainSize);
  if (E.isLeft(fits)) return E.left(new UsageError(`--batch-size: ${fits.left.message}`));
  const stepsPerEpoch = batchCount(settings.trainSize, settings);
  const totalSteps = goal(options, defaults, stepsPerEpoch, resumed?.totalSteps ?? null);
  return E.right({ settings, stepsPerEpoch, totalSteps, epochs: Math.ceil(totalSteps / stepsPerEpoch) });
}

/** The steps to take in all: what the flags say, else what the resumed training was to take, else the model's epochs. */
function goal({ epochs, steps }: Options, defaults: Defaults, stepsPerEpoch: number, resumed: number | null): number {
  if (epochs !== null) return Math.min(epochs * stepsPerEpoch, steps ?? Infinity);
  return steps ?? resumed ?? defaults.epochs * stepsPerEpoch;
}
