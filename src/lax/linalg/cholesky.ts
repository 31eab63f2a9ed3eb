import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import { constant } from '../../kernel/expr.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { bind1 } from '../../trace/context.ts';
import type { Cells, NoParams, Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { tensorType } from '../../trace/stablehlo/text.ts';
import { range } from '../../util/array.ts';
import { like, mul } from '../elementwise.ts';
import { select } from '../select.ts';
import { fromLower, lowerPart, matmul, onDiagonal, symmetrized } from './arrays.ts';
import { batchInFront, matrixType, squareMatrix } from './family.ts';
import { less, minus, next, no, not, over, root, sum, times, yes } from './scalar.ts';
import { triangularSolve } from './triangular.ts';
import type { Matrix } from './views.ts';
import { matrixAt } from './views.ts';

/**
 * The lower triangular L with positive diagonal and A = L Lᵀ, of a symmetric positive definite A of which only the lower
 * triangle is read. Where A is not positive definite, the lower triangle is NaN.
 */
export const choleskyP: Primitive<NoParams, 1> = primitive<NoParams, 1>({
  name: 'cholesky',
  type: ([x]) => {
    const matrix = squareMatrix('cholesky', x);
    return isLeft(matrix) ? matrix : typed(x);
  },
  derivative: {
    kind: 'smooth',
    // L⁻¹ dA L⁻ᵀ = L⁻¹ dL + (L⁻¹ dL)ᵀ, and L⁻¹ dL is lower triangular.
    // Murray: Differentiation of the Cholesky decomposition (arXiv:1602.07527).
    partials: [
      (_, [l]) => {
        const factor = l as NDArray;
        const halves = select(onDiagonal(factor.shape), like(factor, 0.5), like(factor, 1));
        return (t) => {
          const right = triangularSolve(factor, fromLower(t), { lower: true, transposeA: true });
          const both = triangularSolve(factor, right, { leftSide: true, lower: true });
          return [matmul(factor, mul(lowerPart(both), halves))];
        };
      },
    ],
  },
  batch: batchInFront(() => choleskyP),
  lower: ([x]) => {
    const { batch, rows } = matrixType(x.aval);
    return {
      kind: 'procedure',
      domain: batch,
      starts: [0],
      scratch: [],
      readsOnce: true,
      write: (p, point, [l]) => factorize(p, matrixAt(l as Cells, point), rows, x.aval.dtype),
    };
  },
  stablehlo: (b, [x]) => {
    const l = b.add1(`stablehlo.cholesky ${x.name}, lower = true : ${tensorType(x)}`, x);
    const rank = x.shape.length;
    const [row, column] = [b.iota('i32', x.shape, rank - 2), b.iota('i32', x.shape, rank - 1)];
    const pivots = b.select(b.compare('EQ', row, column), l, b.like(x, 1));
    const indefinite = b.reduce(b.not(b.compare('GT', pivots, b.like(x, 0))), 'or', [rank - 2, rank - 1]);
    const spread = b.broadcast(indefinite, x.shape, range(rank - 2));
    return [b.select(b.compare('GE', row, column), b.select(spread, b.like(x, NaN), l), b.like(x, 0))];
  },
  cases: [
    { ins: [{ shape: [4, 4], dtype: 'wideFloat', structure: 'spd' }], params: {} },
    { ins: [{ shape: [2, 3, 3], dtype: 'wideFloat', structure: 'spd' }], params: {}, label: 'batch' },
    { ins: [{ shape: [1, 1], dtype: 'wideFloat', structure: 'spd' }], params: {}, label: 'size 1' },
    { ins: [{ shape: [2, 0, 0], dtype: 'wideFloat' }], params: {}, label: 'empty' },
  ],
});

/** Row by row, each element from the rows above (the Cholesky–Banachiewicz order, in which all reads are along rows). */
function factorize(p: ProcedureWriter, a: Matrix, n: number, dtype: DType): void {
  const zero = constant(dtype, 0);
  const definite = p.variable(yes);
  p.for(0, n, (i) => {
    p.for(0, i, (j) => {
      const products = sum(p, zero, 0, j, (k) => times(a.at(i, k), a.at(j, k)));
      a.set(i, j, over(minus(a.at(i, j), products), a.at(j, j)));
    });
    const squares = sum(p, zero, 0, i, (k) => times(a.at(i, k), a.at(i, k)));
    const pivot = p.keep(minus(a.at(i, i), squares));
    a.set(i, i, root(pivot));
    // A pivot that is NaN is not positive either.
    p.if(not(less(zero, pivot)), () => definite.set(no));
    p.for(next(i), n, (j) => a.set(i, j, zero));
  });
  p.if(not(definite.value), () => p.for(0, n, (i) => p.for(0, next(i), (j) => a.set(i, j, constant(dtype, NaN)))));
}

/** How {@link cholesky} reads its operand. */
export interface CholeskyOptions {
  /**
   * Factor (A + Aᵀ)/2, so that both triangles count and share the gradient. When false, the lower triangle alone is read
   * and has the gradient. Default true.
   */
  readonly symmetrizeInput?: boolean;
}

/**
 * The Cholesky factor of symmetric positive definite matrices: the lower triangular L with A = L Lᵀ.
 *
 * @param x floats of shape [..., n, n].
 * @returns [..., n, n]; zeros above the diagonal, and NaN on and below it where A is not positive definite.
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * lax.linalg.cholesky(np.array([[4, 2], [2, 5]])); // [[2, 0], [1, 2]]
 */
export function cholesky(x: ArrayLike, { symmetrizeInput = true }: CholeskyOptions = {}): NDArray {
  const a = asArray(x, 'cholesky');
  return bind1(choleskyP, [symmetrizeInput ? symmetrized('cholesky', a) : a], {});
}
