import { UnsupportedOnDeviceError } from '../../kernel/device.ts';
import { visit } from '../../kernel/expr.ts';
import type { ContractKernel, Kernel, ParallelKernel } from '../../kernel/kernel.ts';
import { expressionsOf } from '../../kernel/kernel.ts';
import { product } from '../../util/array.ts';
import { assertNever } from '../../util/assert.ts';
import { emitContract } from './emit-contract.ts';
import { emitMap } from './emit-map.ts';
import { emitParallel } from './emit-parallel.ts';
import { emitProcedure } from './emit-procedure.ts';
import { emitReduce } from './emit-reduce.ts';
import { emitRowwise } from './emit-rowwise.ts';
import type { ContractSchedule } from './schedule.ts';
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
      return emitContract(kernel, withChosen(target, target.chosen?.(kernel)), narrow);
    case 'procedure':
      return emitProcedure(kernel, target);
    case 'parallel':
      return emitParallel(kernel, chosenTogether(kernel, target), shaderParts);
    default:
      return assertNever(kernel);
  }
}

const withChosen = (target: WgslTarget, contract: ContractSchedule | null | undefined): WgslTarget =>
  contract === null || contract === undefined ? target : { ...target, schedule: { ...target.schedule, contract } };

/** Parts share the size of their workgroups: that of the only product's choice; where there are several, choices must fit. */
function chosenTogether({ parts }: ParallelKernel, target: WgslTarget): WgslTarget {
  const { chosen } = target;
  if (chosen === undefined) return target;
  const products = parts.filter((p) => p.kind === 'contract');
  const [only] = products;
  const base = only !== undefined && products.length === 1 ? withChosen(target, chosen(only)) : target;
  const size = product(base.schedule.contract.workgroup);
  const fitting = (kernel: ContractKernel): ContractSchedule | null => {
    const contract = chosen(kernel);
    return contract !== null && product(contract.workgroup) === size ? contract : null;
  };
  return { ...base, chosen: fitting };
}

function refuseF64(kernel: Kernel): void {
  let found = kernel.operands.some((o) => o.dtype === 'f64');
  visit(expressionsOf(kernel), (e) => (found ||= e.dtype === 'f64'));
  if (!found) return;
  throw new UnsupportedOnDeviceError(
    `[webgpu] ${kernel.name} (${kernel.source}) uses f64, which WebGPU does not have: use f32, or the wasm device`,
  );
}
