import type { DType } from '../kernel/dtype.ts';
import { broadcastedIota, convertElementType, fill } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import { asArray, fromNested, fromTyped, isTyped } from '../trace/asarray.ts';
import { staticNumber, staticShape } from '../trace/static.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { ArgumentError } from '../trace/errors.ts';

/** Making arrays. */

/** Options that name a dtype; f32 by default. */
export interface DTypeOptions {
  readonly dtype?: DType;
}

type Source = ArrayLike | Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/**
 * An array from nested JS arrays, a number, a typed array (copied; Uint8Array means bool), or another array.
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

/** As {@link array}. */
export const asarray = array;

/** An array filled with one value. */
export function full(shape: Shape | number, value: number | boolean, { dtype }: DTypeOptions = {}): NDArray {
  return fill(
    staticShape(shape, '[full] the shape'),
    dtype ?? (typeof value === 'boolean' ? 'bool' : 'f32'),
    Number(value),
  );
}

/** Zeros. */
export const zeros = (shape: Shape | number, { dtype = 'f32' }: DTypeOptions = {}): NDArray =>
  fill(staticShape(shape, '[zeros] the shape'), dtype, 0);
/** Ones. */
export const ones = (shape: Shape | number, { dtype = 'f32' }: DTypeOptions = {}): NDArray =>
  fill(staticShape(shape, '[ones] the shape'), dtype, 1);

/** Zeros of the shape and dtype of `x`. */
export const zerosLike = (x: ArrayLike): NDArray => fullLike(x, 0);
/** Ones of the shape and dtype of `x`. */
export const onesLike = (x: ArrayLike): NDArray => fullLike(x, 1);
/** One value in the shape and dtype of `x`. */
export function fullLike(x: ArrayLike, value: number): NDArray {
  const a = asArray(x);
  return fill(a.shape, a.dtype, value);
}

/** start, start + step, … below stop; `arange(n)` counts from 0. Integers are i32, fractions f32. */
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
}

/** `count` evenly spaced numbers from start to stop. */
export function linspace(start: number, stop: number, count = 50, options: LinspaceOptions = {}): NDArray {
  const { dtype = 'f32', endpoint = true } = options;
  const n = staticNumber(count, '[linspace] the count');
  const [from, to] = [staticNumber(start, '[linspace] start'), staticNumber(stop, '[linspace] stop')];
  const steps = Math.max(1, endpoint ? n - 1 : n);
  return array(
    Array.from({ length: n }, (_, i) => from + ((to - from) * i) / steps),
    { dtype },
  );
}

/** The n × m matrix with ones on its diagonal `k`. */
export function eye(n: number, m: number = n, k = 0, { dtype = 'f32' }: DTypeOptions = {}): NDArray {
  const shape = staticShape([n, m], '[eye] the shape');
  const rows = broadcastedIota('i32', shape, 0);
  const columns = broadcastedIota('i32', shape, 1);
  return convertElementType(columns.eq(rows.add(k)), dtype);
}
