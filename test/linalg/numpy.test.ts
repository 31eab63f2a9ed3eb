import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { jit, lax, numpy as np, vmap } from '../../src/index.ts';
import { assertAllclose } from '../../src/testing/index.ts';
import { arrayOf, build, diagonalMatrix, randomMatrix, times, transposed, withEigenvalues } from './matrices.ts';

/** What numpy.linalg makes of its arguments; how exact the decompositions are is tested with them. */

const { linalg } = np;
const f64 = (a: readonly (readonly number[])[]): NDArray => arrayOf(a, 'f64');

describe('norm', () => {
  const x = f64([
    [3, -4, 0],
    [1, 2, -2],
  ]);
  test.each([
    [null, 0, Math.hypot(3, 1)],
    [2, 0, Math.hypot(3, 1)],
    [1, 0, 4],
    [0, 1, 2],
    [Infinity, 1, 4],
    [-Infinity, 1, 0],
    [3, 0, 28 ** (1 / 3)],
    [-1, 0, 1 / (1 / 3 + 1)],
  ])('%s of vectors along axis %i', async (ord, axis, first) => {
    const norms = linalg.norm(x, ord, axis);
    expect(norms.shape).toEqual([axis === 0 ? 3 : 2]);
    expect((await norms.data())[0]).toBeCloseTo(first, 12);
    expect(linalg.norm(x, ord, axis, { keepdims: true }).shape).toEqual(axis === 0 ? [1, 3] : [2, 1]);
    await assertAllclose(linalg.vectorNorm(x, { axis, ord: ord ?? 2 }), norms);
  });
  test.each([
    [null, Math.sqrt(34)],
    ['fro', Math.sqrt(34)],
    [1, 6],
    [-1, 2],
    [Infinity, 7],
    [-Infinity, 5],
  ] as const)('%s of a matrix', async (ord, value) => {
    expect(await linalg.norm(x, ord).item()).toBeCloseTo(value, 12);
    expect(await linalg.matrixNorm(x, { ord: ord ?? 'fro' }).item()).toBeCloseTo(value, 12);
    expect(linalg.norm(x, ord, [0, 1], { keepdims: true }).shape).toEqual([1, 1]);
  });
  test('norms of singular values', async () => {
    const [, s] = linalg.svd(x);
    const values = Array.from(await s.data());
    expect(await linalg.norm(x, 2).item()).toBe(Math.max(...values));
    expect(await linalg.norm(x, -2).item()).toBe(Math.min(...values));
    expect(await linalg.norm(x, 'nuc').item()).toBeCloseTo(values.reduce((a, b) => a + b), 12); // prettier-ignore
    const batch = np.stack([x, x, x, x], 1);
    expect(linalg.norm(batch, 'nuc', [2, 0], { keepdims: true }).shape).toEqual([1, 4, 1]);
    expect(linalg.norm(batch, 2, [0, 2]).shape).toEqual([4]);
  });
  test('rows come first among the axes of a matrix', async () => {
    await assertAllclose(linalg.norm(x, 1, [1, 0]), linalg.norm(x, Infinity, [0, 1]));
    await assertAllclose(linalg.norm(x, 1, [-1, -2]), linalg.norm(x.T, 1));
  });
  test('all elements where neither an order nor axes are given', async () => {
    expect(await linalg.norm(np.ones([2, 2, 4])).item()).toBe(4);
    expect(await linalg.norm(np.array(-3)).item()).toBe(3);
    expect(linalg.norm(np.ones([2, 2, 4]), null, null, { keepdims: true }).shape).toEqual([1, 1, 1]);
  });
  test('of nothing', async () => {
    expect(await linalg.norm(np.zeros([0, 3])).item()).toBe(0);
    expect(await linalg.norm(np.zeros([0]), Infinity).item()).toBe(0);
    expect(await linalg.norm(np.zeros([0, 3]), 2).item()).toBe(0);
  });
});

describe('determinants', () => {
  /** Leibniz: expansion along the first row. */
  const expansion = (a: readonly (readonly number[])[]): number =>
    a.length === 0
      ? 1
      : (a[0] as readonly number[]).reduce(
          (sum, x, j) =>
            sum + (-1) ** j * x * expansion(a.slice(1).map((r) => r.filter((_, k) => k !== j))), // prettier-ignore
          0,
        );
  test.each([0, 1, 2, 3, 4, 5, 6])('of size %i', async (n) => {
    const a = randomMatrix(n, n, 40 + n);
    const x = np.array(Float64Array.from(a.flat()), { shape: [n, n] });
    const expected = expansion(a);
    expect(await linalg.det(x).item()).toBeCloseTo(expected, 12);
    const [sign, logabsdet] = linalg.slogdet(x);
    expect(await sign.item()).toBe(Math.sign(expected));
    expect(await logabsdet.item()).toBeCloseTo(Math.log(Math.abs(expected)), 12);
  });
  test('that overflow have a logarithm', async () => {
    const huge = arrayOf(diagonalMatrix([-1e30, 1e30, 1e30]), 'f32');
    const [sign, logabsdet] = linalg.slogdet(huge);
    expect(await sign.item()).toBe(-1);
    expect(await logabsdet.item()).toBeCloseTo(90 * Math.log(10), 3);
    expect(await linalg.det(huge).item()).toBe(-Infinity);
  });
  test('of singular matrices', async () => {
    const singular = f64(build(4, 4, (i, j) => i + j));
    expect(Math.abs(await linalg.det(singular).item())).toBeLessThan(1e-14);
    const [sign, logabsdet] = linalg.slogdet(np.zeros([3, 3]));
    expect([await sign.item(), await logabsdet.item()]).toEqual([0, -Infinity]);
  });
});

describe('systems', () => {
  const a = randomMatrix(3, 3, 50);
  const batch = np.stack([f64(a), f64(randomMatrix(3, 3, 51))]);
  test.each([
    ['a vector', [3], [3, 3], [3]],
    ['a matrix', [3, 2], [3, 3], [3, 2]],
    ['a vector for a batch', [3], [2, 3, 3], [2, 3]],
    ['a matrix for a batch', [3, 4], [2, 3, 3], [2, 3, 4]],
    ['a batch for a matrix', [5, 3, 4], [3, 3], [5, 3, 4]],
    ['batches that broadcast', [5, 1, 3, 4], [2, 3, 3], [5, 2, 3, 4]],
    ['no columns', [3, 0], [3, 3], [3, 0]],
  ] as const)('%s', async (_, right, left, expected) => {
    const matrix = left.length === 2 ? f64(a) : batch;
    const b = np.array(
      Float64Array.from({ length: right.reduce((n: number, e) => n * e, 1) }, (__, i) => Math.sin(i + 1)),
      { shape: [...right] },
    );
    const x = linalg.solve(matrix, b);
    expect(x.shape).toEqual(expected);
    const columns = right.length === 1 ? x.slice('...', null) : x;
    const product = matrix.matmul(columns).reshape(expected);
    await assertAllclose(product, np.broadcastTo(b, expected), { atol: 1e-12 });
  });
  test('inverses', async () => {
    await assertAllclose(linalg.inv(batch).matmul(batch), np.stack([np.eye(3), np.eye(3)]).astype('f64'), {
      atol: 1e-12,
    });
    expect(linalg.inv(np.zeros([0, 0])).shape).toEqual([0, 0]);
    const singular = await linalg.inv(f64([[1, 2], [2, 4]])).data(); // prettier-ignore
    expect(singular.some((x) => Number.isFinite(x))).toBe(false);
  });
  test('integers are taken as f32', async () => {
    const x = linalg.solve(np.array([[2, 0], [0, 4]]).astype('i32'), np.array([2, 4]).astype('i32')); // prettier-ignore
    expect(x.dtype).toBe('f32');
    expect(await x.tolist()).toEqual([1, 1]);
  });
  test('triangular systems read one triangle', async () => {
    const full = f64([
      [2, 7],
      [1, 4],
    ]);
    const b = f64([[2], [6]]);
    const lower = linalg.triangularSolve(full, b, { leftSide: true, lower: true });
    expect(await lower.tolist()).toEqual([[1], [1.25]]);
    const unit = linalg.triangularSolve(full, b, { leftSide: true, lower: true, unitDiagonal: true });
    expect(await unit.tolist()).toEqual([[2], [4]]);
    const right = linalg.triangularSolve(full, b.T);
    expect(await right.tolist()).toEqual([[1, -0.25]]);
  });
});

describe('least squares', () => {
  test('of more equations than unknowns', async () => {
    const [a, b] = [randomMatrix(6, 3, 60), randomMatrix(6, 2, 61)];
    const [x, residuals, rank, s] = linalg.lstsq(f64(a), f64(b));
    const normal = times(transposed(a), a);
    await assertAllclose(x, linalg.solve(f64(normal), f64(times(transposed(a), b))), { atol: 1e-10 });
    const rest = f64(b).sub(f64(a).matmul(x));
    await assertAllclose(residuals, rest.mul(rest).sum(0));
    expect([rank.dtype, await rank.item()]).toEqual(['i32', 3]);
    await assertAllclose(s, linalg.svdvals(f64(a)));
  });
  test('of fewer equations, or dependent ones, give the shortest solution', async () => {
    const wide = f64(randomMatrix(2, 4, 62));
    const b = f64(randomMatrix(2, 1, 63)).reshape([2]);
    const [x] = linalg.lstsq(wide, b);
    await assertAllclose(wide.matmul(x), b);
    await assertAllclose(x, linalg.pinv(wide).matmul(b));
    const dependent = f64([[1, 1], [1, 1], [1, 1]]); // prettier-ignore
    const [shortest, , rank] = linalg.lstsq(dependent, np.array([1, 2, 3], { dtype: 'f64' }));
    await assertAllclose(shortest, np.array([1, 1], { dtype: 'f64' }));
    expect(await rank.item()).toBe(1);
  });
  test('a larger rcond takes more singular values for zero', async () => {
    const a = f64(diagonalMatrix([1, 1e-3]));
    const b = np.array([1, 1], { dtype: 'f64' });
    await assertAllclose(linalg.lstsq(a, b)[0], np.array([1, 1000], { dtype: 'f64' }));
    await assertAllclose(linalg.lstsq(a, b, { rcond: 1e-2 })[0], np.array([1, 0], { dtype: 'f64' }));
  });
  test('pseudo-inverses satisfy the conditions of Penrose', async () => {
    const cases = [
      randomMatrix(5, 3, 64),
      randomMatrix(3, 5, 65),
      times(randomMatrix(4, 2, 66), randomMatrix(2, 4, 67)),
    ];
    for (const rows of cases) {
      const a = f64(rows);
      const p = linalg.pinv(a);
      const near = { atol: 1e-9 };
      await assertAllclose(a.matmul(p).matmul(a), a, near);
      await assertAllclose(p.matmul(a).matmul(p), p, near);
      await assertAllclose(a.matmul(p), a.matmul(p).T, near);
      await assertAllclose(p.matmul(a), p.matmul(a).T, near);
    }
    expect(await linalg.pinv(np.zeros([2, 3])).tolist()).toEqual([[0, 0], [0, 0], [0, 0]]); // prettier-ignore
    expect(linalg.pinv(np.zeros([2, 0])).shape).toEqual([0, 2]);
  });
});

describe('ranks and condition', () => {
  test('matrixRank', async () => {
    const rank2 = np.stack([f64(times(randomMatrix(4, 2, 70), randomMatrix(2, 4, 71))), f64(randomMatrix(4, 4, 72))]);
    expect(await linalg.matrixRank(rank2).tolist()).toEqual([2, 4]);
    expect(linalg.matrixRank(rank2).dtype).toBe('i32');
    expect(await linalg.matrixRank(f64(diagonalMatrix([5, 1, 0.1])), { tol: 0.5 }).item()).toBe(2);
    expect(await linalg.matrixRank(f64(diagonalMatrix([5, 1, 0.1])), { rtol: 0.5 }).item()).toBe(1);
    expect(await linalg.matrixRank(f64(diagonalMatrix([-5, 0, 1])), { hermitian: true }).item()).toBe(2);
    expect(await linalg.matrixRank(np.zeros([3, 3])).item()).toBe(0);
    expect(await linalg.matrixRank(np.array([0, 2])).item()).toBe(1);
    expect(await linalg.matrixRank(np.zeros([2])).item()).toBe(0);
  });
  test('cond', async () => {
    const a = f64(diagonalMatrix([4, 2, 1]));
    expect(await linalg.cond(a).item()).toBeCloseTo(4, 12);
    expect(await linalg.cond(a, -2).item()).toBeCloseTo(0.25, 12);
    expect(await linalg.cond(a, 1).item()).toBeCloseTo(4, 12);
    expect(await linalg.cond(a, 'fro').item()).toBeCloseTo(Math.sqrt(21) * Math.sqrt(1 + 1 / 4 + 1 / 16), 12);
    expect(await linalg.cond(f64([[1, 0], [0, 0]])).item()).toBe(Infinity); // prettier-ignore
    expect(await linalg.cond(np.zeros([2, 2])).item()).toBe(Infinity);
    expect(await linalg.cond(f64([[1, 0], [0, 0]]), 1).item()).toBe(Infinity); // prettier-ignore
    expect(await linalg.cond(f64([[NaN, 0], [0, 1]]), 1).item()).toBe(NaN); // prettier-ignore
  });
});

describe('products', () => {
  test('matrixPower', async () => {
    const a = f64(randomMatrix(3, 3, 80));
    await assertAllclose(linalg.matrixPower(a, 0), np.eye(3).astype('f64'));
    await assertAllclose(linalg.matrixPower(a, 5), a.matmul(a).matmul(a).matmul(a).matmul(a), { atol: 1e-9 });
    await assertAllclose(linalg.matrixPower(a, -2), linalg.inv(a.matmul(a)), { rtol: 1e-9 });
    const integers = np.array([[1, 1], [1, 0]]).astype('i32'); // prettier-ignore
    expect(await linalg.matrixPower(integers, 10).tolist()).toEqual([[89, 55], [55, 34]]); // prettier-ignore
  });
  test('multiDot', async () => {
    const [a, b, c] = [f64(randomMatrix(2, 7, 81)), f64(randomMatrix(7, 3, 82)), f64(randomMatrix(3, 5, 83))];
    await assertAllclose(linalg.multiDot([a, b, c]), a.matmul(b).matmul(c), { atol: 1e-12 });
    const [row, column] = [f64(randomMatrix(1, 2, 84)).reshape([2]), f64(randomMatrix(5, 1, 85)).reshape([5])];
    expect(linalg.multiDot([row, a, b, c]).shape).toEqual([5]);
    expect(linalg.multiDot([row, a, b, c, column]).shape).toEqual([]);
    await assertAllclose(linalg.multiDot([a, b, c, column]), a.matmul(b).matmul(c).matmul(column), { atol: 1e-12 });
  });
  test('multiDot multiplies in the order that takes the fewest multiplications', () => {
    const chain = (extents: readonly number[]): readonly string[] => {
      const xs = extents.slice(1).map((n, i) => np.zeros([extents[i] as number, n]));
      const text = String(jit((...ys: readonly NDArray[]) => linalg.multiDot(ys)).lower(...xs).jaxpr);
      return [...text.matchAll(/f32\[(\d+,\d+)\] = dotGeneral/g)].map(([, shape]) => String(shape));
    };
    // (A B) C takes 10·100·5 + 10·5·50 multiplications, A (B C) ten times as many.
    expect(chain([10, 100, 5, 50])).toEqual(['10,5', '10,50']);
    expect(chain([50, 5, 100, 10])).toEqual(['5,10', '50,10']);
  });
});

describe('decompositions', () => {
  test('eigenvalues of either triangle', async () => {
    const a = f64([[2, 9], [1, 2]]); // prettier-ignore
    const plain = { symmetrizeInput: false } as const;
    await assertAllclose(linalg.eigvalsh(a), np.array([-3, 7], { dtype: 'f64' }));
    await assertAllclose(linalg.eigvalsh(a, plain), np.array([1, 3], { dtype: 'f64' }));
    await assertAllclose(linalg.eigvalsh(a, { ...plain, UPLO: 'U' }), np.array([-7, 11], { dtype: 'f64' }));
  });
  test('cholesky of one triangle', async () => {
    const a = f64([[4, 100], [2, 5]]); // prettier-ignore
    const l = linalg.cholesky(a, { symmetrizeInput: false });
    expect(await l.tolist()).toEqual([[2, 0], [1, 2]]); // prettier-ignore
  });
  test('svd of a symmetric matrix is made from its eigenvalues', async () => {
    const a = f64(withEigenvalues([-5, -1, 0, 2, 3], 90));
    const [u, s, vt] = linalg.svd(a, { hermitian: true });
    await assertAllclose(s, np.array([5, 3, 2, 1, 0], { dtype: 'f64' }), { atol: 1e-12 });
    await assertAllclose(u.mul(s).matmul(vt), a, { atol: 1e-12 });
    await assertAllclose(linalg.svd(a, { hermitian: true, computeUv: false }), s);
  });
  test('shapes', () => {
    const shapes = (xs: readonly NDArray[]): readonly string[] => xs.map((x) => x.shape.join('×'));
    const [tall, wide] = [np.ones([2, 5, 3]), np.ones([3, 5])];
    expect(shapes(linalg.svd(tall))).toEqual(['2×5×5', '2×3', '2×3×3']);
    expect(shapes(linalg.svd(tall, { fullMatrices: false }))).toEqual(['2×5×3', '2×3', '2×3×3']);
    expect(shapes(linalg.svd(wide))).toEqual(['3×3', '3', '5×5']);
    expect(shapes(linalg.qr(tall))).toEqual(['2×5×3', '2×3×3']);
    expect(shapes(linalg.qr(tall, 'complete'))).toEqual(['2×5×5', '2×5×3']);
    expect(shapes(linalg.qr(wide))).toEqual(['3×3', '3×5']);
    expect(linalg.qr(tall, 'r').shape).toEqual([2, 3, 3]);
    expect(shapes(lax.linalg.lu(tall))).toEqual(['2×5×3', '2×3', '2×5']);
    expect(shapes(lax.linalg.qr(tall))).toEqual(['2×5×5', '2×5×3']);
  });
  test('vectors have the documented signs, LAPACK’s for qr', async () => {
    const [, v] = linalg.eigh(f64([[2, -1], [-1, 2]])); // prettier-ignore
    const half = Math.SQRT1_2;
    await assertAllclose(v, f64([[half, half], [half, -half]])); // prettier-ignore
    const [u, , vt] = linalg.svd(f64([[0, -2], [-1, 0]])); // prettier-ignore
    await assertAllclose(u, f64([[1, 0], [0, 1]])); // prettier-ignore
    await assertAllclose(vt, f64([[0, -1], [-1, 0]])); // prettier-ignore
    const [q, r] = linalg.qr(f64([[3, 1], [4, 2]])); // prettier-ignore
    await assertAllclose(r, f64([[-5, -2.2], [0, 0.4]]), { atol: 1e-12 }); // prettier-ignore
    await assertAllclose(q, f64([[-0.6, -0.8], [-0.8, 0.6]]), { atol: 1e-12 }); // prettier-ignore
    expect(await linalg.qr(np.eye(3))[0].tolist()).toEqual(await np.eye(3).tolist());
  });
  test('functions map over batches that are mapped elsewhere', async () => {
    const a = np.stack([f64(randomMatrix(3, 4, 91)), f64(randomMatrix(3, 4, 92))], 2);
    const mapped = vmap((x: NDArray) => linalg.svdvals(x), 2)(a);
    await assertAllclose(mapped, np.stack([0, 1].map((i) => linalg.svdvals(a.slice([], [], i)))));
  });
});
