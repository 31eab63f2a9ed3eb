import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Batches, DeviceColumns, Item, Position } from '../../../src/data/index.ts';
import { fromArrays, shuffledOrder, toArrays } from '../../../src/data/index.ts';
import { init, random } from '../../../src/index.ts';

const numbered = (n: number) => ({
  x: { data: Float32Array.from({ length: 2 * n }, (_, i) => i), shape: [n, 2] },
  y: { data: Uint8Array.from({ length: n }, (_, i) => i), shape: [n] },
});

const examples = (n: number) => fromArrays(numbered(n));

/** What a pipeline gives without waiting. */
const run = <T>(batches: Batches<T>): Item<T>[] => [...batches];
async function runAsync<T>(batches: Batches<T>): Promise<Item<T>[]> {
  const items: Item<T>[] = [];
  for await (const item of batches) items.push(item);
  return items;
}

type Columns = Readonly<Record<'y', { readonly data: Uint8Array }>>;
const rowsOf = (items: readonly Item<Columns>[]): number[][] => items.map(({ value }) => [...value.y.data]);

const raises = (code: string, message: string): Error => expect.objectContaining({ code, message }) as Error;

beforeAll(() => init({ device: 'reference' }));

describe('a pipeline', () => {
  test('gives batches with their place and what comes next', () => {
    expect(run(examples(3).batch(2).repeat(2)).map(({ value, ...place }) => [[...value.y.data], place])).toEqual([
      [[0, 1], { size: 2, epoch: 0, batch: 0, of: 2, next: { epoch: 0, batch: 1 } }],
      [[2], { size: 1, epoch: 0, batch: 1, of: 2, next: { epoch: 1, batch: 0 } }],
      [[0, 1], { size: 2, epoch: 1, batch: 0, of: 2, next: { epoch: 1, batch: 1 } }],
      [[2], { size: 1, epoch: 1, batch: 1, of: 2, next: { epoch: 2, batch: 0 } }],
    ]);
  });

  test('shuffles each pass anew, as jax.random.permutation would with the folded key', async () => {
    const key = random.key(3);
    const rows = rowsOf(run(examples(50).shuffle(key).batch(50).repeat(3)));
    for (const epoch of [0, 1, 2]) {
      expect(rows[epoch]).toEqual([...(await shuffledOrder(random.foldIn(key, epoch), 50))]);
    }
    expect(new Set(rows.map(String)).size).toBe(3);
    expect(rowsOf(run(examples(50).shuffle(key).batch(50)))).toEqual(rows.slice(0, 1));
  });

  test('takes and skips before or after shuffling', () => {
    const key = random.key(1);
    const some = (pipeline: ReturnType<typeof examples>): number[] => rowsOf(run(pipeline.batch(1))).flat();
    expect(some(examples(6).skip(4))).toEqual([4, 5]);
    expect(some(examples(6).take(10))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(some(examples(40).take(3).shuffle(key)).sort()).toEqual([0, 1, 2]);
    const whole = some(examples(40).shuffle(key));
    expect(some(examples(40).shuffle(key).take(3))).toEqual(whole.slice(0, 3));
    expect(some(examples(40).shuffle(key).skip(3))).toEqual(whole.slice(3));
    const twice = some(examples(40).shuffle(key).shuffle(random.key(2)));
    expect(twice).not.toEqual(whole);
    expect(twice.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test('takes the first batches of every pass', () => {
    const items = run(examples(6).batch(2).repeat(2).take(2));
    expect(rowsOf(items)).toEqual([[0, 1], [2, 3], [0, 1], [2, 3]]); // prettier-ignore
    expect(items.map(({ of, next }) => [of, next])).toEqual([
      [2, { epoch: 0, batch: 1 }],
      [2, { epoch: 1, batch: 0 }],
      [2, { epoch: 1, batch: 1 }],
      [2, { epoch: 2, batch: 0 }],
    ]);
    expect(run(examples(6).batch(2).repeat().take(0))).toEqual([]);
  });

  const pipelines = fc.record({
    n: fc.integer({ min: 1, max: 30 }),
    size: fc.integer({ min: 1, max: 8 }),
    last: fc.constantFrom('keep', 'drop', 'pad'),
    epochs: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer({ min: 0, max: 9 }),
    prefetch: fc.integer({ min: 0, max: 4 }),
    stop: fc.nat({ max: 40 }),
  } as const);

  test('continues from any position exactly, waiting or not', async () => {
    await fc.assert(
      fc.asyncProperty(pipelines, async ({ n, size, last, epochs, seed, prefetch, stop }) => {
        const batches = examples(n)
          .shuffle(random.key(seed))
          .batch(Math.min(size, n), { last })
          .repeat(epochs)
          .map(({ y }) => ({ y }));
        const whole = run(batches);
        expect(whole.length).toBe(batches.of * epochs);
        const stopped = whole[stop];
        const position: Position =
          stopped === undefined ? { epoch: epochs, batch: 0 } : (JSON.parse(JSON.stringify(stopped.next)) as Position);
        const rest = batches.from(position);
        expect(run(rest)).toEqual(whole.slice(stop + 1));
        expect(await runAsync(rest.prefetch(prefetch))).toEqual(whole.slice(stop + 1));
        expect(await runAsync(batches.prefetch(prefetch).map((x) => Promise.resolve(x)))).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });

  test('does nothing before it is asked, and prefetch asks for no more than it says', async () => {
    const made: number[] = [];
    const counted = examples(100)
      .batch(1)
      .repeat()
      .map((value, { batch }) => {
        made.push(batch);
        return value;
      });
    const ahead = counted.prefetch(3);
    expect(made).toEqual([]);
    let taken = 0;
    for await (const { batch } of ahead) {
      expect(batch).toBe(taken++);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      expect(made.length).toBe(taken + 3);
      if (taken === 10) break;
    }
    for (let i = 0; i < 50; i++) await Promise.resolve();
    expect(made.length).toBe(13);
    made.length = 0;
    for (const { batch } of ahead) if (batch === 4) break;
    expect(made).toEqual([0, 1, 2, 3, 4]);
  });

  test('an error comes in the place of its batch', async () => {
    const seen: number[] = [];
    const failing = examples(9)
      .batch(1)
      .map((_, { batch }) => {
        if (batch === 2) throw new Error('no third batch');
        return batch;
      })
      .prefetch(5);
    const loop = async (): Promise<void> => {
      for await (const { value } of failing) seen.push(value);
    };
    await expect(loop()).rejects.toThrow('no third batch');
    expect(seen).toEqual([0, 1]);
  });

  test('batches become arrays of their own dtypes on the device', async () => {
    const dataset = {
      byte: { data: Uint8Array.of(7, 255, 3, 4), shape: [2, 2] },
      word: { data: Uint16Array.of(1, 65535), shape: [2] },
      flag: { data: Uint8Array.of(1, 0), shape: [2], dtype: 'bool' },
      half: { data: Float32Array.of(0.5, -2), shape: [2], dtype: 'f16' },
    } as const;
    const [item] = run(fromArrays(dataset).batch(2).map(toArrays)) as [Item<DeviceColumns<typeof dataset>>];
    const { byte, word, flag, half } = item.value;
    expect([byte, word, flag, half].map((x) => [x.dtype, x.shape])).toEqual([
      ['u8', [2, 2]],
      ['u16', [2]],
      ['bool', [2]],
      ['f16', [2]],
    ]);
    expect(await Promise.all([byte, word, flag, half].map((x) => x.tolist()))).toEqual([
      [[7, 255], [3, 4]],
      [1, 65535],
      [true, false],
      [0.5, -2],
    ]); // prettier-ignore
  });
});

describe('a pipeline refuses', () => {
  test.each([
    ['batch', () => examples(3).batch(4), 'batch-size', 'a batch size of 4 does not fit 3 examples: use 1 to 3'],
    ['take', () => examples(3).take(-1), 'pipeline-count', 'take needs a whole number of 0 or more, got -1'],
    ['skip', () => examples(3).skip(0.5), 'pipeline-count', 'skip needs a whole number of 0 or more, got 0.5'],
    ['repeat', () => examples(3).batch(1).repeat(0), 'pipeline-count', 'repeat needs a whole number of 1 or more, got 0'],
    ['prefetch', () => examples(3).batch(1).prefetch(Infinity), 'pipeline-count', 'prefetch needs a whole number of 0 or more, got Infinity'],
    ['from', () => examples(3).batch(1).from({ epoch: 0, batch: 3 }), 'pipeline-position', 'there is no batch 3 of epoch 0: a pass has 3 batches, both are counted from 0'],
    ['fromArrays', () => fromArrays({}), 'dataset-mismatch', 'a data set needs a column'],
  ])('%s', (_, make, code, message) => {
    expect(make).toThrow(raises(code, message));
  }); // prettier-ignore

  test('a loop without await over promises', () => {
    const later = examples(3).batch(1).map((x) => Promise.resolve(x)); // prettier-ignore
    expect(() => run(later)).toThrow(
      raises('pipeline-async', 'the pipeline maps by a function that returns promises: loop over it with `for await`'),
    );
  });
});
