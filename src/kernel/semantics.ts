import type { DType, HostArray, ScalarType } from './dtype.ts';
import { boundsOf, hostArray, isFloat, isInteger } from './dtype.ts';
import type { BinaryOp, UnaryOp } from './ops.ts';
import { InternalError } from '../util/error.ts';

/**
 * What each scalar operation means, in plain TypeScript: constant folding and the reference backend use it, and every
 * other backend is tested against it. Values are JS numbers (bool as 0 or 1); floats are computed in f64 and rounded
 * to the dtype by {@link roundTo}.
 */

/** The value as the dtype stores it: floats rounded, integers wrapped, bool 0 or 1. */
export function roundTo(dtype: DType, x: number): number {
  switch (dtype) {
    case 'f16':
      return roundToHalf(x);
    case 'f32':
      return Math.fround(x);
    case 'f64':
      return x;
    case 'i8':
      return (x << 24) >> 24;
    case 'i16':
      return (x << 16) >> 16;
    case 'i32':
      return x | 0;
    case 'u8':
      return x & 0xff;
    case 'u16':
      return x & 0xffff;
    case 'u32':
      return x >>> 0;
    case 'bool':
      return x === 0 ? 0 : 1;
  }
}

/** The nearest number of half precision, ties to even: 11 digits from 2⁻¹⁴ on, multiples of 2⁻²⁴ below, infinity from 65520 on. */
export function roundToHalf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 65520)) return a >= 65520 ? Math.sign(x) * Infinity : x;
  scratch.setFloat64(0, a);
  const exponent = (scratch.getUint32(0) >>> 20) - 1023;
  const unit = 2 ** (Math.max(exponent, -14) - 10);
  return roundHalfEven(x / unit) * unit;
}

/** A host array of these numbers, which become the dtype's as {@link roundTo} says. */
export function hostArrayOf(dtype: DType, values: ArrayLike<number>): HostArray {
  const data = hostArray[dtype](values.length);
  // The array itself rounds and wraps, but for what the host has no arrays of.
  if (dtype !== 'f16' && dtype !== 'bool') data.set(values);
  else for (let i = 0; i < values.length; i++) data[i] = roundTo(dtype, values[i] as number);
  return data;
}

/** Converts between dtypes: float to integer truncates and saturates, NaN gives 0. */
export function castTo(to: DType, x: number): number {
  if (to === 'bool') return x === 0 ? 0 : 1;
  if (isFloat(to)) return roundTo(to, x);
  const { min, max } = boundsOf(to);
  return Number.isNaN(x) ? 0 : roundTo(to, Math.trunc(Math.min(Math.max(x, min), max)));
}

/** Conversion from one dtype to another: integers wrap among themselves, floats saturate (see {@link castTo}). */
export const convert = (from: DType, to: DType, x: number): number =>
  isInteger(from) && isInteger(to) ? roundTo(to, x) : castTo(to, x);

const scratch = new DataView(new ArrayBuffer(8));

/** The same four bytes read as another dtype. */
export function bitcast(from: ScalarType, to: ScalarType, x: number): number {
  if (from === 'f32') scratch.setFloat32(0, x);
  else if (from === 'i32') scratch.setInt32(0, x);
  else if (from === 'u32') scratch.setUint32(0, x);
  else throw new InternalError(`bitcast from ${from}`);
  if (to === 'f32') return scratch.getFloat32(0);
  if (to === 'i32') return scratch.getInt32(0);
  if (to === 'u32') return scratch.getUint32(0);
  throw new InternalError(`bitcast to ${to}`);
}

/** Rounds half to even. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const diff = x - below;
  if (diff < 0.5) return below === 0 && (x < 0 || Object.is(x, -0)) ? -0 : below;
  if (diff > 0.5) return below + 1 === 0 ? -0 : below + 1;
  if (Number.isNaN(diff)) return x;
  const even = below % 2 === 0 ? below : below + 1;
  return even === 0 && x < 0 ? -0 : even;
}

/**
 * The error function, to within 2e-16 of the true value relative to it: its Taylor series for |x| < 3 (summed from
 * erf(x) = 2/√π e^{-x²} Σ 2ⁿ x^{2n+1} / (2n+1)!!, all terms positive), a continued fraction of erfc beyond
 * (Abramowitz & Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || x === 0) return x;
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; n < 200 && term > sum * 1e-17; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return (Math.sign(x) * 2 * sum * Math.exp(-a * a)) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
}

const flag = (condition: boolean): number => (condition ? 1 : 0);

/** Applies a unary operation to a value of `dtype` (the operand's dtype). */
export function applyUnary(op: UnaryOp, dtype: ScalarType, x: number): number {
  switch (op) {
    case 'neg':
      return roundTo(dtype, dtype === 'f32' || dtype === 'f64' ? -x : 0 - x);
    case 'abs':
      return roundTo(dtype, Math.abs(x));
    case 'sign':
      return Math.sign(x);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'round':
      return roundHalfEven(x);
    case 'half':
      return roundToHalf(x);
    case 'not':
      return dtype === 'bool' ? 1 - x : roundTo(dtype, ~x);
    case 'isNan':
      return flag(Number.isNaN(x));
    case 'erf':
      return roundTo(dtype, erf(x));
    case 'sqrt':
    case 'exp':
    case 'expm1':
    case 'log':
    case 'log1p':
    case 'sin':
    case 'cos':
    case 'tan':
    case 'tanh':
    case 'atan':
      return roundTo(dtype, Math[op](x));
  }
}

/** Applies a binary operation to two values of `dtype` (the operands' dtype). */
export function applyBinary(op: BinaryOp, dtype: ScalarType, x: number, y: number): number {
  const float = dtype === 'f32' || dtype === 'f64';
  switch (op) {
    case 'add':
      return dtype === 'bool' ? x | y : roundTo(dtype, x + y);
    case 'sub':
      return roundTo(dtype, x - y);
    case 'mul':
      if (dtype === 'bool') return x & y;
      return float ? roundTo(dtype, x * y) : roundTo(dtype, Math.imul(x, y));
    case 'div':
      if (float) return roundTo(dtype, x / y);
      return y === 0 ? roundTo(dtype, -1) : roundTo(dtype, Math.trunc(x / y));
    case 'rem':
      return float ? roundTo(dtype, x % y) : y === 0 ? x : roundTo(dtype, x % y);
    case 'idiv':
      return Math.floor(x / y) | 0;
    case 'imod':
      return (x - Math.floor(x / y) * y) | 0;
    case 'pow':
      return roundTo(dtype, ieeePow(x, y));
    case 'atan2':
      return roundTo(dtype, Math.atan2(x, y));
    case 'max':
      return Math.max(x, y);
    case 'min':
      return Math.min(x, y);
    case 'and':
      return roundTo(dtype, x & y);
    case 'or':
      return roundTo(dtype, x | y);
    case 'xor':
      return roundTo(dtype, x ^ y);
    case 'shl':
      return y >>> 0 >= 32 ? 0 : roundTo(dtype, x << y);
    case 'shr':
      return y >>> 0 >= 32 ? 0 : roundTo(dtype, x >>> y);
    case 'sar':
      return roundTo(dtype, (x | 0) >> (y >>> 0 >= 32 ? 31 : y));
    case 'eq':
      return flag(x === y);
    case 'ne':
      return flag(x !== y);
    case 'lt':
      return flag(x < y);
    case 'le':
      return flag(x <= y);
  }
}

/** IEEE 754 pow: as Math.pow but pow(1, y) = 1 and pow(-1, ±inf) = 1. */
const ieeePow = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);
