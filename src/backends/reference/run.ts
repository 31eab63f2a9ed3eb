import type { HostArray } from '../../kernel/dtype.ts';
import type { Kernel, Operand } from '../../kernel/kernel.ts';
import { reducedDomain, storeDomain } from '../../kernel/kernel.ts';
import type { Monoid } from '../../kernel/ops.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { roundTo } from '../../kernel/semantics.ts';
import { assertNever } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import type { Scope } from './evaluate.ts';
import { closure } from './evaluate.ts';

interface Reduction {
  readonly identity: number;
  /** Folds the value at the scope's point into the total so far. */
  readonly step: (total: number, scope: Scope) => number;
  /** Rounds the finished total to the accumulator's dtype. */
  readonly finish: (total: number) => number;
}

/** Runs one kernel on host arrays, point by point: the definition of what a kernel means. */
export function runKernel(kernel: Kernel, operands: readonly HostArray[]): void {
  const reductions = reductionsOf(kernel);
  const stores = kernel.stores.map((s) => ({
    into: operands[s.operand] as HostArray,
    operand: kernel.operands[s.operand] as Operand,
    position: closure(s.index),
    value: closure(s.value),
  }));
  const outer = storeDomain(kernel);
  const inner = reducedDomain(kernel);
  const scope: Scope = { at: [...outer, ...inner].map(() => 0), acc: reductions.map(() => 0), operands };
  forEachPoint(outer, 0, scope.at, () => {
    const totals = reductions.map((r) => r.identity);
    if (reductions.length > 0) {
      forEachPoint(inner, outer.length, scope.at, () => {
        reductions.forEach((r, i) => (totals[i] = r.step(totals[i] as number, scope)));
      });
    }
    reductions.forEach((r, i) => (scope.acc[i] = r.finish(totals[i] as number)));
    // All values first: a kernel that updates in place reads an element before any store changes it.
    const values = stores.map((s) => s.value(scope));
    stores.forEach((s, i) => {
      const position = s.position(scope);
      if (position < 0 || position >= s.into.length)
        throw new InternalError(`store at ${position} of ${s.into.length}`);
      s.into[position] = values[i] as number;
    });
  });
}

function reductionsOf(kernel: Kernel): readonly Reduction[] {
  switch (kernel.kind) {
    case 'map':
      return [];
    case 'reduce':
      return kernel.accumulators.map(({ monoid, dtype, value }) => {
        const read = closure(value);
        const combine = combiner(monoid);
        const integer = dtype === 'i32' || dtype === 'u32';
        return {
          identity: monoidIdentity[monoid](dtype),
          // Floats accumulate in f64 and are rounded once; integers wrap at each step, as the true product may not fit.
          step: (total, s) => {
            const next = integer && monoid === 'mul' ? Math.imul(total, read(s)) : combine(total, read(s));
            return integer ? roundTo(dtype, next) : next;
          },
          finish: (total) => roundTo(dtype, total),
        };
      });
    case 'contract': {
      const [lhs, rhs] = [closure(kernel.lhs), closure(kernel.rhs)];
      const { dtype } = kernel;
      const step =
        dtype === 'i32' || dtype === 'u32'
          ? (total: number, s: Scope): number => roundTo(dtype, total + Math.imul(lhs(s), rhs(s)))
          : (total: number, s: Scope): number => total + lhs(s) * rhs(s);
      return [{ identity: 0, step, finish: (total) => roundTo(dtype, total) }];
    }
    default:
      return assertNever(kernel);
  }
}

function combiner(monoid: Monoid): (a: number, b: number) => number {
  switch (monoid) {
    case 'add':
      return (a, b) => a + b;
    case 'mul':
      return (a, b) => a * b;
    case 'max':
      return (a, b) => Math.max(a, b);
    case 'min':
      return (a, b) => Math.min(a, b);
    case 'and':
      return (a, b) => a & b;
    case 'or':
      return (a, b) => a | b;
  }
}

/** Visits the points of a domain in row-major order, keeping `at[first…]` at the current one. */
function forEachPoint(extents: readonly number[], first: number, at: number[], body: () => void): void {
  const walk = (axis: number): void => {
    if (axis === extents.length) return body();
    for (let i = 0; i < (extents[axis] as number); i++) {
      at[first + axis] = i;
      walk(axis + 1);
    }
  };
  walk(0);
}
