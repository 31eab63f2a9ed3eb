import type { Kernel } from '../../kernel/kernel.ts';
import type { BranchStep, LoopStep, Program, RunStep, Step } from '../../kernel/program.ts';
import { at } from '../../util/array.ts';
import type { Func, Value } from './module/code.ts';
import { get, i32, loadOp, op } from './module/code.ts';
import type { KernelCode } from './rows.ts';

/** The code of a program's kernels; those that have nothing to do are not among them. */
export type Kernels = ReadonlyMap<Kernel, KernelCode>;

/** What a function `run` has at hand: its first parameter is the table of addresses. */
export class RunContext {
  readonly run: Func;
  readonly program: Program;
  readonly kernels: Kernels;

  constructor(run: Func, program: Program, kernels: Kernels) {
    this.run = run;
    this.program = program;
    this.kernels = kernels;
  }

  /** Entry `i` of the table: the address of buffer `i`; after those, the two areas of working memory. */
  address(i: number): Value {
    return loadOp('i32.load', 4 * i, [this.run.param(0)]);
  }

  /** Where scratch memory begins, and the memory that all units of a kernel share. */
  get areas(): readonly [Value, Value] {
    const n = this.program.buffers.length;
    return [this.address(n), this.address(n + 1)];
  }

  code(step: RunStep): KernelCode | undefined {
    return this.kernels.get(step.kernel);
  }

  /** Which of a branch's lists runs. */
  chosen(step: BranchStep): Value {
    return this.run.let(loadOp('i32.load', 0, [this.address(step.index)]));
  }

  /** Calls `write` for each of the branches, inside of the test for it; the last one needs none. */
  choose(chosen: Value, branches: readonly (readonly Step[])[], write: (steps: readonly Step[]) => void): void {
    const from = (i: number): void => {
      if (i >= branches.length) return;
      const steps = at(branches, i);
      if (i === branches.length - 1) return write(steps);
      this.run.if(
        op('i32.eq', chosen, i32(i)),
        () => write(steps),
        () => from(i + 1),
      );
    };
    from(0);
  }

  /** A loop; `test` and `body` write one trip's, and the condition is read between them. */
  repeat(step: LoopStep, body: () => void, test: () => void): void {
    const { run } = this;
    if (step.trips !== null) {
      const trip = run.variable(i32(0), 'trip');
      return run.count(trip, i32(step.trips), 1, body);
    }
    const more = run.local('i32', 'more');
    const condition = this.address(step.condition);
    run.repeat(() => {
      test();
      run.set(more, loadOp('i32.load8_u', 0, [condition]));
      run.if(get(more), body);
      return get(more);
    });
  }
}

/** Writes steps that one thread runs from beginning to end. */
export function writeAlone(c: RunContext, steps: readonly Step[]): void {
  steps.forEach((step) => {
    switch (step.kind) {
      case 'run':
        return runAlone(c, step);
      case 'branch':
        c.run.comment(`branch ${step.name}`);
        return c.choose(c.chosen(step), step.branches, (chosen) => writeAlone(c, chosen));
      case 'loop':
        c.run.comment(`loop ${step.name}`);
        return c.repeat(
          step,
          () => writeAlone(c, step.body),
          () => step.trips === null && writeAlone(c, step.test),
        );
    }
  });
}

function runAlone(c: RunContext, step: RunStep): void {
  const code = c.code(step);
  if (code === undefined) return;
  const addresses = step.args.map((b) => c.address(b));
  for (const { func, units } of code.phases) c.run.run(func, i32(0), i32(units), ...c.areas, ...addresses);
}
