/** The namespace `lax`: the primitives' functions, and control flow. */
export * from './lax/index.ts';
export * from './transforms/control/index.ts';
