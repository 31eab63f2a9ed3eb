import type { Expr } from '../kernel/expr.ts';
import { load, rewriter } from '../kernel/expr.ts';
import type { Accumulator, Operand, SingleKernel, Store } from '../kernel/kernel.ts';
import { mapStatements } from '../kernel/procedure.ts';

/** Rewrites expressions to load operand `numberOf(n)` where they load `n`. */
export const loadsFrom = (numberOf: (n: number) => number): ((e: Expr) => Expr) =>
  rewriter((e) => (e.kind === 'load' ? load(numberOf(e.operand), e.stored, e.index, e.guard) : e));

/** A kernel with other operands: number `n` becomes number `numberOf(n)` of them. */
export function withOperands(
  kernel: SingleKernel,
  operands: readonly Operand[],
  numberOf: (n: number) => number,
): SingleKernel {
  return { ...renumbered(kernel, loadsFrom(numberOf), numberOf), operands };
}

/** A kernel with its expressions rewritten, and the operand numbers of its stores. */
function renumbered(k: SingleKernel, expr: (e: Expr) => Expr, operand: (n: number) => number): SingleKernel {
  const accumulator = (a: Accumulator): Accumulator => ({ ...a, value: expr(a.value) });
  const store = (s: Store): Store => ({ operand: operand(s.operand), index: expr(s.index), value: expr(s.value) });
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
      return { ...k, body: mapStatements(k.body, expr, operand) };
  }
}
