import type { ImageSplits, LabelledImages } from '../../src/data/index.ts';
import { batches, take } from '../../src/data/index.ts';
import { DivergedError } from './errors.ts';
import type { Interrupt, StopSignal } from './interrupt.ts';
import type { Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { RunFolder } from './run-folder.ts';
import type { ImageBatch, Scores, Trainer } from './trainer.ts';

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
  /** The mean over the steps of the last epoch that this run took; null if it took none. */
  readonly trainLoss: number | null;
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
    trainLoss: run.epochLoss(),
    scores,
  };
}

/** Steps from `from` to `end`, or until it is asked to stop. Returns the steps done. */
async function trainEpoch(training: Training, run: Run, epoch: number, from: number, end: number): Promise<number> {
  const { trainer, plan, data, interrupt } = training;
  const { batchSize, trainSize } = plan.settings;
  const images = take(data.train, trainSize);
  const order = await trainer.order(epoch, trainSize);
  const pending: { readonly step: number; readonly loss: Promise<Arrived> }[] = [];
  const settle = async (keep: number): Promise<void> => {
    for (let next = pending[0]; next !== undefined && pending.length > keep; next = pending[0]) {
      await run.record(next.step, await next.loss);
      pending.shift();
    }
  };
  run.beginEpoch();
  let step = from;
  for (const batch of batches(images, { batchSize, order, start: from - epoch * plan.stepsPerEpoch })) {
    if (step === end || interrupt.signal !== null) break;
    pending.push({ step: ++step, loss: arrival(trainer.step(batch)) });
    await settle(inFlight);
    await turn();
  }
  await settle(0);
  return step;
}

/** A loss, and when it was known. */
interface Arrived {
  readonly loss: number;
  readonly at: number;
}

/** Notes when a loss is known, which may be before the loop asks for it. A rejection is seen when it does. */
function arrival(loss: Promise<number>): Promise<Arrived> {
  const arrived = loss.then((value) => ({ loss: value, at: performance.now() }));
  arrived.catch(() => undefined);
  return arrived;
}

/** The numbers of a run, as they come in. */
class Run {
  readonly stepMs: number[] = [];
  readonly #training: Training;
  #epoch = { sum: 0, steps: 0 };
  #interval = { sum: 0, steps: 0, since: performance.now() };
  #lastAt = performance.now();

  constructor(training: Training) {
    this.#training = training;
  }

  beginEpoch(): void {
    this.#epoch = { sum: 0, steps: 0 };
    // Evaluations and saves between epochs count for no step.
    const now = performance.now();
    this.#interval.since += now - this.#lastAt;
    this.#lastAt = now;
  }

  epochLoss(): number | null {
    return this.#epoch.steps === 0 ? null : this.#epoch.sum / this.#epoch.steps;
  }

  async record(step: number, { loss, at: now }: Arrived): Promise<void> {
    const { plan, progress, logEvery, folder } = this.#training;
    if (!Number.isFinite(loss)) {
      throw new DivergedError(`the loss of step ${step} is ${loss}: try a smaller --learning-rate`);
    }
    this.stepMs.push(now - this.#lastAt);
    this.#lastAt = now;
    for (const sums of [this.#epoch, this.#interval]) {
      sums.sum += loss;
      sums.steps += 1;
    }
    const epoch = Math.ceil(step / plan.stepsPerEpoch);
    const stepsPerSecond = (1000 * this.#interval.steps) / (now - this.#interval.since);
    const meanLoss = this.#interval.sum / this.#interval.steps;
    const logged = step % logEvery === 0 || step === plan.totalSteps;
    const { epochs, totalSteps } = plan;
    progress.update({ epoch, epochs, step, totalSteps, loss: meanLoss, stepsPerSecond }, logged);
    if (!logged) return;
    await folder.log({ kind: 'train', step, epoch, loss: meanLoss, stepsPerSecond: rounded(stepsPerSecond) });
    this.#interval = { sum: 0, steps: 0, since: now };
  }
}

async function evaluateAndLog(training: Training, step: number): Promise<Scores | null> {
  const { trainer, data, plan, folder, progress, interrupt } = training;
  const scores = await evaluate(trainer, data.test, interrupt);
  if (scores === null) return null;
  const epoch = Math.ceil(step / plan.stepsPerEpoch);
  await folder.log({ kind: 'test', step, epoch, ...scores });
  const words = Object.entries(scores).map(([name, value]) => `${name} ${formatScore(name, value)}`);
  progress.note(`after epoch ${epoch} (step ${step}): test ${words.join(' · ')}`);
  return scores;
}

const formatScore = (name: string, value: number): string =>
  name === 'accuracy' ? `${(100 * value).toFixed(2)} %` : value.toFixed(4);

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
function scoreBatch(trainer: Trainer, batch: ImageBatch): Promise<Scores> {
  const scores = trainer.score(batch);
  scores.catch(() => undefined);
  return scores;
}

const rounded = (x: number): number => Number(x.toPrecision(4));
