import { pow } from '../lax/elementwise.ts';
import { sign, sqrt, where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { AdamOptions, AdamState } from './adam.ts';
import { firstMoment, overRoot } from './adam.ts';
import { scaleByLearningRate } from './basic.ts';
import type { Mask } from './masking.ts';
import { largestMoment, moment, squareMoment, unbias } from './moments.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import {
  arrayOf,
  increment,
  inDtype,
  minus,
  oneMinus,
  plus,
  product,
  quotient,
  times,
  wide,
  zeroCount,
} from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';
import { castLike, filledLike, zerosLike } from './trees.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** Relatives of Adam, which remember the same two means. */

const zeroMeans = (params: unknown): AdamState => ({
  count: zeroCount(),
  mu: zerosLike(params),
  nu: zerosLike(params),
});

/** The state after a step, in the dtypes that it had. */
const settled = (count: NDArray, mu: unknown, nu: unknown, before: AdamState): AdamState => ({
  count,
  mu: castLike(mu, before.mu),
  nu: castLike(nu, before.nu),
});

/** The numbers of {@link radam}. */
export interface RadamOptions extends Omit<AdamOptions, 'muDtype'> {
  /** The length of the mean of squares from which it is trusted; default 5. */
  readonly threshold?: Scalar;
}

/**
 * Adam that does not divide by the root of the mean of squares before that mean is of enough of them:
 *
 *     ρ∞ = 2/(1 − b2) − 1        ρ = ρ∞ − 2·t·b2ᵗ/(1 − b2ᵗ)
 *     u = r·μ̂/(√(ν̂ + epsRoot) + eps) where ρ ≥ threshold, else μ̂
 *     r² = (ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)
 *
 * Liu et al.: On the Variance of the Adaptive Learning Rate and Beyond (ICLR 2020); as `optax.scale_by_radam`.
 *
 * @example
 * const rescale = scaleByRadam(); // whose first updates are means of gradients
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [2, -0.5]
 */
export function scaleByRadam(options: RadamOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, threshold = 5, nesterov = false } = options;
  const full = minus(quotient(2, oneMinus(b2)), 1);
  /** How many squares are in the mean, and by how much what is divided is scaled. */
  const rectified = (count: NDArray, like: NDArray): readonly [trusted: NDArray, scale: NDArray] => {
    const dtype = wide(like.dtype);
    const t = inDtype(count, dtype);
    const power = pow(arrayOf(b2, dtype), t);
    const length = t.mul(power).mul(2).div(power.neg().add(1)).neg().add(full);
    const constant = quotient(full, product(minus(full, 4), minus(full, 2)));
    const ratio = length.sub(4).mul(length.sub(2)).mul(constant).div(length);
    return [length.ge(threshold), sqrt(ratio)];
  };
  return {
    init: zeroMeans,
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, b1);
      const nu = squareMoment(updates, state.nu, b2);
      const rescaled = (m: NDArray, v: NDArray): NDArray => {
        const [trusted, scale] = rectified(count, m);
        return where(trusted, times(overRoot(m, v, eps, epsRoot), scale), m);
      };
      const means = firstMoment(updates, mu, b1, count, nesterov);
      return [tree.map(rescaled, means, unbias(nu, b2, count)), settled(count, mu, nu, state)];
    },
  };
}

/**
 * {@link scaleByRadam}, then a step down. As `optax.radam`.
 *
 * @example
 * radam(1e-3);
 */
export const radam = (learningRate: ScalarOrSchedule, options: RadamOptions = {}): Chain =>
  chain(scaleByRadam(options), scaleByLearningRate(learningRate));

/** The numbers of {@link adabelief}; `eps` and `epsRoot` are 1e-16 by default. */
export type BeliefOptions = Omit<AdamOptions, 'muDtype'>;

/**
 * Adam with the mean of squared differences of gradients from their mean in place of the mean of squares:
 * `ν ← b2·ν + (1 − b2)·(g − μ)² + epsRoot`. Zhuang et al.: AdaBelief Optimizer (NeurIPS 2020); as `optax.scale_by_belief`.
 *
 * @example
 * const rescale = scaleByBelief();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [1.111111, -1.111111]
 */
export function scaleByBelief(options: BeliefOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-16, epsRoot = 1e-16, nesterov = false } = options;
  return {
    init: zeroMeans,
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, b1);
      const surprise = tree.map((g: NDArray, m: NDArray) => g.sub(m), updates, mu);
      const nu = tree.map((v: NDArray) => plus(v, epsRoot), squareMoment(surprise, state.nu, b2));
      const means = firstMoment(updates, mu, b1, count, nesterov);
      const rescaled = tree.map((m: NDArray, v: NDArray) => overRoot(m, v, eps, 0), means, unbias(nu, b2, count));
      return [rescaled, settled(count, mu, nu, state)];
    },
  };
}

/**
 * {@link scaleByBelief}, then a step down. As `optax.adabelief`.
 *
 * @example
 * adabelief(1e-3);
 */
export const adabelief = (learningRate: ScalarOrSchedule, options: BeliefOptions = {}): Chain =>
  chain(scaleByBelief(options), scaleByLearningRate(learningRate));

/** The numbers of {@link yogi}. */
export interface YogiOptions {
  /** Decay of the mean of gradients; default 0.9. */
  readonly b1?: Scalar;
  /** How slowly the estimate of squares follows; default 0.999. */
  readonly b2?: Scalar;
  /** Added to the root; default 1e-3. */
  readonly eps?: Scalar;
}

/** The numbers of {@link scaleByYogi}. */
export interface ScaleByYogiOptions extends YogiOptions {
  /** Added under the root; default 0. */
  readonly epsRoot?: Scalar;
  /** What both means begin with; default 1e-6. */
  readonly initialAccumulatorValue?: Scalar;
}

/**
 * Adam whose estimate of squares moves by no more than a part of the newest square: `ν ← ν − (1 − b2)·sign(ν − g²)·g²`. Zaheer
 * et al.: Adaptive Methods for Nonconvex Optimization (NeurIPS 2018); as `optax.scale_by_yogi`.
 *
 * @example
 * const rescale = scaleByYogi();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [0.999373, -0.995993]
 */
export function scaleByYogi(options: ScaleByYogiOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-3, epsRoot = 0, initialAccumulatorValue = 1e-6 } = options;
  const follow = (g: NDArray, v: NDArray): NDArray => {
    const square = g.mul(g);
    return v.sub(times(sign(v.sub(square)).mul(square), oneMinus(b2)));
  };
  return {
    init: (params) => ({
      count: zeroCount(),
      mu: filledLike(params, initialAccumulatorValue),
      nu: filledLike(params, initialAccumulatorValue),
    }),
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, b1);
      const nu = tree.map(follow, updates, state.nu);
      const rescaled = tree.map(
        (m: NDArray, v: NDArray) => overRoot(m, v, eps, epsRoot),
        unbias(mu, b1, count),
        unbias(nu, b2, count),
      );
      return [rescaled, settled(count, mu, nu, state)];
    },
  };
}

/**
 * {@link scaleByYogi}, then a step down. As `optax.yogi`.
 *
 * @example
 * const optimizer = yogi(0.01);
 * optimizer.update(np.array([2, -0.5]), optimizer.init(np.zeros([2])))[0]; // [-0.009994, 0.00996]
 */
export const yogi = (learningRate: ScalarOrSchedule, options: YogiOptions = {}): Chain =>
  chain(scaleByYogi(options), scaleByLearningRate(learningRate));

/** The numbers of {@link adamax}. */
export type AdamaxOptions = Pick<AdamOptions, 'b1' | 'b2' | 'eps'>;

/**
 * Adam with the largest of decaying magnitudes in place of the root of the mean of squares: `ν ← max(|g| + eps, b2·ν)`,
 * `u = μ/(1 − b1ᵗ)/ν`. Kingma, Ba: Adam (ICLR 2015), section 7; as `optax.scale_by_adamax`.
 *
 * @example
 * const rescale = scaleByAdamax();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [1, -1]
 */
export function scaleByAdamax(options: AdamaxOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options;
  return {
    init: zeroMeans,
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, b1);
      const nu = largestMoment(updates, state.nu, b2, eps);
      const rescaled = tree.map((m: NDArray, v: NDArray) => m.div(v), unbias(mu, b1, count), nu);
      return [rescaled, settled(count, mu, nu, state)];
    },
  };
}

/**
 * {@link scaleByAdamax}, then a step down. As `optax.adamax`.
 *
 * @example
 * const optimizer = adamax(0.01);
 * optimizer.update(np.array([2, -0.5]), optimizer.init(np.zeros([2])))[0]; // [-0.01, 0.01]
 */
export const adamax = (learningRate: ScalarOrSchedule, options: AdamaxOptions = {}): Chain =>
  chain(scaleByAdamax(options), scaleByLearningRate(learningRate));

/** The numbers of {@link adamaxw}. */
export interface AdamaxwOptions extends AdamaxOptions {
  /** Default 1e-4. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which parameters decay; default all. */
  readonly mask?: Mask;
}

/**
 * {@link adamax} with decoupled decay of weights. As `optax.adamaxw`.
 *
 * @example
 * const [optimizer, p] = [adamaxw(0.01, { weightDecay: 0.1 }), np.array([10, 20])];
 * optimizer.update(np.array([2, -0.5]), optimizer.init(p), p)[0]; // [-0.02, -0.01]
 */
export const adamaxw = (
  learningRate: ScalarOrSchedule,
  { weightDecay = 1e-4, mask, ...options }: AdamaxwOptions = {},
): Chain => chain(scaleByAdamax(options), addDecayedWeights(weightDecay, { mask }), scaleByLearningRate(learningRate));
