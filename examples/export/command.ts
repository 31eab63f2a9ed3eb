import { data, jit, saveBundle } from '../../src/index.ts';
import type { ImageBatch, ModelEntry, ModelTable } from '../models/model.ts';
import { encodeCheckpoint } from '../training/checkpoint.ts';
import type { Streams } from '../training/command.ts';
import { loadImages } from '../training/command.ts';
import { UsageError } from '../training/errors.ts';
import { exitCode, orThrow } from '../training/exit.ts';
import { makePlan } from '../training/plan.ts';
import { brightest } from '../training/start.ts';
import type { ExportOptions } from './options.ts';
import { parseExport, usage } from './options.ts';
import { batchSharding, spreadState } from './shardings.ts';

/** Runs the export command. Returns the exit code: 0, 1 for an error, 2 for a wrong call. */
export async function main(args: readonly string[], models: ModelTable, streams: Streams = process): Promise<number> {
  return exitCode(streams.stderr, async () => {
    const options = orThrow(parseExport(args, models));
    if (options === 'help') {
      streams.stdout.write(`${usage(models)}\n`);
      return 0;
    }
    const entry = models[options.training.model];
    if (entry === undefined) throw new UsageError(`there is no model ${options.training.model}`);
    streams.stdout.write(`${await exportTraining(options, entry)}\n`);
    return 0;
  });
}

/** Writes the bundle of a training that `npm run train` would run with the same flags; says what it wrote. */
async function exportTraining({ training, mesh, out, shards }: ExportOptions, entry: ModelEntry): Promise<string> {
  const { train } = await loadImages(training.flags, training.data);
  const plan = orThrow(makePlan(training, entry, train.labels.data.length, null));
  const { settings, totalSteps } = plan;
  requireDivided(settings.batchSize, mesh.shape.data ?? 1);
  const { functions, initKey, orderKey } = entry.beginning(settings, train.images.shape.slice(1));
  const state = jit(functions.init)(initKey);
  const { shardings, spread } = spreadState(state, mesh);
  // What a checkpoint of the training command says of itself, but for the steps.
  const checkpoint = encodeCheckpoint({ model: training.model, settings, step: 0, totalSteps, tensors: {} });
  const { step: _, totalSteps: __, ...metadata } = checkpoint.metadata;
  const manifest = await saveBundle(out, (before: unknown, batch) => functions.step(before, batch as ImageBatch), {
    ...{ mesh, state, orderKey, totalSteps, metadata },
    title: entry.title,
    stateShardings: shardings,
    batchShardings: batchSharding(mesh),
    data: data.take(train, settings.trainSize),
    columns: { images: { dtype: 'f32', divideBy: brightest }, labels: { dtype: 'i32' } },
    batchSize: settings.batchSize,
    ...(shards === null ? {} : { shards }),
  });
  const arrays = manifest.steps[0]?.inputs.filter(({ role }) => role === 'state').length ?? 0;
  return (
    `${entry.title} for ${String(mesh)} in ${out}: ${settings.trainSize} images in batches of ${settings.batchSize}, ` +
    `${totalSteps} steps, a state of ${arrays} arrays` +
    (spread === 0 ? '' : `, ${spread} of them spread over model=${mesh.shape.model ?? 1}`)
  );
}

/** Says it in terms of the flags. */
function requireDivided(batchSize: number, parts: number): void {
  if (batchSize % parts === 0) return;
  throw new UsageError(
    `batches of ${batchSize} images can't be spread over data=${parts}: give a --batch-size that is a multiple of ${parts}`,
  );
}
