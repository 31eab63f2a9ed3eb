import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, jvp, lax, numpy as np, vjp, vmap } from '../../../src/index.ts';
import { checkGrads } from '../../../src/testing/index.ts';

/** Sorting, running totals and scatters: what the laws' cases do not reach. */

const f64 = (...values: readonly number[]): NDArray => np.array(values, { dtype: 'f64' });
const i32 = (...values: readonly number[]): NDArray => np.array(values, { dtype: 'i32' });

describe('sorting', () => {
  test('NaN comes last, -0 equals 0, and equals keep their order', async () => {
    const x = np.array([NaN, 1, 0, -Infinity, -0, NaN, Infinity, 1]);
    const places = i32(0, 1, 2, 3, 4, 5, 6, 7);
    const [sorted, from] = lax.sort([x, places]) as readonly [NDArray, NDArray];
    expect(await sorted.tolist()).toEqual([-Infinity, 0, -0, 1, 1, Infinity, NaN, NaN]);
    expect(await from.tolist()).toEqual([3, 2, 4, 1, 7, 6, 0, 5]);
    expect(await np.argsort(x, -1, { descending: true }).tolist()).toEqual([0, 5, 6, 1, 7, 2, 4, 3]);
    const [values, indices] = lax.topK(x, 4);
    expect(await values.tolist()).toEqual([NaN, NaN, Infinity, 1]);
    expect(await indices.tolist()).toEqual([0, 5, 6, 1]);
  });

  test.each([128, 1000, 5001])('%i floats of all kinds by their digits', async (n) => {
    const kinds = [NaN, 0, -0, Infinity, -Infinity, 1e-42, -1e-42, 2 ** -126, 3e38, -3e38, 1, -1];
    const values = Array.from({ length: n }, (_, i) => {
      const j = Math.imul(i, 2654435761) >>> 0;
      return Math.fround(j % 3 === 0 ? (kinds[(j >>> 8) % kinds.length] ?? 0) : ((j >>> 4) % 1000) / 7 - 70);
    });
    const less = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));
    const compare = (a: number, b: number): number => (less(a, b) ? -1 : less(b, a) ? 1 : 0);
    const x = np.array(values);
    for (const descending of [false, true]) {
      const want = [...values.keys()].sort((i, j) => {
        const order = compare(values[i] ?? 0, values[j] ?? 0);
        return (descending ? -order : order) || i - j;
      });
      expect(await np.argsort(x, -1, { descending }).tolist()).toEqual(want);
    }
    const ascending = await np.argsort(x).data();
    expect(await np.sort(x).tolist()).toEqual(Array.from(ascending, (i) => values[i]));
  });

  test('lines of every length, in every dtype, as JS sorts them', async () => {
    const line = fc.tuple(
      fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }),
      fc.constantFrom('f32', 'f64', 'i32', 'u32', 'bool'),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(line, async ([numbers, dtype, descending]) => {
        const data = numbers.map((n) => (dtype === 'bool' ? n % 2 : n));
        const expected = data.map((v, i) => [v, i] as const).sort((a, b) => (descending ? b[0] - a[0] : a[0] - b[0]));
        const x = np.array(data, { dtype });
        expect([...(await np.sort(x, -1, { descending }).data())]).toEqual(expected.map(([v]) => v));
        expect([...(await np.argsort(x, -1, { descending }).data())]).toEqual(expected.map(([, i]) => i));
      }),
      { numRuns: 60 },
    );
  });

  test('100,000 numbers are sorted in a moment', async () => {
    const n = 100_000;
    const data = Array.from({ length: n }, (_, i) => (i * 7919) % n);
    const sorted = await np.sort(np.array(data)).data();
    expect(sorted.every((v, i) => v === i)).toBe(true);
  });

  test('several keys decide one after the other', async () => {
    const sorted = lax.sort([i32(1, 0, 1, 0), i32(5, 9, 2, 9), np.array([1, 2, 3, 4])], 0, { numKeys: 2 });
    expect(await Promise.all(sorted.map((s) => s.tolist()))).toEqual([[0, 0, 1, 1], [9, 9, 2, 5], [2, 4, 3, 1]]); // prettier-ignore
  });

  test('along any axis, under vmap and jit; gradients go where elements came from', async () => {
    const x = f64(3, 1, 2, 9, 8, 7).reshape([2, 3]);
    const f = (a: NDArray): NDArray =>
      np
        .sort(a)
        .mul(f64(1, 10, 100))
        .sum();
    expect(await jit(vmap(grad(f)))(x).tolist()).toEqual([[100, 1, 10], [100, 10, 1]]); // prettier-ignore
    expect(await np.sort(x, 0).tolist()).toEqual([[3, 1, 2], [9, 8, 7]]); // prettier-ignore
    expect(await np.sort(x, null).tolist()).toEqual([1, 2, 3, 7, 8, 9]);
    await checkGrads((a: NDArray) => lax.topK(a, 2)[0], [x]);
  });
});

describe('running totals', () => {
  test('the gradient of cumprod is exact at zeros, in all orders', async () => {
    const x = f64(2, 0, 3, 0, 5);
    const f = (a: NDArray): NDArray => lax.cumprod(a).sum();
    // Σ of all prefix products: 1 + x₂(1 + x₃(…)) and so on, by hand.
    expect(await grad(f)(x).tolist()).toEqual([1, 2 * (1 + 3), 0, 0, 0]);
    await checkGrads(lax.cumprod, [x]);
    await checkGrads(grad(f), [x]);
    await checkGrads(
      grad((a: NDArray) => np.square(grad(f)(a)).sum()),
      [x],
    );
    await checkGrads((a: NDArray) => lax.cumprod(a, 0, { reverse: true }), [x]);
  });

  test('extrema share their tangent with an equal that follows; NaN stays', async () => {
    const x = np.array([1, 3, 3, 2, -Infinity]);
    const [, pullback] = vjp((a: NDArray) => lax.cummax(a), x);
    expect(await pullback(np.array([1, 1, 1, 1, 0]))[0].tolist()).toEqual([1, 2, 1, 0, 0]);
    const [, first] = jvp((a: NDArray) => lax.cummax(a), [np.array([-Infinity, 0])], [np.array([1, 5])]);
    expect(await first.tolist()).toEqual([1, 5]);
    expect(await lax.cummin(np.array([2, NaN, 1])).tolist()).toEqual([2, NaN, NaN]);
    expect(await lax.cummax(i32(2, 1, 5)).tolist()).toEqual([2, 2, 5]);
  });

  test('logsumexp, and its gradient, in both tails', async () => {
    const x = f64(-800, 800, -800, 801);
    const y = await lax.cumlogsumexp(x).tolist();
    expect(y).toEqual([-800, 800, 800, 801 + Math.log1p(Math.exp(-1))]);
    const g = (await grad((a: NDArray) => lax.cumlogsumexp(a).sum())(x).tolist()) as number[];
    const share = 1 / (1 + Math.exp(-1));
    [1, 2 + (1 - share), 0, share].forEach((v, i) => expect(g[i]).toBeCloseTo(v, 12));
    const infinite = np.array([-Infinity, -Infinity, 0, Infinity, 1]);
    expect(await lax.cumlogsumexp(infinite).tolist()).toEqual([-Infinity, -Infinity, 0, Infinity, Infinity]);
    const slopes = await grad((a: NDArray) => lax.cumlogsumexp(a).slice(2))(infinite).tolist();
    expect(slopes).toEqual([0, 0, 1, 0, 0]);
    await checkGrads(
      grad((a: NDArray) => np.square(lax.cumlogsumexp(a)).sum()),
      [f64(0.3, -1, 2)],
    );
  });

  test('an axis that is not there is an error', () => {
    expect(() => lax.cumsum(np.zeros([2]), 1)).toThrow('[cumsum] axis 1 is out of range for f32[2]');
    expect(() => lax.cumlogsumexp(i32(1))).toThrow('float');
  });
});

describe('scatters', () => {
  const rows: lax.ScatterDimensionNumbers = {
    updateWindowDims: [],
    insertedWindowDims: [0],
    scatterDimsToOperandDims: [0],
  };
  const at = (...places: readonly number[]): NDArray => i32(...places).reshape([-1, 1]);

  test('a product has exact derivatives at repeated places and zeros', async () => {
    const x = f64(2, 3, 5);
    const f = (a: NDArray, u: NDArray): NDArray => lax.scatterMul(a, at(1, 0, 1, 9, 1), u, rows);
    const u = f64(0, 2, 7, 100, 0);
    expect(await f(x, u).tolist()).toEqual([4, 0, 5]);
    await checkGrads(f, [x, u]);
    await checkGrads((a: NDArray, v: NDArray) => {
      const [, pullback] = vjp(f, a, v);
      return pullback(f64(1, 2, 3));
    }, [x, f64(0, 2, 7, 100, 4)]); // prettier-ignore
  });

  test('an extremum shares its gradient among all that reach it', async () => {
    const f = (a: NDArray, u: NDArray): NDArray => lax.scatterMax(a, at(0, 0, 1), u, rows);
    const [, pullback] = vjp(f, f64(4, 9), f64(4, 4, 1));
    const [da, du] = pullback(f64(3, 3)) as readonly [NDArray, NDArray];
    expect([await da.tolist(), await du.tolist()]).toEqual([[1, 3], [1, 1, 0]]); // prettier-ignore
  });

  test('of several values for one place the last one stays, also for gradients and batches', async () => {
    const f = (u: NDArray): NDArray => lax.scatter(np.zeros([3]), at(2, 2, 0), u, rows);
    expect(await f(np.array([1, 2, 3])).tolist()).toEqual([3, 0, 2]);
    expect(await grad((u: NDArray) => f(u).sum())(np.array([1, 2, 3])).tolist()).toEqual([0, 1, 1]);
    expect(await vmap(f)(np.array([[1, 2, 3], [4, 5, 6]])).tolist()).toEqual([[3, 0, 2], [6, 0, 5]]); // prettier-ignore
  });

  test('integers wrap, bools are only replaced', async () => {
    const top = np.array([2 ** 31 - 1, 0], { dtype: 'i32' });
    expect(await lax.scatterAdd(top, at(0), i32(1), rows).tolist()).toEqual([-(2 ** 31), 0]);
    const bools = np.array([true, false]);
    expect(await lax.scatter(bools, at(1), np.array([true]), rows).tolist()).toEqual([true, true]);
    expect(() => lax.scatterAdd(bools, at(1), np.array([true]), rows)).toThrow('number dtype');
  });

  test('dimension numbers that do not fit say what is wrong', () => {
    const x = np.zeros([3, 2]);
    const wrong = (n: Partial<lax.ScatterDimensionNumbers>) => () =>
      lax.scatter(x, at(0), np.zeros([1, 2]), { ...rows, ...n });
    expect(wrong({ updateWindowDims: [1], insertedWindowDims: [] })).toThrow('2 rising window axes are needed');
    expect(wrong({ scatterDimsToOperandDims: [0, 1] })).toThrow('last axis must have extent 2');
    expect(wrong({ updateWindowDims: [1], insertedWindowDims: [2] })).toThrow('[0, 2)');
    expect(() => lax.scatter(x, np.zeros([1, 1]), np.zeros([1, 2]), { ...rows, updateWindowDims: [1] })).toThrow(
      'integers',
    );
    expect(() => lax.gather(x, at(0), { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] }, [1, 3])).toThrow('[1, 3] must fit'); // prettier-ignore
    expect(() => lax.scatter(x, at(0), np.zeros([1, 2]), { ...rows, updateWindowDims: [1] }, { mode: 'wrap' as never })).toThrow('fill, drop, clip'); // prettier-ignore
  });
});

describe('clamp, pad and selectN', () => {
  test('clamp gives its gradient to x strictly inside, and to the limit beyond', async () => {
    const [, pullback] = vjp(lax.clamp as (...a: readonly NDArray[]) => NDArray, f64(0, 0, 0), f64(-1, 0, 2), f64(1, 1, 1)); // prettier-ignore
    expect(await Promise.all(pullback(f64(1, 1, 1)).map((g) => g.tolist()))).toEqual([[1, 0, 0], [0, 0, 0], [0, 0, 1]]); // prettier-ignore
    expect(await lax.clamp(0, np.array([-1, NaN, 3]), 2).tolist()).toEqual([0, NaN, 2]);
  });

  test('pad is differentiable in the value, too', async () => {
    const f = (v: NDArray): NDArray => lax.pad(np.zeros([2, 2]), v, [[1, 0, 1], [-1, 2, 0]]).sum(); // prettier-ignore
    expect(await f(np.array(1)).item()).toBe(4 * 3 - 2);
    expect(await grad(f)(np.array(1)).item()).toBe(10);
  });

  test('selectN moves numbers into range, and refuses floats', async () => {
    const cases = [np.array([1, 1]), np.array([2, 2]), np.array([3, 3])];
    expect(await lax.selectN(i32(-5, 7), ...cases).tolist()).toEqual([1, 3]);
    expect(() => lax.selectN(np.array([0, 1]), ...cases)).toThrow('bools or integers');
    expect(() => lax.selectN(np.array([true, true]), ...cases)).toThrow('two cases');
  });

  test('the derivative of a remainder counts whole times exactly', async () => {
    const [x, y] = [np.array(0.3), np.array(0.1)];
    const [, t] = jvp((a: NDArray, b: NDArray) => lax.rem(a, b), [x, y], [np.array(0), np.array(1)]);
    // In f32, 0.3 is a little less than three times 0.1.
    expect(await t.item()).toBe(-Math.trunc(Math.fround(0.3) / Math.fround(0.1)));
  });
});
