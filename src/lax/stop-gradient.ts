import { isFloat } from '../kernel/dtype.ts';
import { bind1, currentTrace } from '../trace/context.ts';
import { primitive, typed } from '../trace/primitive.ts';
import type { NoParams } from '../trace/primitive.ts';
import { NDArray } from '../trace/value.ts';
import { asTheyAre } from '../trace/stablehlo/rules.ts';
import { map } from '../tree/tree.ts';

/** Where no gradient flows. */

export const stopGradientP = primitive<NoParams, 1>({
  name: 'stopGradient',
  type: ([x]) => typed(x),
  derivative: { kind: 'zero', because: 'that is its purpose' },
  batch: ([x]) => ({ values: [stopGradient(x.value)], axes: [x.axis] }),
  lower: ([x]) => ({ kind: 'map', outputs: [x.at] }),
  stablehlo: asTheyAre(),
  cases: [{ ins: [{ shape: [3], dtype: 'float' }], params: {} }],
});

/**
 * `x`, an array or a tree of arrays, through which no gradient flows. Leaves that are not float stay as they are.
 *
 * @example
 * grad((x: NDArray) => x.mul(lax.stopGradient(x)))(np.array(3)); // 3
 */
export const stopGradient = <T>(x: T): T =>
  map((leaf: unknown) => {
    // Where values are computed at once there is no gradient to stop.
    const flows = currentTrace() !== null && leaf instanceof NDArray && isFloat(leaf.dtype);
    return flows ? bind1(stopGradientP, [leaf], {}) : leaf;
  }, x);
