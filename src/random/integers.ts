import type { DType } from '../kernel/dtype.ts';
import { isInteger, isNarrow } from '../kernel/dtype.ts';
import * as lax from '../lax/elementwise.ts';
import { convertElementType } from '../lax/casts.ts';
import { select } from '../lax/select.ts';
import { fill } from '../lax/structural.ts';
import { clip } from '../numpy/elementwise.ts';
import { broadcastTo } from '../numpy/promote.ts';
import { iinfo } from '../numpy/dtypes.ts';
import type { Shape } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, DTypeError } from '../trace/errors.ts';
import { staticShape } from '../trace/static.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { shown } from '../util/shown.ts';
import { bits, split } from './keys.ts';

/**
 * Uniform integers in [minval, maxval), from 64 random bits each; `minval` where the interval is empty.
 *
 * @param minval integers that broadcast to the shape; `maxval` likewise.
 * @throws DTypeError for a dtype that is no integer; ArgumentError for bounds with fractions.
 * @example
 * random.randint(random.key(0), [5], 3, 4); // [3, 3, 3, 3, 3]
 */
export function randint(k: NDArray, shape: Shape, minval: ArrayLike, maxval: ArrayLike, dtype: DType = 'i32'): NDArray {
  if (!isInteger(dtype))
    throw new DTypeError(
      `[random.randint] draws integers: dtype must be one of i8, u8, i16, u16, i32, u32, got ${shown(dtype)}`,
    );
  if (isNarrow(dtype)) {
    // By way of i32, so that fewer bits do not favour some integers.
    const { min, max } = iinfo(dtype);
    const within = (x: ArrayLike, most: number): ArrayLike =>
      typeof x === 'number' ? Math.min(Math.max(x, min), most) : clip(convertElementType(asArray(x), 'i32'), min, most);
    return convertElementType(randint(k, shape, within(minval, max), within(maxval, max + 1)), dtype);
  }
  const extents = staticShape(shape, '[random.randint] the shape');
  const [low, high] = [bound(minval, dtype, extents), bound(maxval, dtype, extents)];
  const [k1, k2] = split(k) as unknown as Iterable<NDArray> as [NDArray, NDArray];
  const [higher, lower] = [bits(k1, extents), bits(k2, extents)];
  const width = convertElementType(lax.sub(high.value, low.value), 'u32');
  const empty = lax.le(high.value, low.value);
  const one = fill(extents, 'u32', 1);
  // A bound of 2³² or 2³¹ itself does not fit the dtype, so the span is one more than the clamped bounds say.
  const grown = high.clamped ? lax.add(width, one) : width;
  const span = select(empty, one, grown);
  const half = lax.rem(fill(extents, 'u32', 2 ** 16), span);
  const multiplier = lax.rem(lax.mul(half, half), span);
  const offset = lax.rem(lax.add(lax.mul(lax.rem(higher, span), multiplier), lax.rem(lower, span)), span);
  return lax.add(low.value, convertElementType(offset, dtype));
}

interface Bound {
  readonly value: NDArray;
  /** Was it beyond the dtype? */
  readonly clamped: boolean;
}

/** A bound as integers of `dtype`, cut to what that can hold. */
function bound(x: ArrayLike, dtype: DType, shape: Shape): Bound {
  const { min, max } = iinfo(dtype);
  if (typeof x === 'number') {
    if (!Number.isInteger(x)) throw new ArgumentError(`[random.randint] needs integer bounds, got ${x}`);
    return { value: fill(shape, dtype, Math.min(Math.max(x, min), max)), clamped: x > max };
  }
  const a = asArray(x);
  return { value: broadcastTo(convertElementType(a, dtype), shape), clamped: false };
}
