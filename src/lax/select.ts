import { select as selectExpr } from '../kernel/expr.ts';
import { asArray } from '../trace/asarray.ts';
import { aval, firstDifferentAxis, sameShape, showAval, showMarked } from '../trace/aval.ts';
import { choosing } from '../trace/choice.ts';
import { bind1 } from '../trace/context.ts';
import { mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import type { NoParams } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { ArrayLike } from '../trace/value.ts';
import { operation } from '../trace/stablehlo/rules.ts';
import { inFront } from './rules.ts';
import { broadcastInDim, operands, toFront, zerosOf } from './structural.ts';

/** Choice between two arrays, element by element. */

export const selectP = primitive<NoParams, 3>({
  name: 'select',
  type: ([c, x, y]) => {
    const needs = '[select] needs a bool condition and two arrays of one dtype, all of one shape; got';
    if (c.dtype !== 'bool' || x.dtype !== y.dtype) return wrongDtype(`${needs} ${[c, x, y].map(showAval).join(', ')}`);
    if (sameShape(c.shape, x.shape) && sameShape(x.shape, y.shape)) {
      return typed(aval(x.shape, x.dtype, x.weakType && y.weakType));
    }
    const bad = firstDifferentAxis([c.shape, x.shape, y.shape]);
    return mistyped(`${needs} ${[c, x, y].map((a) => showMarked(a, bad)).join(', ')}; numpy.where broadcasts`);
  },
  derivative: {
    kind: 'linear',
    transpose: [
      { noTangent: 'the condition is bool' },
      ([ct], [c]) => select(c.value as NDArray, ct as NDArray, zerosOf((ct as NDArray).aval)),
      ([ct], [c]) => select(c.value as NDArray, zerosOf((ct as NDArray).aval), ct as NDArray),
    ],
  },
  batch: ([c, x, y], _, size) => inFront(select(toFront(c, size), toFront(x, size), toFront(y, size))),
  lower: ([c, x, y]) => ({ kind: 'map', outputs: [(i) => selectExpr(c.at(i), x.at(i), y.at(i))] }),
  stablehlo: operation('select'),
  cases: [
    {
      ins: [
        { shape: [3, 2], dtype: 'bool' },
        { shape: [3, 2], dtype: 'float' },
        { shape: [3, 2], dtype: 'float' },
      ],
      params: {},
    },
    {
      ins: [
        { shape: [4], dtype: 'bool' },
        { shape: [4], dtype: 'integer' },
        { shape: [4], dtype: 'integer' },
      ],
      params: {},
    },
  ],
});

/**
 * `x` where `condition`, else `y`; all of one shape, but for a condition without axes, which holds for all elements.
 *
 * @example
 * lax.select(np.array([true, false]), np.array([1, 2]), np.array([3, 4])); // [1, 4]
 */
export function select(condition: ArrayLike, x: ArrayLike, y: ArrayLike): NDArray {
  return choosing(select, () => {
    const [a, b] = operands('select', [x, y]) as readonly [NDArray, NDArray];
    const c = asArray(condition, 'select');
    return bind1(selectP, [c.ndim === 0 ? broadcastInDim(c, a.shape, []) : c, a, b], {});
  });
}
