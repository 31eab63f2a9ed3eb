import { isFloat } from '../kernel/dtype.ts';
import { div, exp, like, log, sub, mul, add, isFinite as finite } from '../lax/elementwise.ts';
import * as lax from '../lax/reduce.ts';
import { convertElementType } from '../lax/casts.ts';
import { select } from '../lax/select.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import { broadcastInDim, reduceSum, reshape, zerosOf } from '../lax/structural.ts';
import { sqrt } from '../lax/elementwise.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import { staticNumber } from '../trace/static.ts';
import type { ArrayLike, Axis, NDArray, ReduceOptions } from '../trace/value.ts';
import { product, range } from '../util/array.ts';
import { summable, toDtype } from './promote.ts';

/** Reductions with NumPy's axis arguments. */

/** Axis numbers in [0, ndim), from an axis argument. */
export function axesOf(name: string, x: NDArray, axis: Axis | undefined): readonly number[] {
  if (axis === undefined || axis === null) return range(x.ndim);
  const given: readonly unknown[] = Array.isArray(axis) ? (axis as readonly unknown[]) : [axis];
  const list = given.map((a) => staticNumber(a, `[${name}] the axis`));
  const axes = list.map((a) => (a < 0 ? a + x.ndim : a));
  const bad = list.find(
    (_, i) => !Number.isInteger(axes[i]) || (axes[i] as number) < 0 || (axes[i] as number) >= x.ndim,
  );
  if (bad !== undefined) throw new ArgumentError(`[${name}] axis ${bad} is out of range for ${showAval(x.aval)}`);
  if (new Set(axes).size !== axes.length) throw new ArgumentError(`[${name}] axes [${list.join(', ')}] repeat an axis`);
  return [...axes].sort((a, b) => a - b);
}

/** Puts reduced axes back with extent 1 when `keepdims` asks for it. */
const kept = (y: NDArray, x: NDArray, axes: readonly number[], options: ReduceOptions | undefined): NDArray =>
  options?.keepdims === true
    ? reshape(
        y,
        x.shape.map((n, a) => (axes.includes(a) ? 1 : n)),
      )
    : y;

type Reduction = (x: ArrayLike, axis?: Axis, options?: ReduceOptions) => NDArray;

const reduction =
  (
    name: string,
    prepare: (x: NDArray) => NDArray,
    reduce: (x: NDArray, axes: readonly number[]) => NDArray,
  ): Reduction =>
  (x, axis, options) => {
    const a = prepare(asArray(x));
    const axes = axesOf(name, a, axis);
    return kept(reduce(a, axes), a, axes, options);
  };

const floats = (x: NDArray): NDArray => (isFloat(x.dtype) ? x : convertElementType(x, 'f32'));
const truth = (x: NDArray): NDArray => toDtype(x, 'bool');
const nonEmpty =
  (name: string, f: (x: NDArray, axes: readonly number[]) => NDArray) =>
  (x: NDArray, axes: readonly number[]): NDArray => {
    if (axes.some((a) => x.shape[a] === 0)) {
      throw new ArgumentError(
        `[${name}] of no elements has no value: ${showAval(x.aval)} over axes [${axes.join(', ')}]`,
      );
    }
    return f(x, axes);
  };

/**
 * Sum over `axis` (default all); bools are counted, and narrow integers are added up as i32 or u32.
 *
 * @example
 * np.sum(np.array([[1, 2], [3, 4]]), 0); // [4, 6]
 * np.sum(np.array([[1, 2], [3, 4]]), 1, { keepdims: true }); // [[3], [7]]
 */
export const sum: Reduction = reduction('sum', summable, reduceSum);
/**
 * Product over `axis` (default all), of narrow integers as i32 or u32.
 *
 * @example
 * np.prod(np.array([2, 3, 4])); // 24
 */
export const prod: Reduction = reduction('prod', summable, lax.reduceProd);
/**
 * Maximum over `axis` (default all); NaN if any element is.
 *
 * @example
 * np.max(np.array([[1, 5], [3, 4]]), 1); // [5, 4]
 */
export const max: Reduction = reduction(
  'max',
  (x) => x,
  nonEmpty('max', (x, axes) => (x.dtype === 'bool' ? lax.reduceOr(x, axes) : lax.reduceMax(x, axes))),
);
/**
 * Minimum over `axis` (default all); NaN if any element is.
 *
 * @example
 * np.min(np.array([[1, 5], [3, 4]]), 0); // [1, 4]
 */
export const min: Reduction = reduction(
  'min',
  (x) => x,
  nonEmpty('min', (x, axes) => (x.dtype === 'bool' ? lax.reduceAnd(x, axes) : lax.reduceMin(x, axes))),
);
/**
 * Are all true over `axis` (default all)?
 *
 * @example
 * np.all(np.array([0, 1]).gt(0)); // false
 */
export const all: Reduction = reduction('all', truth, lax.reduceAnd);
/**
 * Is any true over `axis` (default all)?
 *
 * @example
 * np.any(np.array([0, 1]).gt(0)); // true
 */
export const any: Reduction = reduction('any', truth, lax.reduceOr);
/**
 * Mean over `axis` (default all).
 *
 * @example
 * np.mean(np.array([[1, 2], [3, 4]])); // 2.5
 */
export const mean: Reduction = reduction('mean', floats, meanOf);

function meanOf(x: NDArray, axes: readonly number[]): NDArray {
  if (x.dtype === 'f16') return inSingle(x, (wide) => meanOf(wide, axes));
  const total = reduceSum(x, axes);
  return div(total, like(total, product(axes.map((a) => x.shape[a] as number))));
}

/** What is computed in f32 and rounded to half precision once, as totals may be larger than that has numbers for. */
const inSingle = (x: NDArray, f: (wide: NDArray) => NDArray): NDArray =>
  convertElementType(f(convertElementType(x, 'f32')), 'f16');

/** Options of {@link var_} and {@link std}. */
export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the number of elements in the divisor; default 0. */
  readonly ddof?: number;
}

/**
 * Variance over `axis` (default all): the mean of the squared distances from the mean.
 *
 * @example
 * np.var(np.array([[1, 3], [2, 8]]), 1); // [1, 9]
 * np.var(np.array([1, 3]), null, { ddof: 1 }); // 2
 */
export function var_(x: ArrayLike, axis?: Axis, options: VarianceOptions = {}): NDArray {
  const a = floats(asArray(x));
  if (a.dtype === 'f16') return inSingle(a, (wide) => var_(wide, axis, options));
  const axes = axesOf('var', a, axis);
  const others = range(a.ndim).filter((i) => !axes.includes(i));
  const centred = sub(a, broadcastInDim(meanOf(a, axes), a.shape, others));
  const total = reduceSum(mul(centred, centred), axes);
  const n = product(axes.map((i) => a.shape[i] as number)) - (options.ddof ?? 0);
  return kept(div(total, like(total, n)), a, axes, options);
}

/**
 * Standard deviation over `axis` (default all).
 *
 * @example
 * np.std(np.array([1, 3])); // 1
 */
export function std(x: ArrayLike, axis?: Axis, options: VarianceOptions = {}): NDArray {
  const a = floats(asArray(x));
  return a.dtype === 'f16' ? inSingle(a, (wide) => std(wide, axis, options)) : sqrt(var_(a, axis, options));
}

const argument =
  (name: string, f: (x: NDArray, axis: number) => NDArray) =>
  (x: ArrayLike, axis?: number | null, options?: ReduceOptions): NDArray => {
    const a = asArray(x);
    const flat = axis === undefined || axis === null;
    const source = flat ? reshape(a, [a.size]) : a;
    const [along] = axesOf(name, source, axis ?? 0) as readonly [number];
    const result = f(source.dtype === 'bool' ? convertElementType(source, 'i32') : source, along);
    if (options?.keepdims !== true) return result;
    return reshape(
      result,
      a.shape.map((n, i) => (flat || i === along ? 1 : n)),
    );
  };

/**
 * Position of the first largest element along `axis`, or in the flattened array, as i32.
 *
 * @example
 * np.argmax(np.array([1, 5, 3])); // 1
 */
export const argmax = argument('argmax', lax.argmax);
/**
 * Position of the first smallest element along `axis`, or in the flattened array, as i32.
 *
 * @example
 * np.argmin(np.array([[4, 1], [2, 3]]), 1); // [1, 0]
 */
export const argmin = argument('argmin', lax.argmin);

/**
 * log Σ eˣ over `axis` (default all), without overflow.
 *
 * @example
 * np.logsumexp(np.array([1000, 1000])); // 1000.6931
 */
export function logsumexp(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray {
  const a = floats(asArray(x));
  const axes = axesOf('logsumexp', a, axis);
  const others = range(a.ndim).filter((i) => !axes.includes(i));
  const top = stopGradient(lax.reduceMax(a, axes));
  // An infinite maximum would make ∞ - ∞; shifting by 0 instead gives the right infinity.
  const shift = select(finite(top), top, zerosOf(top.aval));
  const total = reduceSum(exp(sub(a, broadcastInDim(shift, a.shape, others))), axes);
  return kept(add(log(total), shift), a, axes, options);
}
