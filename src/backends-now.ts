/**
 * How devices.ts gets at the backends where the size of files does not matter: they are always there. Bundlers for browsers
 * take backends-later.ts in place of this file (`browser` in package.json).
 */
import * as wasm from './wasm.ts';
import * as webgpu from './webgpu.ts';

/** Gives what the wasm device needs. */
export const loadWasm = (): Promise<typeof wasm> => Promise.resolve(wasm);

/** The same, for those who can't wait. */
export const loadedWasm = (): typeof wasm => wasm;

/** Gives what WebGPU needs. */
export const loadWebGpu = (): Promise<typeof webgpu> => Promise.resolve(webgpu);

/** The same, for those who can't wait. */
export const loadedWebGpu = (): typeof webgpu => webgpu;
