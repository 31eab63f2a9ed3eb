import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../../src/index.ts';
import { customJvp, grad, jit, jvp, makeJaxpr, numpy as np, vjp, vmap } from '../../../../src/index.ts';

const list = (x: NDArray): unknown => x.tolistSync();
const x = np.array([1, 2, 3]);

/** Doubles, with a rule that says 10: what a derivative is shows whether the rule was used. */
const marked = customJvp((v: NDArray) => v.mul(2)).defjvp(([v], [t]) => [v.mul(2), t.mul(10)]);
const total = (v: NDArray): NDArray => marked(v).sum();

describe('the rule is used', () => {
  test('by forward and reverse mode', () => {
    expect(list(marked(x))).toEqual([2, 4, 6]);
    expect(jvp(marked, [x], [np.ones(3)]).map(list)).toEqual([[2, 4, 6], [10, 10, 10]]); // prettier-ignore
    expect(list(grad(total)(x))).toEqual([10, 10, 10]);
  });

  test('inside of functions that are jitted, batched, both, and both again', () => {
    const wrappings: readonly ((f: (v: NDArray) => NDArray) => (v: NDArray) => NDArray)[] = [
      (f) => jit(f),
      (f) => (v) => vmap(f)(v.reshape([3, 1])).sum(),
      (f) => jit((v) => vmap(f)(v.reshape([3, 1])).sum()),
      (f) => (v) => vmap(jit(f))(v.reshape([3, 1])).sum(),
      (f) => (v) => vmap(vmap(f))(v.reshape([1, 3, 1])).sum(),
      (f) => jit(jit(f)),
    ];
    for (const wrap of wrappings) {
      const f = wrap(total);
      expect(f(x).itemSync()).toBe(12);
      expect(list(grad(f)(x))).toEqual([10, 10, 10]);
      expect(list(jit(grad(f))(x))).toEqual([10, 10, 10]);
      expect(jvp(f, [x], [np.array([1, 0, 0])])[1].itemSync()).toBe(10);
      expect(list(vmap(grad(f))(np.ones([2, 3])))).toEqual([[10, 10, 10], [10, 10, 10]]); // prettier-ignore
    }
  });

  test('of the second order too: the rule’s own operations are differentiated', () => {
    const cube = customJvp((v: NDArray) => v.mul(v).mul(v)).defjvp(([v], [t]) => [cube(v), t.mul(v).mul(v).mul(30)]);
    const g = grad(grad((v: NDArray) => cube(v)));
    expect(g(np.array(2)).itemSync()).toBe(120);
    expect(jit(g)(np.array(2)).itemSync()).toBe(120);
    expect(jvp(grad(jit((v: NDArray) => cube(v))), [np.array(2)], [np.array(1)])[1].itemSync()).toBe(120);
    expect(list(vmap(g)(x))).toEqual([60, 120, 180]);
  });

  test('it stands in the Jaxpr as one equation', () => {
    const text = String(makeJaxpr(total)(x));
    expect(text).toMatch(/customJvp\[/);
    expect(text).toMatch(/rule=</);
    expect(String(makeJaxpr(grad(total))(x))).not.toMatch(/customJvp/);
  });
});

describe('outside of jit values are known', () => {
  const branching = customJvp((v: NDArray) => ((v as unknown as number) > 0 ? v.mul(2) : v)).defjvp(([v], [t]) => [
    branching(v),
    (v as unknown as number) > 0 ? t.mul(20) : t.mul(-1),
  ]);

  test('a plain if works in the function and in the rule, for all modes', () => {
    for (const [at, value, slope] of [
      [3, 6, 20],
      [-3, -3, -1],
    ] as const) {
      const v = np.array(at);
      expect(branching(v).itemSync()).toBe(value);
      expect(grad((u: NDArray) => branching(u))(v).itemSync()).toBe(slope);
      expect(jvp(branching, [v], [np.array(1)])[1].itemSync()).toBe(slope);
      expect(grad(grad((u: NDArray) => branching(u)))(v).itemSync()).toBe(0);
      expect(
        jvp(
          grad((u: NDArray) => branching(u)),
          [v],
          [np.array(1)],
        )[0].itemSync(),
      ).toBe(slope);
    }
  });

  test('and does not where they are not', () => {
    expect(() => jit(branching)(np.array(3))).toThrow(/not known yet/);
  });
});

interface Params {
  readonly w: NDArray;
  readonly b: NDArray | null;
}

describe('arguments', () => {
  test('trees of arguments and results; null is a zero tangent', () => {
    const f = customJvp((p: { readonly w: NDArray; readonly b: NDArray }, n: NDArray) => ({
      y: p.w.mul(n.astype('f32')).add(p.b),
      n,
    })).defjvp(([p, n], [tp]) => [
      { y: p.w.mul(n.astype('f32')).add(p.b), n },
      { y: tp.w.mul(n.astype('f32')).mul(7), n },
    ]);
    const p = { w: np.array(2), b: np.array(1) };
    const loss = (q: typeof p): NDArray => f(q, np.array(3).astype('i32')).y;
    const gradient = grad(loss)(p);
    expect([list(gradient.w), list(gradient.b)]).toEqual([21, 0]);
    const zero = customJvp((v: NDArray) => v.mul(2)).defjvp(([v]) => [v.mul(2), null]);
    expect(list(grad((v: NDArray) => zero(v).sum())(x))).toEqual([0, 0, 0]);
    expect(list(jvp(zero, [x], [x])[1])).toEqual([0, 0, 0]);
  });

  test('an empty part of a tree stays', () => {
    const f = customJvp((p: Params) => p.w.mul(2)).defjvp(([p], [t]) => [p.w.mul(2), t.w.mul(10)]);
    expect(grad((p: Params) => f(p))({ w: np.array(1), b: null }).b).toBeNull();
  });

  test('nondiffArgnums: anything, given to the rule first', () => {
    const apply = customJvp((f: (v: NDArray) => NDArray, v: NDArray, n: number) => f(v).mul(n), {
      nondiffArgnums: [0, 2],
    }).defjvp((f, n, [v], [t]) => [f(v).mul(n), t.mul(100 * n)]);
    expect(list(apply(np.sin, np.array(0), 3))).toBe(0);
    expect(grad((v: NDArray) => apply(np.sin, v, 3))(np.array(0)).itemSync()).toBe(300);
    expect(grad(jit((v: NDArray) => apply(np.sin, v, 3)))(np.array(0)).itemSync()).toBe(300);
  });

  test('defjvps: a rule for each argument, and none where the result does not depend', () => {
    const f = customJvp((a: NDArray, b: NDArray, c: NDArray) => a.mul(b).add(c)).defjvps(
      (t, _out, _a, b) => t.mul(b),
      (t, _out, a) => t.mul(a).mul(100),
      null,
    );
    const args = [np.array(2), np.array(3), np.array(4)] as const;
    const [, pullback] = vjp(f, ...args);
    expect(pullback(np.array(1)).map(list)).toEqual([3, 200, 0]);
    expect(jvp(f, [...args], [np.array(1), np.array(1), np.array(1)]).map(list)).toEqual([10, 203]);
  });
});

describe('values from outside', () => {
  const scaled = (s: NDArray): ((v: NDArray) => NDArray) =>
    customJvp((v: NDArray) => v.mul(s)).defjvp(([v], [t]) => [v.mul(s), t.mul(10)]);

  test('are fine where they are not differentiated', () => {
    expect(grad((v: NDArray) => scaled(np.array(3))(v))(np.array(1)).itemSync()).toBe(10);
    expect(jit(grad((v: NDArray) => scaled(np.array(3))(v)))(np.array(1)).itemSync()).toBe(10);
  });

  test('are an error where they are, eager and jitted', () => {
    const f = (s: NDArray): NDArray => scaled(s)(np.array(2));
    const both = (s: NDArray): NDArray => scaled(s)(s);
    for (const g of [grad(f), grad(both), grad(jit(f)), jit(grad(f)), grad(jit(both))]) {
      expect(() => g(np.array(3))).toThrow(expect.objectContaining({ code: 'custom-rule' }));
    }
    expect(() => jvp(both, [np.array(3)], [np.array(1)])).toThrow(/Pass the value as an argument/);
  });

  test('may be batched', () => {
    const at = np.array([1, 1, 1]);
    expect(list(vmap((s: NDArray) => scaled(s)(np.array(2)))(x))).toEqual([2, 4, 6]);
    expect(list(vmap((s: NDArray, v: NDArray) => scaled(s)(v))(x, at))).toEqual([1, 2, 3]);
    const g = vmap((s: NDArray, v: NDArray) => grad((u: NDArray) => scaled(s)(u))(v));
    expect(list(g(x, at))).toEqual([10, 10, 10]);
    expect(list(grad((v: NDArray) => vmap((s: NDArray, u: NDArray) => scaled(s)(u))(x, v).sum())(at))).toEqual([
      10, 10, 10,
    ]);
    expect(list(jit(vmap((s: NDArray) => scaled(s)(np.array(2))))(x))).toEqual([2, 4, 6]);
  });

  test('may be the rule’s alone: they are differentiated as part of it', () => {
    const f = (s: NDArray, v: NDArray): NDArray => {
      const g = customJvp((u: NDArray) => u.mul(2)).defjvp(([u], [t]) => [u.mul(2), t.mul(s).mul(s)]);
      return grad((u: NDArray) => g(u))(v);
    };
    expect(f(np.array(3), np.array(1)).itemSync()).toBe(9);
    expect(grad(f)(np.array(3), np.array(1)).itemSync()).toBe(6);
    expect(list(vmap(f, [0, null])(x, np.array(1)))).toEqual([1, 4, 9]);
  });
});

describe('mistakes', () => {
  const one = np.array(1);
  const code = { code: 'custom-rule' };

  test('no rule', () => {
    expect(() => customJvp((v: NDArray) => v)(one)).toThrow(/no derivative rule yet.*defjvp/);
  });

  test('results and tangents that do not fit, with their paths', () => {
    const f = (v: NDArray): { readonly a: readonly [NDArray] } => ({ a: [v] });
    const loss =
      (g: typeof f) =>
      (v: NDArray): NDArray =>
        g(v).a[0].sum();
    const shape = customJvp(f).defjvp(([v], [t]) => [f(v), { a: [t.reshape([3, 1])] }]);
    expect(() => grad(loss(shape))(x)).toThrow(
      /tangent of the result\.a\[0\] is f32\[3,1\], but its value is f32\[3\]/,
    );
    const dtype = customJvp(f).defjvp(([v], [t]) => [f(v), { a: [t.astype('f64')] }]);
    expect(() => jvp(loss(dtype), [x], [x])).toThrow(/f64\[3\].*f32\[3\]/);
    const structure = customJvp(f).defjvp(([v], [t]) => [f(v), { a: [t, t] } as never]);
    expect(() => jvp(loss(structure), [x], [x])).toThrow(
      /of the result\.a must have the structure.*a tuple of 1.*a tuple of 2/,
    );
    const pair = customJvp(f).defjvp((([v]: [NDArray]) => f(v)) as never);
    expect(() => jvp(loss(pair), [x], [x])).toThrow(/must return \[result, tangent\]/);
    const value = customJvp(f).defjvp(([v], [t]) => [{ a: [v.sum()] }, { a: [t.sum()] }]);
    expect(() => grad(jit(loss(value)))(x)).toThrow(/the result\.a\[0\] is f32\[\], and f32\[3\]/);
    const primal = customJvp(f).defjvp(([v], [t]) => [f(v.add(t)), { a: [t] }]);
    expect(() => grad(loss(primal))(x)).toThrow(expect.objectContaining(code));
  });

  test('arguments that are no arrays, and positions that are not there', () => {
    const f = customJvp((v: NDArray, _how: string) => v).defjvp(([v]) => [v, null]);
    expect(() => f(one, 'fast')).toThrow(/argument 1 of .* is the string "fast".*nondiffArgnums/);
    const g = customJvp((v: NDArray) => v, { nondiffArgnums: 1 as never }).defjvp((() => [one, null]) as never);
    expect(() => g(one)).toThrow(/nondiffArgnums has 1/);
  });

  test('a rule that is not linear', () => {
    const f = customJvp((v: NDArray) => v).defjvp(([v], [t]) => [v, t.mul(t)]);
    expect(() => grad((v: NDArray) => f(v))(one)).toThrow(/applies to them mul of two values/);
  });
});

test('it is called as the function is that it stands for', () => {
  const half = (v: NDArray): NDArray => v.div(2);
  expect(customJvp(half).name).toBe('half');
  expect(customJvp((v: NDArray) => v).name).toBe('');
});
