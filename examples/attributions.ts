/** Why a network answers as it does: which pixels its answers hang on, and which examples it would learn most from. */
import type { NDArray } from '../src/index.ts';
import { grad, numpy as np, random, tree, vmap } from '../src/index.ts';

/** What is asked about: an image `f32[...]` to the scalar that is to be explained, such as the score of a class. */
export type Score = (image: NDArray) => NDArray;

/**
 * How much each pixel would change the score: `|∂score/∂pixel|`.
 *
 * K. Simonyan et al.: Deep Inside Convolutional Networks. ICLR 2014 workshop.
 */
export const saliency =
  (score: Score) =>
  (image: NDArray): NDArray =>
    np.abs(grad(score)(image));

/**
 * What each pixel adds to the score on the way from a black image, so that all of them come to the difference of the scores:
 * `image · mean of ∂score/∂pixel at images of a share of its brightness`, the shares being the middles of `steps` intervals.
 *
 * M. Sundararajan et al.: Axiomatic Attribution for Deep Networks. ICML 2017.
 */
export const integratedGradients =
  (score: Score, steps = 64) =>
  (image: NDArray): NDArray => {
    const shares = np.arange(steps).add(0.5).div(steps);
    const slopes = vmap((share: NDArray) => grad(score)(image.mul(share)))(shares);
    return image.mul(slopes.mean(0));
  };

/**
 * The saliency without what a little noise changes: the mean of the gradients at noisy copies of the image.
 *
 * D. Smilkov et al.: SmoothGrad. 2017.
 */
export const smoothGrad =
  (score: Score, { samples = 32, deviation = 0.2 } = {}) =>
  (image: NDArray, key: NDArray): NDArray => {
    const noise = random.normal(key, [samples, ...image.shape]).mul(deviation);
    return np.abs(vmap((own: NDArray) => grad(score)(image.add(own)))(noise).mean(0));
  };

/** The gradient of each example's own loss: a tree of parameters with a first axis for the examples. */
export const perExampleGradients =
  <P, X, Y>(loss: (params: P, x: X, y: Y) => NDArray) =>
  (params: P, xs: X, ys: Y): P =>
    vmap(grad(loss), [null, 0, 0])(params, xs, ys);

/** The length of each example's gradient: trees of `f32[n, ...]` to `f32[n]`. */
export const gradientNorms = (gradients: unknown): NDArray =>
  np.sqrt(
    tree.leaves(gradients).reduce<NDArray>((sum, leaf) => {
      const gradient = leaf as NDArray;
      return sum.add(np.square(gradient.reshape([gradient.shape[0] ?? 0, -1])).sum(1));
    }, np.array(0)),
  );

/** The explanations of the answers for images `f32[n, ...image]`, each as images of the same shape. */
export function explain(logits: (images: NDArray) => NDArray, images: NDArray, key: NDArray): readonly NDArray[] {
  const [count = 0] = images.shape;
  const classOf = np.argmax(logits(images), 1);
  const scoreOf =
    (label: NDArray): Score =>
    (image) =>
      np.take(logits(np.expandDims(image, 0)).squeeze(0), label);
  const each = (method: (score: Score, image: NDArray, key: NDArray) => NDArray): NDArray =>
    vmap((image: NDArray, label: NDArray, own: NDArray) => method(scoreOf(label), image, own))(
      images,
      classOf,
      random.split(key, count),
    );
  return [
    each((score, image) => saliency(score)(image)),
    each((score, image) => integratedGradients(score)(image)),
    each((score, image, own) => smoothGrad(score)(image, own)),
  ];
}
