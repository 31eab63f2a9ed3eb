import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../../src/index.ts';
import { closureConvert, customGradient, customVjp, grad, hessian, jit, jvp, numpy as np, ShapeDtypeStruct, stopGradient, vjp, vmap } from '../../../../src/index.ts'; // prettier-ignore

const list = (x: NDArray): unknown => x.tolistSync();
const x = np.array([1, 2, 3]);

describe('customGradient', () => {
  // x², with three times its derivative.
  const square = customGradient((v: NDArray) => [v.mul(v), (ct: NDArray) => [ct.mul(v).mul(6)]]);
  const total = (v: NDArray): NDArray => square(v).sum();

  test('the pullback is used, in every transformation', () => {
    expect(list(square(x))).toEqual([1, 4, 9]);
    for (const f of [
      total,
      jit(total),
      (v: NDArray) => vmap(square)(v).sum(),
      jit((v: NDArray) => vmap(square)(v).sum()),
    ]) {
      expect(list(grad(f)(x))).toEqual([6, 12, 18]);
      expect(list(jit(grad(f))(x))).toEqual([6, 12, 18]);
      expect(list(vmap(grad(f))(np.stack([x, x])))).toEqual([[6, 12, 18], [6, 12, 18]]); // prettier-ignore
      expect(list(hessian(f)(x))).toEqual([[6, 0, 0], [0, 6, 0], [0, 0, 6]]); // prettier-ignore
      expect(list(grad((v: NDArray) => grad(f)(v).sum())(x))).toEqual([6, 6, 6]);
    }
  });

  test('a plain if on a value works in the function', () => {
    const f = customGradient((v: NDArray) =>
      Number(v) > 0 ? [v, (ct: NDArray) => [ct.mul(2)]] : [v, (ct: NDArray) => [ct.mul(-1)]],
    );
    expect(grad((v: NDArray) => f(v))(np.array(1)).itemSync()).toBe(2);
    expect(grad((v: NDArray) => f(v))(np.array(-1)).itemSync()).toBe(-1);
  });

  test('trees; null is zero; forward mode is an error', () => {
    const f = customGradient((p: { readonly a: NDArray; readonly b: NDArray }, s: NDArray) => [
      { y: p.a.mul(s) },
      ({ y }: { readonly y: NDArray }) => [{ a: y.mul(5), b: null as unknown as NDArray }, null],
    ]);
    const [, pullback] = vjp(f, { a: x, b: x }, np.array(2));
    const [p, s] = pullback({ y: x });
    expect([list(p.a), list(p.b), list(s)]).toEqual([[5, 10, 15], [0, 0, 0], 0]); // prettier-ignore
    expect(() => jvp(square, [x], [x])).toThrow(expect.objectContaining({ code: 'forward-mode' }));
  });

  test('what does not fit is an error', () => {
    const wrong = customGradient((v: NDArray) => [v, (ct: NDArray) => [ct.sum()]]);
    expect(() => grad((v: NDArray) => wrong(v).sum())(x)).toThrow(/the pullback of .*argument 0 is f32\[\], but its value is f32\[3\]/); // prettier-ignore
    const none = customGradient<[v: NDArray], NDArray>(((v: NDArray) => [v, null]) as never);
    expect(() => grad((v: NDArray) => none(v).sum())(x)).toThrow(/the pullback is no function/);
  });
});

describe('closureConvert', () => {
  test('what is differentiated comes out, what is not stays', () => {
    const f = (s: NDArray): NDArray => {
      const constant = np.array([10, 20, 30]);
      const [converted, captured] = closureConvert((v: NDArray) => v.mul(s).add(constant), x);
      expect(captured.length).toBe(1);
      return converted(x, ...captured.map((c) => c.mul(2))).sum();
    };
    expect(f.length).toBe(1);
    expect(grad(f)(np.array(5)).itemSync()).toBe(12);
    expect(closureConvert((v: NDArray) => v.add(x), new ShapeDtypeStruct([3], 'f32'))[1]).toEqual([]);
  });

  test('lets a function with rules of its own differentiate by what its argument closes over', () => {
    // f(x) of a function that is linear in x, whose rule says so.
    type Linear = (v: NDArray, ...captured: NDArray[]) => NDArray;
    const apply = customVjp((f: Linear, v: NDArray, ...captured: NDArray[]) => f(v, ...captured), {
      nondiffArgnums: [0],
    }).defvjp(
      (f, v, ...captured) => [f(v, ...captured), { v, captured }],
      (f, { v, captured }, ct) => vjp(f, v, ...captured)[1](ct),
    );
    const g = (s: NDArray): NDArray => {
      const [f, captured] = closureConvert((v: NDArray) => v.mul(s), x);
      return apply(f, x, ...captured).sum();
    };
    expect(grad(g)(np.array(2)).itemSync()).toBe(6);
    expect(jit(grad(g))(np.array(2)).itemSync()).toBe(6);
    expect(list(vmap(grad(g))(np.array([1, 2])))).toEqual([6, 6]);
  });

  test('arguments of another type are an error', () => {
    const [converted] = closureConvert((v: NDArray) => v.mul(2), x);
    expect(() => converted(np.ones(2))).toThrow(/closureConvert of .*f32\[2\].*f32\[3\]/);
  });
});

describe('stopGradient', () => {
  test('of trees, integers included', () => {
    const f = (p: { readonly a: NDArray; readonly n: NDArray }): NDArray => {
      const stopped = stopGradient(p);
      return p.a.mul(stopped.a).mul(stopped.n.astype('f32')).sum();
    };
    const gradient = grad((a: NDArray) => f({ a, n: np.array([1, 2, 3]).astype('i32') }))(x);
    expect(list(gradient)).toEqual([1, 4, 9]);
    expect(list(jit(grad((a: NDArray) => a.mul(stopGradient(a)).sum()))(x))).toEqual([1, 2, 3]);
  });
});
