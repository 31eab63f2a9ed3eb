import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, lax, numpy as np } from '../../../src/index.ts';
import { checkGrads } from '../../../src/testing/index.ts';

/** Windows of every kind against loops that are written out. */

interface Sliding {
  readonly shape: readonly [number, number];
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: readonly (readonly [number, number])[];
  readonly windowDilation: readonly [number, number];
  readonly baseDilation: readonly [number, number];
}

const reducers = {
  add: [0, (a: number, b: number): number => a + b],
  mul: [1, (a: number, b: number): number => a * b],
  max: [-Infinity, (a: number, b: number): number => Math.max(a, b)],
  min: [Infinity, (a: number, b: number): number => Math.min(a, b)],
} as const;

/** The windows along one axis: for each, the positions in the array of what is in it, holes and padding left out. */
function windowsAlong(s: Sliding, axis: 0 | 1): readonly (readonly number[])[] {
  const [low, high] = s.padding[axis] as readonly [number, number];
  const length = (s.shape[axis] - 1) * s.baseDilation[axis] + 1 + low + high;
  const span = (s.window[axis] - 1) * s.windowDilation[axis] + 1;
  const out: number[][] = [];
  for (let start = 0; start + span <= length; start += s.strides[axis]) {
    const places = Array.from({ length: s.window[axis] }, (_, k) => start + k * s.windowDilation[axis] - low);
    out.push(
      places.map((p) => p / s.baseDilation[axis]).filter((p) => Number.isInteger(p) && p >= 0 && p < s.shape[axis]),
    );
  }
  return out;
}

const plain: Sliding = {
  shape: [5, 4],
  window: [2, 3],
  strides: [1, 1],
  padding: [[0, 0], [0, 0]], // prettier-ignore
  windowDilation: [1, 1],
  baseDilation: [1, 1],
};
const slidings: readonly (readonly [string, Sliding])[] = [
  ['plain', plain],
  ['strided, padded', { ...plain, strides: [2, 1], padding: [[1, 0], [2, 1]] }], // prettier-ignore
  ['cropped', { ...plain, padding: [[-1, 0], [0, -1]] }], // prettier-ignore
  ['dilated windows', { ...plain, windowDilation: [3, 1] }],
  ['elements moved apart', { ...plain, baseDilation: [2, 3], strides: [1, 2] }],
  ['all together', { ...plain, baseDilation: [2, 1], windowDilation: [2, 1], padding: [[1, 2], [0, 1]], strides: [3, 2] }], // prettier-ignore
];

describe.each(slidings)('%s', (_, s) => {
  const { window, ...options } = s;
  const values = Array.from({ length: s.shape[0] * s.shape[1] }, (__, i) => Math.sin(7 * i + 1) * 2);
  const x = np.array(values, { dtype: 'f64' }).reshape(s.shape);

  test.each(['add', 'mul', 'max', 'min'] as const)('%s', async (reducer) => {
    const [first, combine] = reducers[reducer];
    const expected = windowsAlong(s, 0).map((rows) =>
      windowsAlong(s, 1).map((columns) =>
        rows.flatMap((r) => columns.map((c) => values[r * s.shape[1] + c] as number)).reduce(combine, first),
      ),
    );
    const found = (await lax.reduceWindow(x, reducer, window, options).tolist()) as number[][];
    expect(found.length).toBe(expected.length);
    found.forEach((row, i) => row.forEach((v, j) => expect(v).toBeCloseTo(expected[i]?.[j] ?? NaN, 12)));
    const finite = expected.flat().every(Number.isFinite);
    if (!finite) return;
    const reduce = (a: NDArray): NDArray => lax.reduceWindow(a, reducer, window, options);
    await checkGrads(reduce, [x]);
    await checkGrads(
      grad((a: NDArray) => np.square(reduce(a)).sum()),
      [x],
    );
  });
});

test('the gradient of a product over windows is right at zeros', async () => {
  const x = np.array([2, 0, 3, 0], { dtype: 'f64' });
  expect(await grad((a: NDArray) => lax.reduceWindow(a, 'mul', [2]).sum())(x).tolist()).toEqual([0, 5, 0, 3]);
});

test.each([
  ['integers', 'i32'],
  ['unsigned integers', 'u32'],
] as const)('maxima of %s, where padding never wins', async (_, dtype) => {
  const x = np.array([3, 1, 2], { dtype });
  const options = { padding: [[1, 1]] } as const;
  expect(await lax.reduceWindow(x, 'max', [2], options).tolist()).toEqual([3, 3, 2, 2]);
  expect(await lax.reduceWindow(x, 'min', [2], options).tolist()).toEqual([3, 1, 1, 2]);
});

test('a list of the wrong length is an error', () => {
  expect(() => lax.reduceWindow(np.zeros([2, 2]), 'add', [2])).toThrow('[reduceWindow] window [2] must be 2 integers');
  expect(() => lax.reduceWindow(np.zeros([2]), 'add', [2], { strides: [0] })).toThrow('strides [0]');
});
