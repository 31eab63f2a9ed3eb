import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  CallbackError,
  debug,
  debugNans,
  defaultDevice,
  disableJit,
  effectsBarrier,
  grad,
  init,
  jit,
  jvp,
  lax,
  linearTranspose,
  makeJaxpr,
  numpy as np,
  pureCallback,
  ShapeDtypeStruct,
  typeOf,
  vmap,
} from '../../../src/index.ts';

/** Callbacks behave alike on every device, but for when they run; see the barrier. */
export function callbacksOn(device: 'wasm' | 'reference' | 'webgpu'): void {
  const later = device === 'webgpu';
  let lines: unknown[] = [];
  const x = (): NDArray => np.array([1, 2, 3]);

  describe(`callbacks on ${device}`, () => {
    beforeAll(async () => {
      await init({ device });
      vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(line));
    });
    afterEach(() => {
      lines = [];
    });
    /** What was printed up to now. */
    const printed = async (): Promise<readonly unknown[]> => {
      await effectsBarrier();
      return lines;
    };

    test('a jitted function that prints is one program, and prints once a call, in order', async () => {
      const f = jit((v: NDArray) => {
        const y = v.mul(2);
        debug.print('y = {}, sum = {sum}', y, { sum: y.sum() });
        const z = y.add(1);
        debug.print('z = {}', z);
        return z.mul(z);
      });
      expect(await f(x()).tolist()).toEqual([9, 25, 49]);
      expect(await f(np.array([0, 0, 1])).tolist()).toEqual([1, 1, 9]);
      expect(await printed()).toEqual([
        'y = [2, 4, 6], sum = 12',
        'z = [3, 5, 7]',
        'y = [0, 0, 2], sum = 2',
        'z = [1, 1, 3]',
      ]);
      expect(
        f
          .lower(x())
          .asText('kernels')
          .match(/^program/gm),
      ).toHaveLength(1);
    });

    test('printing alone, of constants, and of nothing', async () => {
      jit((v: NDArray) => {
        debug.print('here');
        debug.print('{} and {}', np.array([1, 2]), v);
        return [];
      })(np.array(3));
      expect(await printed()).toEqual(['here', '[1, 2] and 3']);
    });

    test('texts of formats', async () => {
      debug.print('{1} {0} {{}} {a}', 1, [np.array(2), { w: np.array([true]) }], { a: 'text' });
      expect(await printed()).toEqual(['[2, { w: [true] }] 1 {} text']);
      expect(() => debug.print('{} {}', 1)).toThrow(/debug\.print.*no argument for/);
      expect(() => debug.print('{a}', { b: 1 })).toThrow(/no object with a key "a"/);
      expect(() => debug.print('x', 1)).toThrow(/argument 0 has no/);
    });

    test('under grad, jvp and vmap, in every order with jit', async () => {
      const f = (v: NDArray): NDArray => {
        debug.print('v = {}', v);
        return v.mul(v);
      };
      const expected = async (run: () => unknown, ...texts: readonly string[]): Promise<void> => {
        lines = [];
        run();
        expect(await printed()).toEqual(texts);
      };
      const one = np.array(3);
      await expected(() => grad(f)(one), 'v = 3');
      await expected(() => jit(grad(f))(one), 'v = 3');
      await expected(() => grad(jit(f))(one), 'v = 3');
      await expected(() => jvp(f, [one], [one]), 'v = 3');
      await expected(() => jvp(jit(f), [one], [one]), 'v = 3');
      await expected(() => vmap(f)(x()), 'v = 1', 'v = 2', 'v = 3');
      await expected(() => jit(vmap(f))(x()), 'v = 1', 'v = 2', 'v = 3');
      await expected(() => vmap(jit(f))(x()), 'v = 1', 'v = 2', 'v = 3');
      await expected(() => vmap(grad(jit(f)))(x()), 'v = 1', 'v = 2', 'v = 3');
      await expected(() => vmap((v: NDArray) => (f(one), v))(x()), 'v = 3');
      await expected(() => disableJit(() => jit(f)(one)), 'v = 3');
      // Two batches: the outer one is the outer loop.
      const m = np.array([[1, 2], [3, 4]]); // prettier-ignore
      await expected(() => vmap(vmap(f))(m), 'v = 1', 'v = 2', 'v = 3', 'v = 4');
      await expected(() => vmap(vmap(f, 0), 1)(m), 'v = 1', 'v = 3', 'v = 2', 'v = 4');
    });

    test('in a function that is transposed: each time that the transpose is applied', async () => {
      const f = (v: NDArray): NDArray => {
        debug.print('twice {}', np.array(2).mul(3));
        return v.mul(2);
      };
      const one = np.array(1);
      const back = linearTranspose(f, one);
      expect(await printed()).toEqual([]);
      expect(await back(np.array(3))[0].item()).toBe(6);
      back(np.array(4));
      expect(await printed()).toEqual(['twice 6', 'twice 6']);
      linearTranspose(jit(f), one)(one);
      jit((ct: NDArray) => linearTranspose(f, one)(ct)[0])(one);
      expect(await printed()).toHaveLength(4);
      const counting = (v: NDArray): NDArray =>
        lax
          .scan(
            ([c, k]: readonly [NDArray, NDArray], u: NDArray) => {
              debug.print('k = {}', k);
              return [[c.mul(k), k.add(1)] as const, c.mul(u)] as const;
            },
            [v, one] as const,
            x(),
          )[1]
          .sum();
      lines = [];
      expect(await linearTranspose(counting, one)(one)[0].item()).toBe(9);
      expect(await printed()).toEqual(['k = 1', 'k = 2', 'k = 3']);
    });

    test('a batch along any axis, of operands that are mapped and others', async () => {
      const seen: unknown[] = [];
      const m = np.array([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
      const f = (row: NDArray, same: NDArray): NDArray => {
        debug.callback((a: NDArray, b: NDArray) => void seen.push([a.tolistSync(), b.itemSync()]), row, same);
        return row;
      };
      jit(vmap(f, [1, null]))(m, np.array(7));
      await effectsBarrier();
      expect(seen).toEqual([[[1, 4], 7], [[2, 5], 7], [[3, 6], 7]]); // prettier-ignore
    });

    test('callbacks see the values of trees, and plain values as they are', async () => {
      let seen: unknown = null;
      interface Entry { readonly w: NDArray } // prettier-ignore
      const look = (t: Entry, tag: string, n: number): void => void (seen = [t.w.tolistSync(), tag, n]);
      jit((v: NDArray) => (debug.callback(look, { w: v.add(1) }, 'tag', 3), v))(x());
      await effectsBarrier();
      expect(seen).toEqual([[2, 3, 4], 'tag', 3]);
      debug.breakpoint({ w: np.array(5) }, (values) => void (seen = values));
      await effectsBarrier();
      expect((seen as Entry).w.itemSync()).toBe(5);
    });

    test('donated arguments are given up all the same', async () => {
      const f = jit((v: NDArray) => (debug.print('{}', v.sum()), v.mul(2)), { donateArgnums: 0 });
      const v = np.ones(40);
      const y = f(v.add(0));
      expect(await printed()).toEqual(['40']);
      expect((await y.data())[39]).toBe(2);
      expect(() => f(y) && y.add(1)).toThrow(/donated/);
    });

    const sine = (v: NDArray): NDArray =>
      pureCallback((a: NDArray) => a.dataSync().map(Math.sin), new ShapeDtypeStruct(v.shape, 'f32'), v);

    test('a pure callback gives values, and cuts a jitted function in two programs', async () => {
      const f = jit((v: NDArray) => sine(v.mul(2)).add(v.sum()));
      const expected = [1, 2, 3].map((v) => Math.sin(2 * v) + 6);
      (await f(x()).data()).forEach((y, i) => expect(y).toBeCloseTo(expected[i] as number, 5));
      (await sine(x()).data()).forEach((y, i) => expect(y).toBeCloseTo(Math.sin(i + 1), 5));
      expect(
        f
          .lower(x())
          .asText('kernels')
          .match(/^program/gm),
      ).toHaveLength(2);
      expect(String(makeJaxpr(sine)(x()))).toContain('pureCallback[host=');
    });

    test('prints and pure callbacks keep their order', async () => {
      const f = jit((v: NDArray) => {
        debug.print('first {}', v);
        const y = pureCallback((a: NDArray) => (lines.push('second'), a.itemSync() + 1), typeOf(v), v);
        debug.print('third {}', v);
        const z = pureCallback((a: NDArray) => (lines.push('fourth'), a.itemSync() * 2), typeOf(y), y);
        debug.print('fifth {}', z);
        return z;
      });
      expect(await f(np.array(3)).item()).toBe(8);
      expect(await printed()).toEqual(['first 3', 'second', 'third 3', 'fourth', 'fifth 8']);
    });

    test('results of pure callbacks: trees, several, unused', async () => {
      const spec = { a: typeOf(np.zeros([2, 2])), b: [new ShapeDtypeStruct([], 'i32')] } as const;
      const f = jit((v: NDArray) => {
        const { a, b } = pureCallback(
          (u: NDArray) => ({ a: [[u.itemSync(), 1], [2, 3]], b: [7] }) as const, // prettier-ignore
          spec,
          v,
        );
        pureCallback(() => (lines.push('unused'), 1), spec.b[0]);
        return [a, b[0]];
      });
      const [a, b] = f(np.array(9));
      expect(await a?.tolist()).toEqual([[9, 1], [2, 3]]); // prettier-ignore
      expect(b?.dtype).toBe('i32');
      expect(await b?.item()).toBe(7);
      expect(await printed()).toEqual([]);
    });

    test('pure callbacks under vmap, by each method', async () => {
      const shapes: string[] = [];
      const add = (method: 'sequential' | 'expandDims' | 'broadcastAll') => (v: NDArray, w: NDArray) =>
        pureCallback(
          (a: NDArray, b: NDArray) => {
            shapes.push(`${String(typeOf(a))} ${String(typeOf(b))}`);
            const [p, q] = [a.dataSync(), b.dataSync()];
            return p.map((u, i) => u + (q[i % q.length] as number));
          },
          typeOf(v),
          v,
          w,
          { vmapMethod: method },
        );
      for (const method of ['sequential', 'expandDims', 'broadcastAll'] as const) {
        const y = jit(vmap(add(method), [0, null]))(np.array([[1], [2]]), np.array([10])); // prettier-ignore
        expect(await y.tolist()).toEqual([[11], [12]]);
      }
      expect(shapes).toEqual(['f32[1] f32[1]', 'f32[1] f32[1]', 'f32[2,1] f32[1,1]', 'f32[2,1] f32[2,1]']);
    });

    test('a pure callback has no derivative, and says so', () => {
      expect(() => grad((v: NDArray) => sine(v).sum())(x())).toThrow(/no derivative.*customJvp.*callbacks\.ts/);
      expect(() => jit(grad((v: NDArray) => sine(v).sum()))(x())).toThrow(/no derivative/);
    });

    test('what a callback throws comes from the call, or from reading what it should have made', async () => {
      const bad = jit(
        (v: NDArray) =>
        pureCallback(() => { throw new RangeError('too large'); }, typeOf(v), v).mul(2), // prettier-ignore
      );
      if (later) {
        const y = bad(x());
        await expect(y.data()).rejects.toThrow(CallbackError);
        await expect(y.data()).rejects.toThrow(/too large/);
      } else {
        expect(() => bad(x())).toThrow(RangeError);
      }
      const wrong = jit((v: NDArray) => pureCallback(() => [1, 2], typeOf(v), v));
      const run = async (): Promise<unknown> => wrong(x()).data();
      await expect(run()).rejects.toThrow(/pureCallback of .* the result is f32\[2\], but f32\[3\] was promised/);
    });

    test('NaN are found by the call, or by reading what has them', async () => {
      const f = jit((v: NDArray) => [np.log(v), v.add(1)]);
      const run = async (): Promise<unknown> => {
        const [a, b] = debugNans(() => f(np.array([1, -1])));
        expect(await b?.tolist()).toEqual([2, 0]);
        return a?.data();
      };
      await expect(run()).rejects.toThrow(later ? /\[the function\] gave NaN: 1 of 2 .*, first at \[1\], called at .*callbacks\.ts/ : /\[log\] gave NaN/); // prettier-ignore
      expect(await debugNans(() => f(np.array([1, 1])))[0]?.tolist()).toEqual([0, 0]);
    });

    test('prints in loops', async () => {
      const f = jit((v: NDArray) =>
        lax.scan((c: NDArray, u: NDArray) => (debug.print('{} {}', c, u), [c.add(u), c]), np.array(0), v),
      );
      const [last, before] = f(x());
      expect([await last.item(), await before.tolist()]).toEqual([6, [0, 1, 3]]);
      expect(await printed()).toEqual(['0 1', '1 2', '3 3']);
      const g = jit((v: NDArray) => lax.whileLoop((c: NDArray) => c.lt(4), (c: NDArray) => (debug.print('{}', c), c.add(c)), v)); // prettier-ignore
      if (later) expect(() => g(np.array(1))).toThrow(/while.*callback.*asynchronously/);
      else expect(g(np.array(1)).itemSync()).toBe(4);
      await effectsBarrier();
    });

    test('memory of what passes between programs is given back', async () => {
      const f = jit((v: NDArray) => sine(v.mul(2)).add(v));
      const v = np.ones(1000).add(0);
      await f(v).data();
      const before = defaultDevice().memory().liveBuffers;
      const kept = [f(v), f(v), f(v)];
      for (const y of kept) await y.data();
      expect(defaultDevice().memory().liveBuffers - before).toBeLessThanOrEqual(3);
    });
  });
}
