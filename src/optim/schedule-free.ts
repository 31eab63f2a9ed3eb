import type { DType } from '../kernel/dtype.ts';
import { scalarOf } from '../lax/rules.ts';
import { maximum, power, where } from '../numpy/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { scaleByLearningRate } from './basic.ts';
import { scaleByRms } from './rms.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import {
  arrayOf,
  asLike,
  increment,
  inDtype,
  isSchedule,
  oneMinus,
  over,
  times,
  wide,
  widestFloat,
} from './scalars.ts';
import { warmupConstantSchedule } from './schedules.ts';
import { sgd } from './sgd.ts';
import type { GradientTransformation } from './transformation.ts';
import { chain, needParams } from './transformation.ts';
import { treeGet } from './tree-get.ts';
import { addDecayedWeights } from './weight-decay.ts';

/** What {@link scheduleFree} remembers. */
export type ScheduleFreeState<S> = {
  readonly b1: NDArray;
  /** The sum of the weights of the steps so far. */
  readonly weightSum: NDArray;
  /** `i32[]`: the number of the next step, from 1. */
  readonly stepCount: NDArray;
  readonly maxLr: NDArray;
  readonly baseOptimizerState: S;
  /** Where the base optimizer is. */
  readonly z: unknown;
};

/** Options of {@link scheduleFree}. */
export interface ScheduleFreeOptions {
  /** How near gradients are taken to the mean; default 0.9. */
  readonly b1?: Scalar;
  /** A step counts in the mean by its learning rate to this power; default 2. */
  readonly weightLrPower?: Scalar;
  /** The dtype in which the base optimizer's parameters are kept; default that of each parameter. */
  readonly stateDtype?: DType;
}

/**
 * Averages what an optimizer finds instead of slowing it down: with z where the optimizer is and x the weighted mean of all z,
 *
 *     z ← z + u(g(y))        x ← (1 − c)·x + c·z        y = b1·x + (1 − b1)·z
 *
 * The parameters of training are y; {@link scheduleFreeEvalParams} gives x, with which the model is used. Defazio et al.: The Road
 * Less Scheduled (NeurIPS 2024); as `optax.contrib.schedule_free`.
 *
 * @param learningRate that of the base optimizer, which has no momentum of its own.
 * @throws ArgumentError when `update` gets no parameters.
 * @example
 * const optimizer = scheduleFree(sgd(0.5), 0.5);
 * const [updates, next] = optimizer.update(np.array([2]), optimizer.init(np.array([3])), np.array([3]));
 * updates; // [-1]
 * optimizer.update(np.array([2]), next, np.array([2]))[0]; // [-0.55]
 */
export function scheduleFree<S>(
  baseOptimizer: GradientTransformation<S>,
  learningRate: ScalarOrSchedule,
  { b1 = 0.9, weightLrPower = 2, stateDtype }: ScheduleFreeOptions = {},
): GradientTransformation<ScheduleFreeState<S>> {
  return {
    init(params) {
      const dtype = wide(widestFloat(params));
      return {
        b1: arrayOf(b1, dtype),
        weightSum: scalarOf(dtype, 0),
        stepCount: scalarOf('i32', 1),
        maxLr: scalarOf(dtype, 0),
        baseOptimizerState: baseOptimizer.init(params),
        z: tree.map((p: NDArray) => inDtype(p, stateDtype ?? p.dtype), params),
      };
    },
    update(updates, state, given, extra) {
      const params = needParams('scheduleFree', given);
      const rate = isSchedule(learningRate) ? learningRate(state.stepCount) : learningRate;
      const maxLr = maximum(state.maxLr, arrayOf(rate, state.maxLr.dtype));
      const weight = power(maxLr, weightLrPower);
      const weightSum = state.weightSum.add(asLike(weight, state.weightSum));
      const share = where(weightSum.eq(0), 0, weight.div(weightSum));
      const [moved, after] = baseOptimizer.update(updates, state.baseOptimizerState, params, extra);
      const z = tree.map((old: NDArray, u: NDArray) => asLike(old.add(u), old), state.z, moved);
      const step = (y: NDArray, before: NDArray, now: NDArray): NDArray => {
        const mean = times(meanOf(y, before, b1), oneMinus(share)).add(times(now, share));
        return asLike(
          times(mean, b1)
            .add(times(now, oneMinus(b1)))
            .sub(y),
          y,
        );
      };
      return [
        tree.map(step, params, state.z, z),
        { b1: state.b1, weightSum, stepCount: increment(state.stepCount), maxLr, baseOptimizerState: after, z },
      ];
    },
  };
}

/** x of y and z. */
const meanOf = (y: NDArray, z: NDArray, b1: Scalar): NDArray => over(y.sub(times(z, oneMinus(b1))), b1);

/**
 * The parameters to use a model with that {@link scheduleFree} trains: the mean x. As `optax.contrib.schedule_free_eval_params`.
 *
 * @param state of the optimizer, or of one that it is a part of.
 * @throws ArgumentError when the state has none of {@link scheduleFree} in it.
 * @example
 * const accuracy = evaluate(scheduleFreeEvalParams(state, params), images);
 */
export function scheduleFreeEvalParams<P>(state: unknown, params: P): P {
  const [b1, z] = [treeGet(state, 'b1'), treeGet(state, 'z')];
  if (b1 === null || z === null) {
    throw new ArgumentError('[optim.scheduleFreeEvalParams] needs the state of a scheduleFree optimizer');
  }
  return tree.map((y: NDArray, at: NDArray) => asLike(meanOf(y, at, b1 as NDArray), y), params, z);
}

/** Options of {@link scheduleFreeSgd}. */
export interface ScheduleFreeSgdOptions extends ScheduleFreeOptions {
  /** The steps in which the learning rate rises to its value; default: none. */
  readonly warmupSteps?: number;
  /** Default: none. */
  readonly weightDecay?: Scalar;
}

const warmed = (learningRate: Scalar, warmupSteps: number | undefined): ScalarOrSchedule =>
  warmupSteps === undefined ? learningRate : warmupConstantSchedule(0, learningRate, warmupSteps);

/**
 * {@link scheduleFree} of descent. As `optax.contrib.schedule_free_sgd`.
 *
 * @example
 * const optimizer = scheduleFreeSgd(0.5);
 * const [updates, next] = optimizer.update(np.array([2]), optimizer.init(np.array([3])), np.array([3]));
 * const average = scheduleFreeEvalParams(next, applyUpdates(np.array([3]), updates));
 * average; // [2]
 */
export function scheduleFreeSgd(
  learningRate: Scalar = 1,
  { warmupSteps, weightDecay, ...options }: ScheduleFreeSgdOptions = {},
): GradientTransformation<ScheduleFreeState<readonly unknown[]>> {
  const rate = warmed(learningRate, warmupSteps);
  const decay = weightDecay === undefined ? [] : [addDecayedWeights(weightDecay)];
  return scheduleFree(chain(...decay, sgd(rate)), rate, options);
}

/** Options of {@link scheduleFreeAdamw}. */
export interface ScheduleFreeAdamwOptions extends ScheduleFreeSgdOptions {
  /** Decay of the mean of squared gradients; default 0.999. */
  readonly b2?: Scalar;
  /** Added to the root; default 1e-8. */
  readonly eps?: Scalar;
}

/**
 * {@link scheduleFree} of Adam with decay of weights. As `optax.contrib.schedule_free_adamw`.
 *
 * @example
 * const optimizer = scheduleFreeAdamw(2.5e-3, { warmupSteps: 100 });
 */
export function scheduleFreeAdamw(
  learningRate: Scalar = 0.0025,
  { warmupSteps, b2 = 0.999, eps = 1e-8, weightDecay = 0, ...options }: ScheduleFreeAdamwOptions = {},
): GradientTransformation<ScheduleFreeState<readonly unknown[]>> {
  const rate = warmed(learningRate, warmupSteps);
  const rms = scaleByRms({ decay: b2, eps, epsInSqrt: false, biasCorrection: true });
  return scheduleFree(chain(rms, addDecayedWeights(weightDecay), scaleByLearningRate(rate)), rate, options);
}
