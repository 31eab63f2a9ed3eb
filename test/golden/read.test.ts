import { expect, test } from 'vitest';
import { arraysIn, batch, direction, toArray, withArrays } from './inputs.ts';
import { GoldenArray, goldenFiles, readGolden } from './read.ts';

test('golden arrays keep special values, signed zeros and shapes', () => {
  const special = readGolden('elementwise-f32').find(
    ({ fn, args: [x] }) => fn === 'numpy.negative' && sizeOf(x) === 25,
  );
  const [x, y] = [special?.args[0], special?.out[0]];
  if (!(x instanceof GoldenArray) || !(y instanceof GoldenArray)) throw new Error('no arrays');
  expect([...x.data.slice(0, 2), ...x.data.slice(16, 19)]).toEqual([0, -0, Infinity, -Infinity, NaN]);
  expect([...y.data.slice(0, 2)]).toEqual([-0, 0]);
  expect(x.data).toBeInstanceOf(Float32Array);
  expect(x.shape).toEqual([25]);
});

const sizeOf = (x: unknown): number => (x instanceof GoldenArray ? x.data.length : -1);

test.each(goldenFiles)('every array of %s has as many elements as its shape says', (file) => {
  const check = (value: unknown): number => {
    if (value instanceof GoldenArray) {
      expect(value.data.length).toBe(value.shape.reduce((a, b) => a * b, 1));
      return 1;
    }
    if (typeof value !== 'object' || value === null) return 0;
    return Object.values(value).reduce((n: number, v: unknown) => n + check(v), 0);
  };
  const cases = readGolden(file);
  expect(cases.every((c) => c.out.length > 0 || c.fn === 'lax.topK')).toBe(true);
  expect(check(cases)).toBeGreaterThan(cases.length / 2);
});

test('there are at least 2,500 cases of functions', () => {
  expect(goldenFiles.reduce((n, file) => n + readGolden(file).length, 0)).toBeGreaterThanOrEqual(2500);
});

test('the network has gradients of all its leaves', () => {
  const [network] = readGolden('network');
  expect(Object.keys(network?.grads ?? {})).toHaveLength(8);
  expect(network?.out[0].data.length).toBe(4);
});

test('arguments are taken apart and put together in one order', () => {
  const [a, b, c] = [1, 2, 3].map((x) => new GoldenArray('f32', [], Float32Array.of(x))) as [
    GoldenArray,
    GoldenArray,
    GoldenArray,
  ];
  const tree = [{ z: a, b }, [1, c], null, 'x'];
  expect(arraysIn(tree)).toEqual([b, a, c]);
  const [p, q, r] = [toArray(b), toArray(a), toArray(c)];
  const [record, list] = withArrays(tree, [p, q, r]) as [{ b: unknown; z: unknown }, unknown[]];
  expect([record.b === p, record.z === q, list[1] === r]).toEqual([true, true, true]);
});

test('batches are stacked where they should be', () => {
  const x = new GoldenArray('f32', [2, 2], Float32Array.of(1, 2, 3, 4));
  const stacked = [[[1, 2], [3, 4]], [[4, 1], [2, 3]], [[3, 4], [1, 2]]]; // prettier-ignore
  expect(batch(x, 0).tolistSync()).toEqual(stacked);
  expect(batch(x, -1).tolistSync()).toEqual([0, 1].map((i) => [0, 1].map((j) => stacked.map((s) => s[i]?.[j]))));
  expect(batch(new GoldenArray('f32', [], Float32Array.of(8)), 0).tolistSync()).toEqual([8, 4, 2]);
  expect(batch(new GoldenArray('i32', [1], Int32Array.of(8)), 0).tolistSync()).toEqual([[8], [9], [10]]);
  expect(batch(new GoldenArray('bool', [], Uint8Array.of(1)), 0).tolistSync()).toEqual([true, false, true]);
});

test('directions are those of the generator', () => {
  const x = toArray(new GoldenArray('f32', [3], new Float32Array(3)));
  expect(direction(x, 0, 0).tolistSync()).toEqual([-1, 0.75, -0.25]);
  expect(direction(x, 1, 1).tolistSync()).toEqual([1, 0, -1]);
});
