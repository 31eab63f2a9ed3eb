import { trainable } from '../training/start.ts';
import { autoencoder } from './autoencoder.ts';
import { cnn } from './cnn.ts';
import type { ModelTable } from './model.ts';

/** The models that the training command knows: a row each. */
export const models: ModelTable = {
  cnn: trainable(cnn),
  autoencoder: trainable(autoencoder),
};
