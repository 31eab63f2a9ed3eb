import { isInteger } from '../../kernel/dtype.ts';
import { add, lt } from '../../lax/elementwise.ts';
import { scalarOf } from '../../lax/rules.ts';
import { convertElementType } from '../../lax/casts.ts';
import { broadcastedIota } from '../../lax/iota.ts';
import { fill } from '../../lax/structural.ts';
import { asArray } from '../../trace/asarray.ts';
import { showAval } from '../../trace/aval.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { named, nameOf } from '../trees.ts';
import { scan, unrollOf } from './scan.ts';
import { whileLoop } from './while.ts';

/** Options of {@link foriLoop}. */
export interface ForiOptions {
  /** Iterations in one trip of the compiled loop; true for all of them. Only where the bounds are known while tracing. */
  readonly unroll?: number | boolean;
}

/**
 * Applies `body` for each integer `lower ≤ i < upper`, as one compiled loop.
 *
 * In plain code it is `let c = init; for (let i = lower; i < upper; i++) c = body(i, c); return c;`.
 *
 * Where the bounds are known while tracing (JS numbers) it is a counted loop, which has both modes of differentiation.
 * Bounds that are traced arrays make it a {@link whileLoop}, without reverse mode.
 *
 * @param body from the index, an i32 scalar, and the carried value to the next one, of the same type.
 * @throws CarryTypeError when `body` gives back another structure, shape or dtype.
 * @throws ArgumentError when a bound is no integer scalar.
 * @example
 * const factorial = lax.foriLoop(1, 6, (i, x) => x.mul(i), np.array(1, { dtype: 'i32' })); // 120
 */
export function foriLoop<C>(
  lower: ArrayLike,
  upper: ArrayLike,
  body: (i: NDArray, carry: C) => C,
  init: C,
  options: ForiOptions = {},
): C {
  const [from, to] = [bound(lower, 'lower'), bound(upper, 'upper')];
  const [first, last] = [from.concrete()?.literal() ?? null, to.concrete()?.literal() ?? null];
  if (first !== null && last !== null) {
    const length = Math.max(0, last - first);
    const unroll = unrollOf('foriLoop', options.unroll, length);
    const indices = add(broadcastedIota('i32', [length], 0), fill([length], 'i32', first));
    const step = named((c: C, i: NDArray): readonly [C, null] => [body(i, c), null], nameOf(body));
    return scan(step, init, indices, { unroll })[0];
  }
  if (options.unroll !== undefined && options.unroll !== false && options.unroll !== 1) {
    throw new ArgumentError(
      '[foriLoop] can be unrolled only if both bounds are known while tracing, as JS numbers are',
    );
  }
  const [, , result] = whileLoop(
    ([i, end]: readonly [NDArray, NDArray, C]) => lt(i, end),
    ([i, end, c]: readonly [NDArray, NDArray, C]): readonly [NDArray, NDArray, C] => [
      add(i, scalarOf('i32', 1)),
      end,
      body(i, c),
    ],
    [from, to, init] as const,
  );
  return result;
}

/** A bound as an i32 scalar. */
function bound(x: ArrayLike, which: string): NDArray {
  if (typeof x === 'number' && Number.isInteger(x)) return scalarOf('i32', x);
  const b = asArray(x, 'foriLoop');
  if (b.ndim === 0 && isInteger(b.dtype)) return convertElementType(b, 'i32');
  const got = typeof x === 'number' ? String(x) : showAval(b.aval);
  throw new ArgumentError(`[foriLoop] ${which} must be an integer or an integer scalar, got ${got}`);
}
