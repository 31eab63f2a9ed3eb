import type { Func, Value } from '../module/code.ts';
import { i32, laneOp, op } from '../module/code.ts';
import { splat, splatInt } from './lanes.ts';

/**
 * Half precision: one sign bit, five of the exponent, ten of the fraction. Lanes are converted to f32 and back by shifts, and
 * by multiplications that move the exponent to where the other format has it; no tables.
 */

/** What the fields of a number are to be multiplied by when they are moved to where f32 has them. */
const moved = 2 ** 112;
const infinity = 0x7f800000;

/** Numbers from the bits in the low half of each word; the high half is zero. */
export function fromHalf(f: Func, words: Value): Value {
  const h = f.let(words);
  const fields = op('i32x4.shl', op('v128.and', h, splatInt(0x7fff)), i32(13));
  const a = f.let(op('f32x4.mul', fields, splat(moved)));
  // What had the highest exponent is infinite or no number.
  const top = op('v128.and', op('f32x4.ge', a, splat(2 ** 16)), splatInt(infinity));
  const sign = op('i32x4.shl', op('v128.and', h, splatInt(0x8000)), i32(16));
  return op('v128.or', op('v128.or', a, top), sign);
}

/** The bits of numbers that half precision has, in the low half of each word. */
export function toHalf(f: Func, value: Value): Value {
  const x = f.let(value);
  const fields = op('i32x4.shr_u', op('f32x4.mul', op('f32x4.abs', x), splat(1 / moved)), i32(13));
  const finite = op('i32x4.min_u', fields, splatInt(0x7c00));
  const quiet = op('v128.and', op('f32x4.ne', x, x), splatInt(0x200));
  const sign = op('v128.and', op('i32x4.shr_u', x, i32(16)), splatInt(0x8000));
  return op('v128.or', op('v128.or', finite, quiet), sign);
}

/**
 * The nearest numbers of half precision. What is added and taken away again has the exponent of the number plus 13: then the
 * last digit of the sum is the last one that half precision has, and the hardware rounds. Below 2⁻¹⁴ that digit is 2⁻²⁴; from
 * 2¹⁶ on the multiplications overflow.
 */
export function roundToHalf(f: Func, value: Value): Value {
  const x = f.let(value);
  const a = f.let(op('f32x4.abs', x));
  const exponent = op('v128.and', a, splatInt(infinity));
  const within = op('i32x4.min_s', op('i32x4.max_s', exponent, splatInt((127 - 14) << 23)), splatInt((127 + 16) << 23));
  const coarse = f.let(op('i32x4.add', within, splatInt(13 << 23)));
  const rounded = op('f32x4.sub', op('f32x4.add', a, coarse), coarse);
  const inRange = op('f32x4.mul', op('f32x4.mul', rounded, splat(moved)), splat(1 / moved));
  return op('v128.or', inRange, op('v128.and', x, splatInt(-(2 ** 31))));
}

/** What a function of lanes gives for a scalar. */
export const ofScalar = (
  lanes: (f: Func, x: Value) => Value,
  [from, to]: readonly ['i32' | 'f32', 'i32' | 'f32'],
): ((f: Func, x: Value) => Value) => {
  const [splatted, extracted] = [from === 'f32' ? 'f32x4.splat' : 'i32x4.splat', to === 'f32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane'] as const; // prettier-ignore
  return (f, x) => laneOp(extracted, [0], lanes(f, op(splatted, x)));
};
