import { expect, test, vi } from 'vitest';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { DeviceUnavailableError } from '../../src/kernel/device.ts';

vi.mock('webgpu', () => {
  throw new Error("Cannot find package 'webgpu'");
});

test('without the package the error says which one and how to get it', async () => {
  await expect(createWebGpuDevice()).rejects.toThrow(DeviceUnavailableError);
  await expect(createWebGpuDevice()).rejects.toThrow(/npm package `webgpu` is missing.*npm install webgpu/);
});
