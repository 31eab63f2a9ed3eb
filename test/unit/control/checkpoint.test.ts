import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { checkpoint, grad, hessian, jit, jvp, lax, numpy as np, valueAndGrad, vmap } from '../../../src/index.ts';
import { checkGrads } from '../../../src/testing/index.ts';
import { expectClose } from './close.ts';

/** Scans whose reverse mode runs iterations again, and checkpoints inside of bodies. */

const f64 = (shape: readonly number[], seed = 1): NDArray => {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
  return np.array(values, { dtype: 'f64' }).reshape(shape);
};

describe('scan with checkpoint', () => {
  const w = f64([3, 3], 2);
  const h = f64([3], 3);
  const run = (options: object) => (v: NDArray, c0: NDArray, xs: NDArray) =>
    lax.scan(
      (c: NDArray, x: NDArray) => {
        const next = np.tanh(c.matmul(v).add(x));
        return [next, { a: next.mul(x), b: c.sum() }] as const;
      },
      c0,
      xs,
      options,
    );
  const loss =
    (options: object) =>
    (v: NDArray, c0: NDArray, xs: NDArray): NDArray => {
      const [last, { a, b }] = run(options)(v, c0, xs);
      return last.sum().add(a.mul(a).sum()).add(np.sin(b).sum());
    };

  test.each([
    [1, 2],
    [2, 2],
    [3, 2],
    [7, 2],
    [8, 2],
    [13, 3],
    [20, 4],
    [65, true],
  ] as const)('of %i iterations, every %s', async (n, every) => {
    const xs = f64([n, 3], 4);
    for (const reverse of [false, true]) {
      const [plain, kept] = [{ reverse }, { reverse, checkpoint: every }];
      await expectClose(run(kept)(w, h, xs), run(plain)(w, h, xs));
      for (const argnums of [0, 1, 2]) {
        const expected = grad(loss(plain), { argnums })(w, h, xs);
        await expectClose(grad(loss(kept), { argnums })(w, h, xs), expected);
        await expectClose(jit(grad(loss(kept), { argnums }))(w, h, xs), expected);
      }
    }
  });

  test('with the other transformations', async () => {
    const xs = f64([7, 3], 4);
    const [plain, kept] = [loss({}), loss({ checkpoint: 2 })];
    await checkGrads(kept, [w, h, xs]);
    await expectClose(hessian((c: NDArray) => kept(w, c, xs))(h), hessian((c: NDArray) => plain(w, c, xs))(h), 1e-8);
    await expectClose(jvp(kept, [w, h, xs], [w, h, xs]), jvp(plain, [w, h, xs], [w, h, xs]));
    const many = f64([2, 7, 3], 5);
    const perExample = vmap(grad(kept), [null, null, 0])(w, h, many);
    await expectClose(perExample, vmap(grad(plain), [null, null, 0])(w, h, many));
    const total = (f: typeof kept) => grad((v: NDArray) => vmap(f, [null, null, 0])(v, h, many).sum())(w);
    await expectClose(total(kept), total(plain));
  });

  test('memory of the gradient grows with the logarithm of the length', () => {
    const temporary = (length: number, options: object): number => {
      const f = (c: NDArray): NDArray =>
        lax.scan((s: NDArray) => [np.sin(s.mul(s)).mul(c), null] as const, c, null, { length, ...options })[0].sum();
      return jit(grad(f))
        .lower(np.zeros([1000]))
        .program.slots.reduce((a, b) => a + b, 0);
    };
    expect(temporary(4096, {}) / temporary(512, {})).toBeGreaterThan(7);
    const [short, long] = [temporary(512, { checkpoint: true }), temporary(4096, { checkpoint: true })];
    expect(long / short).toBeLessThan(1.6);
    expect(temporary(4096, {}) / long).toBeGreaterThan(50);
    // Two levels: √4096 carried values and √4096 iterations.
    expect(temporary(4096, { checkpoint: 64 })).toBeLessThan(temporary(4096, {}) / 10);
  });
});

test('checkpoints inside of bodies', async () => {
  const layer = checkpoint((c: NDArray, v: NDArray) => np.sin(np.exp(np.sin(c.mul(v)))));
  const f =
    (g: (c: NDArray, v: NDArray) => NDArray) =>
    (v: NDArray): NDArray =>
      lax.scan((c: NDArray, x: NDArray) => [g(c, v).add(x), g(c, x)] as const, v, f64([5, 3]))[1].sum();
  const plain = (c: NDArray, v: NDArray): NDArray => np.sin(np.exp(np.sin(c.mul(v))));
  const v = f64([3]);
  await expectClose(valueAndGrad(f(layer))(v), valueAndGrad(f(plain))(v));
  await expectClose(jit(grad(f(layer)))(v), grad(f(plain))(v));
  await expectClose(hessian(f(layer))(v), hessian(f(plain))(v), 1e-8);
  const whole = checkpoint(f(plain));
  await expectClose(jit(grad(whole))(v), grad(f(plain))(v));
  const choice = (g: typeof plain) => (a: NDArray): NDArray =>
    lax.cond(a.sum().gt(0), (b: NDArray) => g(b, b).sum(), (b: NDArray) => b.sum(), a); // prettier-ignore
  await expectClose(grad(choice(layer))(v), grad(choice(plain))(v));
  const rows = f64([4, 3], 2);
  const total =
    (g: typeof plain) =>
    (a: NDArray): NDArray =>
      vmap(choice(g))(a).sum();
  await expectClose(grad(total(layer))(rows), grad(total(plain))(rows));
  await expectClose(jit(grad(total(layer)))(rows), grad(total(plain))(rows));
});
