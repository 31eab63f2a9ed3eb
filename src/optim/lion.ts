import type { DType } from '../kernel/dtype.ts';
import { sign, tanh, where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { scaleByLearningRate } from './basic.ts';
import type { Mask } from './masking.ts';
import { moment } from './moments.ts';
import { castLike, zerosLike } from './trees.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { increment, oneMinus, times, zeroCount } from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** The numbers of {@link scaleByLion}. */
export interface ScaleByLionOptions {
  /** How much of the mean is in the update; default 0.9. */
  readonly b1?: Scalar;
  /** Decay of the mean of gradients; default 0.99. */
  readonly b2?: Scalar;
  /** The dtype in which the mean is kept; default that of each parameter. */
  readonly muDtype?: DType;
  /** The sign, `tanh(smoothBeta · x)`, or `x` clipped to [−1, 1]; default `hard`. */
  readonly mode?: 'hard' | 'smooth' | 'refined';
  /** Of mode `smooth`; default 1. */
  readonly smoothBeta?: Scalar;
}

/** What {@link scaleByLion} remembers. */
export type LionState = { readonly count: NDArray; readonly mu: unknown };

/**
 * The sign of a mixture of gradient and mean: `u = sign((1 − b1)·g + b1·μ)`, then `μ ← b2·μ + (1 − b2)·g`. Chen et al.: Symbolic
 * Discovery of Optimization Algorithms (2023); as `optax.scale_by_lion`.
 *
 * @example
 * const rescale = scaleByLion();
 * rescale.update(np.array([3, 0, -0.1]), rescale.init(np.zeros([3])))[0]; // [1, 0, -1]
 */
export function scaleByLion(options: ScaleByLionOptions = {}): GradientTransformation<LionState> {
  const { b1 = 0.9, b2 = 0.99, muDtype, mode = 'hard', smoothBeta = 1 } = options;
  const bounded = {
    hard: sign,
    smooth: (x: NDArray): NDArray => tanh(times(x, smoothBeta)),
    refined: (x: NDArray): NDArray => where(x.abs().lt(1), x, sign(x)),
  }[mode];
  const mixed = (g: NDArray, m: NDArray): NDArray => bounded(times(g, oneMinus(b1)).add(times(m, b1)));
  return {
    init: (params) => ({ count: zeroCount(), mu: zerosLike(params, muDtype) }),
    update(updates, state) {
      const mu = castLike(moment(updates, state.mu, b2), state.mu);
      return [tree.map(mixed, updates, state.mu), { count: increment(state.count), mu }];
    },
  };
}

/** The numbers of {@link lion}. */
export interface LionOptions extends Omit<ScaleByLionOptions, 'mode' | 'smoothBeta'> {
  /** Default 1e-3. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which parameters decay; default all. */
  readonly mask?: Mask;
}

/**
 * Lion: {@link scaleByLion}, decay of weights, then a step down. Its steps are larger than Adam's: take a learning rate three to
 * ten times smaller. As `optax.lion`.
 *
 * @example
 * lion(1e-4, { weightDecay: 0.01 });
 */
export const lion = (
  learningRate: ScalarOrSchedule,
  { weightDecay = 1e-3, mask, ...options }: LionOptions = {},
): Chain => chain(scaleByLion(options), addDecayedWeights(weightDecay, { mask }), scaleByLearningRate(learningRate));
