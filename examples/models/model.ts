import type { Defaults } from '../training/plan.ts';
import type { Options } from '../training/options.ts';
import type { Settings } from '../training/settings.ts';
import type { Trainer } from '../training/trainer.ts';

/** A device's name. */
export type DeviceName = Options['device'];

/** A model that the training command knows. */
export interface ModelEntry {
  /** For people: `Convolutional network`. */
  readonly title: string;
  readonly defaults: Defaults;
  /** Starts the device and puts fresh parameters there. */
  readonly start: (device: DeviceName, settings: Settings) => Promise<Trainer>;
}

/** The models by the name that the command takes. */
export type ModelTable = Readonly<Record<string, ModelEntry>>;
