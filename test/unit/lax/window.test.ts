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

const slide = (x: NDArray, reducer: keyof typeof reducers, s: Sliding): NDArray =>
  lax.reduceWindow(x, reducers[reducer][0], lax[reducer], s.window, s.strides, s.padding, s);

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
  const values = Array.from({ length: s.shape[0] * s.shape[1] }, (__, i) => Math.sin(7 * i + 1) * 2);
  const x = np.array(values, { dtype: 'f64' }).reshape(s.shape);

  test.each(['add', 'mul', 'max', 'min'] as const)('%s', async (reducer) => {
    const [first, combine] = reducers[reducer];
    const expected = windowsAlong(s, 0).map((rows) =>
      windowsAlong(s, 1).map((columns) =>
        rows.flatMap((r) => columns.map((c) => values[r * s.shape[1] + c] as number)).reduce(combine, first),
      ),
    );
    const found = (await slide(x, reducer, s).tolist()) as number[][];
    expect(found.length).toBe(expected.length);
    found.forEach((row, i) => row.forEach((v, j) => expect(v).toBeCloseTo(expected[i]?.[j] ?? NaN, 12)));
    const finite = expected.flat().every(Number.isFinite);
    if (!finite) return;
    const reduce = (a: NDArray): NDArray => slide(a, reducer, s);
    await checkGrads(reduce, [x]);
    await checkGrads(
      grad((a: NDArray) => np.square(reduce(a)).sum()),
      [x],
    );
  });
});

test('the gradient of a product over windows is right at zeros', async () => {
  const x = np.array([2, 0, 3, 0], { dtype: 'f64' });
  expect(await grad((a: NDArray) => lax.reduceWindow(a, 1, lax.mul, [2], [1], 'VALID').sum())(x).tolist()).toEqual([
    0, 5, 0, 3,
  ]);
});

test.each([
  ['integers', 'i32'],
  ['unsigned integers', 'u32'],
] as const)('maxima of %s, where padding never wins', async (_, dtype) => {
  const x = np.array([3, 1, 2], { dtype });
  expect(await lax.reduceWindow(x, -Infinity, lax.max, [2], [1], [[1, 1]]).tolist()).toEqual([3, 3, 2, 2]);
  expect(await lax.reduceWindow(x, Infinity, 'min', [2], [1], [[1, 1]]).tolist()).toEqual([3, 1, 1, 2]);
});

test('a list of the wrong length is an error', () => {
  expect(() => lax.reduceWindow(np.zeros([2, 2]), 0, 'add', [2], [1, 1], 'VALID')).toThrow('[reduceWindow] windowDimensions [2] must be 2 integers'); // prettier-ignore
  expect(() => lax.reduceWindow(np.zeros([2]), 0, 'add', [2], [0], 'VALID')).toThrow('windowStrides [0]');
});

describe('arguments as in JAX, whose values these are', () => {
  const ones = np.ones([4]);
  test.each<readonly [string, () => NDArray, unknown]>([
    ['an initial value counts once, padding never', () => lax.reduceWindow(ones, 2, lax.add, [3], [1], 'SAME'), [4, 5, 5, 4]],
    ['holes never', () => lax.reduceWindow(np.array([0, 1, 2]), 1, lax.add, [2], [1], 'VALID', { baseDilation: [2] }), [1, 2, 2, 3]],
    ['a bound of maxima', () => lax.reduceWindow(ones.neg(), 0, lax.max, [3], [1], 'VALID'), [0, 0]],
    ['an array to start with', () => lax.reduceWindow(ones, np.array(2), lax.add, [3], [1], 'VALID'), [5, 5]],
    ['a function of numpy', () => lax.reduceWindow(ones, 0, np.add, [3], [1], 'SAME'), [2, 3, 3, 2]],
    ['a function of the user', () => lax.reduceWindow([1, 5, 2], -Infinity, (a, b) => np.maximum(b, a), [2], [1], 'VALID'), [5, 5]],
    ['bools', () => lax.reduceWindow([true, false, false, false], false, lax.or, [2], [2], 'VALID'), [true, false]],
    ['bools, all', () => lax.reduceWindow([true, false, true, true], true, lax.and, [2], [2], 'VALID'), [false, true]],
    ['dilated windows', () => lax.reduceWindow(np.arange(6).astype('f32'), 0, lax.add, [2], [1], 'VALID', { windowDilation: [2] }), [2, 4, 6, 8]],
    ['explicit padding', () => lax.reduceWindow(ones, 0, lax.add, [3], [1], [[2, 0]]), [1, 2, 3, 3]],
  ])('%s', (_, compute, expected) => expect(compute().tolistSync()).toEqual(expected)); // prettier-ignore

  test.each<readonly [string, () => NDArray, string]>([
    ['another function', () => lax.reduceWindow(ones, 0, (a, b) => a.add(b).mul(2), [2], [1], 'VALID'), 'got a function that computes add, mul'],
    ['one operand alone', () => lax.reduceWindow(ones, 0, (a) => a, [2], [1], 'VALID'), 'got a function that computes nothing'],
    ['one operand twice', () => lax.reduceWindow(ones, 0, (a) => a.add(a), [2], [1], 'VALID'), 'must be one of lax.add, lax.mul'],
    ['another name', () => lax.reduceWindow(ones, 0, 'sum' as 'add', [2], [1], 'VALID'), 'got the name "sum"'],
  ])('%s is refused', (_, compute, text) => expect(compute).toThrow(text)); // prettier-ignore
});
