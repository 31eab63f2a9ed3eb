import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { aval, sameShape, showAval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import type { Cells, NoParams, Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike } from '../../trace/value.ts';
import { NDArray } from '../../trace/value.ts';
import { procedural } from '../../trace/stablehlo/rules.ts';
import { at, range } from '../../util/array.ts';
import { add } from '../elementwise.ts';
import { gatherWindows, scatterAddWindows } from '../indexing.ts';
import { convertElementType } from '../casts.ts';
import { padZeros } from '../pieces.ts';
import { reshape, zerosOf } from '../structural.ts';
import type { WindowsAt } from '../windows-at.ts';
import { block, identity, lowerPart, matmul, upperPart } from './arrays.ts';
import { batchInFront, floatMatrix, matrixType, rectangularCases } from './family.ts';
import { equal, less, magnitude, minus, next, not, over, times } from './scalar.ts';
import { triangularSolve } from './triangular.ts';
import type { Matrix, Vector } from './views.ts';
import { matrixAt, swapRows, vectorAt } from './views.ts';

/**
 * P A = L U by partial pivoting: results `lu` (U on and above the diagonal, L below it, whose diagonal of ones is not
 * stored), `pivots` (at step i, rows i and pivots[i] were exchanged) and `permutation` (A[permutation] = L U).
 */
export const luP: Primitive<NoParams, 1> = primitive<NoParams, 1>({
  name: 'lu',
  type: ([x]) => {
    const matrix = floatMatrix('lu', x);
    if (isLeft(matrix)) return matrix;
    const { batch, rows, columns } = matrix.right;
    return typed(x, aval([...batch, Math.min(rows, columns)], 'i32'), aval([...batch, rows], 'i32'));
  },
  derivative: {
    kind: 'smooth',
    // With F = L⁻¹ P dA U⁻¹: dL = L tril(F, -1) and dU = triu(F) U, where L and U are padded to squares by the identity.
    // De Hoog, Anderssen, Lukas: Differentiation of matrix functionals using triangular factorization (2011).
    partials: [
      (_, [lu, , permutation]) => {
        const { lower, upper } = squareFactors(lu as NDArray);
        return (t) => {
          const moved = takeRows(t, permutation as NDArray);
          const inner = triangularSolve(lower, moved, { leftSide: true, lower: true, unitDiagonal: true });
          const both = triangularSolve(upper, inner);
          return [add(matmul(lower, lowerPart(both, 1)), matmul(upperPart(both), upper))];
        };
      },
    ],
  },
  batch: batchInFront(() => luP),
  lower: ([x]) => {
    const { batch, rows, columns } = matrixType(x.aval);
    return {
      kind: 'procedure',
      domain: batch,
      starts: [0, null, null],
      scratch: [],
      readsOnce: true,
      write: (p, point, [lu, pivots, permutation]) => {
        const order = vectorAt(permutation as Cells, point);
        const exchanged = vectorAt(pivots as Cells, point);
        p.for(0, rows, (i) => order.set(i, i));
        eliminate(p, matrixAt(lu as Cells, point), rows, columns, x.aval.dtype, (step, pivot) => {
          exchanged.set(step, pivot);
          exchange(p, order, step, pivot);
        });
      },
    };
  },
  stablehlo: procedural(() => luP),
  cases: rectangularCases(4),
});

/**
 * Gaussian elimination in place, with the largest element of each column as its pivot (the first of equal ones). Tells
 * `exchanged` which rows change places at each step.
 */
export function eliminate(
  p: ProcedureWriter,
  a: Matrix,
  rows: number,
  columns: number,
  dtype: DType,
  exchanged: (step: Expr, pivot: Expr) => void,
): void {
  p.for(0, Math.min(rows, columns), (step) => {
    const pivot = p.variable(step);
    const best = p.variable(magnitude(a.at(step, step)));
    p.for(next(step), rows, (i) =>
      p.if(less(best.value, magnitude(a.at(i, step))), () => {
        best.set(magnitude(a.at(i, step)));
        pivot.set(i);
      }),
    );
    p.if(not(equal(pivot.value, step)), () => swapRows(p, a, step, pivot.value, columns));
    exchanged(step, pivot.value);
    const diagonal = p.keep(a.at(step, step));
    // A column of zeros is eliminated already.
    p.if(not(equal(diagonal, constant(dtype, 0))), () =>
      p.for(next(step), rows, (i) => {
        const factor = p.keep(over(a.at(i, step), diagonal));
        a.set(i, step, factor);
        p.for(next(step), columns, (j) => a.set(i, j, minus(a.at(i, j), times(factor, a.at(step, j)))));
      }),
    );
  });
}

/** Exchanges two elements. */
export function exchange(p: ProcedureWriter, v: Vector, i: Expr, j: Expr): void {
  const kept = p.keep(v.at(i));
  v.set(i, v.at(j));
  v.set(j, kept);
}

/** L as a square of the rows' size, U as one of the columns', with the identity where the factors end. */
function squareFactors(lu: NDArray): { readonly lower: NDArray; readonly upper: NDArray } {
  const [m, n] = [at(lu.shape, -2), at(lu.shape, -1)];
  const k = Math.min(m, n);
  const outer = lu.shape.slice(0, -2);
  const square = (x: NDArray, size: number, start = 0): NDArray => {
    const none = x.shape.map(() => 0);
    const low = [...outer.map(() => 0), start, start];
    const high = [...outer.map(() => 0), size - start - at(x.shape, -2), size - start - at(x.shape, -1)];
    return padZeros(x, { low, high, interior: none });
  };
  const lower = add(square(lowerPart(block(lu, [0, m], [0, k]), 1), m), identity([...outer, m, m], lu.dtype));
  const upper = square(upperPart(block(lu, [0, k], [0, n])), n);
  // Ones on the diagonal where U has ended.
  const beyond = square(identity([...outer, n - k, n - k], lu.dtype), n, k);
  return { lower, upper: add(upper, beyond) };
}

/** The factors of an LU decomposition, and how rows were exchanged. */
export type LuFactors = readonly [lu: NDArray, pivots: NDArray, permutation: NDArray];

/**
 * The LU decomposition with partial pivoting of matrices A of shape [..., m, n].
 *
 * @returns `lu` [..., m, n], which holds U on and above the diagonal and L, whose diagonal is ones, below it; `pivots`
 *   [..., min(m, n)] (i32): at step i, rows i and pivots[i] changed places; and `permutation` [..., m] (i32), with
 *   A[permutation] = L U.
 * @throws ShapeMismatchError when `x` has fewer than two axes.
 * @example
 * const [lu, pivots, permutation] = lax.linalg.lu(a);
 */
export const lu = (x: ArrayLike): LuFactors => bind(luP, [asArray(x, 'lu')], {}) as unknown as LuFactors;

/** The rows of `x` [..., m, n] in the order of `permutation` [..., m]. */
export function takeRows(x: NDArray, permutation: NDArray): NDArray {
  if (x.size === 0) return x;
  const sizes = x.shape.map((n, a) => (a === x.ndim - 1 ? n : 1));
  return gatherWindows(x, asIndices(permutation), { ...rowsAt(x.ndim), sizes, mode: 'clip' });
}

/** The rows of `x` [..., m, n] put back to where {@link takeRows} took them from. */
export function putRows(x: NDArray, permutation: NDArray): NDArray {
  if (x.size === 0) return x;
  const windows = { ...rowsAt(x.ndim), mode: 'clip', uniqueIndices: true } as const;
  return scatterAddWindows(zerosOf(x.aval), asIndices(permutation), x, windows);
}

const asIndices = (permutation: NDArray): NDArray => reshape(permutation, [...permutation.shape, 1]);

/** Whole rows as windows, for every matrix of a batch. */
function rowsAt(rank: number): WindowsAt {
  const batch = range(rank - 2);
  return {
    offsetDims: [rank - 1],
    collapsedDims: [rank - 2],
    indexMap: [rank - 2],
    operandBatchingDims: batch,
    indicesBatchingDims: batch,
  };
}

/**
 * Solves A X = B, or Aᵀ X = B where `trans` is 1 or 2, given the LU decomposition of A.
 *
 * @param factors `lu` of {@link lu}: [..., n, n].
 * @param permutation of {@link lu}: [..., n].
 * @param b [..., n, m], with the leading axes of `factors`.
 * @throws ShapeMismatchError when the shapes are others.
 * @example
 * const [lu, , permutation] = lax.linalg.lu(np.array([[2, 0], [1, 4]]));
 * lax.linalg.luSolve(lu, permutation, np.array([[2], [9]])); // [[1], [2]]
 */
export function luSolve(factors: ArrayLike, permutation: ArrayLike, b: ArrayLike, trans: 0 | 1 | 2 = 0): NDArray {
  // A list of JS numbers is f32; a permutation is of integers.
  const order = permutation instanceof NDArray ? permutation : convertElementType(permutation, 'i32');
  const [lu, rhs] = [asArray(factors, 'luSolve'), asArray(b, 'luSolve')];
  const square = [...order.shape, ...order.shape.slice(-1)];
  if (order.ndim === 0 || !sameShape(lu.shape, square) || !sameShape(rhs.shape.slice(0, -1), order.shape)) {
    throw new ShapeMismatchError(
      `[luSolve] needs factors [..., n, n], a permutation [..., n] and b [..., n, m]; got ${showAval(lu.aval)}, ` +
        `${showAval(order.aval)} and ${showAval(rhs.aval)}`,
    );
  }
  const lower = { leftSide: true, lower: true, unitDiagonal: true, transposeA: trans !== 0 };
  const upper = { leftSide: true, transposeA: trans !== 0 };
  if (trans !== 0) {
    return putRows(triangularSolve(lu, triangularSolve(lu, rhs, upper), lower), order);
  }
  return triangularSolve(lu, triangularSolve(lu, takeRows(rhs, order), lower), upper);
}
