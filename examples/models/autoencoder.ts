import type { NDArray } from '../../src/index.ts';
import { nn, numpy as np, optim, train } from '../../src/index.ts';
import type { ImageModel } from './model.ts';

type Trees = readonly nn.Tree[];
type State = train.TrainState<Trees, Trees, readonly unknown[]>;

/** Squeezes an image through 64 numbers, and draws it from them. */
export function networkOf(imageShape: readonly number[]): nn.Sequential {
  const pixels = imageShape.reduce((a, b) => a * b, 1);
  return nn.sequential(nn.flatten(), nn.dense(64), nn.relu, nn.dense(pixels), nn.sigmoid);
}

/** The squared error of each pixel: `f32[n, pixels]`. */
const errors = (drawn: NDArray, images: NDArray): NDArray => np.square(drawn.sub(images.reshape(drawn.shape)));

/** The mean squared error of what the network draws. */
export const reconstructionLoss =
  (network: nn.Sequential): train.Loss<Trees, Trees, { readonly images: NDArray }> =>
  (params, state, { images }, context) => {
    const [drawn, next] = network.apply(params, state, images, context);
    return [errors(drawn, images).mean(), next];
  };

/** An autoencoder: images `f32[n, 28, 28, 1]` in [0, 1] to images. */
export const autoencoder: ImageModel<State> = {
  title: 'Autoencoder',
  defaults: { epochs: 20, batchSize: 256, learningRate: 1e-3 },
  create({ learningRate, imageShape }) {
    const network = networkOf(imageShape);
    const optimizer = optim.adam(learningRate);
    const draw = ({ params, state }: State, images: NDArray): NDArray =>
      network.apply(params, state, images, { training: false })[0];
    return {
      init: (key) => train.init(network, optimizer, key, imageShape),
      step: train.step(reconstructionLoss(network), optimizer),
      score: (state, { images }) => ({ mse: errors(draw(state, images), images).mean(1) }),
      reconstruct: (state, images) => draw(state, images).reshape(images.shape),
    };
  },
};
