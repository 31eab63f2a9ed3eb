import { describe, expect, test } from 'vitest';
import type { Candidate, Sizes, TileKind, TileTraits } from '../../src/backends/wasm/contract/schedule.ts';
import { cut, estimate, pieces, tileOf } from '../../src/backends/wasm/contract/schedule.ts';

const f32: TileTraits = { bytes: 4, fused: true };
const sizes = (rows: number, depth: number, columns: number, batch = 1): Sizes => ({ batch, rows, columns, depth });
const cutOf = (kind: TileKind, s: Sizes, traits = f32, run = s.rows): ReturnType<typeof cut> =>
  cut(tileOf(kind, s, traits), s, traits.bytes, run);

describe('pieces', () => {
  test('differ by one at most and leave nothing over', () => {
    for (let length = 1; length < 200; length++) {
      const { count, height, tall } = pieces(length, 6);
      expect(count).toBe(Math.ceil(length / 6));
      expect(tall * height + (count - tall) * (height - 1)).toBe(length);
      expect(tall).toBeGreaterThan(0);
    }
    expect(pieces(9, 6)).toMatchObject({ count: 2, height: 5, tall: 1 });
    expect(pieces(32, 6)).toMatchObject({ count: 6, height: 6, tall: 2 });
  });

  test('stay within runs', () => {
    expect(pieces(52, 6, 26)).toEqual({ count: 10, height: 6, tall: 1, run: 26, perRun: 5 });
  });
});

describe('the kind of tile', () => {
  const contiguous = { across: true, along: false, vectors: true };
  const deep = { across: false, along: true, vectors: true };
  const best = (s: Sizes, left: Candidate['left'], right: Candidate['left']): TileKind => {
    const costs = (['panels', 'dots', 'stream'] as const).map(
      (kind) => [estimate({ kind, sizes: s, left, right, storeCost: 1 }, f32), kind] as const,
    );
    return costs.reduce((a, b) => (b[0] < a[0] ? b : a))[1];
  };

  test('is panels where there are many rows and columns', () => {
    expect(best(sizes(512, 512, 512), deep, contiguous)).toBe('panels');
    expect(best(sizes(512, 512, 512), deep, deep)).toBe('panels');
    expect(best(sizes(64, 64, 64), deep, contiguous)).toBe('panels');
  });

  test('is dot products for a few rows or columns that lie along the depth', () => {
    expect(best(sizes(1024, 1024, 1), deep, deep)).toBe('dots');
    expect(best(sizes(1, 1024, 1024), deep, deep)).toBe('dots');
    expect(best(sizes(8, 1024, 1024), deep, deep)).toBe('dots');
  });

  test('is a stream for a few rows and a right operand in rows', () => {
    expect(best(sizes(1, 1024, 1024), deep, contiguous)).toBe('stream');
    expect(best(sizes(4, 1024, 1024), deep, contiguous)).toBe('stream');
  });
});

describe('units', () => {
  const units = (s: Sizes, b: ReturnType<typeof cut>): number =>
    s.batch * b.splits * Math.ceil(b.rowBlocks / b.group) * b.columnBlocks;

  test('are over rows, with the right operand packed once', () => {
    const s = sizes(1024, 1024, 1024);
    const b = cutOf('panels', s);
    expect(b).toMatchObject({ shareRight: true, splits: 1, rowBlocks: 12, columnBlocks: 2, depthBlocks: 1 });
    expect(units(s, b)).toBe(24);
  });

  test('are over columns where there are few rows', () => {
    const b = cutOf('panels', sizes(32, 64, 1600));
    expect(b).toMatchObject({ shareRight: true, splits: 1 });
    expect(b.rowBlocks * b.columnBlocks).toBeGreaterThanOrEqual(12);
  });

  test('are over the depth where it is long and the result small', () => {
    expect(cutOf('panels', sizes(9, 21632, 32))).toMatchObject({ splits: 12, rowBlocks: 1, columnBlocks: 1 });
    expect(cutOf('panels', sizes(32, 1600, 64))).toMatchObject({ splits: 12, splitDepth: 134 });
  });

  test('are over the depth rather than the rows where a part is many blocks deep', () => {
    expect(cutOf('panels', sizes(288, 15488, 64))).toMatchObject({ splits: 12, depthBlocks: 2, shareRight: false });
    expect(cutOf('panels', sizes(288, 3872, 64))).toMatchObject({ splits: 1, shareRight: true });
  });

  test('are one where there is little to do, and a few of each matrix in a batch', () => {
    expect(units(sizes(32, 32, 32), cutOf('panels', sizes(32, 32, 32)))).toBe(1);
    expect(units(sizes(64, 64, 64, 64), cutOf('panels', sizes(64, 64, 64, 64)))).toBe(64);
  });

  test('pack a large right operand for many rows each', () => {
    const b = cutOf('panels', sizes(4096, 4096, 4096));
    expect(b.shareRight).toBe(false);
    expect(b.group * b.blockRows).toBeGreaterThanOrEqual(512);
    expect(b.blockDepth).toBeLessThanOrEqual(1024);
  });

  test('never add up more terms in a row than the tests of accuracy allow', () => {
    for (const depth of [1, 1000, 1025, 5000, 100_000, 10_000_000]) {
      for (const kind of ['panels', 'dots', 'stream'] as const) {
        const s = sizes(kind === 'panels' ? 64 : 1, depth, 64);
        const b = cutOf(kind, s);
        expect(b.splits * b.splitDepth).toBeGreaterThanOrEqual(depth);
        expect(b.depthBlocks * b.blockDepth).toBeGreaterThanOrEqual(b.splitDepth);
        const inARow = kind === 'panels' ? b.blockDepth : kind === 'dots' ? b.blockDepth / 4 : b.splitDepth / 8;
        expect(inARow).toBeLessThanOrEqual(1024);
      }
    }
  });
});
