import type { ParallelKernel, SingleKernel } from '../../kernel/kernel.ts';
import { pointsOf } from '../../kernel/kernel.ts';
import { range, roundUp } from '../../util/array.ts';
import type { Func } from './module/code.ts';
import { i32, op } from './module/code.ts';
import type { KernelCode, ModuleBuilder, Phase } from './rows.ts';
import { phaseFunc, phaseParams, pointersOf } from './rows.ts';

/**
 * Kernels side by side: the first phases of all parts, then their second ones, and so on. Threads need not meet between
 * phases of one number, and each part's units are divided by themselves, as they differ in how long they take.
 */
export function emitParallel(
  m: ModuleBuilder,
  kernel: ParallelKernel,
  emit: (part: SingleKernel) => KernelCode,
): KernelCode {
  let sharedBytes = 0;
  const phases: Phase[][] = [];
  let scratchBytes = 0;
  for (const part of kernel.parts) {
    if (pointsOf(part) === 0) continue;
    const code = emit(part);
    const offset = sharedBytes;
    code.phases.forEach((phase, i) => {
      const func = offset === 0 || code.sharedBytes === 0 ? phase.func : withShared(m, kernel, phase.func, offset);
      (phases[i] ??= []).push({ func, units: phase.units, beside: phases[i].length > 0 });
    });
    scratchBytes = Math.max(scratchBytes, code.scratchBytes);
    sharedBytes += roundUp(code.sharedBytes, 64);
  }
  return { phases: range(phases.length).flatMap((i) => phases[i] ?? []), scratchBytes, sharedBytes };
}

/** A phase's function whose shared memory begins further on. */
function withShared(m: ModuleBuilder, kernel: ParallelKernel, func: Func, offset: number): Func {
  const f = phaseFunc(kernel, `${func.name}_shared`);
  const [start, end, scratch, shared] = [f.param(0), f.param(1), f.param(2), f.param(3)];
  f.run(func, start, end, scratch, op('i32.add', shared, i32(offset)), ...pointersOf(f, kernel, phaseParams).values());
  m.funcs.push(f);
  return f;
}
