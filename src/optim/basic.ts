import { sign } from '../numpy/elementwise.ts';
import { mean } from '../numpy/reduce.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { range } from '../util/array.ts';
import { zerosLike } from './trees.ts';
import type { Scalar, ScalarOrSchedule, Schedule } from './scalars.ts';
import { increment, isSchedule, negated, requireScalarOrSchedule, times, zeroCount } from './scalars.ts';
import type { GradientTransformation } from './transformation.ts';
import { identity } from './transformation.ts';

/** Transformations that look at one update only, or at the count of steps. */

/**
 * A transformation of the whole tree of updates, without state. As `optax.stateless`.
 *
 * @param f from updates, and the parameters where `update` got them, to updates of the same structure.
 * @example
 * stateless((updates) => tree.map((u: NDArray) => u.div(globalNorm(updates)), updates));
 */
export const stateless = (f: <P>(updates: P, params?: P) => P): GradientTransformation<null> => ({
  init: () => null,
  update: (updates, state, params) => [f(updates, params), state],
});

/**
 * A transformation of each leaf by itself, without state. As `optax.stateless_with_tree_map`.
 *
 * @param f from a leaf's update, and its parameter where `update` got them.
 * @example
 * statelessWithTreeMap((u) => u.mul(2));
 */
export const statelessWithTreeMap = (
  f: (update: NDArray, param?: NDArray) => NDArray,
): GradientTransformation<null> => ({
  init: () => null,
  update: (updates, state, params) => [
    params === undefined
      ? tree.map((u: NDArray) => f(u), updates)
      : tree.map((u: NDArray, p: NDArray) => f(u, p), updates, params),
    state,
  ],
});

/** A transformation of each leaf that does not look at parameters. */
export const eachUpdate = (f: (update: NDArray) => NDArray): GradientTransformation<null> => ({
  init: () => null,
  update: (updates, state) => [tree.map(f, updates), state],
});

/**
 * Makes all updates zero: what it is applied to stays as it is. As `optax.set_to_zero`.
 *
 * @example
 * partition({ train: adam(1e-3), freeze: setToZero() }, { w: 'train', b: 'freeze' });
 */
export const setToZero = (): GradientTransformation<null> => stateless((updates) => zerosLike(updates));

/**
 * Multiplies updates by a number: `u ↦ stepSize · u`. As `optax.scale`.
 *
 * @example
 * chain(scaleByAdam(), scale(-1e-3));
 */
export const scale = (stepSize: Scalar): GradientTransformation<null> => eachUpdate((u) => times(u, stepSize));

/** What is remembered where a number follows a schedule: the steps taken, `i32[]`. */
export type CountState = { readonly count: NDArray };

/**
 * Multiplies updates by a number that depends on the count of steps, from 0. As `optax.scale_by_schedule`.
 *
 * @example
 * chain(scaleByAdam(), scaleBySchedule(linearSchedule(-1e-3, 0, 1000)));
 */
export const scaleBySchedule = (stepSizeFn: Schedule): GradientTransformation<CountState> => ({
  init: () => ({ count: zeroCount() }),
  update(updates, { count }) {
    const step = stepSizeFn(count);
    return [tree.map((u: NDArray) => times(u, step), updates), { count: increment(count) }];
  },
});

/**
 * Turns a direction of ascent into a step of descent: `u ↦ −learningRate · u`; with `flipSign` false, without the minus. As
 * `optax.scale_by_learning_rate`.
 *
 * @param learningRate a number, a scalar array, or a schedule of the count of steps; null leaves updates as they are.
 * @example
 * chain(scaleByAdam(), scaleByLearningRate(linearSchedule(1e-3, 0, 1000)));
 */
export function scaleByLearningRate(
  learningRate: ScalarOrSchedule | null,
  { flipSign = true }: { readonly flipSign?: boolean } = {},
): GradientTransformation {
  if (learningRate === null) return identity();
  requireScalarOrSchedule('optim.scaleByLearningRate', 'the learning rate', learningRate);
  const signed = (rate: Scalar): Scalar => (flipSign ? negated(rate) : rate);
  if (isSchedule(learningRate)) return scaleBySchedule((count) => signed(learningRate(count)));
  return scale(signed(learningRate));
}

/**
 * Keeps the sign of updates only. As `optax.scale_by_sign`.
 *
 * @example
 * scaleBySign().update(np.array([-3, 0, 0.5]), null)[0]; // [-1, 0, 1]
 */
export const scaleBySign = (): GradientTransformation<null> => eachUpdate(sign);

/**
 * Subtracts from updates with two axes or more their mean over all axes but the first. Yong et al.: Gradient Centralization
 * (ECCV 2020); as `optax.centralize`.
 *
 * @example
 * centralize().update(np.array([[1, 3], [4, 8]]), null)[0]; // [[-1, 1], [-2, 2]]
 */
export const centralize = (): GradientTransformation<null> =>
  eachUpdate((u) => {
    if (u.ndim < 2) return u;
    return u.sub(mean(u, range(u.ndim).slice(1), { keepdims: true }));
  });
