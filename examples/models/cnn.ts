import { nn } from '../../src/index.ts';
import { augment, augmentations } from './augment.ts';
import type { ClassifierState } from './classifier.ts';
import { classifier } from './classifier.ts';
import type { ImageModel } from './model.ts';

/** The classic convolutional network of the Keras examples. */
export const network = nn.sequential(
  nn.conv2d(32, 3),
  nn.relu,
  nn.maxPool(2),
  nn.conv2d(64, 3),
  nn.relu,
  nn.maxPool(2),
  nn.flatten(),
  nn.dense(64),
  nn.relu,
  nn.dense(10),
);

/** A classifier of digits: images `f32[n, 28, 28, 1]` in [0, 1] to scores `f32[n, 10]`. */
export const cnn: ImageModel<ClassifierState, { readonly augment: typeof augment }> = {
  title: 'Convolutional network',
  defaults: { epochs: 1, batchSize: 32, learningRate: 1e-3 },
  flags: { augment },
  create: ({ flags, ...settings }) => classifier(network, settings, { augment: augmentations[flags.augment] }),
};
