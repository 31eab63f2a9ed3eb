import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { fwdAndBwd, grad, jit, numpy as np, tree, vmap } from '../../../src/index.ts';

const list = (x: NDArray): unknown => x.tolistSync();
const w = np.array([[0.1, 0.2], [0.3, 0.4]]); // prettier-ignore
const x = np.array([[1, 2]]);
const layer = (p: { readonly w: NDArray }, v: NDArray): NDArray => np.tanh(v.matmul(p.w));
const ct = np.array([[1, -1]]);
const expected = grad((p: { readonly w: NDArray }, v: NDArray) => layer(p, v).mul(ct).sum(), { argnums: [0, 1] })({ w }, x); // prettier-ignore

test('two functions that can be jitted apart, with arrays in between', () => {
  const [fwd, bwd] = fwdAndBwd(layer, { argnums: [0, 1] });
  let traces = 0;
  const [jitFwd, jitBwd] = [
    jit(fwd),
    jit((...args: Parameters<typeof bwd>) => {
      traces++;
      return bwd(...args);
    }),
  ];
  for (const [f, b] of [
    [fwd, bwd],
    [jitFwd, jitBwd],
    [jitFwd, jitBwd],
    [fwd, jitBwd],
  ] as const) {
    // prettier-ignore
    const [y, residuals] = f({ w }, x);
    expect(list(y)).toEqual(list(layer({ w }, x)));
    expect(tree.leaves(residuals).length).toBeGreaterThan(0);
    const [p, v] = b(residuals, ct);
    expect([list(p.w), list(v)]).toEqual([list(expected[0].w), list(expected[1])]);
  }
  expect(traces).toBe(1);
});

test('batched, by the first argument, with an auxiliary result', () => {
  const [fwd, bwd] = fwdAndBwd((p: { readonly w: NDArray }, v: NDArray) => [layer(p, v), { v }] as const, {
    hasAux: true,
  });
  const batch = np.stack([x, x]);
  const gradients = vmap((v: NDArray) => {
    const [, residuals, aux] = fwd({ w }, v);
    return [bwd(residuals, ct).w, aux.v] as const;
  })(batch);
  expect(list(gradients[0])).toEqual([list(expected[0].w), list(expected[0].w)]);
  expect(list(gradients[1])).toEqual(list(batch));
});

test('a cotangent that does not fit is an error', () => {
  const [fwd, bwd] = fwdAndBwd(layer);
  const [, residuals] = fwd({ w }, x);
  expect(() => bwd(residuals, np.ones(2))).toThrow(/fwdAndBwd of layer: the cotangent is f32\[2\]/);
});
