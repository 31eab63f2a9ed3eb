/** The primitives' functions: explicit shapes and dtypes, no broadcasting. */
export * from './bits.ts';
export * from './conv.ts';
export * from './dot.ts';
export * from './dynamic.ts';
export * from './elementwise.ts';
export * from './reduce.ts';
export * from './structural.ts';
export * from './window.ts';
