import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { numpy as np, vjp } from '../../../src/index.ts';

test('one array given for two arguments gets a cotangent for each', () => {
  const x = np.array([1, 2]);
  const [, pullback] = vjp((a: NDArray, b: NDArray) => a.mul(2).add(b.mul(3)), x, x);
  expect(pullback(np.ones(2)).map((ct) => ct.tolistSync())).toEqual([[2, 2], [3, 3]]); // prettier-ignore
});

test('an integer argument gets zeros', () => {
  const [, pullback] = vjp((n: NDArray, v: NDArray) => v.mul(n.astype('f32')), np.arange(2), np.ones(2));
  expect(pullback(np.ones(2)).map((ct) => ct.tolistSync())).toEqual([[0, 0], [0, 1]]); // prettier-ignore
});
