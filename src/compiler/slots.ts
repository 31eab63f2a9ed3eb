import { hostBytes } from '../kernel/dtype.ts';
import type { Aval } from '../trace/aval.ts';
import { sizeOf } from '../trace/aval.ts';

/** Storage for temporaries: a slot is given back after the last step that reads what is in it. */
export class Slots {
  /** Byte sizes, by slot. */
  readonly bytes: number[] = [];
  private free: number[] = [];

  /** The free slot that fits best, grown if none is large enough, or a new one. */
  take(a: Aval): number {
    const bytes = sizeOf(a.shape) * Math.max(4, hostBytes[a.dtype]);
    const waste = (slot: number): number => Math.abs((this.bytes[slot] as number) - bytes);
    const best = [...this.free].sort((x, y) => waste(x) - waste(y))[0];
    const slot = best ?? this.bytes.length;
    this.free = this.free.filter((s) => s !== slot);
    this.bytes[slot] = Math.max(this.bytes[slot] ?? 0, bytes);
    return slot;
  }

  release(slot: number): void {
    this.free.push(slot);
  }
}
