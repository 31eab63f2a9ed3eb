import type { DType, FloatType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { roundTo } from '../kernel/semantics.ts';
import * as lax from '../lax/elementwise.ts';
import { argmax } from '../lax/reduce.ts';
import { bitcastConvertType, convertElementType } from '../lax/casts.ts';
import { select } from '../lax/select.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import { fill, reshape } from '../lax/structural.ts';
import { finfo } from '../numpy/dtypes.ts';
import { broadcastShapes, broadcastTo, toDtype } from '../numpy/promote.ts';
import { moveaxis } from '../numpy/rearrange.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval, showShape } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import { staticShape } from '../trace/static.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { topK } from '../lax/sort.ts';
import { product } from '../util/array.ts';
import { axesOf } from '../numpy/reduce.ts';
import { multiplyAdd } from './fused.ts';
import { bits, counted, floatDtype } from './keys.ts';

/** Floats by distribution, and choices by probability. */

/** Options that name a float dtype; f32 by default. */
export interface FloatOptions {
  readonly dtype?: DType;
}

/** Where {@link uniform} draws. */
export interface UniformOptions extends FloatOptions {
  /** Default 0; broadcasts to the shape. */
  readonly minval?: ArrayLike;
  /** Default 1; broadcasts to the shape. */
  readonly maxval?: ArrayLike;
}

/**
 * Uniform in [minval, maxval).
 *
 * @throws DTypeError for a dtype that is no float.
 * @example
 * random.uniform(random.key(0), [4], { minval: -1, maxval: 1 }).shape; // [4]
 */
export function uniform(k: NDArray, shape: Shape = [], options: UniformOptions = {}): NDArray {
  const dtype = floatDtype('uniform', options.dtype);
  const extents = staticShape(shape, '[random.uniform] the shape');
  const bound = (x: ArrayLike): NDArray => broadcastTo(toDtype(x, dtype), extents);
  const { minval = 0, maxval = 1 } = options;
  const [low, high] = [bound(minval), bound(maxval)];
  const drawn = unit(k, extents, dtype);
  const width = lax.sub(high, low);
  const scaled = isScale(minval, maxval, dtype) ? lax.add(lax.mul(drawn, width), low) : multiplyAdd(drawn, width, low);
  return lax.max(low, scaled);
}

/** Is the distance of the bounds a power of two, so that a product with it is exact? */
function isScale(minval: ArrayLike, maxval: ArrayLike, dtype: FloatType): boolean {
  if (typeof minval !== 'number' || typeof maxval !== 'number') return false;
  const round = (x: number): number => roundTo(dtype, x);
  const width = round(round(maxval) - round(minval));
  return width > 0 && Number.isInteger(Math.log2(width)) && 2 ** Math.log2(width) === width;
}

/** Uniform in [0, 1): as many random bits as the mantissa has, over the power of two that they count to. */
function unit(k: NDArray, shape: Shape, dtype: FloatType): NDArray {
  if (dtype === 'f32') {
    const word = bits(k, shape);
    // The upper 23 bits become the mantissa of a number in [1, 2).
    const mantissa = lax.or(lax.shiftRightLogical(word, lax.like(word, 9)), lax.like(word, 0x3f800000));
    return lax.sub(bitcastConvertType(mantissa, 'f32'), fill(shape, 'f32', 1));
  }
  if (dtype === 'f16') {
    const word = bits(k, shape, { dtype: 'u16' });
    const mantissa = lax.or(lax.shiftRightLogical(word, lax.like(word, 6)), lax.like(word, 0x3c00));
    return lax.sub(bitcastConvertType(mantissa, 'f16'), fill(shape, 'f16', 1));
  }
  const [high, low] = counted(k, shape);
  const upper = lax.mul(convertElementType(high, 'f64'), fill(shape, 'f64', 2 ** -32));
  const rest = convertElementType(lax.shiftRightLogical(low, lax.like(low, 12)), 'f64');
  return lax.add(upper, lax.mul(rest, fill(shape, 'f64', 2 ** -52)));
}

/**
 * True with probability `p`, in the shape of `p` unless another one is given, which `p` broadcasts to.
 *
 * @example
 * random.bernoulli(random.key(0), 0.9, [4]).dtype; // 'bool'
 */
export function bernoulli(k: NDArray, p: ArrayLike = 0.5, shape?: Shape): NDArray {
  const given = asArray(p);
  const probability = isFloat(given.dtype) ? given : convertElementType(given, 'f32');
  const extents = staticShape(shape ?? probability.shape, '[random.bernoulli] the shape');
  return lax.lt(uniform(k, extents, { dtype: probability.dtype }), broadcastTo(toDtype(probability, probability.dtype), extents)); // prettier-ignore
}

/**
 * Standard normal: √2 erf⁻¹(u) of a uniform u in (-1, 1).
 *
 * @example
 * random.normal(random.key(0), [2, 3]).shape; // [2, 3]
 */
export function normal(k: NDArray, shape: Shape = [], options: FloatOptions = {}): NDArray {
  const dtype = floatDtype('normal', options.dtype);
  const extents = staticShape(shape, '[random.normal] the shape');
  const u = uniform(k, extents, { dtype, minval: nextToward(-1, dtype), maxval: 1 });
  return lax.mul(fill(extents, dtype, Math.SQRT2), lax.erfInv(u));
}

/** The number of a dtype after -1 towards 0. */
const nextToward = (x: -1, dtype: FloatType): number => x + finfo(dtype).eps / 2;

/**
 * Standard normal, restricted to the open interval (lower, upper).
 *
 * @param shape that of the bounds together when omitted.
 * @example
 * random.truncatedNormal(random.key(0), -2, 2, [5]).shape; // [5]
 */
export function truncatedNormal(
  k: NDArray,
  lower: ArrayLike,
  upper: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): NDArray {
  const dtype = floatDtype('truncatedNormal', options.dtype);
  const bounds = [toDtype(lower, dtype), toDtype(upper, dtype)] as const;
  const extents = staticShape(
    shape ?? broadcastShapes('truncatedNormal', bounds),
    '[random.truncatedNormal] the shape',
  );
  const [low, high] = bounds.map((b) => broadcastTo(b, extents)) as [NDArray, NDArray];
  const root2 = fill(extents, dtype, Math.SQRT2);
  const u = uniform(k, extents, {
    dtype,
    minval: lax.erf(lax.div(low, root2)),
    maxval: lax.erf(lax.div(high, root2)),
  });
  const drawn = lax.mul(root2, lax.erfInv(u));
  return lax.min(lax.max(drawn, beyond(stopGradient(low), 1)), beyond(stopGradient(high), -1));
}

/** The number next to each element, above (1) or below (-1) it. */
function beyond(x: NDArray, direction: 1 | -1): NDArray {
  // Doubles have no integers of their size here; a relative step is next to the number, if not the nearest one.
  if (x.dtype === 'f64') {
    const step = lax.max(lax.mul(lax.abs(x), lax.like(x, 2 ** -53)), lax.like(x, 5e-324));
    return direction === 1 ? lax.add(x, step) : lax.sub(x, step);
  }
  const [whole, least] = x.dtype === 'f16' ? (['i16', 2 ** -24] as const) : (['i32', 2 ** -149] as const);
  const word = bitcastConvertType(x, whole);
  const away = lax.gt(x, lax.like(x, 0));
  const outwards = direction === 1 ? away : lax.lt(x, lax.like(x, 0));
  const moved = lax.add(word, convertElementType(outwards, whole).mul(2).sub(1));
  const smallest = fill(x.shape, x.dtype, direction * least);
  const atZero = lax.eq(x, lax.like(x, 0));
  return select(atZero, smallest, bitcastConvertType(moved, x.dtype));
}

/**
 * Gumbel(0, 1): -log(-log u).
 *
 * @example
 * random.gumbel(random.key(0), [5]).shape; // [5]
 */
export function gumbel(k: NDArray, shape: Shape = [], options: FloatOptions = {}): NDArray {
  const dtype = floatDtype('gumbel', options.dtype);
  const minval = finfo(dtype).tiny;
  const u = uniform(k, shape, { dtype, minval, maxval: 1 });
  return lax.neg(lax.log(lax.neg(lax.log(u))));
}

/** Options of {@link categorical}. */
export interface CategoricalOptions {
  /** Of the result; leading axes beyond those of the distributions draw again. */
  readonly shape?: Shape;
  /** Default true; without it, the leading axes of `shape` are drawn without replacement. */
  readonly replace?: boolean;
}

/**
 * Draws positions along `axis` with probabilities softmax(logits), by the Gumbel-max trick.
 *
 * @returns i32 in the shape of `logits` without `axis`, or in the given shape, which that one broadcasts to.
 * @example
 * random.categorical(random.key(0), np.array([-1e9, 0, -1e9])); // 1
 */
export function categorical(k: NDArray, logits: ArrayLike, axis = -1, options: CategoricalOptions = {}): NDArray {
  const given = asArray(logits);
  const scores = isFloat(given.dtype) ? given : convertElementType(given, 'f32');
  const [along] = axesOf('categorical', scores, axis) as readonly [number];
  const n = scores.shape[along] as number;
  const batch = scores.shape.filter((_, i) => i !== along);
  const shape = staticShape(options.shape ?? batch, '[random.categorical] the shape');
  const prefix = shape.slice(0, shape.length - batch.length);
  const tail = shape.slice(prefix.length);
  if (prefix.length + batch.length !== shape.length || !batch.every((e, i) => e === 1 || e === tail[i])) {
    throw new ShapeMismatchError(
      `[random.categorical] draws from ${showAval(scores.aval)} along axis ${axis} have shape ${showShape(batch)}, ` +
        `which does not broadcast to ${showShape(shape)}`,
    );
  }
  const { dtype } = scores;
  if (options.replace ?? true) {
    const noise = [...prefix, ...tail.slice(0, along), n, ...tail.slice(along)];
    const wide = broadcastTo(scores, noise);
    return argmax(lax.add(gumbel(k, noise, { dtype }), wide), prefix.length + along);
  }
  const count = product(prefix);
  if (count > n) {
    throw new ArgumentError(`[random.categorical] can't draw ${count} of ${n} categories without replacement`);
  }
  const noisy = lax.add(gumbel(k, scores.shape, { dtype }), toDtype(scores, dtype));
  const [, positions] = topK(moveaxis(noisy, along, -1), count);
  return reshape(moveaxis(positions, -1, 0), shape);
}
