import type { NDArray } from '../../src/index.ts';
import type { Options } from '../training/options.ts';
import type { Defaults } from '../training/plan.ts';
import type { Settings } from '../training/settings.ts';
import type { Trainer } from '../training/trainer.ts';

/** Where to train. */
export type DeviceChoice = Pick<Options, 'device' | 'threads'>;

/** What a model is made from. */
export interface ModelSettings {
  readonly learningRate: number;
  /** Height, width and channels of an image. */
  readonly imageShape: readonly number[];
}

/**
 * A model as the pure functions that training needs; the command compiles them. `S` is a tree: all that changes from step
 * to step.
 */
export interface ModelFunctions<S> {
  /** What training begins with. */
  init(key: NDArray): S;
  /** One step on images `f32[n, ...imageShape]` in [0, 1] and labels `i32[n]`: the state after it, and the loss before. */
  step(state: S, images: NDArray, labels: NDArray): readonly [state: S, loss: NDArray];
  /** How good the model is at each example: one `f32[n]` for each score. */
  score(state: S, images: NDArray, labels: NDArray): Readonly<Record<string, NDArray>>;
}

/** A model that is trained on images. */
export interface ImageModel<S> {
  /** For people: `Convolutional network`. */
  readonly title: string;
  readonly defaults: Defaults;
  create(settings: ModelSettings): ModelFunctions<S>;
}

/** A model that the training command knows. */
export interface ModelEntry {
  readonly title: string;
  readonly defaults: Defaults;
  /** Starts the device and puts fresh parameters there. */
  readonly start: (device: DeviceChoice, settings: Settings, imageShape: readonly number[]) => Promise<Trainer>;
}

/** The models by the name that the command takes. */
export type ModelTable = Readonly<Record<string, ModelEntry>>;
