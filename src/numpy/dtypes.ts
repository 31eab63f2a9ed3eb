import type { DType } from '../kernel/dtype.ts';
import { boundsOf, isFloat, isInteger, isUnsigned, storedBytes } from '../kernel/dtype.ts';
import { DTypeError } from '../trace/errors.ts';

/** Facts about dtypes. */

/** Kinds of dtypes, as NumPy names them. */
export type DTypeKind =
  'bool' | 'integer' | 'signedinteger' | 'unsignedinteger' | 'floating' | 'inexact' | 'number' | 'generic';

const kinds: { readonly [K in DTypeKind]: (d: DType) => boolean } = {
  bool: (d) => d === 'bool',
  integer: isInteger,
  signedinteger: (d) => isInteger(d) && !isUnsigned(d),
  unsignedinteger: isUnsigned,
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
 * @example
 * np.finfo('f32').eps; // 1.1920929e-7
 */
export function finfo(dtype: DType): FloatInfo {
  if (dtype === 'f16') return floatInfo(dtype, 16, 10, 15);
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
 * @example
 * np.iinfo('i8').min; // -128
 * np.iinfo('u16').max; // 65535
 */
export function iinfo(dtype: DType): IntegerInfo {
  if (isInteger(dtype)) return { dtype, bits: 8 * storedBytes(dtype), ...boundsOf(dtype) };
  throw new DTypeError(`[iinfo] needs an integer dtype, got ${dtype}`);
}
