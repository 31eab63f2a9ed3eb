import { scalarOf } from '../lax/rules.ts';
import { clip, sign, sqrt, where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { scale, scaleByLearningRate } from './basic.ts';
import type { Mask } from './masking.ts';
import { squareMoment } from './moments.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { asLike, plus, times } from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain } from './transformation.ts';
import { castLike, filledLike, zerosLike } from './trees.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** Optimizers that find the size of steps from earlier steps: Adadelta, Rprop, optimistic descent. */

/** What {@link scaleByAdadelta} remembers. */
export type AdadeltaState = {
  /** The mean of squared gradients. */
  readonly eG: unknown;
  /** The mean of squared updates. */
  readonly eX: unknown;
};

/**
 * Scales gradients by the ratio of what updates and gradients usually are: `u = g · √(eX + eps)/√(eG + eps)` with decaying means of
 * squares. Zeiler: ADADELTA (2012); as `optax.scale_by_adadelta`.
 *
 * @example
 * const rescale = scaleByAdadelta();
 * rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])))[0]; // [0.003162, -0.003162]
 */
export const scaleByAdadelta = ({
  rho = 0.9,
  eps = 1e-6,
}: { readonly rho?: Scalar; readonly eps?: Scalar } = {}): GradientTransformation<AdadeltaState> => ({
  init: (params) => ({ eG: zerosLike(params), eX: zerosLike(params) }),
  update(updates, state) {
    const eG = squareMoment(updates, state.eG, rho);
    const scaled = tree.map(
      (g: NDArray, v: NDArray, x: NDArray) =>
        sqrt(plus(x, eps))
          .div(sqrt(plus(v, eps)))
          .mul(g),
      updates,
      eG,
      state.eX,
    );
    const eX = squareMoment(scaled, state.eX, rho);
    return [scaled, { eG: castLike(eG, state.eG), eX: castLike(eX, state.eX) }];
  },
});

/** The numbers of {@link adadelta}. */
export interface AdadeltaOptions {
  /** Decay of both means; default 0.9. */
  readonly rho?: Scalar;
  /** Added under the roots; default 1e-6. */
  readonly eps?: Scalar;
  /** Default 0. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Which parameters decay; default all. */
  readonly weightDecayMask?: Mask;
}

/**
 * Decay of weights, {@link scaleByAdadelta}, then a step down. As `optax.adadelta`.
 *
 * @example
 * const [optimizer, p] = [adadelta(1, { weightDecay: 0.1 }), np.array([10, 20])];
 * optimizer.update(np.array([2, -0.5]), optimizer.init(p), p)[0]; // [-0.003162, -0.003162]
 */
export const adadelta = (
  learningRate: ScalarOrSchedule,
  { weightDecay = 0, weightDecayMask: mask, ...options }: AdadeltaOptions = {},
): Chain =>
  chain(addDecayedWeights(weightDecay, { mask }), scaleByAdadelta(options), scaleByLearningRate(learningRate));

/** The numbers of {@link rprop}. */
export interface RpropOptions {
  /** The factor of a step where the gradient's sign has turned; default 0.5. */
  readonly etaMinus?: Scalar;
  /** The factor where it has not; default 1.2. */
  readonly etaPlus?: Scalar;
  /** Default 1e-6. */
  readonly minStepSize?: Scalar;
  /** Default 50. */
  readonly maxStepSize?: Scalar;
}

/** What {@link scaleByRprop} remembers. */
export type RpropState = { readonly stepSizes: unknown; readonly prevUpdates: unknown };

/**
 * Steps by the gradient's sign, of a size for each element that grows while the sign stays and shrinks where it turns; where it has
 * turned there is no step. As in optax, what is given is the step that the update before has found, so that the first is zero.
 * Riedmiller, Braun: A Direct Adaptive Method for Faster Backpropagation Learning (1993); as `optax.scale_by_rprop`.
 *
 * @param learningRate the first size of steps.
 * @example
 * const rescale = scaleByRprop(0.1);
 * const [, state] = rescale.update(np.array([2, -0.5]), rescale.init(np.zeros([2])));
 * rescale.update(np.array([1, 0.5]), state)[0]; // [0.1, 0]
 */
export function scaleByRprop(learningRate: Scalar, options: RpropOptions = {}): GradientTransformation<RpropState> {
  const { etaMinus = 0.5, etaPlus = 1.2, minStepSize = 1e-6, maxStepSize = 50 } = options;
  const resized = (turn: NDArray, size: NDArray): NDArray => {
    const next = where(turn.gt(0), times(size, etaPlus), times(size, etaMinus));
    return where(turn.eq(0), size, asLike(clip(next, minStepSize, maxStepSize), size));
  };
  return {
    init: (params) => ({ stepSizes: filledLike(params, learningRate), prevUpdates: zerosLike(params) }),
    update(updates, state) {
      const turns = tree.map((g: NDArray, before: NDArray) => g.mul(before), updates, state.prevUpdates);
      const stepSizes = castLike(tree.map(resized, turns, state.stepSizes), state.stepSizes);
      const step = (g: NDArray, turn: NDArray, size: NDArray): NDArray =>
        where(turn.lt(0), 0, sign(g).mul(asLike(size, g)));
      const steps = tree.map(step, updates, turns, stepSizes);
      const before = tree.map(
        (turn: NDArray, u: NDArray) => where(turn.lt(0), 0, asLike(u, turn)),
        turns,
        state.prevUpdates,
      );
      return [before, { stepSizes, prevUpdates: castLike(steps, state.prevUpdates) }];
    },
  };
}

/**
 * Rprop, for gradients without noise: {@link scaleByRprop}, downwards. As `optax.rprop`.
 *
 * @example
 * const optimizer = rprop(0.1);
 * const [, state] = optimizer.update(np.array([2, -0.5]), optimizer.init(np.zeros([2])));
 * optimizer.update(np.array([1, -0.4]), state)[0]; // [-0.1, 0.1]
 */
export const rprop = (learningRate: Scalar, options: RpropOptions = {}): Chain =>
  chain(scaleByRprop(learningRate, options), scale(-1));

/** The numbers of {@link optimisticGradientDescent}. */
export interface OptimisticOptions {
  /** The weight of the gradient; default 1. */
  readonly alpha?: Scalar;
  /** The weight of its change; default 1. */
  readonly beta?: Scalar;
}

/** What {@link scaleByOptimisticGradient} remembers. */
export type OptimisticState = {
  /** `bool[]`: has there been no gradient yet? */
  readonly isInitialStep: NDArray;
  readonly previousGradient: unknown;
};

/**
 * Adds the change of the gradient to it, in games against an opponent: `(alpha + beta)·g − beta·g₋₁`. Mokhtari et al.: A Unified
 * Analysis of Extra-gradient and Optimistic Gradient Methods (AISTATS 2020); as `optax.scale_by_optimistic_gradient`.
 *
 * @example
 * const rescale = scaleByOptimisticGradient();
 * const [, state] = rescale.update(np.array([1]), rescale.init(np.zeros([1])));
 * rescale.update(np.array([3]), state)[0]; // [5]
 */
export const scaleByOptimisticGradient = ({
  alpha = 1,
  beta = 1,
}: OptimisticOptions = {}): GradientTransformation<OptimisticState> => ({
  init: (params) => ({ isInitialStep: scalarOf('bool', 1), previousGradient: zerosLike(params) }),
  update(updates, { isInitialStep, previousGradient }) {
    const ahead = (g: NDArray, before: NDArray): NDArray => {
      const last = where(isInitialStep, g, asLike(before, g));
      return times(g, sumOf(alpha, beta)).sub(times(last, beta));
    };
    return [
      tree.map(ahead, updates, previousGradient),
      { isInitialStep: scalarOf('bool', 0), previousGradient: castLike(updates, previousGradient) },
    ];
  },
});

const sumOf = (a: Scalar, b: Scalar): Scalar => {
  if (typeof a === 'number') return typeof b === 'number' ? a + b : b.add(a);
  return a.add(b);
};

/**
 * {@link scaleByOptimisticGradient}, then a step down. As `optax.optimistic_gradient_descent`.
 *
 * @example
 * const optimizer = optimisticGradientDescent(0.1);
 * const [, state] = optimizer.update(np.array([1]), optimizer.init(np.zeros([1])));
 * optimizer.update(np.array([3]), state)[0]; // [-0.5]
 */
export const optimisticGradientDescent = (learningRate: ScalarOrSchedule, options: OptimisticOptions = {}): Chain =>
  chain(scaleByOptimisticGradient(options), scaleByLearningRate(learningRate));
