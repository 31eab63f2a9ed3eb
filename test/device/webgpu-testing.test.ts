import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { defaultDevice, init, numpy as np } from '../../src/index.ts';
import { assertAllclose, checkBackends, checkGrads, checkJit, checkVmap } from '../../src/testing/index.ts';

/** The test kit where the default device is a GPU, which has no f64 and can't be read at once. */

beforeAll(() => init({ device: 'webgpu' }));
afterAll(() => init({ device: 'wasm' }));

const numbers = Array.from({ length: 24 }, (_, i) => Math.sin(i));

test('derivatives are checked in f64 on the CPU, also where the function holds arrays of the GPU', async () => {
  // Computed there, and too large to be on the host as well.
  const w = np.tanh(np.array(numbers)).reshape([4, 6]);
  const x = np.sin(np.array(numbers.slice(0, 20))).reshape([5, 4]);
  const f = (y: NDArray): NDArray => np.tanh(y.matmul(w)).sum();
  expect((await checkGrads(f, [x], { order: 2 })).kinks).toBe(0);
  expect(defaultDevice().name).toBe('webgpu');
  await assertAllclose(f(x), await f(x).item());
});

test('batches and programs are compared on the GPU', async () => {
  const x = np.array(numbers.slice(0, 6));
  expect((await checkVmap((y: NDArray) => np.cumsum(np.exp(y), 0), [x])).checked).toBe(3);
  expect(await checkJit((y: NDArray) => np.exp(y).div(np.exp(y).sum()), [x])).toEqual({ checked: 1 });
});

test('the GPU is one of the devices that agree, where it has the dtype', async () => {
  const f = (y: NDArray): NDArray => np.cumsum(np.tanh(y), 0);
  expect(await checkBackends(f, [np.array([1, 2, 3])])).toEqual({ devices: ['wasm', 'webgpu'], skipped: {} });
  const wide = await checkBackends(f, [np.array([1, 2, 3], { dtype: 'f64' })]);
  expect(wide.devices).toEqual(['wasm']);
  expect(wide.skipped.webgpu).toContain('f64');
});
