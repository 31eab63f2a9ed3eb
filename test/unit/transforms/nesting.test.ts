import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { checkpoint, customJvp, customVjp, grad, hessian, jacfwd, jacrev, jit, jvp, lax, linearize, linearTranspose, numpy as np, valueAndGrad, vjp, vmap } from '../../../src/index.ts'; // prettier-ignore
import { currentTrace } from '../../../src/trace/context.ts';

const list = (x: NDArray): unknown => x.tolistSync();
const item = (x: NDArray): number => x.itemSync();
const s = (x: number): NDArray => np.array(x);
const x = np.array([1, 2, 3]);
const one = s(1);

/** The derivative of a function of one number. */
const d = (f: (v: NDArray) => NDArray): ((v: NDArray) => NDArray) => grad((v: NDArray) => f(v));

describe('perturbation confusion: each derivative is by its own variable', () => {
  test('grad of a closure’s grad', () => {
    // d/dx x·(d/dy (x + y)) = 1, by y at any place
    expect(item(d((v) => v.mul(d((u) => v.add(u))(one)))(one))).toBe(1);
    // d/dx x·(d/dy (x·y)) = 2x
    expect(item(d((v) => v.mul(d((u) => v.mul(u))(s(5))))(s(3)))).toBe(6);
    // d/dx (d/dy x²y³ at y = x) = d/dx 3x⁴
    expect(item(d((v) => d((u) => v.mul(v).mul(u).mul(u).mul(u))(v))(s(2)))).toBe(96);
  });

  test('in forward mode, and in both mixed', () => {
    const forward =
      (f: (v: NDArray) => NDArray): ((v: NDArray) => NDArray) =>
      (v) =>
        jvp(f, [v], [np.ones([])])[1];
    for (const outer of [d, forward]) {
      for (const inner of [d, forward]) {
        expect(item(outer((v) => v.mul(inner((u) => v.add(u))(one)))(one))).toBe(1);
        expect(item(outer((v) => inner((u) => v.mul(v).mul(u).mul(u).mul(u))(v))(s(2)))).toBe(96);
        expect(item(jit(outer((v) => v.mul(inner((u) => v.mul(u))(v))))(s(3)))).toBe(6);
      }
    }
  });

  test('three deep, the outer variables inside of everything', () => {
    // d³/dx dy dz of x y² z³ at 2: 6·y z² with y = z = x, differentiated inside out
    const f = (v: NDArray): NDArray => d((u) => d((t) => v.mul(u).mul(u).mul(t).mul(t).mul(t))(u))(v);
    // inner: 3 x y² z² at z = y: 3 x y⁴; by y at x: 12 x⁴; by x: 48 x³
    expect(item(f(s(2)))).toBe(192);
    expect(item(d(f)(s(2)))).toBe(384);
    expect(item(jit(d(jit(f)))(s(2)))).toBe(384);
  });

  test('a variable of an outer derivative is a constant of the inner one', () => {
    const f = d((v) => {
      const [value, slope] = valueAndGrad((_: NDArray) => v.mul(v))(one);
      return value.add(slope.mul(100));
    });
    expect(item(f(s(3)))).toBe(6);
  });
});

describe('tracers of outer transformations in inner ones', () => {
  test('vmap of grad that captures a batched value, and a differentiated one', () => {
    const f = (v: NDArray): NDArray => d((u) => u.mul(u).mul(v))(one);
    expect(list(vmap(f)(x))).toEqual([2, 4, 6]);
    const total = (c: NDArray): NDArray => vmap((v: NDArray) => d((u) => u.mul(u).mul(v).mul(c))(v))(x).sum();
    expect(item(total(s(2)))).toBe(56);
    expect(item(d(total)(s(2)))).toBe(28);
    expect(item(jit(d(total))(s(2)))).toBe(28);
  });

  test('grad through a jit that closes over outer tracers, at every level', () => {
    const f = (v: NDArray): NDArray => jit((u: NDArray) => u.mul(v).mul(v))(s(3));
    expect(item(d(f)(s(2)))).toBe(12);
    expect(item(d(d(f))(s(2)))).toBe(6);
    expect(list(vmap(d(f))(x))).toEqual([6, 12, 18]);
    expect(item(jvp(f, [s(2)], [one])[1])).toBe(12);
    const both = (v: NDArray): NDArray => jit((u: NDArray) => jit((t: NDArray) => t.mul(u).mul(v))(v))(v);
    expect(item(d(both)(s(2)))).toBe(12);
  });

  test('one jitted function inside of several transformations is traced for each of the captured values', () => {
    const results = [2, 3].map((at) => item(d((v) => jit((u: NDArray) => u.mul(v))(v))(s(at))));
    expect(results).toEqual([4, 6]);
    let captured = s(1);
    const f = jit((u: NDArray) => u.mul(captured));
    expect(item(f(s(5)))).toBe(5);
    const inside = d((v) => {
      captured = v;
      return jit((u: NDArray) => u.mul(captured))(s(5));
    });
    expect(item(inside(s(7)))).toBe(5);
  });

  test('vmap inside of vmap inside of grad', () => {
    const table = (v: NDArray): NDArray => vmap((a: NDArray) => vmap((b: NDArray) => a.mul(b).mul(v))(x))(x).sum();
    expect(item(d(table)(s(1)))).toBe(36);
    expect(list(vmap(d(table))(x))).toEqual([36, 36, 36]);
    const outer = vmap((v: NDArray) => vmap((u: NDArray) => d((t) => t.mul(t).mul(u).mul(v))(v))(x).sum());
    expect(list(outer(x))).toEqual([12, 48, 108]);
  });

  test('control flow whose bodies close over them', () => {
    const f = (v: NDArray): NDArray => lax.foriLoop(0, 3, (_, acc: NDArray) => acc.mul(v), one);
    expect(item(jvp(f, [s(2)], [one])[1])).toBe(12);
    const g = (v: NDArray): NDArray => lax.scan((acc: NDArray, u: NDArray) => [acc.mul(v).add(u), acc] as const, one, x)[0]; // prettier-ignore
    // ((v + 1)v + 2)v + 3
    expect(item(d(g)(s(2)))).toBe(3 * 4 + 2 * 2 + 2);
    expect(list(vmap(d(g))(np.array([1, 2])))).toEqual([7, 18]);
    expect(item(d((v) => d((u) => lax.cond(true, () => u.mul(v), () => v))(v))(s(3)))).toBe(1); // prettier-ignore
  });
});

describe('mixed modes and orders agree', () => {
  const f = (v: NDArray): NDArray => np.sin(v).mul(v).mul(v).sum();
  const t = np.array([0.5, -1, 2]);
  const near = (a: NDArray, b: NDArray): void => expect(a.sub(b).abs().max().itemSync()).toBeLessThan(1e-5);
  const expected = hessian(f)(x).matmul(t);

  test('jvp of vjp, vjp of jvp, linearize of grad, grad of linearize', () => {
    near(jvp(grad(f), [x], [t])[1], expected);
    near(jvp((v: NDArray) => vjp(f, v)[1](np.ones([]))[0], [x], [t])[1], expected);
    near(grad((v: NDArray) => jvp(f, [v], [t])[1])(x), expected);
    near(linearize(grad(f), x)[1](t), expected);
    near(grad((v: NDArray) => linearize(f, v)[1](t))(x), expected);
    near(vjp(grad(f), x)[1](t)[0], expected);
    near(linearTranspose(linearize(grad(f), x)[1], x)(t)[0], expected);
    near(jit((v: NDArray, u: NDArray) => jvp(jit(grad(jit(f))), [v], [u])[1])(x, t), expected);
  });

  test('linearize and pullbacks under vmap', () => {
    const directions = np.stack([t, x]);
    const [, df] = linearize(grad(f), x);
    near(vmap(df)(directions).slice(0), expected);
    const at = np.stack([x, t]);
    const perPoint = vmap((v: NDArray, u: NDArray) => linearize(grad(f), v)[1](u))(at, directions);
    near(perPoint.slice(0), expected);
    const [, pullback] = vjp(
      vmap((v: NDArray) => np.sin(v)),
      at,
    );
    near(vmap((ct: NDArray) => pullback(ct)[0])(np.stack([at, at])).slice(1), np.cos(at).mul(at));
  });

  test('third derivatives by all orders of modes', () => {
    const cube = (v: NDArray): NDArray => v.mul(v).mul(v).mul(v);
    const forward = (g: (v: NDArray) => NDArray) => (v: NDArray): NDArray => jvp(g, [v], [np.ones([])])[1]; // prettier-ignore
    const modes = [d, forward, (g: (v: NDArray) => NDArray) => jacfwd(g), (g: (v: NDArray) => NDArray) => jacrev(g), jit]; // prettier-ignore
    for (const a of modes) {
      for (const b of modes) {
        for (const c of modes) {
          const order = [a, b, c].filter((m) => m !== jit).length;
          const exact = [16, 32, 48, 48][order];
          expect(item(a(b(c(cube)))(s(2)))).toBe(exact);
        }
      }
    }
  });
});

describe('pullbacks', () => {
  test('may be called twice, in another transformation, and after their trace has ended', () => {
    const [, pullback] = vjp((v: NDArray) => v.mul(v), x);
    expect(list(pullback(np.ones(3))[0])).toEqual([2, 4, 6]);
    expect(list(pullback(x)[0])).toEqual([2, 8, 18]);
    expect(list(jit((ct: NDArray) => pullback(ct)[0])(x))).toEqual([2, 8, 18]);
    expect(list(grad((ct: NDArray) => pullback(ct)[0].mul(x).sum())(x))).toEqual([2, 8, 18]);
    expect(list(jvp((ct: NDArray) => pullback(ct)[0], [x], [x])[1])).toEqual([2, 8, 18]);
  });

  test('in the transformation that they were made in, also by an inner function', () => {
    const f = (v: NDArray): NDArray => {
      const [, pullback] = vjp((u: NDArray) => u.mul(u).mul(v), v);
      return jit((ct: NDArray) => pullback(ct)[0])(np.ones([]));
    };
    // 2v² and its derivative 4v
    expect(item(f(s(3)))).toBe(18);
    expect(item(d(f)(s(3)))).toBe(12);
    expect(list(vmap(f)(x))).toEqual([2, 8, 18]);
  });

  test('of a transformation that has ended are an error', () => {
    let leaked: ((ct: NDArray) => readonly NDArray[]) | null = null;
    vmap((v: NDArray) => {
      const [y, pullback] = vjp((u: NDArray) => u.mul(u), v);
      leaked = pullback;
      return y;
    })(x);
    expect(() => (leaked as unknown as (ct: NDArray) => readonly NDArray[])(one)).toThrow(
      expect.objectContaining({ code: 'escaped-tracer' }),
    );
    expect(currentTrace()).toBeNull();
  });

  test('leave no trace behind when they fail', () => {
    const [, pullback] = vjp((v: NDArray) => v.mul(v), x);
    expect(() => pullback(np.ones(2))).toThrow(/cotangent is f32\[2\]/);
    expect(() => grad((_: NDArray): NDArray => { throw new Error('mine'); })(x)).toThrow('mine'); // prettier-ignore
    expect(currentTrace()).toBeNull();
    expect(list(pullback(np.ones(3))[0])).toEqual([2, 4, 6]);
  });
});

describe('rules of one’s own and checkpoints in stacks', () => {
  const ten = customJvp((v: NDArray) => v.mul(v)).defjvp(([v], [t]) => [v.mul(v), t.mul(v).mul(10)]);
  const twenty = customVjp((v: NDArray) => v.mul(v)).defvjp(
    (v) => [v.mul(v), v],
    (v, ct) => [ct.mul(v).mul(20)],
  );
  const wrappings: readonly ((f: (v: NDArray) => NDArray) => (v: NDArray) => NDArray)[] = [
    (f) => f,
    (f) => jit(f),
    (f) => checkpoint(f),
    (f) => (v) => vmap(f)(np.stack([v, v])).slice(0),
    (f) => (v) => lax.scan((acc: NDArray, _: NDArray) => [f(acc), null] as const, v, np.ones([1]))[0], // prettier-ignore
    (f) => (v) => lax.cond(true, f, (u: NDArray) => u, v),
  ];

  test.each([
    ['customJvp', ten, 10],
    ['customVjp', twenty, 20],
  ] as const)('%s', (_, f, factor) => {
    for (const a of wrappings) {
      for (const b of wrappings) {
        const g = a(b((v) => f(v)));
        expect(item(g(s(3)))).toBe(9);
        expect(item(d(g)(s(3)))).toBe(3 * factor);
        expect(item(jit(d(g))(s(3)))).toBe(3 * factor);
        expect(list(vmap(d(g))(x))).toEqual([factor, 2 * factor, 3 * factor]);
        expect(item(d(d(g))(s(3)))).toBe(factor);
        expect(item(jvp(d(g), [s(3)], [one])[1])).toBe(factor);
      }
    }
  });
});
