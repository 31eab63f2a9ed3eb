import { DeviceUnavailableError } from '../../kernel/device.ts';

/** The part of the npm package `webgpu` (Dawn for Node) that is used. */
interface WebGpuPackage {
  create(options: readonly string[]): GPU;
}

// The object that create() returns must stay reachable: when it is collected, the process crashes.
let dawn: GPU | null = null;

const hasNavigatorGpu = (): boolean => {
  const scope: { readonly navigator?: { readonly gpu?: GPU } } = globalThis;
  return scope.navigator?.gpu !== undefined;
};

/** Are there files, and the modules of Node? So it is in Node and in Deno. */
export const hasFiles = (): boolean => {
  const scope: { readonly process?: { readonly versions?: { readonly node?: string } } } = globalThis;
  return scope.process?.versions?.node !== undefined;
};

const inNode = (): boolean => hasFiles() && !('Deno' in globalThis);

/** Drivers that hang leave promises open for ever; slow ones take some seconds. */
const patience = 30;

/** What the platform promises, or {@link DeviceUnavailableError} if it does not keep it within half a minute. */
export async function kept<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = (): DeviceUnavailableError =>
      new DeviceUnavailableError(
        `[webgpu] ${what} has given no answer for ${patience} seconds: the GPU's driver or process hangs; restart the browser or ` +
          'update the driver, or use the wasm device',
      );
    timer = setTimeout(() => reject(error()), patience * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The platform's entry to WebGPU: `navigator.gpu` in browsers and Deno, the optional package `webgpu` in Node. Throws
 * {@link DeviceUnavailableError} where there is neither.
 */
export async function platformGpu(): Promise<GPU> {
  if (hasNavigatorGpu()) return navigator.gpu;
  if (!inNode()) {
    throw new DeviceUnavailableError(
      '[webgpu] this browser has no WebGPU (navigator.gpu): it needs a secure page (https or localhost) and Chrome or ' +
        'Edge 113, Safari 26, Firefox 141, or newer; on Linux, Chrome may need --enable-unsafe-webgpu',
    );
  }
  if (dawn !== null) return dawn;
  // A variable, so that bundlers leave the optional package alone.
  const name = 'webgpu';
  let loaded: WebGpuPackage;
  try {
    loaded = (await import(/* @vite-ignore */ name)) as WebGpuPackage;
  } catch (cause) {
    throw new DeviceUnavailableError(
      '[webgpu] Node has no WebGPU of its own, and the npm package `webgpu` is missing or does not load here: ' +
        'npm install webgpu',
      { cause },
    );
  }
  // Pages may not tell time exactly; here nobody needs protection from whom measures.
  dawn = loaded.create(['disable-dawn-features=timestamp_quantization']);
  return dawn;
}

/** The GPU adapter, or {@link DeviceUnavailableError} with what to do where there is none. */
export async function platformAdapter(gpu: GPU): Promise<GPUAdapter> {
  let adapter: GPUAdapter | null;
  try {
    adapter = await kept(gpu.requestAdapter({ powerPreference: 'high-performance' }), 'asking for a GPU adapter');
  } catch (cause) {
    if (cause instanceof DeviceUnavailableError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceUnavailableError(`[webgpu] asking for a GPU adapter failed: ${text}`, { cause });
  }
  if (adapter !== null) return adapter;
  throw new DeviceUnavailableError(
    inNode()
      ? '[webgpu] the package `webgpu` is there, but it found no GPU adapter: install a Vulkan driver for the GPU (on ' +
          'Linux also the loader libvulkan1), or point VK_DRIVER_FILES at a software driver such as lavapipe or SwiftShader'
      : '[webgpu] WebGPU is there, but it found no GPU adapter: enable hardware acceleration, update the GPU driver, or ' +
          'start Chrome with --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader',
  );
}
