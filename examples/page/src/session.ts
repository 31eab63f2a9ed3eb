import { batchCount, batches, mnist, take } from '../../../src/data/index.ts';
import type { LabelledImages } from '../../../src/data/index.ts';
import { models } from '../../models/index.ts';
import { scaled } from '../../training/start.ts';
import type { Trainer } from '../../training/trainer.ts';
import { Gate } from './gate.ts';
import { macrotask } from './macrotask.ts';
import type { Ability, CodeForm, Job, Report, Request } from './messages.ts';
import { Pace } from './pace.ts';
import { meanScores, shown } from './shown.ts';
import { softmax } from './softmax.ts';
import { Steps } from './steps.ts';

const usualTestSize = 1000;
const seed = 0;

/** A training that has begun. */
interface Running {
  readonly trainer: Trainer;
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  readonly batchSize: number;
  readonly totalSteps: number;
}

/** The training of one model: does what the page asks for, and reports. */
export class Session {
  readonly #report: (report: Report) => void;
  readonly #gate = new Gate();
  readonly #pace = new Pace();
  #running: Running | null = null;
  /** Which test digit is given next. */
  #sample = 0;

  constructor(report: (report: Report) => void) {
    this.#report = report;
  }

  async receive(request: Request): Promise<void> {
    switch (request.kind) {
      case 'start':
        return this.#train(request.job);
      case 'pause':
        return this.#gate.close();
      case 'continue':
        return this.#gate.open();
      case 'look':
        return this.#look(request.pixels);
      case 'sample':
        return this.#giveSample();
      case 'code':
        return this.#spell(request.form);
    }
  }

  async #train(job: Job): Promise<void> {
    const running = await this.#begin(job);
    this.#running = running;
    const { trainer, train, batchSize, totalSteps } = running;
    await this.#judge(running, 0);
    const steps = new Steps(this.#report);
    let done = 0;
    for (let epoch = 0; done < totalSteps; epoch++) {
      const order = await trainer.order(epoch, train.labels.data.length);
      for (const batch of batches(train, { batchSize, order, last: 'drop' })) {
        if (done === totalSteps) break;
        await this.#turn(steps);
        await steps.add(trainer.step(batch, done));
        done += 1;
        if (this.#pace.isTime() && done < totalSteps) {
          await steps.settle();
          await this.#judge(running, done);
          steps.restart();
        }
      }
    }
    await steps.settle();
    await this.#judge(running, done);
    this.#report({ kind: 'finished' });
  }

  /** Lets messages in, and waits while the training is paused. */
  async #turn(steps: Steps): Promise<void> {
    await macrotask();
    if (!this.#gate.closed) return;
    await steps.settle();
    await this.#gate.pass();
    steps.restart();
  }

  /** Loads the digits, starts the device and makes the model. */
  async #begin(job: Job): Promise<Running> {
    const entry = models[job.model];
    if (entry === undefined)
      throw new Error(`There is no model ${job.model}; there are ${Object.keys(models).join(', ')}.`);
    this.#report({ kind: 'doing', text: 'Loading the digits…' });
    const splits = await mnist({ folder: job.data });
    const train = take(splits.train, job.trainSize ?? Infinity);
    const test = take(splits.test, job.testSize ?? usualTestSize);
    const trainSize = train.labels.data.length;
    const { epochs, learningRate, batchSize: usual } = entry.defaults;
    const batchSize = job.batchSize ?? usual;
    const stepsPerEpoch = batchCount(trainSize, { batchSize, last: 'drop' });
    if (stepsPerEpoch === 0) throw new Error(`${trainSize} images are too few for steps of ${batchSize}.`);
    const totalSteps = job.steps ?? epochs * stepsPerEpoch;
    const flags = Object.fromEntries(Object.entries(entry.flags ?? {}).map(([name, flag]) => [name, flag.default]));
    this.#report({ kind: 'doing', text: 'Starting the device…' });
    const settings = { seed, batchSize, learningRate, trainSize, flags };
    const trainer = await entry.start({ device: job.device, threads: null }, settings, train.images.shape.slice(1));
    const { device, threads } = trainer;
    const abilities = abilitiesOf(trainer);
    this.#report({ kind: 'started', device, threads, abilities, totalSteps, batchSize });
    this.#report({ kind: 'doing', text: 'Compiling…' });
    return { trainer, train, test, batchSize, totalSteps };
  }

  /** Tests the model, and has it show what it can. */
  async #judge({ trainer, test }: Running, done: number): Promise<void> {
    this.#pace.begin();
    const scores = await meanScores(trainer, test);
    this.#report({ kind: 'scores', done, scores, pictures: await shown(trainer, test) });
    this.#pace.end();
  }

  async #look(pixels: Float32Array): Promise<void> {
    const { logits, reconstruct } = this.#running?.trainer ?? {};
    const image = { data: pixels, shape: [1, 28, 28, 1] };
    if (logits !== undefined) {
      this.#report({ kind: 'probabilities', values: softmax((await logits(image)).data) });
    } else if (reconstruct !== undefined) {
      this.#report({ kind: 'redrawn', pixels: (await reconstruct(image)).data });
    }
  }

  async #giveSample(): Promise<void> {
    if (this.#running === null) return;
    const { images, labels } = this.#running.test;
    const pixelsEach = images.data.length / labels.data.length;
    const from = pixelsEach * (this.#sample++ % labels.data.length);
    const pixels = scaled(images.data.subarray(from, from + pixelsEach));
    this.#report({ kind: 'sample', pixels });
    await this.#look(pixels);
  }

  #spell(form: CodeForm): void {
    if (this.#running === null) return;
    const { trainer, train, batchSize } = this.#running;
    for (const batch of batches(take(train, batchSize), { batchSize })) {
      this.#report({ kind: 'code', form, text: trainer.text?.(form, batch) ?? '' });
    }
  }
}

function abilitiesOf({ logits, reconstruct, generate }: Trainer): readonly Ability[] {
  const has: Readonly<Record<Ability, unknown>> = { recognise: logits, redraw: reconstruct, generate };
  return (Object.keys(has) as Ability[]).filter((ability) => has[ability] !== undefined);
}
