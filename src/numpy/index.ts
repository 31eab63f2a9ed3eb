/** NumPy's functions over pullback's arrays: broadcasting and promotion, then `lax`. */
import { installOperations } from '../trace/value.ts';
import { at } from './at.ts';
import * as elementwise from './elementwise.ts';
import { index } from './indexing.ts';
import * as reduce from './reduce.ts';
import * as shapes from './shape.ts';
import { asArray } from '../trace/asarray.ts';
import type { Shape } from '../trace/aval.ts';
import type { DType } from '../kernel/dtype.ts';
import type { ArrayLike } from '../trace/value.ts';

export { allclose, arrayEqual, isclose } from './compare.ts';
export type { CloseOptions } from './compare.ts';
export { arange, array, asarray, eye, full, fullLike, linspace, ones, onesLike, zeros, zerosLike } from './create.ts';
export type { DTypeOptions, LikeOptions, LinspaceOptions } from './create.ts';
export { finfo, iinfo, issubdtype } from './dtypes.ts';
export type { DTypeKind, FloatInfo, IntegerInfo } from './dtypes.ts';
export { einsum } from './einsum.ts';
export {
  abs,
  add,
  arctan,
  arctan2,
  astype,
  ceil,
  clip,
  cos,
  divide,
  equal,
  exp,
  expm1,
  floor,
  floorDivide,
  greater,
  greaterEqual,
  hypot,
  isfinite,
  isinf,
  isnan,
  less,
  lessEqual,
  log,
  log1p,
  logaddexp,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  maximum,
  minimum,
  multiply,
  nanToNum,
  negative,
  notEqual,
  power,
  reciprocal,
  remainder,
  round,
  sign,
  sin,
  sqrt,
  square,
  subtract,
  tan,
  tanh,
  trueDivide,
  where,
} from './elementwise.ts';
export * as linalg from './linalg/index.ts';
export { atleast1d, atleast2d, atleast3d, copy, diag, diagonal, meshgrid, trace, tri } from './matrices.ts';
export type { MeshgridOptions } from './matrices.ts';
export { broadcastTo, promoteTypes, resultType } from './promote.ts';
export { moveaxis, pad, repeat, roll, tile } from './rearrange.ts';
export type { PadOptions } from './rearrange.ts';
export { all, any, argmax, argmin, logsumexp, max, mean, min, prod, std, sum, var_ as var } from './reduce.ts';
export type { VarianceOptions } from './reduce.ts';
export {
  concatenate,
  dot,
  expandDims,
  flip,
  hstack,
  matmul,
  outer,
  reshape,
  split,
  squeeze,
  stack,
  swapaxes,
  transpose,
  tril,
  triu,
  vstack,
} from './shape.ts';
export { argsort, cumprod, cumsum, sort } from './sorting.ts';
export type { CumulativeOptions, SortOptions } from './sorting.ts';
export { putAlongAxis, take, takeAlongAxis } from './taking.ts';
export type { TakeOptions } from './taking.ts';
export { NDArray } from '../trace/value.ts';
export type {
  ArrayAt,
  ArrayLike,
  Axis,
  Indexer,
  NestedList,
  ReadOptions,
  ReduceOptions,
  UpdateOptions,
} from '../trace/value.ts';

/** The ratio of a circle's circumference to its diameter. */
export const pi: number = Math.PI;
/** Euler's number. */
export const e: number = Math.E;
/** Positive infinity. */
export const inf = Infinity;
/** Not a number. */
export const nan = NaN;
/**
 * Adds an axis when indexing.
 *
 * @example
 * np.array([1, 2]).slice([], np.newaxis).shape; // [2, 1]
 */
export const newaxis = null;

/**
 * The shape of an array-like value.
 *
 * @example
 * np.shape([[1, 2, 3], [4, 5, 6]]); // [2, 3]
 */
export const shape = (x: ArrayLike): Shape => asArray(x).shape;
/**
 * The number of axes of an array-like value.
 *
 * @example
 * np.ndim([[1, 2, 3], [4, 5, 6]]); // 2
 */
export const ndim = (x: ArrayLike): number => asArray(x).ndim;
/**
 * The number of elements of an array-like value.
 *
 * @example
 * np.size([[1, 2, 3], [4, 5, 6]]); // 6
 */
export const size = (x: ArrayLike): number => asArray(x).size;
/** The dtypes, under NumPy's names. */
export const float32: DType = 'f32';
/** Half precision, on the CPU devices and on WebGPU adapters that have `shader-f16`. */
export const float16: DType = 'f16';
/** Double precision, on the CPU devices. */
export const float64: DType = 'f64';
/** 32-bit integers. */
export const int32: DType = 'i32';
/** 32-bit unsigned integers. */
export const uint32: DType = 'u32';
/** 8-bit integers, which wrap around as wider ones do. */
export const int8: DType = 'i8';
/** 8-bit unsigned integers. */
export const uint8: DType = 'u8';
/** 16-bit integers. */
export const int16: DType = 'i16';
/** 16-bit unsigned integers. */
export const uint16: DType = 'u16';

installOperations({ ...elementwise, ...reduce, ...shapes, index, at });
