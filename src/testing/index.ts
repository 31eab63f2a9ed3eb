/** Checks of laws for your own functions: derivatives against values, batches against loops, devices against each other. */
export { assertAllclose, NotCloseError } from './allclose.ts';
export type { AllcloseOptions } from './allclose.ts';
export { BrokenLawError } from './broken-law.ts';
export type { BlamedRule } from './broken-law.ts';
export { checkBackends } from './check-backends.ts';
export type { BackendsReport, CheckBackendsOptions } from './check-backends.ts';
export { checkCustomRule } from './check-custom-rule.ts';
export { checkGrads, checkJvp, checkVjp } from './check-grads.ts';
export type { CheckGradsOptions, CheckReport, DerivativeOptions } from './check-grads.ts';
export { checkJit } from './check-jit.ts';
export { checkTransposed } from './check-transposed.ts';
export { checkVmap } from './check-vmap.ts';
export type { CompareOptions } from './tolerance.ts';
export { NothingCheckedError } from './nothing-checked.ts';
export { loadArb, MissingPackageError } from './load-arb.ts';
