/**
 * pullback: pure functions over arrays, differentiated, batched and compiled.
 *
 * This is the one file that knows every folder and every backend.
 */
import { createReferenceDevice } from './backends/reference/device.ts';
import { installDefaultDevice } from './compiler/runtime.ts';

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
