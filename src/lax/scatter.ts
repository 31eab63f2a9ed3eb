import { bind1 } from '../trace/context.ts';
import type { Derivative, Primitive } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { product } from '../util/array.ts';
import { productsOfOthers } from './cumulative.ts';
import { add, div, eq, like, max, mul } from './elementwise.ts';
import type { ScatterParams } from './indexing.ts';
import {
  alongAxis,
  gatherAlong,
  gathering,
  gatherWindows,
  scatterAddWindows,
  scatterPrimitive,
  scatterWindows,
} from './indexing.ts';
import { sortAlong } from './sort.ts';
import { convertElementType } from './casts.ts';
import { broadcastedIota } from './iota.ts';
import { fill, reshape, zerosOf } from './structural.ts';

/** The scatters that are not linear: products and extrema. */

const noTangent = { noTangent: 'indices are integers' } as const;

/** The elements of the operand at the places of all updates. */
const readAt = (x: NDArray, indices: NDArray, updates: NDArray, p: ScatterParams): NDArray =>
  gatherWindows(x, indices, gathering(p, x.shape, updates.shape));

/** The tangent of an extremum is shared equally by all that reach it, as JAX has it. */
function extremum(): Derivative<ScatterParams, 3> {
  /** Which elements of the operand and of the updates are the extremum, as 1 and 0, and how many for each element. */
  const winners = ([x, indices, updates]: readonly [NDArray, NDArray, NDArray], out: NDArray, p: ScatterParams) => {
    const kept = convertElementType(eq(x, out), x.dtype);
    const taken = convertElementType(eq(updates, readAt(out, indices, updates, p)), x.dtype);
    const count = add(kept, scatterAddWindows(zerosOf(x.aval), indices, taken, p));
    // None where the extremum is NaN.
    return { kept, taken, count: max(count, like(count, 1)) };
  };
  return {
    kind: 'smooth',
    partials: [
      (ins, [out], p) => {
        const { kept, count } = winners(ins, out as NDArray, p);
        const weight = div(kept, count);
        return (t) => [mul(t, weight)];
      },
      noTangent,
      (ins, [out], p) => {
        const { taken, count } = winners(ins, out as NDArray, p);
        const [x, indices] = ins;
        const weight = div(like(count, 1), count);
        return (t) => [mul(scatterAddWindows(zerosOf(x.aval), indices, mul(t, taken), p), weight)];
      },
    ],
  };
}

export const scatterMinP = scatterPrimitive('scatterMin', 'min', extremum());
export const scatterMaxP = scatterPrimitive('scatterMax', 'max', extremum());

export const scatterMulP: Primitive<ScatterParams, 3> = scatterPrimitive('scatterMul', 'mul', {
  kind: 'smooth',
  partials: [
    ([x, indices, updates], _, p) => {
      const factor = bind1(scatterMulP, [like(x, 1), indices, updates], p);
      return (t) => [mul(t, factor)];
    },
    noTangent,
    ([x, indices, updates], _, p) => {
      const others = p.uniqueIndices ? null : othersAtPlace(x, indices, updates, p);
      return (t) => {
        const scaled = others === null ? t : mul(t, others);
        return [mul(scatterAddWindows(zerosOf(x.aval), indices, scaled, p), x)];
      };
    },
  ],
});

/** For each element of the updates, the product of all others that go to the same place. */
function othersAtPlace(x: NDArray, indices: NDArray, updates: NDArray, p: ScatterParams): NDArray {
  const n = product(updates.shape);
  if (n === 0) return updates;
  // From 1, as what is outside reads as 0.
  const numbers = add(reshape(broadcastedIota('i32', [x.size], 0), x.shape), fill(x.shape, 'i32', 1));
  const places = reshape(readAt(numbers, indices, updates, p), [n]);
  const { values: sorted, positions: order } = sortAlong(places, 0);
  const products = productsOfOthers(gatherAlong(reshape(updates, [n]), order, 0), 0, sorted);
  const back = scatterWindows(fill([n], x.dtype, 0), reshape(order, [n, 1]), products, {
    ...alongAxis(1, 0),
    mode: 'clip',
    uniqueIndices: true,
  });
  return reshape(back, updates.shape);
}
