import type { ImageSplits } from '../../src/data/index.ts';
import { fashionMnist, mnist, saveText, take } from '../../src/data/index.ts';
import type { DeviceChoice, ModelEntry, ModelTable } from '../models/model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { UsageError } from './errors.ts';
import { exitCode, orThrow } from './exit.ts';
import type { FlagValues } from './flags.ts';
import type { Interrupt } from './interrupt.ts';
import { exitCodes, withSignals } from './interrupt.ts';
import type { Judge } from './judge.ts';
import { loadJudge } from './judge.ts';
import { train } from './loop.ts';
import type { Options } from './options.ts';
import { parseOptions, usage } from './options.ts';
import type { Plan } from './plan.ts';
import { makePlan } from './plan.ts';
import { createProgress, formatSeconds } from './progress.ts';
import { saveCharts } from './report.ts';
import { RunFolder, checkWritable } from './run-folder.ts';
import { summarize } from './summary.ts';
import type { Trainer } from './trainer.ts';

/** Where the command says what it does. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Runs the training command. Returns the exit code: 0, 1 for an error, 2 for a wrong call, 128 + n for a signal. */
export async function main(args: readonly string[], models: ModelTable, streams: Streams = process): Promise<number> {
  return exitCode(streams.stderr, () => {
    const options = orThrow(parseOptions(args, models));
    if (options === 'help') {
      streams.stdout.write(`${usage(models)}\n`);
      return Promise.resolve(0);
    }
    const entry = models[options.model];
    if (entry === undefined) throw new UsageError(`there is no model ${options.model}`);
    return withSignals((interrupt) => runTraining(options, models, entry, interrupt, streams.stdout));
  });
}

/** What a training needs, once all that can be checked has been. */
interface Prepared {
  readonly data: ImageSplits;
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint | null;
  readonly plan: Plan;
}

/** Checks all that can be checked. Nothing saved earlier is touched, and a wrong call leaves nothing behind. */
async function prepare(options: Options, entry: ModelEntry): Promise<Prepared> {
  const { model, out, json, resume } = options;
  const resumed = resume ? await RunFolder.open(out) : null;
  const checkpoint = (await resumed?.load(model)) ?? null;
  const { train, test } = await loadImages({ ...checkpoint?.settings.flags, ...options.flags }, options.data);
  const plan = orThrow(makePlan(options, entry, train.labels.data.length, checkpoint));
  const folder = resumed ?? (await RunFolder.open(out));
  if (json !== null) await checkWritable(json);
  return { data: { train, test: take(test, options.testSize ?? Infinity) }, folder, checkpoint, plan };
}

/** The data set that the flags name. */
export const loadImages = ({ dataset }: FlagValues, folder: string | null): Promise<ImageSplits> =>
  (dataset === 'fashion-mnist' ? fashionMnist : mnist)({ folder: folder ?? undefined });

/** Trains. Nothing saved earlier is touched before there is something to save. */
async function runTraining(
  options: Options,
  models: ModelTable,
  entry: ModelEntry,
  interrupt: Interrupt,
  stdout: NodeJS.WriteStream,
): Promise<number> {
  const { model, out, json, logEvery } = options;
  const { data, folder, checkpoint, plan } = await prepare(options, entry);
  const imageShape = data.train.images.shape.slice(1);
  const judge = options.judge === null ? null : await findJudge(options.judge, models, options, imageShape);
  const trainer = await entry.start(options, plan.settings, imageShape);
  if (judge !== null && trainer.generate === undefined) {
    throw new UsageError(`--judge is for models that generate images, which ${model} does not`);
  }
  const progress = createProgress(stdout);
  try {
    if (checkpoint !== null) {
      trainer.restore(checkpoint.tensors, folder.checkpoint);
      await folder.resume(checkpoint.step);
    }
    progress.note(announce(entry, trainer, plan, checkpoint));
    if (checkpoint === null && (await folder.hasCheckpoint())) {
      progress.note(`an earlier training in ${out} is kept as previous-*`);
    }
    const startStep = checkpoint?.step ?? 0;
    const outcome = await train({
      ...{ model, trainer, data, plan, folder, progress, interrupt, logEvery, startStep, judge },
    });
    progress.close();
    if (outcome.stoppedBy !== null) {
      progress.note(
        outcome.step === startStep
          ? `stopped before step ${startStep + 1}`
          : `stopped after step ${outcome.step}; saved ${folder.checkpoint}: continue with --resume`,
      );
      return exitCodes[outcome.stoppedBy];
    }
    progress.note(`done in ${formatSeconds(outcome.seconds)}; saved ${folder.checkpoint}`);
    if (json !== null) await saveText(json, `${JSON.stringify(summarize(model, trainer, plan, outcome), null, 2)}\n`);
    await saveCharts(trainer, data.test, folder);
    return 0;
  } finally {
    progress.close();
  }
}

/** The trained convolutional network in a folder, as a judge of images. */
function findJudge(
  folder: string,
  { cnn }: ModelTable,
  device: DeviceChoice,
  shape: readonly number[],
): Promise<Judge> {
  if (cnn === undefined) throw new UsageError('--judge needs the model cnn, which is not there');
  return loadJudge(folder, ['cnn', cnn], device, shape);
}

/** What is about to happen, in a line. */
function announce(entry: ModelEntry, trainer: Trainer, plan: Plan, checkpoint: Checkpoint | null): string {
  const { trainSize, batchSize } = plan.settings;
  const done = checkpoint?.step ?? 0;
  const todo = done < plan.totalSteps ? `steps ${done + 1} to ${plan.totalSteps}` : `all ${done} steps are done`;
  return `${entry.title} on ${trainer.device}: ${trainSize} images in batches of ${batchSize}, ${todo}`;
}
