import { UnsupportedOnDeviceError } from '../../kernel/device.ts';
import { visit } from '../../kernel/expr.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { expressionsOf } from '../../kernel/kernel.ts';
import { assertNever } from '../../util/assert.ts';
import { emitContract, scheduledFor } from './emit-contract.ts';
import { emitMap } from './emit-map.ts';
import { emitParallel } from './emit-parallel.ts';
import { emitProcedure } from './emit-procedure.ts';
import { emitReduce } from './emit-reduce.ts';
import { emitRowwise } from './emit-rowwise.ts';
import type { Shader, ShaderParts, WgslTarget } from './shader.ts';
import { assemble } from './shader.ts';

/**
 * A kernel as a compute shader; a `guarded` one does nothing where a flag says so. Throws
 * {@link UnsupportedOnDeviceError} for f64, which WebGPU does not have.
 */
export function emitKernel(kernel: Kernel, target: WgslTarget, guarded: boolean): Shader {
  refuseF64(kernel);
  return assemble(kernel, shaderParts(kernel, target, new Set()), guarded);
}

/** `narrow`: operands that must not be accessed as vectors. */
function shaderParts(kernel: Kernel, target: WgslTarget, narrow: ReadonlySet<number>): ShaderParts | null {
  switch (kernel.kind) {
    case 'map':
      return emitMap(kernel, target, narrow);
    case 'reduce':
      return emitReduce(kernel, target);
    case 'rowwise':
      return emitRowwise(kernel, target);
    case 'contract':
      return emitContract(kernel, scheduledFor(kernel, target), narrow);
    case 'procedure':
      return emitProcedure(kernel, target);
    case 'parallel':
      return emitParallel(kernel, target, shaderParts);
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
