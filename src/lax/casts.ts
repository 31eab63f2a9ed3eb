import type { DType } from '../kernel/dtype.ts';
import { dtypes, isNarrow, storedBytes } from '../kernel/dtype.ts';
import { bitsTo, convertTo } from '../kernel/narrow.ts';
import { asArray } from '../trace/asarray.ts';
import { aval, showAval } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { eachCase, mistyped, primitive, typed } from '../trace/primitive.ts';
import { requireDType } from '../trace/static.ts';
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
  lower: ([x], { dtype }) => ({ kind: 'map', outputs: [(c) => convertTo(dtype, x.at(c))] }),
  stablehlo: (b, [x], { dtype }) => [b.convert(x, dtype)],
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

/**
 * Converts to another dtype: float to integer truncates and saturates, NaN gives 0; to bool is `x != 0`.
 *
 * @example
 * lax.convertElementType(np.array([1.9, -1.9]), 'i32'); // [1, -1]
 */
export function convertElementType(operand: ArrayLike, dtype: DType, weakType = false): NDArray {
  const x = asArray(operand, 'convertElementType');
  return x.dtype === dtype && x.weakType === weakType
    ? x
    : bind1(castP, [x], { dtype: requireDType(dtype, 'astype'), weakType });
}

/** Positions in a dtype that has all that they are compared with and added to: those in narrow integers as i32. */
export const asPositions = (x: NDArray): NDArray => (isNarrow(x.dtype) ? convertElementType(x, 'i32') : x);

const haveEqualBits = (a: DType, b: DType): boolean =>
  storedBytes(a) === storedBytes(b) && a !== 'bool' && b !== 'bool' && a !== 'f64' && b !== 'f64';

export const bitcastP = primitive<{ readonly dtype: DType }, 1>({
  name: 'bitcastConvertType',
  type: ([x], { dtype }) =>
    haveEqualBits(x.dtype, dtype)
      ? typed(aval(x.shape, dtype))
      : mistyped(
          `[bitcastConvertType] from ${showAval(x)} to ${dtype}: both need as many bytes ` +
            '(four: f32, i32, u32; two: f16, i16, u16; one: i8, u8)',
        ),
  derivative: { kind: 'zero', because: 'it is a step function of the bits' },
  batch: ([x], { dtype }) => ({ values: [bitcastConvertType(x.value, dtype)], axes: [x.axis] }),
  lower: ([x], { dtype }) => ({ kind: 'map', outputs: [(c) => bitsTo(dtype, x.aval.dtype, x.at(c))] }),
  stablehlo: (b, [x], { dtype }) => [b.bitcast(x, dtype)],
  cases: [
    { ins: [{ shape: [4], dtype: 'f32' }], params: { dtype: 'u32' } },
    { ins: [{ shape: [4], dtype: 'i32' }], params: { dtype: 'u32' } },
    { ins: [{ shape: [4], dtype: 'f16' }], params: { dtype: 'i16' } },
    { ins: [{ shape: [4], dtype: 'u16' }], params: { dtype: 'f16' } },
    { ins: [{ shape: [4], dtype: 'i8' }], params: { dtype: 'u8' } },
  ],
});

/**
 * The same bits as another dtype of as many bytes, up to four.
 *
 * @example
 * lax.bitcastConvertType(np.array(1), 'u32'); // 1065353216
 */
export function bitcastConvertType(operand: ArrayLike, dtype: DType): NDArray {
  const x = asArray(operand, 'bitcastConvertType');
  return x.dtype === dtype ? x : bind1(bitcastP, [x], { dtype });
}
