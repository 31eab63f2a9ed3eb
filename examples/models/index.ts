import { trainable } from '../training/start.ts';
import { autoencoder } from './autoencoder.ts';
import { cnn } from './cnn.ts';
import type { ModelTable } from './model.ts';
import { rnn } from './rnn.ts';
import { gan } from './gan.ts';

/** The models that the training command knows: a row each. */
export const models: ModelTable = {
  cnn: trainable(cnn),
  rnn: trainable(rnn),
  autoencoder: trainable(autoencoder),
  gan: trainable(gan),
};
