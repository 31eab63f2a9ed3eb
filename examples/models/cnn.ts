import type { NDArray } from '../../src/index.ts';
import { nn, optim, valueAndGrad } from '../../src/index.ts';
import type { ImageModel } from './model.ts';

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

/** What training changes. */
type CnnState = {
  readonly params: readonly nn.Tree[];
  readonly optimizer: readonly unknown[];
};

/** A classifier of digits: images `f32[n, 28, 28, 1]` in [0, 1] to scores `f32[n, 10]`. */
export const cnn: ImageModel<CnnState> = {
  title: 'Convolutional network',
  defaults: { epochs: 1, batchSize: 32, learningRate: 1e-3 },
  create({ learningRate, imageShape }) {
    const optimizer = optim.adam(learningRate);
    // None of the layers has state of its own.
    const layerState = network.layers.map(() => null);
    const scores = (params: CnnState['params'], images: NDArray, training: boolean): NDArray =>
      network.apply(params, layerState, images, { training })[0];
    const loss = (params: CnnState['params'], images: NDArray, labels: NDArray): NDArray =>
      nn.softmaxCrossEntropyWithIntegerLabels(scores(params, images, true), labels).mean();
    return {
      init(key) {
        const { params } = network.init(key, imageShape);
        return { params, optimizer: optimizer.init(params) };
      },
      step({ params, optimizer: state }, images, labels) {
        const [value, gradients] = valueAndGrad(loss)(params, images, labels);
        const [updates, next] = optimizer.update(gradients, state, params);
        return [{ params: optim.applyUpdates(params, updates), optimizer: next }, value];
      },
      score({ params }, images, labels) {
        const logits = scores(params, images, false);
        return {
          loss: nn.softmaxCrossEntropyWithIntegerLabels(logits, labels),
          accuracy: nn.correct(logits, labels).astype('f32'),
        };
      },
    };
  },
};
