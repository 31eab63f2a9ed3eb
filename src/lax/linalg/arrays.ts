import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import type { Shape } from '../../trace/aval.ts';
import type { NDArray } from '../../trace/value.ts';
import { at, range } from '../../util/array.ts';
import { dotGeneral } from '../dot.ts';
import { add, div, eq, ge, le, like, mul, sub } from '../elementwise.ts';
import { convertElementType } from '../casts.ts';
import { broadcastedIota } from '../iota.ts';
import { slice } from '../pieces.ts';
import { select } from '../select.ts';
import { broadcastInDim, fill, reduceSum, transpose, zerosOf } from '../structural.ts';
import { squareMatrix } from './family.ts';

/** Batches of matrices as whole arrays: what derivatives and functions over the primitives are written with. */

/** The product of matrices, one by one; both have the same batch axes. */
export function matmul(x: NDArray, y: NDArray): NDArray {
  const batch = range(x.ndim - 2);
  return dotGeneral(x, y, { contracting: [[x.ndim - 1], [y.ndim - 2]], batch: [batch, batch] });
}

/** The matrices with rows and columns exchanged. */
export const mT = (x: NDArray): NDArray => transpose(x, [...range(x.ndim - 2), x.ndim - 1, x.ndim - 2]);

/** Row number minus column number, as i32, for every position. */
function diagonals(shape: Shape): NDArray {
  const rank = shape.length;
  return sub(broadcastedIota('i32', shape, rank - 2), broadcastedIota('i32', shape, rank - 1));
}

const offset = (shape: Shape, k: number): NDArray => fill(shape, 'i32', k);

/** The elements on diagonal `-k` and below it, zeros elsewhere. */
export const lowerPart = (x: NDArray, k = 0): NDArray =>
  select(ge(diagonals(x.shape), offset(x.shape, k)), x, zerosOf(x.aval));

/** The elements on diagonal `k` and above it, zeros elsewhere. */
export const upperPart = (x: NDArray, k = 0): NDArray =>
  select(le(diagonals(x.shape), offset(x.shape, -k)), x, zerosOf(x.aval));

/** True on diagonal `k`, which is the main one for 0. */
export const onDiagonal = (shape: Shape, k = 0): NDArray => eq(diagonals(shape), offset(shape, -k));

/** Ones on the main diagonal, zeros elsewhere. */
export const identity = (shape: Shape, dtype: DType): NDArray => convertElementType(onDiagonal(shape), dtype);

/** The main diagonal of every matrix: [..., m, n] → [..., min(m, n)]. */
export function diagonalOf(x: NDArray): NDArray {
  const k = Math.min(at(x.shape, -2), at(x.shape, -1));
  const square = block(x, [0, k], [0, k]);
  return reduceSum(select(onDiagonal(square.shape), square, zerosOf(square.aval)), [x.ndim - 1]);
}

/** The rows and columns within the given bounds. */
export function block(x: NDArray, rows: readonly [number, number], columns: readonly [number, number]): NDArray {
  const outer = x.shape.slice(0, -2);
  return slice(x, [...outer.map(() => 0), rows[0], columns[0]], [...outer, rows[1], columns[1]]);
}

/** A vector for every matrix, repeated along the rows: element `j` stands in column `j` of all `rows` rows. */
export const asRows = (v: NDArray, rows: number): NDArray =>
  broadcastInDim(v, [...v.shape.slice(0, -1), rows, at(v.shape, -1)], [...range(v.ndim - 1), v.ndim]);

/** A vector for every matrix, repeated along the columns: element `i` stands in row `i` of all `columns` columns. */
export const asColumns = (v: NDArray, columns: number): NDArray =>
  broadcastInDim(v, [...v.shape, columns], range(v.ndim));

/** 1/x off the main diagonal, 0 on it. */
export function reciprocalOffDiagonal(x: NDArray): NDArray {
  const own = onDiagonal(x.shape);
  const one = like(x, 1);
  return select(own, zerosOf(x.aval), div(one, select(own, one, x)));
}

/** The symmetric matrices that have the lower triangles of `x`. */
export const fromLower = (x: NDArray): NDArray => add(lowerPart(x), mT(lowerPart(x, 1)));

/** (A + Aᵀ)/2. Halves first, so that it does not overflow. */
export function symmetrized(name: string, x: NDArray): NDArray {
  const matrix = squareMatrix(name, x.aval);
  if (isLeft(matrix)) throw matrix.left;
  const half = mul(x, like(x, 0.5));
  return add(half, mT(half));
}
