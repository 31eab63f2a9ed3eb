import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import { constant } from '../../kernel/expr.ts';
import { isub, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import type { Cells, LinearMap, NoParams, Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { procedural } from '../../trace/stablehlo/rules.ts';
import { at } from '../../util/array.ts';
import { add, div, like, mul, sub } from '../elementwise.ts';
import { concatenate } from '../pieces.ts';
import { asColumns, asRows, block, diagonalOf, matmul, mT, reciprocalOffDiagonal } from './arrays.ts';
import { batchInFront, floatMatrix, matrixType, rectangularCases } from './family.ts';
import { applyToVector, reflect } from './householder.ts';
import { orthogonalize } from './jacobi.ts';
import { qr } from './qr.ts';
import { choose, finite, larger, less, magnitude, next, over, times } from './scalar.ts';
import { normalizingSign } from './signs.ts';
import type { Matrix, Reading, Vector } from './views.ts';
import { columnsFrom, flipped, forEachCell, matrixAt, reading, rowOf, setIdentity, vectorAt } from './views.ts';

/**
 * Descending singular values s, and U and Vᵀ with orthonormal columns and rows: A = U diag(s) Vᵀ, as many as the smaller
 * extent of A. One-sided Jacobi rotations make the columns of A (or its rows, if those are fewer) orthogonal to each
 * other; then their lengths are the singular values (Hestenes 1958; de Rijk 1989 for the order).
 */
export const svdP: Primitive<NoParams, 1> = primitive<NoParams, 1>({
  name: 'svd',
  type: ([x]) => {
    const matrix = floatMatrix('svd', x);
    if (isLeft(matrix)) return matrix;
    const { batch, rows, columns } = matrix.right;
    const k = Math.min(rows, columns);
    const shapes = [[k], [rows, k], [k, columns]];
    return typed(...shapes.map((s) => aval([...batch, ...s], x.dtype, x.weakType)));
  },
  derivative: {
    kind: 'smooth',
    partials: [(_, [s, u, vt]) => tangentOf(s as NDArray, u as NDArray, mT(vt as NDArray))],
  },
  batch: batchInFront(() => svdP),
  lower: ([x]) => {
    const { batch, rows, columns } = matrixType(x.aval);
    const { dtype } = x.aval;
    const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
    return {
      kind: 'procedure',
      domain: batch,
      starts: [null, null, null],
      scratch: [
        { shape: [...batch, short, short + long], dtype },
        ...(long > short ? [{ shape: [...batch, short, long + 1], dtype }] : []),
      ],
      readsOnce: false,
      write: (p, point, [s, u, vt], [work, basis]) => {
        const a = reading(x, point);
        const [left, right] = [matrixAt(u as Cells, point), flipped(matrixAt(vt as Cells, point))];
        // Rows are turned, as elements of a row are neighbours: those of Aᵀ, or of A if it is wide.
        const tall = rows >= columns;
        decompose(p, tall ? (i, j) => a(j, i) : a, { s: vectorAt(s as Cells, point), left, right }, tall, {
          work: matrixAt(work as Cells, point),
          basis: basis === undefined ? null : matrixAt(basis, point),
          short,
          long,
          dtype,
        });
      },
    };
  },
  stablehlo: procedural(() => svdP),
  cases: rectangularCases(3),
});

/**
 * With S = Uᵀ dA V and F the matrix of 1/(sⱼ² - sᵢ²) off its diagonal: ds = diag(S),
 * dU = U (F ∘ (S diag(s) + diag(s) Sᵀ)) + (I - U Uᵀ) dA V diag(1/s), and dV likewise from Aᵀ.
 * Giles: An extended collection of matrix derivative results (2008), 3.2; Townsend: Differentiating the SVD (2016).
 */
function tangentOf(s: NDArray, u: NDArray, v: NDArray): LinearMap {
  const k = at(s.shape, -1);
  const [m, n] = [at(u.shape, -2), at(v.shape, -2)];
  const [rows, columns] = [asRows(s, k), asColumns(s, k)];
  const inverse = reciprocalOffDiagonal(mul(add(rows, columns), sub(rows, columns)));
  const inverses = (extent: number): NDArray => asRows(div(like(s, 1), s), extent);
  const [perU, perV] = [inverses(m), inverses(n)];
  const beyond = (basis: NDArray, moved: NDArray, factor: NDArray): NDArray =>
    mul(sub(moved, matmul(basis, matmul(mT(basis), moved))), factor);
  return (t) => {
    const inside = matmul(matmul(mT(u), t), v);
    const scaledRight = mul(inside, rows);
    const scaledLeft = mul(inside, columns);
    const du = matmul(u, mul(inverse, add(scaledRight, mT(scaledRight))));
    const dv = matmul(v, mul(inverse, add(scaledLeft, mT(scaledLeft))));
    const wholeU = m > k ? add(du, beyond(u, matmul(t, v), perU)) : du;
    const wholeV = n > k ? add(dv, beyond(v, matmul(mT(t), u), perV)) : dv;
    return [diagonalOf(inside), wholeU, mT(wholeV)];
  };
}

interface Results {
  readonly s: Vector;
  /** U and V, by columns. */
  readonly left: Matrix;
  readonly right: Matrix;
}

interface Storage {
  /** Row i: row i of all rotations, then vector i, which in the end is a singular vector of the longer side. */
  readonly work: Matrix;
  /** Row i: the vector of reflection i, and then its τ; unused where the matrix is square. */
  readonly basis: Matrix | null;
  readonly short: number;
  readonly long: number;
  readonly dtype: DType;
}

/** @param x the matrix with as many rows as it has singular values. */
function decompose(p: ProcedureWriter, x: Reading, { s, left, right }: Results, tall: boolean, storage: Storage): void {
  const { work, basis, short, long, dtype } = storage;
  const [zero, one] = [constant(dtype, 0), constant(dtype, 1)];
  const vectors = columnsFrom(work, short);
  const [vectorsOut, turnsOut] = tall ? [left, right] : [right, left];
  const top = p.variable(zero);
  forEachCell(p, short, long, (i, j) => top.set(larger(top.value, magnitude(x(i, j)))));
  const scale = p.keep(choose(less(zero, top.value), top.value, one));
  const scaled: Reading = (i, j) => over(x(i, j), scale);
  p.if(
    finite(top.value),
    () => {
      setIdentity(p, work, short, short, one);
      if (basis === null) forEachCell(p, short, long, (i, j) => vectors.set(i, j, scaled(i, j)));
      else triangularize(p, scaled, basis, vectors, storage);
      orthogonalize(p, work, s, short, dtype);
      if (basis !== null) expand(p, basis, vectors, storage);
      p.for(0, short, (i) => {
        const [vector, turn] = [rowOf(vectors, i), rowOf(work, i)];
        const sign = tall ? normalizingSign(p, vector, long, dtype) : normalizingSign(p, turn, short, dtype);
        p.for(0, long, (j) => vectorsOut.set(j, i, times(sign, vector.at(j))));
        p.for(0, short, (j) => turnsOut.set(j, i, times(sign, turn.at(j))));
        s.set(i, times(s.at(i), scale));
      });
    },
    () => {
      const nan = constant(dtype, NaN);
      p.for(0, short, (i) => {
        s.set(i, nan);
        p.for(0, long, (j) => vectorsOut.set(j, i, nan));
        p.for(0, short, (j) => turnsOut.set(j, i, nan));
      });
    },
  );
}

/**
 * Xᵀ = Q R by reflections: the columns of R become the vectors that are rotated. They are as short as they can be, which
 * saves most of the work where one side is much longer than the other.
 */
function triangularize(
  p: ProcedureWriter,
  x: Reading,
  basis: Matrix,
  vectors: Matrix,
  { short, long, dtype }: Storage,
): void {
  const zero = constant(dtype, 0);
  forEachCell(p, short, long, (i, j) => basis.set(i, j, x(i, j)));
  p.for(0, short, (j) => {
    const v = rowOf(basis, j);
    const { tau, beta } = reflect(p, v, dtype, j, long, false);
    basis.set(j, long, tau);
    p.for(next(j), short, (i) => applyToVector(p, rowOf(basis, i), { v, tau, from: j, to: long }, zero));
    p.for(0, j, (k) => vectors.set(j, k, basis.at(j, k)));
    vectors.set(j, j, beta);
    p.for(next(j), short, (k) => vectors.set(j, k, zero));
  });
}

/** Multiplies the vectors by Q: the singular vectors of R become those of the matrix. */
function expand(p: ProcedureWriter, basis: Matrix, vectors: Matrix, { short, long, dtype }: Storage): void {
  const zero = constant(dtype, 0);
  p.for(0, short, (i) => {
    p.for(short, long, (k) => vectors.set(i, k, zero));
    p.for(0, short, (step) => {
      const j = p.keep(isub(lit(short - 1), step));
      const reflection = { v: rowOf(basis, j), tau: p.keep(basis.at(j, long)), from: j, to: long };
      applyToVector(p, rowOf(vectors, i), reflection, zero);
    });
  });
}

/** Which U and V {@link svd} gives. */
export interface SvdOptions {
  /** All columns of orthonormal bases: U is [..., m, m] and Vᵀ [..., n, n]. Default true. */
  readonly fullMatrices?: boolean;
}

/**
 * The singular value decomposition of matrices A [..., m, n]: A = U diag(s) Vᵀ, s descending and not negative, the
 * columns of U and V orthonormal, and each column of U with the sign that makes positive its first element of more than
 * 0.6 times its largest one's size.
 *
 * Singular vectors of equal singular values are not differentiable, nor are those of the singular value 0 of a matrix
 * that is not square: their tangents are infinite or NaN there, as JAX has them. Gradients of functions of the singular
 * values alone are not touched by that.
 *
 * @returns U [..., m, k], s [..., min(m, n)] and Vᵀ [..., k, n], where k is min(m, n) without `fullMatrices`; NaN where a
 *   matrix has an element that is not finite.
 * @throws ShapeMismatchError when `x` has fewer than two axes.
 * @example
 * const [u, s, vt] = lax.linalg.svd(a, { fullMatrices: false });
 */
export function svd(
  x: ArrayLike,
  { fullMatrices = true }: SvdOptions = {},
): readonly [u: NDArray, s: NDArray, vt: NDArray] {
  const [s, u, vt] = bind(svdP, [asArray(x, 'svd')], {}) as unknown as readonly [NDArray, NDArray, NDArray];
  return fullMatrices ? [completed(u), s, mT(completed(mT(vt)))] : [u, s, vt];
}

/** Orthonormal columns, completed to a basis. */
function completed(u: NDArray): NDArray {
  const [m, k] = [at(u.shape, -2), at(u.shape, -1)];
  if (m === k) return u;
  const [q] = qr(u, { fullMatrices: true });
  return concatenate([u, block(q, [0, m], [k, m])], u.ndim - 1);
}
