import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { take } from '../../../src/data/columns.ts';
import type { BatchOptions } from '../../../src/data/dataset.ts';
import { batchCount, batches } from '../../../src/data/dataset.ts';

const numbered = (n: number) => ({
  x: { data: Float32Array.from({ length: 2 * n }, (_, i) => i), shape: [n, 2] },
  y: { data: Uint8Array.from({ length: n }, (_, i) => i), shape: [n] },
});

const passes = (n: number, options: BatchOptions): number[][] =>
  [...batches(numbered(n), options)].map(({ columns }) => [...columns.y.data]);

describe('batches', () => {
  test('keeps, drops or pads what the last full batch leaves', () => {
    expect(passes(5, { batchSize: 2 })).toEqual([[0, 1], [2, 3], [4]]);
    expect(passes(5, { batchSize: 2, last: 'drop' })).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(passes(5, { batchSize: 2, last: 'pad' })).toEqual([
      [0, 1],
      [2, 3],
      [4, 4],
    ]);
    expect([...batches(numbered(5), { batchSize: 2, last: 'pad' })].map(({ size }) => size)).toEqual([2, 2, 1]);
  });

  test('rows of all columns stay together, with their shapes', () => {
    const [batch] = batches(numbered(4), { batchSize: 3, order: [3, 1, 0, 2] });
    expect(batch).toEqual({
      index: 0,
      size: 3,
      columns: {
        x: { data: Float32Array.of(6, 7, 2, 3, 0, 1), shape: [3, 2] },
        y: { data: Uint8Array.of(3, 1, 0), shape: [3] },
      },
    });
  });

  test('visits every example once in the order given, and continues where it was left', () => {
    const cases = fc.integer({ min: 1, max: 40 }).chain((n) =>
      fc.record({
        order: fc.shuffledSubarray(
          Array.from({ length: n }, (_, i) => i),
          { minLength: n },
        ),
        batchSize: fc.integer({ min: 1, max: n }),
        start: fc.integer({ min: 0, max: n }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ order, batchSize, start }) => {
        const whole = passes(order.length, { batchSize, order });
        expect(whole.flat()).toEqual(order);
        expect(whole.length).toBe(batchCount(order.length, { batchSize }));
        expect(passes(order.length, { batchSize, order, start })).toEqual(whole.slice(start));
      }),
    );
  });

  test.each([
    [{ batchSize: 0 }, 'batch-size', 'a batch size of 0 does not fit 3 examples: use 1 to 3'],
    [{ batchSize: 4 }, 'batch-size', 'a batch size of 4 does not fit 3 examples: use 1 to 3'],
    [{ batchSize: 1.5 }, 'batch-size', 'a batch size of 1.5 does not fit 3 examples: use 1 to 3'],
    [
      { batchSize: 1, order: [0, 3] },
      'dataset-mismatch',
      'the order names example 3 at position 1, the data set has 3',
    ],
  ])('refuses %j', (options, code, message) => {
    expect(() => passes(3, options)).toThrow(expect.objectContaining({ code, message }) as Error);
  });

  test('refuses columns that do not belong together', () => {
    const { x } = numbered(2);
    const { y } = numbered(3);
    expect(() => [...batches({ x, y }, { batchSize: 1 })]).toThrow('column x has 2 examples, column y has 3');
    expect(() => [...batches({ x: { data: x.data, shape: [2, 3] } }, { batchSize: 1 })]).toThrow(
      'column x of shape [2,3] needs 6 elements, has 4',
    );
    expect(() => [...batches({}, { batchSize: 1 })]).toThrow('a data set needs a column');
  });
});

test('take gives the first examples, or all', () => {
  expect(take(numbered(3), 1)).toEqual({
    x: { data: Float32Array.of(0, 1), shape: [1, 2] },
    y: { data: Uint8Array.of(0), shape: [1] },
  });
  expect(take(numbered(3), 9)).toEqual(numbered(3));
});
