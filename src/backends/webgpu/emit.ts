import { UnsupportedOnDeviceError } from '../../kernel/device.ts';
import { visit } from '../../kernel/expr.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { expressionsOf } from '../../kernel/kernel.ts';
import type { Program } from '../../kernel/program.ts';
import { runSteps } from '../../kernel/program.ts';
import { InternalError } from '../../util/error.ts';
import { assertNever } from '../../util/assert.ts';
import { emitContract } from './emit-contract.ts';
import { emitMap } from './emit-map.ts';
import { emitReduce } from './emit-reduce.ts';
import type { Shader, WgslTarget } from './shader.ts';
import { gpuSchedule } from './schedule.ts';

export type { Shader, WgslTarget } from './shader.ts';

/** The target that text is written for when no device is at hand: WebGPU's default limits, a GPU. */
export const defaultTarget: WgslTarget = { maxWorkgroupsPerDimension: 65535, schedule: gpuSchedule };

/**
 * One compute shader for each step of a program, in order; steps with one and the same kernel share it. Throws
 * {@link UnsupportedOnDeviceError} for f64, which WebGPU does not have.
 */
export function emitWgsl(program: Program, target: WgslTarget = defaultTarget): readonly Shader[] {
  const done = new Map<Kernel, Shader>();
  return runSteps(program.steps).map(({ kernel }) => {
    let shader = done.get(kernel);
    if (shader === undefined) done.set(kernel, (shader = emitKernel(kernel, target)));
    return shader;
  });
}

function emitKernel(kernel: Kernel, target: WgslTarget): Shader {
  refuseF64(kernel);
  switch (kernel.kind) {
    case 'map':
      return emitMap(kernel, target);
    case 'reduce':
      return emitReduce(kernel, target);
    case 'contract':
      return emitContract(kernel, target);
    case 'procedure':
      throw new InternalError('procedures are not emitted yet');
    default:
      return assertNever(kernel);
  }
}

function refuseF64(kernel: Kernel): void {
  let found = kernel.operands.some((o) => o.dtype === 'f64');
  visit(expressionsOf(kernel), (e) => (found ||= e.dtype === 'f64'));
  if (!found) return;
  throw new UnsupportedOnDeviceError(
    `[webgpu] ${kernel.name} (${kernel.source}) uses f64, which WebGPU does not have: use f32, or the wasm device`,
  );
}

/** The shaders of a program as text for people. */
export function wgslText(program: Program, target: WgslTarget = defaultTarget): string {
  return [...new Set(emitWgsl(program, target))].map((s) => s.wgsl).join('\n');
}
