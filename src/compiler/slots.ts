import { hostBytes } from '../kernel/dtype.ts';
import type { Aval } from '../trace/aval.ts';
import { sizeOf } from '../trace/aval.ts';

/** From when to when a value needs storage, in the order of what the planner does. */
interface Stay {
  readonly bytes: number;
  readonly from: number;
  to: number;
}

/** The storage that values share: byte sizes of slots, and the slot of each value. */
export interface SlotAssignment {
  readonly bytes: readonly number[];
  /** By the number that {@link Slots.take} gave. */
  readonly slotOf: readonly number[];
}

/**
 * Storage for temporaries. The planner says when it takes and releases each; slots are shared out once all is known:
 * larger values first, each in the smallest slot where nothing is at that time (greedy by size, as in Pisarchyk and Lee,
 * "Efficient Memory Management for Deep Neural Net Inference", 2020). So a slot never grows, and small values fill gaps.
 */
export class Slots {
  private readonly stays: Stay[] = [];
  private clock = 0;

  /** Storage from now on. */
  take(a: Aval): number {
    const bytes = sizeOf(a.shape) * Math.max(4, hostBytes[a.dtype]);
    this.stays.push({ bytes, from: this.clock++, to: Infinity });
    return this.stays.length - 1;
  }

  /** It is not needed from now on. */
  release(taken: number): void {
    (this.stays[taken] as Stay).to = this.clock++;
  }

  assign(): SlotAssignment {
    const slots: { readonly bytes: number; readonly stays: Stay[] }[] = [];
    const slotOf = this.stays.map(() => -1);
    const bySize = this.stays.map((stay, i) => ({ stay, i })).sort((a, b) => b.stay.bytes - a.stay.bytes);
    for (const { stay, i } of bySize) {
      // Slots are made in the order of their sizes: the last that is free is the smallest.
      const free = slots.findLastIndex((s) => s.stays.every((t) => t.to < stay.from || stay.to < t.from));
      slotOf[i] = free < 0 ? slots.push({ bytes: stay.bytes, stays: [] }) - 1 : free;
      slots[slotOf[i]]?.stays.push(stay);
    }
    return { bytes: slots.map((s) => s.bytes), slotOf };
  }
}
