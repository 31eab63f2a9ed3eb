import { hostArrayOf } from '../kernel/semantics.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { aval, showAval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Batched, BatchedResult } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { range } from '../util/array.ts';

/** Small pieces that rules of several families share. */

/** A scalar of a dtype. */
export function scalarOf(dtype: DType, value: number, weakType = false): NDArray {
  return ConcreteArray.fromHost(aval([], dtype, weakType), hostArrayOf(dtype, [value]));
}

/** A constant vector. */
export function vectorOf(dtype: DType, values: readonly number[]): NDArray {
  return ConcreteArray.fromHost(aval([values.length], dtype), hostArrayOf(dtype, values));
}

/** The weak type of a result: weak only if all operands are. */
export const allWeak = (ins: readonly Aval[]): boolean => ins.length > 0 && ins.every((a) => a.weakType);

/** Is every number of `axes` a distinct axis of an array with `rank` axes? */
export const validAxes = (axes: readonly number[], rank: number): boolean =>
  axes.every((a) => Number.isInteger(a) && a >= 0 && a < rank) && new Set(axes).size === axes.length;

/** An axis as a number in [0, rank); negative ones count from the end. */
export function axisOf(name: string, x: NDArray, axis: number): number {
  const along = axis < 0 ? axis + x.ndim : axis;
  if (validAxes([along], x.ndim)) return along;
  throw new ArgumentError(`[${name}] axis ${axis} is out of range for ${showAval(x.aval)}`);
}

/** `items` without the positions in `axes`. */
export const without = <T>(items: readonly T[], axes: readonly number[]): readonly T[] =>
  items.filter((_, i) => !axes.includes(i));

/** The shape with `size` in front. */
export const prepend = (size: number, shape: Shape): Shape => [size, ...shape];

/** Axis numbers moved by one, for a batch axis in front. */
export const shifted = (axes: readonly number[]): readonly number[] => axes.map((a) => a + 1);

/** The axes of an array of rank `rank` that are not in `axes`. */
export const otherAxes = (axes: readonly number[], rank: number): readonly number[] =>
  range(rank).filter((a) => !axes.includes(a));

/** A batched result whose values all have the batch axis in front. */
export const inFront = (...values: readonly NDArray[]): BatchedResult => ({ values, axes: values.map(() => 0) });

/** The value of the only operand of a unary rule. */
export const only = (ins: readonly Batched[]): Batched => ins[0] as Batched;

/** The extent of an axis of `n` elements after inserting `dilation - 1` holes between neighbours. */
export const dilated = (n: number, dilation: number): number => (n === 0 ? 0 : (n - 1) * dilation + 1);

/** The permutation that moves `from` to `to` and keeps the order of the others. */
export function movePermutation(rank: number, from: number, to: number): readonly number[] {
  const others = range(rank).filter((a) => a !== from);
  return [...others.slice(0, to), from, ...others.slice(to)];
}
