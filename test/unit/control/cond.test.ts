import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, hessian, jit, jvp, lax, numpy as np, valueAndGrad, vmap } from '../../../src/index.ts';
import { checkGrads } from '../../../src/testing/index.ts';
import { expectClose } from './close.ts';

/** Conditionals against plain `if`s. */

const f64 = (values: number | readonly number[]): NDArray => np.array(values, { dtype: 'f64' });
const w = f64([0.5, -1, 2]);

/** Branches that use different things, some of them from outside. */
const chosen = (k: NDArray | number, x: NDArray, v: NDArray): { y: NDArray; z: NDArray } => {
  const scale = v.mul(2);
  return lax.switchCase(
    k,
    [
      (a: NDArray) => ({ y: np.sin(a).mul(scale), z: a.sum() }),
      (a: NDArray) => ({ y: a.mul(a).mul(w), z: v.sum() }),
      (a: NDArray) => ({ y: np.ones([3], { dtype: 'f64' }), z: np.exp(a).mul(w).sum() }),
    ],
    x,
  );
};
const plainly = (k: number, x: NDArray, v: NDArray): { y: NDArray; z: NDArray } => {
  if (k <= 0) return { y: np.sin(x).mul(v.mul(2)), z: x.sum() };
  if (k === 1) return { y: x.mul(x).mul(w), z: v.sum() };
  return { y: np.ones([3], { dtype: 'f64' }), z: np.exp(x).mul(w).sum() };
};
const scalarOf = ({ y, z }: { y: NDArray; z: NDArray }): NDArray => np.cos(y).sum().add(z.mul(z));
const int = (k: number): NDArray => np.array(k, { dtype: 'i32' });
const [x, v] = [f64([0.1, 0.7, -0.4]), f64([1, 2, 0.3])];

describe('switchCase', () => {
  test.each([-3, 0, 1, 2, 9])('index %i', async (k) => {
    const [f, g] = [
      (a: NDArray, b: NDArray) => scalarOf(chosen(int(k), a, b)),
      (a: NDArray, b: NDArray) => scalarOf(plainly(k, a, b)),
    ];
    await expectClose(chosen(int(k), x, v), plainly(k, x, v));
    await expectClose(chosen(k, x, v), plainly(k, x, v));
    await expectClose(jit(chosen)(int(k), x, v), plainly(k, x, v));
    for (const argnums of [0, 1]) {
      const expected = valueAndGrad(g, { argnums })(x, v);
      await expectClose(valueAndGrad(f, { argnums })(x, v), expected);
      await expectClose(jit(valueAndGrad(f, { argnums }))(x, v), expected);
      await expectClose(valueAndGrad(jit(f), { argnums })(x, v), expected);
    }
    await expectClose(jvp(f, [x, v], [v, x]), jvp(g, [x, v], [v, x]));
    await expectClose(hessian((a: NDArray) => f(a, v))(x), hessian((a: NDArray) => g(a, v))(x), 1e-8);
    await checkGrads(f, [x, v]);
    const rows = np.stack([x, v, x.mul(v)]);
    await expectClose(vmap(grad(f), [0, null])(rows, v), vmap(grad(g), [0, null])(rows, v));
  });

  test('a choice for each example', async () => {
    const ks = [2, 0, 1, 1, 0];
    const rows = np.stack(ks.map((_, i) => x.mul(i + 1)));
    const index = np.array(ks, { dtype: 'i32' });
    const stacked = (f: (k: number, row: NDArray) => NDArray): NDArray =>
      np.stack(ks.map((k, i) => f(k, rows.slice(i))));
    const f = (k: NDArray, a: NDArray, b: NDArray): NDArray => scalarOf(chosen(k, a, b));
    await expectClose(
      vmap(f, [0, 0, null])(index, rows, v),
      stacked((k, row) => scalarOf(plainly(k, row, v))),
    );
    const each = stacked((k, row) => grad((a: NDArray) => scalarOf(plainly(k, a, v)))(row));
    await expectClose(vmap(grad(f, { argnums: 1 }), [0, 0, null])(index, rows, v), each);
    await expectClose(jit(vmap(grad(f, { argnums: 1 }), [0, 0, null]))(index, rows, v), each);
    const total = (b: NDArray): NDArray => vmap(f, [0, 0, null])(index, rows, b).sum();
    const byHand = (b: NDArray): NDArray => stacked((k, row) => scalarOf(plainly(k, row, b))).sum();
    await expectClose(grad(total)(v), grad(byHand)(v));
    await expectClose(jit(grad(total))(v), grad(byHand)(v));
    await expectClose(hessian(total)(v), hessian(byHand)(v), 1e-8);
    // The same rows for all, each with a choice of its own, and one more batch around.
    await expectClose(vmap(f, [0, null, null])(index, x, v), np.stack(ks.map((k) => scalarOf(plainly(k, x, v)))));
    const grid = np.stack([rows, rows.mul(0.5)]);
    const expected = np.stack([0, 1].map((i) => np.stack(ks.map((k, j) => scalarOf(plainly(k, grid.slice(i, j), v)))))); // prettier-ignore
    await expectClose(vmap(vmap(f, [0, 0, null]), [null, 0, null])(index, grid, v), expected);
    const indices = np.stack([index, index]);
    await expectClose(vmap(vmap(f, [0, 0, null]), [0, 0, null])(indices, grid, v), expected);
    await expectClose(vmap(vmap(f, [0, null, null]), [null, 0, null])(index, rows.slice([0, 2]), v), np.stack([0, 1].map((i) => np.stack(ks.map((k) => scalarOf(plainly(k, rows.slice(i), v))))))); // prettier-ignore
  });
});

describe('cond', () => {
  const safeSqrt = (a: NDArray): NDArray =>
    lax.cond(
      a.gt(0),
      (b: NDArray) => np.sqrt(b),
      (b: NDArray) => b.mul(3),
      a,
    );

  test('only one side runs, and only its derivative counts, in any order with vmap', async () => {
    expect(await safeSqrt(f64(4)).item()).toBe(2);
    expect(await grad(safeSqrt)(f64(0)).item()).toBe(3);
    const points = f64([0, 4, -1, 0]);
    const slopes = [3, 0.25, 3, 3];
    expect(await vmap(grad(safeSqrt))(points).tolist()).toEqual(slopes);
    expect(await grad((p: NDArray) => vmap(safeSqrt)(p).sum())(points).tolist()).toEqual(slopes);
    expect(await jit(grad((p: NDArray) => vmap(safeSqrt)(p).sum()))(points).tolist()).toEqual(slopes);
    expect(await grad((p: NDArray) => vmap(jit(safeSqrt))(p).sum())(points).tolist()).toEqual(slopes);
    const grid = np.stack([points, points]);
    expect(await grad((p: NDArray) => vmap(vmap(safeSqrt))(p).sum())(grid).tolist()).toEqual([slopes, slopes]);
    const curvature = grad((p: NDArray) => grad((q: NDArray) => vmap(safeSqrt)(q).sum())(p).sum())(points);
    expect(await curvature.tolist()).toEqual([0, -1 / 32, 0, 0]);
  });

  test('what a branch that is not taken would divide by does not matter, also for shared values', async () => {
    const shared = f64([2, 3]);
    const f = (a: NDArray, s: NDArray): NDArray =>
      lax.cond(
        a.gt(0),
        (b: NDArray, t: NDArray) => np.log(b).mul(t).div(b).sum(),
        (b: NDArray, t: NDArray) => b.mul(t).sum(),
        a,
        s,
      );
    const byHand = (points: readonly number[]): [number[], number[]] => [
      points.map((a) => (a > 0 ? (5 * (1 - Math.log(a))) / (a * a) : 5)),
      [0, 1].map(() => points.reduce((sum, a) => sum + (a > 0 ? Math.log(a) / a : a), 0)),
    ];
    for (const points of [
      [0, 2, -1],
      [0, 0],
      [1, 3],
    ]) {
      const total = (p: NDArray, s: NDArray): NDArray => vmap(f, [0, null])(p, s).sum();
      const [ofPoints, ofShared] = byHand(points);
      for (const transformed of [total, jit(total)]) {
        await expectClose(grad(transformed)(f64(points), shared), f64(ofPoints));
        await expectClose(grad(transformed, { argnums: 1 })(f64(points), shared), f64(ofShared));
      }
      const mixed = grad((s: NDArray) => grad(total)(f64(points), s).sum())(shared);
      expect(((await mixed.tolist()) as number[]).every(Number.isFinite)).toBe(true);
    }
    expect(vmap(f, [0, null])(np.zeros([0], { dtype: 'f64' }), shared).shape).toEqual([0]);
    const none = grad((s: NDArray) => vmap(f, [0, null])(np.zeros([0], { dtype: 'f64' }), s).sum())(shared);
    expect(await none.tolist()).toEqual([0, 0]);
  });

  test('numbers and tracers as predicates; branches without operands', async () => {
    expect(await lax.cond(2, () => np.array(1), () => np.array(2)).item()).toBe(1); // prettier-ignore
    expect(await lax.cond(false, () => np.array(1), () => np.array(2)).item()).toBe(2); // prettier-ignore
    const f = jit((a: NDArray) => lax.cond(a.sum().gt(1), () => a, () => a.neg())); // prettier-ignore
    expect(await f(np.array([1, 2])).tolist()).toEqual([1, 2]);
    expect(await f(np.array([-1, 2])).tolist()).toEqual([1, -2]);
  });

  test('weakly typed results adapt to the other branch', async () => {
    const out = lax.cond(np.array(1).gt(0), () => f64(0.5), () => 0 as unknown as NDArray); // prettier-ignore
    expect([out.dtype, await out.item()]).toEqual(['f64', 0.5]);
    const n = lax.cond(np.array(1).gt(2), () => np.array(3, { dtype: 'i32' }), () => 4 as unknown as NDArray); // prettier-ignore
    expect([n.dtype, await n.item()]).toEqual(['i32', 4]);
  });

  test('in a loop, in a conditional', async () => {
    const collatz = (n: NDArray): NDArray =>
      lax.whileLoop(
        ([a]: readonly [NDArray, NDArray]) => a.gt(1),
        ([a, steps]: readonly [NDArray, NDArray]) =>
          [
            lax.cond(
              lax.rem(a, int(2)).eq(0),
              (b: NDArray) => lax.div(b, int(2)),
              (b: NDArray) => b.mul(3).add(1),
              a,
            ),
            steps.add(1),
          ] as const,
        [n, int(0)] as const,
      )[1];
    expect(await collatz(int(27)).item()).toBe(111);
    expect(await vmap(jit(collatz))(np.array([1, 6, 27, 97], { dtype: 'i32' })).tolist()).toEqual([0, 8, 111, 118]);
    const nested = (a: NDArray): NDArray =>
      lax.cond(
        a.gt(0),
        (b: NDArray) => lax.cond(b.gt(1), (c: NDArray) => c.mul(c), (c: NDArray) => np.sin(c), b), // prettier-ignore
        (b: NDArray) => np.exp(b),
        a,
      );
    const plain = (a: number): number => (a > 1 ? 2 * a : a > 0 ? Math.cos(a) : Math.exp(a));
    const points = [-1, 0.5, 3];
    await expectClose(vmap(grad(nested))(f64(points)), f64(points.map(plain)));
    await expectClose(grad((p: NDArray) => vmap(nested)(p).sum())(f64(points)), f64(points.map(plain)));
  });
});
