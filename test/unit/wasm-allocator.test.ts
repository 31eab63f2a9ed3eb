import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Allocator, blockSize } from '../../src/backends/wasm/allocator.ts';

test('blocks never overlap, stay in the space and are aligned', () => {
  const actions = fc.array(
    fc.oneof(
      fc.nat(5000).map((bytes) => ({ bytes })),
      fc.nat(50).map((free) => ({ free })),
    ),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(actions, (list) => {
      const allocator = new Allocator(1024);
      allocator.extend(64 * 1024);
      const live: { start: number; size: number }[] = [];
      for (const action of list) {
        if ('bytes' in action) {
          const size = blockSize(action.bytes);
          const start = allocator.allocate(size);
          if (start === null) continue;
          expect(start % 64).toBe(0);
          expect(start).toBeGreaterThanOrEqual(1024);
          expect(start + size).toBeLessThanOrEqual(allocator.end);
          for (const other of live) expect(start + size <= other.start || other.start + other.size <= start).toBe(true);
          live.push({ start, size });
        } else {
          const [block] = live.splice(action.free % Math.max(1, live.length), 1);
          if (block !== undefined) allocator.free(block.start, block.size);
        }
      }
      live.forEach(({ start, size }) => allocator.free(start, size));
      expect(allocator.freeAtEnd).toBe(64 * 1024);
    }),
  );
});

test('freeing a block twice is caught', () => {
  const allocator = new Allocator(0);
  allocator.extend(1024);
  const start = allocator.allocate(1024) ?? -1;
  allocator.free(start, 1024);
  expect(() => allocator.free(start, 1024)).toThrow('free already');
});

test('the space can grow, and merges what it gains', () => {
  const allocator = new Allocator(64);
  allocator.extend(64);
  expect(allocator.allocate(128)).toBeNull();
  allocator.extend(64);
  expect(allocator.allocate(128)).toBe(64);
});
