import { rsqrt } from '../lax/elementwise.ts';
import { sqrt, where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { scaleByLearningRate } from './basic.ts';
import { moment, squareMoment, unbias } from './moments.ts';
import { castLike, filledLike, zerosLike } from './trees.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { increment, plus, zeroCount } from './scalars.ts';
import { trace } from './sgd.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';

/** Optimizers that divide by the root of a mean or sum of squared gradients: RMSProp, Adagrad, Adadelta. */

/** The numbers of {@link scaleByRms} and {@link scaleByStddev}. */
export interface RmsOptions {
  /** Decay of the mean of squared gradients; default 0.9. */
  readonly decay?: Scalar;
  /** Keeps the divisor from zero; default 1e-8. */
  readonly eps?: Scalar;
  /** What the mean of squared gradients begins with; default 0. */
  readonly initialScale?: Scalar;
  /** Adds `eps` under the root, not to it; default true. */
  readonly epsInSqrt?: boolean;
  /** Frees the means of the bias of having started at zero; default false. */
  readonly biasCorrection?: boolean;
}

/** What {@link scaleByRms} remembers; `count` only with bias correction. */
export type RmsState = { readonly nu: unknown; readonly count?: NDArray };

/** What {@link scaleByStddev} remembers; `count` only with bias correction. */
export type StddevState = RmsState & { readonly mu: unknown };

/** `g / √(v + eps)`, or `g / (√v + eps)`. */
const overRms = (g: NDArray, v: NDArray, eps: Scalar, epsInSqrt: boolean): NDArray =>
  epsInSqrt ? rsqrt(plus(v, eps)).mul(g) : plus(sqrt(v), eps).pow(-1).mul(g);

/** The count after this step, and the means freed of their bias, if they are to be. */
function corrected<P>(
  means: P,
  decay: Scalar,
  count: NDArray | undefined,
): { readonly fair: P; readonly counted: { readonly count?: NDArray } } {
  if (count === undefined) return { fair: means, counted: {} };
  const next = increment(count);
  return { fair: unbias(means, decay, next), counted: { count: next } };
}

/**
 * Divides updates by the root of the decaying mean of their squares: `g / √(ν + eps)`. Hinton: Coursera lecture 6e (2012); as
 * `optax.scale_by_rms`.
 *
 * @example
 * const rescale = scaleByRms();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [3.162278, -3.162278]
 */
export function scaleByRms(options: RmsOptions = {}): GradientTransformation<RmsState> {
  const { decay = 0.9, eps = 1e-8, initialScale = 0, epsInSqrt = true, biasCorrection = false } = options;
  return {
    init: (params) => ({ nu: filledLike(params, initialScale), ...(biasCorrection ? { count: zeroCount() } : {}) }),
    update(updates, state) {
      const nu = squareMoment(updates, state.nu, decay);
      const { fair, counted } = corrected(nu, decay, state.count);
      const scaled = tree.map((g: NDArray, v: NDArray) => overRms(g, v, eps, epsInSqrt), updates, fair);
      return [scaled, { nu: castLike(nu, state.nu), ...counted }];
    },
  };
}

/**
 * As {@link scaleByRms} with the variance in place of the mean square: `g / √(ν − μ² + eps)`. Graves: Generating Sequences With
 * Recurrent Neural Networks (2013); as `optax.scale_by_stddev`.
 *
 * @example
 * const rescale = scaleByStddev();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [3.333333, -3.333333]
 */
export function scaleByStddev(options: RmsOptions = {}): GradientTransformation<StddevState> {
  const { decay = 0.9, eps = 1e-8, initialScale = 0, epsInSqrt = true, biasCorrection = false } = options;
  return {
    init: (params) => ({
      mu: zerosLike(params),
      nu: filledLike(params, initialScale),
      ...(biasCorrection ? { count: zeroCount() } : {}),
    }),
    update(updates, state) {
      const means = { mu: moment(updates, state.mu, decay), nu: squareMoment(updates, state.nu, decay) };
      const { fair, counted } = corrected(means, decay, state.count);
      const scaled = tree.map(
        (g: NDArray, m: NDArray, v: NDArray) => overRms(g, v.sub(m.mul(m)), eps, epsInSqrt),
        updates,
        fair.mu,
        fair.nu,
      );
      return [scaled, { mu: castLike(means.mu, state.mu), nu: castLike(means.nu, state.nu), ...counted }];
    },
  };
}

/** The numbers of {@link rmsprop}. */
export interface RmspropOptions extends RmsOptions {
  /** Divides by the standard deviation of gradients; default false. */
  readonly centered?: boolean;
  /** Decay of the sum of earlier steps; default: no such sum. */
  readonly momentum?: Scalar;
  /** Nesterov's form of the momentum; default false. */
  readonly nesterov?: boolean;
}

/**
 * RMSProp: {@link scaleByRms} (or {@link scaleByStddev} with `centered`), a step down, and momentum of the steps if asked for.
 * As `optax.rmsprop`.
 *
 * @example
 * rmsprop(1e-3, { decay: 0.99, momentum: 0.9 });
 */
export function rmsprop(learningRate: ScalarOrSchedule, options: RmspropOptions = {}): Chain {
  const { centered = false, momentum, nesterov = false, ...rms } = options;
  return chain(
    centered ? scaleByStddev(rms) : scaleByRms(rms),
    scaleByLearningRate(learningRate),
    ...(momentum === undefined ? [] : [trace(momentum, { nesterov })]),
  );
}

/** The numbers of {@link adagrad}. */
export interface AdagradOptions {
  /** What the sums of squares begin with; default 0.1. */
  readonly initialAccumulatorValue?: Scalar;
  /** Added under the root; default 1e-7. */
  readonly eps?: Scalar;
}

/** What {@link scaleByRss} remembers. */
export type RssState = { readonly sumOfSquares: unknown };

/**
 * Divides updates by the root of the sum of all their squares so far. Duchi et al.: Adaptive Subgradient Methods (JMLR 2011); as
 * `optax.scale_by_rss`.
 *
 * @example
 * const rescale = scaleByRss();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [0.98773, -0.845154]
 */
export const scaleByRss = ({
  initialAccumulatorValue = 0.1,
  eps = 1e-7,
}: AdagradOptions = {}): GradientTransformation<RssState> => ({
  init: (params) => ({ sumOfSquares: filledLike(params, initialAccumulatorValue) }),
  update(updates, state) {
    const sums = tree.map((g: NDArray, s: NDArray) => g.mul(g).add(s), updates, state.sumOfSquares);
    const scaled = tree.map((g: NDArray, s: NDArray) => where(s.gt(0), rsqrt(plus(s, eps)), 0).mul(g), updates, sums);
    return [scaled, { sumOfSquares: castLike(sums, state.sumOfSquares) }];
  },
});

/**
 * Adagrad: {@link scaleByRss}, then a step down. As `optax.adagrad`.
 *
 * @example
 * adagrad(0.1);
 */
export const adagrad = (learningRate: ScalarOrSchedule, options: AdagradOptions = {}): Chain =>
  chain(scaleByRss(options), scaleByLearningRate(learningRate));
