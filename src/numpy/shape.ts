import type { DotDimensionNumbers } from '../lax/dot.ts';
import { dotGeneral } from '../lax/dot.ts';
import * as lax from '../lax/index.ts';
import { sliceAlong } from '../lax/pieces.ts';
import { zerosOf } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval, showMarked, showShape } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import { staticNumber } from '../trace/static.ts';
import type { ArrayLike, Axis, NDArray } from '../trace/value.ts';
import { at, product, range } from '../util/array.ts';
import { alike, broadcastShapesOrNull, broadcastTo, firstBadAxis } from './promote.ts';
import { axesOf } from './reduce.ts';

/** Shapes, joining, indexing and matrix products. */

const axisOf = (name: string, x: NDArray, axis: number): number => at(axesOf(name, x, axis), 0);

/**
 * The same elements in another shape; one extent may be -1.
 *
 * @example
 * np.reshape(np.arange(4), [2, -1]); // [[0, 1], [2, 3]]
 */
export function reshape(x: ArrayLike, shape: Shape | number): NDArray {
  const a = asArray(x);
  const given: readonly unknown[] = Array.isArray(shape) ? (shape as Shape) : [shape];
  const wanted = given.map((n, i) => staticNumber(n, `[reshape] extent ${i} of the shape`));
  const known = product(wanted.filter((n) => n !== -1));
  const unknown = wanted.filter((n) => n === -1).length;
  const fits = unknown === 0 ? known === a.size : unknown === 1 && known > 0 && a.size % known === 0;
  if (!fits) {
    throw new ShapeMismatchError(
      `[reshape] ${showAval(a.aval)} with ${a.size} elements does not fit ${showShape(wanted)}`,
    );
  }
  return lax.reshape(
    a,
    wanted.map((n) => (n === -1 ? a.size / known : n)),
  );
}

/**
 * Permutes the axes; reverses them when `axes` is omitted.
 *
 * @example
 * np.transpose(np.array([[1, 2], [3, 4]])); // [[1, 3], [2, 4]]
 */
export function transpose(x: ArrayLike, axes?: readonly number[]): NDArray {
  const a = asArray(x);
  if (axes === undefined) return lax.transpose(a, range(a.ndim).reverse());
  return lax.transpose(
    a,
    axes.map((i) => (i < 0 ? i + a.ndim : i)),
  );
}

/**
 * Exchanges two axes.
 *
 * @example
 * np.swapaxes(np.ones([2, 3, 4]), 0, 2).shape; // [4, 3, 2]
 */
export function swapaxes(x: ArrayLike, axis1: number, axis2: number): NDArray {
  const a = asArray(x);
  const [i, j] = [axisOf('swapaxes', a, axis1), axisOf('swapaxes', a, axis2)];
  return lax.transpose(
    a,
    range(a.ndim).map((k) => (k === i ? j : k === j ? i : k)),
  );
}

/**
 * Adds axes of extent 1 at the positions that they have in the result.
 *
 * @example
 * np.expandDims(np.ones([3]), 0).shape; // [1, 3]
 */
export function expandDims(x: ArrayLike, axis: number | readonly number[]): NDArray {
  const a = asArray(x);
  const given: readonly unknown[] = Array.isArray(axis) ? (axis as readonly unknown[]) : [axis];
  const list = given.map((i) => staticNumber(i, '[expandDims] the axis'));
  const ndim = a.ndim + list.length;
  const added = list.map((i) => (i < 0 ? i + ndim : i));
  if (added.some((i) => i < 0 || i >= ndim) || new Set(added).size !== added.length) {
    throw new ArgumentError(`[expandDims] axes ${showShape(list)} do not fit a result with ${ndim} axes`);
  }
  let next = 0;
  return lax.reshape(
    a,
    range(ndim).map((i) => (added.includes(i) ? 1 : at(a.shape, next++))),
  );
}

/**
 * Removes axes of extent 1: all, or those named.
 *
 * @example
 * np.squeeze(np.ones([1, 3, 1])).shape; // [3]
 */
export function squeeze(x: ArrayLike, axis?: Axis): NDArray {
  const a = asArray(x);
  const axes =
    axis === undefined || axis === null ? range(a.ndim).filter((i) => a.shape[i] === 1) : axesOf('squeeze', a, axis);
  const bad = axes.find((i) => a.shape[i] !== 1);
  if (bad !== undefined)
    throw new ShapeMismatchError(`[squeeze] axis ${bad} of ${showMarked(a.aval, bad)} does not have extent 1`);
  return lax.reshape(
    a,
    a.shape.filter((_, i) => !axes.includes(i)),
  );
}

/**
 * Joins arrays along an existing axis (default 0; null: flattened).
 *
 * @example
 * np.concatenate([np.array([1, 2]), np.array([3])]); // [1, 2, 3]
 */
export const concatenate = (xs: readonly ArrayLike[], axis: number | null = 0): NDArray =>
  joined(axis === null ? alike(xs).map((x) => reshape(x, [-1])) : alike(xs), axis ?? 0);

/**
 * Joins arrays of one shape along a new axis (default 0).
 *
 * @example
 * np.stack([np.array([1, 2]), np.array([3, 4])], 1); // [[1, 3], [2, 4]]
 */
export const stack = (xs: readonly ArrayLike[], axis = 0): NDArray =>
  joined(
    alike(xs).map((x) => expandDims(x, axis)),
    axis,
  );

/**
 * Joins along axis 0, after making vectors and numbers rows.
 *
 * @example
 * np.vstack([np.array([1, 2]), np.array([3, 4])]); // [[1, 2], [3, 4]]
 */
export const vstack = (xs: readonly ArrayLike[]): NDArray =>
  joined(
    alike(xs).map((x) => (x.ndim < 2 ? reshape(x, [1, x.size]) : x)),
    0,
  );

/**
 * Joins along axis 1 (vectors and numbers: axis 0).
 *
 * @example
 * np.hstack([np.array([1]), np.array([2, 3])]); // [1, 2, 3]
 */
export function hstack(xs: readonly ArrayLike[]): NDArray {
  const arrays = alike(xs).map((x) => (x.ndim === 0 ? reshape(x, [1]) : x));
  return joined(arrays, (arrays[0]?.ndim ?? 1) > 1 ? 1 : 0);
}

/** Joins arrays of one dtype. */
function joined(arrays: readonly NDArray[], axis: number): NDArray {
  const [first] = arrays;
  if (first === undefined) throw new ArgumentError('[concatenate] needs at least one array');
  return lax.concatenate(arrays, axisOf('concatenate', first, axis));
}

/**
 * Splits into equal parts (a number), or before the given positions, along `axis`.
 *
 * @example
 * const [left, right] = np.split(np.arange(4), 2); // [0, 1] and [2, 3]
 */
export function split(x: ArrayLike, parts: number | readonly number[], axis = 0): readonly NDArray[] {
  const a = asArray(x);
  const along = axisOf('split', a, axis);
  const n = at(a.shape, along);
  const cuts = Array.isArray(parts)
    ? (parts as readonly unknown[]).map((p) => staticNumber(p, '[split] a position'))
    : staticNumber(parts, '[split] the number of parts');
  if (typeof cuts === 'number' && n % cuts !== 0) {
    throw new ShapeMismatchError(`[split] ${showMarked(a.aval, along)} does not divide into ${cuts} equal parts`);
  }
  const bounds = typeof cuts === 'number' ? range(cuts + 1).map((i) => (i * n) / cuts) : [0, ...cuts, n];
  return bounds.slice(0, -1).map((start, i) => sliceAlong(a, along, start, at(bounds, i + 1)));
}

/**
 * Reverses the order along `axis` (default all axes).
 *
 * @example
 * np.flip(np.array([1, 2, 3])); // [3, 2, 1]
 */
export function flip(x: ArrayLike, axis?: Axis): NDArray {
  const a = asArray(x);
  return lax.rev(a, axesOf('flip', a, axis));
}

/**
 * Elements on and below diagonal `k` (default 0); zeros elsewhere.
 *
 * @example
 * np.tril(np.ones([2, 2])); // [[1, 0], [1, 1]]
 */
export const tril = (x: ArrayLike, k = 0): NDArray => triangle(asArray(x), k, true);
/**
 * Elements on and above diagonal `k` (default 0); zeros elsewhere.
 *
 * @example
 * np.triu(np.ones([2, 2])); // [[1, 1], [0, 1]]
 */
export const triu = (x: ArrayLike, k = 0): NDArray => triangle(asArray(x), k, false);

function triangle(a: NDArray, k: number, lower: boolean): NDArray {
  if (a.ndim < 2) {
    const name = lower ? 'tril' : 'triu';
    throw new ShapeMismatchError(`[${name}] needs a matrix or a batch of them, got ${showAval(a.aval)}`);
  }
  const rows = lax.broadcastedIota('i32', a.shape, a.ndim - 2);
  const columns = lax.broadcastedIota('i32', a.shape, a.ndim - 1);
  const keep = lower ? columns.le(rows.add(k)) : columns.ge(rows.add(k));
  return lax.select(keep, a, zerosOf(a.aval));
}

// ---------------------------------------------------------------------------------------------- matrix products

/**
 * Matrix product: the last axis of `x` with the second last of `y`; leading axes broadcast; vectors as NumPy has it. Of bools:
 * is any pair true?
 *
 * @example
 * np.matmul(np.array([[1, 2], [3, 4]]), np.array([1, 1])); // [3, 7]
 */
export function matmul(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = alike([x, y]) as readonly [NDArray, NDArray];
  const [k, l] = [a.shape.at(-1), b.ndim === 1 ? b.shape[0] : b.shape.at(-2)];
  if (a.ndim === 0 || b.ndim === 0 || k !== l) throw mismatched('matmul', a, b);
  if (a.ndim === 1 || b.ndim <= 2) {
    const axis = b.ndim === 1 ? 0 : b.ndim - 2;
    return contracted(a, b, { contracting: [[a.ndim - 1], [axis]], batch: [[], []] });
  }
  const outer = broadcastShapesOrNull([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  if (outer === null) throw mismatched('matmul', a, b);
  const wide = broadcastTo(a, [...outer, ...a.shape.slice(-2)]);
  const tall = broadcastTo(b, [...outer, ...b.shape.slice(-2)]);
  const batch = range(outer.length);
  return contracted(wide, tall, {
    contracting: [[outer.length + 1], [outer.length]],
    batch: [batch, batch],
  });
}

/**
 * Dot product: the last axis of `x` with the second last (or only) of `y`; scalars multiply. Of bools as {@link matmul}.
 *
 * @example
 * np.dot(np.array([1, 2]), np.array([3, 4])); // 11
 */
export function dot(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = alike([x, y]) as readonly [NDArray, NDArray];
  if (a.ndim === 0 || b.ndim === 0) return a.mul(b);
  const axis = b.ndim === 1 ? 0 : b.ndim - 2;
  if (a.shape.at(-1) !== b.shape[axis]) throw mismatched('dot', a, b);
  return contracted(a, b, { contracting: [[a.ndim - 1], [axis]], batch: [[], []] });
}

/**
 * Products of all pairs of elements of two flattened arrays: [m, n].
 *
 * @example
 * np.outer(np.array([1, 2]), np.array([3, 4])); // [[3, 4], [6, 8]]
 */
export function outer(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = alike([x, y]) as readonly [NDArray, NDArray];
  return expandDims(reshape(a, -1), 1).mul(reshape(b, -1));
}

/** A sum of products; of bools, whether any is true: as floats, in which no number of them wraps around to 0. */
function contracted(a: NDArray, b: NDArray, dimensions: DotDimensionNumbers): NDArray {
  if (a.dtype !== 'bool') return dotGeneral(a, b, dimensions);
  return dotGeneral(a.astype('f32'), b.astype('f32'), dimensions).astype('bool');
}

function mismatched(name: string, a: NDArray, b: NDArray): ShapeMismatchError {
  const second = b.ndim === 1 ? 0 : b.ndim - 2;
  const unequal = a.ndim > 0 && b.ndim > 0 && a.shape.at(-1) !== b.shape[second];
  const leading = unequal ? 0 : 2 + firstBadAxis([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const [left, right] = unequal ? [a.ndim - 1, second] : [a.ndim - leading, b.ndim - leading];
  return new ShapeMismatchError(
    `[${name}] ${showMarked(a.aval, left)} and ${showMarked(b.aval, right)}: ` +
      `the last axis of the first (${a.shape.at(-1) ?? 'none'}) must equal the ${b.ndim === 1 ? 'only' : 'second last'} ` +
      `axis of the second (${b.shape[second] ?? 'none'}), and leading axes must broadcast`,
  );
}
