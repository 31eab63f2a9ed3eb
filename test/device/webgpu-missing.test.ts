import { afterEach, expect, test, vi } from 'vitest';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { DeviceUnavailableError } from '../../src/kernel/device.ts';

vi.mock('webgpu', () => {
  throw new Error("Cannot find package 'webgpu'");
});

test('without the package the error says which one and how to get it', async () => {
  await expect(createWebGpuDevice()).rejects.toThrow(DeviceUnavailableError);
  await expect(createWebGpuDevice()).rejects.toThrow(/npm package `webgpu` is missing.*npm install webgpu/);
});

afterEach(() => {
  vi.useRealTimers();
});

const never = (): Promise<never> => new Promise(() => undefined);
const adapter = { limits: {}, features: new Set(), info: {}, requestDevice: never };

test.each([
  ['asking for a GPU adapter', { requestAdapter: never }],
  ['opening the GPU adapter', { requestAdapter: () => Promise.resolve(adapter) }],
])('%s is given up when there is no answer for half a minute', async (what, gpu) => {
  vi.useFakeTimers();
  const outcome = createWebGpuDevice({ gpu: gpu as unknown as GPU }).catch((error: unknown) => error);
  const settled = vi.fn();
  void outcome.then(settled);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  const error = await outcome;
  expect(error).toBeInstanceOf(DeviceUnavailableError);
  expect(String(error)).toContain(`${what} has given no answer for 30 seconds`);
  // Nothing is left that would keep a process from ending.
  expect(vi.getTimerCount()).toBe(0);
});
