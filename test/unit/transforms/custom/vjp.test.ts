import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../../src/index.ts';
import {
  customVjp,
  grad,
  hessian,
  jacfwd,
  jit,
  jvp,
  makeJaxpr,
  numpy as np,
  vjp,
  vmap,
} from '../../../../src/index.ts';

const list = (x: NDArray): unknown => x.tolistSync();
const x = np.array([1, 2, 3]);

/** Doubles, with a rule that says 10 times the argument: what a derivative is shows whether the rule was used. */
const marked = customVjp((v: NDArray) => v.mul(2)).defvjp(
  (v) => [v.mul(2), { v }],
  ({ v }, ct) => [ct.mul(v).mul(10)],
);
const total = (v: NDArray): NDArray => marked(v).sum();

describe('the backward rule is used', () => {
  test('inside of functions that are jitted, batched, both, and both again', () => {
    const wrappings: readonly ((f: (v: NDArray) => NDArray) => (v: NDArray) => NDArray)[] = [
      (f) => f,
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
      expect(list(grad(f)(x))).toEqual([10, 20, 30]);
      expect(list(jit(grad(f))(x))).toEqual([10, 20, 30]);
      expect(list(vmap(grad(f))(np.ones([2, 3])))).toEqual([[10, 10, 10], [10, 10, 10]]); // prettier-ignore
      expect(list(grad((v: NDArray) => grad(f)(v).sum())(x))).toEqual([10, 10, 10]);
      expect(list(jacfwd(grad(f))(x))).toEqual([[10, 0, 0], [0, 10, 0], [0, 0, 10]]); // prettier-ignore
      expect(list(jit(hessian(f))(x))).toEqual([[10, 0, 0], [0, 10, 0], [0, 0, 10]]); // prettier-ignore
    }
  });

  test('for an argument that the batch shares, the cotangents of the examples are added', () => {
    const scale = customVjp((w: NDArray, v: NDArray) => w.mul(v)).defvjp(
      (w, v) => [w.mul(v), [w, v] as const],
      ([w, v], ct) => [ct.mul(v).mul(100), ct.mul(w)],
    );
    const loss = (w: NDArray, vs: NDArray): NDArray => vmap(scale, [null, 0])(w, vs).sum();
    const w = np.array(5);
    expect(loss(w, x).itemSync()).toBe(30);
    expect(grad(loss)(w, x).itemSync()).toBe(600);
    expect(list(grad(loss, { argnums: 1 })(w, x))).toEqual([5, 5, 5]);
    expect(list(vmap(grad(loss), [0, null])(np.array([5, 6]), x))).toEqual([600, 600]);
    expect(list(vmap(grad(jit(loss)), [null, 0])(w, np.array([[1, 2], [3, 4]])))).toEqual([300, 700]); // prettier-ignore
  });

  test('a pullback may be called again, later and inside of other transformations', () => {
    const [, pullback] = vjp(marked, x);
    expect(list(pullback(np.ones(3))[0])).toEqual([10, 20, 30]);
    expect(list(pullback(np.array([1, 0, 2]))[0])).toEqual([10, 0, 60]);
    expect(list(vmap((ct: NDArray) => pullback(ct)[0])(np.ones([2, 3])))).toEqual([[10, 20, 30], [10, 20, 30]]); // prettier-ignore
    expect(list(jit((ct: NDArray) => pullback(ct)[0])(np.ones(3)))).toEqual([10, 20, 30]);
    expect(list(grad((ct: NDArray) => pullback(ct)[0].sum())(np.ones(3)))).toEqual([10, 20, 30]);
  });
});

describe('outside of jit values are known', () => {
  const branching = customVjp((v: NDArray) => ((v as unknown as number) > 0 ? v.mul(2) : v)).defvjp(
    (v) => [(v as unknown as number) > 0 ? v.mul(2) : v, { v, positive: (v as unknown as number) > 0 }],
    ({ v, positive }, ct) => {
      if (Number(ct) === 0) return [null];
      return [positive && (v as unknown as number) > 0 ? ct.mul(20) : ct.mul(-1)];
    },
  );

  test('a plain if works in the function and in the rules; residuals that are no arrays stay what they are', () => {
    for (const [at, value, slope] of [
      [3, 6, 20],
      [-3, -3, -1],
    ] as const) {
      expect(branching(np.array(at)).itemSync()).toBe(value);
      expect(grad((u: NDArray) => branching(u))(np.array(at)).itemSync()).toBe(slope);
      const [, pullback] = vjp(branching, np.array(at));
      expect(pullback(np.array(0))[0].itemSync()).toBe(0);
    }
  });
});

describe('arguments', () => {
  interface Layer {
    readonly w: NDArray;
    readonly b: NDArray;
  }

  test('trees; null for a whole argument or a part of one is zero; integers have none', () => {
    const f = customVjp((p: Layer, n: NDArray, v: NDArray) => ({ y: p.w.mul(v).add(p.b), n })).defvjp(
      (p, n, v) => [{ y: p.w.mul(v).add(p.b), n }, v],
      (v, ct) => [{ w: ct.y.mul(v).mul(7), b: null as unknown as NDArray }, null, null],
    );
    const args: [Layer, NDArray, NDArray] = [{ w: np.array(2), b: np.array(1) }, np.arange(3), np.array(4)];
    const loss = (p: Layer, n: NDArray, v: NDArray): NDArray => f(p, n, v).y;
    const gradient = grad(loss)(...args);
    expect([list(gradient.w), list(gradient.b)]).toEqual([28, 0]);
    expect(grad(loss, { argnums: 2 })(...args).itemSync()).toBe(0);
    const [out, pullback] = vjp(f, ...args);
    expect(list(pullback({ y: np.array(1), n: out.n })[1])).toEqual([0, 0, 0]);
  });

  test('nondiffArgnums are given to bwd first', () => {
    const f = customVjp((how: (v: NDArray) => NDArray, v: NDArray, n: number) => how(v).mul(n), {
      nondiffArgnums: [0, 2],
    }).defvjp(
      (how, v, n) => [how(v).mul(n), null],
      (how, n, _, ct) => [how(ct).mul(n)],
    );
    expect(grad((v: NDArray) => f(np.exp, v, 3))(np.array(0)).itemSync()).toBeCloseTo(3 * Math.E, 5);
    expect(grad(jit((v: NDArray) => f(np.exp, v, 3)))(np.array(0)).itemSync()).toBeCloseTo(3 * Math.E, 5);
  });
});

describe('forward mode', () => {
  const both = customVjp((v: NDArray) => v.mul(2))
    .defvjp(
      (v) => [v.mul(2), null],
      (_, ct) => [ct.mul(10)],
    )
    .defjvp(([v], [t]) => [v.mul(2), t.mul(20)]);
  const sum = (v: NDArray): NDArray => both(v).sum();

  test('is an error that says so, eager and compiled, without a forward rule', () => {
    const calls = [
      () => jvp(marked, [x], [x]),
      () => jvp(jit(marked), [x], [x]),
      () => jit((v: NDArray) => jvp(marked, [v], [v]))(x),
      () => jacfwd(marked)(x),
      () => grad((v: NDArray) => jvp(marked, [v], [v])[1].sum())(x),
    ];
    for (const call of calls) {
      expect(call).toThrow(expect.objectContaining({ code: 'forward-mode' }));
      expect(call).toThrow(/backward rule only \(customVjp\).*\.defjvp\(rule\)/);
    }
  });

  test('goes by the forward rule, and reverse mode by the backward rule', () => {
    const wrappings: readonly ((f: (v: NDArray) => NDArray) => (v: NDArray) => NDArray)[] = [
      (f) => f,
      (f) => jit(f),
      (f) => (v) => vmap(f)(v.reshape([3, 1])).sum(),
      (f) => jit((v) => vmap(jit(f))(v.reshape([3, 1])).sum()),
    ];
    for (const wrap of wrappings) {
      const f = wrap(sum);
      expect(jvp(f, [x], [x]).map(list)).toEqual([12, 120]);
      expect(list(grad(f)(x))).toEqual([10, 10, 10]);
      expect(list(jacfwd(f)(x))).toEqual([20, 20, 20]);
      expect(list(jit(grad(f))(x))).toEqual([10, 10, 10]);
      expect(list(vmap((v: NDArray) => jvp(f, [v], [v])[1])(np.ones([2, 3])))).toEqual([60, 60]);
    }
  });

  test('both rules may branch on known values', () => {
    const f = customVjp((v: NDArray) => v)
      .defvjp(
        (v) => [v, v],
        (v, ct) => [(v as unknown as number) > 0 ? ct.mul(2) : ct],
      )
      .defjvp(([v], [t]) => [v, (v as unknown as number) > 0 ? t.mul(3) : t]);
    expect(grad((v: NDArray) => f(v))(np.array(1)).itemSync()).toBe(2);
    expect(jvp(f, [np.array(1)], [np.array(1)])[1].itemSync()).toBe(3);
  });
});

describe('values from outside', () => {
  const scaled = (s: NDArray): ((v: NDArray) => NDArray) =>
    customVjp((v: NDArray) => v.mul(s)).defvjp(
      (v) => [v.mul(s), null],
      (_, ct) => [ct.mul(10)],
    );

  test('are an error where they are differentiated', () => {
    const f = (s: NDArray): NDArray => scaled(s)(np.array(2));
    const both = (s: NDArray): NDArray => scaled(s)(s);
    for (const g of [grad(f), grad(both), grad(jit(f)), jit(grad(f)), grad(jit(both))]) {
      expect(() => g(np.array(3))).toThrow(expect.objectContaining({ code: 'custom-rule' }));
    }
  });

  test('may be batched, in the function and in the rules', () => {
    const at = np.array([1, 1, 1]);
    const f = (s: NDArray, v: NDArray): NDArray =>
      customVjp((u: NDArray) => u.mul(s)).defvjp(
        (u) => [u.mul(s), null],
        (_, ct) => [ct.mul(s).mul(10)],
      )(v);
    expect(list(vmap(f)(x, at))).toEqual([1, 2, 3]);
    expect(list(vmap(grad(f, { argnums: 1 }))(x, at))).toEqual([10, 20, 30]);
    // Then bwd runs when the batch has ended.
    expect(() => grad((v: NDArray) => vmap(f)(x, v).sum())(at)).toThrow(/bwd rule of .* have fwd return it/);
    expect(list(vmap((s: NDArray) => grad(f, { argnums: 1 })(s, np.array(1)))(x))).toEqual([10, 20, 30]);
  });
});

describe('mistakes', () => {
  interface Params {
    readonly layers: readonly { readonly w: NDArray }[];
  }
  const f = (p: Params): NDArray => (p.layers[0]?.w as NDArray).sum();
  const params: Params = { layers: [{ w: x }] };
  const withCotangent = (ct: unknown): ((p: Params) => NDArray) =>
    customVjp(f).defvjp(
      (p) => [f(p), null],
      () => ct as never,
    );

  test.each([
    [
      [{ layers: [{ w: np.ones([3, 1]) }] }],
      /cotangent of argument 0\.layers\[0\]\.w is f32\[3,1\], but its value is f32\[3\]/,
    ],
    [
      [{ layers: [{ w: np.ones(3, { dtype: 'f64' }) }] }],
      /argument 0\.layers\[0\]\.w is f64\[3\], but its value is f32\[3\]/,
    ],
    [[{ layers: [] }], /argument 0\.layers must have the structure of its value, a tuple of 1.*but is a tuple of 0/],
    [[x, x], /the arguments must have the structure of its value, a tuple of 1/],
    [x, /must return a list with a cotangent for each/],
    [[{ layers: [{ w: 'w' }] }], /argument 0\.layers\[0\]\.w .*the string "w"/],
  ])('cotangents that do not fit: %#', (ct, message) => {
    expect(() => grad(withCotangent(ct))(params)).toThrow(message);
    expect(() => jit(grad(withCotangent(ct)))(params)).toThrow(message);
  });

  test('no rules, and a fwd rule that gives something else', () => {
    expect(() => customVjp(f)(params)).toThrow(/no derivative rules yet.*defvjp/);
    const other = customVjp(f).defvjp(
      (p) => [{ y: f(p) } as unknown as NDArray, null],
      () => [null],
    );
    expect(() => grad(jit(other))(params)).toThrow(/fwd rule of .* their results differ at the root/);
  });
});

test('a gradient’s Jaxpr holds what the rules do and nothing of the function', () => {
  const text = String(makeJaxpr(grad((v: NDArray) => customVjp((u: NDArray) => np.exp(u)).defvjp((u) => [u, null], (_, ct) => [np.sin(ct)])(v)))(np.array(1))); // prettier-ignore
  expect(text).toMatch(/sin/);
  expect(text).not.toMatch(/exp|customVjp/);
});

test('it is called as the function is that it stands for', () => {
  const half = (v: NDArray): NDArray => v.div(2);
  expect(customVjp(half).name).toBe('half');
  expect(customVjp((v: NDArray) => v).name).toBe('');
});
