import type { DType } from '../kernel/dtype.ts';
import { sign } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { eachUpdate, scaleByLearningRate } from './basic.ts';
import { moment, unbias } from './moments.ts';
import { castLike, zerosLike } from './trees.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { increment, times, zeroCount } from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';

/** What {@link trace} remembers: a tree of the structure of the parameters. */
export type TraceState = { readonly trace: unknown };

/** Options of {@link trace}. */
export interface TraceOptions {
  /** Looks one step ahead, as Nesterov does; default false. */
  readonly nesterov?: boolean;
  /** The dtype in which the sum is kept; default that of each parameter. */
  readonly accumulatorDtype?: DType;
}

/**
 * Momentum: a decaying sum of updates,
 *
 *     t ← g + decay·t        u = t, or g + decay·t once more with `nesterov`.
 *
 * Polyak 1964; Nesterov 1983, in the form of Sutskever et al.: On the importance of initialization and momentum in deep
 * learning (ICML 2013); as `optax.trace`.
 *
 * @example
 * chain(trace(0.9), scale(-0.1)); // momentum
 */
export function trace(
  decay: Scalar,
  { nesterov = false, accumulatorDtype }: TraceOptions = {},
): GradientTransformation<TraceState> {
  const add = (g: NDArray, t: NDArray): NDArray => g.add(times(t, decay));
  return {
    init: (params) => ({ trace: zerosLike(params, accumulatorDtype) }),
    update(updates, state) {
      const next = tree.map(add, updates, state.trace);
      return [nesterov ? tree.map(add, updates, next) : next, { trace: castLike(next, state.trace) }];
    },
  };
}

/** Options of {@link sgd}. */
export interface SgdOptions extends TraceOptions {
  /** Decay of the sum of earlier updates; default: no such sum. */
  readonly momentum?: Scalar;
}

/**
 * Stochastic gradient descent: `u = −learningRate · g`, with momentum if asked for. As `optax.sgd`.
 *
 * @example
 * sgd(cosineDecaySchedule(0.1, 1000), { momentum: 0.9, nesterov: true });
 */
export const sgd = (learningRate: ScalarOrSchedule, { momentum, ...options }: SgdOptions = {}): Chain =>
  momentum === undefined
    ? chain(scaleByLearningRate(learningRate))
    : chain(trace(momentum, options), scaleByLearningRate(learningRate));

/** What {@link ema} remembers. */
export type EmaState = {
  /** `i32[]`: the steps taken. */
  readonly count: NDArray;
  /** The mean: a tree of the structure of the parameters. */
  readonly ema: unknown;
};

/** Options of {@link ema}. */
export interface EmaOptions {
  /** Frees the mean of the bias of having started at zero; default true. */
  readonly debias?: boolean;
  /** The dtype in which the mean is kept; default that of each parameter. */
  readonly accumulatorDtype?: DType;
}

/**
 * A decaying mean of updates: `m ← decay·m + (1 − decay)·g`, given as `m / (1 − decayᵗ)`, or as it is without `debias`. As
 * `optax.ema`.
 *
 * It means whatever runs through it, parameters as well: `ema(0.999).update(params, state)`.
 *
 * @example
 * chain(ema(0.9), scale(-0.1));
 */
export const ema = (
  decay: Scalar,
  { debias = true, accumulatorDtype }: EmaOptions = {},
): GradientTransformation<EmaState> => ({
  init: (params) => ({ count: zeroCount(), ema: zerosLike(params, accumulatorDtype) }),
  update(updates, state) {
    const mean = moment(updates, state.ema, decay);
    const count = increment(state.count);
    return [debias ? unbias(mean, decay, count) : mean, { count, ema: castLike(mean, state.ema) }];
  },
});

/**
 * Descent by the sign of the gradient: `u = −learningRate · sign(g)`. As `optax.sign_sgd`.
 *
 * @example
 * const optimizer = signSgd(0.1);
 * optimizer.update(np.array([2, 0, -0.5]), optimizer.init(np.zeros([3])))[0]; // [-0.1, 0, 0.1]
 */
export const signSgd = (learningRate: ScalarOrSchedule): Chain =>
  chain(eachUpdate(sign), scaleByLearningRate(learningRate));
