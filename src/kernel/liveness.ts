import { at } from '../util/array.ts';
import type { Program, Step } from './program.ts';
import { slotBytes } from './program.ts';

/** From which run of a kernel to which a temporary holds something, in the order of the steps. */
interface Life {
  from: number;
  to: number;
}

/**
 * The bytes of the temporaries that are alive at the worst moment: what they would take if storage could be shared without
 * any loss. What a loop keeps from before it, for after it or from trip to trip lives all through the loop.
 */
export function bytesAlive(program: Program): number {
  const lives = livesOf(program);
  const changes = new Map<number, number>();
  const change = (time: number, bytes: number): void => void changes.set(time, (changes.get(time) ?? 0) + bytes);
  lives.forEach(({ from, to }, buffer) => {
    const { place, length, dtype } = at(program.buffers, buffer);
    if (place.kind !== 'temporary') return;
    const bytes = slotBytes(dtype, length);
    change(from, bytes);
    change(to + 1, -bytes);
  });
  let alive = 0;
  let most = 0;
  for (const [, bytes] of [...changes].sort(([a], [b]) => a - b)) {
    alive += bytes;
    most = Math.max(most, alive);
  }
  return most;
}

function livesOf(program: Program): ReadonlyMap<number, Life> {
  const lives = new Map<number, Life>();
  let clock = 0;
  const use = (buffer: number): void => {
    const life = lives.get(buffer);
    if (life === undefined) lives.set(buffer, { from: clock, to: clock });
    else life.to = Math.max(life.to, clock);
  };
  const visit = (s: Step): void => {
    switch (s.kind) {
      case 'run':
        s.args.forEach(use);
        clock += 1;
        return;
      case 'branch':
        use(s.index);
        return s.branches.forEach((b) => b.forEach(visit));
      case 'loop': {
        const begin = clock;
        if (s.trips === null) s.test.forEach(visit);
        if (s.trips === null) use(s.condition);
        s.body.forEach(visit);
        // Of what was there before, all that the loop uses stays to its end.
        for (const life of lives.values()) if (life.from < begin && life.to >= begin) life.to = clock - 1;
        return;
      }
    }
  };
  program.steps.forEach(visit);
  return lives;
}
