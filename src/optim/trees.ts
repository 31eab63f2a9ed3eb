import type { DType } from '../kernel/dtype.ts';
import { fill } from '../lax/structural.ts';
import { where } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { Scalar } from './scalars.ts';
import { asLike, inDtype } from './scalars.ts';

/** Trees of arrays, made and combined leaf by leaf. */

/** Arrays of one value, like a tree's arrays. */
export const filledLike = <P>(params: P, value: Scalar, dtype?: DType): P =>
  tree.map((p: NDArray) => {
    if (typeof value === 'number') return fill(p.shape, dtype ?? p.dtype, value);
    return fill(p.shape, dtype ?? p.dtype, 0).add(inDtype(value, dtype ?? p.dtype));
  }, params);

/** Zeros like a tree's arrays. */
export const zerosLike = <P>(params: P, dtype?: DType): P => filledLike(params, 0, dtype);

/** A tree in the dtypes of another one, so that states keep their types. */
export const castLike = <P>(values: P, like: unknown): P =>
  tree.map((x: NDArray, l: NDArray) => asLike(x, l), values, like);

/** One of two trees, as a scalar decides, in the dtypes of the second. */
export const either = <P>(condition: NDArray, first: P, second: P): P =>
  tree.map((a: NDArray, b: NDArray) => where(condition, asLike(a, b), b), first, second);
