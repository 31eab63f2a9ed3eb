import type { NDArray } from '../../src/index.ts';
import { nn, optim, train } from '../../src/index.ts';
import type { ImageBatch, ImageModel } from './model.ts';

/** The classic convolutional network of the Keras examples. */
const network = nn.sequential(
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

type Trees = readonly nn.Tree[];
type State = train.TrainState<Trees, Trees, readonly unknown[]>;

const loss: train.Loss<Trees, Trees, ImageBatch> = (params, state, { images, labels }, context) => {
  const [logits, next] = network.apply(params, state, images, context);
  return [nn.softmaxCrossEntropyWithIntegerLabels(logits, labels).mean(), next];
};

const classify = ({ params, state }: State, images: NDArray): NDArray =>
  network.apply(params, state, images, { training: false })[0];

/** A classifier of digits: images `f32[n, 28, 28, 1]` in [0, 1] to scores `f32[n, 10]`. */
export const cnn: ImageModel<State> = {
  title: 'Convolutional network',
  defaults: { epochs: 1, batchSize: 32, learningRate: 1e-3 },
  create({ learningRate, imageShape }) {
    const optimizer = optim.adam(learningRate);
    return {
      init: (key) => train.init(network, optimizer, key, imageShape),
      step: train.step(loss, optimizer),
      logits: classify,
      score(state, { images, labels }) {
        const logits = classify(state, images);
        return {
          loss: nn.softmaxCrossEntropyWithIntegerLabels(logits, labels),
          accuracy: nn.correct(logits, labels).astype('f32'),
        };
      },
    };
  },
};
