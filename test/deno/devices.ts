import { expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, init, jit, lax, nn, numpy as np, random } from '../../src/index.ts';

/** Compiled functions of several kinds on a device, against the reference device. */
const functions: Readonly<Record<string, (x: NDArray, w: NDArray) => NDArray>> = {
  'softmax of a product': (x, w) => nn.softmax(np.matmul(x, w)),
  'the gradient of a loss': (x, w) => grad((p: NDArray) => np.tanh(np.matmul(x, p)).mul(x).mean())(w),
  sorting: (x) => np.sort(x),
  'running totals': (x) => np.cumsum(x, 0),
  'a loop': (x, w) => lax.foriLoop(0, 20, (_: NDArray, y: NDArray) => np.tanh(np.matmul(y, w)), x),
  'a loop with a condition': (x) => lax.whileLoop((y: NDArray) => np.less(y.sum(), 1e4), (y: NDArray) => y.mul(2).add(1), x),
  'adding to rows': (x, w) => x.at(np.array([0, 2, 0, 5], { dtype: 'i32' })).add(w.slice([0, 4])),
  'random numbers': (x) => random.normal(random.key(7), x.shape).add(x.mul(0)),
}; // prettier-ignore

export function onDevice(device: 'wasm' | 'webgpu'): void {
  test.each(Object.keys(functions))(`%s on ${device}`, async (name) => {
    const run = async (on: 'wasm' | 'webgpu' | 'reference'): Promise<readonly number[]> => {
      await init({ device: on });
      const [x, w] = [random.normal(random.key(1), [40, 40]), random.normal(random.key(2), [40, 40]).div(6)];
      return [...(await jit((a: NDArray, b: NDArray) => functions[name]?.(a, b) as NDArray)(x, w).data())];
    };
    const [wanted, got] = [await run('reference'), await run(device)];
    expect(got).toHaveLength(wanted.length);
    got.forEach((g, i) => expect(Math.abs(g - (wanted[i] as number))).toBeLessThan(1e-4 * Math.max(1, Math.abs(wanted[i] as number)))); // prettier-ignore
  });
}
