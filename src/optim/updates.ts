import { remainder, where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { Scalar } from './scalars.ts';
import { asLike, oneMinus, times } from './scalars.ts';

/**
 * The parameters after a step: `p + u` for each leaf, in the dtype of `p`. As `optax.apply_updates`.
 *
 * @throws TreeMismatchError when the trees differ in structure.
 * @example
 * const [updates, next] = optimizer.update(gradients, state, params);
 * params = applyUpdates(params, updates);
 */
export const applyUpdates = <P>(params: P, updates: P): P =>
  tree.map((p: NDArray, u: NDArray) => asLike(p.add(u), p), params, updates);

/**
 * A slowly moving copy of parameters: `stepSize·new + (1 − stepSize)·old` for each leaf. Polyak, Juditsky: Acceleration of
 * Stochastic Approximation by Averaging (1992); as `optax.incremental_update`.
 *
 * @throws TreeMismatchError when the trees differ in structure.
 * @example
 * target = incrementalUpdate(params, target, 0.005);
 */
export const incrementalUpdate = <P>(newTensors: P, oldTensors: P, stepSize: Scalar): P =>
  tree.map(
    (x: NDArray, old: NDArray) => times(x, stepSize).add(times(old, oneMinus(stepSize))),
    newTensors,
    oldTensors,
  );

/**
 * A copy of parameters that is renewed once in a while: the new ones where `steps` is a multiple of `updatePeriod`, else the
 * old ones. As `optax.periodic_update`.
 *
 * @throws TreeMismatchError when the trees differ in structure.
 * @example
 * periodicUpdate(np.array([1, 2]), np.array([0, 0]), 10, 5); // [1, 2]
 * periodicUpdate(np.array([1, 2]), np.array([0, 0]), 12, 5); // [0, 0]
 */
export function periodicUpdate<P>(newTensors: P, oldTensors: P, steps: Scalar, updatePeriod: Scalar): P {
  const renew = remainder(steps, updatePeriod);
  return tree.map((x: NDArray, old: NDArray) => where(renew.eq(0), x, old), newTensors, oldTensors);
}
