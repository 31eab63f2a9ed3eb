/** How devices.ts gets at the backends in browsers, where a page should fetch only those that it uses. */
import type * as Now from './backends-now.ts';
import { DeviceUnavailableError } from './kernel/device.ts';
import { ArgumentError } from './trace/errors.ts';

let wasm: ReturnType<typeof Now.loadedWasm> | null = null;
let webgpu: ReturnType<typeof Now.loadedWebGpu> | null = null;

/** Fetches what the wasm device needs. */
export const loadWasm: typeof Now.loadWasm = async () => (wasm ??= await import('./wasm.ts'));

/**
 * The same, for those who can't wait.
 *
 * @throws DeviceUnavailableError before it has been fetched.
 */
export const loadedWasm: typeof Now.loadedWasm = () => {
  if (wasm !== null) return wasm;
  throw new DeviceUnavailableError(
    'no device has been started. In browsers the parts of a device are fetched when it is asked for: call ' +
      "await init() before anything else, or await init({ device: 'webgpu' }).",
  );
};

/** Fetches what WebGPU needs. */
export const loadWebGpu: typeof Now.loadWebGpu = async () => (webgpu ??= await import('./webgpu.ts'));

/**
 * The same, for those who can't wait.
 *
 * @throws ArgumentError before it has been fetched.
 */
export const loadedWebGpu: typeof Now.loadedWebGpu = () => {
  if (webgpu !== null) return webgpu;
  throw new ArgumentError(
    "asText('wgsl'): in browsers, what spells WGSL is fetched when WebGPU is first asked for. Call " +
      "await init({ device: 'webgpu' }) before, which fetches it even where there is no WebGPU.",
  );
};
