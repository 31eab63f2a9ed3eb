/**
 * pullback: pure functions over arrays, differentiated, batched and compiled.
 *
 * This is the one file that knows every folder and every backend.
 */
import { createReferenceDevice } from './backends/reference/device.ts';
import { createWebGpuDevice } from './backends/webgpu/device.ts';
import { installDefaultDevice, setDefaultDevice } from './compiler/runtime.ts';
import type { Device, DeviceName } from './kernel/device.ts';
import { DeviceUnavailableError } from './kernel/device.ts';

export * as numpy from './numpy/index.ts';
export * as lax from './lax/index.ts';
export * as random from './random/index.ts';
export * as tree from './tree/tree.ts';
export { NDArray } from './trace/value.ts';
export type { ArrayLike } from './trace/value.ts';
export { grad, jvp, valueAndGrad, vjp } from './transforms/grad.ts';
export { vmap } from './transforms/vmap.ts';
export { jit, makeJaxpr } from './transforms/jit.ts';
export { stopGradient } from './lax/structural.ts';

installDefaultDevice(createReferenceDevice);

export * as nn from './nn/index.ts';
export * as optim from './optim/index.ts';
export * as data from './data/index.ts';

const starters = new Map<DeviceName, () => Promise<Device>>([
  ['webgpu', () => createWebGpuDevice()],
  ['reference', () => Promise.resolve(createReferenceDevice())],
]);

/**
 * Starts a device and makes it the one that arrays go to from now on.
 *
 * @throws DeviceUnavailableError that says what is missing and how to get it.
 * @example
 * const device = await init({ device: 'webgpu' });
 * console.log(device.description);
 */
export async function init({ device }: { readonly device: DeviceName }): Promise<Device> {
  const start = starters.get(device);
  if (start === undefined) throw new DeviceUnavailableError(`pullback has no device ${device} here`);
  const started = await start();
  setDefaultDevice(started);
  return started;
}
