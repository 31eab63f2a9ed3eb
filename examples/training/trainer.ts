import type { Batch, HostTensor, LabelledImages } from '../../src/data/index.ts';
import type { LoweredText } from '../../src/index.ts';

/** A batch of images on the host. */
export type HostBatch = Batch<LabelledImages>;

/** What a model reaches on the test images, by name: `{ loss, accuracy }`; or the losses of a step. */
export type Scores = Readonly<Record<string, number>>;

/** Numbers on the host, row-major. */
export interface HostFloats {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A model in training on a device: what the loop needs to know of it. */
export interface Trainer {
  /** For people: `wasm (2 threads)`. */
  readonly device: string;
  readonly deviceName: string;
  readonly threads: number;
  /** The order in which an epoch, counted from 0, visits the training images: a pure function of the seed. */
  order(epoch: number, examples: number): Promise<ArrayLike<number>>;
  /** Takes one step, `index` counted from 0; returns at once. The promise is of the step's losses. */
  step(batch: HostBatch, index: number): Promise<Scores>;
  /** Sums of the scores over the batch's examples; the rows that only pad count nothing. */
  score(batch: HostBatch): Promise<Scores>;
  /** All that a later {@link restore} needs, in host memory. */
  save(): Promise<Readonly<Record<string, HostTensor>>>;
  /** Goes on from what {@link save} gave. Throws a `StateError` for the tensors of another model. */
  restore(tensors: Readonly<Record<string, HostTensor>>, source: string): void;
  /** A classifier's scores: images `[n, height, width, channels]` in [0, 1] to `[n, classes]`. */
  readonly logits?: (images: HostFloats) => Promise<HostFloats>;
  /** What an autoencoder makes of images. */
  readonly reconstruct?: (images: HostFloats) => Promise<HostFloats>;
  /** New images in [0, 1], the same ones for the same state; others for each `part`, which counts from 0. */
  readonly generate?: (count: number, part: number) => Promise<HostFloats>;
  /** A step on such batches as the text of one of its stages, such as WGSL. */
  readonly text?: (form: LoweredText, batch: HostBatch) => string;
}
