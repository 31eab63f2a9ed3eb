import type { Expr } from '../kernel/expr.ts';
import { load, rewriter } from '../kernel/expr.ts';
import { iadd, lit } from '../kernel/index-algebra.ts';
import type { Accumulator, Operand, SingleKernel, Store } from '../kernel/kernel.ts';
import { mapStatements } from '../kernel/procedure.ts';

/** Where the elements of an operand are: in another one, from an offset on. */
type OffsetOf = (operand: number) => number;
const nowhereElse: OffsetOf = () => 0;

const moved = (position: Expr, offset: number): Expr => (offset === 0 ? position : iadd(position, lit(offset)));

/** Rewrites expressions to load operand `numberOf(n)`, from `offsetOf(n)` on, where they load `n`. */
export const loadsFrom = (numberOf: (n: number) => number, offsetOf = nowhereElse): ((e: Expr) => Expr) =>
  rewriter((e) =>
    e.kind === 'load' ? load(numberOf(e.operand), e.stored, moved(e.index, offsetOf(e.operand)), e.guard) : e,
  );

/** A kernel with other operands: number `n` becomes number `numberOf(n)` of them, from `offsetOf(n)` on. */
export function withOperands(
  kernel: SingleKernel,
  operands: readonly Operand[],
  numberOf: (n: number) => number,
  offsetOf = nowhereElse,
): SingleKernel {
  const expr = loadsFrom(numberOf, offsetOf);
  const store = (s: Store): Store => ({
    operand: numberOf(s.operand),
    index: moved(expr(s.index), offsetOf(s.operand)),
    value: expr(s.value),
  });
  return { ...rewritten(kernel, expr, store, numberOf, offsetOf), operands };
}

function rewritten(
  k: SingleKernel,
  expr: (e: Expr) => Expr,
  store: (s: Store) => Store,
  numberOf: (n: number) => number,
  offsetOf: OffsetOf,
): SingleKernel {
  const accumulator = (a: Accumulator): Accumulator => ({ ...a, value: expr(a.value) });
  const stores = k.stores.map(store);
  switch (k.kind) {
    case 'map':
      return { ...k, stores };
    case 'reduce':
      return { ...k, accumulators: k.accumulators.map(accumulator), stores };
    case 'rowwise': {
      const passes = k.passes.map((p) => ({
        accumulators: p.accumulators.map(accumulator),
        stores: p.stores.map(store),
      }));
      return { ...k, passes, stores };
    }
    case 'contract':
      return { ...k, lhs: expr(k.lhs), rhs: expr(k.rhs), stores };
    case 'procedure':
      return { ...k, body: mapStatements(k.body, expr, numberOf, (e, n) => moved(expr(e), offsetOf(n))) };
  }
}
