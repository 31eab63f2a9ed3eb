import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import { lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter, Variable } from '../../kernel/procedure.ts';
import type { Rotation } from './scalar.ts';
import {
  both,
  choose,
  epsilonOf,
  equal,
  hypotenuse,
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
import type { Matrix, Vector } from './views.ts';
import { columnsFrom, rotateRows, rowOf, swapRows } from './views.ts';

/** One-sided Jacobi rotations (Hestenes 1958), with the longer vectors in front (de Rijk 1989). */

/** Sweeps over all pairs; convergence is quadratic, and ten are many. */
const maxSweeps = 40;

/** A vector no longer than this, where the longest is about 1, is treated as zero. Its square is no subnormal number. */
const negligible = (dtype: DType): Expr => constant(dtype, dtype === 'f32' ? 1e-18 : 1e-150);

/**
 * The singular value decomposition W = Rᵀ diag(s) L of a square matrix W, whose rows stand behind the rows of an identity
 * matrix: in the end, L stands there instead, and R in the place of the identity. The rows of W are rotated in pairs until
 * all are orthogonal to working precision, and the rows of the identity along; the lengths of the rows are then the
 * singular values, in descending order. Elements of W should be about 1 in size, at most.
 *
 * @param work [n, 2 n]
 */
export function orthogonalize(p: ProcedureWriter, work: Matrix, s: Vector, n: number, dtype: DType): void {
  const vectors = columnsFrom(work, n);
  sweep(p, work, vectors, n, dtype);
  p.for(0, n, (i) => s.set(i, lengthOf(p, rowOf(vectors, i), n, dtype)));
  sortDescending(p, s, work, n);
  p.for(0, n, (i) =>
    p.if(
      less(negligible(dtype), s.at(i)),
      () => p.for(0, n, (k) => vectors.set(i, k, over(vectors.at(i, k), s.at(i)))),
      () => complete(p, vectors, i, n, dtype),
    ),
  );
}

function sweep(p: ProcedureWriter, work: Matrix, vectors: Matrix, n: number, dtype: DType): void {
  const tolerance = constant(dtype, 2 * epsilonOf(dtype) * Math.sqrt(n));
  const turned = p.variable(yes);
  const sweeps = p.variable(lit(0));
  p.while(both(turned.value, less(sweeps.value, lit(maxSweeps))), () => {
    turned.set(no);
    sweeps.set(next(sweeps.value));
    p.for(0, n, (i) =>
      p.for(next(i), n, (j) => {
        const { first, second, inner } = products(p, vectors, i, j, n, dtype);
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
            rotateRows(p, work, i, j, orthogonalizing(p, first, second, inner), 2 * n);
          },
          () =>
            p.if(less(first, second), () => {
              // Vectors that changed places may have missed each other: another sweep has to see that none turns.
              turned.set(yes);
              swapRows(p, work, i, j, 2 * n);
            }),
        );
      }),
    );
  });
}

/** Squared lengths and the inner product of two vectors. */
function products(
  p: ProcedureWriter,
  rows: Matrix,
  i: Expr,
  j: Expr,
  length: number,
  dtype: DType,
): { readonly first: Expr; readonly second: Expr; readonly inner: Expr } {
  const [first, second, inner] = [0, 1, 2].map(() => p.variable(constant(dtype, 0))) as [Variable, Variable, Variable];
  p.for(0, length, (k) => {
    const [x, y] = [p.keep(rows.at(i, k)), p.keep(rows.at(j, k))];
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
function sortDescending(p: ProcedureWriter, s: Vector, rows: Matrix, n: number): void {
  p.for(0, n, (i) => {
    const most = p.variable(i);
    p.for(next(i), n, (j) => p.if(less(s.at(most.value), s.at(j)), () => most.set(j)));
    p.if(not(equal(most.value, i)), () => {
      const kept = p.keep(s.at(i));
      s.set(i, s.at(most.value));
      s.set(most.value, kept);
      swapRows(p, rows, i, most.value, 2 * n);
    });
  });
}

/** Row `i` becomes a unit vector orthogonal to all rows above: the unit vector farthest from their span, projected. */
function complete(p: ProcedureWriter, rows: Matrix, i: Expr, n: number, dtype: DType): void {
  const [zero, one] = [constant(dtype, 0), constant(dtype, 1)];
  const best = p.variable(lit(0));
  const least = p.variable(constant(dtype, Infinity));
  p.for(0, n, (k) => {
    const inside = sum(p, zero, 0, i, (r) => times(rows.at(r, k), rows.at(r, k)));
    p.if(less(inside, least.value), () => {
      least.set(inside);
      best.set(k);
    });
  });
  p.for(0, n, (k) => rows.set(i, k, choose(equal(k, best.value), one, zero)));
  // The second time takes away what rounding left.
  p.for(0, 2, () =>
    p.for(0, i, (r) => {
      const inner = sum(p, zero, 0, n, (k) => times(rows.at(r, k), rows.at(i, k)));
      p.for(0, n, (k) => rows.set(i, k, minus(rows.at(i, k), times(inner, rows.at(r, k)))));
    }),
  );
  const length = lengthOf(p, rowOf(rows, i), n, dtype);
  p.for(0, n, (k) => rows.set(i, k, over(rows.at(i, k), length)));
}
