import type { ImageSplits, LabelledImages } from '../../src/data/index.ts';
import { batches, take } from '../../src/data/index.ts';
import { DivergedError } from './errors.ts';
import { savePictures } from './report.ts';
import type { Judge } from './judge.ts';
import type { Interrupt, StopSignal } from './interrupt.ts';
import type { Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { RunFolder } from './run-folder.ts';
import type { HostBatch, Scores, Trainer } from './trainer.ts';

/** What a training works with. */
export interface Training {
  readonly model: string;
  readonly trainer: Trainer;
  readonly data: ImageSplits;
  readonly plan: Plan;
  readonly folder: RunFolder;
  readonly progress: Progress;
  readonly interrupt: Interrupt;
  readonly logEvery: number;
  /** Steps that the checkpoint has behind it; 0 for a training from the beginning. */
  readonly startStep: number;
  /** Of generated images. */
  readonly judge: Judge | null;
}

/** How a run went. */
export interface Outcome {
  /** Steps done since the beginning of the training. */
  readonly step: number;
  readonly stoppedBy: StopSignal | null;
  /** From the first step to the last evaluation. */
  readonly seconds: number;
  /** How long each step of this run took, the first with compilation. */
  readonly stepMs: readonly number[];
  /** The means over the steps of the last epoch that this run took; empty if it took none. */
  readonly trainLosses: Scores;
  /** Of the last evaluation; null if there was none. */
  readonly scores: Scores | null;
}

/** Steps that may be under way on the device while the host prepares the next. */
const inFlight = 2;
const testBatchSize = 500;

/** Lets signals, timers and finalizers run, which a loop of settled promises would starve. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/**
 * Trains as planned: steps with their losses read behind the device's back, a line of metrics per interval, a checkpoint
 * and an evaluation per epoch, and a checkpoint when it is asked to stop.
 */
export async function train(training: Training): Promise<Outcome> {
  const { trainer, plan, interrupt, startStep } = training;
  const run = new Run(training);
  const started = performance.now();
  let scores: Scores | null = null;
  let step = startStep;
  while (step < plan.totalSteps && interrupt.signal === null) {
    const epoch = Math.floor(step / plan.stepsPerEpoch);
    const end = Math.min((epoch + 1) * plan.stepsPerEpoch, plan.totalSteps);
    const before = step;
    step = await trainEpoch(training, run, epoch, step, end);
    if (step === before) break;
    const { settings, totalSteps } = plan;
    await training.folder.save({ model: training.model, settings, step, totalSteps, tensors: await trainer.save() });
    if (interrupt.signal === null) scores = await evaluateAndLog(training, step);
  }
  // A training that was already complete is still worth its evaluation.
  if (interrupt.signal === null) scores ??= await evaluateAndLog(training, step);
  return {
    step,
    stoppedBy: interrupt.signal,
    seconds: (performance.now() - started) / 1000,
    stepMs: run.stepMs,
    trainLosses: run.epochLosses(),
    scores,
  };
}

/** Steps from `from` to `end`, or until it is asked to stop. Returns the steps done. */
async function trainEpoch(training: Training, run: Run, epoch: number, from: number, end: number): Promise<number> {
  const { trainer, plan, data, interrupt } = training;
  const { batchSize, trainSize } = plan.settings;
  const images = take(data.train, trainSize);
  const order = await trainer.order(epoch, trainSize);
  const pending: { readonly step: number; readonly losses: Promise<Arrived> }[] = [];
  const settle = async (keep: number): Promise<void> => {
    for (let next = pending[0]; next !== undefined && pending.length > keep; next = pending[0]) {
      await run.record(next.step, await next.losses);
      pending.shift();
    }
  };
  run.beginEpoch();
  let step = from;
  for (const batch of batches(images, { batchSize, order, start: from - epoch * plan.stepsPerEpoch })) {
    if (step === end || interrupt.signal !== null) break;
    pending.push({ step: step + 1, losses: arrival(trainer.step(batch, step)) });
    step += 1;
    await settle(inFlight);
    await turn();
  }
  await settle(0);
  return step;
}

/** The losses of a step, and when they were known. */
interface Arrived {
  readonly losses: Scores;
  readonly at: number;
}

/** Notes when losses are known, which may be before the loop asks for it. A rejection is seen when it does. */
function arrival(losses: Promise<Scores>): Promise<Arrived> {
  const arrived = losses.then((values) => ({ losses: values, at: performance.now() }));
  arrived.catch(() => undefined);
  return arrived;
}

/** Losses of several steps. */
class Mean {
  readonly #sums = new Map<string, number>();
  steps = 0;

  add(losses: Scores): void {
    this.steps += 1;
    for (const [name, loss] of Object.entries(losses)) this.#sums.set(name, (this.#sums.get(name) ?? 0) + loss);
  }

  values(): Scores {
    return Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.steps]));
  }
}

/** The numbers of a run, as they come in. */
class Run {
  readonly stepMs: number[] = [];
  readonly #training: Training;
  #epoch = new Mean();
  #interval = { mean: new Mean(), since: performance.now() };
  #lastAt = performance.now();

  constructor(training: Training) {
    this.#training = training;
  }

  beginEpoch(): void {
    this.#epoch = new Mean();
    // Evaluations and saves between epochs count for no step.
    const now = performance.now();
    this.#interval.since += now - this.#lastAt;
    this.#lastAt = now;
  }

  epochLosses(): Scores {
    return this.#epoch.values();
  }

  async record(step: number, { losses, at: now }: Arrived): Promise<void> {
    const { plan, progress, logEvery, folder } = this.#training;
    const wrong = Object.entries(losses).find(([, loss]) => !Number.isFinite(loss));
    if (wrong !== undefined) {
      const what = wrong[0] === 'loss' ? 'loss' : `${wrong[0]} loss`;
      throw new DivergedError(`the ${what} of step ${step} is ${wrong[1]}: try a smaller --learning-rate`);
    }
    this.stepMs.push(now - this.#lastAt);
    this.#lastAt = now;
    const { mean, since } = this.#interval;
    for (const sums of [this.#epoch, mean]) sums.add(losses);
    const epoch = Math.ceil(step / plan.stepsPerEpoch);
    const stepsPerSecond = (1000 * mean.steps) / (now - since);
    const means = mean.values();
    const logged = step % logEvery === 0 || step === plan.totalSteps;
    const { epochs, totalSteps } = plan;
    progress.update({ epoch, epochs, step, totalSteps, losses: means, stepsPerSecond }, logged);
    if (!logged) return;
    await folder.log({ kind: 'train', step, epoch, ...means, stepsPerSecond: rounded(stepsPerSecond) });
    this.#interval = { mean: new Mean(), since: now };
  }
}

async function evaluateAndLog(training: Training, step: number): Promise<Scores | null> {
  const { trainer, data, plan, folder, progress, interrupt, judge } = training;
  const means = await evaluate(trainer, data.test, interrupt);
  if (means === null) return null;
  const epoch = Math.ceil(step / plan.stepsPerEpoch);
  const verdict = (await judge?.(trainer)) ?? null;
  const scores = { ...means, ...verdict?.scores };
  await folder.log({ kind: 'test', step, epoch, ...scores, ...(verdict === null ? {} : { shares: verdict.shares }) });
  await savePictures(trainer, data.test, epoch, folder);
  const words = Object.entries(scores).map(([name, value]) => `${name} ${formatScore(name, value)}`);
  progress.note(`after epoch ${epoch} (step ${step}): test ${words.join(' · ')}`);
  return scores;
}

const formatScore = (name: string, value: number): string =>
  name === 'accuracy' ? `${(100 * value).toFixed(2)} %` : value.toPrecision(4);

/** The mean scores over all images; null if it was asked to stop meanwhile. One shape of batch, so one compilation. */
export async function evaluate(trainer: Trainer, images: LabelledImages, interrupt: Interrupt): Promise<Scores | null> {
  const sums = new Map<string, number>();
  const add = async (scores: Promise<Scores>): Promise<void> => {
    for (const [name, value] of Object.entries(await scores)) sums.set(name, (sums.get(name) ?? 0) + value);
  };
  const examples = images.labels.data.length;
  const batchSize = Math.min(testBatchSize, examples);
  let previous: Promise<Scores> | null = null;
  for (const batch of batches(images, { batchSize, last: 'pad' })) {
    const next = scoreBatch(trainer, batch);
    if (previous !== null) await add(previous);
    previous = next;
    await turn();
    if (interrupt.signal !== null) break;
  }
  if (previous !== null) await add(previous);
  if (interrupt.signal !== null) return null;
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum / examples]));
}

/** A rejection is seen when the promise is awaited, one batch later. */
function scoreBatch(trainer: Trainer, batch: HostBatch): Promise<Scores> {
  const scores = trainer.score(batch);
  scores.catch(() => undefined);
  return scores;
}

const rounded = (x: number): number => Number(x.toPrecision(4));
