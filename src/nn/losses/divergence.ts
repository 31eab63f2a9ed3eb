import { exp, like, log } from '../../lax/elementwise.ts';
import { select } from '../../lax/select.ts';
import type { ArrayLike, Axis, NDArray } from '../../trace/value.ts';
import type { LossOptions } from './operands.ts';
import { pair, sumOf } from './operands.ts';

/** How far one distribution is from another one. Names, arguments and defaults are those of optax. */

/**
 * The Kullback-Leibler divergence from predictions to targets, of distributions along `axis` (default the last):
 *
 *     loss = Σ targets · (log targets − logPredictions)
 *
 * where a target of 0 adds nothing. logPredictions: `f[..., d]` logarithms of probabilities · targets: `f[..., d]`
 * probabilities · loss: `f[...]`. As `optax.kl_divergence`. Kullback, Leibler, 1951.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * const loss = nn.klDivergence(nn.logSoftmax(student), nn.softmax(teacher)).mean();
 */
export function klDivergence(
  logPredictions: ArrayLike,
  targets: ArrayLike,
  axis: Axis = -1,
  options: LossOptions = {},
): NDArray {
  const [p, t] = pair('klDivergence', logPredictions, targets);
  const none = t.eq(0);
  // The logarithm of 0 is not taken, so that the gradient there is finite.
  const logTargets = log(select(none, like(t, 1), t));
  return sumOf(t.mul(logTargets.sub(p)), axis, options);
}

/**
 * {@link klDivergence} with targets that are logarithms too: `Σ exp(logTargets) · (logTargets − logPredictions)`. As
 * `optax.kl_divergence_with_log_targets`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.klDivergenceWithLogTargets(np.log([0.5, 0.5]), np.log([0.9, 0.1])); // 0.368064
 */
export function klDivergenceWithLogTargets(
  logPredictions: ArrayLike,
  logTargets: ArrayLike,
  axis: Axis = -1,
  options: LossOptions = {},
): NDArray {
  const [p, t] = pair('klDivergenceWithLogTargets', logPredictions, logTargets);
  return sumOf(exp(t).mul(t.sub(p)), axis, options);
}

/**
 * The divergence of positive numbers that need not add up to 1: {@link klDivergence} plus
 * `Σ (exp(logPredictions) − targets)`. It is convex in both together, and never negative. As
 * `optax.generalized_kl_divergence`, which was `convex_kl_divergence`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.convexKlDivergence(np.log([2, 2]), np.array([1, 2])); // 0.306853
 */
export function convexKlDivergence(
  logPredictions: ArrayLike,
  targets: ArrayLike,
  axis: Axis = -1,
  options: LossOptions = {},
): NDArray {
  const [p, t] = pair('convexKlDivergence', logPredictions, targets);
  return klDivergence(p, t, axis, options).add(sumOf(exp(p).sub(t), axis, options));
}
