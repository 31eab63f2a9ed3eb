import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  grad,
  jit,
  jvp,
  lax,
  numpy as np,
  ShapeMismatchError,
  UnboundAxisError,
  vjp,
  vmap,
} from '../../../src/index.ts';

const over = <R>(f: (x: NDArray) => R): ((x: NDArray) => R) => vmap(f, 0, { axisName: 'i' });
const x = np.array([
  [1, 2],
  [3, 5],
  [6, 9],
]);

describe('collectives over a named axis', () => {
  test.each<readonly [string, (x: NDArray) => NDArray, unknown]>([
    [
      'psum',
      (a) => lax.psum(a, 'i'),
      [
        [10, 16],
        [10, 16],
        [10, 16],
      ],
    ],
    ['pmean', (a) => lax.pmean(a.sum(), 'i'), [26 / 3, 26 / 3, 26 / 3].map(Math.fround)],
    [
      'pmax',
      (a) => lax.pmax(a, 'i'),
      [
        [6, 9],
        [6, 9],
        [6, 9],
      ],
    ],
    [
      'pmin',
      (a) => lax.pmin(a, 'i'),
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ],
    ['axisIndex', () => lax.axisIndex('i'), [0, 1, 2]],
    ['psum of what is the same for all', () => lax.psum(np.array(2), 'i'), [6, 6, 6]],
    [
      'allGather',
      (a) => lax.allGather(a.sum(), 'i'),
      [
        [3, 8, 15],
        [3, 8, 15],
        [3, 8, 15],
      ],
    ],
    [
      'allGather, last axis',
      (a) => lax.allGather(a, 'i', { axis: 1 }).slice(0),
      [
        [1, 3, 6],
        [1, 3, 6],
        [1, 3, 6],
      ],
    ],
    ['allGather, tiled', (a) => lax.allGather(a, 'i', { tiled: true }), [0, 1, 2].map(() => [1, 2, 3, 5, 6, 9])],
    ['psumScatter', (a) => lax.psumScatter(np.stack([a.sum(), a.max(), a.min()]), 'i'), [26, 16, 10]],
    [
      'ppermute',
      (a) =>
        lax.ppermute(a, 'i', [
          [0, 1],
          [1, 2],
        ]),
      [
        [0, 0],
        [1, 2],
        [3, 5],
      ],
    ],
  ])('%s', async (_, f, expected) => {
    expect(await over(f)(x).tolist()).toEqual(expected);
    expect(await over(jit(f))(x).tolist()).toEqual(expected);
    expect(await jit(over(f))(x).tolist()).toEqual(expected);
    // Over a batch of batches, the other axis is untouched.
    const outer = vmap(over(f))(np.stack([x, x]));
    expect(await outer.tolist()).toEqual([expected, expected]);
    const inner = over((a) => vmap((b: NDArray) => f(b).add(b.sum().mul(0)))(np.stack([a, a])));
    expect(await inner(x).slice([], 1).tolist()).toEqual(expected);
  });

  test.each<readonly [string, (x: NDArray) => NDArray]>([
    ['psum', (a) => lax.psum(a.mul(a), 'i').mul(a)],
    ['pmean', (a) => a.sub(lax.pmean(a, 'i')).pow(3)],
    ['pmax', (a) => lax.pmax(a, 'i').mul(a)],
    [
      'allGather',
      (a) =>
        lax
          .allGather(a, 'i')
          .sum(0)
          .mul(lax.allGather(np.sin(a), 'i', { axis: 1 }).max(1)),
    ],
    ['psumScatter', (a) => lax.psumScatter(np.stack([a, a.mul(2), a.mul(a)]), 'i').mul(a)],
    [
      'ppermute',
      (a) =>
        lax
          .ppermute(a.mul(a), 'i', [
            [0, 2],
            [2, 1],
          ])
          .mul(a),
    ],
  ])('%s differentiates', async (_, f) => {
    const t = np.array([[0.5, -1], [2, 1], [-1, 0.25]]); // prettier-ignore
    const point = x.astype('f64');
    const [y, forward] = jvp(over(f), [point], [t.astype('f64')]);
    const h = 1e-5;
    const difference = over(f)(point.add(t.astype('f64').mul(h))).sub(over(f)(point.sub(t.astype('f64').mul(h))));
    expect(await np.max(np.abs(forward.sub(difference.div(2 * h)))).item()).toBeLessThan(1e-5);
    const [, pullback] = vjp(over(f), point);
    const ct = np.cos(y);
    const [back] = pullback(ct);
    expect(await back.mul(t).sum().item()).toBeCloseTo(await forward.mul(ct).sum().item(), 8);
    const inside = vmap((a: NDArray, c: NDArray) => vjp(f, a)[1](c)[0], 0, { axisName: 'i' })(point, ct);
    expect(await np.max(np.abs(inside.sub(back))).item()).toBeLessThan(1e-9);
    const jitted = jit(grad((a: NDArray) => over(jit(f))(a).mul(ct).sum()))(point);
    expect(await np.max(np.abs(jitted.sub(back))).item()).toBeLessThan(1e-9);
  });

  test('the name must be bound, by a vmap around the call', () => {
    expect(() => lax.psum(np.array(1), 'batch')).toThrow(UnboundAxisError);
    expect(() => over((a) => lax.psum(a, 'j'))(x)).toThrow(
      '[psum] no axis is named "j" here (the named ones are "i"): call it inside vmap(f, inAxes, { axisName: "j" })',
    );
  });

  test('a jitted function serves axes of several sizes', async () => {
    const f = jit((a: NDArray) => lax.allGather(a, 'i').sum());
    expect(await over(f)(np.array([1, 2])).tolist()).toEqual([3, 3]);
    expect(await over(f)(np.array([1, 2, 3])).tolist()).toEqual([6, 6, 6]);
  });

  test('allGather, tiled, joins along any axis that there is', () => {
    const rows = np.arange(8).reshape([2, 2, 2]);
    const along = (axis: number) => over((a) => lax.allGather(a, 'i', { axis, tiled: true }))(rows).slice(0);
    expect(along(0).tolistSync()).toEqual([[0, 1], [2, 3], [4, 5], [6, 7]]); // prettier-ignore
    expect(along(1).tolistSync()).toEqual([[0, 1, 4, 5], [2, 3, 6, 7]]); // prettier-ignore
    expect(() => along(2)).toThrow(ShapeMismatchError);
    expect(() => along(2)).toThrow('joins along an axis that there is already, but i32[2,2] has no axis 2');
    expect(() => along(-1)).toThrow(ShapeMismatchError);
    const one = over((a) => lax.allGather(a, 'i', { tiled: true }));
    expect(() => one(np.array([1]))).toThrow('f32[] has no axis 0');
  });

  test('ppermute refuses what is no permutation', () => {
    expect(() => over((a) => lax.ppermute(a, 'i', [[0, 3]]))(x)).toThrow('distinct numbers below 3');
  });
});

describe('collectives of trees, numbers and bools', () => {
  const v = np.array([1, 2, 3]);
  const bools = np.array([true, false, true]);
  test('numbers count once an example', () => {
    expect(over(() => lax.psum(1, 'i'))(v).tolistSync()).toEqual([3, 3, 3]);
    expect(over(() => lax.pmean(3, 'i'))(v).tolistSync()).toEqual([3, 3, 3]);
    expect(over(() => lax.pmax(4, 'i'))(v).tolistSync()).toEqual([4, 4, 4]);
  });
  test('trees', () => {
    const sums = over((a) => lax.psum({ a, b: 2.5 }, 'i'))(v);
    expect(sums.a.tolistSync()).toEqual([6, 6, 6]);
    expect(sums.b.tolistSync()).toEqual([7.5, 7.5, 7.5]);
    const [high, low] = over((a) => lax.pmax([a, a.neg()] as const, 'i'))(v);
    expect([high.tolistSync(), low.tolistSync()]).toEqual([[3, 3, 3], [-1, -1, -1]]); // prettier-ignore
    expect(
      over((a) => lax.allGather({ a }, 'i'))(v)
        .a.slice(0)
        .tolistSync(),
    ).toEqual([1, 2, 3]);
    expect(over((a) => lax.ppermute([a, a.mul(2)] as const, 'i', [[0, 1], [1, 2], [2, 0]]))(v)[1].tolistSync()).toEqual([6, 2, 4]); // prettier-ignore
    const square = np.arange(9).reshape([3, 3]);
    expect(over((a) => lax.psumScatter([a, a.add(1)] as const, 'i'))(square)[1].tolistSync()).toEqual([12, 15, 18]);
  });
  test('psumScatter needs a part for each example', () => {
    const scattered = (axis: number) => () => over((a) => lax.psumScatter(a, 'i', { axis }))(np.ones([2, 3]));
    expect(scattered(0)).toThrow(ShapeMismatchError);
    expect(scattered(0)).toThrow(
      '[psumScatter] gives each of the 2 examples of "i" a part along axis 0, which must have that extent; got f32[3]',
    );
    expect(scattered(1)).toThrow(ShapeMismatchError);
  });
  test('bools', () => {
    expect(over((a) => lax.psum(a, 'i'))(bools).tolistSync()).toEqual([2, 2, 2]);
    expect(over((a) => lax.pmean(a, 'i'))(bools).tolistSync()).toEqual([2, 2, 2].map((n) => Math.fround(n / 3)));
    expect(over((a) => lax.pmax(a, 'i'))(bools).tolistSync()).toEqual([true, true, true]);
    expect(over((a) => lax.pmin(a, 'i'))(bools).tolistSync()).toEqual([false, false, false]);
    const rows = np.array([[true, false], [false, false]]); // prettier-ignore
    const joined = over((a) => lax.allGather(a, 'i', { tiled: true }))(rows);
    expect(joined.tolistSync()).toEqual([[true, false, false, false], [true, false, false, false]]); // prettier-ignore
  });
});
