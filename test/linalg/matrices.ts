import type { NDArray } from '../../src/index.ts';
import { numpy as np } from '../../src/index.ts';

/** Matrices as nested lists of doubles, in which results are checked whatever their own dtype is. */
export type Rows = readonly (readonly number[])[];

/** Numbers of about normal distribution from a fixed seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return () => 2 * (uniform() + uniform() + uniform());
}

export const build = (m: number, n: number, element: (i: number, j: number) => number): Rows =>
  Array.from({ length: m }, (_, i) => Array.from({ length: n }, (__, j) => element(i, j)));

export function randomMatrix(m: number, n: number, seed: number): Rows {
  const draw = random(seed);
  return build(m, n, () => draw());
}

export const eye = (n: number): Rows => build(n, n, (i, j) => (i === j ? 1 : 0));
export const transposed = (a: Rows, columns = a[0]?.length ?? 0): Rows =>
  build(columns, a.length, (i, j) => at(a, j, i));
export const at = (a: Rows, i: number, j: number): number => (a[i] as readonly number[])[j] as number;

export function times(a: Rows, b: Rows): Rows {
  const columns = b[0]?.length ?? 0;
  return build(a.length, columns, (i, j) => b.reduce((sum, row, k) => sum + at(a, i, k) * (row[j] as number), 0));
}

export const minus = (a: Rows, b: Rows): Rows =>
  build(a.length, a[0]?.length ?? 0, (i, j) => at(a, i, j) - at(b, i, j));
export const scaled = (a: Rows, factor: number): Rows => a.map((row) => row.map((x) => x * factor));
export const size = (a: Rows): number => a.flat().reduce((top, x) => (x !== x ? NaN : Math.max(top, Math.abs(x))), 0);
export const diagonalMatrix = (d: readonly number[]): Rows =>
  build(d.length, d.length, (i, j) => (i === j ? (d[i] as number) : 0));
export const symmetric = (a: Rows): Rows => build(a.length, a.length, (i, j) => (at(a, i, j) + at(a, j, i)) / 2);

/** Orthonormal columns, by Gram and Schmidt on random numbers. */
export function orthogonal(n: number, seed: number): Rows {
  const rows: number[][] = randomMatrix(n, n, seed).map((r) => [...r]);
  rows.forEach((row, i) => {
    for (let pass = 0; pass < 2; pass++) {
      for (const other of rows.slice(0, i)) {
        const inner = other.reduce((s, x, k) => s + x * (row[k] as number), 0);
        other.forEach((x, k) => (row[k] = (row[k] as number) - inner * x));
      }
    }
    const length = Math.hypot(...row);
    row.forEach((x, k) => (row[k] = x / length));
  });
  return transposed(rows, n);
}

/** The symmetric matrix with these eigenvalues. */
export function withEigenvalues(values: readonly number[], seed: number): Rows {
  const q = orthogonal(values.length, seed);
  return symmetric(times(times(q, diagonalMatrix(values)), transposed(q)));
}

/** The square matrix with these singular values. */
export const withSingularValues = (values: readonly number[], seed: number): Rows =>
  times(
    times(orthogonal(values.length, seed), diagonalMatrix(values)),
    transposed(orthogonal(values.length, seed + 1)),
  );

/** The array of a matrix, and the matrix that it then holds. */
export function arrayOf(a: Rows, dtype: 'f32' | 'f64', columns = a[0]?.length ?? 0): NDArray {
  const data = dtype === 'f32' ? Float32Array.from(a.flat()) : Float64Array.from(a.flat());
  return np.array(data, { shape: [a.length, columns] });
}

export const f32 = (a: Rows): Rows => a.map((row) => row.map(Math.fround));

/** The matrix that an array holds. */
export const rowsOf = async (x: NDArray): Promise<Rows> => {
  const data = await x.data();
  const n = x.shape[1] as number;
  return build(x.shape[0] as number, n, (i, j) => data[i * n + j] as number);
};

export const listOf = async (x: NDArray): Promise<readonly number[]> => Array.from(await x.data());

/** How far the columns are from orthonormal. */
export const unorthogonality = (q: Rows, columns = q[0]?.length ?? 0): number =>
  size(minus(times(transposed(q, columns), q), eye(columns)));
