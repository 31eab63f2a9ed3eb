import { binary } from '../kernel/expr.ts';
import { sameShape, showAval } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import type { CaseInput, NoParams, Primitive } from '../trace/primitive.ts';
import { mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { named } from '../trace/stablehlo/rules.ts';
import { alignBatch, and, gt, lt, max, mul, times } from './elementwise.ts';
import { convertElementType } from './casts.ts';
import { operands } from './structural.ts';

const one = (holds: NDArray, like: NDArray): NDArray => convertElementType(holds, like.dtype);

const apart = (low: number, high: number): CaseInput => ({ shape: [3, 2], dtype: 'float', domain: [low, high] });

export const clampP: Primitive<NoParams, 3> = primitive<NoParams, 3>({
  name: 'clamp',
  type: ([low, x, high]) => {
    if (low.dtype !== x.dtype || high.dtype !== x.dtype || x.dtype === 'bool')
      return wrongDtype(`[clamp] needs one number dtype, got ${[low, x, high].map(showAval).join(', ')}`);
    return sameShape(low.shape, x.shape) && sameShape(high.shape, x.shape)
      ? typed(x)
      : mistyped(
          `[clamp] needs limits of the shape of ${showAval(x)} or scalars, got ${showAval(low)}, ${showAval(high)}`,
        );
  },
  derivative: {
    kind: 'smooth',
    // As in JAX: where x is a limit, neither has a derivative.
    partials: [
      ([low, x, high]) => times(one(and(lt(x, low), lt(low, high)), x)),
      ([low, x, high]) => times(mul(one(gt(x, low), x), one(lt(x, high), x))),
      ([low, x, high]) => times(one(gt(max(low, x), high), x)),
    ],
  },
  batch: (ins, params, size) => {
    const { values, axis } = alignBatch(ins, size);
    return { values: [bind1(clampP, values, params)], axes: [axis] };
  },
  lower: ([low, x, high]) => ({
    kind: 'map',
    outputs: [(c) => binary('min', binary('max', low.at(c), x.at(c)), high.at(c))],
  }),
  stablehlo: named('clamp'),
  cases: [
    { ins: [apart(-2, -1), apart(-3, 3), apart(1, 2)], params: {} },
    { ins: [apart(1, 2), apart(-3, 3), apart(-2, -1)], params: {}, label: 'crossed limits' },
    {
      ins: [
        { shape: [5], dtype: 'integer', integers: [0, 3] },
        { shape: [5], dtype: 'integer' },
        { shape: [5], dtype: 'integer', integers: [4, 6] },
      ],
      params: {},
    },
  ],
});

/**
 * x limited to [low, high]: min(max(low, x), high). The gradient goes to x strictly inside, and to a limit that x is beyond.
 *
 * @param low of the shape of `x`, or a scalar; `high` likewise.
 * @example
 * lax.clamp(0, np.array([-1, 0.5, 2]), 1); // [0, 0.5, 1]
 */
export const clamp = (low: ArrayLike, x: ArrayLike, high: ArrayLike): NDArray =>
  bind1(clampP, operands('clamp', [low, x, high]), {});
