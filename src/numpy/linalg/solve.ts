import { abs, add, eq, like, log, mul, sign, sub } from '../../lax/elementwise.ts';
import { diagonalOf, identity, mT } from '../../lax/linalg/arrays.ts';
import * as lax from '../../lax/linalg/index.ts';
import { reduceProd } from '../../lax/reduce.ts';
import { broadcastedIota } from '../../lax/iota.ts';
import { select } from '../../lax/select.ts';
import { reduceSum, reshape, transpose } from '../../lax/structural.ts';
import { showAval, showMarked } from '../../trace/aval.ts';
import { bindOpen } from '../../trace/context.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { openJvp } from '../../transforms/custom/jvp-call.ts';
import { at, product, range } from '../../util/array.ts';
import { broadcastShapesOrNull, broadcastTo, resultType, toDtype } from '../promote.ts';
import { matmul } from '../shape.ts';
import { floatDtype, squares } from './operands.ts';

/**
 * The solution X of A X = B, by LU decomposition. Singular matrices give infinities or NaN.
 *
 * @param a [..., n, n].
 * @param b one vector [n], or matrices [..., n, m]; leading axes broadcast.
 * @returns [..., n] for a vector, else [..., n, m].
 * @throws ShapeMismatchError when `a` is not square or `b` does not fit.
 * @example
 * np.linalg.solve(np.array([[2, 0], [0, 4]]), np.array([2, 4])); // [1, 1]
 */
export function solve(a: ArrayLike, b: ArrayLike): NDArray {
  const dtype = floatDtype(resultType(a, b));
  const matrix = squares('solve', toDtype(a, dtype));
  const right = toDtype(b, dtype);
  const columns = right.ndim === 1 ? reshape(right, [right.size, 1]) : right;
  const rowsFit = columns.ndim >= 2 && columns.shape.at(-2) === matrix.shape.at(-1);
  const batch = broadcastShapesOrNull([matrix.shape.slice(0, -2), columns.shape.slice(0, -2)]);
  if (!rowsFit || batch === null) {
    const got = rowsFit ? showAval(right.aval) : showMarked(right.aval, Math.max(0, right.ndim - 2));
    throw new ShapeMismatchError(
      `[solve] A X = B with A ${showAval(matrix.aval)} and B ${got}: B must be a vector of A's ` +
        'extent, or matrices with as many rows as A and leading axes that broadcast with those of A ' +
        '(for one vector a matrix, add an axis: b.slice("...", null))',
    );
  }
  const [x] = bindOpen(solving, [matrix, columns]) as readonly [NDArray];
  return right.ndim === 1 ? reshape(x, x.shape.slice(0, -1)) : x;
}

/** With dA X + A dX = dB, the tangent of X is the solution of a system with the same matrix. */
const solving = openJvp({
  name: 'solve',
  run: (a, b) => [solverOf(a)(b)],
  rule: ([a, b], [da, db]) => {
    const solved = solverOf(a as NDArray);
    const x = solved(b as NDArray);
    const moved = matmul(da as NDArray, x);
    return { primals: [x], tangents: [solved(sub(broadcastTo(db as NDArray, moved.shape), moved))] };
  },
});

/** Decomposes once, and solves for one right-hand side after the other. */
function solverOf(a: NDArray): (b: NDArray) => NDArray {
  const [factors, , permutation] = lax.lu(a);
  return (b) => {
    if (factors.ndim === 2 && b.ndim > 2) return folded(b, (columns) => lax.luSolve(factors, permutation, columns));
    const batch = broadcastShapesOrNull([factors.shape.slice(0, -2), b.shape.slice(0, -2)]) ?? [];
    const grown = (x: NDArray, inner: number): NDArray => broadcastTo(x, [...batch, ...x.shape.slice(-inner)]);
    return lax.luSolve(grown(factors, 2), grown(permutation, 1), grown(b, 2));
  };
}

/** Applies a function of one matrix's columns to the columns of a whole batch at once. */
function folded(b: NDArray, f: (columns: NDArray) => NDArray): NDArray {
  const rank = b.ndim;
  const forth = [rank - 2, ...range(rank - 2), rank - 1];
  const back = range(rank).map((i) => forth.indexOf(i));
  const moved = transpose(b, forth);
  const columns = reshape(moved, [at(moved.shape, 0), product(moved.shape.slice(1))]);
  return transpose(reshape(f(columns), moved.shape), back);
}

/**
 * The inverses of square matrices [..., n, n]. To solve a system, {@link solve} is faster and more accurate.
 *
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * np.linalg.inv(np.array([[2, 0], [0, 4]])); // [[0.5, 0], [0, 0.25]]
 */
export function inv(a: ArrayLike): NDArray {
  const matrix = squares('inv', a);
  return solve(matrix, identity(matrix.shape, matrix.dtype));
}

/**
 * The determinants of square matrices [..., n, n]: [...]. The gradient is the matrix of cofactors, so that it is right
 * for singular matrices as well; second derivatives at singular matrices are NaN for n > 3.
 *
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * np.linalg.det(np.array([[1, 2], [3, 4]])); // -2
 */
export function det(a: ArrayLike): NDArray {
  const matrix = squares('det', a);
  const n = at(matrix.shape, -1);
  if (n === 0 || n > 3) return lax.det(matrix);
  const element = (i: number, j: number): NDArray => matrix.slice('...', i, j);
  if (n === 1) return element(0, 0);
  const minor = (i: number, j: number, k: number, l: number): NDArray =>
    sub(mul(element(i, k), element(j, l)), mul(element(i, l), element(j, k)));
  if (n === 2) return minor(0, 1, 0, 1);
  const [x, y, z] = [
    mul(element(0, 0), minor(1, 2, 1, 2)),
    mul(element(0, 1), minor(1, 2, 0, 2)),
    mul(element(0, 2), minor(1, 2, 0, 1)),
  ];
  return add(sub(x, y), z);
}

/** What {@link slogdet} gives. */
export type SlogdetResult = readonly [sign: NDArray, logabsdet: NDArray];

/**
 * The sign and the logarithm of the absolute value of the determinants of square matrices [..., n, n], which do not
 * overflow where the determinant would: [...] each. A singular matrix has sign 0 and logarithm -∞.
 *
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * const [sign, logabsdet] = np.linalg.slogdet(a); // det(a) = sign · exp(logabsdet)
 */
export function slogdet(a: ArrayLike): SlogdetResult {
  return bindOpen(logDeterminant, [squares('slogdet', a)]) as unknown as SlogdetResult;
}

/** d log |det A| = tr(A⁻¹ dA); the sign has no tangent. */
const logDeterminant = openJvp({
  name: 'slogdet',
  run: (a) => signAndLogarithm(lax.lu(a)),
  rule: ([a], [da]) => {
    const matrix = a as NDArray;
    const factors = lax.lu(matrix);
    const [lu, , permutation] = factors;
    const inverse = lax.luSolve(lu, permutation, identity(matrix.shape, matrix.dtype));
    const tangent = reduceSum(mul(da as NDArray, mT(inverse)), [matrix.ndim - 2, matrix.ndim - 1]);
    return { primals: signAndLogarithm(factors), tangents: [null, tangent] };
  },
});

function signAndLogarithm([lu, pivots]: lax.LuFactors): readonly [NDArray, NDArray] {
  const diagonal = diagonalOf(lu);
  const axis = diagonal.ndim - 1;
  const stayed = eq(pivots, broadcastedIota('i32', pivots.shape, axis));
  const signs = mul(sign(diagonal), select(stayed, like(diagonal, 1), like(diagonal, -1)));
  return [reduceProd(signs, [axis]), reduceSum(log(abs(diagonal)), [axis])];
}
