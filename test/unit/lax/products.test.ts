import { describe, expect, test } from 'vitest';
import { grad, hessian, jit, lax, numpy as np, vmap } from '../../../src/index.ts';
import type { NDArray } from '../../../src/index.ts';

/** The gradient of a product takes time and memory in proportion to its length, and is right at zeros. Values are JAX's. */

const total = (x: NDArray): NDArray => np.prod(x);

describe('the gradient of prod', () => {
  test.each<readonly [readonly number[], readonly number[]]>([
    [
      [2, 3, 4],
      [12, 8, 6],
    ],
    [
      [0, 3, 4],
      [12, 0, 0],
    ],
    [
      [0, 0, 4],
      [0, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    [[5], [1]],
    [[], []],
  ])('at %j', (x, expected) => expect(grad(total)(np.array([...x])).tolistSync()).toEqual(expected));

  test('over several axes', () => {
    const x = np.arange(8).reshape([2, 2, 2]).astype('f32');
    const g = grad((a: NDArray) =>
      np
        .prod(a, [0, 2])
        .mul(np.array([1, 2]))
        .sum(),
    )(x);
    expect(g.tolistSync()).toEqual([[[20, 0], [252, 168]], [[0, 0], [84, 72]]]); // prettier-ignore
  });

  test('its own derivative at zeros', () => {
    const h = [[0, 0, 6, 0], [0, 0, 0, 0], [6, 0, 0, 0], [0, 0, 0, 0]]; // prettier-ignore
    expect(hessian(total)(np.array([0, 3, 0, 2])).tolistSync()).toEqual(h);
    expect(jit(hessian(total))(np.array([0, 3, 0, 2])).tolistSync()).toEqual(h);
  });

  test('of a long vector', () => {
    const n = 30_000;
    const g = grad(total)(np.ones([n]));
    expect(g.sum().itemSync()).toBe(n);
    const batch = vmap(grad(total))(np.ones([2, n]).mul(np.array([[1], [-1]])));
    expect(batch.slice([], 7).tolistSync()).toEqual([1, -1]);
  });

  test('of scatterMul shares it', () => {
    const at = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
    const indices = np.array([[0], [1], [0], [0]], { dtype: 'i32' });
    const f = (u: NDArray): NDArray => lax.scatterMul(np.array([2, 3]), indices, u, at).sum();
    expect(grad(f)(np.array([5, 7, 0, 4])).tolistSync()).toEqual([0, 3, 40, 0]);
  });
});
