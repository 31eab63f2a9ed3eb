import type { Kernel } from '../../kernel/kernel.ts';
import { storeDomain } from '../../kernel/kernel.ts';
import type { Program, RunStep, Step } from '../../kernel/program.ts';
import { product } from '../../util/array.ts';
import { assertNever } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import { emitContract } from './contract.ts';
import { emitMap } from './map.ts';
import { Library } from './math/library.ts';
import type { Module, Value } from './module/code.ts';
import { Func, i32, loadOp } from './module/code.ts';
import { encodeModule } from './module/encode.ts';
import { printModule } from './module/text.ts';
import { emitReduce } from './reduce.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';

/** What the engine can do beyond plain SIMD. */
export interface WasmFeatures {
  /** Fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
}

/** A program as a WebAssembly module. */
export interface WasmProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The module in the text format. */
  readonly text: () => string;
  /** Bytes of working memory that `run` needs. */
  readonly scratchBytes: number;
}

/**
 * Compiles a program to one module that imports `env.memory` and exports `run(table)`. The table holds the addresses
 * (i32) of the program's buffers in their order, then that of the scratch memory. `run` calls one function for each
 * step; it in turn takes a range of the kernel's outer loop.
 */
export function emitWasm(program: Program, features: WasmFeatures): WasmProgram {
  const m: ModuleBuilder = { library: new Library(), funcs: [], relaxed: features.relaxedSimd };
  const run = new Func('run', [['table', 'i32']], null, ['', `program ${program.name}`]);
  const emitted = new Map<Kernel, KernelCode>();
  const address = (i: number): Value => loadOp('i32.load', 4 * i, [run.param(0)]);
  let scratchBytes = 0;
  for (const { kernel, args } of program.steps.map(onlyRun)) {
    if (product(storeDomain(kernel)) === 0) continue;
    let code = emitted.get(kernel);
    if (code === undefined) emitted.set(kernel, (code = emitKernel(m, kernel)));
    scratchBytes = Math.max(scratchBytes, code.scratchBytes);
    run.run(code.func, i32(0), i32(code.units), address(program.buffers.length), ...args.map(address));
  }
  const module: Module = {
    funcs: [...m.library.funcs, ...m.funcs, run],
    exported: run,
    notes: [`program ${program.name}: run(table of ${program.buffers.length} buffers' addresses and scratch memory)`],
  };
  return { bytes: encodeModule(module), text: () => printModule(module), scratchBytes };
}

function emitKernel(m: ModuleBuilder, kernel: Kernel): KernelCode {
  switch (kernel.kind) {
    case 'map':
      return emitMap(m, kernel);
    case 'reduce':
      return emitReduce(m, kernel);
    case 'contract':
      return emitContract(m, kernel);
    case 'procedure':
      throw new InternalError('procedures are not emitted yet');
    default:
      return assertNever(kernel);
  }
}

function onlyRun(step: Step): RunStep {
  if (step.kind === 'run') return step;
  throw new InternalError(`${step.kind} is not emitted yet`);
}
