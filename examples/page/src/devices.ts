/** The devices to choose from. */
export type DeviceName = 'webgpu' | 'wasm';

/** Why WebGPU can't be used in this browser, in words; null where it can. */
export async function whyNoWebGpu(): Promise<string | null> {
  const gpu = (navigator as { readonly gpu?: GPU }).gpu;
  if (gpu === undefined) {
    return isSecureContext
      ? 'This browser has no WebGPU.'
      : 'Browsers have WebGPU only on pages served over HTTPS or from localhost, which this one is not.';
  }
  try {
    const adapter = await gpu.requestAdapter();
    return adapter === null
      ? 'This browser knows WebGPU, but finds no graphics adapter that can be used with it.'
      : null;
  } catch (error) {
    return `WebGPU does not start: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

/** What the Wasm device will be able to use here, in words. */
export const wasmWords = (): string =>
  crossOriginIsolated ? `${String(navigator.hardwareConcurrency)} threads` : 'one thread: this page is not isolated';
