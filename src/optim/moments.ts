import { pow } from '../lax/elementwise.ts';
import { maximum } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { Scalar } from './scalars.ts';
import { arrayOf, asLike, inDtype, oneMinus, plus, times, wide } from './scalars.ts';

/** Decaying means over trees, which most optimizers remember. */

/** A mean with one more value in it, each by its weight. */
const blend = (value: NDArray, mean: NDArray, decay: Scalar): NDArray =>
  times(value, oneMinus(decay)).add(times(mean, decay));

/** `(1 − decay)·g + decay·m` for each leaf. */
export const moment = <P>(updates: P, means: unknown, decay: Scalar): P =>
  tree.map((g: NDArray, m: NDArray) => blend(g, m, decay), updates, means);

/** `(1 − decay)·g² + decay·v` for each leaf. */
export const squareMoment = <P>(updates: P, means: unknown, decay: Scalar): P =>
  tree.map((g: NDArray, v: NDArray) => blend(g.mul(g), v, decay), updates, means);

/** `max(|g| + eps, decay·v)` for each leaf. */
export const largestMoment = <P>(updates: P, means: unknown, decay: Scalar, eps: Scalar): P =>
  tree.map((g: NDArray, v: NDArray) => maximum(plus(g.abs(), eps), times(v, decay)), updates, means);

/**
 * A decaying mean that started at zero, freed of that bias: `mean / (1 − decay ^ count)`. The power is taken in f32 at
 * least, as decays near 1 are 1 in f16.
 */
export function unbiased(mean: NDArray, decay: Scalar, count: NDArray): NDArray {
  const dtype = wide(mean.dtype);
  const weight = pow(arrayOf(decay, dtype), inDtype(count, dtype));
  return mean.div(asLike(weight.neg().add(1), mean));
}

/** {@link unbiased} for each leaf. */
export const unbias = <P>(means: P, decay: Scalar, count: NDArray): P =>
  tree.map((m: NDArray) => unbiased(m, decay, count), means);
