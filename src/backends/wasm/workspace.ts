import { blockSize } from './allocator.ts';
import type { LinearMemory } from './memory.ts';

/**
 * Memory that programs need only while they run: temporaries and what kernels work with. Programs run one after the
 * other, so all of them have the same; it is as large as the largest of them needs.
 */
export class Workspace {
  private readonly memory: LinearMemory;
  private block: { readonly address: number; readonly free: () => void } | null = null;
  private bytes = 0;

  constructor(memory: LinearMemory) {
    this.memory = memory;
  }

  /** Where at least `bytes` bytes begin; it holds until more are asked for. Their contents are unspecified. */
  reserve(bytes: number): number {
    if (this.block === null || bytes > this.bytes) {
      this.block?.free();
      this.block = null;
      this.block = this.memory.fixed(bytes);
      this.bytes = bytes;
    }
    return this.block.address;
  }
}

/** Where areas of these sizes begin if they lie side by side, and how many bytes they take together. */
export function layOut(sizes: readonly number[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  let bytes = 0;
  const offsets = sizes.map((size) => {
    const offset = bytes;
    bytes += blockSize(size);
    return offset;
  });
  return { offsets, bytes };
}
