import { and, div, gt, isNan, like, mul, ne, not } from '../../lax/elementwise.ts';
import { reduceMax, reduceOr } from '../../lax/reduce.ts';
import { convertElementType } from '../../lax/casts.ts';
import { select } from '../../lax/select.ts';
import { reduceSum, reshape } from '../../lax/structural.ts';
import { indexInDim } from '../../lax/reshaping.ts';
import { showAval } from '../../trace/aval.ts';
import { ArgumentError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { at, range } from '../../util/array.ts';
import { broadcastTo } from '../promote.ts';
import { svd, svdvals } from './decompositions.ts';
import type { NormOrder } from './norm.ts';
import { norm } from './norm.ts';
import { epsilon, floats, matrices } from './operands.ts';
import { inv } from './solve.ts';

/** Options of {@link matrixRank}. */
export interface RankOptions {
  /** Singular values count above `rtol` times the largest; default ε · max(m, n). */
  readonly rtol?: number;
  /** Singular values count above this, instead. */
  readonly tol?: number;
  /** The matrices are symmetric; default false. */
  readonly hermitian?: boolean;
}

/**
 * The rank of matrices [..., m, n]: the number of singular values that are not negligible, as i32 [...]. Of a vector or
 * scalar: 1 if any element is not 0.
 *
 * @throws ArgumentError when both tolerances are given.
 * @example
 * np.linalg.matrixRank(np.array([[1, 2], [2, 4]])); // 1
 */
export function matrixRank(a: ArrayLike, { rtol, tol, hermitian = false }: RankOptions = {}): NDArray {
  const x = floats(a);
  if (rtol !== undefined && tol !== undefined) {
    throw new ArgumentError('[matrixRank] takes `tol` (absolute) or `rtol` (relative), not both');
  }
  if (x.ndim < 2) return convertElementType(reduceOr(ne(x, like(x, 0)), range(x.ndim)), 'i32');
  const s = svd(x, { computeUv: false, hermitian });
  const last = s.ndim - 1;
  if (s.shape[last] === 0) return convertElementType(reduceSum(s, [last]), 'i32');
  const relative = rtol ?? epsilon(x.dtype) * Math.max(at(x.shape, -2), at(x.shape, -1));
  const top = reduceMax(s, [last]);
  const cutoff = tol === undefined ? mul(top, like(top, relative)) : like(top, tol);
  const counted = gt(s, broadcastTo(reshape(cutoff, [...cutoff.shape, 1]), s.shape));
  return reduceSum(convertElementType(counted, 'i32'), [last]);
}

/**
 * The condition number of matrices [..., m, n]: the largest singular value over the smallest (p = 2, the default; the
 * inverse of that for p = -2), or |A| · |A⁻¹| in another norm of square matrices. Infinite for singular ones.
 *
 * @throws ShapeMismatchError when a matrix is empty, or is not square though `p` needs it.
 * @example
 * np.linalg.cond(np.array([[4, 0], [0, 0.5]])); // 8
 * np.linalg.cond(np.array([[1, 2], [2, 4]]), 1); // Infinity
 */
export function cond(a: ArrayLike, p: NormOrder | null = null): NDArray {
  const x = matrices('cond', a);
  const [m, n] = [at(x.shape, -2), at(x.shape, -1)];
  if (m === 0 || n === 0) throw new ShapeMismatchError(`[cond] of an empty matrix has no value: ${showAval(x.aval)}`);
  const ratio = conditionIn(x, p ?? 2);
  const given = reduceOr(isNan(x), [x.ndim - 2, x.ndim - 1]);
  return select(and(isNan(ratio), not(given)), like(ratio, Infinity), ratio);
}

function conditionIn(x: NDArray, p: NormOrder): NDArray {
  if (p === 2 || p === -2) {
    const s = svdvals(x);
    const [largest, smallest] = [indexInDim(s, 0, -1, false), indexInDim(s, -1, -1, false)];
    return p === 2 ? div(largest, smallest) : div(smallest, largest);
  }
  if (x.shape.at(-1) !== x.shape.at(-2)) {
    throw new ShapeMismatchError(`[cond] in norm ${p} needs square matrices, got ${showAval(x.aval)}`);
  }
  const axes = [-2, -1];
  return mul(norm(x, p, axes), norm(inv(x), p, axes));
}
