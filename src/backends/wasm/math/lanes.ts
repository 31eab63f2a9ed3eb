import type { Func, Value } from '../module/code.ts';
import { i32, laneOp, op, v128 } from '../module/code.ts';
import { range } from '../../../util/array.ts';
import type { Library } from './library.ts';

/** Where the code of a function of lanes goes: its function, or the one that it is written into. */
export interface Lanes {
  readonly f: Func;
  readonly lib: Library;
}

export const add = (a: Value, b: Value): Value => op('f32x4.add', a, b);
export const sub = (a: Value, b: Value): Value => op('f32x4.sub', a, b);
export const mul = (a: Value, b: Value): Value => op('f32x4.mul', a, b);
export const div = (a: Value, b: Value): Value => op('f32x4.div', a, b);
export const abs = (a: Value): Value => op('f32x4.abs', a);
export const lt = (a: Value, b: Value): Value => op('f32x4.lt', a, b);
export const eq = (a: Value, b: Value): Value => op('f32x4.eq', a, b);
export const both = (a: Value, b: Value): Value => op('v128.and', a, b);
export const either = (a: Value, b: Value): Value => op('v128.or', a, b);
export const choose = (mask: Value, onTrue: Value, onFalse: Value): Value =>
  op('v128.bitselect', onTrue, onFalse, mask);
export const isNan = (a: Value): Value => op('f32x4.ne', a, a);
/** Between two limits; NaN stays. (Of the pseudo-extrema each is one instruction on x86, where `max` is eight.) */
export const clamp = (a: Value, low: number, high: number): Value =>
  op('f32x4.pmin', op('f32x4.pmax', a, splat(low)), splat(high));
export const signBit: Value = v128([0x80000000, 0x80000000, 0x80000000, 0x80000000]);
/** The magnitude of one with the sign of the other. */
export const withSign = (magnitude: Value, sign: Value): Value => choose(signBit, sign, magnitude);

/** a·b + c, fused where the engine can. */
export const madd = ({ lib }: Lanes, a: Value, b: Value, c: Value): Value =>
  lib.relaxed ? op('f32x4.relaxed_madd', a, b, c) : add(mul(a, b), c);

const word = new DataView(new ArrayBuffer(8));

/** A vector literal of one f32 in all lanes. */
export function splat(value: number): Value {
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  return v128([bits, bits, bits, bits]);
}

/** A vector literal of one f64 in both lanes. */
export function splat64(value: number): Value {
  word.setFloat64(0, value, true);
  const bits = [word.getUint32(0, true), word.getUint32(4, true)];
  return v128([...bits, ...bits]);
}

export const splatInt = (value: number): Value => v128([value, value, value, value]);

type Madd = (a: Value, b: Value, c: Value) => Value;

/**
 * The polynomial with these coefficients, the constant one first, by Estrin's scheme: halves that do not wait for each other,
 * as the time of a long Horner's rule is all waiting.
 */
function estrin(f: Func, x: Value, c: readonly Value[], multiply: (a: Value, b: Value) => Value, fused: Madd): Value {
  const [first, second] = c;
  if (first === undefined || second === undefined) return first as Value;
  const pairs = range(Math.ceil(c.length / 2)).map((i) => {
    const [low, high] = [c[2 * i] as Value, c[2 * i + 1]];
    return high === undefined ? low : f.let(fused(x, high, low));
  });
  return pairs.length === 1 ? (pairs[0] as Value) : estrin(f, f.let(multiply(x, x)), pairs, multiply, fused);
}

export const polynomial = (l: Lanes, x: Value, c: readonly number[]): Value =>
  estrin(l.f, l.f.let(x), c.map(splat), mul, (a, b, d) => madd(l, a, b, d));

export const add64 = (a: Value, b: Value): Value => op('f64x2.add', a, b);
export const sub64 = (a: Value, b: Value): Value => op('f64x2.sub', a, b);
export const mul64 = (a: Value, b: Value): Value => op('f64x2.mul', a, b);

/** The polynomial for two lanes of f64. */
export const polynomial64 = ({ f, lib }: Lanes, x: Value, c: readonly number[]): Value =>
  estrin(f, f.let(x), c.map(splat64), mul64, (a, b, d) =>
    lib.relaxed ? op('f64x2.relaxed_madd', a, b, d) : add64(mul64(a, b), d),
  );

/** The upper two lanes in the place of the lower ones. */
export const upper = (x: Value): Value => laneOp('i8x16.shuffle', [8, 9, 10, 11, 12, 13, 14, 15, ...range(8)], x, x);

/** The lower two lanes of each. */
export const lowerOfBoth = (x: Value, y: Value): Value =>
  laneOp('i8x16.shuffle', [...range(8), ...range(8).map((i) => 16 + i)], x, y);

/** Computes in f64, two lanes at a time: `half` maps vectors of two f64 to one. */
export function inDoubles({ f }: Lanes, args: readonly Value[], half: (...args: readonly Value[]) => Value): Value {
  const results = [false, true].map((isUpper) => {
    const wide = args.map((x) => f.let(op('f64x2.promote_low_f32x4', isUpper ? upper(x) : x)));
    return f.let(op('f32x4.demote_f64x2_zero', half(...wide)));
  });
  return lowerOfBoth(results[0] as Value, results[1] as Value);
}

/** Applies the f64 function to each lane. */
export function byLanes({ f, lib }: Lanes, name: 'sin' | 'cos' | 'tan' | 'rem', args: readonly Value[]): Value {
  const target = lib.f64(name);
  let result: Value = splat(0);
  for (const lane of range(4)) {
    const scalars = args.map((x) => op('f64.promote_f32', laneOp('f32x4.extract_lane', [lane], x)));
    const value: Value = { kind: 'call', type: 'f64', target, args: scalars };
    result = f.let(laneOp('f32x4.replace_lane', [lane], result, op('f32.demote_f64', value)));
  }
  return result;
}

/** 2ᵏ for integers k of normal powers: of `bits` only the lowest nine matter. */
export const power2 = (bits: Value): Value => op('i32x4.shl', op('i32x4.add', bits, splatInt(127)), i32(23));

/** Adding it rounds to an integer, which is then in the lowest bits. */
export const roundingShift = 1.5 * 2 ** 23;
export const roundingShift64 = 1.5 * 2 ** 52;
export const roundingShiftBits = 0x4b400000;

/** x = 2ᵏ·(1 + m) for positive normal x, with 1 + m in [√½, √2). */
export function mantissa({ f }: Lanes, x: Value): { readonly k: Value; readonly m: Value } {
  const raw = f.let(op('i32x4.sub', x, splatInt(0x3f3504f3)));
  const one = op('i32x4.add', both(raw, splatInt(0x7fffff)), splatInt(0x3f3504f3));
  return { k: f.let(op('i32x4.shr_s', raw, i32(23))), m: f.let(sub(one, splat(1))) };
}

/** x = 2ᵏ·(1 + m) for positive x, subnormal ones too, with 1 + m in [√½, √2); k as f32. */
export function normalized(l: Lanes, x: Value): { readonly k: Value; readonly m: Value } {
  const subnormal = l.f.let(lt(x, splat(2 ** -126)));
  const { k, m } = mantissa(l, l.f.let(choose(subnormal, mul(x, splat(2 ** 24)), x)));
  const exponent = op('i32x4.sub', k, both(subnormal, splatInt(24)));
  return { k: l.f.let(op('f32x4.convert_i32x4_s', exponent)), m };
}
