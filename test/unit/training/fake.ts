import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ModelTable } from '../../../examples/models/model.ts';
import { choice, count, toggle } from '../../../examples/training/flags.ts';
import type { Streams } from '../../../examples/training/command.ts';
import type { HostBatch, Trainer } from '../../../examples/training/trainer.ts';
import { idxBytes } from '../data/bytes.ts';

/** What a fake trainer was asked to do. */
export interface Calls {
  /** The labels of each batch that it stepped on: here they are the images' indices, modulo 10. */
  readonly steps: number[][];
}

/** A trainer without a device: one weight that every step mixes with its batch, so that the order of steps shows. */
export function fakeTrainer(seed: number, onStep: (steps: number) => void = () => undefined): Trainer & Calls {
  let weight = seed + 1;
  const steps: number[][] = [];
  const mean = ({ columns, size }: HostBatch): number =>
    columns.images.data.subarray(0, size).reduce((sum, pixel) => sum + pixel, 0) / size;
  const trainer = {
    steps,
    device: 'fake (0 threads)',
    deviceName: 'fake',
    threads: 0,
    order: (epoch: number, examples: number) =>
      Promise.resolve(Uint32Array.from({ length: examples }, (_, i) => (i + seed + 3 * epoch) % examples)),
    step(batch: HostBatch) {
      steps.push([...batch.columns.labels.data]);
      weight = Math.fround(weight * 0.9 + mean(batch));
      onStep(steps.length);
      return Promise.resolve({ loss: weight });
    },
    score: (batch: HostBatch) => Promise.resolve({ accuracy: batch.size / 2, loss: batch.size * weight }),
    save: () => Promise.resolve({ weight: { dtype: 'f32' as const, shape: [], data: Float32Array.of(weight) } }),
    restore(tensors: Awaited<ReturnType<Trainer['save']>>) {
      weight = tensors.weight?.data[0] ?? NaN;
    },
  };
  return trainer;
}

/** A folder for a test, with `data/`: 10 training images of one pixel, their own index, and 3 test images. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullback-training-'));
  const data = join(folder, 'data');
  await mkdir(data);
  const digits = Array.from({ length: 10 }, (_, i) => i);
  await writeFile(join(data, 'train-images-idx3-ubyte'), idxBytes([10, 1, 1], digits));
  await writeFile(join(data, 'train-labels-idx1-ubyte'), idxBytes([10], digits));
  await writeFile(join(data, 't10k-images-idx3-ubyte'), idxBytes([3, 1, 1], [1, 2, 3]));
  await writeFile(join(data, 't10k-labels-idx1-ubyte'), idxBytes([3], [1, 2, 3]));
  return folder;
}

const flags = { depth: count('layers', 1), mood: choice('words', ['glad', 'grave']), odd: toggle('is it?') };

/** Models `fake` and `other`, which has flags of its own. `onStep` is called after each step. */
export function fakeModels(onStep?: (steps: number) => void): ModelTable & { readonly trainers: Trainer[] } {
  const trainers: (Trainer & Calls)[] = [];
  const entry = {
    title: 'Fake',
    defaults: { epochs: 2, batchSize: 4, learningRate: 0.1 },
    beginning: () => {
      throw new Error('a fake has no functions');
    },
    start: (_: string, { seed }: { readonly seed: number }) => {
      const trainer = fakeTrainer(seed, onStep);
      trainers.push(trainer);
      return Promise.resolve(trainer);
    },
  };
  return Object.defineProperty({ fake: entry, other: { ...entry, flags } }, 'trainers', { value: trainers }) as never;
}

/** Streams that keep what is written, which is no terminal. */
export function recordingStreams(): Streams & { readonly text: (stream: 'stdout' | 'stderr') => string } {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const streams = { stdout: stdout as unknown as NodeJS.WriteStream, stderr };
  return {
    ...streams,
    text: (stream) => String((stream === 'stdout' ? stdout : stderr).read() ?? ''),
  };
}
