import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { CompileProgress, NDArray } from '../../src/index.ts';
import {
  DeviceError,
  DeviceLostError,
  jit,
  numpy as np,
  pureCallback,
  ShapeDtypeStruct,
  valueAndGrad,
} from '../../src/index.ts';
import { alteredGpu } from './webgpu-altered.ts';

let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

const struct = (...shape: readonly number[]): ShapeDtypeStruct => new ShapeDtypeStruct(shape, 'f32');
const loss = (w: NDArray, x: NDArray): NDArray => np.tanh(x.matmul(w)).sum();

test('compiling ahead tells of each kernel, and leaves nothing to compile for the calls', async () => {
  setDefaultDevice(device);
  const f = jit((w: NDArray, x: NDArray) => valueAndGrad(loss)(w, x));
  const before = device.counters();
  const seen: CompileProgress[] = [];
  const lowered = f.lower(struct(40, 30), struct(20, 40));
  const compiled = await lowered.compile({ onProgress: (p) => seen.push(p) });
  const after = device.counters();
  const made = after.pipelines - before.pipelines;
  expect(made).toBeGreaterThan(1);
  expect(seen.map(({ done, total }) => [done, total])).toEqual(seen.map((_, i) => [i + 1, made]));
  expect(new Set(seen.map((p) => p.kernel)).size).toBe(made);
  expect(seen.every((p) => /^\w+ \(.+\)$/.test(p.kernel))).toBe(true);
  expect(after.dispatches).toBe(before.dispatches);
  const [w, x] = [np.ones([40, 30]), np.ones([20, 40])];
  await Promise.all([w.data(), x.data()]);
  const ready = device.counters();
  // Nothing waits: the submit happens in the call itself.
  compiled(w, x);
  expect(device.counters().submits).toBe(ready.submits + 1);
  const [value] = f(w, x);
  expect(await value.item()).toBeCloseTo(600, 3);
  expect(device.counters().pipelines).toBe(ready.pipelines);
});

test('parts before and after a callback are compiled ahead', async () => {
  setDefaultDevice(device);
  const f = jit((x: NDArray) => np.arctan(pureCallback((v: NDArray) => v.dataSync(), struct(33), np.expm1(x))));
  await f.lower(struct(33)).compile();
  const x = np.array(new Float32Array(33));
  const { pipelines } = device.counters();
  expect((await f(x).data())[0]).toBe(0);
  expect(device.counters().pipelines).toBe(pipelines);
});

test('compiling a shader that the device refuses, or on a device that is lost, rejects', async () => {
  let real: GPUDevice | null = null;
  const gpu = await alteredGpu((d) => {
    real = d;
    return {
      createShaderModule: (s) =>
        d.createShaderModule({ ...s, code: s.code.replace(/(fn atan_kernel.*\n.*)i32\(/, '$1oops(') }),
      createComputePipelineAsync: (p) =>
        p.label?.startsWith('tan') === true ? new Promise(() => undefined) : d.createComputePipelineAsync(p),
    };
  });
  const altered = await createWebGpuDevice({ gpu });
  setDefaultDevice(altered);
  const refused = jit((x: NDArray) => np.arctan(x))
    .lower(struct(50))
    .compile();
  await expect(refused).rejects.toThrow(DeviceError);
  await expect(refused).rejects.toThrow(/the shader of kernel atan \(atan f32\[50\]\) was refused.*oops/);
  const waiting = jit((x: NDArray) => np.tan(x))
    .lower(struct(50))
    .compile();
  (real as GPUDevice | null)?.destroy();
  await expect(waiting).rejects.toThrow(DeviceLostError);
  await altered.close();
});
