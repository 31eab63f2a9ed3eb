import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { lax, numpy as np, vmap } from '../../src/index.ts';
import { defaultDevice, setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { Device } from '../../src/kernel/device.ts';
import type { Rows } from './matrices.ts';
import {
  arrayOf,
  at,
  build,
  diagonalMatrix,
  eye,
  f32,
  listOf,
  minus,
  randomMatrix,
  rowsOf,
  scaled,
  size,
  symmetric,
  times,
  transposed,
  unorthogonality,
  withEigenvalues,
  withSingularValues,
} from './matrices.ts';

/**
 * Every decomposition is checked by what it promises: its factors have their structure, and their product is the matrix,
 * to a few roundings for each row. The bounds are relative to the largest element.
 */

/** How a device is tested. */
export interface FactorizationOptions {
  readonly make: () => Promise<Device>;
  readonly dtypes: readonly ('f32' | 'f64')[];
  /** Allowed error in units of ε · n. */
  readonly roundings: number;
  /** Does the device compute with subnormal numbers? */
  readonly subnormal: boolean;
}

const graded = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6];

const general = (subnormal: boolean): readonly (readonly [name: string, a: Rows])[] => [
  ['random', randomMatrix(6, 6, 1)],
  ['larger', randomMatrix(24, 24, 2)],
  ['ill-conditioned', withSingularValues(graded, 3)],
  ['Hilbert', build(6, 6, (i, j) => 1 / (i + j + 1))],
  ['of rank 2', times(randomMatrix(5, 2, 4), randomMatrix(2, 5, 5))],
  ['with two equal columns', build(4, 4, (i, j) => Math.sin(1 + i * 3 + (j === 1 ? 0 : j) * 5))],
  [
    'with parallel columns among orthogonal ones',
    [
      [0, 0, 0, -1.8],
      [0, 0, 0, -3.5],
      [1.1, 0, 0, 0],
      [0, -0.04, -2.8, 0],
    ],
  ],
  ['zero', build(3, 3, () => 0)],
  ['the identity', eye(4)],
  ['orthogonal', withSingularValues([1, 1, 1, 1, 1], 6)],
  ['a permutation', build(4, 4, (i, j) => ((i + 1) % 4 === j ? 1 : 0))],
  ['with clustered singular values', withSingularValues([1, 1, 1 - 1e-5, 0.5, 0.5, 0.5], 7)],
  ['huge', scaled(randomMatrix(4, 4, 8), 1e30)],
  ['tiny', scaled(randomMatrix(4, 4, 9), 1e-30)],
  ...(subnormal ? [['subnormal in f32', scaled(randomMatrix(4, 4, 10), 1e-41)] as const] : []),
  ['of size 1', [[-3]]],
  ['empty', []],
];

const rectangular: readonly (readonly [name: string, a: Rows])[] = [
  ['tall', randomMatrix(7, 3, 11)],
  ['wide', randomMatrix(3, 7, 12)],
  ['one column', randomMatrix(5, 1, 13)],
  ['one row', randomMatrix(1, 5, 14)],
  ['tall of rank 1', times(randomMatrix(6, 1, 15), randomMatrix(1, 3, 16))],
  ['wide and zero', build(2, 5, () => 0)],
  ['tall and unit vectors', build(5, 2, (i, j) => (i === j ? 1 : 0))],
];

const symmetrics: readonly (readonly [name: string, a: Rows])[] = [
  ['with distinct eigenvalues', withEigenvalues([-3, -1, 0.5, 2, 5, 9], 21)],
  ['with clustered eigenvalues', withEigenvalues([1, 1, 1, 2, 2, 2 + 1e-5], 22)],
  ['graded', withEigenvalues([1e-6, 1e-4, 1e-2, 1, -1e-3], 23)],
  ['diagonal', diagonalMatrix([3, -1, 2, 0])],
  ['tridiagonal', build(8, 8, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0))],
  ['in blocks', build(6, 6, (i, j) => (Math.floor(i / 2) === Math.floor(j / 2) ? 1 + i + j : 0))],
  ['with a zero diagonal', build(4, 4, (i, j) => (i === j ? 0 : 1e-10))],
];

/** Declares the tests on a device. */
export function factorizationsOn(name: string, { make, dtypes, roundings, subnormal }: FactorizationOptions): void {
  describe(`factorizations on ${name}`, () => {
    let before: Device;
    beforeAll(async () => {
      before = defaultDevice();
      setDefaultDevice(await make());
    });
    afterAll(() => setDefaultDevice(before));
    for (const dtype of dtypes) {
      const allowed = (a: Rows): number => roundings * epsilon(dtype) * Math.max(1, a.length, a[0]?.length ?? 0);
      const held = (a: Rows): Rows => (dtype === 'f32' ? f32(a) : a);
      const squares = general(subnormal);

      describe(`lu in ${dtype}`, () => {
        test.each([...squares, ...rectangular])('%s', async (_, a) => checkLu(held(a), dtype, allowed(a)));
      });
      describe(`qr in ${dtype}`, () => {
        test.each([...squares, ...rectangular])('%s', async (_, a) => checkQr(held(a), dtype, allowed(a)));
      });
      describe(`svd in ${dtype}`, () => {
        test.each([...squares, ...rectangular])('%s', async (_, a) => checkSvd(held(a), dtype, allowed(a)));
      });
      describe(`eigh in ${dtype}`, () => {
        const all = [...squares.map(([label, a]) => [label, symmetric(a)] as const), ...symmetrics];
        test.each(all)('%s', async (_, a) => checkEigh(held(a), dtype, allowed(a)));
      });
      describe(`cholesky in ${dtype}`, () => {
        const definite = squares
          .map(([label, a]) => [label, positive(a, dtype)] as const)
          .filter(([label]) => !/huge|tiny|zero|subnormal/.test(label));
        test.each([
          ...definite,
          ['huge', scaled(positive(randomMatrix(4, 4, 8), dtype), 1e30)] as const,
          ['tiny', scaled(positive(randomMatrix(4, 4, 8), dtype), 1e-30)] as const,
        ])('%s', async (_, a) => checkCholesky(held(a), dtype, allowed(a)));
      });
      test(`a matrix that is not positive definite in ${dtype}`, () => notDefinite(dtype));
      test(`elements that are not finite in ${dtype}`, () => notFinite(dtype));
      test(`batches of batches in ${dtype}`, () => batches(dtype));
    }
  });
}

type Float = 'f32' | 'f64';
const epsilon = (dtype: Float): number => (dtype === 'f32' ? 2 ** -23 : 2 ** -52);

/** The smallest number above 0: results that are subnormal can't be more accurate than it. */
const step = (dtype: Float): number => (dtype === 'f32' ? 2 ** -149 : 2 ** -1074);

/** How far a product of factors may be from `a`. */
const bound = (a: Rows, allowed: number, dtype: Float): number => allowed * size(a) + 4 * a.length * step(dtype);

/** Shows a wrong result with its size next to the bound. */
const small = (x: number, limit: number, what: string): void => expect(x, what).toBeLessThanOrEqual(limit);

export async function checkLu(a: Rows, dtype: Float, allowed: number): Promise<void> {
  const [m, n] = [a.length, a[0]?.length ?? 0];
  const k = Math.min(m, n);
  const [lu, pivots, permutation] = lax.linalg.lu(arrayOf(a, dtype));
  const packed = await rowsOf(lu);
  const order = await listOf(permutation);
  const lower = build(m, k, (i, j) => (i === j ? 1 : i > j ? at(packed, i, j) : 0));
  const upper = build(k, n, (i, j) => (i <= j ? at(packed, i, j) : 0));
  const moved = order.map((i) => a[i] as readonly number[]);
  small(size(lower), 1, 'multipliers');
  small(size(minus(times(lower, upper), moved)), bound(a, allowed, dtype), 'P A - L U');
  const replayed = Array.from({ length: m }, (_, i) => i);
  (await listOf(pivots)).forEach((pivot, i) => {
    [replayed[i], replayed[pivot]] = [replayed[pivot] as number, replayed[i] as number];
  });
  expect(order).toEqual(replayed);
}

export async function checkQr(a: Rows, dtype: Float, allowed: number): Promise<void> {
  const n = a[0]?.length ?? 0;
  for (const mode of ['reduced', 'complete'] as const) {
    const [q, r] = np.linalg.qr(arrayOf(a, dtype), mode);
    const [left, right] = [await rowsOf(q), await rowsOf(r)];
    expect(q.shape).toEqual([a.length, mode === 'complete' ? a.length : Math.min(a.length, n)]);
    small(unorthogonality(left), allowed, 'QᵀQ - I');
    if (n > 0) small(size(minus(times(left, right), a)), bound(a, allowed, dtype), 'A - Q R');
    right.forEach((row, i) => row.forEach((x, j) => i > j && expect(x).toBe(0)));
  }
}

export async function checkSvd(a: Rows, dtype: Float, allowed: number): Promise<void> {
  const [m, n] = [a.length, a[0]?.length ?? 0];
  const k = Math.min(m, n);
  const [u, s, vt] = np.linalg.svd(arrayOf(a, dtype));
  const [left, values, right] = [await rowsOf(u), await listOf(s), await rowsOf(vt)];
  small(unorthogonality(left), allowed, 'UᵀU - I');
  small(unorthogonality(transposed(right, n)), allowed, 'VᵀV - I');
  values.forEach((x, i) => expect(x >= 0 && (i === 0 || x <= (values[i - 1] as number))).toBe(true));
  const product = times(
    build(m, k, (i, j) => at(left, i, j) * (values[j] as number)),
    right.slice(0, k),
  );
  if (k > 0) small(size(minus(product, a)), bound(a, allowed, dtype), 'A - U S Vᵀ');
  const alone = await listOf(np.linalg.svd(arrayOf(a, dtype), { computeUv: false }));
  expect(alone).toEqual(values);
}

export async function checkEigh(a: Rows, dtype: Float, allowed: number): Promise<void> {
  const [w, v] = np.linalg.eigh(arrayOf(a, dtype));
  const [values, vectors] = [await listOf(w), await rowsOf(v)];
  small(unorthogonality(vectors), allowed, 'VᵀV - I');
  values.forEach((x, i) => expect(i === 0 || x >= (values[i - 1] as number)).toBe(true));
  const product = times(vectors, diagonalMatrix(values));
  small(size(minus(times(a, vectors), product)), bound(a, allowed, dtype), 'A V - V W');
}

/** A Aᵀ and something on the diagonal that keeps it positive definite in this precision. */
function positive(a: Rows, dtype: Float): Rows {
  const square = times(a, transposed(a));
  const shift = 100 * a.length * epsilon(dtype) * size(square);
  return build(a.length, a.length, (i, j) => at(square, i, j) + (i === j ? shift : 0));
}

async function checkCholesky(a: Rows, dtype: Float, allowed: number): Promise<void> {
  const l = await rowsOf(np.linalg.cholesky(arrayOf(a, dtype)));
  l.forEach((row, i) => row.forEach((x, j) => (i < j ? expect(x).toBe(0) : i === j && expect(x).toBeGreaterThan(0))));
  small(size(minus(times(l, transposed(l)), a)), bound(a, allowed, dtype), 'A - L Lᵀ');
  const upper = await rowsOf(np.linalg.cholesky(arrayOf(a, dtype), { upper: true }));
  expect(upper).toEqual(transposed(l));
}

async function notDefinite(dtype: Float): Promise<void> {
  for (const a of [
    [
      [1, 2],
      [2, 1],
    ],
    [
      [0, 0],
      [0, 1],
    ],
    [
      [-1, 0],
      [0, 1],
    ],
    [
      [NaN, 0],
      [0, 1],
    ],
  ]) {
    // prettier-ignore
    const l = await listOf(np.linalg.cholesky(arrayOf(a, dtype)));
    expect(l).toEqual([NaN, 0, NaN, NaN]);
  }
}

async function notFinite(dtype: Float): Promise<void> {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const a = arrayOf([[1, bad, 2], [bad, 3, 0], [2, 0, 1]], dtype); // prettier-ignore
    for (const x of [...np.linalg.eigh(a), ...np.linalg.svd(a)]) {
      expect((await listOf(x)).every(Number.isNaN)).toBe(true);
    }
    const [, r] = np.linalg.qr(a);
    expect((await listOf(r)).some((x) => !Number.isFinite(x))).toBe(true);
    expect(Number.isFinite(await np.linalg.det(a).item())).toBe(false);
  }
}

/** Each result for a batch of batches is that for each of its matrices alone, and that of vmap. */
async function batches(dtype: Float): Promise<void> {
  const parts = [0, 1, 2, 3, 4, 5].map((i) => positive(randomMatrix(4, 4, 30 + i), dtype));
  const stacked = np.stack(parts.map((a) => arrayOf(a, dtype))).reshape([2, 3, 4, 4]);
  const each: Readonly<Record<string, (x: NDArray) => readonly NDArray[]>> = {
    cholesky: (x) => [np.linalg.cholesky(x)],
    lu: (x) => lax.linalg.lu(x),
    qr: (x) => np.linalg.qr(x),
    eigh: (x) => np.linalg.eigh(x),
    svd: (x) => np.linalg.svd(x),
    det: (x) => [np.linalg.det(x)],
    adjugate: (x) => [lax.linalg.adjugate(x)],
    inv: (x) => [np.linalg.inv(x)],
    solve: (x) => [np.linalg.solve(x, x.slice('...', [0, 2]))],
    slogdet: (x) => np.linalg.slogdet(x),
    pinv: (x) => [np.linalg.pinv(x)],
  };
  const close = 2e4 * epsilon(dtype);
  for (const [what, f] of Object.entries(each)) {
    const whole = f(stacked);
    const mapped = vmap(vmap((x: NDArray) => f(x)))(stacked);
    for (const [k, result] of whole.entries()) {
      const flat = await listOf(result);
      const viaVmap = await listOf(mapped[k] as NDArray);
      const alone: number[] = [];
      for (const a of parts) alone.push(...(await listOf(f(arrayOf(a, dtype))[k] as NDArray)));
      const top = Math.max(...alone.map(Math.abs));
      flat.forEach((x, i) => {
        expect(Math.abs(x - (alone[i] as number)), `${what} ${k}`).toBeLessThanOrEqual(close * top);
        expect(Math.abs(x - (viaVmap[i] as number)), `vmap of ${what} ${k}`).toBeLessThanOrEqual(close * top);
      });
    }
  }
}
