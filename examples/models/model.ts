import type { NDArray } from '../../src/index.ts';
import type { Flags, FlagValues, ValuesOf } from '../training/flags.ts';
import type { Options } from '../training/options.ts';
import type { Defaults } from '../training/plan.ts';
import type { Settings } from '../training/settings.ts';
import type { Trainer } from '../training/trainer.ts';

/** Where to train. */
export type DeviceChoice = Pick<Options, 'device' | 'threads'>;

/** Images `f32[n, ...imageShape]` in [0, 1] with their classes `i32[n]`. */
export type ImageBatch = { readonly images: NDArray; readonly labels: NDArray };

/** What a model is made from. */
export interface ModelSettings<F = FlagValues> {
  readonly learningRate: number;
  /** Height, width and channels of an image. */
  readonly imageShape: readonly number[];
  /** The values of the model's own flags. */
  readonly flags: F;
}

/** The losses of a step: one scalar, or several by name. */
export type Losses = NDArray | Readonly<Record<string, NDArray>>;

/**
 * A model as the pure functions that training needs; the command compiles them. `S` is a tree: all that changes from step
 * to step, keys of randomness too.
 */
export interface ModelFunctions<S> {
  /** What training begins with. */
  init(key: NDArray): S;
  /** One step: the state after it, and the losses before. */
  step(state: S, batch: ImageBatch): readonly [state: S, losses: Losses];
  /** How good the model is at each example: one `f32[n]` for each score. */
  score(state: S, batch: ImageBatch): Readonly<Record<string, NDArray>>;
  /** A classifier's scores of the classes for images: `f32[n, classes]`. */
  logits?(state: S, images: NDArray): NDArray;
  /** What an autoencoder makes of images: images of their shape. */
  reconstruct?(state: S, images: NDArray): NDArray;
  /** New images in [0, 1]: `f32[count, height, width, channels]`. */
  generate?(state: S, key: NDArray, count: number): NDArray;
}

/** A model that is trained on images. */
export interface ImageModel<S, F extends Flags = Flags> {
  /** For people: `Convolutional network`. */
  readonly title: string;
  readonly defaults: Defaults;
  /** Flags of its own on the command line. */
  readonly flags?: F;
  create(settings: ModelSettings<ValuesOf<F>>): ModelFunctions<S>;
}

/** What a training begins with, whoever takes its steps. */
export interface Beginning<S = unknown> {
  readonly functions: ModelFunctions<S>;
  /** For `init`. */
  readonly initKey: NDArray;
  /** For the orders in which epochs visit the images. */
  readonly orderKey: NDArray;
}

/** A model that the training command knows. */
export interface ModelEntry {
  readonly title: string;
  readonly defaults: Defaults;
  readonly flags?: Flags;
  /** Its pure functions, and the keys that a training begins with. */
  readonly beginning: (settings: Settings, imageShape: readonly number[]) => Beginning;
  /** Starts the device and puts fresh parameters there. */
  readonly start: (device: DeviceChoice, settings: Settings, imageShape: readonly number[]) => Promise<Trainer>;
}

/** The models by the name that the command takes. */
export type ModelTable = Readonly<Record<string, ModelEntry>>;
