import type { DType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { floor } from '../lax/elementwise.ts';
import { onDiagonal } from '../lax/linalg/arrays.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { select } from '../lax/select.ts';
import { broadcastInDim, fill } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import type { Typed } from '../trace/asarray.ts';
import { asArray, fromNested, fromTyped, isTyped } from '../trace/asarray.ts';
import { staticNumber, staticShape } from '../trace/static.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { ArgumentError } from '../trace/errors.ts';
import { range } from '../util/array.ts';
import { broadcastTo, promoted, resultType } from './promote.ts';

/** Making arrays. */

/** Options that name a dtype; f32 by default. */
export interface DTypeOptions {
  readonly dtype?: DType;
}

type Source = ArrayLike | Typed;

/**
 * An array from nested JS arrays, a number, a typed array (copied, and of the dtype that its type means: a Uint8Array is u8),
 * or another array.
 *
 * @param options `dtype` converts; `shape` gives a typed array its shape.
 * @throws ArgumentError when nested arrays are ragged.
 * @example
 * const x = array([[1, 2], [3, 4]]); // f32[2,2]
 */
export function array(x: Source, options: DTypeOptions & { readonly shape?: Shape } = {}): NDArray {
  if (x instanceof NDArray) return options.dtype === undefined ? x : convertElementType(x, options.dtype);
  if (isTyped(x)) {
    const made = fromTyped(x, options.shape ?? [x.length], 'array');
    return options.dtype === undefined ? made : convertElementType(made, options.dtype);
  }
  return fromNested(x, options.dtype ?? null, 'array');
}

/**
 * As {@link array}.
 *
 * @example
 * np.asarray(3).shape; // []
 * np.asarray(new Uint8Array([1, 2])).dtype; // 'u8'
 */
export const asarray = array;

/**
 * An array filled with one value, or with one that is broadcast.
 *
 * @example
 * np.full([2], 7); // [7, 7]
 */
export function full(shape: Shape | number, value: ArrayLike, { dtype }: DTypeOptions = {}): NDArray {
  const extents = staticShape(shape, '[full] the shape');
  if (typeof value === 'number') return fill(extents, dtype ?? 'f32', value);
  const a = asArray(value, 'full');
  return broadcastTo(convertElementType(a, dtype ?? a.dtype), extents);
}

/**
 * Zeros.
 *
 * @example
 * np.zeros([2, 2]); // [[0, 0], [0, 0]]
 */
export const zeros = (shape: Shape | number, { dtype = 'f32' }: DTypeOptions = {}): NDArray =>
  fill(staticShape(shape, '[zeros] the shape'), dtype, 0);
/**
 * Ones.
 *
 * @example
 * np.ones([3]); // [1, 1, 1]
 */
export const ones = (shape: Shape | number, { dtype = 'f32' }: DTypeOptions = {}): NDArray =>
  fill(staticShape(shape, '[ones] the shape'), dtype, 1);

/** What differs from the array that a new one is like. */
export interface LikeOptions extends DTypeOptions {
  readonly shape?: Shape | number;
}

/**
 * Zeros of the shape and dtype of `x`, or those given.
 *
 * @example
 * np.zerosLike(np.array([1, 2])); // [0, 0]
 */
export const zerosLike = (x: ArrayLike, options: LikeOptions = {}): NDArray => fullLike(x, 0, options);
/**
 * Ones of the shape and dtype of `x`, or those given.
 *
 * @example
 * np.onesLike(np.array([1, 2])); // [1, 1]
 */
export const onesLike = (x: ArrayLike, options: LikeOptions = {}): NDArray => fullLike(x, 1, options);
/**
 * One value (or one that is broadcast) in the shape and dtype of `x`, or those given.
 *
 * @throws ShapeMismatchError when the value does not broadcast to the shape.
 * @example
 * np.fullLike(np.zeros([2, 2]), [1, 2]); // [[1, 2], [1, 2]]
 */
export function fullLike(x: ArrayLike, value: ArrayLike, options: LikeOptions = {}): NDArray {
  const a = asArray(x);
  return full(options.shape ?? a.shape, value, { dtype: options.dtype ?? a.dtype });
}

/**
 * start, start + step, … below stop; `arange(n)` counts from 0. Integers are i32, fractions f32.
 *
 * @example
 * np.arange(3); // [0, 1, 2]
 * np.arange(1, 2, 0.25); // [1, 1.25, 1.5, 1.75]
 */
export function arange(start: number, stop?: number, step = 1, options: DTypeOptions = {}): NDArray {
  const bounds = stop === undefined ? [0, start, step] : [start, stop, step];
  const [from, to, by] = bounds.map((x) => staticNumber(x, '[arange] a bound')) as [number, number, number];
  if (by === 0) throw new ArgumentError('[arange] step must not be 0');
  const n = Math.max(0, Math.ceil((to - from) / by));
  const dtype = options.dtype ?? ([from, to, by].every(Number.isInteger) ? 'i32' : 'f32');
  return array(
    Array.from({ length: n }, (_, i) => from + i * by),
    { dtype },
  );
}

/** Options of {@link linspace}. */
export interface LinspaceOptions extends DTypeOptions {
  /** Is `stop` the last one? Default true. */
  readonly endpoint?: boolean;
  /** Where the numbers between arrays of starts and stops are in the result; default 0. */
  readonly axis?: number;
}

/**
 * `count` evenly spaced numbers from start to stop; of arrays, from each start to each stop, which broadcast. Integers are
 * rounded down.
 *
 * @returns [count, ...shape of start and stop], or with the new axis at `options.axis`.
 * @example
 * np.linspace(0, 1, 5); // [0, 0.25, 0.5, 0.75, 1]
 */
export function linspace(start: ArrayLike, stop: ArrayLike, count = 50, options: LinspaceOptions = {}): NDArray {
  const { endpoint = true, dtype } = options;
  const n = staticNumber(count, '[linspace] the count');
  const steps = Math.max(1, endpoint ? n - 1 : n);
  if (typeof start !== 'number' || typeof stop !== 'number') {
    return between(start, stop, n, steps, options);
  }
  const values = Array.from({ length: n }, (_, i) => start + ((stop - start) * i) / steps);
  return array(dtype === undefined || isFloat(dtype) ? values : values.map(Math.floor), { dtype: dtype ?? 'f32' });
}

/** The numbers between arrays, weighted so that the ends are met exactly, as JAX computes them. */
function between(start: ArrayLike, stop: ArrayLike, n: number, steps: number, options: LinspaceOptions): NDArray {
  const wanted = options.dtype ?? null;
  const common = wanted === null ? resultType(start, stop) : wanted;
  const dtype = isFloat(common) ? common : 'f32';
  const [from, to] = promoted('linspace', [start, stop], dtype) as readonly [NDArray, NDArray];
  const given = options.axis ?? 0;
  const axis = given < 0 ? given + from.ndim + 1 : given;
  if (!Number.isInteger(axis) || axis < 0 || axis > from.ndim) {
    throw new ArgumentError(`[linspace] axis ${given} is out of range for a result with ${from.ndim + 1} axes`);
  }
  const shape = [...from.shape.slice(0, axis), n, ...from.shape.slice(axis)];
  const others = range(shape.length).filter((a) => a !== axis);
  const [low, high] = [broadcastInDim(from, shape, others), broadcastInDim(to, shape, others)];
  const position = broadcastedIota('i32', shape, axis);
  const weight = convertElementType(position, dtype).div(steps);
  const inner = low.mul(weight.neg().add(1)).add(high.mul(weight));
  const ends = n > 1 && options.endpoint !== false ? select(position.eq(n - 1), high, inner) : inner;
  const values = n === 1 ? low : ends;
  if (wanted === null || isFloat(wanted)) return values;
  return convertElementType(floor(values), wanted);
}

/**
 * The n × m matrix with ones on its diagonal `k`.
 *
 * @example
 * np.eye(2); // [[1, 0], [0, 1]]
 */
export function eye(n: number, m: number = n, k = 0, { dtype = 'f32' }: DTypeOptions = {}): NDArray {
  const shape = staticShape([n, m], '[eye] the shape');
  return convertElementType(onDiagonal(shape, k), dtype);
}
