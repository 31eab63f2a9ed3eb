import { onDiagonal } from '../lax/linalg/arrays.ts';
import { convertElementType } from '../lax/casts.ts';
import { summable } from './promote.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { padZeros, slice } from '../lax/pieces.ts';
import { select } from '../lax/select.ts';
import { broadcastInDim, reduceSum, reshape, transpose, zerosOf } from '../lax/structural.ts'; // prettier-ignore
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import { staticNumber, staticShape } from '../trace/static.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { isRecord } from '../tree/tree.ts';
import { at, range } from '../util/array.ts';
import type { DTypeOptions } from './create.ts';
import { axesOf } from './reduce.ts';

/** Diagonals, grids, and arrays with at least so many axes. */

/**
 * The diagonal `offset` of two axes, which becomes the last axis of the result.
 *
 * @example
 * diagonal(np.array([[1, 2], [3, 4]])); // [1, 4]
 */
export function diagonal(x: ArrayLike, offset = 0, axis1 = 0, axis2 = 1): NDArray {
  const a = asArray(x);
  if (a.ndim < 2) throw new ArgumentError(`[diagonal] needs at least two axes, got ${showAval(a.aval)}`);
  const [rows] = axesOf('diagonal', a, axis1) as readonly [number];
  const [columns] = axesOf('diagonal', a, axis2) as readonly [number];
  if (rows === columns) throw new ArgumentError(`[diagonal] needs two different axes, got ${axis1} and ${axis2}`);
  const others = range(a.ndim).filter((i) => i !== rows && i !== columns);
  const moved = transpose(a, [...others, rows, columns]);
  const [m, n] = [at(moved.shape, others.length), at(moved.shape, others.length + 1)];
  const k = staticNumber(offset, '[diagonal] the offset');
  const length = Math.max(0, Math.min(m - Math.max(0, -k), n - Math.max(0, k)));
  const outer = moved.shape.slice(0, -2);
  const start = [...outer.map(() => 0), Math.min(m, Math.max(0, -k)), Math.min(n, Math.max(0, k))];
  const square = slice(moved, start, [...outer, ...start.slice(-2).map((s) => s + length)]);
  const on = onDiagonal([length, length]);
  const kept = select(broadcastInDim(on, square.shape, [outer.length, outer.length + 1]), square, zerosOf(square.aval));
  if (square.dtype === 'bool') return reduceSum(convertElementType(kept, 'i32'), [outer.length]).astype('bool');
  return reduceSum(kept, [outer.length]);
}

/**
 * The diagonal `k` of a matrix, or the matrix that has a vector on its diagonal `k` and zeros elsewhere.
 *
 * @example
 * np.diag(np.array([1, 2])); // [[1, 0], [0, 2]]
 */
export function diag(x: ArrayLike, k = 0): NDArray {
  const a = asArray(x);
  if (a.ndim === 2) return diagonal(a, k);
  if (a.ndim !== 1) throw new ArgumentError(`[diag] needs a vector or a matrix, got ${showAval(a.aval)}`);
  const [n] = a.shape as readonly [number];
  const offset = staticNumber(k, '[diag] k');
  const size = n + Math.abs(offset);
  const line = padZeros(a, { low: [Math.max(0, offset)], high: [Math.max(0, -offset)], interior: [0] });
  const wide = broadcastInDim(line, [size, size], [1]);
  return select(onDiagonal([size, size], offset), wide, zerosOf(wide.aval));
}

/**
 * The sum along diagonal `offset` of two axes, of narrow integers as i32 or u32.
 *
 * @example
 * np.trace(np.array([[1, 2], [3, 4]])); // 5
 */
export function trace(x: ArrayLike, offset = 0, axis1 = 0, axis2 = 1): NDArray {
  const line = diagonal(x, offset, axis1, axis2);
  return reduceSum(summable(line), [line.ndim - 1]);
}

/**
 * The n × m matrix with ones on and below diagonal `k`.
 *
 * @throws ArgumentError for extents that are no integers, 0 or more.
 * @example
 * np.tri(2, 3); // [[1, 0, 0], [1, 1, 0]]
 */
export function tri(n: number, m: number = n, k = 0, { dtype = 'f32' }: DTypeOptions = {}): NDArray {
  const shape = staticShape([n, m], '[tri] the shape');
  const below = broadcastedIota('i32', shape, 1).le(broadcastedIota('i32', shape, 0).add(k));
  return convertElementType(below, dtype);
}

/** Options of {@link meshgrid}. */
export interface MeshgridOptions {
  /** `xy` (default): the first two axes are exchanged, as for plots; `ij`: axis `i` belongs to vector `i`. */
  readonly indexing?: 'xy' | 'ij';
  /** Axes of extent 1 instead of repeated values; default false. */
  readonly sparse?: boolean;
}

/**
 * Coordinate arrays of a grid, one for each vector.
 *
 * @param args the vectors, and options after the last of them.
 * @example
 * const [rows, columns] = meshgrid(np.arange(2), np.arange(3), { indexing: 'ij' }); // both [2, 3]
 */
export function meshgrid(...args: readonly ArrayLike[] | readonly [...ArrayLike[], MeshgridOptions]): NDArray[] {
  const last = args.at(-1);
  const options = isRecord(last) ? (last as MeshgridOptions) : null;
  const vectors = (options === null ? args : args.slice(0, -1)) as readonly ArrayLike[];
  const { indexing = 'xy', sparse = false } = options ?? {};
  const arrays = vectors.map((v) => {
    const a = asArray(v);
    if (a.ndim > 1) throw new ArgumentError(`[meshgrid] needs vectors, got ${showAval(a.aval)}`);
    return reshape(a, [a.size]);
  });
  const swap = indexing === 'xy' && arrays.length > 1;
  const axisOf = (i: number): number => (swap && i < 2 ? 1 - i : i);
  const shape = range(arrays.length).map((axis) => at(arrays, axisOf(axis)).size);
  return arrays.map((a, i) => {
    const own = sparse ? shape.map((n, axis) => (axis === axisOf(i) ? n : 1)) : shape;
    return broadcastInDim(a, own, [axisOf(i)]);
  });
}

const withAxes =
  (shape: (s: readonly number[]) => readonly number[]) =>
  (x: ArrayLike): NDArray => {
    const a = asArray(x);
    return reshape(a, shape(a.shape));
  };

/**
 * `x` with at least one axis.
 *
 * @example
 * np.atleast1d(5); // [5]
 */
export const atleast1d = withAxes((s) => (s.length === 0 ? [1] : s));
/**
 * `x` with at least two axes; a vector becomes a row.
 *
 * @example
 * np.atleast2d(np.array([1, 2])).shape; // [1, 2]
 */
export const atleast2d = withAxes((s) => (s.length === 0 ? [1, 1] : s.length === 1 ? [1, ...s] : s));
/**
 * `x` with at least three axes: [n] becomes [1, n, 1] and [m, n] becomes [m, n, 1].
 *
 * @example
 * np.atleast3d(np.ones([4, 5])).shape; // [4, 5, 1]
 */
export const atleast3d = withAxes((s) =>
  s.length === 0 ? [1, 1, 1] : s.length === 1 ? [1, ...s, 1] : s.length === 2 ? [...s, 1] : s,
);

/**
 * The same array: arrays are values, so nothing is copied. Numbers and nested lists become arrays.
 *
 * @example
 * np.copy([1, 2]).add(1); // [2, 3]
 */
export const copy = (x: ArrayLike): NDArray => asArray(x);
