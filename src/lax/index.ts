/** The primitives' functions: explicit shapes and dtypes, no broadcasting. */
export { optimizationBarrier } from './barrier.ts';
export * from './bits.ts';
export { allGather, axisIndex, axisSize, pmax, pmean, pmin, ppermute, psum, psumScatter } from './collective.ts';
export type { AllGatherOptions } from './collective.ts';
export { clamp } from './clamp.ts';
export type { ConvDimensionNumbers } from './conv.ts';
export * from './convolution.ts';
export { cumlogsumexp, cummax, cummin, cumprod, cumsum } from './cumulative.ts';
export type { CumulativeOptions } from './cumulative.ts';
export * from './dot.ts';
export {
  dynamicIndexInDim,
  dynamicSlice,
  dynamicSliceInDim,
  dynamicUpdateIndexInDim,
  dynamicUpdateSlice,
  dynamicUpdateSliceInDim,
} from './dynamic.ts';
export type { StartIndex } from './dynamic.ts';
export * from './elementwise.ts';
export * as linalg from './linalg/index.ts';
export { gather, scatter, scatterAdd, scatterMax, scatterMin, scatterMul } from './gather-scatter.ts';
export type {
  GatherDimensionNumbers,
  GatherOptions,
  GatherScatterMode,
  ScatterDimensionNumbers,
  ScatterOptions,
} from './gather-scatter.ts';
export * from './reduce.ts';
export { reduceWindow } from './reduce-window.ts';
export type { ReduceWindowOptions, WindowComputation } from './reduce-window.ts';
export * from './reshaping.ts';
export { sort, sortKeyVal, topK } from './sort.ts';
export type { SortOptions } from './sort.ts';
export * from './structural.ts';
export * from './window.ts';
