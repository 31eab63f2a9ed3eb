/** The primitives' functions: explicit shapes and dtypes, no broadcasting. The list says what is public. */
export { optimizationBarrier } from './barrier.ts';
export { clamp } from './clamp.ts';
export { allGather, axisIndex, axisSize, pmax, pmean, pmin, ppermute, psum, psumScatter } from './collective.ts';
export type { AllGatherOptions } from './collective.ts';
export type { ConvDimensionNumbers } from './conv.ts';
export { conv, convGeneralDilated, convTranspose, convWithGeneralPadding } from './convolution.ts';
export type { ConvOptions, ConvPadding, ConvTransposeOptions, DimensionNumbers } from './convolution.ts';
export { cumlogsumexp, cummax, cummin, cumprod, cumsum } from './cumulative.ts';
export type { CumulativeOptions } from './cumulative.ts';
export { dotGeneral } from './dot.ts';
export type { DotDimensionNumbers } from './dot.ts';
export {
  dynamicIndexInDim,
  dynamicSlice,
  dynamicSliceInDim,
  dynamicUpdateIndexInDim,
  dynamicUpdateSlice,
  dynamicUpdateSliceInDim,
} from './dynamic.ts';
export type { StartIndex } from './dynamic.ts';
export {
  abs,
  add,
  and,
  atan,
  atan2,
  ceil,
  cos,
  div,
  eq,
  erf,
  erfInv,
  exp,
  expm1,
  floor,
  ge,
  gt,
  integerPow,
  isFinite,
  isNan,
  le,
  log,
  log1p,
  logistic,
  lt,
  max,
  min,
  mul,
  ne,
  neg,
  not,
  or,
  pow,
  rem,
  round,
  rsqrt,
  shiftLeft,
  shiftRightArithmetic,
  shiftRightLogical,
  sign,
  sin,
  sqrt,
  square,
  sub,
  tan,
  tanh,
  xor,
} from './elementwise.ts';
export { gather, scatter, scatterAdd, scatterMax, scatterMin, scatterMul } from './gather-scatter.ts';
export type {
  GatherDimensionNumbers,
  GatherOptions,
  GatherScatterMode,
  ScatterDimensionNumbers,
  ScatterOptions,
} from './gather-scatter.ts';
export * as linalg from './linalg/index.ts';
export { argmax, argmin, reduceAnd, reduceMax, reduceMin, reduceOr, reduceProd } from './reduce.ts';
export type { Ties } from './reduce.ts';
export { reduceWindow } from './reduce-window.ts';
export type { ReduceWindowOptions, WindowComputation } from './reduce-window.ts';
export { collapse, expandDims, indexInDim, iota, pad, selectN, sliceInDim, squeeze } from './reshaping.ts';
export type { PaddingConfig } from './reshaping.ts';
export { sort, sortKeyVal, topK } from './sort.ts';
export type { SortOptions } from './sort.ts';
export { bitcastConvertType, convertElementType } from './casts.ts';
export { broadcastedIota } from './iota.ts';
export { concatenate, rev, slice } from './pieces.ts';
export { select } from './select.ts';
export { withShardingConstraint } from './sharding.ts';
export { stopGradient } from './stop-gradient.ts';
export { broadcastInDim, reduceSum, reshape, transpose } from './structural.ts';
export type { WindowReducer } from './window.ts';
