import { add, and, div, ge, gt, like, mul, neg, sub } from '../../lax/elementwise.ts';
import { asRows, matmul, mT, symmetrized } from '../../lax/linalg/arrays.ts';
import * as lax from '../../lax/linalg/index.ts';
import { convertElementType } from '../../lax/casts.ts';
import { slice } from '../../lax/pieces.ts';
import { select } from '../../lax/select.ts';
import { fill, reduceSum, reshape } from '../../lax/structural.ts';
import { showAval } from '../../trace/aval.ts';
import type { OpenFunction } from '../../trace/context.ts';
import { bindOpen } from '../../trace/context.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { openJvp } from '../../transforms/custom/jvp-call.ts';
import { at } from '../../util/array.ts';
import { broadcastTo, resultType, toDtype } from '../promote.ts';
import { svd } from './decompositions.ts';
import { epsilon, floatDtype, matrices, squares } from './operands.ts';

/** Options of {@link pinv}. */
export interface PinvOptions {
  /** Singular values of at most `rtol` times the largest count as 0; default 10 · max(m, n) · ε. */
  readonly rtol?: number;
  /** The matrices are symmetric; default false. */
  readonly hermitian?: boolean;
}

/**
 * The Moore–Penrose pseudo-inverses of matrices [..., m, n]: [..., n, m]. The gradient is right where the rank does not
 * change nearby, for matrices that are not of full rank and for equal singular values too.
 *
 * @throws ShapeMismatchError when `a` has fewer than two axes, or with `hermitian` is not square.
 * @example
 * np.linalg.pinv(np.array([[2, 0], [0, 0]])); // [[0.5, 0], [0, 0]]
 */
export function pinv(a: ArrayLike, { rtol, hermitian = false }: PinvOptions = {}): NDArray {
  const matrix = hermitian ? symmetrized('pinv', squares('pinv', a)) : matrices('pinv', a);
  const [m, n] = [at(matrix.shape, -2), at(matrix.shape, -1)];
  if (matrix.size === 0) return fill([...matrix.shape.slice(0, -2), n, m], matrix.dtype, 0);
  const cutoff = rtol ?? 10 * Math.max(m, n) * epsilon(matrix.dtype);
  const [p] = bindOpen(pseudoInverse(cutoff, hermitian), [matrix]) as readonly [NDArray];
  return p;
}

/**
 * dP = -P dA P + P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P. Golub, Pereyra: The differentiation of pseudo-inverses and
 * nonlinear least squares problems whose variables separate (1973).
 */
function pseudoInverse(rtol: number, hermitian: boolean): OpenFunction {
  const inverted = (a: NDArray): NDArray => {
    const [u, s, vt] = svd(a, { fullMatrices: false, hermitian });
    const kept = gt(s, mul(like(s, rtol), largestOf(s)));
    return matmul(scaled(mT(vt), reciprocals(s, kept)), mT(u));
  };
  const self = openJvp({
    name: 'pinv',
    run: (a) => [inverted(a)],
    rule: ([a], [t]) => {
      const [matrix, da] = [a as NDArray, t as NDArray];
      const [p] = bindOpen(self, [matrix]) as readonly [NDArray];
      const left = matmul(p, matmul(mT(p), mT(da)));
      const right = matmul(matmul(mT(da), mT(p)), p);
      const first = sub(left, matmul(matmul(left, matrix), p));
      const second = sub(right, matmul(p, matmul(matrix, right)));
      return { primals: [p], tangents: [add(neg(matmul(matmul(p, da), p)), add(first, second))] };
    },
  });
  return self;
}

/** The first, largest one of descending singular values, in the place of each. */
function largestOf(s: NDArray): NDArray {
  const first = slice(s, s.shape.map(() => 0), [...s.shape.slice(0, -1), Math.min(1, at(s.shape, -1))]); // prettier-ignore
  return broadcastTo(first, s.shape);
}

/** 1/s where `kept`, else 0. */
function reciprocals(s: NDArray, kept: NDArray): NDArray {
  const one = like(s, 1);
  return select(kept, div(one, select(kept, s, one)), like(s, 0));
}

/** Column `j` of every matrix, times factor `j`. */
const scaled = (x: NDArray, factors: NDArray): NDArray => mul(x, asRows(factors, at(x.shape, -2)));

/** What {@link lstsq} gives. */
export type LstsqResult = readonly [x: NDArray, residuals: NDArray, rank: NDArray, s: NDArray];

/**
 * The least-squares solution of A X = B: the X that makes |A X - B|² smallest, and of all those the shortest.
 *
 * @param a [m, n].
 * @param b [m], or [m, k] for k systems.
 * @param options `rcond`: singular values smaller than `rcond` times the largest count as 0; default ε · max(m, n).
 * @returns X [n] or [n, k]; the sums of squared residuals [k] (k = 1 for a vector), always computed, as in JAX; the rank of A
 *   (i32); and its singular values.
 * @throws ShapeMismatchError when `a` is no matrix or `b` does not have as many rows.
 * @example
 * const [x] = np.linalg.lstsq(a, b);
 */
export function lstsq(a: ArrayLike, b: ArrayLike, options: { readonly rcond?: number } = {}): LstsqResult {
  const dtype = floatDtype(resultType(a, b));
  const [matrix, right] = [toDtype(a, dtype), toDtype(b, dtype)];
  const [m, n] = matrix.shape;
  const fits = matrix.ndim === 2 && (right.ndim === 1 || right.ndim === 2) && right.shape[0] === m;
  if (!fits || m === undefined || n === undefined) {
    throw new ShapeMismatchError(
      `[lstsq] needs a matrix [m, n] and a vector [m] or matrix [m, k], got ${showAval(matrix.aval)} and ` +
        `${showAval(right.aval)}; for a batch of systems use vmap`,
    );
  }
  const columns = right.ndim === 1 ? reshape(right, [m, 1]) : right;
  const given = options.rcond ?? epsilon(dtype) * Math.max(m, n);
  const rcond = given < 0 ? epsilon(dtype) : given;
  const [x] = bindOpen(leastSquares(rcond), [matrix, columns]) as readonly [NDArray];
  const [, s] = lax.svd(matrix, { fullMatrices: false });
  const residual = sub(columns, matmul(matrix, x));
  const rank = reduceSum(convertElementType(significant(s, rcond), 'i32'), [0]);
  return [right.ndim === 1 ? reshape(x, [n]) : x, reduceSum(mul(residual, residual), [0]), rank, s];
}

const significant = (s: NDArray, rcond: number): NDArray =>
  and(gt(s, like(s, 0)), ge(s, mul(like(s, rcond), largestOf(s))));

/**
 * X = A⁺ B. With R = B - A X, it is dX = A⁺ (dB - dA X) + A⁺ A⁺ᵀ dAᵀ R + (I - A⁺ A) dAᵀ A⁺ᵀ X, from the derivative of the
 * pseudo-inverse.
 */
function leastSquares(rcond: number): OpenFunction {
  const self = openJvp({
    name: 'lstsq',
    run: (a, b) => {
      const [u, s, vt] = lax.svd(a, { fullMatrices: false });
      const inverse = reciprocals(s, significant(s, rcond));
      return [matmul(scaled(mT(vt), inverse), matmul(mT(u), b))];
    },
    rule: ([a, b], [da, db]) => {
      const [matrix, right, t] = [a as NDArray, b as NDArray, da as NDArray];
      const [x] = bindOpen(self, [matrix, right]) as readonly [NDArray];
      const p = pinv(matrix, { rtol: rcond });
      const residual = sub(right, matmul(matrix, x));
      const direct = matmul(p, sub(db as NDArray, matmul(t, x)));
      const normal = matmul(p, matmul(mT(p), matmul(mT(t), residual)));
      const short = matmul(mT(t), matmul(mT(p), x));
      const beyond = sub(short, matmul(p, matmul(matrix, short)));
      return { primals: [x], tangents: [add(direct, add(normal, beyond))] };
    },
  });
  return self;
}
