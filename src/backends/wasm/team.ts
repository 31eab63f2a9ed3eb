import type { Accesses, Storage } from '../../kernel/accesses.ts';
import { accessesOf, storageOf } from '../../kernel/accesses.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { BranchStep, LoopStep, RunStep, Step } from '../../kernel/program.ts';
import { runSteps } from '../../kernel/program.ts';
import { barrierFunc, takeFunc } from './barrier.ts';
import { control, counterStride, maxPhases } from './control.ts';
import type { Func, Value } from './module/code.ts';
import { get, i32, op } from './module/code.ts';
import type { Phase } from './rows.ts';
import type { RunContext } from './run.ts';
import { writeAlone } from './run.ts';
import type { Who } from './section.ts';
import { Section } from './section.ts';

/** Working memory that all units of a kernel share: one area for the whole program. */
const sharedArea: Storage = 'shared';

/** Parameters of a function `run` that threads call together. `patience`: see `barrierFunc`. */
export const teamParams = [
  ['table', 'i32'],
  ['thread', 'i32'],
  ['threads', 'i32'],
  ['patience', 'i32'],
] as const;

/**
 * Writes `run(table, thread, threads, patience)`, which all threads call with the same table: each takes units of the
 * kernels that are `shared`, thread 0 does the rest, and they meet where one step needs what another one did. All take
 * the same way through loops and branches: what decides is read after a barrier, and counts as read by all until the next.
 *
 * @param stride bytes of scratch memory of a thread.
 * @returns functions that the module needs.
 */
export function writeTeam(c: RunContext, shared: ReadonlySet<Kernel>, stride: number): readonly Func[] {
  const writer = new TeamWriter(c, shared, stride);
  writer.steps(c.program.steps);
  writer.meet();
  return [writer.barrier, writer.take];
}

class TeamWriter {
  readonly barrier = barrierFunc();
  readonly take = takeFunc();
  private readonly c: RunContext;
  private readonly shared: ReadonlySet<Kernel>;
  private section = new Section();
  /** This thread's scratch memory. */
  private readonly scratch: Value;

  constructor(c: RunContext, shared: ReadonlySet<Kernel>, stride: number) {
    const { run } = c;
    this.c = c;
    this.shared = shared;
    const own = op('i32.mul', run.param(1), i32(stride));
    this.scratch = run.let(op('i32.add', c.areas[0], own), 'scratch');
  }

  steps(steps: readonly Step[]): void {
    for (const step of steps) {
      if (!runSteps([step]).some((s) => this.shared.has(s.kernel))) this.alone(step);
      else if (step.kind === 'run') this.together(step);
      else if (step.kind === 'branch') this.branch(step);
      else this.loop(step);
    }
  }

  /** Waits until all threads are here and everything before is done. */
  meet(): void {
    const { run } = this.c;
    if (this.section.empty) return;
    run.run(this.barrier, run.param(2), run.param(3), i32(this.section.phases));
    this.section = new Section();
  }

  private begin(accesses: Accesses, who: Who): void {
    if (this.section.conflicts(accesses, who)) this.meet();
    this.section.add(accesses, who);
  }

  private accesses(step: Step): Accesses {
    const { reads, writes } = accessesOf(this.c.program, step);
    const usesShared = runSteps([step]).some((s) => (this.c.code(s)?.sharedBytes ?? 0) > 0);
    return usesShared ? { reads, writes: new Set([...writes, sharedArea]) } : { reads, writes };
  }

  private alone(step: Step): void {
    this.begin(this.accesses(step), 'caller');
    this.ifCaller(() => writeAlone(this.c, [step]));
  }

  private ifCaller(write: () => void): void {
    this.c.run.if(op('i32.eqz', this.c.run.param(1)), write);
  }

  private together(step: RunStep): void {
    const { run } = this.c;
    const code = this.c.code(step);
    if (code === undefined) return;
    const accesses = this.accesses(step);
    const addresses = step.args.map((b) => this.c.address(b));
    code.phases.forEach((phase, i) => {
      const beside = phase.beside === true;
      if (i > 0 && !beside) this.meet();
      if (this.section.phases === maxPhases) this.meet();
      if (beside) this.section.add(accesses, 'all');
      else this.begin(accesses, 'all');
      if (phase.units > 1) this.parts(phase, addresses);
      else
        this.ifCaller(() => run.run(phase.func, i32(0), i32(phase.units), this.scratch, this.c.areas[1], ...addresses));
    });
  }

  /** Takes units of a phase and runs them until all are taken. */
  private parts({ func, units }: Phase, addresses: readonly Value[]): void {
    const { run } = this.c;
    const counter = control.counters + this.section.phases++ * counterStride;
    const [start, end] = [run.local('i32', 'start'), run.local('i32', 'end')];
    run.repeat(() => {
      run.runInto([start, end], this.take, i32(counter), i32(units), run.param(1), run.param(2));
      const some = op('i32.lt_u', get(start), get(end));
      run.if(some, () => run.run(func, get(start), get(end), this.scratch, this.c.areas[1], ...addresses));
      return some;
    });
  }

  /** What the way depends on is complete and the same for all threads. */
  private decide(buffer: number): void {
    this.meet();
    this.noteDecision(buffer);
  }

  /** Some threads may not have read it yet. */
  private noteDecision(buffer: number): void {
    this.section.add({ reads: new Set([storageOf(this.c.program, buffer)]), writes: new Set() }, 'all');
  }

  private branch(step: BranchStep): void {
    this.c.run.comment(`branch ${step.name}`);
    this.decide(step.index);
    const before = this.section;
    const after = before.copy();
    this.c.choose(this.c.chosen(step), step.branches, (chosen) => {
      this.section = before.copy();
      this.steps(chosen);
      after.merge(this.section);
    });
    this.section = after;
  }

  /** Trips begin and end with nothing outstanding, so that one need not know what the one before did. */
  private loop(step: LoopStep): void {
    this.c.run.comment(`loop ${step.name}`);
    this.meet();
    const body = (): void => {
      this.steps(step.body);
      this.meet();
    };
    const test = (): void => {
      if (step.trips !== null) return;
      this.steps(step.test);
      this.decide(step.condition);
    };
    this.c.repeat(step, body, test);
    // A loop that a condition ends is left after a test, not after a trip.
    if (step.trips === null) this.noteDecision(step.condition);
  }
}
