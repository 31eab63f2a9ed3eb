import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, jvp, linearize, linearTranspose, numpy as np, ShapeDtypeStruct, valueAndGrad, vjp, vmap } from '../../../src/index.ts'; // prettier-ignore

const list = (x: NDArray): unknown => x.tolistSync();
const x = np.array([1, 2, 3]);
const w = np.array([[1, 0, 2], [0, 1, 1]]); // prettier-ignore
const product = (a: NDArray, b: NDArray, c: NDArray): NDArray => a.mul(b).mul(c).sum();
const [a, b, c] = [np.array([1, 2]), np.array([3, 4]), np.array([5, 6])];

describe('argnums', () => {
  test('a list gives a list of gradients, in its order', () => {
    expect(grad(product, { argnums: [2, 0] })(a, b, c).map(list)).toEqual([[3, 8], [15, 24]]); // prettier-ignore
    const [value, gradient] = valueAndGrad(product, { argnums: [1] })(a, b, c);
    expect([list(value), gradient.map(list)]).toEqual([63, [[5, 12]]]);
    expect(jit(grad(product, { argnums: [0, 1, 2] }))(a, b, c).map(list)).toEqual([[15, 24], [5, 12], [3, 8]]); // prettier-ignore
  });

  test('one array given twice has two gradients', () => {
    expect(grad(product, { argnums: [0, 1] })(a, a, c).map(list)).toEqual([[5, 12], [5, 12]]); // prettier-ignore
  });

  test('with trees, and an auxiliary result', () => {
    const f = (p: { readonly w: NDArray }, s: NDArray): readonly [NDArray, { readonly s: NDArray }] => [
      p.w.mul(s).sum(),
      { s },
    ];
    const [gradient, aux] = grad(f, { argnums: [0, 1], hasAux: true })({ w: a }, np.array(2));
    expect([list(gradient[0].w), list(gradient[1]), list(aux.s)]).toEqual([[2, 2], 3, 2]);
  });

  test('positions that are not there, or there twice, are errors', () => {
    expect(() => grad(product, { argnums: 3 as never })(a, b, c)).toThrow(/argnums is 3.*it has 3 arguments/);
    expect(() => grad(product, { argnums: [0, 0] })(a, b, c)).toThrow(/argnums is \[0, 0\].*each once/);
    expect(() => grad(product, { argnums: [] })(a, b, c)).toThrow(/argnums is \[\]/);
  });
});

describe('auxiliary results', () => {
  const f = (v: NDArray): readonly [NDArray, { readonly half: NDArray; readonly n: NDArray }] => [
    np.sin(v),
    { half: v.mul(0.5), n: np.arange(2) },
  ];

  test('of vjp, linearize and jvp, which differentiate the value only', () => {
    const zero = np.zeros(2);
    const [y, pullback, aux] = vjp(f, zero, { hasAux: true });
    expect([list(y), list(aux.half), list(aux.n)]).toEqual([[0, 0], [0, 0], [0, 1]]); // prettier-ignore
    expect(pullback(np.array([1, 2])).map(list)).toEqual([[1, 2]]);
    const [z, linear, aux2] = linearize(f, zero, { hasAux: true });
    expect([list(z), list(linear(np.array([3, 4]))), list(aux2.n)]).toEqual([[0, 0], [3, 4], [0, 1]]); // prettier-ignore
    const [u, t, aux3] = jvp(f, [zero], [np.array([5, 6])], { hasAux: true });
    expect([list(u), list(t), list(aux3.half)]).toEqual([[0, 0], [5, 6], [0, 0]]); // prettier-ignore
  });

  test('of vjp alone may depend on nothing that is differentiated', () => {
    const [, pullback, aux] = vjp((v: NDArray) => [np.ones(2), v] as const, a, { hasAux: true });
    expect([pullback(a).map(list), list(aux)]).toEqual([[[0, 0]], [1, 2]]); // prettier-ignore
  });

  test('must be there', () => {
    expect(() => vjp(np.sin as never, a, { hasAux: true })).toThrow(/must return \[value, aux\]/);
  });
});

describe('linearize', () => {
  test('gives a linear function that can be called again, batched, jitted and differentiated', () => {
    let calls = 0;
    const [y, df] = linearize((v: NDArray) => {
      calls++;
      return np.sin(v).mul(v);
    }, x);
    const slope = np.cos(x).mul(x).add(np.sin(x));
    const near = (u: NDArray, v: NDArray): void => expect(u.sub(v).abs().max().itemSync()).toBeLessThan(1e-5);
    near(y, np.sin(x).mul(x));
    near(df(np.ones(3)), slope);
    near(df(x), slope.mul(x));
    near(vmap(df)(np.stack([x, x])), np.stack([slope.mul(x), slope.mul(x)]));
    near(jit(df)(x), slope.mul(x));
    near(grad((t: NDArray) => df(t).sum())(x), slope);
    near(linearTranspose(df, x)(x)[0], slope.mul(x));
    expect(calls).toBe(1);
  });

  test('of trees; arguments that are not float have no tangent', () => {
    const f = (p: { readonly w: NDArray; readonly n: NDArray }): { readonly y: NDArray; readonly n: NDArray } => ({
      y: p.w.mul(p.n.astype('f32')),
      n: p.n,
    });
    const [y, df] = linearize(f, { w: a, n: np.arange(2) });
    expect(list(y.y)).toEqual([0, 2]);
    const t = df({ w: np.array([10, 20]), n: np.arange(2) });
    expect([list(t.y), list(t.n), t.n.dtype]).toEqual([[0, 20], [0, 0], 'i32']); // prettier-ignore
  });

  test('a tangent that does not fit is an error', () => {
    const [, df] = linearize((p: { readonly w: NDArray }) => p.w, { w: a });
    expect(() => df({ w: x })).toThrow(/tangent at \[0\]\.w is f32\[3\], but its value is f32\[2\]/);
    expect(() => df([a] as never)).toThrow(/values and tangents differ/);
  });

  test('at values that are being differentiated themselves', () => {
    const f = (v: NDArray): NDArray => {
      const [, df] = linearize((u: NDArray) => u.mul(u).mul(u), v);
      return df(np.ones([])).mul(v);
    };
    expect(grad(f)(np.array(2)).itemSync()).toBe(36);
    expect(list(vmap(f)(x))).toEqual([3, 24, 81]);
    expect(list(jit(vmap(grad(f)))(x))).toEqual([9, 36, 81]);
  });
});

describe('linearTranspose', () => {
  const f = (v: NDArray): NDArray => w.matmul(v).div(2).sub(v.sum());

  test('is the adjoint', () => {
    const ct = np.array([1, -2]);
    const [back] = linearTranspose(f, x)(ct);
    expect(f(x).mul(ct).sum().itemSync()).toBeCloseTo(back.mul(x).sum().itemSync(), 5);
    const [fromShapes] = linearTranspose(f, new ShapeDtypeStruct([3], 'f32'))(ct);
    expect(list(fromShapes)).toEqual(list(back));
  });

  test('of several arguments and trees; what does not flow back is zero', () => {
    const g = (p: { readonly u: NDArray; readonly v: NDArray }, z: NDArray): readonly [NDArray, NDArray] => [
      p.u.add(z),
      z.mul(3),
    ];
    const [p, z] = linearTranspose(g, { u: a, v: a }, a)([a, b]);
    expect([list(p.u), list(p.v), list(z)]).toEqual([[1, 2], [0, 0], [10, 14]]); // prettier-ignore
  });

  test('composes with everything, and with itself', () => {
    const t = (ct: NDArray): NDArray => linearTranspose(f, x)(ct)[0];
    const ct = np.array([1, -2]);
    expect(list(jit(t)(ct))).toEqual(list(t(ct)));
    expect(list(vmap(t)(np.stack([ct, ct])))).toEqual([list(t(ct)), list(t(ct))]);
    expect(list(linearTranspose(t, ct)(x)[0])).toEqual(list(f(x)));
    expect(list(grad((u: NDArray) => t(u).mul(x).sum())(ct))).toEqual(list(f(x)));
    const scaled = (s: NDArray): NDArray => linearTranspose((v: NDArray) => v.mul(s), np.array(1))(np.array(2))[0];
    expect(grad(scaled)(np.array(5)).itemSync()).toBe(2);
    expect(list(vmap(scaled)(x))).toEqual([2, 4, 6]);
    expect(list(linearTranspose(jit(f), x)(ct)[0])).toEqual(list(t(ct)));
  });

  test('of functions that are not linear is an error that says which operation', () => {
    const code = { code: 'not-linear' };
    expect(() => linearTranspose((v: NDArray) => np.sin(v), x)(x)).toThrow(expect.objectContaining(code));
    expect(() => linearTranspose((v: NDArray) => np.sin(v), x)(x)).toThrow(
      /only linear functions.*applies to them sin/,
    );
    expect(() => linearTranspose((v: NDArray) => v.mul(v), x)(x)).toThrow(/mul of two values that both depend/);
    expect(() => linearTranspose((v: NDArray) => np.divide(1, v), x)(x)).toThrow(
      /div, which is not linear in operand 1/,
    );
    expect(() => linearTranspose((v: NDArray) => np.where(v.gt(0), v, 0), x)(x)).toThrow(/select/);
  });

  test('takes floats only', () => {
    expect(() => linearTranspose((v: NDArray) => v, np.arange(3))).toThrow(/argument 0 is i32\[3\]/);
  });
});
