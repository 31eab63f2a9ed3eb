import { map } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import { isub, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter, Variable } from '../../kernel/procedure.ts';
import { aval } from '../../trace/aval.ts';
import { bind1 } from '../../trace/context.ts';
import type { Cases, Cells, NoParams, Primitive } from '../../trace/primitive.ts';
import { primitive } from '../../trace/primitive.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { procedural } from '../../trace/stablehlo/rules.ts';
import { mul, sub } from '../elementwise.ts';
import { broadcastInDim, reduceSum } from '../structural.ts';
import { diagonalOf, identity, matmul, mT } from './arrays.ts';
import { batchInFront, matrixType, squareMatrix } from './family.ts';
import { eliminate, exchange, lu, luSolve } from './lu.ts';
import { equal, minus, negated, not, sum, times } from './scalar.ts';
import type { Matrix, Reading, Vector } from './views.ts';
import { forEachCell, matrixAt, reading, vectorAt } from './views.ts';

/** The determinant: det(A) = det(P) Π uᵢᵢ for P A = L U. */
export const detP: Primitive<NoParams, 1> = primitive<NoParams, 1>({
  name: 'det',
  type: ([x]) =>
    map(({ batch }: { readonly batch: readonly number[] }) => [aval(batch, x.dtype, x.weakType)])(
      squareMatrix('det', x),
    ),
  derivative: {
    kind: 'smooth',
    // d det(A) = tr(adj(A) dA), which holds for singular matrices too (Jacobi's formula).
    partials: [
      ([x]) => {
        const cofactors = mT(adjugate(x));
        return (t) => [reduceSum(mul(t, cofactors), [x.ndim - 2, x.ndim - 1])];
      },
    ],
  },
  batch: batchInFront(() => detP),
  lower: ([x]) => {
    const { batch, rows } = matrixType(x.aval);
    const { dtype } = x.aval;
    return {
      kind: 'procedure',
      domain: batch,
      starts: [null],
      scratch: [{ shape: x.aval.shape, dtype }],
      readsOnce: true,
      write: (p, point, [det], [factors]) => {
        const a = matrixAt(factors as Cells, point);
        copy(p, reading(x, point), a, rows);
        const total = eliminated(p, a, rows, dtype, () => undefined);
        p.for(0, rows, (i) => total.set(times(total.value, a.at(i, i))));
        (det as Cells).set(point, total.value);
      },
    };
  },
  stablehlo: procedural(() => detP),
  cases: squareCases(),
});

/**
 * The adjugate, the transposed matrix of cofactors: adj(A) A = det(A) I. From P A = L U it is
 * det(P) adj(U) L⁻¹ P, and adj(U) comes without a division, so that it is right for singular matrices too.
 */
export const adjugateP: Primitive<NoParams, 1> = primitive<NoParams, 1>({
  name: 'adjugate',
  type: ([x]) => map(() => [x])(squareMatrix('adjugate', x)),
  derivative: {
    kind: 'smooth',
    // adj(A) = det(A) A⁻¹, hence d adj(A) = tr(A⁻¹ dA) adj(A) - A⁻¹ dA adj(A); NaN at singular matrices.
    partials: [
      ([x], [adj]) => {
        const value = adj as NDArray;
        const [factors, , permutation] = lu(x);
        const inverse = luSolve(factors, permutation, identity(x.shape, x.dtype));
        return (t) => {
          const relative = matmul(inverse, t);
          const trace = reduceSum(diagonalOf(relative), [x.ndim - 2]);
          const grown = broadcastInDim(trace, x.shape, trace.shape.map((_, i) => i)); // prettier-ignore
          return [sub(mul(grown, value), matmul(relative, value))];
        };
      },
    ],
  },
  batch: batchInFront(() => adjugateP),
  lower: ([x]) => {
    const { batch, rows } = matrixType(x.aval);
    const { dtype, shape } = x.aval;
    return {
      kind: 'procedure',
      domain: batch,
      starts: [null],
      scratch: [
        { shape, dtype },
        { shape, dtype },
        { shape: [...batch, rows], dtype: 'i32' },
      ],
      readsOnce: true,
      write: (p, point, [result], [factors, work, permutation]) => {
        const a = matrixAt(factors as Cells, point);
        const c = matrixAt(work as Cells, point);
        const order = vectorAt(permutation as Cells, point);
        copy(p, reading(x, point), a, rows);
        p.for(0, rows, (i) => order.set(i, i));
        const parity = eliminated(p, a, rows, dtype, (i, j) => exchange(p, order, i, j));
        adjugateOfUpper(p, a, c, rows, dtype);
        timesInverseOfLower(p, a, c, rows);
        permuteColumns(p, c, matrixAt(result as Cells, point), order, rows, parity.value);
      },
    };
  },
  stablehlo: procedural(() => adjugateP),
  cases: squareCases(),
});

function squareCases(): Cases<NoParams, 1> {
  return [
    { ins: [{ shape: [4, 4], dtype: 'wideFloat', structure: 'wellConditioned' }], params: {} },
    { ins: [{ shape: [2, 3, 3], dtype: 'wideFloat', structure: 'wellConditioned' }], params: {}, label: 'batch' },
    { ins: [{ shape: [1, 1], dtype: 'wideFloat', structure: 'wellConditioned' }], params: {}, label: 'size 1' },
    { ins: [{ shape: [2, 0, 0], dtype: 'wideFloat' }], params: {}, label: 'empty' },
  ];
}

const copy = (p: ProcedureWriter, from: Reading, to: Matrix, n: number): void =>
  forEachCell(p, n, n, (i, j) => to.set(i, j, from(i, j)));

/** Eliminates in place; 1 or -1 as the rows were exchanged an even or odd number of times. */
function eliminated(
  p: ProcedureWriter,
  a: Matrix,
  n: number,
  dtype: DType,
  exchanged: (step: Expr, pivot: Expr) => void,
): Variable {
  const parity = p.variable(constant(dtype, 1));
  eliminate(p, a, n, n, dtype, (step, pivot) => {
    p.if(not(equal(step, pivot)), () => parity.set(negated(parity.value)));
    exchanged(step, pivot);
  });
  return parity;
}

/**
 * The adjugate of the upper triangle of `u`, grown by one row and column at a time: that of [[U, r], [0, s]] is
 * [[s adj(U), -adj(U) r], [0, det(U)]].
 */
function adjugateOfUpper(p: ProcedureWriter, u: Matrix, c: Matrix, n: number, dtype: DType): void {
  const zero = constant(dtype, 0);
  const det = p.variable(constant(dtype, 1));
  p.for(0, n, (size) => {
    const last = p.keep(u.at(size, size));
    p.for(0, size, (i) => {
      c.set(i, size, negated(sum(p, zero, i, size, (k) => times(c.at(i, k), u.at(k, size)))));
      c.set(size, i, zero);
      p.for(i, size, (j) => c.set(i, j, times(c.at(i, j), last)));
    });
    c.set(size, size, det.value);
    det.set(times(det.value, last));
  });
}

/** `c` times the inverse of the unit lower triangle of `l`, in place. */
function timesInverseOfLower(p: ProcedureWriter, l: Matrix, c: Matrix, n: number): void {
  p.for(0, n, (step) => {
    const k = p.keep(isub(lit(n - 1), step));
    p.for(0, n, (i) => p.for(0, k, (j) => c.set(i, j, minus(c.at(i, j), times(c.at(i, k), l.at(k, j))))));
  });
}

/** Column `j` of `from` becomes column `order[j]` of `to`, times `factor`. */
function permuteColumns(p: ProcedureWriter, from: Matrix, to: Matrix, order: Vector, n: number, factor: Expr): void {
  p.for(0, n, (j) => {
    const column = p.keep(order.at(j));
    p.for(0, n, (i) => to.set(i, column, times(factor, from.at(i, j))));
  });
}

/**
 * The determinants of square matrices [..., n, n]: [...]; 1 for n = 0. The gradient is the matrix of cofactors, which is
 * right at singular matrices as well; the second derivative needs the inverse.
 *
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * lax.linalg.det(np.array([[1, 2], [3, 4]])); // -2
 */
export const det = (x: ArrayLike): NDArray => bind1(detP, [asArray(x, 'det')], {});

/**
 * The adjugates (transposed matrices of cofactors) of square matrices: adj(A) A = det(A) I.
 *
 * @throws ShapeMismatchError when the matrices are not square.
 * @example
 * lax.linalg.adjugate(np.array([[1, 2], [3, 4]])); // [[4, -2], [-3, 1]]
 */
export const adjugate = (x: ArrayLike): NDArray => bind1(adjugateP, [asArray(x, 'adjugate')], {});
