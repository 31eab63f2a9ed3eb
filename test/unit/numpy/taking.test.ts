import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { customJvp, grad, jit, jvp, lax, linearTranspose, numpy as np, vjp, vmap } from '../../../src/index.ts';

/** Taking at positions, some of which are beyond the array. Expected values are JAX's. */

const x = np.array([1, 2, 3]);
const ints = (list: readonly number[]): NDArray => np.array(list, { dtype: 'i32' });

describe('take fills positions beyond the array', () => {
  test('with NaN, or what is asked for', () => {
    expect(np.take(x, ints([0, 3, -1, -4])).tolistSync()).toEqual([1, NaN, 3, NaN]);
    expect(np.take(x.astype('i32'), ints([0, 5]), 0, { fillValue: 9 }).tolistSync()).toEqual([1, 9]);
    expect(np.take(x, np.array([2, 4e9], { dtype: 'u32' })).tolistSync()).toEqual([3, NaN]);
    expect(np.take(x.astype('bool'), ints([0, 5])).tolistSync()).toEqual([true, true]);
  });
  test('and passes no gradient there', () => {
    const weights = np.array([1, 2, 3, 4, 5]);
    const loss = (a: NDArray): NDArray => {
      const taken = np.take(a, ints([0, 3, -1, -4, 0]));
      return np.where(np.isnan(taken), 0, taken.mul(weights)).sum();
    };
    expect(grad(loss)(x).tolistSync()).toEqual([6, 0, 3]);
    expect(jit(grad(loss))(x).tolistSync()).toEqual([6, 0, 3]);
    const [, tangent] = jvp((a: NDArray) => np.take(a, ints([0, 5])), [x], [x]);
    expect(tangent.tolistSync()).toEqual([1, 0]);
    const [, pullback] = vjp((a: NDArray) => np.take(a, ints([0, 5, 1])), x);
    expect(pullback(np.array([1, 2, NaN]))[0].tolistSync()).toEqual([1, NaN, 0]);
  });
  test('as a whole where windows have several axes', () => {
    const matrix = np.arange(6).reshape([2, 3]).astype('f32');
    expect(np.take(matrix, ints([1, 2]), 0).tolistSync()).toEqual([[3, 4, 5], [NaN, NaN, NaN]]); // prettier-ignore
    const corner = (starts: NDArray): NDArray =>
      lax.gather(matrix, starts, { offsetDims: [0, 1], collapsedSliceDims: [], startIndexMap: [0, 1] }, [1, 2], {
        mode: 'fill',
      });
    expect(corner(ints([1, 1])).tolistSync()).toEqual([[4, 5]]);
    expect(corner(ints([1, 2])).tolistSync()).toEqual([[NaN, NaN]]);
    const both = vmap(corner)(np.array([[1, 1], [0, -1]], { dtype: 'i32' })); // prettier-ignore
    expect(both.tolistSync()).toEqual([[[4, 5]], [[NaN, NaN]]]);
  });
});

describe('taking is linear in what is taken from', () => {
  test('for linearTranspose', () => {
    const taken = linearTranspose((a: NDArray) => np.take(a, ints([0, 1, 1])), x);
    expect(taken(x)[0].tolistSync()).toEqual([1, 5, 0]);
    const beyond = linearTranspose((a: NDArray) => np.take(a, ints([0, 5])), x);
    expect(beyond(np.array([1, 2]))[0].tolistSync()).toEqual([1, 0, 0]);
    const along = linearTranspose((a: NDArray) => np.takeAlongAxis(a, ints([2, 2, 0])), x);
    expect(along(x)[0].tolistSync()).toEqual([3, 0, 3]);
  });
  test('for forward rules of a user', () => {
    const sorted = customJvp((a: NDArray) => np.sort(a)).defjvp(([a], [t]) => [
      np.sort(a),
      np.takeAlongAxis(t, np.argsort(a)),
    ]);
    const g = grad((a: NDArray) =>
      sorted(a)
        .mul(np.array([1, 10, 100]))
        .sum(),
    )(np.array([3, 1, 2]));
    expect(g.tolistSync()).toEqual([100, 1, 10]);
  });
});
