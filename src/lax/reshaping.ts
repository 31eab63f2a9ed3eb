import { asPositions } from './casts.ts';
import { isInteger } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import { showAval, showShape } from '../trace/aval.ts';
import { ArgumentError, DTypeError } from '../trace/errors.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at, product } from '../util/array.ts';
import { ge, like } from './elementwise.ts';
import { axisOf, scalarOf } from './rules.ts';
import { broadcastedIota } from './iota.ts';
import { padZeros, sliceAlong } from './pieces.ts';
import { select } from './select.ts';
import { broadcastInDim, fill, operands, reshape } from './structural.ts';

/** JAX's functions that are a line or two over the primitives that move elements. */

/**
 * `size` numbers from 0 up.
 *
 * @example
 * lax.iota('i32', 3); // [0, 1, 2]
 */
export const iota = (dtype: DType, size: number): NDArray => broadcastedIota(dtype, [size], 0);

/** Padding of one axis: before the first element, after the last, and between neighbours. */
export type PaddingConfig = readonly [low: number, high: number, interior: number];

/**
 * Pads each axis with `paddingValue`; negative numbers before and after crop. Padding between neighbours comes first.
 *
 * @param paddingConfig for each axis [before, after, between].
 * @throws ShapeMismatchError when there is not one entry for each axis, or more is cropped than there is.
 * @example
 * lax.pad(np.array([1, 2]), 9, [[1, 0, 1]]); // [9, 1, 9, 2]
 */
export function pad(operand: ArrayLike, paddingValue: ArrayLike, paddingConfig: readonly PaddingConfig[]): NDArray {
  const x = asArray(operand, 'pad');
  const value = typeof paddingValue === 'number' ? scalarOf(x.dtype, paddingValue) : asArray(paddingValue, 'pad');
  if (value.ndim !== 0 || value.dtype !== x.dtype) {
    throw new DTypeError(`[pad] ${showAval(x.aval)} needs a scalar of its dtype, got ${showAval(value.aval)}`);
  }
  const params = {
    low: paddingConfig.map(([low]) => low),
    high: paddingConfig.map(([, high]) => high),
    interior: paddingConfig.map(([, , interior]) => interior),
  };
  const padded = padZeros(x, params);
  if (padded === x || paddingValue === 0) return padded;
  const inside = padZeros(fill(x.shape, 'bool', 1), params);
  return select(inside, padded, broadcastInDim(value, padded.shape, []));
}

/**
 * For each element, that of case number `predicate`: cases 0 and 1 for false and true, else by an integer, which is moved into
 * range.
 *
 * @param predicate bool or integers, of the cases' shape or a scalar.
 * @example
 * lax.selectN(np.array([0, 1], { dtype: 'i32' }), np.array([1, 2]), np.array([3, 4])); // [1, 4]
 */
export function selectN(predicate: ArrayLike, ...choices: readonly ArrayLike[]): NDArray {
  const [which, cases] = [asPositions(asArray(predicate, 'selectN')), operands('selectN', choices)];
  const [first] = cases;
  if (first === undefined) throw new ArgumentError('[selectN] needs at least one case');
  if (which.dtype !== 'bool' && !isInteger(which.dtype)) {
    throw new DTypeError(`[selectN] chooses by bools or integers, got ${showAval(which.aval)}`);
  }
  if (which.dtype === 'bool' && cases.length > 2) {
    throw new ArgumentError(`[selectN] a bool chooses between two cases, got ${cases.length}`);
  }
  const number = which.ndim === 0 ? broadcastInDim(which, first.shape, []) : which;
  if (number.dtype === 'bool') return cases.length === 1 ? first : select(number, at(cases, 1), first);
  return cases.slice(1).reduce((chosen, c, i) => select(ge(number, like(number, i + 1)), c, chosen), first);
}

/**
 * Elements `start ≤ i < limit` by `stride` along one axis; negative bounds count from the end, null is all.
 *
 * @example
 * lax.sliceInDim(np.arange(5), 1, 4, 2); // [1, 3]
 */
export function sliceInDim(
  operand: ArrayLike,
  start: number | null,
  limit: number | null,
  stride = 1,
  axis = 0,
): NDArray {
  const x = asArray(operand, 'sliceInDim');
  const along = axisOf('sliceInDim', x, axis);
  const n = at(x.shape, along);
  const bound = (i: number): number => (i < 0 ? i + n : i);
  const [from, to] = [bound(start ?? 0), bound(limit ?? n)];
  return sliceAlong(x, along, from, to, stride);
}

/**
 * The subarray at `index` along an axis, which stays with extent 1 unless `keepdims` is false.
 *
 * @throws ArgumentError for an index outside of the axis.
 * @example
 * lax.indexInDim(np.array([[1, 2], [3, 4]]), -1, 1); // [[2], [4]]
 * lax.indexInDim(np.array([[1, 2], [3, 4]]), -1, 1, false); // [2, 4]
 */
export function indexInDim(operand: ArrayLike, index: number, axis = 0, keepdims = true): NDArray {
  const x = asArray(operand, 'indexInDim');
  const along = axisOf('indexInDim', x, axis);
  const n = at(x.shape, along);
  const position = index < 0 ? index + n : index;
  if (!Number.isInteger(index) || position < 0 || position >= n) {
    throw new ArgumentError(`[indexInDim] index ${index} is out of range for axis ${along} of ${showAval(x.aval)}`);
  }
  const taken = sliceInDim(x, position, position + 1, 1, along);
  return keepdims ? taken : squeeze(taken, [along]);
}

/**
 * Adds axes of extent 1 at the positions that they have in the result.
 *
 * @throws ArgumentError for positions that the result does not have, or has twice.
 * @example
 * lax.expandDims(np.ones([2, 3]), [0, 3]).shape; // [1, 2, 3, 1]
 */
export function expandDims(operand: ArrayLike, dimensions: readonly number[]): NDArray {
  const x = asArray(operand, 'expandDims');
  const ndim = x.ndim + dimensions.length;
  const added = dimensions.map((d) => (d < 0 ? d + ndim : d));
  if (added.some((d) => !Number.isInteger(d) || d < 0 || d >= ndim) || new Set(added).size !== added.length) {
    throw new ArgumentError(`[expandDims] axes ${showShape(dimensions)} do not fit a result with ${ndim} axes`);
  }
  const shape = [...x.shape];
  [...added].sort((a, b) => a - b).forEach((d) => shape.splice(d, 0, 1));
  return reshape(x, shape);
}

/**
 * Removes axes of extent 1.
 *
 * @throws ArgumentError for an axis of another extent.
 * @example
 * lax.squeeze(np.ones([1, 2, 1]), [2]).shape; // [1, 2]
 */
export function squeeze(operand: ArrayLike, dimensions: readonly number[]): NDArray {
  const x = asArray(operand, 'squeeze');
  const removed = dimensions.map((d) => axisOf('squeeze', x, d));
  const bad = removed.find((d) => x.shape[d] !== 1);
  if (bad !== undefined) throw new ArgumentError(`[squeeze] axis ${bad} of ${showAval(x.aval)} does not have extent 1`);
  return reshape(x, x.shape.filter((_, a) => !removed.includes(a))); // prettier-ignore
}

/**
 * The axes from `start` to before `end` (default: to the last) as one axis.
 *
 * @example
 * lax.collapse(np.ones([2, 3, 4, 5]), 1, 3).shape; // [2, 12, 5]
 */
export function collapse(operand: ArrayLike, start: number, end?: number): NDArray {
  const x = asArray(operand, 'collapse');
  const stop = end ?? x.ndim;
  const bound = (i: number): number => Math.min(Math.max(i < 0 ? i + x.ndim : i, 0), x.ndim);
  const [from, to] = [bound(start), bound(stop)];
  if (to < from) throw new ArgumentError(`[collapse] axes ${start} to ${stop} of ${showAval(x.aval)} are no range`);
  return reshape(x, [...x.shape.slice(0, from), product(x.shape.slice(from, to)), ...x.shape.slice(to)]);
}
