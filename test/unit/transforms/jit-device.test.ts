import { afterAll, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { devicePut, DeviceUnavailableError, init, jit, numpy as np } from '../../../src/index.ts';

afterAll(() => init());

const double = (x: NDArray): NDArray => x.mul(2);

test('a function runs on the device that it was compiled for', async () => {
  const onReference = jit(double, { device: 'reference' });
  expect(() => onReference(np.array([1, 1]))).toThrow(DeviceUnavailableError);
  expect(() => onReference(np.array([1, 1]))).toThrow(
    "reference has not been started: await init({ device: 'reference' })",
  );
  await init({ device: 'reference' });
  await init();
  const y = onReference(np.array([1, 1]));
  expect(y.concrete()?.device?.name).toBe('reference');
  expect(await y.tolist()).toEqual([2, 2]);
  expect(jit(double)(np.ones([2])).concrete()?.device?.name).toBe('wasm');
  expect(jit(double, { device: 'wasm' })(np.ones([2])).concrete()?.device?.name).toBe('wasm');
  const compiled = await onReference.lower(np.ones([2])).compile();
  expect(compiled(np.array([1, 1])).concrete()?.device?.name).toBe('reference');
});

test('an argument that lives elsewhere has to be moved', async () => {
  const large = jit(double)(np.ones([4096]));
  const onReference = jit(double, { device: 'reference' });
  expect(() => onReference(large)).toThrow(/f32\[4096\] is on wasm, but is used on reference: move it with devicePut/);
  expect((await onReference(await devicePut(large, 'reference')).data())[0]).toBe(4);
});

test('inside another one it runs where that does', () => {
  const inner = jit(double, { device: 'reference' });
  expect(jit((x: NDArray) => inner(x).add(1))(np.ones([2])).concrete()?.device?.name).toBe('wasm');
});
