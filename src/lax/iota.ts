import type { DType } from '../kernel/dtype.ts';
import { convertTo } from '../kernel/narrow.ts';
import type { Expr } from '../kernel/expr.ts';
import { aval, showShape } from '../trace/aval.ts';
import type { Shape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { requireDType } from '../trace/static.ts';
import type { NDArray } from '../trace/value.ts';
import { validAxes } from './rules.ts';

/** Counting. */

export const iotaP = primitive<{ readonly dtype: DType; readonly shape: Shape; readonly axis: number }, 0>({
  name: 'iota',
  type: (_, { dtype, shape, axis }) =>
    validAxes([axis], shape.length) && dtype !== 'bool'
      ? typed(aval(shape, dtype))
      : mistyped(`[iota] has no axis ${axis} in ${showShape(shape)} as ${dtype}`),
  derivative: { kind: 'zero', because: 'it has no operands' },
  batch: (_, { dtype, shape, axis }) => ({ values: [broadcastedIota(dtype, shape, axis)], axes: [null] }),
  lower: (_, { dtype, axis }) => ({ kind: 'map', outputs: [(c) => convertTo(dtype, c[axis] as Expr)] }),
  stablehlo: (b, _, { dtype, shape, axis }) => [b.iota(dtype, shape, axis)],
  cases: [
    { ins: [], params: { dtype: 'i32', shape: [3, 4], axis: 1 } },
    { ins: [], params: { dtype: 'f32', shape: [5], axis: 0 } },
  ],
});

/**
 * 0, 1, 2, … along `axis`.
 *
 * @throws ShapeMismatchError for an axis that is not there.
 * @example
 * lax.broadcastedIota('i32', [2, 3], 1); // [[0, 1, 2], [0, 1, 2]]
 */
export const broadcastedIota = (dtype: DType, shape: Shape, axis: number): NDArray =>
  bind1(iotaP, [], { dtype: requireDType(dtype, 'broadcastedIota'), shape, axis });
