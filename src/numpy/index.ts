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

export * from './compare.ts';
export * from './create.ts';
export * from './dtypes.ts';
export * from './einsum.ts';
export * from './elementwise.ts';
export * as linalg from './linalg/index.ts';
export * from './matrices.ts';
export { all, any, argmax, argmin, logsumexp, max, mean, min, prod, std, sum, var_ } from './reduce.ts';
export { var_ as var } from './reduce.ts';
export * from './rearrange.ts';
export * from './shape.ts';
export * from './sorting.ts';
export * from './taking.ts';
export { broadcastTo, promoteTypes, resultType } from './promote.ts';
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
/** Adds an axis when indexing. */
export const newaxis = null;

/** The shape of an array-like value. */
export const shape = (x: ArrayLike): Shape => asArray(x).shape;
/** The number of axes of an array-like value. */
export const ndim = (x: ArrayLike): number => asArray(x).ndim;
/** The number of elements of an array-like value. */
export const size = (x: ArrayLike): number => asArray(x).size;
/** The dtypes, under NumPy's names. */
export const float32: DType = 'f32';
/** Double precision, on the CPU devices. */
export const float64: DType = 'f64';
/** 32-bit integers. */
export const int32: DType = 'i32';
/** 32-bit unsigned integers. */
export const uint32: DType = 'u32';

installOperations({ ...elementwise, ...reduce, ...shapes, index, at });
