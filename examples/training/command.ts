import * as E from 'fp-ts/lib/Either.js';
import { mnist, saveText, take } from '../../src/data/index.ts';
import { PullbackError } from '../../src/index.ts';
import type { ModelEntry, ModelTable } from '../models/model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { UsageError } from './errors.ts';
import type { Interrupt } from './interrupt.ts';
import { exitCodes, withSignals } from './interrupt.ts';
import { train } from './loop.ts';
import type { Options } from './options.ts';
import { parseOptions, usage } from './options.ts';
import type { Plan } from './plan.ts';
import { makePlan } from './plan.ts';
import { createProgress, formatSeconds } from './progress.ts';
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
  try {
    const options = orThrow(parseOptions(args, models));
    if (options === 'help') {
      streams.stdout.write(`${usage(models)}\n`);
      return 0;
    }
    const entry = models[options.model];
    if (entry === undefined) throw new UsageError(`there is no model ${options.model}`);
    return await withSignals((interrupt) => runTraining(options, entry, interrupt, streams.stdout));
  } catch (error) {
    streams.stderr.write(`${oneLine(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** An error as one line: its code and text. Never a stack trace. */
function oneLine(error: unknown): string {
  const code = error instanceof PullbackError ? ` (${error.code})` : '';
  const text = error instanceof Error ? error.message || error.name : String(error);
  return `error${code}: ${text.replace(/\s*\n\s*/g, ' ')}`;
}

/** Checks all that can be checked, then trains. Nothing saved earlier is touched before there is something to save. */
async function runTraining(
  options: Options,
  entry: ModelEntry,
  interrupt: Interrupt,
  stdout: NodeJS.WriteStream,
): Promise<number> {
  const { model, out, json, resume, logEvery } = options;
  const { train: trainImages, test } = await mnist({ folder: options.data ?? undefined });
  const data = { train: trainImages, test: take(test, options.testSize ?? Infinity) };
  const available = data.train.labels.data.length;
  if (!resume) orThrow(makePlan(options, entry, available, null));
  const folder = await RunFolder.open(out);
  if (json !== null) await checkWritable(json);
  const checkpoint = resume ? await folder.load(model) : null;
  const plan = orThrow(makePlan(options, entry, available, checkpoint));
  const trainer = await entry.start(options, plan.settings, data.train.images.shape.slice(1));
  const progress = createProgress(stdout);
  try {
    if (checkpoint !== null) {
      trainer.restore(checkpoint.tensors, folder.checkpoint);
      await folder.resume(checkpoint.step);
    }
    progress.note(announce(entry, trainer, plan, checkpoint));
    if (!resume && (await folder.hasCheckpoint())) progress.note(`an earlier training in ${out} is kept as previous-*`);
    const startStep = checkpoint?.step ?? 0;
    const outcome = await train({
      ...{ model, trainer, data, plan, folder, progress, interrupt, logEvery, startStep },
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
    return 0;
  } finally {
    progress.close();
  }
}

/** What is about to happen, in a line. */
function announce(entry: ModelEntry, trainer: Trainer, plan: Plan, checkpoint: Checkpoint | null): string {
  const { trainSize, batchSize } = plan.settings;
  const done = checkpoint?.step ?? 0;
  const todo = done < plan.totalSteps ? `steps ${done + 1} to ${plan.totalSteps}` : `all ${done} steps are done`;
  return `${entry.title} on ${trainer.device}: ${trainSize} images in batches of ${batchSize}, ${todo}`;
}

function orThrow<Err extends Error, A>(result: E.Either<Err, A>): A {
  if (E.isLeft(result)) throw result.left;
  return result.right;
}
