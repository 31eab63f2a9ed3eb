import { at } from '../util/array.ts';
import type { Program, Step } from './program.ts';

/** What steps may touch: whether some of them can change places, or run at once, is a question of this. */

/** A range of memory: a buffer's own, or a slot that temporaries share. */
export type Storage = string;

/** What is read and what is written. */
export interface Accesses {
  readonly reads: ReadonlySet<Storage>;
  readonly writes: ReadonlySet<Storage>;
}

/** Where a buffer's bytes are. */
export function storageOf(program: Program, buffer: number): Storage {
  const { place } = at(program.buffers, buffer);
  return place.kind === 'temporary' ? `slot ${place.slot}` : `buffer ${buffer}`;
}

/** Everything that a step may touch, with all that is inside of it. */
export function accessesOf(program: Program, step: Step): Accesses {
  const reads = new Set<Storage>();
  const writes = new Set<Storage>();
  const visit = (s: Step): void => {
    switch (s.kind) {
      case 'run':
        return s.kernel.operands.forEach(({ access }, i) => {
          const storage = storageOf(program, at(s.args, i));
          if (access !== 'write') reads.add(storage);
          if (access !== 'read') writes.add(storage);
        });
      case 'branch':
        reads.add(storageOf(program, s.index));
        return s.branches.forEach((b) => b.forEach(visit));
      case 'loop':
        s.body.forEach(visit);
        if (s.trips !== null) return;
        reads.add(storageOf(program, s.condition));
        return s.test.forEach(visit);
    }
  };
  visit(step);
  return { reads, writes };
}
