import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { platformGpu } from '../../src/backends/webgpu/platform.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { NDArray } from '../../src/index.ts';
import { DeviceLostError, jit, lax, numpy as np, profile, valueAndGrad } from '../../src/index.ts';
import { alteredGpu } from './webgpu-altered.ts';

let device: WebGpuDevice;
let hasTimestamps = false;
beforeAll(async () => {
  hasTimestamps = (await (await platformGpu()).requestAdapter())?.features.has('timestamp-query') ?? false;
  device = await createWebGpuDevice();
  setDefaultDevice(device);
});
afterAll(() => device.close());

const loss = (w: NDArray, x: NDArray): NDArray => np.tanh(x.matmul(w)).sum();

test('a call is told by its kernels: how often, how long, how much', async () => {
  const f = jit((w: NDArray, x: NDArray) => valueAndGrad(loss)(w, x), { donateArgnums: [0] });
  const [w, x] = [np.ones([64, 48]), np.ones([100, 64])];
  await Promise.all([w.data(), x.data()]);
  const lowered = jit((a: NDArray, b: NDArray) => valueAndGrad(loss)(a, b)).lower(w, x);
  const { kernels, microseconds, device: about } = await profile(f, [w, x]);
  expect(about).toBe(device.description);
  expect(microseconds).toBeGreaterThan(0);
  const cost = lowered.costAnalysis();
  expect(kernels.map((k) => k.dispatches)).toEqual(kernels.map(() => 1));
  expect(kernels.length).toBeGreaterThan(1);
  expect(kernels.reduce((n, k) => n + k.flops, 0)).toBe(cost.flops);
  expect(kernels.reduce((n, k) => n + k.bytesMoved, 0)).toBe(cost.bytesMoved);
  for (const k of kernels) {
    expect(lowered.asText('kernels')).toContain(k.name);
    if (hasTimestamps) expect(k.microseconds).toBeGreaterThan(0);
    else expect(k.microseconds).toBeNull();
  }
  expect(kernels.some((k) => k.source.includes('dotGeneral'))).toBe(true);
  // The donated argument is there as before.
  expect((await w.data())[0]).toBe(1);
});

test('loops count each of their trips, and what decides on them', async () => {
  const f = (x: NDArray): NDArray =>
    lax.whileLoop((v: NDArray) => np.less(v.sum(), 5000), (v) => np.add(v, 1), lax.foriLoop(0, 1500, (_, v: NDArray) => np.multiply(v, 1), x)); // prettier-ignore
  const { kernels } = await profile(f, [np.zeros([1000])]);
  const runs = (name: RegExp): number => kernels.filter((k) => name.test(k.name)).reduce((n, k) => n + k.dispatches, 0);
  expect(runs(/^mul/)).toBe(1500);
  expect(runs(/^add/)).toBeGreaterThanOrEqual(5);
  expect(runs(/^control$/)).toBe(runs(/^add/));
  if (hasTimestamps) for (const k of kernels) expect(k.microseconds).toBeGreaterThan(0);
});

test('memory is what it was before', async () => {
  const f = jit(loss);
  const [w, x] = [np.ones([8, 8]), np.ones([8, 8])];
  await Promise.all([w.data(), x.data()]);
  await profile(f, [w, x]);
  const held = (): readonly number[] => [device.memory().reservedBytes, device.counters().buffers];
  const before = held();
  for (let i = 0; i < 5; i++) await profile(f, [w, x]);
  expect(held()).toEqual(before);
});

test('a device that is lost meanwhile ends it', async () => {
  let real: GPUDevice | null = null;
  const altered = await createWebGpuDevice({ gpu: await alteredGpu((d) => ((real = d), {})) });
  setDefaultDevice(altered);
  const running = profile((x: NDArray) => np.sin(x), [np.zeros([10])]);
  (real as GPUDevice | null)?.destroy();
  await expect(running).rejects.toThrow(DeviceLostError);
  await altered.close();
  setDefaultDevice(device);
});
