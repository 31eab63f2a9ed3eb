import type { Batch, HostTensor, LabelledImages } from '../../src/data/index.ts';

/** A batch of images on the host. */
export type ImageBatch = Batch<LabelledImages>;

/** What a model reaches on the test images, by name: `{ loss, accuracy }`. */
export type Scores = Readonly<Record<string, number>>;

/** A model in training on a device: what the loop needs to know of it. */
export interface Trainer {
  /** For people: `wasm (2 threads)`. */
  readonly device: string;
  readonly deviceName: string;
  readonly threads: number;
  /** The order in which an epoch, counted from 0, visits the training images: a pure function of the seed. */
  order(epoch: number, examples: number): Promise<ArrayLike<number>>;
  /** Takes one step; returns at once. The promise is of the step's loss. */
  step(batch: ImageBatch): Promise<number>;
  /** Sums of the scores over the batch's examples; the rows that only pad count nothing. */
  score(batch: ImageBatch): Promise<Scores>;
  /** All that a later {@link restore} needs, in host memory. */
  save(): Promise<Readonly<Record<string, HostTensor>>>;
  /** Goes on from what {@link save} gave. Throws a `CheckpointError` for the tensors of another model. */
  restore(tensors: Readonly<Record<string, HostTensor>>, source: string): void;
}
