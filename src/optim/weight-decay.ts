import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { CountState } from './basic.ts';
import type { Mask } from './masking.ts';
import { masked } from './masking.ts';
import type { Scalar, ScalarOrSchedule, Schedule } from './scalars.ts';
import { increment, isSchedule, times, zeroCount } from './scalars.ts';
import type { GradientTransformation } from './transformation.ts';
import { needParams } from './transformation.ts';

/**
 * Adds a multiple of the parameters: `u ↦ u + weightDecay · p`. As `optax.add_decayed_weights`.
 *
 * @param weightDecay a number, a scalar array, or a schedule of the count of steps.
 * @throws ArgumentError when `update` gets no parameters.
 * @example
 * chain(scaleByAdam(), addDecayedWeights(1e-4), scale(-1e-3));
 */
export function addDecayedWeights(
  weightDecay: ScalarOrSchedule = 0,
  { mask }: { readonly mask?: Mask | undefined } = {},
): GradientTransformation {
  const decayed = isSchedule(weightDecay) ? scheduled(weightDecay) : constant(weightDecay);
  return mask === undefined ? decayed : masked(decayed, mask);
}

const constant = (decay: Scalar): GradientTransformation<null> => ({
  init: () => null,
  update: (updates, state, params) => [addTo(updates, params, decay), state],
});

const scheduled = (decay: Schedule): GradientTransformation<CountState> => ({
  init: () => ({ count: zeroCount() }),
  update: (updates, { count }, params) => [addTo(updates, params, decay(count)), { count: increment(count) }],
});

function addTo<P>(updates: P, params: P | undefined, decay: Scalar): P {
  const present = needParams('addDecayedWeights', params);
  if (decay === 0) return updates;
  return tree.map((u: NDArray, p: NDArray) => u.add(times(p, decay)), updates, present);
}
