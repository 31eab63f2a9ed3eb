import { isFloat } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { scalarOf } from '../lax/rules.ts';
import { minimum } from '../numpy/elementwise.ts';
import { promoteTypes } from '../numpy/promote.ts';
import { ArgumentError } from '../trace/errors.ts';
import { NDArray } from '../trace/value.ts';
import { leaves } from '../tree/tree.ts';

/** A number of an optimizer: known, or an array without axes, which may be traced. */
export type Scalar = number | NDArray;

/** A number that depends on how many steps were taken before: `count` is `i32[]`. */
export type Schedule = (count: NDArray) => Scalar;

/** What is taken for a learning rate: a number, an array without axes, or a schedule. */
export type ScalarOrSchedule = Scalar | Schedule;

/** Is it a schedule, and not the number itself? */
export const isSchedule = (x: unknown): x is Schedule => typeof x === 'function';

/** @throws ArgumentError unless it is a number, an array or a schedule, as a user without types may have passed. */
export function requireScalarOrSchedule(name: string, what: string, x: ScalarOrSchedule): void {
  if (typeof x === 'number' || isSchedule(x) || x instanceof NDArray) return;
  throw new ArgumentError(`[${name}] ${what} must be a number, a scalar array or a schedule; got a ${typeof x}`);
}

/** An array in the dtype of another. */
export const asLike = (x: NDArray, like: NDArray): NDArray => inDtype(x, like.dtype);

/** An array in a dtype. */
export const inDtype = (x: NDArray, dtype: DType): NDArray => (x.dtype === dtype ? x : convertElementType(x, dtype));

/** A scalar beside which `x` keeps its dtype. */
const beside = (s: Scalar, x: NDArray): Scalar => (typeof s === 'number' ? s : asLike(s, x));

/** `s · x`, in the dtype of `x`. */
export const times = (x: NDArray, s: Scalar): NDArray => x.mul(beside(s, x));

/** `x + s`, in the dtype of `x`. */
export const plus = (x: NDArray, s: Scalar): NDArray => x.add(beside(s, x));

/** `x / s`, in the dtype of `x`. */
export const over = (x: NDArray, s: Scalar): NDArray => x.div(beside(s, x));

/** `1 − s`. */
export const oneMinus = (s: Scalar): Scalar => (typeof s === 'number' ? 1 - s : s.neg().add(1));

/** `−s`. */
export const negated = (s: Scalar): Scalar => (typeof s === 'number' ? -s : s.neg());

/** `a − b`. */
export function minus(a: Scalar, b: Scalar): Scalar {
  if (typeof b === 'number') return typeof a === 'number' ? a - b : a.sub(b);
  return b.neg().add(a);
}

/** `a · b`. */
export function product(a: Scalar, b: Scalar): Scalar {
  if (typeof b === 'number') return typeof a === 'number' ? a * b : a.mul(b);
  return b.mul(a);
}

/** `a / b`. */
export function quotient(a: Scalar, b: Scalar): Scalar {
  if (typeof b === 'number') return typeof a === 'number' ? a / b : a.div(b);
  return scalarOf(b.dtype, 1).div(b).mul(a);
}

/** A scalar as an array of a dtype. */
export const arrayOf = (s: Scalar, dtype: DType): NDArray =>
  typeof s === 'number' ? scalarOf(dtype, s) : inDtype(s, dtype);

/** No steps yet. */
export const zeroCount = (): NDArray => scalarOf('i32', 0);

/** One step more; the largest i32 stays, so that no count becomes negative. */
export const increment = (count: NDArray): NDArray => minimum(count, 2 ** 31 - 2).add(1);

/** The widest float dtype of a tree's arrays; f32 where there are none. */
export function widestFloat(tree: unknown): DType {
  const floats = (leaves(tree) as readonly NDArray[]).map((leaf) => leaf.dtype).filter(isFloat);
  return floats.length === 0 ? 'f32' : floats.reduce<DType>(promoteTypes, 'f16');
}

/** f32 for f16, which has too few digits for sums and powers; others as they are. */
export const wide = (dtype: DType): DType => (dtype === 'f16' ? 'f32' : dtype);
