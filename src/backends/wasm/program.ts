import type { Kernel } from '../../kernel/kernel.ts';
import { storeDomain } from '../../kernel/kernel.ts';
import type { Program, RunStep, Step } from '../../kernel/program.ts';
import { product } from '../../util/array.ts';
import { assertNever } from '../../util/assert.ts';
import { emitContract } from './contract.ts';
import { emitMap } from './map.ts';
import { Library } from './math/library.ts';
import type { Module, Value } from './module/code.ts';
import { Func, get, i32, loadOp, op } from './module/code.ts';
import { encodeModule } from './module/encode.ts';
import { printModule } from './module/text.ts';
import { emitProcedure } from './procedure.ts';
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
  /** Bytes of the two areas of working memory that `run` needs. */
  readonly scratchBytes: number;
  readonly sharedBytes: number;
}

/**
 * Compiles a program to one module that imports `env.memory` and exports `run(table)`. The table holds the addresses
 * (i32) of the program's buffers in their order, then those of the scratch and the shared working memory. `run` calls one
 * function for each phase of a step, inside loops and branches as the program says; it in turn takes a range of units.
 */
export function emitWasm(program: Program, features: WasmFeatures): WasmProgram {
  const m: ModuleBuilder = { library: new Library(), funcs: [], relaxed: features.relaxedSimd };
  const writer = new ProgramWriter(m, program);
  writer.steps(program.steps);
  const { run, scratchBytes, sharedBytes } = writer;
  const module: Module = {
    funcs: [...m.library.funcs, ...m.funcs, run],
    exported: run,
    notes: [`program ${program.name}: run(table of ${program.buffers.length} buffers' addresses and working memory)`],
  };
  return { bytes: encodeModule(module), text: () => printModule(module), scratchBytes, sharedBytes };
}

/** Writes the function `run`. */
class ProgramWriter {
  readonly run: Func;
  scratchBytes = 0;
  sharedBytes = 0;
  private readonly m: ModuleBuilder;
  private readonly buffers: number;
  private readonly emitted = new Map<Kernel, KernelCode>();

  constructor(m: ModuleBuilder, program: Program) {
    this.m = m;
    this.buffers = program.buffers.length;
    this.run = new Func('run', [['table', 'i32']], [], ['', `program ${program.name}`]);
  }

  steps(steps: readonly Step[]): void {
    steps.forEach((s) => this.step(s));
  }

  private address(buffer: number): Value {
    return loadOp('i32.load', 4 * buffer, [this.run.param(0)]);
  }

  private step(step: Step): void {
    const { run } = this;
    switch (step.kind) {
      case 'run':
        return this.kernel(step);
      case 'branch':
        run.comment(`branch ${step.name}`);
        return this.branches(run.let(loadOp('i32.load', 0, [this.address(step.index)])), step.branches, 0);
      case 'loop': {
        run.comment(`loop ${step.name}`);
        if (step.trips !== null) {
          const trip = run.variable(i32(0), 'trip');
          return run.count(trip, i32(step.trips), 1, () => this.steps(step.body));
        }
        const { test, condition, body } = step;
        const more = run.local('i32', 'more');
        return run.repeat(() => {
          this.steps(test);
          run.set(more, loadOp('i32.load8_u', 0, [this.address(condition)]));
          run.if(get(more), () => this.steps(body));
          return get(more);
        });
      }
    }
  }

  /** Runs the branch `chosen` of those from number `first` on; the last one needs no test. */
  private branches(chosen: Value, branches: readonly (readonly Step[])[], first: number): void {
    const [next, ...rest] = branches;
    if (next === undefined) return;
    if (rest.length === 0) return this.steps(next);
    this.run.if(
      op('i32.eq', chosen, i32(first)),
      () => this.steps(next),
      () => this.branches(chosen, rest, first + 1),
    );
  }

  private kernel({ kernel, args }: RunStep): void {
    if (product(storeDomain(kernel)) === 0) return;
    let code = this.emitted.get(kernel);
    if (code === undefined) this.emitted.set(kernel, (code = emitKernel(this.m, kernel)));
    this.scratchBytes = Math.max(this.scratchBytes, code.scratchBytes);
    this.sharedBytes = Math.max(this.sharedBytes, code.sharedBytes);
    const working = [this.address(this.buffers), this.address(this.buffers + 1)];
    const addresses = args.map((b) => this.address(b));
    for (const { func, units } of code.phases) this.run.run(func, i32(0), i32(units), ...working, ...addresses);
  }
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
      return emitProcedure(m, kernel);
    default:
      return assertNever(kernel);
  }
}
