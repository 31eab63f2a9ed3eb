import { invariant } from '../../util/assert.ts';

/** Blocks begin and end at multiples of this: a cache line, and room for loads that reach past a buffer's end. */
export const alignment = 64;

/** Rounds up to whole alignment units; even an empty buffer has an address of its own. */
export const blockSize = (bytes: number): number => Math.max(1, Math.ceil(bytes / alignment)) * alignment;

const binsPerOctave = 4;

/** The bin of a size: four for each power of two, so that a bin's sizes differ by less than a fifth. */
function binOf(size: number): number {
  const units = size / alignment;
  const octave = Math.floor(Math.log2(units));
  return octave * binsPerOctave + Math.floor((units / 2 ** octave - 1) * binsPerOctave);
}

/**
 * Hands out ranges of a growing address space `[start, end)`. Free ranges are kept by size and merged with their
 * neighbours when they are given back.
 */
export class Allocator {
  private readonly bins: Set<number>[] = [];
  private readonly sizeAt = new Map<number, number>();
  private readonly startOfEnd = new Map<number, number>();
  private limit: number;

  constructor(start: number) {
    this.limit = start;
  }

  /** The end of the address space. */
  get end(): number {
    return this.limit;
  }

  /** Adds `[end, end + bytes)` to the space. */
  extend(bytes: number): void {
    const start = this.limit;
    this.limit += bytes;
    this.free(start, bytes);
  }

  /** The size of the free range at the space's end. */
  get freeAtEnd(): number {
    const start = this.startOfEnd.get(this.limit);
    return start === undefined ? 0 : this.limit - start;
  }

  /** An address with `size` bytes (a multiple of the alignment), or null when no free range is large enough. */
  allocate(size: number): number | null {
    const own = binOf(size);
    for (let b = own; b < this.bins.length; b++) {
      for (const start of this.bins[b] ?? []) {
        const available = this.sizeAt.get(start) ?? 0;
        if (available < size) continue;
        this.remove(start, available);
        if (available > size) this.insert(start + size, available - size);
        return start;
      }
    }
    return null;
  }

  /** Gives back `[start, start + size)`. */
  free(start: number, size: number): void {
    invariant(!this.sizeAt.has(start), `address ${start} is free already`);
    let [from, length] = [start, size];
    const before = this.startOfEnd.get(from);
    if (before !== undefined) {
      const more = from - before;
      this.remove(before, more);
      [from, length] = [before, length + more];
    }
    const after = this.sizeAt.get(from + length);
    if (after !== undefined) {
      this.remove(from + length, after);
      length += after;
    }
    this.insert(from, length);
  }

  private insert(start: number, size: number): void {
    const bin = binOf(size);
    while (this.bins.length <= bin) this.bins.push(new Set());
    this.bins[bin]?.add(start);
    this.sizeAt.set(start, size);
    this.startOfEnd.set(start + size, start);
  }

  private remove(start: number, size: number): void {
    this.bins[binOf(size)]?.delete(start);
    this.sizeAt.delete(start);
    this.startOfEnd.delete(start + size);
  }
}
