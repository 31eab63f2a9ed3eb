/** All of Wasm that devices.ts needs: in browsers a file of its own, fetched when it is first needed. */
import { createWasmDevice, wasmText } from './backends/wasm/device.ts';
import { compile } from './compiler/compile.ts';
import type { Jaxpr } from './trace/jaxpr.ts';

export { maxThreads } from './backends/wasm/control.ts';
export { createWasmDevice };

/** A program as WebAssembly, for a device. */
export const spellWasm = (
  device: ReturnType<typeof createWasmDevice>,
  name: string,
  jaxpr: Jaxpr,
  donated: readonly boolean[],
): string => wasmText(compile(name, jaxpr, device.target, donated), device);
