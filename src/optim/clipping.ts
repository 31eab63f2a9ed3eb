import { clip as clipArray, maximum, minimum, nanToNum, sqrt, where } from '../numpy/elementwise.ts';
import { showAval } from '../trace/aval.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { range } from '../util/array.ts';
import { eachUpdate } from './basic.ts';
import { globalNorm, squares, summed } from './norms.ts';
import type { Scalar } from './scalars.ts';
import { asLike, negated, over, times } from './scalars.ts';
import type { GradientTransformation } from './transformation.ts';
import { needParams } from './transformation.ts';

/**
 * Clips each element of the updates to `[−maxDelta, maxDelta]`. As `optax.clip`.
 *
 * @example
 * chain(clip(1), sgd(0.1));
 */
export const clip = (maxDelta: Scalar): GradientTransformation<null> =>
  eachUpdate((u) => asLike(clipArray(u, negated(maxDelta), maxDelta), u));

/**
 * Scales updates down, all together, where their norm is above `maxNorm`: `u · maxNorm / ‖u‖`. Pascanu et al.: On the
 * difficulty of training Recurrent Neural Networks (ICML 2013); as `optax.clip_by_global_norm`.
 *
 * @example
 * chain(clipByGlobalNorm(1), adam(1e-3));
 */
export const clipByGlobalNorm = (maxNorm: Scalar): GradientTransformation<null> => ({
  init: () => null,
  update(updates, state) {
    const norm = globalNorm(updates);
    const small = norm.lt(maxNorm);
    const shorter = (u: NDArray): NDArray => asLike(times(over(summed(u), norm), maxNorm), u);
    return [tree.map((u: NDArray) => where(small, u, shorter(u)), updates), state];
  },
});

/**
 * Scales each leaf down where the root of its mean square is above `threshold`. Shazeer, Stern: Adafactor (2018); as
 * `optax.clip_by_block_rms`.
 *
 * @example
 * clipByBlockRms(1).update({ w: np.array([3, 4]), b: np.array([0.5]) }, null)[0].w; // [0.848528, 1.131371]
 */
export const clipByBlockRms = (threshold: Scalar): GradientTransformation<null> =>
  eachUpdate((u) => {
    const rms = sqrt(squares(u).div(u.size));
    return over(u, maximum(over(rms, threshold), 1));
  });

/**
 * The norm of each unit of a parameter, repeated for all of it: units are the columns of a dense kernel and the output channels
 * of a convolution's; a vector is one unit.
 */
function unitwiseNorm(x: NDArray, axis: number | readonly number[] | undefined): NDArray {
  const w = summed(x);
  const along = axis ?? unitAxes(x);
  return sqrt(w.mul(w).sum(along, { keepdims: true }));
}

function unitAxes(x: NDArray): readonly number[] {
  if (x.shape.filter((n) => n !== 1).length <= 1) return range(x.ndim);
  if (x.ndim <= 3) return [0];
  if (x.ndim <= 5) return range(x.ndim - 1);
  throw new ShapeMismatchError(
    `[optim.adaptiveGradClip] does not know the units of ${showAval(x.aval)}: say which axes make one, { axis: … }`,
  );
}

/** Options of {@link adaptiveGradClip}. */
export interface AdaptiveGradClipOptions {
  /** The least norm that a parameter's unit counts with; default 1e-3. */
  readonly eps?: Scalar;
  /** The axes that make one unit; by default those of a dense or convolution kernel whose last axis are its outputs. */
  readonly axis?: number | readonly number[];
}

/**
 * Clips the norm of each unit's update to `clipping` times the norm of that unit's parameters. Brock et al.: High-Performance
 * Large-Scale Image Recognition Without Normalization (ICML 2021); as `optax.adaptive_grad_clip`.
 *
 * @throws ArgumentError when `update` gets no parameters; ShapeMismatchError for a parameter with more than five axes.
 * @example
 * chain(adaptiveGradClip(0.01), sgd(0.1));
 */
export const adaptiveGradClip = (
  clipping: Scalar,
  { eps = 1e-3, axis }: AdaptiveGradClipOptions = {},
): GradientTransformation<null> => ({
  init: () => null,
  update(updates, state, params) {
    const clipped = (u: NDArray, p: NDArray): NDArray => {
      const [found, largest] = [unitwiseNorm(u, axis), times(maximum(unitwiseNorm(p, axis), eps), clipping)];
      return where(found.lt(largest), u, asLike(summed(u).mul(largest.div(maximum(found, 1e-6))), u));
    };
    return [tree.map(clipped, updates, needParams('adaptiveGradClip', params)), state];
  },
});

/**
 * The sum over examples of their gradients, each clipped to a global norm: what differentially private training adds noise to.
 * Abadi et al.: Deep Learning with Differential Privacy (CCS 2016); as `optax.per_example_global_norm_clip`.
 *
 * @param grads a tree of gradients with the examples along axis 0, as `vmap(grad(loss), [null, 0, 0])` gives.
 * @returns the sum, and how many were clipped (`i32[]`).
 * @throws ArgumentError when the leaves do not have the same number of examples.
 * @example
 * const [total, clipped] = perExampleGlobalNormClip(vmap(grad(loss), [null, 0])(params, examples), 1);
 */
export function perExampleGlobalNormClip<P>(grads: P, l2NormClip: Scalar): [sum: P, numClipped: NDArray] {
  const [first, ...rest] = tree.leaves(grads) as readonly NDArray[];
  const n = first?.shape[0];
  if (first === undefined || n === undefined || rest.some((g) => g.shape[0] !== n)) {
    const got = (tree.leaves(grads) as readonly NDArray[]).map((g) => showAval(g.aval)).join(', ');
    throw new ArgumentError(
      `[optim.perExampleGlobalNormClip] needs gradients with as many examples along axis 0 of every leaf, got ${got}: ` +
        'take the gradient of each example with vmap(grad(loss), [null, 0])',
    );
  }
  const norms = sqrt([first, ...rest].map((g) => squaresPerExample(g)).reduce((a, b) => a.add(b)));
  const factors = nanToNum(minimum(norms.pow(-1).mul(l2NormClip), 1), { nan: 1 });
  const sum = tree.map((g: NDArray) => asLike(summed(g).mul(alongFirst(factors, g)).sum(0), g), grads);
  return [sum, factors.lt(1).sum()];
}

const squaresPerExample = (g: NDArray): NDArray => {
  const w = summed(g);
  return w.mul(w).sum(range(g.ndim).slice(1));
};

/** A vector with axes of extent 1 behind it, as many as `g` has. */
const alongFirst = (x: NDArray, g: NDArray): NDArray => x.reshape([x.shape[0] ?? 0, ...range(g.ndim - 1).map(() => 1)]);
