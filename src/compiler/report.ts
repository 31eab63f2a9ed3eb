import { hostBytes } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { visit } from '../kernel/expr.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { reducedDomain, storeDomain } from '../kernel/kernel.ts';
import type { Program } from '../kernel/program.ts';
import { product } from '../util/array.ts';

/** What one call of a compiled function takes, as its program says. */
export interface ProgramCost {
  /** Floating-point operations; a transcendental counts as one. */
  readonly flops: number;
  /** Bytes that kernels read and write, each operand once a kernel. */
  readonly bytesMoved: number;
  /** Bytes of arguments, results, constants and shared temporaries together. */
  readonly peakBytes: number;
  /** Bytes of the temporaries that live inside the program, after sharing. */
  readonly temporaryBytes: number;
  readonly kernels: number;
}

/** The cost of a program. */
export function programCost(program: Program): ProgramCost {
  const kernels = program.steps.map((s) => s.kernel);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const temporaryBytes = sum(program.slots);
  const lasting = program.buffers.filter((b) => b.place.kind !== 'temporary');
  return {
    flops: sum(kernels.map(flopsOf)),
    bytesMoved: sum(
      kernels.flatMap((k) => k.operands.map((o) => o.length * hostBytes[o.dtype] * (o.access === 'readwrite' ? 2 : 1))),
    ),
    peakBytes: temporaryBytes + sum(lasting.map((b) => b.length * hostBytes[b.dtype])),
    temporaryBytes,
    kernels: kernels.length,
  };
}

function flopsOf(kernel: Kernel): number {
  const points = product(storeDomain(kernel));
  const inner = points * product(reducedDomain(kernel));
  const stores = points * floatOps(kernel.stores.map((s) => s.value));
  switch (kernel.kind) {
    case 'map':
      return stores;
    case 'reduce':
      return stores + inner * (kernel.accumulators.length + floatOps(kernel.accumulators.map((a) => a.value)));
    case 'contract':
      return stores + inner * 2;
  }
}

/** Distinct float operations in expressions. */
function floatOps(roots: readonly Expr[]): number {
  let count = 0;
  visit(roots, (e) => {
    const float = e.dtype === 'f32' || e.dtype === 'f64';
    if (e.kind === 'op' && float && e.op !== 'select' && e.op !== 'cast' && e.op !== 'bitcast') count += 1;
  });
  return count;
}
