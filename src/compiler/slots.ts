import { slotBytes } from '../kernel/program.ts';
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
 * Storage for temporaries. The planner says when it takes and releases each; slots are shared out once all is known, in
 * two ways, of which the one that takes less is kept.
 */
export class Slots {
  private readonly stays: Stay[] = [];
  private clock = 0;

  /** Storage from now on. */
  take(a: Aval): number {
    const bytes = slotBytes(a.dtype, sizeOf(a.shape));
    this.stays.push({ bytes, from: this.clock++, to: Infinity });
    return this.stays.length - 1;
  }

  /** It is not needed from now on. */
  release(taken: number): void {
    (this.stays[taken] as Stay).to = this.clock++;
  }

  assign(): SlotAssignment {
    const ways = [bySize(this.stays), byTime(this.stays)];
    const total = ({ bytes }: SlotAssignment): number => bytes.reduce((a, b) => a + b, 0);
    return ways.reduce((best, way) => (total(way) < total(best) ? way : best));
  }
}

/** A slot while values are put into it. */
interface Slot {
  bytes: number;
  readonly stays: Stay[];
}

const isFree = (slot: Slot, stay: Stay): boolean => slot.stays.every((t) => t.to < stay.from || stay.to < t.from);

/**
 * Larger values first, each in the smallest slot where nothing is at that time (greedy by size, as in Pisarchyk and Lee,
 * "Efficient Memory Management for Deep Neural Net Inference", 2020). So a slot never grows, and small values fill gaps.
 */
function bySize(stays: readonly Stay[]): SlotAssignment {
  const slots: Slot[] = [];
  const slotOf = stays.map(() => -1);
  const sorted = stays.map((stay, i) => ({ stay, i })).sort((a, b) => b.stay.bytes - a.stay.bytes);
  for (const { stay, i } of sorted) {
    // Slots are made in the order of their sizes: the last that is free is the smallest.
    const free = slots.findLastIndex((s) => isFree(s, stay));
    slotOf[i] = free < 0 ? slots.push({ bytes: stay.bytes, stays: [] }) - 1 : free;
    slots[slotOf[i]]?.stays.push(stay);
  }
  return { bytes: slots.map((s) => s.bytes), slotOf };
}

/**
 * Earlier values first, each in the free slot that fits best; where none is large enough, the largest one grows. So what
 * was small for many values can become one large value's.
 */
function byTime(stays: readonly Stay[]): SlotAssignment {
  const slots: Slot[] = [];
  const slotOf = stays.map((stay) => {
    const free = slots.filter((s) => isFree(s, stay)).sort((a, b) => a.bytes - b.bytes);
    const slot = free.find((s) => s.bytes >= stay.bytes) ?? free.at(-1) ?? { bytes: 0, stays: [] };
    slot.bytes = Math.max(slot.bytes, stay.bytes);
    slot.stays.push(stay);
    return slots.includes(slot) ? slots.indexOf(slot) : slots.push(slot) - 1;
  });
  return { bytes: slots.map((s) => s.bytes), slotOf };
}
