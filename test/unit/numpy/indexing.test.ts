import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ArrayAt, Indexer, NDArray } from '../../../src/index.ts';
import { grad, jit, numpy as np, vjp, vmap } from '../../../src/index.ts';
import type { Model, ModelIndexer } from './model.ts';
import { positionsOf } from './model.ts';

/** Reading and updating by position: every combination of indexers, against NumPy's rules written out. */

const toArray = ({ shape, data }: Model): NDArray => np.array([...data], { dtype: 'i32' }).reshape(shape);
const asIndexer = (i: ModelIndexer): Indexer => (typeof i === 'object' && i !== null && 'data' in i ? toArray(i) : i);
const i32 = (...values: readonly number[]): NDArray => np.array(values, { dtype: 'i32' });

/** Arrays of positions that broadcast together, and any other indexers, for an array of three axes. */
const drawn: fc.Arbitrary<{ readonly shape: readonly number[]; readonly indexers: readonly ModelIndexer[] }> = fc
  .record({
    shape: fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 4 }))),
    common: fc.constantFrom([], [1], [3], [2, 2], [0]),
    kinds: fc.array(fc.constantFrom('number', 'slice', 'slice', 'array', 'array'), { maxLength: 3 }),
    seeds: fc.infiniteStream(fc.nat({ max: 1 << 16 })),
    extras: fc.array(fc.tuple(fc.nat({ max: 3 }), fc.constant(null)), { maxLength: 2 }),
    ellipsis: fc.option(fc.nat({ max: 3 })),
  })
  .map(({ shape, common, kinds, seeds, extras, ellipsis }) => {
    const next = (n: number): number => (seeds.next().value as number) % n;
    const before = ellipsis === null ? kinds.length : Math.min(ellipsis, kinds.length);
    const indexers = kinds.map((kind, k): ModelIndexer => {
      const n = shape[k < before ? k : 3 - kinds.length + k] as number;
      const position = (): number => next(2 * n) - n;
      if (kind === 'number') return position();
      if (kind === 'array') {
        const own = common.slice(next(2) * next(common.length + 1)).map((e) => (next(3) === 0 ? 1 : e));
        return { shape: own, data: Array.from({ length: own.reduce<number>((a, b) => a * b, 1) }, position) };
      }
      const bound = (): number | null => (next(3) === 0 ? null : next(2 * n + 3) - n - 1);
      return [[], [bound(), bound()], [bound(), bound(), [-2, -1, 1, 2, 3][next(5)] as number]][
        next(3)
      ] as ModelIndexer;
    });
    if (ellipsis !== null) indexers.splice(before, 0, '...');
    for (const [where] of extras) indexers.splice(Math.min(where, indexers.length), 0, null);
    return { shape, indexers };
  });

const flat = (shape: readonly number[]): NDArray =>
  np.arange(shape.reduce((a, b) => a * b, 1)).reshape(shape).astype('f32'); // prettier-ignore

test('x.slice(...) is NumPy’s indexing', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async ({ shape, indexers }) => {
      const x = flat(shape);
      const expected = positionsOf(shape, indexers);
      const actual = x.slice(...indexers.map(asIndexer));
      expect(actual.shape).toEqual(expected.shape);
      expect([...(await actual.data())]).toEqual(expected.data);
    }),
    { numRuns: 300 },
  );
});

test('x.at(...) updates what x.slice(...) reads', async () => {
  const updates = [
    ['set', (_: number, v: number): number => v],
    ['add', (a: number, v: number): number => a + v],
    ['mul', (a: number, v: number): number => a * v],
    ['min', Math.min],
    ['max', Math.max],
  ] as const;
  await fc.assert(
    fc.asyncProperty(drawn, fc.constantFrom(...updates), async ({ shape, indexers }, [how, combine]) => {
      const x = flat(shape);
      const where = positionsOf(shape, indexers);
      const values = where.data.map((_, i) => ((i * 7) % 5) - 1);
      const expected = Array.from({ length: x.size }, (_, i) => i);
      where.data.forEach((p, i) => (expected[p] = combine(expected[p] as number, values[i] as number)));
      const update = (a: NDArray, v: NDArray): NDArray => a.at(...indexers.map(asIndexer))[how](v);
      const v = np.array(values, { dtype: 'f32' }).reshape(where.shape);
      expect([...(await update(x, v).data())]).toEqual(expected);
      expect([...(await jit(update)(x, v).data())]).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

describe('masks', () => {
  const x = flat([3, 4]);

  test('take the elements that they mark', async () => {
    expect(await x.slice(x.gt(8)).tolist()).toEqual([9, 10, 11]);
    expect(await x.slice(np.array([true, false, true]), 1).tolist()).toEqual([1, 9]);
    expect(await x.slice([], np.array([false, true, false, true])).tolist()).toEqual([[1, 3], [5, 7], [9, 11]]); // prettier-ignore
    expect(await x.slice(x.gt(99)).tolist()).toEqual([]);
    expect(x.slice(np.array(true)).shape).toEqual([1, 3, 4]);
    expect(x.slice(np.array(false)).shape).toEqual([0, 3, 4]);
  });

  test('update the elements that they mark', async () => {
    expect(await x.at(x.gt(2)).set(0).tolist()).toEqual([[0, 1, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]]); // prettier-ignore
    expect(
      await x
        .at(np.array([false, true, false]))
        .add([1, 0, 0, 1])
        .slice(1)
        .tolist(),
    ).toEqual([5, 5, 6, 8]);
  });

  test('known ones work under grad and with captured values under jit', async () => {
    const loss = (a: NDArray): NDArray => a.slice(a.gt(8)).sum();
    expect(await grad(loss)(x).sum().item()).toBe(3);
    const mask = x.gt(8);
    expect(await jit((a: NDArray) => a.slice(mask))(x).tolist()).toEqual([9, 10, 11]);
  });
});

describe('positions that are out of range', () => {
  const v = np.array([1, 2, 3]);
  const far = i32(-4, -1, 3);

  test('read the nearest element, or a value', async () => {
    expect(await v.slice(far).tolist()).toEqual([1, 3, 3]);
    expect(await v.at(far).get({ mode: 'fill' }).tolist()).toEqual([NaN, 3, NaN]);
    expect(await v.at(far).get({ fillValue: -5 }).tolist()).toEqual([-5, 3, -5]);
    expect(
      await v
        .at(np.array(7, { dtype: 'u32' }))
        .get()
        .item(),
    ).toBe(3);
  });

  test('are not written, or the nearest element is', async () => {
    expect(await v.at(far).set(9).tolist()).toEqual([1, 2, 9]);
    expect(await v.at(far).add(1, { mode: 'clip' }).tolist()).toEqual([2, 2, 5]);
    expect(
      await v
        .at(np.array(3, { dtype: 'i32' }))
        .set(9)
        .tolist(),
    ).toEqual([1, 2, 3]);
  });

  test('have a gradient where an element was read', async () => {
    const read = (options: Parameters<ArrayAt['get']>[0]) => (a: NDArray) => a.at(far).get(options).sum();
    expect(await grad(read({}))(v).tolist()).toEqual([1, 0, 2]);
    expect(await grad(read({ fillValue: 0 }))(v).tolist()).toEqual([0, 0, 1]);
  });
});

describe('traced positions', () => {
  const x = flat([3, 4]);

  test('scalars and arrays, in both, under jit and vmap', async () => {
    const read = (i: NDArray): NDArray => x.slice(i, [1, 3]);
    const write = (i: NDArray): NDArray => x.at(i, [1, 3]).add(100);
    for (const [k, row] of [[0, [1, 2]], [-1, [9, 10]]] as const) expect(await jit(read)(np.array(k, { dtype: 'i32' })).tolist()).toEqual(row); // prettier-ignore
    expect(await vmap(read)(i32(2, 0)).tolist()).toEqual([[9, 10], [1, 2]]); // prettier-ignore
    const written = await vmap(write)(i32(2, 5)).tolist();
    expect(written).toEqual([await x.at(2, [1, 3]).add(100).tolist(), await x.tolist()]);
    expect(await vmap((i: NDArray) => x.slice([], i))(np.array([[0, 1], [3, 3]], { dtype: 'i32' })).tolist()) // prettier-ignore
      .toEqual([await x.slice([], i32(0, 1)).tolist(), await x.slice([], i32(3, 3)).tolist()]);
  });

  test('a scalar one reads one window: one kernel', () => {
    const lowered = jit((i: NDArray) => x.slice(i).mul(2)).lower(np.array(1, { dtype: 'i32' }));
    expect(lowered.asText('kernels').match(/^(map|procedure|reduce)/gm)).toEqual(['map']);
  });
});

describe('other updates', () => {
  const x = np.array([2, 4, 8]);

  test('divide and power take all values of an element', async () => {
    expect(
      await x
        .at(i32(1, 1, 2))
        .divide(2)
        .tolist(),
    ).toEqual([2, 1, 4]);
    expect(await x.at(i32(0, 0)).power([2, 3]).tolist()).toEqual([64, 4, 8]);
    expect(await np.array([3, 4], { dtype: 'i32' }).at(0).divide(2).tolist()).toEqual([1.5, 4]);
    expect(await x.at([1, null]).sub([1, 2]).tolist()).toEqual([2, 3, 6]);
  });

  test('apply', async () => {
    expect(
      await x
        .at([null, null, 2])
        .apply((a) => a.mul(a))
        .tolist(),
    ).toEqual([4, 4, 64]);
    expect(
      await x
        .at(i32(2, 0))
        .apply((a) => a.neg())
        .tolist(),
    ).toEqual([-2, 4, -8]);
    expect(() => x.at(i32(1, -2)).apply((a) => a.neg())).toThrow('name an element twice');
    const traced = (unique: boolean) => (i: NDArray) => x.at(i).apply((a) => a.neg(), { uniqueIndices: unique });
    expect(() => jit(traced(false))(i32(1, 2))).toThrow('{ uniqueIndices: true }');
    expect(await jit(traced(true))(i32(1, 2)).tolist()).toEqual([2, -4, -8]);
  });

  test('values keep the array’s dtype', async () => {
    const n = i32(1, 2);
    expect(await n.at(0).set(7).tolist()).toEqual([7, 2]);
    expect(n.at(0).set([3]).dtype).toBe('i32');
    expect(() => n.at(0).set(0.5)).toThrow("can't be written into i32[2]");
    expect(() => n.at(0).add(np.array([0.5]))).toThrow("x.astype('f32')");
    expect(await np.array([true, false]).at(1).set(true).tolist()).toEqual([true, true]);
    expect(await np.array([true, false]).at(i32(0, 1)).max([false, true]).tolist()).toEqual([true, true]);
    expect(await np.zeros([2], { dtype: 'f64' }).at(0).add(1e-12).tolist()).toEqual([1e-12, 0]);
  });

  test('gradients reach what stayed, and what was written', async () => {
    const loss = (a: NDArray, v: NDArray): NDArray =>
      a
        .at(i32(1, 1))
        .set(v)
        .mul(np.array([1, 10, 100]))
        .sum();
    const [, pullback] = vjp(loss, x, np.array([5, 6]));
    const [da, dv] = pullback(np.array(1));
    expect(await da.tolist()).toEqual([1, 0, 100]);
    expect(await dv.tolist()).toEqual([0, 10]);
    const product = (v: NDArray): NDArray =>
      x
        .at(i32(0, 0, 2))
        .mul(v)
        .sum();
    expect(await grad(product)(np.array([0, 3, 5])).tolist()).toEqual([6, 0, 8]);
    expect(await grad(product)(np.array([0, 0, 5])).tolist()).toEqual([0, 0, 8]);
  });
});

test.each([
  ['too many indexers', () => flat([2]).slice(0, 0), 'invalid-argument', '2 indices for f32[2]'],
  ['two ellipses', () => flat([2]).slice('...', '...'), 'invalid-argument', 'one "..."'],
  ['a number out of range', () => flat([2]).at(2).set(0), 'invalid-argument', 'index 2 is out of range for axis 0'],
  ['a list that is no slice', () => flat([9]).slice([1, 2, 3, 4]), 'invalid-argument', "{ dtype: 'i32' }"],
  ['positions that are floats', () => flat([2]).slice(np.array([0])), 'dtype-mismatch', "x.astype('i32')"],
  ['a mask of another shape', () => flat([2, 3]).slice(np.array([true])), 'shape-mismatch', 'bool[1]'],
  ['arrays that do not broadcast', () => flat([2, 3]).slice(i32(0, 1), i32(0, 1, 2)), 'shape-mismatch', '[2], [3]'],
  ['a traced mask', () => jit((x: NDArray) => x.slice(x.gt(0)))(flat([2])), 'value-dependent-shape', 'numpy.where'],
  ['a value that is too large', () => flat([2]).at([0, 1]).set([1, 2]), 'shape-mismatch', 'f32[2]'],
])('%s is an error that says so', (_, make, code, says) => {
  let caught: unknown;
  try {
    make();
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ code });
  expect((caught as Error).message).toContain(says);
});
