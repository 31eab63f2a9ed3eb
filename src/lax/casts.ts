import { dtypes } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import { bitcastTo, cast as castExpr } from '../kernel/expr.ts';
import { asArray } from '../trace/asarray.ts';
import { aval, showAval } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { eachCase, mistyped, primitive, typed } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { ArrayLike } from '../trace/value.ts';

/** Other dtypes: conversion of values, and of bits. */

export const castP = primitive<{ readonly dtype: DType; readonly weakType: boolean }, 1>({
  name: 'convertElementType',
  type: ([x], { dtype, weakType }) => typed(aval(x.shape, dtype, weakType)),
  derivative: { kind: 'linear', transpose: [([ct], [x]) => convertElementType(ct as NDArray, x.aval.dtype)] },
  batch: ([x], { dtype, weakType }) => ({
    values: [convertElementType(x.value, dtype, weakType)],
    axes: [x.axis],
  }),
  lower: ([x], { dtype }) => ({ kind: 'map', outputs: [(c) => castExpr(dtype, x.at(c))] }),
  cases: eachCase(
    [
      ['f32', 'any'],
      ...dtypes.flatMap((to) => (['any', 'u32', 'bool'] as const).map((from) => [to, from] as const)).slice(1),
    ],
    ([dtype, from]) => ({
      ins: [{ shape: [5], dtype: from, domain: [0, 40] as const }] as const,
      params: { dtype, weakType: false },
      label: `to ${dtype}${from === 'any' ? '' : ` from ${from}`}`,
    }),
  ),
});

/** Converts to another dtype: float to integer truncates and saturates, NaN gives 0; to bool is `x != 0`. */
export function convertElementType(operand: ArrayLike, dtype: DType, weakType = false): NDArray {
  const x = asArray(operand, 'convertElementType');
  return x.dtype === dtype && x.weakType === weakType ? x : bind1(castP, [x], { dtype, weakType });
}

const fourBytes: readonly DType[] = ['f32', 'i32', 'u32'];

export const bitcastP = primitive<{ readonly dtype: DType }, 1>({
  name: 'bitcastConvertType',
  type: ([x], { dtype }) =>
    fourBytes.includes(x.dtype) && fourBytes.includes(dtype)
      ? typed(aval(x.shape, dtype))
      : mistyped(`[bitcastConvertType] from ${showAval(x)} to ${dtype}: both need four bytes (f32, i32, u32)`),
  derivative: { kind: 'zero', because: 'it is a step function of the bits' },
  batch: ([x], { dtype }) => ({ values: [bitcastConvertType(x.value, dtype)], axes: [x.axis] }),
  lower: ([x], { dtype }) => ({ kind: 'map', outputs: [(c) => bitcastTo(dtype, x.at(c))] }),
  cases: [
    { ins: [{ shape: [4], dtype: 'f32' }], params: { dtype: 'u32' } },
    { ins: [{ shape: [4], dtype: 'i32' }], params: { dtype: 'u32' } },
  ],
});

/** The same bits as another four-byte dtype. */
export function bitcastConvertType(operand: ArrayLike, dtype: DType): NDArray {
  const x = asArray(operand, 'bitcastConvertType');
  return x.dtype === dtype ? x : bind1(bitcastP, [x], { dtype });
}
