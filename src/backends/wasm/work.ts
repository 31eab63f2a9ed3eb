import { storedBytes } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { operandsOf } from '../../kernel/expr.ts';
import type { Kernel, SingleKernel } from '../../kernel/kernel.ts';
import { partsOf, passExpressions, reducedDomain, storeDomain } from '../../kernel/kernel.ts';
import type { KernelOp } from '../../kernel/ops.ts';
import { product } from '../../util/array.ts';
import { statementWeight } from './procedure.ts';

/**
 * About how long a kernel takes on one thread, in nanoseconds: right within a factor of a few, which is enough to tell
 * what is worth sharing between threads.
 */
export function workOf(kernel: Kernel): number {
  const bytes = kernel.operands.reduce((sum, o) => sum + o.length * storedBytes(o.dtype), 0);
  const each = partsOf(kernel).map((part) => arithmetic(part, product(storeDomain(part))));
  return Math.max(
    bytes * perByte,
    each.reduce((a, b) => a + b, 0),
  );
}

const perByte = 0.02;
/** Four points at once. */
const perOperation = 0.025;
const perMultiplyAdd = 0.04;
const perStatement = 1;

function arithmetic(kernel: SingleKernel, points: number): number {
  const storing = points * perOperation * operations(kernel.stores.map((s) => s.value));
  const terms = points * product(reducedDomain(kernel));
  switch (kernel.kind) {
    case 'map':
      return storing;
    case 'reduce':
      return storing + terms * perOperation * operations(kernel.accumulators.map((a) => a.value));
    case 'rowwise':
      return storing + terms * perOperation * kernel.passes.reduce((n, p) => n + operations(passExpressions(p)), 0);
    case 'contract':
      return storing + terms * perMultiplyAdd;
    case 'procedure':
      return points * perStatement * statementWeight(kernel.body);
  }
}

const heavy: Partial<Readonly<Record<KernelOp, number>>> = {
  exp: 60,
  expm1: 60,
  log: 60,
  log1p: 60,
  sin: 90,
  cos: 90,
  tan: 120,
  tanh: 60,
  atan: 60,
  erf: 60,
  pow: 150,
  atan2: 90,
  div: 6,
  rem: 12,
  sqrt: 6,
};

/** Operations and loads of the expressions, each once; positions of loads are free. */
function operations(roots: readonly Expr[]): number {
  const seen = new Set<Expr>();
  let count = 0;
  const go = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === 'load') {
      count += 1;
      if (e.guard !== null) go(e.guard);
      return;
    }
    if (e.kind === 'op') count += heavy[e.op] ?? 1;
    operandsOf(e).forEach(go);
  };
  roots.forEach(go);
  return count;
}
