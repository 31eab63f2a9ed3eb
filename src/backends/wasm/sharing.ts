import type { Kernel } from '../../kernel/kernel.ts';
import type { Program, Step } from '../../kernel/program.ts';
import type { Kernels } from './run.ts';
import { workOf } from './work.ts';

/** From which work on, in nanoseconds of one thread, threads share it; see `workOf`. */
export interface Sharing {
  /** A kernel's: dividing it costs one or two barriers. */
  readonly kernel: number;
  /** All such kernels' of a program: it costs waking the other threads, perhaps. */
  readonly program: number;
}

export const usualSharing: Sharing = { kernel: 10_000, program: 50_000 };

/** Trips that a loop of unknown length is assumed to take. */
const unknownTrips = 8;

/** What threads make of a program. */
export interface Shares {
  /** The kernels that they share. */
  readonly shared: ReadonlySet<Kernel>;
  /** All there is to do, in nanoseconds of one thread. */
  readonly work: number;
}

/** One thread has nothing to share. */
export const noShares: Shares = { shared: new Set(), work: 0 };

/** Finds out what is worth sharing, and about how much there is to do. */
export function sharesOf(program: Program, kernels: Kernels, sharing: Sharing): Shares {
  const shared = new Set<Kernel>();
  let [total, all] = [0, 0];
  const visit = (step: Step, times: number): void => {
    switch (step.kind) {
      case 'run': {
        const code = kernels.get(step.kernel);
        if (code === undefined) return;
        const work = workOf(step.kernel);
        all += work * times;
        if (work < sharing.kernel || !code.phases.some((p) => p.units > 1)) return;
        shared.add(step.kernel);
        total += work * times;
        return;
      }
      case 'branch':
        return step.branches.forEach((b) => b.forEach((s) => visit(s, times)));
      case 'loop': {
        const trips = times * (step.trips ?? unknownTrips);
        if (step.trips === null) step.test.forEach((s) => visit(s, trips));
        return step.body.forEach((s) => visit(s, trips));
      }
    }
  };
  program.steps.forEach((s) => visit(s, 1));
  return { shared: total < sharing.program ? new Set() : shared, work: all };
}
