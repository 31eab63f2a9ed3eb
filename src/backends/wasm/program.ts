import type { Kernel } from '../../kernel/kernel.ts';
import { pointsOf } from '../../kernel/kernel.ts';
import type { Program } from '../../kernel/program.ts';
import { runSteps } from '../../kernel/program.ts';
import { assertNever } from '../../util/assert.ts';
import { blockSize } from './allocator.ts';
import { emitContract } from './contract/contract.ts';
import { emitMap } from './map.ts';
import { Library } from './math/library.ts';
import type { Module } from './module/code.ts';
import { Func } from './module/code.ts';
import { encodeModule } from './module/encode.ts';
import { hoistLiterals } from './module/hoist.ts';
import { printModule } from './module/text.ts';
import { emitParallel } from './parallel.ts';
import { emitProcedure } from './procedure.ts';
import { emitReduce } from './reduce.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { RunContext, writeAlone } from './run.ts';
import type { Sharing } from './sharing.ts';
import { noShares, sharesOf } from './sharing.ts';
import { teamParams, writeTeam } from './team.ts';
import { emitRowwise } from './rowwise.ts';

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
  /** Whether `run` is for several threads. */
  readonly team: boolean;
  /** About how long it takes one thread, in nanoseconds; 0 where there are no others. */
  readonly work: number;
  /** Bytes of scratch memory of each thread, and of the memory that they share. */
  readonly scratchBytes: number;
  readonly sharedBytes: number;
}

/**
 * Compiles a program to one module that imports `env.memory` and exports `run(table)`. The table holds the addresses
 * (i32) of the program's buffers in their order, then those of the scratch and the shared working memory. `run` calls one
 * function for each phase of a step, inside loops and branches as the program says; it in turn takes a range of units.
 *
 * @param sharing says what is worth sharing between threads. If anything is, `run` has the parameters `teamParams`; null
 *   where there are no threads.
 */
export function emitWasm(program: Program, features: WasmFeatures, sharing: Sharing | null = null): WasmProgram {
  const m: ModuleBuilder = { library: new Library(features.relaxedSimd), funcs: [], relaxed: features.relaxedSimd };
  const kernels = new Map<Kernel, KernelCode>();
  for (const { kernel } of runSteps(program.steps))
    if (!kernels.has(kernel) && pointsOf(kernel) > 0) kernels.set(kernel, emitKernel(m, kernel));
  m.funcs.forEach(hoistLiterals);
  const most = (bytes: (code: KernelCode) => number): number => Math.max(0, ...[...kernels.values()].map(bytes));
  const scratchBytes = blockSize(most((c) => c.scratchBytes));
  const { shared, work } = sharing === null ? noShares : sharesOf(program, kernels, sharing);
  const team = shared.size > 0;
  const run = new Func('run', team ? teamParams : [['table', 'i32']], [], ['', `program ${program.name}`]);
  const context = new RunContext(run, program, kernels);
  const helpers = team ? writeTeam(context, shared, scratchBytes) : [];
  if (!team) writeAlone(context, program.steps);
  const module: Module = {
    funcs: [...m.library.funcs, ...m.funcs, ...helpers, run],
    exported: run,
    shared: sharing !== null,
    notes: [`program ${program.name}: run(table of ${program.buffers.length} buffers' addresses and working memory)`],
  };
  const sharedBytes = most((c) => c.sharedBytes);
  return { bytes: encodeModule(module), text: () => printModule(module), team, work, scratchBytes, sharedBytes };
}

function emitKernel(m: ModuleBuilder, kernel: Kernel): KernelCode {
  switch (kernel.kind) {
    case 'map':
      return emitMap(m, kernel);
    case 'reduce':
      return emitReduce(m, kernel);
    case 'rowwise':
      return emitRowwise(m, kernel);
    case 'contract':
      return emitContract(m, kernel);
    case 'procedure':
      return emitProcedure(m, kernel);
    case 'parallel':
      return emitParallel(m, kernel, (part) => emitKernel(m, part));
    default:
      return assertNever(kernel);
  }
}
