import type { DType } from '../kernel/dtype.ts';
import { maximum, sqrt } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { scaleByLearningRate } from './basic.ts';
import type { Mask } from './masking.ts';
import { moment, squareMoment, unbias, unbiased } from './moments.ts';
import { castLike, zerosLike } from './trees.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { increment, oneMinus, plus, times, zeroCount } from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** The numbers of {@link scaleByAdam}. */
export interface AdamOptions {
  /** Decay of the mean of gradients; default 0.9. */
  readonly b1?: Scalar;
  /** Decay of the mean of squared gradients; default 0.999. */
  readonly b2?: Scalar;
  /** Added to the root; default 1e-8. */
  readonly eps?: Scalar;
  /** Added under the root; default 0. */
  readonly epsRoot?: Scalar;
  /** The dtype in which the mean of gradients is kept; default that of each parameter. */
  readonly muDtype?: DType;
  /** Looks one step ahead, as Nesterov does; default false. */
  readonly nesterov?: boolean;
}

/** What {@link scaleByAdam} remembers. `mu` and `nu` have the structure of the parameters. */
export type AdamState = {
  /** `i32[]`: the steps taken. */
  readonly count: NDArray;
  /** The mean of gradients. */
  readonly mu: unknown;
  /** The mean of squared gradients. */
  readonly nu: unknown;
};

/** `m / (√(v + epsRoot) + eps)`; a number that is 0 costs nothing. */
export const overRoot = (m: NDArray, v: NDArray, eps: Scalar, epsRoot: Scalar): NDArray =>
  m.div(plus(sqrt(epsRoot === 0 ? v : plus(v, epsRoot)), eps));

/** The mean of gradients without its bias, at step `count`; with `nesterov`, as it will be at the next step. */
export function firstMoment<P>(updates: P, mu: unknown, b1: Scalar, count: NDArray, nesterov: boolean): P {
  if (!nesterov) return unbias(mu, b1, count) as P;
  const ahead = increment(count);
  const look = (g: NDArray, m: NDArray): NDArray =>
    times(unbiased(m, b1, ahead), b1).add(times(unbiased(g, b1, count), oneMinus(b1)));
  return tree.map(look, updates, mu);
}

/**
 * Rescales updates as Adam does:
 *
 *     μ ← b1·μ + (1 − b1)·g        ν ← b2·ν + (1 − b2)·g²
 *     u = μ/(1 − b1ᵗ) / (√(ν/(1 − b2ᵗ) + epsRoot) + eps)
 *
 * with t from 1. With `nesterov`, b1·μ/(1 − b1ᵗ⁺¹) + (1 − b1)·g/(1 − b1ᵗ) stands above the line (Dozat 2016). Kingma, Ba:
 * Adam: A Method for Stochastic Optimization (ICLR 2015); as `optax.scale_by_adam`.
 *
 * @example
 * const rescale = scaleByAdam();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [1, -1]
 */
export function scaleByAdam(options: AdamOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, muDtype, nesterov = false } = options;
  return {
    init: (params) => ({ count: zeroCount(), mu: zerosLike(params, muDtype), nu: zerosLike(params) }),
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, b1);
      const nu = squareMoment(updates, state.nu, b2);
      const rescale = (m: NDArray, v: NDArray): NDArray => overRoot(m, unbiased(v, b2, count), eps, epsRoot);
      const rescaled = tree.map(rescale, firstMoment(updates, mu, b1, count, nesterov), nu);
      return [rescaled, { count, mu: castLike(mu, state.mu), nu: castLike(nu, state.nu) }];
    },
  };
}

/**
 * Adam: {@link scaleByAdam}, then a step down of `learningRate`. As `optax.adam`.
 *
 * @param learningRate a number, a scalar array, or a schedule of the count of steps.
 * @example
 * const optimizer = adam(1e-3);
 * let state = optimizer.init(params);
 * const [updates, next] = optimizer.update(gradients, state, params);
 */
export const adam = (learningRate: ScalarOrSchedule, options: AdamOptions = {}): Chain =>
  chain(scaleByAdam(options), scaleByLearningRate(learningRate));

/**
 * Adam with Nesterov's momentum. Dozat: Incorporating Nesterov Momentum into Adam (2016); as `optax.nadam`.
 *
 * @example
 * nadam(1e-3);
 */
export const nadam = (learningRate: ScalarOrSchedule, options: Omit<AdamOptions, 'nesterov'> = {}): Chain =>
  adam(learningRate, { ...options, nesterov: true });

/** Adam with decoupled decay of the parameters towards zero. */
export interface AdamWOptions extends AdamOptions {
  /** Default 1e-4. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which parameters decay; default all. */
  readonly mask?: Mask;
}

/**
 * Adam with the decay of weights apart from the gradients: {@link scaleByAdam}, plus `weightDecay · p`, then a step down.
 * Loshchilov, Hutter: Decoupled Weight Decay Regularization (ICLR 2019); as `optax.adamw`.
 *
 * @example
 * adamw(1e-3, { weightDecay: 0.01, mask: (params) => tree.map((p: NDArray) => p.ndim > 1, params) });
 */
export const adamw = (
  learningRate: ScalarOrSchedule,
  { weightDecay = 1e-4, mask, ...options }: AdamWOptions = {},
): Chain => chain(scaleByAdam(options), addDecayedWeights(weightDecay, { mask }), scaleByLearningRate(learningRate));

/**
 * {@link adamw} with Nesterov's momentum. As `optax.nadamw`.
 *
 * @example
 * const [optimizer, p] = [nadamw(0.01, { weightDecay: 0.1 }), np.array([10, 20])];
 * optimizer.update(np.array([2, -0.5]), optimizer.init(p), p)[0]; // [-0.024737, -0.005263]
 */
export const nadamw = (learningRate: ScalarOrSchedule, options: Omit<AdamWOptions, 'nesterov'> = {}): Chain =>
  adamw(learningRate, { ...options, nesterov: true });

/** The numbers of {@link scaleByAmsgrad}. */
export interface AmsgradOptions extends Omit<AdamOptions, 'nesterov'> {
  /** Frees the mean of gradients of its bias; default true. */
  readonly biasCorrectionMu?: boolean;
  /** Frees the mean of squared gradients of its bias, before the largest is taken; default true. */
  readonly biasCorrectionNu?: boolean;
}

/** What {@link scaleByAmsgrad} remembers. */
export type AmsgradState = AdamState & { readonly nuMax: unknown };

/**
 * As {@link scaleByAdam}, but divides by the root of the largest mean of squared gradients that there was. Reddi et al.: On
 * the Convergence of Adam and Beyond (ICLR 2018); as `optax.scale_by_amsgrad`.
 *
 * @example
 * const rescale = scaleByAmsgrad({ b1: 0, b2: 0 });
 * const [, state] = rescale.update(np.array([4]), rescale.init(np.zeros([1])));
 * rescale.update(np.array([2]), state)[0]; // [0.5]
 */
export function scaleByAmsgrad(options: AmsgradOptions = {}): GradientTransformation<AmsgradState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, muDtype } = options;
  const { biasCorrectionMu = true, biasCorrectionNu = true } = options;
  return {
    init: (params) => ({
      count: zeroCount(),
      mu: zerosLike(params, muDtype),
      nu: zerosLike(params),
      nuMax: zerosLike(params),
    }),
    update(updates, state) {
      const count = increment(state.count);
      const mu = moment(updates, state.mu, b1);
      const nu = squareMoment(updates, state.nu, b2);
      const first = biasCorrectionMu ? unbias(mu, b1, count) : mu;
      const second = biasCorrectionNu ? unbias(nu, b2, count) : nu;
      const nuMax = castLike(tree.map(maximum, second, state.nuMax), state.nuMax);
      const rescaled = tree.map((m: NDArray, v: NDArray) => overRoot(m, v, eps, epsRoot), first, nuMax);
      return [rescaled, { count, mu: castLike(mu, state.mu), nu: castLike(nu, state.nu), nuMax }];
    },
  };
}

/**
 * {@link scaleByAmsgrad}, then a step down. As `optax.amsgrad`.
 *
 * @example
 * const optimizer = amsgrad(0.01);
 * optimizer.update(np.array([2, -0.5]), optimizer.init(np.zeros([2])))[0]; // [-0.01, 0.01]
 */
export const amsgrad = (learningRate: ScalarOrSchedule, options: AmsgradOptions = {}): Chain =>
  chain(scaleByAmsgrad(options), scaleByLearningRate(learningRate));
