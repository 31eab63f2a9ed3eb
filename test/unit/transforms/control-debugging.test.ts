import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  debug,
  debugNans,
  disableJit,
  grad,
  init,
  jit,
  lax,
  numpy as np,
  pureCallback,
  typeOf,
  vmap,
} from '../../../src/index.ts';

/** Loops and branches under the debugging modes, and with callbacks in them. */

let lines: unknown[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

const x = np.array([1, 2, 3]);
const total = (xs: NDArray): NDArray =>
  lax.scan(
    (c: NDArray, v: NDArray) => {
      const next = c.add(v);
      debug.print('{} + {}', c, v);
      return [next, null];
    },
    np.array(0),
    xs,
  )[0];
const steps = ['0 + 1', '1 + 2', '3 + 3'];

describe('callbacks in loops and branches', () => {
  test.each(['wasm', 'reference'] as const)('on %s', async (device) => {
    await init({ device });
    for (const f of [total, jit(total), jit((v: NDArray) => jit(total)(v))]) {
      lines = [];
      expect(await f(x).item()).toBe(6);
      expect(lines).toEqual(steps);
      lines = [];
      expect(await grad(f)(x).tolist()).toEqual([1, 1, 1]);
      expect(lines).toEqual(steps);
      lines = [];
      expect(await vmap(f)(np.stack([x, x.mul(2)])).tolist()).toEqual([6, 12]);
      expect(lines).toEqual(['0 + 1', '0 + 2', '1 + 2', '2 + 4', '3 + 3', '6 + 6']);
      lines = [];
      expect(await disableJit(() => f(x)).item()).toBe(6);
      expect(lines).toEqual(steps);
    }
    await init();
  });

  test('the gradient of a loop that prints, with something in it that is the same in every iteration', () => {
    const w = np.eye(3);
    const f = (v: NDArray): NDArray =>
      lax
        .scan(
          (c: NDArray, u: NDArray) => {
            debug.print('{}', c);
            return [c.mul(u).add(np.sin(w.matmul(v)).sum()), c] as const;
          },
          np.array(1),
          x,
        )[1]
        .sum();
    for (const df of [grad(f), jit(grad(f))]) {
      lines = [];
      expect(df(np.zeros([3])).tolistSync()).toEqual([4, 4, 4]);
      expect(lines).toEqual(['1', '1', '2']);
    }
  });

  test('the branch that is taken, the trips that are made', () => {
    const f = jit((v: NDArray) =>
      lax.whileLoop(
        (c: NDArray) => c.lt(10),
        (c: NDArray) => {
          const big = lax.cond(c.gt(4), (u: NDArray) => (debug.print('big {}', u), u), (u: NDArray) => (debug.print('small {}', u), u), c); // prettier-ignore
          return big.mul(2);
        },
        v,
      ),
    );
    expect(f(np.array(3)).itemSync()).toBe(12);
    expect(lines).toEqual(['small 3', 'big 6']);
  });

  test('pure callbacks in loops', () => {
    const f = jit((v: NDArray) =>
      lax.foriLoop(
        0,
        3,
        (i, c) => pureCallback((a: NDArray, n: NDArray) => a.itemSync() * 2 + n.itemSync(), typeOf(c), c, i),
        v,
      ),
    );
    expect(f(np.array(1)).itemSync()).toBe(((1 * 2 + 0) * 2 + 1) * 2 + 2);
  });

  test('what is printed is not lost where nothing else is needed of the loop', () => {
    jit((v: NDArray) => {
      total(v);
      return v;
    })(x);
    expect(lines).toEqual(steps);
  });
});

test('NaN in a body are found on their line', () => {
  const f = (v: NDArray): NDArray =>
    lax.scan(
      function body(c: NDArray, u: NDArray): [NDArray, null] {
        return [np.log(c.sub(u)).add(1), null];
      },
      np.array(4),
      v,
    )[0];
  for (const g of [f, jit(f), grad(f), jit(jit(f))]) {
    expect(() => debugNans(() => g(x))).toThrow(/\[log\] gave NaN.*\[at body \(.*control-debugging\.test\.ts/);
  }
});

test('without jit, bodies run on values, and numbers are arrays there as well', () => {
  const seen: number[] = [];
  const look = (v: NDArray): NDArray => (seen.push(v.itemSync()), v);
  const zero = 0 as unknown as NDArray;
  disableJit(() => {
    lax.scan((c: NDArray, v: NDArray) => [look(c).add(look(v)), null], zero, np.array([1, 2]));
    lax.whileLoop((i: NDArray) => look(i).lt(2), (i: NDArray) => i.add(1), zero); // prettier-ignore
    lax.cond(true, look, look, zero);
    lax.switchCase(1, [look, (v: NDArray) => look(v.add(5))], zero);
    jit((v: NDArray) => lax.map(look, v))(x);
  });
  expect(seen).toEqual([0, 1, 1, 2, 0, 1, 2, 0, 5, 1, 2, 3]);
});
