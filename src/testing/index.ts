/** Checks of gradients against numerical derivatives, and of arrays against each other. */
export { assertAllclose } from './allclose.ts';
export type { AllcloseOptions } from './allclose.ts';
export { checkGrads, checkJvp, checkVjp } from './check-grads.ts';
export type { CheckOptions } from './check-grads.ts';
