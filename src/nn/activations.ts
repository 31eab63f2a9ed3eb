import type { DType } from '../kernel/dtype.ts';
import { isFloat, isInteger } from '../kernel/dtype.ts';
import { abs, erf, exp, expm1, like, log, log1p, logistic, neg, sqrt, tanh as tanhOf } from '../lax/elementwise.ts';
import { asPositions, convertElementType } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { select } from '../lax/select.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import { broadcastInDim, zerosOf } from '../lax/structural.ts'; // prettier-ignore
import { maximum, minimum, where } from '../numpy/elementwise.ts';
import { axesOf, logsumexp } from '../numpy/reduce.ts';
import { split } from '../numpy/shape.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import { staticNumber } from '../trace/static.ts';
import type { ArrayLike, Axis, NDArray, ReduceOptions } from '../trace/value.ts';
import { product, range } from '../util/array.ts';

/** Activation functions: elementwise unless they name an axis. Formulas and names are those of `jax.nn`. */

/** An array of floats: integers and bools become f32. */
const floats = (x: ArrayLike): NDArray => {
  const a = asArray(x);
  return isFloat(a.dtype) ? a : convertElementType(a, 'f32');
};

/**
 * `max(x, 0)`, with gradient 0 at 0, as in JAX. NaN stays NaN.
 *
 * @example
 * nn.relu(np.array([-1, 2])); // [0, 2]
 */
export const relu = (x: NDArray): NDArray => select(x.le(0), zerosOf(x.aval), x);

/**
 * `min(max(x, 0), 6)`, with gradient 0 at both ends.
 *
 * @example
 * nn.relu6(np.array([-1, 2, 9])); // [0, 2, 6]
 */
export const relu6 = (x: NDArray): NDArray => select(x.ge(6), like(x, 6), relu(x));

/**
 * `max(x, 0)²`. So et al., 2021 (Primer).
 *
 * @example
 * nn.relu2(np.array([-1, 3])); // [0, 9]
 */
export const relu2 = (x: NDArray): NDArray => {
  const positive = relu(x);
  return positive.mul(positive);
};

/**
 * `1 / (1 + exp(−x))`; its gradient stays finite in both tails.
 *
 * @example
 * nn.sigmoid(np.array(0)); // 0.5
 */
export const sigmoid = (x: ArrayLike): NDArray => logistic(floats(x));

/**
 * `x · sigmoid(x)`.
 *
 * @example
 * nn.silu(np.array(0)); // 0
 */
export const silu = (x: ArrayLike): NDArray => floats(x).mul(sigmoid(x));
/**
 * As {@link silu}.
 *
 * @example
 * nn.swish(np.array([0, 1, -20])); // [0, 0.731059, 0]
 */
export const swish: (x: ArrayLike) => NDArray = silu;

/**
 * `log(1 + exp(x))`, without overflow: `max(x, 0) + log1p(exp(−|x|))`.
 *
 * @example
 * nn.softplus(np.array(0)); // 0.6931472
 */
export function softplus(x: ArrayLike): NDArray {
  const a = floats(x);
  // At 0, |x| has slope 1 here, so x must be taken whole there: then the gradient is sigmoid(x) everywhere.
  return select(a.ge(0), a, zerosOf(a.aval)).add(log1p(exp(neg(abs(a)))));
}

/**
 * `log sigmoid(x) = −softplus(−x)`.
 *
 * @example
 * nn.logSigmoid(np.array([0, -1000])); // [-0.693147, -1000]
 */
export const logSigmoid = (x: ArrayLike): NDArray => neg(softplus(neg(floats(x))));

/**
 * Hyperbolic tangent.
 *
 * @example
 * nn.tanh(np.array([0, 1, 20])); // [0, 0.761594, 1]
 */
export const tanh = (x: ArrayLike): NDArray => tanhOf(floats(x));

/**
 * `x` itself.
 *
 * @example
 * nn.identity(np.array([-1, 2])); // [-1, 2]
 */
export const identity = (x: ArrayLike): NDArray => asArray(x);

/**
 * `x` where positive, else `alpha · (exp(x) − 1)`.
 *
 * @example
 * nn.elu(np.array([0, 2])); // [0, 2]
 */
export function elu(x: ArrayLike, alpha = 1): NDArray {
  const a = floats(x);
  const positive = a.gt(0);
  // The branch that is not taken must not overflow, or its gradient would be NaN.
  return select(positive, a, expm1(select(positive, zerosOf(a.aval), a)).mul(alpha));
}

/**
 * `scale · elu(x, alpha)` with the constants that keep mean and variance. Klambauer et al., 2017.
 *
 * @example
 * nn.selu(np.array([-1, 0, 1])); // [-1.111331, 0, 1.050701]
 */
export const selu = (x: ArrayLike): NDArray => elu(x, 1.6732632423543772).mul(1.0507009873554805);

/**
 * `max(x, 0) + min(alpha · (exp(x / alpha) − 1), 0)`, continuously differentiable. Barron, 2017.
 *
 * @example
 * nn.celu(np.array([-2, 2]), 2); // [-1.264241, 2]
 */
export function celu(x: ArrayLike, alpha = 1): NDArray {
  const a = floats(x);
  return maximum(a, 0).add(expm1(minimum(a, 0).div(alpha)).mul(alpha));
}

/**
 * `x` where it is not negative, else `negativeSlope · x`.
 *
 * @example
 * nn.leakyRelu(np.array([-1, 2]), 0.1); // [-0.1, 2]
 */
export function leakyRelu(x: ArrayLike, negativeSlope = 0.01): NDArray {
  const a = floats(x);
  return select(a.ge(0), a, a.mul(negativeSlope));
}

/**
 * {@link leakyRelu} with slopes that are learned: `x` where it is not negative, else `slope · x`. The slopes broadcast to x, as
 * one for each channel on the last axis does. He et al., 2015.
 *
 * @example
 * nn.prelu(np.array([[-1, -1], [2, 3]]), np.array([0.5, 0.1])); // [[-0.5, -0.1], [2, 3]]
 */
export function prelu(x: ArrayLike, slope: ArrayLike): NDArray {
  const a = floats(x);
  return where(a.ge(0), a, a.mul(slope));
}

/**
 * `log(1 − exp(−x))` for x ≥ 0, without cancellation: by `expm1` below log 2, by `log1p` above. Mächler, 2012.
 *
 * @example
 * nn.log1mexp(np.array([1e-6, 50])); // [-13.815511, 0]
 */
export function log1mexp(x: ArrayLike): NDArray {
  const a = floats(x);
  const near = a.lt(Math.LN2);
  // Each branch is finite where it is not taken, or its gradient would be NaN.
  const below = log(neg(expm1(neg(select(near, a, like(a, 0.5))))));
  return select(near, below, log1p(neg(exp(neg(select(near, like(a, 1), a))))));
}

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** The tanh approximation (default, as in JAX), or the error function itself. */
  readonly approximate?: boolean;
}

/**
 * `x · Φ(x)`, with the normal distribution function Φ. Hendrycks, Gimpel, 2016.
 *
 * @example
 * nn.gelu(np.array([0, 100])); // [0, 100]
 */
export function gelu(x: ArrayLike, { approximate = true }: GeluOptions = {}): NDArray {
  const a = floats(x);
  if (!approximate) return a.mul(0.5).mul(erf(a.mul(Math.SQRT1_2)).add(1));
  const inner = a.add(a.pow(3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return a.mul(tanhOf(inner).add(1).mul(0.5));
}

/**
 * The first half along `axis`, times the sigmoid of the second half. Dauphin et al., 2017.
 *
 * @throws ShapeMismatchError when the axis can not be halved.
 * @example
 * nn.glu(np.array([3, 5, 0, 100])); // [1.5, 5]
 */
export function glu(x: ArrayLike, axis = -1): NDArray {
  const a = floats(x);
  const [value, gate] = split(a, 2, axis) as readonly [NDArray, NDArray];
  return value.mul(sigmoid(gate));
}

/**
 * `x · tanh(softplus(x))`. Misra, 2019.
 *
 * @example
 * nn.mish(np.array([-1, 0, 1])); // [-0.303401, 0, 0.865098]
 */
export const mish = (x: ArrayLike): NDArray => floats(x).mul(tanhOf(softplus(x)));

/**
 * `x` cut to [−1, 1], with gradient 0 beyond.
 *
 * @example
 * nn.hardTanh(np.array([-3, 0.5, 3])); // [-1, 0.5, 1]
 */
export function hardTanh(x: ArrayLike): NDArray {
  const a = floats(x);
  return select(a.gt(1), like(a, 1), select(a.lt(-1), like(a, -1), a));
}

/**
 * `relu6(x + 3) / 6`.
 *
 * @example
 * nn.hardSigmoid(np.array([-4, 0, 1, 4])); // [0, 0.5, 0.666667, 1]
 */
export const hardSigmoid = (x: ArrayLike): NDArray => relu6(floats(x).add(3)).div(6);

/**
 * `x · hardSigmoid(x)`.
 *
 * @example
 * nn.hardSilu(np.array([-4, 1, 4])); // [0, 0.666667, 4]
 */
export const hardSilu = (x: ArrayLike): NDArray => floats(x).mul(hardSigmoid(x));
/**
 * As {@link hardSilu}.
 *
 * @example
 * nn.hardSwish(np.array([-4, 1, 4])); // [0, 0.666667, 4]
 */
export const hardSwish: (x: ArrayLike) => NDArray = hardSilu;

/**
 * `x / (1 + |x|)`.
 *
 * @example
 * nn.softSign(np.array([-3, 1])); // [-0.75, 0.5]
 */
export function softSign(x: ArrayLike): NDArray {
  const a = floats(x);
  return a.div(abs(a).add(1));
}

/**
 * `(x + √(x² + b)) / 2`. Barron, 2021.
 *
 * @example
 * nn.squareplus(np.array([0, 3]), 16); // [2, 4]
 */
export function squareplus(x: ArrayLike, b = 4): NDArray {
  const a = floats(x);
  return a.add(sqrt(a.mul(a).add(b))).mul(0.5);
}

// ------------------------------------------------------------------------------------------------- along an axis

/**
 * `x − log Σ exp x` along `axis` (default the last): the logarithm of {@link softmax}, without overflow.
 *
 * @example
 * nn.logSoftmax(np.array([1, 1])); // [-0.6931472, -0.6931472]
 */
export function logSoftmax(x: ArrayLike, axis: Axis = -1): NDArray {
  const a = floats(x);
  const shifted = a.sub(largest(a, axis));
  return shifted.sub(log(exp(shifted).sum(axis, { keepdims: true })));
}

/**
 * `log mean exp x` along `axis` (default all), without overflow.
 *
 * @example
 * nn.logmeanexp(np.array([[1000, 1000], [0, 0]]), 1); // [1000, 0]
 */
export function logmeanexp(x: ArrayLike, axis?: Axis, options: ReduceOptions = {}): NDArray {
  const a = floats(x);
  const count = product(axesOf('logmeanexp', a, axis).map((i) => a.shape[i] ?? 1));
  return logsumexp(a, axis, options).sub(Math.log(count));
}

/**
 * `exp x / Σ exp x` along `axis` (default the last), without overflow.
 *
 * @example
 * nn.softmax(np.array([1, 1])); // [0.5, 0.5]
 */
export function softmax(x: ArrayLike, axis: Axis = -1): NDArray {
  const a = floats(x);
  const unnormalized = exp(a.sub(largest(a, axis)));
  return unnormalized.div(unnormalized.sum(axis, { keepdims: true }));
}

/** The maximum, which cancels in what it is subtracted from and added to, so no gradient has to go through it. */
const largest = (x: NDArray, axis: Axis): NDArray => stopGradient(x.max(axis, { keepdims: true }));

/** Options of {@link standardize}. */
export interface StandardizeOptions {
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Used instead of the mean along the axis. */
  readonly mean?: ArrayLike;
  /** Used instead of the variance along the axis. */
  readonly variance?: ArrayLike;
}

/**
 * `(x − mean) / √(variance + epsilon)` along `axis` (default the last).
 *
 * @example
 * nn.standardize(np.array([1, 3]), -1).shape; // [2]
 */
export function standardize(x: ArrayLike, axis: Axis = -1, options: StandardizeOptions = {}): NDArray {
  const a = floats(x);
  const mean = options.mean === undefined ? a.mean(axis, { keepdims: true }) : asArray(options.mean);
  const centred = a.sub(mean);
  const variance =
    options.variance === undefined ? centred.mul(centred).mean(axis, { keepdims: true }) : asArray(options.variance);
  return centred.div(sqrt(variance.add(options.epsilon ?? 1e-5)));
}

/** Options of {@link oneHot}. */
export interface OneHotOptions {
  /** Default f32. */
  readonly dtype?: DType;
  /** Where the new axis is in the result; default the last. */
  readonly axis?: number;
}

/**
 * A 1 at position x along a new axis of extent `numClasses`, zeros elsewhere; all zeros for positions outside.
 *
 * @throws ArgumentError for an axis that the result does not have.
 * @example
 * nn.oneHot(np.array([0, 2], { dtype: 'i32' }), 3); // [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(x: ArrayLike, numClasses: number, { dtype = 'f32', axis = -1 }: OneHotOptions = {}): NDArray {
  const a = asArray(x);
  const n = staticNumber(numClasses, '[oneHot] the number of classes');
  const along = axis < 0 ? axis + a.ndim + 1 : axis;
  if (!Number.isInteger(along) || along < 0 || along > a.ndim) {
    throw new ArgumentError(`[oneHot] axis ${axis} is out of range for the result of ${showAval(a.aval)}`);
  }
  const shape = [...a.shape.slice(0, along), n, ...a.shape.slice(along)];
  const others = range(shape.length).filter((i) => i !== along);
  const compared = a.dtype === 'bool' ? convertElementType(a, 'i32') : isInteger(a.dtype) ? asPositions(a) : a;
  const classes = broadcastedIota(compared.dtype, shape, along);
  return convertElementType(broadcastInDim(compared, shape, others).eq(classes), dtype);
}
