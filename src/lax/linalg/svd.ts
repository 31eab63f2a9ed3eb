import { isLeft } from 'fp-ts/lib/Either.js';
import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import { lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter, Variable } from '../../kernel/procedure.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import type { Case, Cells, LinearMap, NoParams, Primitive } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import { add, div, like, mul, sub } from '../elementwise.ts';
import { concatenate } from '../structural.ts';
import { asColumns, asRows, block, diagonalOf, matmul, mT, reciprocalOffDiagonal } from './arrays.ts';
import { batchInFront, floatMatrix, matrixType } from './family.ts';
import { qr } from './qr.ts';
import type { Rotation } from './scalar.ts';
import {
  both,
  choose,
  epsilonOf,
  equal,
  finite,
  hypotenuse,
  larger,
  largest,
  less,
  magnitude,
  minus,
  negated,
  next,
  no,
  not,
  over,
  plus,
  root,
  same,
  signed,
  smaller,
  sum,
  times,
  yes,
} from './scalar.ts';
import { normalizingSign } from './signs.ts';
import type { Matrix, Reading, Vector } from './views.ts';
import {
  columnsFrom,
  flipped,
  forEachCell,
  matrixAt,
  reading,
  rotateRows,
  rowOf,
  swapRows,
  vectorAt,
} from './views.ts';

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
      scratch: [{ shape: [...batch, short, long + short], dtype }],
      readsOnce: false,
      write: (p, point, [s, u, vt], [work]) => {
        const a = reading(x, point);
        const [left, right] = [matrixAt(u as Cells, point), flipped(matrixAt(vt as Cells, point))];
        // Rows are turned, as elements of a row are neighbours: those of Aᵀ, or of A if it is wide.
        const tall = rows >= columns;
        decompose(p, tall ? (i, j) => a(j, i) : a, { s: vectorAt(s as Cells, point), left, right }, tall, {
          work: matrixAt(work as Cells, point),
          short,
          long,
          dtype,
        });
      },
    };
  },
  cases: svdCases(),
});

function svdCases(): readonly Case<NoParams, 1>[] {
  const shapes: readonly (readonly [label: string, shape: readonly number[]])[] = [
    ['square', [3, 3]],
    ['tall, batch', [2, 4, 2]],
    ['wide', [2, 4]],
    ['size 1', [1, 1]],
  ];
  return [
    ...shapes.map(([label, shape]): Case<NoParams, 1> => ({
      ins: [{ shape, dtype: 'float', structure: 'wellConditioned' }],
      params: {},
      label,
    })),
    { ins: [{ shape: [2, 0, 3], dtype: 'float' }], params: {}, label: 'empty' },
  ];
}

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

interface Work {
  /** Row i holds the vector i, and behind it row i of the rotations that were applied. */
  readonly work: Matrix;
  readonly short: number;
  readonly long: number;
  readonly dtype: DType;
}

/** @param x the matrix with as many rows as it has singular values. */
function decompose(p: ProcedureWriter, x: Reading, results: Results, tall: boolean, w: Work): void {
  const { work, short, long, dtype } = w;
  const { s, left, right } = results;
  const [zero, one] = [constant(dtype, 0), constant(dtype, 1)];
  const top = p.variable(zero);
  forEachCell(p, short, long, (i, j) => top.set(larger(top.value, magnitude(x(i, j)))));
  const scale = p.keep(choose(less(zero, top.value), top.value, one));
  forEachCell(p, short, long, (i, j) => work.set(i, j, over(x(i, j), scale)));
  const turns = columnsFrom(work, long);
  forEachCell(p, short, short, (i, j) => turns.set(i, j, choose(equal(i, j), one, zero)));
  const [vectorsOut, turnsOut] = tall ? [left, right] : [right, left];
  p.if(
    finite(top.value),
    () => {
      orthogonalize(p, w);
      p.for(0, short, (i) => s.set(i, lengthOf(p, rowOf(work, i), long, dtype)));
      sortDescending(p, s, work, short, long + short);
      normalize(p, s, w);
      p.for(0, short, (i) => {
        const [vector, turn] = [rowOf(work, i), rowOf(turns, i)];
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

/** Sweeps over all pairs; convergence is quadratic, and ten are many. */
const maxSweeps = 40;

/** A vector no longer than this, where the longest is about 1, is treated as zero. Its square is no subnormal number. */
const negligible = (dtype: DType): Expr => constant(dtype, dtype === 'f32' ? 1e-18 : 1e-150);

/** Rotates pairs of vectors until all are orthogonal to working precision, the longer ones first. */
function orthogonalize(p: ProcedureWriter, { work, short, long, dtype }: Work): void {
  const tolerance = constant(dtype, 2 * epsilonOf(dtype) * Math.sqrt(long));
  const turned = p.variable(yes);
  const sweeps = p.variable(lit(0));
  p.while(both(turned.value, less(sweeps.value, lit(maxSweeps))), () => {
    turned.set(no);
    sweeps.set(next(sweeps.value));
    p.for(0, short, (i) =>
      p.for(next(i), short, (j) => {
        const { first, second, inner } = products(p, work, i, j, long, dtype);
        const lengths = p.keep(times(root(first), root(second)));
        const turns = p.keep(
          both(
            less(negligible(dtype), root(smaller(first, second))),
            less(times(tolerance, lengths), magnitude(inner)),
          ),
        );
        p.if(
          turns,
          () => {
            turned.set(yes);
            rotateRows(p, work, i, j, orthogonalizing(p, first, second, inner), long + short);
          },
          () => p.if(less(first, second), () => swapRows(p, work, i, j, long + short)),
        );
      }),
    );
  });
}

/** Squared lengths and the inner product of two vectors. */
function products(
  p: ProcedureWriter,
  work: Matrix,
  i: Expr,
  j: Expr,
  length: number,
  dtype: DType,
): { readonly first: Expr; readonly second: Expr; readonly inner: Expr } {
  const [first, second, inner] = [0, 1, 2].map(() => p.variable(constant(dtype, 0))) as [Variable, Variable, Variable];
  p.for(0, length, (k) => {
    const [x, y] = [p.keep(work.at(i, k)), p.keep(work.at(j, k))];
    first.set(plus(first.value, times(x, x)));
    second.set(plus(second.value, times(y, y)));
    inner.set(plus(inner.value, times(x, y)));
  });
  return { first: first.value, second: second.value, inner: inner.value };
}

/** The rotation that makes two vectors orthogonal, the first the longer, from their squared lengths and inner product. */
function orthogonalizing(p: ProcedureWriter, first: Expr, second: Expr, inner: Expr): Rotation {
  const one = same(first, 1);
  // The smaller of the two angles that do, by its tangent; it keeps the order of vectors that are in order.
  const ratio = p.keep(over(minus(second, first), times(same(first, 2), inner)));
  const tangent = p.keep(signed(over(one, plus(magnitude(ratio), hypotenuse(p, one, ratio))), ratio));
  const c = p.keep(over(one, root(plus(one, times(tangent, tangent)))));
  const s = p.keep(times(c, tangent));
  const change = p.keep(times(tangent, inner));
  const exchange = p.keep(less(minus(first, change), plus(second, change)));
  return { c: p.keep(choose(exchange, s, c)), s: p.keep(choose(exchange, c, negated(s))) };
}

/** The length of a vector, without overflow or underflow. */
function lengthOf(p: ProcedureWriter, v: Vector, length: number, dtype: DType): Expr {
  const zero = constant(dtype, 0);
  const top = largest(p, dtype, 0, length, (k) => magnitude(v.at(k)));
  const scale = p.keep(choose(less(zero, top.value), top.value, constant(dtype, 1)));
  const squares = sum(p, zero, 0, length, (k) => times(over(v.at(k), scale), over(v.at(k), scale)));
  return p.keep(times(scale, root(squares)));
}

/** Selection sort of the singular values, with their rows. */
function sortDescending(p: ProcedureWriter, s: Vector, rows: Matrix, n: number, columns: number): void {
  p.for(0, n, (i) => {
    const most = p.variable(i);
    p.for(next(i), n, (j) => p.if(less(s.at(most.value), s.at(j)), () => most.set(j)));
    p.if(not(equal(most.value, i)), () => {
      const kept = p.keep(s.at(i));
      s.set(i, s.at(most.value));
      s.set(most.value, kept);
      swapRows(p, rows, i, most.value, columns);
    });
  });
}

/** Makes the vectors unit vectors; those without a direction, which are the last ones, complete the others to a basis. */
function normalize(p: ProcedureWriter, s: Vector, { work, short, long, dtype }: Work): void {
  p.for(0, short, (i) => {
    p.if(
      less(negligible(dtype), s.at(i)),
      () => p.for(0, long, (k) => work.set(i, k, over(work.at(i, k), s.at(i)))),
      () => complete(p, work, i, long, dtype),
    );
  });
}

/** Row `i` becomes a unit vector orthogonal to all rows above: the unit vector farthest from their span, projected. */
function complete(p: ProcedureWriter, work: Matrix, i: Expr, long: number, dtype: DType): void {
  const [zero, one] = [constant(dtype, 0), constant(dtype, 1)];
  const best = p.variable(lit(0));
  const least = p.variable(constant(dtype, Infinity));
  p.for(0, long, (k) => {
    const inside = sum(p, zero, 0, i, (r) => times(work.at(r, k), work.at(r, k)));
    p.if(less(inside, least.value), () => {
      least.set(inside);
      best.set(k);
    });
  });
  p.for(0, long, (k) => work.set(i, k, choose(equal(k, best.value), one, zero)));
  // The second time takes away what rounding left.
  p.for(0, 2, () =>
    p.for(0, i, (r) => {
      const inner = sum(p, zero, 0, long, (k) => times(work.at(r, k), work.at(i, k)));
      p.for(0, long, (k) => work.set(i, k, minus(work.at(i, k), times(inner, work.at(r, k)))));
    }),
  );
  const length = lengthOf(p, rowOf(work, i), long, dtype);
  p.for(0, long, (k) => work.set(i, k, over(work.at(i, k), length)));
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
  x: NDArray,
  { fullMatrices = true }: SvdOptions = {},
): readonly [u: NDArray, s: NDArray, vt: NDArray] {
  const [s, u, vt] = bind(svdP, [x], {}) as unknown as readonly [NDArray, NDArray, NDArray];
  return fullMatrices ? [completed(u), s, mT(completed(mT(vt)))] : [u, s, vt];
}

/** Orthonormal columns, completed to a basis. */
function completed(u: NDArray): NDArray {
  const [m, k] = [at(u.shape, -2), at(u.shape, -1)];
  if (m === k) return u;
  const [q] = qr(u, { fullMatrices: true });
  return concatenate([u, block(q, [0, m], [k, m])], u.ndim - 1);
}
