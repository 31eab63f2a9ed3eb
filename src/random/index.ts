import type { DType } from '../kernel/dtype.ts';
import { erf } from '../kernel/semantics.ts';
import { threefry2x32 } from '../lax/bits.ts';
import * as lax from '../lax/elementwise.ts';
import { scalarOf } from '../lax/rules.ts';
import {
  bitcastConvertType,
  broadcastedIota,
  broadcastInDim,
  convertElementType,
  fill,
  reshape,
  select,
} from '../lax/structural.ts';
import { argmax } from '../lax/reduce.ts';
import { stack } from '../numpy/shape.ts';
import { array } from '../numpy/create.ts';
import { promoted } from '../numpy/promote.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval, sizeOf } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';

/**
 * Random numbers by key: pure functions, the same numbers as `jax.random` with its default generator (threefry2x32,
 * partitionable). A key is a u32[2] array; use each key once, and `split` it for more.
 */

/** The key of a seed: its upper and lower 32 bits. */
export function key(seed: number): NDArray {
  if (!Number.isSafeInteger(seed)) throw new ArgumentError(`[random.key] needs an integer seed, got ${seed}`);
  const low = seed >>> 0;
  // As JAX without 64-bit types: a seed that fits 32 bits has no upper half.
  const high = Number.isInteger(seed) && Math.abs(seed) >= 2 ** 32 ? Math.floor(seed / 2 ** 32) >>> 0 : 0;
  return array([high, low], { dtype: 'u32' });
}

/** The two words of a key. */
function words(k: NDArray, shape: Shape): readonly [NDArray, NDArray] {
  if (k.dtype !== 'u32' || k.ndim !== 1 || k.shape[0] !== 2) {
    throw new ArgumentError(`[random] needs a key, u32[2] from random.key or random.split; got ${showAval(k.aval)}`);
  }
  const word = (i: number): NDArray => broadcastInDim(reshape(k.slice(i), []), shape, []);
  return [word(0), word(1)];
}

/** Encrypts the counters 0, 1, 2, … of a shape, as 64-bit numbers in two words. */
function counted(k: NDArray, shape: Shape): readonly [NDArray, NDArray] {
  const n = sizeOf(shape);
  const [k0, k1] = words(k, [n]);
  const [a, b] = threefry2x32(k0, k1, fill([n], 'u32', 0), broadcastedIota('u32', [n], 0));
  return [reshape(a, shape), reshape(b, shape)];
}

/**
 * Makes `count` independent keys: u32[count, 2], which destructures.
 *
 * @example
 * const [k1, k2] = random.split(random.key(0));
 */
export function split(k: NDArray, count: number | Shape = 2): NDArray {
  const shape = typeof count === 'number' ? [count] : count;
  const [a, b] = counted(k, shape);
  return stack([a, b], shape.length);
}

/** A new key from a key and a number. */
export function foldIn(k: NDArray, data: ArrayLike): NDArray {
  const [number] = promoted('foldIn', [data], 'u32') as readonly [NDArray];
  const [k0, k1] = words(k, []);
  const [a, b] = threefry2x32(k0, k1, scalarOf('u32', 0), reshape(number, []));
  return stack([a, b]);
}

/** Uniformly distributed u32 bits. */
export function bits(k: NDArray, shape: Shape = []): NDArray {
  const [a, b] = counted(k, shape);
  return lax.xor(a, b);
}

/** Uniform in [minval, maxval). */
export function uniform(
  k: NDArray,
  shape: Shape = [],
  options: { readonly minval?: number; readonly maxval?: number } = {},
): NDArray {
  const { minval = 0, maxval = 1 } = options;
  const word = bits(k, shape);
  // The upper 23 bits become the mantissa of a number in [1, 2).
  const mantissa = lax.or(lax.shiftRightLogical(word, lax.like(word, 9)), lax.like(word, 0x3f800000));
  const unit = lax.sub(bitcastConvertType(mantissa, 'f32'), fill(shape, 'f32', 1));
  const width = Math.fround(Math.fround(maxval) - Math.fround(minval));
  const scaled = lax.add(lax.mul(unit, fill(shape, 'f32', width)), fill(shape, 'f32', minval));
  return lax.max(fill(shape, 'f32', minval), scaled);
}

/** True with probability `p`. */
export function bernoulli(k: NDArray, p: ArrayLike = 0.5, shape?: Shape): NDArray {
  const [probability] = promoted('bernoulli', [p], 'f32') as readonly [NDArray];
  const drawn = uniform(k, shape ?? probability.shape);
  return drawn.lt(probability);
}

/** Standard normal: √2 erf⁻¹(u) of a uniform u in (-1, 1). */
export function normal(k: NDArray, shape: Shape = []): NDArray {
  const low = -0.99999994039535522461; // the float after -1
  return lax.mul(erfInv(uniform(k, shape, { minval: low, maxval: 1 })), fill(shape, 'f32', Math.SQRT2));
}

/**
 * The inverse of the error function, in f32.
 * M. Giles: Approximating the erfinv function. GPU Computing Gems, 2010.
 */
function erfInv(x: NDArray): NDArray {
  const c = (v: number): NDArray => lax.like(x, v);
  const w = lax.neg(lax.log1p(lax.neg(lax.mul(x, x))));
  const central = lax.lt(w, c(5));
  const z = lax.sub(lax.sqrt(w), c(3));
  const polynomial = (t: NDArray, coefficients: readonly number[]): NDArray =>
    coefficients.slice(1).reduce((p, a) => lax.add(c(a), lax.mul(p, t)), c(coefficients[0] as number));
  const near = polynomial(
    lax.sub(w, c(2.5)),
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
      0.246640727, 1.50140941,
    ],
  );
  const far = polynomial(
    z,
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
      1.00167406, 2.83297682,
    ],
  );
  const chosen = select(central, near, far);
  const edge = lax.eq(lax.abs(x), c(1));
  return select(edge, lax.mul(x, c(Infinity)), lax.mul(chosen, x));
}

/** Gumbel(0, 1): -log(-log u). */
export function gumbel(k: NDArray, shape: Shape = []): NDArray {
  const tiny = 1.1754943508222875e-38;
  return lax.neg(lax.log(lax.neg(lax.log(uniform(k, shape, { minval: tiny, maxval: 1 })))));
}

/** Draws indices with probabilities softmax(logits) along the last axis. */
export function categorical(k: NDArray, logits: NDArray): NDArray {
  return argmax(lax.add(gumbel(k, logits.shape), logits), logits.ndim - 1);
}

/** Uniform integers in [minval, maxval), from 64 random bits each. */
export function randint(k: NDArray, shape: Shape, minval: number, maxval: number, dtype: DType = 'i32'): NDArray {
  if (!(minval < maxval) || !Number.isInteger(minval) || !Number.isInteger(maxval)) {
    throw new ArgumentError(`[random.randint] needs integers minval < maxval, got ${minval} and ${maxval}`);
  }
  const [k1, k2] = [...split(k)] as [NDArray, NDArray];
  const span = fill(shape, 'u32', maxval - minval);
  const multiplier = (((2 ** 16 % (maxval - minval)) ** 2) >>> 0) % (maxval - minval);
  const higher = lax.rem(bits(k1, shape), span);
  const lower = lax.rem(bits(k2, shape), span);
  const offset = lax.rem(lax.add(lax.mul(higher, fill(shape, 'u32', multiplier)), lower), span);
  return lax.add(convertElementType(offset, dtype), fill(shape, dtype, minval));
}

/** Standard normal, restricted to (lower, upper). */
export function truncatedNormal(k: NDArray, lower: number, upper: number, shape: Shape = []): NDArray {
  const bound = (x: number): number => Math.fround(erf(Math.fround(Math.fround(x) / Math.fround(Math.SQRT2))));
  const u = uniform(k, shape, { minval: bound(lower), maxval: bound(upper) });
  const drawn = lax.mul(erfInv(u), fill(shape, 'f32', Math.SQRT2));
  return lax.min(lax.max(drawn, fill(shape, 'f32', nextFloat(lower, 1))), fill(shape, 'f32', nextFloat(upper, -1)));
}

/** The f32 number next to `x`, above (1) or below (-1) it. */
function nextFloat(x: number, direction: 1 | -1): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x);
  const away = view.getFloat32(0) > 0 === direction > 0;
  if (view.getFloat32(0) === 0) return direction * 2 ** -149;
  view.setInt32(0, view.getInt32(0) + (away ? 1 : -1));
  return view.getFloat32(0);
}
