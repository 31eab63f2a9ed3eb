import type { DeviceName } from './devices.ts';

/** What the page and the worker that trains say to each other. Arrays are on the host. */

/** Square gray images, row-major, in [0, 1]. */
export interface Images {
  readonly data: Float32Array;
  readonly count: number;
  readonly size: number;
}

/** What to train, and on what. */
export interface Job {
  readonly model: string;
  readonly device: DeviceName;
  /** Where the four files of MNIST are: an absolute URL, since a worker's own is another than the page's. */
  readonly data: string;
  /** How many images to train on and to test on; null for as many as there are, or as is usual. */
  readonly trainSize: number | null;
  readonly testSize: number | null;
  readonly batchSize: number | null;
  readonly steps: number | null;
}

/** The forms that a step can be read in. */
export type CodeForm = 'wgsl' | 'kernels' | 'jaxpr';

/** To the worker. */
export type Request =
  | { readonly kind: 'start'; readonly job: Job }
  | { readonly kind: 'pause' }
  | { readonly kind: 'continue' }
  /** A drawn digit: recognised by a classifier, drawn again by an autoencoder. */
  | { readonly kind: 'look'; readonly pixels: Float32Array }
  /** A digit of the test images, to be looked at. */
  | { readonly kind: 'sample' }
  | { readonly kind: 'code'; readonly form: CodeForm };

/** What a model can do beside being trained. */
export type Ability = 'recognise' | 'redraw' | 'generate';

/** Losses of some steps in a row, by name. */
export type LossLists = Readonly<Record<string, readonly number[]>>;

/** What is worth looking at while a model learns. */
export type Pictures =
  | {
      readonly kind: 'recognise';
      readonly images: Images;
      readonly labels: readonly number[];
      readonly guesses: readonly number[];
    }
  | { readonly kind: 'redraw'; readonly images: Images; readonly redrawn: Images }
  | { readonly kind: 'generate'; readonly images: Images };

/** From the worker. */
export type Report =
  /** What it is busy with, before it trains. */
  | { readonly kind: 'doing'; readonly text: string }
  | {
      readonly kind: 'started';
      readonly device: string;
      readonly threads: number;
      readonly abilities: readonly Ability[];
      readonly totalSteps: number;
      readonly batchSize: number;
    }
  /** Steps taken; the speed is null where they were too few to tell. */
  | {
      readonly kind: 'steps';
      readonly done: number;
      readonly losses: LossLists;
      readonly stepsPerSecond: number | null;
    }
  | {
      readonly kind: 'scores';
      readonly done: number;
      readonly scores: Readonly<Record<string, number>>;
      readonly pictures: Pictures | null;
    }
  | { readonly kind: 'finished' }
  | { readonly kind: 'probabilities'; readonly values: readonly number[] }
  | { readonly kind: 'redrawn'; readonly pixels: Float32Array }
  | { readonly kind: 'sample'; readonly pixels: Float32Array }
  | { readonly kind: 'code'; readonly form: CodeForm; readonly text: string }
  /** It can't go on; says why. */
  | { readonly kind: 'failed'; readonly text: string };
