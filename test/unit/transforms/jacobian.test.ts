import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, hessian, hvp, jacfwd, jacrev, jit, numpy as np } from '../../../src/index.ts';

const x = np.array([[0.5, -1], [2, 3]]); // prettier-ignore
const f = (v: NDArray): NDArray => np.sin(v.matmul(v)).sum(0);

test('both modes give one Jacobian, [...out, ...in]', () => {
  const [forward, reverse] = [jacfwd(f)(x), jacrev(f)(x)];
  expect(forward.shape).toEqual([2, 2, 2]);
  expect(forward.sub(reverse).abs().max().itemSync()).toBeLessThan(1e-5);
});

test('a Jacobian’s rows are gradients', () => {
  const row = grad((v: NDArray) => f(v).slice(1))(x);
  expect(jacrev(f)(x).slice(1).sub(row).abs().max().itemSync()).toBeLessThan(1e-6);
});

test('the Hessian of a cube, jitted too, and its products', () => {
  const cube = (v: NDArray): NDArray => v.pow(3).sum();
  const at = np.array([1, 2]);
  const expected = [[6, 0], [0, 12]]; // prettier-ignore
  expect(hessian(cube)(at).tolistSync()).toEqual(expected);
  expect(jit(hessian(cube))(at).tolistSync()).toEqual(expected);
  expect(hvp(cube, at, np.array([1, -1])).tolistSync()).toEqual([6, -12]);
});

test('the Hessian of silu is right: f″ of x·sigmoid(x)', () => {
  const silu = (v: NDArray): NDArray => v.div(np.exp(v.neg()).add(1));
  const s = 1 / (1 + Math.exp(-0.7));
  const exact = s * (1 - s) * (2 + 0.7 * (1 - 2 * s));
  expect(hessian(silu)(np.array(0.7)).itemSync()).toBeCloseTo(exact, 5);
});
