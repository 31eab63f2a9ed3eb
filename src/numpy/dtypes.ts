import type { DType } from '../kernel/dtype.ts';
import { isFloat, isInteger } from '../kernel/dtype.ts';
import { DTypeError } from '../trace/errors.ts';

/** Facts about dtypes. */

/** Kinds of dtypes, as NumPy names them. */
export type DTypeKind =
  'bool' | 'integer' | 'signedinteger' | 'unsignedinteger' | 'floating' | 'inexact' | 'number' | 'generic';

const kinds: { readonly [K in DTypeKind]: (d: DType) => boolean } = {
  bool: (d) => d === 'bool',
  integer: isInteger,
  signedinteger: (d) => d === 'i32',
  unsignedinteger: (d) => d === 'u32',
  floating: isFloat,
  inexact: isFloat,
  number: (d) => d !== 'bool',
  generic: () => true,
};

/**
 * Is a dtype of this kind, or this dtype itself?
 *
 * @example
 * issubdtype('f32', 'floating'); // true
 */
export const issubdtype = (dtype: DType, kind: DTypeKind | DType): boolean =>
  kind in kinds ? kinds[kind as DTypeKind](dtype) : dtype === kind;

/** Limits of a floating-point dtype. */
export interface FloatInfo {
  readonly dtype: DType;
  readonly bits: number;
  /** The distance from 1 to the next number. */
  readonly eps: number;
  readonly max: number;
  readonly min: number;
  /** The smallest positive normal number. */
  readonly tiny: number;
  /** The smallest positive number. */
  readonly smallestSubnormal: number;
  /** Binary digits of the mantissa, without the leading 1. */
  readonly nmant: number;
}

const floatInfo = (dtype: DType, bits: number, nmant: number, maxExponent: number): FloatInfo => ({
  dtype,
  bits,
  nmant,
  eps: 2 ** -nmant,
  max: (2 - 2 ** -nmant) * 2 ** maxExponent,
  min: -(2 - 2 ** -nmant) * 2 ** maxExponent,
  tiny: 2 ** (1 - maxExponent),
  smallestSubnormal: 2 ** (1 - maxExponent - nmant),
});

/**
 * Limits of a floating-point dtype.
 *
 * @throws DTypeError for other dtypes.
 */
export function finfo(dtype: DType): FloatInfo {
  if (dtype === 'f32') return floatInfo(dtype, 32, 23, 127);
  if (dtype === 'f64') return floatInfo(dtype, 64, 52, 1023);
  throw new DTypeError(`[finfo] needs a float dtype, got ${dtype}`);
}

/** Limits of an integer dtype. */
export interface IntegerInfo {
  readonly dtype: DType;
  readonly bits: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Limits of an integer dtype.
 *
 * @throws DTypeError for other dtypes.
 */
export function iinfo(dtype: DType): IntegerInfo {
  if (dtype === 'i32') return { dtype, bits: 32, min: -(2 ** 31), max: 2 ** 31 - 1 };
  if (dtype === 'u32') return { dtype, bits: 32, min: 0, max: 2 ** 32 - 1 };
  throw new DTypeError(`[iinfo] needs an integer dtype, got ${dtype}`);
}
