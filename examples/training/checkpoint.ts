import * as E from 'fp-ts/lib/Either.js';
import type { HostTensor, TensorFile } from '../../src/data/index.ts';
import { CheckpointError } from './errors.ts';
import type { FlagValues } from './flags.ts';
import type { Settings } from './settings.ts';

/** Everything that a training needs to go on as if it had never stopped. */
export interface Checkpoint {
  readonly model: string;
  readonly settings: Settings;
  /** Steps done. The order of batches follows from the seed, so this is the position in the data, too. */
  readonly step: number;
  /** Steps that the training was to take in all. */
  readonly totalSteps: number;
  /** Parameters, optimizer state, key: the leaves of the training state by their paths. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

const format = 'pullback-training';
const version = '2';

/** The safetensors file of a checkpoint. */
export const encodeCheckpoint = ({ model, settings, step, totalSteps, tensors }: Checkpoint): TensorFile => ({
  tensors,
  metadata: {
    ...{ format, version, model },
    step: String(step),
    totalSteps: String(totalSteps),
    settings: JSON.stringify(settings),
  },
});

/** Reads a checkpoint of `model`. `source` names the file in errors. */
export function decodeCheckpoint(
  { tensors, metadata }: TensorFile,
  source: string,
  model: string,
): E.Either<CheckpointError, Checkpoint> {
  if (metadata.format !== format || metadata.version !== version) {
    const found = metadata.format === format ? `version ${metadata.version ?? '?'}` : 'something else';
    const text = `${source}: needs a training checkpoint of version ${version}, this file holds ${found}`;
    return E.left(new CheckpointError('checkpoint-format', text));
  }
  if (metadata.model !== model) {
    const text = `${source}: a checkpoint of model ${metadata.model ?? '?'}, not of ${model}; name another --out`;
    return E.left(new CheckpointError('checkpoint-mismatch', text));
  }
  const step = parseSteps(metadata.step);
  const totalSteps = parseSteps(metadata.totalSteps);
  const settings = parseSettings(metadata.settings);
  if (settings === null || step === null || totalSteps === null) {
    return E.left(new CheckpointError('checkpoint-format', `${source}: its metadata lack the steps or the settings`));
  }
  return E.right({ model, settings, step, totalSteps, tensors });
}

const parseSteps = (text = ''): number | null => (/^\d{1,15}$/.test(text) ? Number(text) : null);

function parseSettings(text: string | undefined): Settings | null {
  try {
    const parsed = JSON.parse(text ?? '') as Record<string, unknown>;
    const { seed, batchSize, learningRate, trainSize, flags } = parsed;
    const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);
    if (!isNumber(seed) || !isNumber(batchSize) || !isNumber(learningRate) || !isNumber(trainSize)) return null;
    if (typeof flags !== 'object' || flags === null) return null;
    return { seed, batchSize, learningRate, trainSize, flags: flags as FlagValues };
  } catch {
    return null;
  }
}
