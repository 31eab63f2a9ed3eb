import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, hessian, hvp, jacfwd, jacobian, jacrev, jit, numpy as np, tree, vmap } from '../../../src/index.ts';

const list = (x: NDArray): unknown => x.tolistSync();
const close = (a: NDArray, b: NDArray): void => {
  expect(a.shape).toEqual(b.shape);
  if (a.size > 0) expect(a.sub(b).abs().max().itemSync()).toBeLessThan(2e-5);
};
/** All leaves are close, and the structures equal. */
const closeTrees = (a: unknown, b: unknown): void => {
  expect(tree.leavesWithPath(a).map(([path]) => tree.keystr(path))).toEqual(
    tree.leavesWithPath(b).map(([path]) => tree.keystr(path)),
  );
  tree.leaves(a).forEach((x, i) => close(x as NDArray, tree.leaves(b)[i] as NDArray));
};

const x = np.array([[0.5, -1], [2, 3]]); // prettier-ignore
const f = (v: NDArray): NDArray => np.sin(v.matmul(v)).sum(0);

describe('one array', () => {
  test('both modes give one Jacobian, [...out, ...in]', () => {
    const [forward, reverse] = [jacfwd(f)(x), jacrev(f)(x)];
    expect(forward.shape).toEqual([2, 2, 2]);
    close(forward, reverse);
    close(jacobian(f)(x), reverse);
  });

  test('a Jacobian’s rows are gradients', () => {
    close(jacrev(f)(x).slice(1), grad((v: NDArray) => f(v).slice(1))(x));
  });

  test('scalars and empty arrays', () => {
    expect(list(jacfwd((v: NDArray) => v.mul(v))(np.array(3)))).toBe(6);
    expect(list(jacrev((v: NDArray) => v.mul(np.array([1, 2])))(np.array(3)))).toEqual([1, 2]);
    expect(jacfwd((v: NDArray) => v.mul(2))(np.zeros([0])).shape).toEqual([0, 0]);
    expect(jacrev((v: NDArray) => np.concatenate([v, v]))(np.zeros([2, 0])).shape).toEqual([4, 0, 2, 0]);
  });

  test('a result that does not depend has zeros', () => {
    for (const jac of [jacfwd, jacrev]) expect(list(jac((_: NDArray) => np.ones(2))(np.ones(2)))).toEqual([[0, 0], [0, 0]]); // prettier-ignore
  });

  test('a plain if on a value works', () => {
    const g = (v: NDArray): NDArray => (Number(v.sum()) > 0 ? v.mul(3) : v);
    for (const jac of [jacfwd, jacrev]) expect(list(jac(g)(np.ones(1)))).toEqual([[3]]);
  });

  test('inside of jit and vmap, and of each other', () => {
    close(jit(jacfwd(f))(x), jacrev(f)(x));
    close(vmap(jacrev(f))(np.stack([x, x.mul(2)])), np.stack([jacfwd(f)(x), jacfwd(f)(x.mul(2))]));
    close(jacfwd(jacfwd(f))(x), jacrev(jacrev(f))(x));
  });
});

interface Params {
  readonly w: NDArray;
  readonly layers: readonly [{ readonly b: NDArray }];
}

describe('trees', () => {
  const params: Params = { w: np.array([[1, 2, 3], [4, 5, 6]]).mul(0.1), layers: [{ b: np.array([0.1, 0.2, 0.3]) }] }; // prettier-ignore
  const v = np.array([1, -1]);
  const g = (p: Params, u: NDArray): { readonly y: NDArray; readonly total: NDArray } => {
    const y = np.tanh(u.matmul(p.w).add(p.layers[0].b));
    return { y, total: y.sum() };
  };

  test('the result’s structure outside, the argument’s inside, as JAX nests them', () => {
    for (const jac of [jacfwd, jacrev]) {
      const j = jac(g)(params, v);
      expect(tree.map((a: NDArray) => a.shape.join(), j)).toEqual({
        total: { layers: [{ b: '3' }], w: '2,3' },
        y: { layers: [{ b: '3,3' }], w: '3,2,3' },
      });
      closeTrees(j.total, grad((p: Params) => g(p, v).total)(params));
      close(j.y.w.slice(1), grad((p: Params) => g(p, v).y.slice(1))(params).w);
    }
    closeTrees(jacfwd(g)(params, v), jacrev(g)(params, v));
  });

  test('several arguments: lists of them', () => {
    const j = jacrev(g, { argnums: [1, 0] })(params, v);
    expect(j.y[0].shape).toEqual([3, 2]);
    expect(j.y[1].w.shape).toEqual([3, 2, 3]);
    closeTrees(j, jacfwd(g, { argnums: [1, 0] })(params, v));
    close(jacfwd(g, { argnums: 1 })(params, v).y, j.y[0]);
  });

  test('hasAux', () => {
    const withAux = (p: Params, u: NDArray): readonly [NDArray, { readonly u: NDArray }] => [
      g(p, u).y,
      { u: u.mul(2) },
    ];
    for (const jac of [jacfwd, jacrev]) {
      const [j, aux] = jac(withAux, { hasAux: true })(params, v);
      closeTrees(j, jacfwd(g)(params, v).y);
      expect(list(aux.u)).toEqual([2, -2]);
    }
    const [h, aux] = hessian((p: Params, u: NDArray) => [g(p, u).total, u] as const, { hasAux: true })(params, v);
    closeTrees(h, hessian((p: Params, u: NDArray) => g(p, u).total)(params, v));
    expect(list(aux)).toEqual([1, -1]);
  });

  test('a Hessian by trees is blocks, symmetric ones', () => {
    const loss = (p: Params, u: NDArray): NDArray => g(p, u).total;
    const h = hessian(loss)(params, v);
    expect(h.w.layers[0].b.shape).toEqual([2, 3, 3]);
    expect(h.layers[0].b.w.shape).toEqual([3, 2, 3]);
    close(h.w.layers[0].b, h.layers[0].b.w.transpose([1, 2, 0]));
    closeTrees(jit(hessian(loss))(params, v), h);
    const both = hessian(loss, { argnums: [0, 1] })(params, v);
    closeTrees(both[0].w[0], h.w);
    close(both[0].layers[0].b[0].w, h.layers[0].b.w);
    close(both[1][0].w, both[0].w[1].transpose([2, 0, 1]));
  });

  test('Hessian-vector products of trees, with further arguments', () => {
    const loss = (p: Params, u: NDArray): NDArray => g(p, u).total;
    const direction = tree.map((a: NDArray) => np.sin(a.mul(7)), params);
    const h = hessian(loss)(params, v);
    const product = hvp(loss, params, direction, v);
    const b = h.layers[0].b;
    const expected = b.layers[0].b.matmul(direction.layers[0].b).add(b.w.mul(direction.w).sum([1, 2]));
    close(product.layers[0].b, expected);
    closeTrees(jit(() => hvp(loss, params, direction, v))(), product);
  });

  test('what is not float is an error that names it', () => {
    expect(() => jacfwd((p: { readonly n: readonly NDArray[] }) => p.n[0] as NDArray)({ n: [np.arange(2)] })).toThrow(
      /jacfwd of .*: argument 0\.n\[0\] is i32\[2\]/,
    );
    expect(() => jacrev((u: NDArray) => ({ n: u.astype('i32') }))(v)).toThrow(/the result\.n is i32\[2\]/);
    expect(() => jacfwd(f, { argnums: [0, 0] })(x)).toThrow(
      /argnums is \[0, 0\].*each once; it has 1 argument$|each once/,
    );
  });
});

describe('second derivatives', () => {
  test('the Hessian of a cube, jitted too, and its products', () => {
    const cube = (v: NDArray): NDArray => v.pow(3).sum();
    const at = np.array([1, 2]);
    const expected = [[6, 0], [0, 12]]; // prettier-ignore
    expect(list(hessian(cube)(at))).toEqual(expected);
    expect(list(jit(hessian(cube))(at))).toEqual(expected);
    expect(list(hvp(cube, at, np.array([1, -1])))).toEqual([6, -12]);
  });

  test('the Hessian of silu is right: f″ of x·sigmoid(x)', () => {
    const silu = (v: NDArray): NDArray => v.div(np.exp(v.neg()).add(1));
    const s = 1 / (1 + Math.exp(-0.7));
    const exact = s * (1 - s) * (2 + 0.7 * (1 - 2 * s));
    expect(hessian(silu)(np.array(0.7)).itemSync()).toBeCloseTo(exact, 5);
  });
});
