import type { NDArray } from '../../src/index.ts';
import { nn, optim, train } from '../../src/index.ts';
import { augmentations } from './augment.ts';
import type { ImageBatch, ModelFunctions, ModelSettings } from './model.ts';

type Trees = readonly nn.Tree[];
export type ClassifierState = train.TrainState<Trees, Trees, readonly unknown[]>;

/** Trains a network that scores classes, images to `f32[n, classes]`: cross entropy, by Adam unless told otherwise. */
export function classifier(
  network: nn.Sequential,
  { learningRate, imageShape }: Pick<ModelSettings, 'learningRate' | 'imageShape'>,
  { optimizer = optim.adam(learningRate), augment = augmentations.none } = {},
): ModelFunctions<ClassifierState> {
  const loss: train.Loss<Trees, Trees, ImageBatch> = (params, state, { images, labels }, context) => {
    const [logits, next] = network.apply(params, state, augment(context.key, images), context);
    return [nn.softmaxCrossEntropyWithIntegerLabels(logits, labels).mean(), next];
  };
  const classify = ({ params, state }: ClassifierState, images: NDArray): NDArray =>
    network.apply(params, state, images, { training: false })[0];

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
}
