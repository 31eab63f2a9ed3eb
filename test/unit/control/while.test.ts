import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jacfwd, jit, jvp, lax, numpy as np, valueAndGrad, vmap } from '../../../src/index.ts';
import { checkGrads, checkJvp } from '../../../src/testing/index.ts';
import { expectClose } from './close.ts';

/** Loops whose number of trips data decide, and counted loops. */

const f64 = (values: number | readonly number[]): NDArray => np.array(values, { dtype: 'f64' });
const int = (k: number): NDArray => np.array(k, { dtype: 'i32' });

/** Newton's iteration for √a, started at a, until it has converged. */
const newton = (a: NDArray, maxSteps?: number): NDArray =>
  lax.whileLoop(
    (x: NDArray) => np.abs(x.mul(x).sub(a)).gt(1e-12),
    (x: NDArray) => x.add(a.div(x)).mul(0.5),
    a,
    maxSteps === undefined ? {} : { maxSteps },
  );

describe('whileLoop', () => {
  test('runs until the condition fails, eagerly, jitted and batched', async () => {
    await expectClose(newton(f64(2)), f64(Math.SQRT2));
    await expectClose(jit((a: NDArray) => newton(a))(f64(9)), f64(3));
    const many = f64([1, 4, 2, 1e6]);
    await expectClose(vmap((a: NDArray) => newton(a))(many), np.sqrt(many));
    await expectClose(jit(vmap((a: NDArray) => newton(a)))(many), np.sqrt(many));
    await expectClose(vmap(vmap((a: NDArray) => newton(a)))(many.reshape([2, 2])), np.sqrt(many.reshape([2, 2])));
  });

  test('a batch in the body alone does not make the condition one', async () => {
    const f = (x: NDArray, n: NDArray): NDArray =>
      lax.whileLoop(
        ([i]: readonly [NDArray, NDArray]) => i.lt(n),
        ([i, c]: readonly [NDArray, NDArray]) => [i.add(1), c.mul(x)] as const,
        [int(0), f64(1)] as const,
      )[1];
    await expectClose(vmap(f, [0, null])(f64([2, 3, 5]), int(3)), f64([8, 27, 125]));
    await expectClose(vmap(f, [null, 0])(f64(2), np.array([0, 5, 2], { dtype: 'i32' })), f64([1, 32, 4]));
    await expectClose(vmap(f)(f64([2, 3]), np.array([3, 0], { dtype: 'i32' })), f64([8, 1]));
  });

  test('forward mode', async () => {
    const slope = (a: number): number => 0.5 / Math.sqrt(a);
    const f = (a: NDArray): NDArray => newton(a);
    await expectClose(jvp(f, [f64(2)], [f64(1)]), [f64(Math.SQRT2), f64(slope(2))]);
    await expectClose(jit((a: NDArray) => jvp(f, [a], [f64(1)])[1])(f64(5)), f64(slope(5)));
    await expectClose(vmap((a: NDArray) => jvp(f, [a], [f64(1)])[1])(f64([2, 100])), f64([2, 100].map(slope)));
    await expectClose(jacfwd((a: NDArray) => vmap(f)(a))(f64([2, 3])), np.diag(f64([2, 3].map(slope))));
    await expectClose(
      jvp((a: NDArray) => jvp(f, [a], [f64(1)])[1], [f64(2)], [f64(1)])[1],
      f64(-0.25 * 2 ** -1.5),
      1e-7,
    );
    await checkJvp(f, [f64(3)]);
  });

  test('reverse mode is refused, but what does not vary in the loop passes', async () => {
    expect(() => grad((a: NDArray) => newton(a))(f64(2))).toThrow(/maxSteps/);
    const counted = (a: NDArray): NDArray => {
      const n = lax.whileLoop((i: NDArray) => i.lt(5), (i: NDArray) => i.add(2), int(0)); // prettier-ignore
      return a.mul(n.astype('f64'));
    };
    expect(await grad(counted)(f64(2)).item()).toBe(6);
  });

  test('with maxSteps it has reverse mode', async () => {
    const f = (a: NDArray): NDArray => newton(a, 30);
    const slope = (a: number): number => 0.5 / Math.sqrt(a);
    await expectClose(valueAndGrad(f)(f64(2)), [f64(Math.SQRT2), f64(slope(2))]);
    await expectClose(jit(grad(f))(f64(7)), f64(slope(7)));
    await expectClose(vmap(grad(f))(f64([3, 2, 50])), f64([3, 2, 50].map(slope)));
    await expectClose(grad((a: NDArray) => vmap(f)(a).sum())(f64([3, 2, 50])), f64([3, 2, 50].map(slope)));
    await checkGrads(f, [f64(3)]);
    expect(await lax.whileLoop((i: NDArray) => i.ge(0), (i: NDArray) => i.add(1), int(0), { maxSteps: 7 }).item()).toBe(7); // prettier-ignore
  });

  test('steps after the end bring in no NaN', async () => {
    // The body's derivative is infinite where the loop ends.
    const f = (a: NDArray): NDArray =>
      lax.whileLoop((x: NDArray) => x.gt(0), (x: NDArray) => np.sqrt(x).sub(np.sqrt(x)), a, { maxSteps: 4 }); // prettier-ignore
    expect(await grad(f)(f64(2)).item()).toBe(0);
    expect(await vmap(grad(f))(f64([2, 0, 3])).tolist()).toEqual([0, 1, 0]);
    expect(await grad((a: NDArray) => vmap(f)(a).sum())(f64([2, 0, 3])).tolist()).toEqual([0, 1, 0]);
    expect(await jit(grad((a: NDArray) => vmap(f)(a).sum()))(f64([2, 0, 3])).tolist()).toEqual([0, 1, 0]);
    const twice = grad((b: NDArray) => grad((a: NDArray) => vmap(f)(a).sum())(b).sum());
    expect(await twice(f64([2, 0, 3])).tolist()).toEqual([0, 0, 0]);
  });
});

describe('foriLoop', () => {
  test('static bounds', async () => {
    expect(await lax.foriLoop(1, 6, (i, x) => x.mul(i), int(1)).item()).toBe(120);
    expect(await lax.foriLoop(3, 3, (i, x) => x.mul(i), int(1)).item()).toBe(1);
    expect(await lax.foriLoop(5, -2, (i, x) => x.mul(i), int(1)).item()).toBe(1);
    expect(await lax.foriLoop(-2, 3, (i, x) => x.add(i), int(0), { unroll: 2 }).item()).toBe(0);
    expect(await lax.foriLoop(0, 4, (i, x) => x.add(i), int(0), { unroll: true }).item()).toBe(6);
    const power = (x: NDArray): NDArray => lax.foriLoop(0, 5, (_, c) => c.mul(x), f64(1));
    await expectClose(valueAndGrad(power)(f64(1.5)), [f64(1.5 ** 5), f64(5 * 1.5 ** 4)]);
    await expectClose(jit(grad(grad(power)))(f64(1.5)), f64(20 * 1.5 ** 3));
  });

  test('bounds that are traced', async () => {
    const sum = (n: NDArray): NDArray => lax.foriLoop(0, n, (i, x) => x.add(i), int(0));
    expect(await jit(sum)(int(5)).item()).toBe(10);
    expect(await vmap(sum)(np.array([0, 3, 5], { dtype: 'i32' })).tolist()).toEqual([0, 3, 10]);
    const power = (x: NDArray, n: NDArray): NDArray => lax.foriLoop(0, n, (_, c) => c.mul(x), f64(1));
    await expectClose(jit((x: NDArray, n: NDArray) => jvp((y: NDArray) => power(y, n), [x], [f64(1)]))(f64(2), int(3)), [f64(8), f64(12)]); // prettier-ignore
    expect(() => jit((x: NDArray, n: NDArray) => grad(power)(x, n))(f64(2), int(3))).toThrow(/maxSteps/);
  });
});
