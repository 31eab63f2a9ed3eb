import type { DType } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { binary, constant, select, unary } from '../../kernel/expr.ts';
import { iadd, lit } from '../../kernel/index-algebra.ts';
import type { ProcedureWriter, Variable } from '../../kernel/procedure.ts';

/** Scalar arithmetic as procedures write it: short names for expressions, and a few steps that several algorithms share. */

export const plus = (x: Expr, y: Expr): Expr => binary('add', x, y);
export const minus = (x: Expr, y: Expr): Expr => binary('sub', x, y);
export const times = (x: Expr, y: Expr): Expr => binary('mul', x, y);
export const over = (x: Expr, y: Expr): Expr => binary('div', x, y);
export const negated = (x: Expr): Expr => unary('neg', x);
export const magnitude = (x: Expr): Expr => unary('abs', x);
export const root = (x: Expr): Expr => unary('sqrt', x);
export const larger = (x: Expr, y: Expr): Expr => binary('max', x, y);
export const smaller = (x: Expr, y: Expr): Expr => binary('min', x, y);
export const less = (x: Expr, y: Expr): Expr => binary('lt', x, y);
export const atMost = (x: Expr, y: Expr): Expr => binary('le', x, y);
export const equal = (x: Expr, y: Expr): Expr => binary('eq', x, y);
export const both = (x: Expr, y: Expr): Expr => binary('and', x, y);
export const not = (x: Expr): Expr => unary('not', x);
export const choose = select;
export const yes: Expr = constant('bool', 1);
export const no: Expr = constant('bool', 0);

/** The position after `i`. */
export const next = (i: Expr): Expr => iadd(i, lit(1));

/** `value` in the dtype of `like`. */
export const same = (like: Expr, value: number): Expr => constant(like.dtype, value);

/** The distance from 1 to the next larger number. */
export const epsilonOf = (dtype: DType): number => (dtype === 'f32' ? 2 ** -23 : 2 ** -52);

/** `size` with the sign of `x`; positive where `x` is 0. */
export const signed = (size: Expr, x: Expr): Expr => choose(less(x, same(x, 0)), negated(size), size);

/** Is `size`, an absolute value, neither infinite nor NaN? */
export const finite = (size: Expr): Expr => less(size, same(size, Infinity));

/** √(x² + y²) without overflow or underflow on the way. */
export function hypotenuse(p: ProcedureWriter, x: Expr, y: Expr): Expr {
  const [a, b] = [p.keep(magnitude(x)), p.keep(magnitude(y))];
  const high = p.keep(larger(a, b));
  const ratio = p.keep(over(smaller(a, b), high));
  return p.keep(choose(equal(high, same(high, 0)), high, times(high, root(plus(same(high, 1), times(ratio, ratio))))));
}

/** A rotation by the angle whose cosine is `c` and whose sine is `s`. */
export interface Rotation {
  readonly c: Expr;
  readonly s: Expr;
}

/** The rotation that takes (x, z) to (r, 0), and r ≥ 0. */
export function rotationOf(p: ProcedureWriter, x: Expr, z: Expr): Rotation & { readonly r: Expr } {
  const r = hypotenuse(p, x, z);
  const zero = p.keep(equal(r, same(r, 0)));
  return {
    r,
    c: p.keep(choose(zero, same(r, 1), over(x, r))),
    s: p.keep(choose(zero, same(r, 0), over(z, r))),
  };
}

/** The sum of `term(i)` for `from ≤ i < to`. */
export function sum(
  p: ProcedureWriter,
  first: Expr,
  from: Expr | number,
  to: Expr | number,
  term: (i: Expr) => Expr,
): Expr {
  const total = p.variable(first);
  p.for(from, to, (i) => total.set(plus(total.value, term(i))));
  return total.value;
}

/** The largest of `size(i)` for `from ≤ i < to`, all at least 0; NaN if one is, and 0 of none. */
export function largest(
  p: ProcedureWriter,
  dtype: DType,
  from: Expr | number,
  to: Expr | number,
  size: (i: Expr) => Expr,
): Variable {
  const top = p.variable(constant(dtype, 0));
  p.for(from, to, (i) => top.set(larger(top.value, size(i))));
  return top;
}
