import { abs, exp, like, log, neg } from '../../lax/elementwise.ts';
import { select } from '../../lax/select.ts';
import { logaddexp, maximum, minimum, sqrt, where as whereOf } from '../../numpy/elementwise.ts';
import type { ArrayLike, Axis, NDArray } from '../../trace/value.ts';
import type { LossOptions } from './operands.ts';
import { floats, pair } from './operands.ts';

/** Losses of numbers, not reduced: one value an element. Names, arguments and defaults are those of optax, where it has them. */

/** The errors of predictions; without targets the predictions are errors already. */
function errorsOf(what: string, predictions: ArrayLike, targets: ArrayLike | undefined): NDArray {
  if (targets === undefined) return floats(predictions);
  const [p, t] = pair(what, predictions, targets);
  return p.sub(t);
}

/**
 * The squared error `(predictions − targets)²` of each element; without targets, `predictions²`.
 *
 * predictions, targets: `f[...]` of one shape · loss: `f[...]`. As `optax.squared_error`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * const meanSquaredError = nn.squaredError(predictions, targets).mean();
 */
export function squaredError(predictions: ArrayLike, targets?: ArrayLike): NDArray {
  const errors = errorsOf('squaredError', predictions, targets);
  return errors.mul(errors);
}

/**
 * Half the squared error, `½ (predictions − targets)²`, whose gradient is the error. Shapes as {@link squaredError}. As
 * `optax.l2_loss`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.l2Loss(np.array([2]), np.array([0])); // [2]
 */
export function l2Loss(predictions: ArrayLike, targets?: ArrayLike): NDArray {
  const errors = errorsOf('l2Loss', predictions, targets);
  return errors.mul(errors).mul(0.5);
}

/**
 * The absolute error `|predictions − targets|`, with gradient 0 at 0. Shapes as {@link squaredError}. As
 * `torch.nn.functional.l1_loss` without reduction.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.absoluteError(np.array([2]), np.array([5])); // [3]
 */
export const absoluteError = (predictions: ArrayLike, targets?: ArrayLike): NDArray =>
  abs(errorsOf('absoluteError', predictions, targets));

/** Options of {@link huberLoss}. */
export interface HuberOptions {
  /** Where the square becomes a line; default 1. */
  readonly delta?: number;
}

/**
 * A square near zero and a line beyond: with e = |predictions − targets|, `½ e²` up to delta, then
 * `delta · (e − ½ delta)`. Shapes as {@link squaredError}. As `optax.huber_loss`. Huber, 1964.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.huberLoss(np.array([0.5, 3]), np.array([0, 0])); // [0.125, 2.5]
 */
export function huberLoss(predictions: ArrayLike, targets?: ArrayLike, { delta = 1 }: HuberOptions = {}): NDArray {
  const errors = abs(errorsOf('huberLoss', predictions, targets));
  const quadratic = minimum(errors, delta);
  return quadratic.mul(quadratic).mul(0.5).add(errors.sub(quadratic).mul(delta));
}

/**
 * `log cosh(predictions − targets)`: nearly half the square near zero, the absolute error less log 2 far off, without
 * overflow. Shapes as {@link squaredError}. As `optax.log_cosh`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.logCosh(np.array([0.01, 100]), np.array([0, 0])); // [0.00005, 99.306854]
 */
export function logCosh(predictions: ArrayLike, targets?: ArrayLike): NDArray {
  const errors = errorsOf('logCosh', predictions, targets);
  return logaddexp(errors, neg(errors)).sub(Math.LN2);
}

/** Options of {@link cosineSimilarity} and {@link cosineDistance}. */
export interface CosineOptions extends LossOptions {
  /** The least squared length that is divided by; default 0. With it, a vector of zeros has similarity 0 rather than NaN. */
  readonly epsilon?: number;
  /** Along which the vectors are; default the last. */
  readonly axis?: Axis;
}

/**
 * The cosine of the angle between vectors: `⟨p, t⟩ / (‖p‖ ‖t‖)`, where each squared length is at least epsilon.
 *
 * predictions, targets: `f[..., d]` · similarity: `f[...]`, in [−1, 1]. As `optax.cosine_similarity`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.cosineSimilarity(np.array([1, 0]), np.array([0, 2])); // 0
 */
export function cosineSimilarity(predictions: ArrayLike, targets: ArrayLike, options: CosineOptions = {}): NDArray {
  const [p, t] = pair('cosineSimilarity', predictions, targets);
  const { epsilon = 0, axis = -1, where } = options;
  const counted = (x: NDArray): NDArray => (where === undefined ? x : whereOf(where, x, 0));
  const unit = (x: NDArray): NDArray => {
    const own = counted(x);
    return own.div(sqrt(maximum(own.mul(own).sum(axis, { keepdims: true }), epsilon)));
  };
  return unit(p).mul(unit(t)).sum(axis);
}

/**
 * `1 − cosineSimilarity`. As `optax.cosine_distance`.
 *
 * @example
 * nn.cosineDistance(np.array([[1, 0], [3, 4]]), np.array([[0, 2], [6, 8]])); // [1, 0]
 */
export const cosineDistance = (predictions: ArrayLike, targets: ArrayLike, options: CosineOptions = {}): NDArray =>
  cosineSimilarity(predictions, targets, options).neg().add(1);

/** Options of {@link gaussianNll}. */
export interface GaussianNllOptions {
  /** Add the constant `½ log 2π`? Default false. */
  readonly full?: boolean;
  /** The least variance; default 1e-6. */
  readonly eps?: number;
}

/**
 * The negative logarithm of the normal density: `½ (log v + (targets − predictions)² / v)`, where v is the variance, at
 * least eps. Where the variance is cut off, it gets no gradient (PyTorch passes it on, as if it were not cut).
 *
 * predictions, targets, variance: `f[...]` of one shape · loss: `f[...]`. Values are those of
 * `torch.nn.functional.gaussian_nll_loss` without reduction. Nix, Weigend, 1994.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.gaussianNll(np.array([1, 1]), np.array([1, 3]), np.array([1, 4])); // [0, 1.193147]
 */
export function gaussianNll(
  predictions: ArrayLike,
  targets: ArrayLike,
  variance: ArrayLike,
  { full = false, eps = 1e-6 }: GaussianNllOptions = {},
): NDArray {
  const [p, t] = pair('gaussianNll', predictions, targets);
  const [, given] = pair('gaussianNll', p, variance);
  const v = maximum(given, eps);
  const errors = t.sub(p);
  const loss = log(v).add(errors.mul(errors).div(v)).mul(0.5);
  return full ? loss.add(0.5 * Math.log(2 * Math.PI)) : loss;
}

/** Options of {@link poissonNll}. */
export interface PoissonNllOptions {
  /** Are predictions logarithms of rates? Default true. */
  readonly logInput?: boolean;
  /** Add Stirling's approximation of log targets!, where targets are above 1? Default false. */
  readonly full?: boolean;
  /** Added to a rate before its logarithm; default 1e-8. */
  readonly eps?: number;
}

/**
 * The negative logarithm of the Poisson probability of counts, without the term of the targets alone:
 * `exp(predictions) − targets · predictions`, or `predictions − targets · log(predictions + eps)` of rates.
 *
 * predictions, targets: `f[...]` · loss: `f[...]`. As `torch.nn.functional.poisson_nll_loss` without reduction.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.poissonNll(np.array([0, Math.log(3)]), np.array([1, 3])); // [1, -0.295837]
 */
export function poissonNll(predictions: ArrayLike, targets: ArrayLike, options: PoissonNllOptions = {}): NDArray {
  const { logInput = true, full = false, eps = 1e-8 } = options;
  const [p, t] = pair('poissonNll', predictions, targets);
  const loss = logInput ? exp(p).sub(t.mul(p)) : p.sub(t.mul(log(p.add(eps))));
  if (!full) return loss;
  const many = t.gt(1);
  // The branch that is not taken must be finite, or its gradient would be NaN.
  const n = select(many, t, like(t, 2));
  const stirling = n.mul(log(n)).sub(n).add(log(n.mul(2 * Math.PI)).mul(0.5)); // prettier-ignore
  return loss.add(select(many, stirling, like(t, 0)));
}
