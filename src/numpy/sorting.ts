import * as lax from '../lax/cumulative.ts';
import * as sorting from '../lax/sort.ts';
import { convertElementType } from '../lax/casts.ts';
import { rev } from '../lax/pieces.ts';
import { reshape } from '../lax/structural.ts';
import type { DType } from '../kernel/dtype.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { axesOf } from './reduce.ts';

/** Sorting and running totals with NumPy's axis arguments. */

/** An array and an axis; flattened for null. */
function flattenedFor(name: string, x: ArrayLike, axis: number | null): readonly [NDArray, number] {
  const a = asArray(x);
  if (axis === null || a.ndim === 0) return [reshape(a, [a.size]), 0];
  return [a, axesOf(name, a, axis)[0] as number];
}

/** Options of {@link sort} and {@link argsort}. */
export interface SortOptions {
  /** Largest first; default false. */
  readonly descending?: boolean;
  /** Accepted for JAX's sake: sorting is always stable. */
  readonly stable?: boolean;
}

/**
 * Sorted along an axis (default the last; null: flattened); stable, NaN last (first when descending).
 *
 * @example
 * np.sort(np.array([3, 1, 2])); // [1, 2, 3]
 */
export function sort(x: ArrayLike, axis: number | null = -1, { descending = false }: SortOptions = {}): NDArray {
  const [a, along] = flattenedFor('sort', x, axis);
  const { values } = sorting.sortAlong(a, along);
  return descending ? rev(values, [along]) : values;
}

/**
 * The positions that sort an array along an axis (default the last; null: flattened), as i32.
 *
 * @example
 * np.argsort(np.array([3, 1, 2])); // [1, 2, 0]
 */
export function argsort(x: ArrayLike, axis: number | null = -1, { descending = false }: SortOptions = {}): NDArray {
  const [a, along] = flattenedFor('argsort', x, axis);
  return sorting.sortAlong(a, along, descending).positions;
}

/** Options of {@link cumsum} and {@link cumprod}. */
export interface CumulativeOptions {
  /** Of the totals; that of the array when omitted (bools are counted as i32). */
  readonly dtype?: DType;
}

const cumulative =
  (name: string, f: (x: NDArray, axis: number) => NDArray) =>
  (x: ArrayLike, axis: number | null = null, { dtype }: CumulativeOptions = {}): NDArray => {
    const [a, along] = flattenedFor(name, x, axis);
    return f(convertElementType(a, dtype ?? (a.dtype === 'bool' ? 'i32' : a.dtype)), along);
  };

/**
 * Running sums along an axis, or over the flattened array (null, the default).
 *
 * @example
 * np.cumsum(np.array([1, 2, 3])); // [1, 3, 6]
 */
export const cumsum = cumulative('cumsum', lax.cumsum);
/**
 * Running products along an axis, or over the flattened array (null, the default).
 *
 * @example
 * np.cumprod(np.array([1, 2, 3])); // [1, 2, 6]
 */
export const cumprod = cumulative('cumprod', lax.cumprod);
