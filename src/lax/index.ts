/** The primitives' functions: explicit shapes and dtypes, no broadcasting. */
export * from './bits.ts';
export { allGather, axisIndex, axisSize, pmax, pmean, pmin, ppermute, psum, psumScatter } from './collective.ts';
export type { AllGatherOptions } from './collective.ts';
export type { ConvDimensionNumbers } from './conv.ts';
export * from './convolution.ts';
export * from './cumulative.ts';
export * from './dot.ts';
export * from './dynamic.ts';
export * from './elementwise.ts';
export * as linalg from './linalg/index.ts';
export * from './reduce.ts';
export * from './sort.ts';
export * from './structural.ts';
export * from './window.ts';
