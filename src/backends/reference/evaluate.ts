import type { HostArray } from '../../kernel/dtype.ts';
import type { Expr, OpExpr } from '../../kernel/expr.ts';
import { visit } from '../../kernel/expr.ts';
import type { BinaryOp, UnaryOp } from '../../kernel/ops.ts';
import { binaryOps } from '../../kernel/ops.ts';
import { applyBinary, applyUnary, bitcast, convert } from '../../kernel/semantics.ts';
import { assertNever, present } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';

/** Where a kernel's evaluation stands: the loop variables, the reductions' results and the bound operands. */
export interface Scope {
  /** The value of each loop variable. */
  readonly at: number[];
  readonly acc: number[];
  /** The local variables of a procedure. */
  readonly locals: number[];
  readonly operands: readonly HostArray[];
}

const binarySet: ReadonlySet<string> = new Set(binaryOps);

type Node = (scope: Scope, values: number[]) => number;

/**
 * Turns expressions into a function that evaluates them all at a scope. Each distinct subexpression is evaluated once,
 * operands first, by its meaning in `semantics.ts`.
 */
export function evaluator(roots: readonly Expr[]): (scope: Scope) => readonly number[] {
  const number = new Map<Expr, number>();
  const nodes: Node[] = [];
  visit(roots, (e) => {
    const slotOf = (x: Expr): number => present(number.get(x), 'an operand');
    nodes.push(nodeOf(e, slotOf));
    number.set(e, nodes.length - 1);
  });
  const slots = roots.map((e) => present(number.get(e), 'a root'));
  const values = nodes.map(() => 0);
  return (scope) => {
    nodes.forEach((node, i) => (values[i] = node(scope, values)));
    return slots.map((i) => values[i] as number);
  };
}

function nodeOf(e: Expr, slotOf: (x: Expr) => number): Node {
  switch (e.kind) {
    case 'const':
      return () => e.value;
    case 'index':
      return (s) => s.at[e.axis] as number;
    case 'acc':
      return (s) => s.acc[e.slot] as number;
    case 'local':
      return (s) => s.locals[e.slot] as number;
    case 'load': {
      const position = slotOf(e.index);
      const guard = e.guard === null ? null : slotOf(e.guard);
      return (s, values) =>
        guard !== null && values[guard] === 0
          ? 0
          : element(present(s.operands[e.operand], 'an operand'), values[position] as number);
    }
    case 'op':
      return operation(e, e.args.map(slotOf) as [number, number, number]);
    default:
      return assertNever(e);
  }
}

function operation(e: OpExpr, [x, y, z]: readonly [number, number, number]): Node {
  const dtype = (e.args[0] as Expr).dtype;
  const value = (values: number[], slot: number): number => values[slot] as number;
  if (e.op === 'select') return (_, v) => (v[x] === 0 ? value(v, z) : value(v, y));
  if (e.op === 'cast') return (_, v) => convert(dtype, e.dtype, value(v, x));
  if (e.op === 'bitcast') return (_, v) => bitcast(dtype, e.dtype, value(v, x));
  if (binarySet.has(e.op)) return (_, v) => applyBinary(e.op as BinaryOp, dtype, value(v, x), value(v, y));
  return (_, v) => applyUnary(e.op as UnaryOp, dtype, value(v, x));
}

function element(data: HostArray, position: number): number {
  const value = data[position];
  if (value === undefined) throw new InternalError(`load at ${position} of ${data.length} elements`);
  return value;
}
