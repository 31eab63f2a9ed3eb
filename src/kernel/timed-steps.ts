import { at, range } from '../util/array.ts';
import { present } from '../util/assert.ts';
import type { Device, DeviceBuffer, Executable, KernelTiming } from './device.ts';
import type { HostArray } from './dtype.ts';
import { hostArray } from './dtype.ts';
import type { Kernel } from './kernel.ts';
import type { BranchStep, LoopStep, Program, RunStep, Step } from './program.ts';
import { runSteps } from './program.ts';

/** What is needed of a device; `settle` waits until all that was started is done. */
export interface TimedDevice extends Pick<Device, 'load' | 'write' | 'free'> {
  readonly read: (buffer: DeviceBuffer) => HostArray;
  readonly settle: () => Promise<void>;
}

/** Engines compile code that has run for a while once more, better; the least of so many runs is without that. */
const rounds = 5;

/**
 * Takes the time of each kernel of a program, for devices whose programs can't be looked into: each step is run as a program
 * of its own, and the host decides about loops and branches. The inputs stay as they are.
 */
export async function timeSteps(
  program: Program,
  inputs: readonly DeviceBuffer[],
  device: TimedDevice,
): Promise<readonly KernelTiming[]> {
  // What the caller holds may be freed before this is done.
  const held = inputs.map((b) => device.write(b.dtype, device.read(b)));
  const loaded = new Map<RunStep, Executable>();
  let best: ReadonlyMap<Kernel, Tally> | null = null;
  try {
    for (const _ of range(rounds)) {
      const run = new TimedRun(program, device, loaded);
      const tallies = await run.all(held);
      best = best === null ? tallies : least(best, tallies);
    }
  } finally {
    loaded.forEach((executable) => executable.free());
    held.forEach((b) => device.free(b));
  }
  return [...(best ?? [])].map(([kernel, tally]) => ({ kernel, ...tally }));
}

interface Tally {
  readonly dispatches: number;
  readonly microseconds: number;
}

const least = (a: ReadonlyMap<Kernel, Tally>, b: ReadonlyMap<Kernel, Tally>): ReadonlyMap<Kernel, Tally> =>
  new Map(
    [...a].map(([k, t]) => [k, { ...t, microseconds: Math.min(t.microseconds, b.get(k)?.microseconds ?? Infinity) }]),
  );

/** One run, with a buffer for each of the program's, temporaries too. */
class TimedRun {
  private readonly program: Program;
  private readonly device: TimedDevice;
  private readonly loaded: Map<RunStep, Executable>;
  private readonly buffers = new Map<number, DeviceBuffer>();
  private readonly own = new Set<number>();
  private readonly tallies = new Map<Kernel, Tally>();

  constructor(program: Program, device: TimedDevice, loaded: Map<RunStep, Executable>) {
    this.program = program;
    this.device = device;
    this.loaded = loaded;
  }

  async all(inputs: readonly DeviceBuffer[]): Promise<ReadonlyMap<Kernel, Tally>> {
    try {
      this.bind(inputs);
      await this.steps(this.program.steps);
      return this.tallies;
    } finally {
      for (const b of this.own) this.device.free(present(this.buffers.get(b), 'a buffer'));
    }
  }

  /** What is written over is a copy. */
  private bind(inputs: readonly DeviceBuffer[]): void {
    const { buffers, inputs: numbers, steps } = this.program;
    const written = new Set(runSteps(steps).flatMap((s) => writtenBy(s).map((i) => at(s.args, i))));
    for (const [b, { dtype, length, place }] of buffers.entries()) {
      const given = place.kind === 'input' ? at(inputs, numbers.indexOf(b)) : null;
      if (given !== null && !written.has(b)) {
        this.buffers.set(b, given);
        continue;
      }
      const data = given !== null ? this.device.read(given) : place.kind === 'constant' ? place.data : null;
      this.buffers.set(b, this.device.write(dtype, data ?? hostArray[dtype](length)));
      this.own.add(b);
    }
  }

  private async steps(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === 'run') await this.run(step);
      else if (step.kind === 'branch') await this.branch(step);
      else await this.loop(step);
    }
  }

  private async loop(step: LoopStep): Promise<void> {
    for (let trip = 0; step.trips === null || trip < step.trips; trip++) {
      if (step.trips === null) {
        await this.steps(step.test);
        if (this.scalar(step.condition) === 0) return;
      }
      await this.steps(step.body);
    }
  }

  private async branch(step: BranchStep): Promise<void> {
    await this.steps(at(step.branches, this.scalar(step.index)));
  }

  private scalar(b: number): number {
    return present(this.device.read(present(this.buffers.get(b), 'a buffer'))[0], 'an element');
  }

  private async run(step: RunStep): Promise<void> {
    let executable = this.loaded.get(step);
    if (executable === undefined) this.loaded.set(step, (executable = this.device.load(alone(this.program, step))));
    const start = performance.now();
    const results = executable.run(step.args.map((b) => present(this.buffers.get(b), 'a buffer')));
    await this.device.settle();
    const microseconds = (performance.now() - start) * 1000;
    writtenBy(step).forEach((i, j) => this.buffers.set(at(step.args, i), at(results, j)));
    const before = this.tallies.get(step.kernel) ?? { dispatches: 0, microseconds: 0 };
    this.tallies.set(step.kernel, {
      dispatches: before.dispatches + 1,
      microseconds: before.microseconds + microseconds,
    });
  }
}

/** The operands that a step's kernel writes. */
const writtenBy = ({ kernel }: RunStep): readonly number[] =>
  range(kernel.operands.length).filter((i) => at(kernel.operands, i).access !== 'read');

/** A program of one step, which writes over what it is given. */
function alone({ name, buffers }: Program, step: RunStep): Program {
  const args = range(step.args.length);
  const written = writtenBy(step);
  return {
    name: `${name}: ${step.kernel.name}`,
    buffers: step.args.map((b) => ({ ...at(buffers, b), place: { kind: 'input' } })),
    steps: [{ ...step, args }],
    inputs: args,
    outputs: written,
    donated: written,
    slots: [],
  };
}
