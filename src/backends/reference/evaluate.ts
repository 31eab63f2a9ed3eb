import type { HostArray } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import type { BinaryOp, UnaryOp } from '../../kernel/ops.ts';
import { binaryOps } from '../../kernel/ops.ts';
import { applyBinary, applyUnary, bitcast, convert } from '../../kernel/semantics.ts';
import { assertNever } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';

/** Where a kernel's evaluation stands: the loop variables, the reductions' results and the bound operands. */
export interface Scope {
  /** The value of each loop variable. */
  readonly at: number[];
  readonly acc: number[];
  readonly operands: readonly HostArray[];
}

const binarySet: ReadonlySet<string> = new Set(binaryOps);

/** Turns an expression into a function of the scope, each node by its meaning in `semantics.ts`. */
export function closure(e: Expr): (scope: Scope) => number {
  switch (e.kind) {
    case 'const': {
      const { value } = e;
      return () => value;
    }
    case 'index': {
      const { axis } = e;
      return (s) => s.at[axis] as number;
    }
    case 'acc': {
      const { slot } = e;
      return (s) => s.acc[slot] as number;
    }
    case 'load': {
      const { operand } = e;
      const position = closure(e.index);
      const guard = e.guard === null ? null : closure(e.guard);
      return (s) => (guard !== null && guard(s) === 0 ? 0 : element(s.operands[operand] as HostArray, position(s)));
    }
    case 'op': {
      const [x, y, z] = e.args.map(closure) as [(s: Scope) => number, (s: Scope) => number, (s: Scope) => number];
      const dtype = (e.args[0] as Expr).dtype;
      if (e.op === 'select') return (s) => (x(s) === 0 ? z(s) : y(s));
      if (e.op === 'cast') return (s) => convert(dtype, e.dtype, x(s));
      if (e.op === 'bitcast') return (s) => bitcast(dtype, e.dtype, x(s));
      if (binarySet.has(e.op)) return (s) => applyBinary(e.op as BinaryOp, dtype, x(s), y(s));
      return (s) => applyUnary(e.op as UnaryOp, dtype, x(s));
    }
    default:
      return assertNever(e);
  }
}

function element(data: HostArray, position: number): number {
  const value = data[position];
  if (value === undefined) throw new InternalError(`load at ${position} of ${data.length} elements`);
  return value;
}
