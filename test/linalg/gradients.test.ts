import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, jit, jvp, lax, numpy as np, vjp, vmap } from '../../src/index.ts';
import { assertAllclose, checkGrads } from '../../src/testing/index.ts';
import type { Rows } from './matrices.ts';
import { arrayOf, at, build, randomMatrix, times, withEigenvalues, withSingularValues } from './matrices.ts';

/** Derivatives in f64 against central differences, first and second ones, forwards and backwards. */

const { linalg } = np;
const f64 = (a: Rows): NDArray => arrayOf(a, 'f64');

const general = f64(randomMatrix(4, 4, 1));
const other = f64(randomMatrix(4, 4, 2));
const tall = f64(randomMatrix(5, 3, 3));
const wide = f64(randomMatrix(3, 5, 4));
const batch = np.stack([f64(randomMatrix(3, 3, 5)), f64(randomMatrix(3, 3, 6))]);
const definite = f64(withEigenvalues([0.5, 1, 2, 4], 7));
const symmetric = f64(withEigenvalues([-2, -0.5, 1, 3], 8));
const vector = f64(randomMatrix(4, 1, 9)).reshape([4]);

type Function = (...xs: readonly NDArray[]) => unknown;
type Differentiable = readonly [what: string, f: Function, args: readonly NDArray[]];

const functions: readonly Differentiable[] = [
  ['cholesky', (a) => linalg.cholesky(a), [definite]],
  ['cholesky, upper', (a) => linalg.cholesky(a, { upper: true }), [definite]],
  ['cholesky of the lower triangle', (a) => linalg.cholesky(a, { symmetrizeInput: false }), [definite]],
  ['solve of a vector', (a, b) => linalg.solve(a, b), [general, vector]],
  ['solve of a matrix', (a, b) => linalg.solve(a, b), [general, other]],
  ['solve of batches that broadcast', (a, b) => linalg.solve(a, b), [batch, f64(randomMatrix(3, 2, 10))]],
  ['solve with one matrix for a batch', (a, b) => linalg.solve(a, b), [batch.slice(0), batch]],
  ['inv', (a) => linalg.inv(a), [general]],
  ...[1, 2, 3, 4, 5].map((n): Differentiable => [`det of size ${n}`, (a) => linalg.det(a), [f64(randomMatrix(n, n, n))]]),
  ['slogdet', (a) => linalg.slogdet(a)[1], [general]],
  ['qr', (a) => linalg.qr(a), [general]],
  ['qr of a tall matrix', (a) => linalg.qr(a), [tall]],
  ['qr of a wide matrix', (a) => linalg.qr(a), [wide]],
  ['complete qr', (a) => linalg.qr(a, 'complete'), [tall]],
  ['eigh', (a) => linalg.eigh(a), [symmetric]],
  ['eigh of the upper triangle', (a) => linalg.eigh(a, { UPLO: 'U', symmetrizeInput: false }), [symmetric]],
  ['eigvalsh', (a) => linalg.eigvalsh(a), [symmetric]],
  ['svd', (a) => linalg.svd(a), [general]],
  ['svd of a tall matrix', (a) => linalg.svd(a, { fullMatrices: false }), [tall]],
  ['svd of a wide matrix', (a) => linalg.svd(a, { fullMatrices: false }), [wide]],
  ['full svd', (a) => linalg.svd(a), [tall]],
  ['svd of a symmetric matrix', (a) => linalg.svd(a, { hermitian: true }), [symmetric]],
  ['pinv', (a) => linalg.pinv(a), [tall]],
  ['pinv of a wide matrix', (a) => linalg.pinv(a), [wide]],
  ['pinv of a symmetric matrix', (a) => linalg.pinv(a, { hermitian: true }), [symmetric]],
  ['pinv of a matrix of rank 2', (a, b) => linalg.pinv((a).matmul(b)), [f64(randomMatrix(4, 2, 11)), f64(randomMatrix(2, 3, 12))]],
  ['pinv where singular values are equal', (a) => linalg.pinv(a), [f64(withSingularValues([2, 2, 1], 13))]],
  ['lstsq', (a, b) => linalg.lstsq(a, b).slice(0, 2), [tall, f64(randomMatrix(5, 2, 14))]],
  ['lstsq of a wide matrix', (a, b) => linalg.lstsq(a, b)[0], [wide, f64(randomMatrix(3, 1, 15)).reshape([3])]],
  ['lstsq of rank 2', (a, b, y) => linalg.lstsq((a).matmul(b), y)[0], [f64(randomMatrix(4, 2, 16)), f64(randomMatrix(2, 3, 17)), vector]],
  ['matrixPower', (a) => [3, -2].map((n) => linalg.matrixPower(a, n)), [general]],
  ['multiDot', (a, b, c) => linalg.multiDot([a, b, c]), [general, other, vector]],
  ['cond', (a) => [null, 1, 'fro' as const].map((p) => linalg.cond(a, p)), [general]],
  ...([null, 'fro', 'nuc', 1, -1, 2, -2, Infinity, -Infinity] as const).map((ord): Differentiable => [`norm ${ord} of matrices`, (a) => linalg.norm(a, ord, [0, 2]), [batch]]),
  ...[null, 1, 2, 3, 0.5, -1, Infinity, -Infinity].map((ord): Differentiable => [`norm ${ord} of vectors`, (a) => linalg.norm(a, ord, 1), [tall]]),
  ['triangularSolve', (a, b) => linalg.triangularSolve(a, b, { leftSide: true, transposeA: true }), [definite, other]],
]; // prettier-ignore

describe('derivatives', () => {
  test.each(functions)('%s', async (_, f, args) => {
    await checkGrads(f, [...args]);
  });
});

/** A scalar in which every result counts differently. */
function weighted(results: unknown): NDArray {
  const list = (Array.isArray(results) ? results : [results]) as readonly NDArray[];
  return list
    .map((r, k) => {
      const weights = Array.from({ length: r.size }, (_, i) => Math.sin(1.7 * i + k + 1));
      return r.mul(np.array(weights, { dtype: 'f64' }).reshape(r.shape)).sum();
    })
    .reduce((a, b) => a.add(b));
}

describe('second derivatives', () => {
  const names = new Set(functions.map(([what]) => what));
  // The functions of extremes and of a power of 0.5 are checked by their first derivatives only.
  const twice = functions.filter(([what]) => !/norm|rank 2|det of size 1/.test(what));
  test('every name is there once', () => expect(names.size).toBe(functions.length));
  test.each(twice)('%s', async (_, f, args) => {
    await checkGrads(
      (...xs: readonly NDArray[]) =>
        xs.map((_x, k) => grad((...ys: NDArray[]) => weighted(f(...ys)), { argnums: k })(...(xs as NDArray[]))),
      [...args],
      { tolerance: 1e-4 },
    );
  });
  test('the Frobenius norm', () =>
    checkGrads((a: NDArray) => grad((x: NDArray) => linalg.norm(x).mul(linalg.norm(x, 'nuc')))(a), [general]));
});

describe('through other transformations', () => {
  test.each(
    functions.filter(([what]) => /^(solve of a m|inv|cholesky$|slogdet|pinv$|lstsq$|eigh$|svd$|qr$)/.test(what)),
  )('%s: jit of grad, and grad of jit', async (_, f, args) => {
    const loss = (...xs: readonly NDArray[]): NDArray => weighted(f(...xs));
    const plain = grad(loss)(...args);
    await assertAllclose(jit(grad(loss))(...args), plain);
    await assertAllclose(grad(jit(loss))(...args), plain);
  });
  test('vmap of the gradient of a solution', async () => {
    const loss = (a: NDArray, b: NDArray): NDArray => np.sin(linalg.solve(a, b)).sum();
    const right = f64(randomMatrix(2, 3, 20));
    const mapped = vmap(grad(loss), [0, 0])(batch, right);
    await assertAllclose(mapped, np.stack([0, 1].map((i) => grad(loss)(batch.slice(i), right.slice(i)))));
    const shared = vmap(grad(loss), [null, 0])(batch.slice(0), right);
    await assertAllclose(shared, np.stack([0, 1].map((i) => grad(loss)(batch.slice(0), right.slice(i)))));
  });
});

describe('determinants of singular matrices', () => {
  /** The matrix of cofactors, from determinants of minors. */
  const cofactors = (a: Rows): Rows => {
    const det = (m: Rows): number =>
      m.length === 0
        ? 1
        : build(
            1,
            m.length,
            (_, j) => (-1) ** j * at(m, 0, j) * det(m.slice(1).map((r) => r.filter((__, k) => k !== j))),
          )
            .flat()
            .reduce((x, y) => x + y, 0);
    return build(a.length, a.length, (i, j) =>
      (-1) ** (i + j) * det(a.filter((_, k) => k !== i).map((r) => r.filter((__, k) => k !== j)))); // prettier-ignore
  };
  const equalColumns: Rows = [[1, 1, 2, 3], [2, 2, 1, 0], [0, 0, 1, 5], [3, 3, 3, 1]]; // prettier-ignore
  const zeroColumn: Rows = [[0, 1, 2, 3], [0, 2, 1, 0], [0, 0, 1, 5], [0, 3, 3, 1]]; // prettier-ignore
  test.each([
    ['two equal columns', equalColumns],
    ['two equal rows', build(4, 4, (i, j) => at(equalColumns, j, i))],
    ['a zero column', zeroColumn],
    ['rank 3 of 5', times(randomMatrix(5, 3, 1), randomMatrix(3, 5, 2))],
    ['rank 1 of 3', times(randomMatrix(3, 1, 3), randomMatrix(1, 3, 4))],
    ['zero', build(4, 4, () => 0)],
    ['regular', randomMatrix(5, 5, 5)],
  ])('%s', async (_, a) => {
    const expected = f64(cofactors(a));
    const options = { atol: 1e-12 };
    await assertAllclose(grad((x: NDArray) => linalg.det(x))(f64(a)), expected, options);
    await assertAllclose(lax.linalg.adjugate(f64(a)), expected.T, options);
  });
});

describe('where there is no derivative', () => {
  test('norms at zero are as in JAX', async () => {
    const zero = np.zeros(3, { dtype: 'f64' });
    const at0 = (ord: number | null): Promise<unknown> => grad((x: NDArray) => linalg.norm(x, ord))(zero).tolist();
    expect(await at0(null)).toEqual([NaN, NaN, NaN]);
    expect(await at0(3)).toEqual([NaN, NaN, NaN]);
    expect(await at0(1)).toEqual([1, 1, 1]);
    expect(await at0(0)).toEqual([0, 0, 0]);
    await assertAllclose(
      grad((x: NDArray) => linalg.norm(x, Infinity))(zero),
      np.array([1 / 6, 1 / 6, 1 / 6], { dtype: 'f64' }),
    );
    await assertAllclose(
      grad((x: NDArray) => linalg.norm(x, -Infinity))(zero),
      np.array([1 / 3, 1 / 3, 1 / 3], { dtype: 'f64' }),
    );
  });
  test('equal eigenvalues have a derivative as a sum, their vectors have none', async () => {
    const one = np.eye(3, 3, 0, { dtype: 'f64' });
    const t = f64(randomMatrix(3, 3, 1));
    const trace = grad((x: NDArray) => linalg.eigvalsh(x).sum())(one);
    await assertAllclose(trace, one);
    const [, tangent] = jvp((x: NDArray) => linalg.eigh(x), [one], [t]);
    expect((await tangent[1].data()).some((x) => !Number.isFinite(x))).toBe(true);
    const [, pullback] = vjp((x: NDArray) => linalg.svd(x, { computeUv: false }), one);
    await assertAllclose(pullback(np.ones(3, { dtype: 'f64' }))[0], one);
  });
});
