import type { DType, FloatType } from '../kernel/dtype.ts';
import { isFloat, isInteger, isUnsigned } from '../kernel/dtype.ts';
import { threefry2x32 } from '../lax/bits.ts';
import * as lax from '../lax/elementwise.ts';
import { scalarOf } from '../lax/rules.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { broadcastInDim, fill, reshape } from '../lax/structural.ts';
import { array } from '../numpy/create.ts';
import { promoted } from '../numpy/promote.ts';
import { stack } from '../numpy/shape.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval, sizeOf } from '../trace/aval.ts';
import { ArgumentError, DTypeError } from '../trace/errors.ts';
import { followFolding, noteNewKeys, noteUse } from '../trace/key-uses.ts';
import { staticShape } from '../trace/static.ts';
import { debugKeyReuse } from '../trace/switches.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { shown } from '../util/shown.ts';

/** Keys and the bits that they stand for. A key is a u32[2] array; use each key once, and `split` it for more. */

/**
 * The key of a seed: its upper and lower 32 bits. A seed may be an array without axes, traced too: `vmap(key)(seeds)`.
 *
 * @throws ArgumentError unless the seed is a safe integer, or an array without axes; DTypeError for an array of floats.
 * @example
 * random.key(42); // [0, 42]
 */
export function key(seed: number | NDArray): NDArray {
  if (seed instanceof NDArray) return keyOf(seed);
  if (!Number.isSafeInteger(seed)) throw new ArgumentError(`[random.key] needs an integer seed, got ${seed}`);
  const low = seed >>> 0;
  // As JAX without 64-bit types: a seed that fits 32 bits has no upper half.
  const high = Number.isInteger(seed) && Math.abs(seed) >= 2 ** 32 ? Math.floor(seed / 2 ** 32) >>> 0 : 0;
  const made = array([high, low], { dtype: 'u32' });
  if (debugKeyReuse.on) noteNewKeys(made);
  return made;
}

function keyOf(seed: NDArray): NDArray {
  if (seed.ndim !== 0) {
    throw new ArgumentError(
      `[random.key] needs one seed, got ${showAval(seed.aval)}: vmap(random.key) makes many keys`,
    );
  }
  if (!isInteger(seed.dtype)) {
    throw new DTypeError(`[random.key] needs an integer seed, got ${showAval(seed.aval)}: cast it (x.astype('i32'))`);
  }
  const made = stack([scalarOf('u32', 0), convertElementType(seed, 'u32')]);
  if (debugKeyReuse.on) noteNewKeys(made);
  return made;
}

/**
 * The words of keys: u32[..., 2]. Keys are such arrays already; the function is there for code that comes from JAX.
 *
 * @throws ArgumentError for what is no u32[..., 2].
 * @example
 * random.keyData(random.key(42)); // [0, 42]
 */
export function keyData(keys: NDArray): NDArray {
  if (keys.dtype !== 'u32' || keys.shape.at(-1) !== 2) {
    throw new ArgumentError(`[random.keyData] needs keys, u32[..., 2]; got ${showAval(keys.aval)}`);
  }
  return keys;
}

/**
 * Keys from their words, u32[..., 2].
 *
 * @throws ArgumentError for what is no u32[..., 2].
 * @example
 * const k = random.wrapKeyData(np.array([0, 42], { dtype: 'u32' })); // random.key(42)
 */
export const wrapKeyData = (data: NDArray): NDArray => keyData(data);

/** Is it one key, u32[2]? */
export const isKey = (x: unknown): x is NDArray =>
  x instanceof NDArray && x.dtype === 'u32' && x.ndim === 1 && x.shape[0] === 2;

/** The two words of a key, in a shape. */
function words(k: NDArray, shape: Shape): readonly [NDArray, NDArray] {
  const given: unknown = k;
  if (!isKey(given)) {
    const got = given instanceof NDArray ? showAval(given.aval) : `a ${typeof given}`;
    throw new ArgumentError(`[random] needs a key, u32[2] from random.key or random.split; got ${got}`);
  }
  const word = (i: number): NDArray => broadcastInDim(reshape(k.slice(i), []), shape, []);
  return [word(0), word(1)];
}

/** Encrypts the counters 0, 1, 2, … of a shape, as 64-bit numbers in two words. */
export function counted(k: NDArray, shape: Shape, what = 'a draw'): readonly [high: NDArray, low: NDArray] {
  const n = sizeOf(shape);
  const [k0, k1] = words(k, [n]);
  if (debugKeyReuse.on) noteUse(k, what);
  const [a, b] = threefry2x32(k0, k1, fill([n], 'u32', 0), broadcastedIota('u32', [n], 0));
  return [reshape(a, shape), reshape(b, shape)];
}

/**
 * Makes `count` independent keys: u32[count, 2] (u32[...count, 2] for a shape), which destructures.
 *
 * @example
 * const [k1, k2] = random.split(random.key(0));
 */
export function split(k: NDArray, count: number | Shape = 2): NDArray {
  const shape = staticShape(count, '[random.split] the count');
  const [a, b] = counted(k, shape, 'random.split');
  return stack([a, b], shape.length);
}

/**
 * A new key from a key and a number.
 *
 * @example
 * const perStep = [0, 1, 2].map((step) => random.foldIn(random.key(0), step));
 */
export function foldIn(k: NDArray, data: ArrayLike): NDArray {
  const [number] = promoted('foldIn', [data], 'u32') as readonly [NDArray];
  const [k0, k1] = words(k, []);
  const [a, b] = threefry2x32(k0, k1, scalarOf('u32', 0), reshape(number, []));
  const folded = stack([a, b]);
  if (debugKeyReuse.on) followFolding(k, number, folded);
  return folded;
}

/**
 * The same key as a key of its own: for using one twice on purpose while `debugKeyReuse` is on.
 *
 * @example
 * const k = random.key(0);
 * const [noise, again] = [random.normal(k, [2]), random.normal(random.clone(k), [2])]; // the same numbers
 * np.arrayEqual(noise, again); // true
 */
export function clone(k: NDArray): NDArray {
  const words = keyData(k);
  return lax.or(words, lax.like(words, 0));
}

/** Options of {@link bits}. */
export interface BitsOptions {
  /** An unsigned integer dtype; u32 by default. */
  readonly dtype?: DType;
}

/**
 * Uniformly distributed bits.
 *
 * @throws DTypeError for a dtype that is no unsigned integer.
 * @example
 * random.bits(random.key(0), [5]).dtype; // 'u32'
 */
export function bits(k: NDArray, shape: Shape = [], { dtype = 'u32' }: BitsOptions = {}): NDArray {
  if (!isUnsigned(dtype)) {
    throw new DTypeError(`[random.bits] draws unsigned integers: dtype must be u8, u16 or u32, got ${shown(dtype)}`);
  }
  const [a, b] = counted(k, staticShape(shape, '[random.bits] the shape'));
  return convertElementType(lax.xor(a, b), dtype);
}

/** The float dtype that was asked for. */
export function floatDtype(name: string, dtype: DType | undefined): FloatType {
  const to = dtype ?? 'f32';
  if (isFloat(to)) return to;
  throw new DTypeError(`[random.${name}] draws floats: dtype must be f16, f32 or f64, got ${shown(to)}`);
}
