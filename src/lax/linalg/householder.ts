import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { constant } from '../../kernel/expr.ts';
import type { ProcedureWriter } from '../../kernel/procedure.ts';
import { equal, larger, largest, magnitude, minus, negated, next, over, plus, root, signed, sum, times } from './scalar.ts'; // prettier-ignore
import type { Matrix, Position, Vector } from './views.ts';

/** Householder reflections H = I - τ v vᵀ, which take a vector to a multiple of the first unit vector. */

/** A reflection whose vector, with a first element of 1, is stored where the reflected vector was. */
export interface Reflection {
  readonly tau: Expr;
  /** What became of the first element; the others became 0. */
  readonly beta: Expr;
}

/**
 * The reflection that takes x, the elements of `v` from `from` to below `to` (at least one), to (β, 0, …, 0) with
 * β = -sign(x₀) |x|, as LAPACK chooses it. Puts its vector there. It is found for x over its largest element, so that
 * nothing overflows or underflows.
 *
 * @param always reflect too when x is a multiple of the first unit vector already; else H = I there.
 */
export function reflect(
  p: ProcedureWriter,
  v: Vector,
  dtype: DType,
  from: Expr,
  to: Position,
  always: boolean,
): Reflection {
  const [zero, one] = [constant(dtype, 0), constant(dtype, 1)];
  const rest = largest(p, dtype, next(from), to, (i) => magnitude(v.at(i)));
  const first = p.keep(v.at(from));
  const top = p.keep(larger(rest.value, magnitude(first)));
  const tau = p.variable(always ? constant(dtype, 2) : zero);
  const beta = p.variable(first);
  v.set(from, one);
  p.if(
    equal(always ? top : rest.value, zero),
    () => undefined,
    () => {
      const scaled = p.keep(over(first, top));
      const square = (x: Expr): Expr => times(x, x);
      const squares = sum(p, square(scaled), next(from), to, (i) => square(over(v.at(i), top)));
      const length = p.keep(negated(signed(root(squares), scaled)));
      const below = p.keep(minus(scaled, length));
      p.for(next(from), to, (i) => v.set(i, over(over(v.at(i), top), below)));
      tau.set(over(minus(length, scaled), length));
      beta.set(times(length, top));
    },
  );
  return { tau: tau.value, beta: beta.value };
}

/**
 * Applies I - τ v vᵀ from the left to the block of `a` with rows `from` to `to` and columns `first` to `last`.
 *
 * @param sums working storage for a number a column.
 */
export function applyFromLeft(
  p: ProcedureWriter,
  a: Matrix,
  { v, tau, from, to }: { readonly v: Vector; readonly tau: Expr; readonly from: Position; readonly to: Position },
  first: Position,
  last: Position,
  sums: Vector,
  zero: Expr,
): void {
  p.for(first, last, (j) => sums.set(j, zero));
  p.for(from, to, (i) => {
    const factor = p.keep(v.at(i));
    p.for(first, last, (j) => sums.set(j, plus(sums.at(j), times(factor, a.at(i, j)))));
  });
  p.for(from, to, (i) => {
    const factor = p.keep(times(tau, v.at(i)));
    p.for(first, last, (j) => a.set(i, j, minus(a.at(i, j), times(factor, sums.at(j)))));
  });
}

/** Applies I - τ v vᵀ to one vector, of whose elements those from `from` to below `to` change. */
export function applyToVector(
  p: ProcedureWriter,
  x: Vector,
  { v, tau, from, to }: { readonly v: Vector; readonly tau: Expr; readonly from: Position; readonly to: Position },
  zero: Expr,
): void {
  const factor = p.keep(
    times(
      tau,
      sum(p, zero, from, to, (i) => times(v.at(i), x.at(i))),
    ),
  );
  p.for(from, to, (i) => x.set(i, minus(x.at(i), times(factor, v.at(i)))));
}
