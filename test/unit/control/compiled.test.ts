import { describe, expect, test, vi } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, jvp, lax, makeJaxpr, nn, numpy as np, valueAndGrad, vmap } from '../../../src/index.ts';
import { defaultDevice } from '../../../src/compiler/runtime.ts';

import { partsOf } from '../../../src/kernel/kernel.ts';
import type { Step } from '../../../src/kernel/program.ts';
import { runSteps } from '../../../src/kernel/program.ts';

/** What control flow is compiled to, how often, and what passes between its forward and its backward loop. */

interface Cell {
  readonly w: NDArray;
  readonly u: NDArray;
  readonly b: NDArray;
}
const cell: Cell = { w: np.ones([4, 4]), u: np.ones([2, 4]), b: np.zeros([4]) };
const rnn = (p: Cell, xs: NDArray): NDArray => {
  const [h] = lax.scan(
    (c: NDArray, x: NDArray) => [np.tanh(c.matmul(p.w).add(x.matmul(p.u)).add(p.b)), null] as const,
    np.zeros([3, 4]),
    xs,
  );
  return h.sum();
};

test('the program of a training step does not grow with the number of iterations', () => {
  const step = jit((p: Cell, xs: NDArray) => valueAndGrad(rnn)(p, xs));
  const [short, long] = [10, 400].map((n) => step.lower(cell, np.zeros([n, 3, 2])));
  const count = (p: typeof short): number => runSteps((p as NonNullable<typeof p>).program.steps).length;
  expect(count(long)).toBe(count(short));
  expect(String(long?.jaxpr).replaceAll('400', '10')).toBe(String(short?.jaxpr));
});

describe('residuals', () => {
  /** The shapes of a scan's stacked results and of its xs, from the printed Jaxpr. */
  const scansOf = (f: (...args: never[]) => unknown, ...args: readonly NDArray[]): readonly string[] =>
    String(makeJaxpr(f as (...xs: readonly NDArray[]) => unknown)(...args))
      .split('\n')
      .filter((l) => /= scan\[/.test(l))
      .map((l) => l.trim().replace(/\w+:/g, ''));

  test('constants and xs are not stacked, nor what follows from them or from the ys', () => {
    const w = np.ones([4, 4]);
    const xs = np.ones([5, 4]);
    // Needs x, w, and 1 - y² where y is a result.
    const f = (v: NDArray, a: NDArray): NDArray => {
      const step = (c: NDArray, x: NDArray): readonly [NDArray, NDArray] => {
        const y = np.tanh(x.matmul(v));
        return [c.add(y.mul(x)), y];
      };
      const [c, ys] = lax.scan(step, np.zeros([4]), a);
      return c.sum().add(ys.sum());
    };
    expect(scansOf(grad(f), w, xs)[0]).toBe('f32[4] f32[5,4] = scan[');
  });

  test('what does not vary is computed once, outside of both loops', () => {
    const f = (v: NDArray, a: NDArray): NDArray =>
      lax.scan((c: NDArray, x: NDArray) => [c.mul(np.exp(np.sin(v))).add(x), null] as const, np.ones([4]), a)[0].sum();
    const args = [np.ones([4]), np.ones([5, 4])] as const;
    expect(scansOf(grad(f), ...args)[0]).toBe('f32[4] f32[5,4] = scan[');
    const program = jit(grad(f)).lower(...args).program;
    const names = (steps: readonly Step[]): readonly string[] =>
      runSteps(steps).flatMap((s) => partsOf(s.kernel).map((k) => k.name));
    const inLoops = names(program.steps.flatMap((s) => (s.kind === 'loop' ? s.body : [])));
    const outside = names(program.steps.filter((s) => s.kind === 'run'));
    expect(inLoops.some((name) => /sin|exp/.test(name))).toBe(false);
    expect(outside.some((name) => /sin|exp/.test(name))).toBe(true);
  });

  test('what nothing needs is neither computed nor stacked', () => {
    const f = (a: NDArray): NDArray => {
      const [c] = lax.scan(
        (s: { used: NDArray; not: NDArray }, x: NDArray) =>
          [{ used: s.used.add(x), not: np.cos(s.not.mul(x)) }, np.sin(x)] as const,
        { used: np.zeros([4]), not: np.ones([4]) },
        a,
      );
      return c.used;
    };
    const { program } = jit(f).lower(np.ones([5, 4]));
    const names = runSteps(program.steps).flatMap((s) => partsOf(s.kernel).map((k) => k.name));
    expect(names.filter((n) => /sin|cos|UpdateSlice/.test(n))).toEqual([]);
    const kept = jit((a: NDArray) => lax.cond(a.sum().gt(0), () => [np.sin(a), a], () => [a, np.cos(a)])[1] as NDArray); // prettier-ignore
    const branches = runSteps(kept.lower(np.ones([4])).program.steps).map((s) => s.kernel.name);
    expect(branches.filter((n) => n.includes('sin'))).toEqual([]);
    expect(branches.some((n) => n.includes('cos'))).toBe(true);
  });
});

describe('outside of jit', () => {
  /** How many programs a device loads meanwhile. */
  const loaded = (body: () => void): number => {
    const spy = vi.spyOn(defaultDevice(), 'load');
    try {
      body();
      return spy.mock.calls.length;
    } finally {
      spy.mockRestore();
    }
  };

  test('a loop is one program, compiled once for all closures that are alike', () => {
    const run = (scale: NDArray): void => {
      lax.scan((c: NDArray, x: NDArray) => [c.mul(x).add(scale), np.sin(c)] as const, np.ones([2]), np.ones([7, 2]));
    };
    const scales = [1, 2, 3].map((v) => np.array([v, v]).add(0));
    expect(loaded(() => run(scales[0] as NDArray))).toBeLessThanOrEqual(2);
    expect(loaded(() => scales.forEach(run))).toBe(0);
  });

  test('so are conditionals, loops that data end, derivatives and batches', () => {
    const x = np.array([1, 2]).add(0);
    const choose = (v: NDArray): NDArray => lax.cond(v.sum().gt(1), (a: NDArray) => np.sin(a).sum(), (a: NDArray) => a.sum(), v); // prettier-ignore
    const double = (v: NDArray): NDArray => lax.whileLoop((a: NDArray) => a.sum().lt(50), (a: NDArray) => a.mul(2), v).sum(); // prettier-ignore
    const walk = (v: NDArray): NDArray => lax.foriLoop(0, 5, (i, c) => nn.relu(c.mul(v).add(i)), v).sum();
    const all = (): void => {
      for (const f of [choose, walk]) {
        grad(f)(x);
        vmap(f)(np.stack([x, x]));
        jvp(f, [x], [x]);
        grad((v: NDArray) => grad((w: NDArray) => f(w))(v).sum())(x);
      }
      double(x);
      vmap(double)(np.stack([x, x]));
      jvp(double, [x], [x]);
    };
    all();
    expect(loaded(all)).toBe(0);
  });
});

test('a loop that turns out to be the same in every iteration of another, when what nobody uses is gone', async () => {
  const f = (x: NDArray): NDArray =>
    lax.foriLoop(
      0,
      3,
      (_, c) => {
        const [inner] = lax.scan((s: NDArray) => [np.sin(s), s.mul(c)] as const, x, null, { length: 4 });
        return c.add(inner);
      },
      x,
    );
  const sin4 = Math.sin(Math.sin(Math.sin(Math.sin(0.5))));
  expect(await jit(f)(np.array(0.5)).item()).toBeCloseTo(0.5 + 3 * sin4, 6);
  const { steps } = jit(f).lower(np.array(0.5)).program;
  const loops = steps.filter((s) => s.kind === 'loop');
  expect(loops.map((s) => s.body.some((b) => b.kind === 'loop'))).toEqual([false, false]);
});
