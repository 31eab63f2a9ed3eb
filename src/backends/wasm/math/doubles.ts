import { range } from '../../../util/array.ts';
import type { Func, Value } from '../module/code.ts';
import { f64, i32, i64, op, selectOp } from '../module/code.ts';

export const add = (a: Value, b: Value): Value => op('f64.add', a, b);
export const sub = (a: Value, b: Value): Value => op('f64.sub', a, b);
export const mul = (a: Value, b: Value): Value => op('f64.mul', a, b);
export const div = (a: Value, b: Value): Value => op('f64.div', a, b);
export const abs = (a: Value): Value => op('f64.abs', a);
export const lt = (a: Value, b: Value): Value => op('f64.lt', a, b);
export const eq = (a: Value, b: Value): Value => op('f64.eq', a, b);
export const isNan = (a: Value): Value => op('f64.ne', a, a);
export const bits = (a: Value): Value => op('i64.reinterpret_f64', a);
export const fromBits = (a: Value): Value => op('f64.reinterpret_i64', a);
export const either = (a: Value, b: Value): Value => op('i32.or', a, b);
export const both = (a: Value, b: Value): Value => op('i32.and', a, b);

/** Horner's rule: `coefficients[0] + x·(coefficients[1] + …)`. */
export const polynomial = (f: Func, x: Value, coefficients: readonly number[]): Value =>
  f.let(
    coefficients.reduceRight<Value>(
      (sum, c, i) => (i === coefficients.length - 1 ? f64(c) : add(f64(c), mul(x, sum))),
      f64(0),
    ),
  );

export const factorial = (n: number): number => range(n).reduce((p, i) => p * (i + 1), 1);

// ln 2 as a sum of two parts (found with 130-digit arithmetic). Products of the first with integers below 2¹¹ are exact.
export const ln2Head = 0.6931471803691238;
export const ln2Rest = 1.9082149292705877e-10;

/** 2ⁿ for an integer-valued n (i32) of a normal power. */
export const power2 = (n: Value): Value =>
  fromBits(op('i64.shl', op('i64.extend_i32_s', op('i32.add', n, i32(1023))), i64(52n)));

/** The bits of √½. */
const rootHalf = i64(0x3fe6a09e667f3bcdn);

/** a = 2ᵏ·(1 + m) for positive a, subnormal ones too, with 1 + m in [√½, √2); k as f64. */
export function mantissa64(f: Func, a: Value): { readonly k: Value; readonly m: Value } {
  const subnormal = f.let(lt(a, f64(2 ** -1022)));
  const raw = f.let(op('i64.sub', bits(selectOp(subnormal, mul(a, f64(2 ** 54)), a)), rootHalf));
  const exponent = op('i32.wrap_i64', op('i64.shr_s', raw, i64(52n)));
  const k = f.let(op('f64.convert_i32_s', op('i32.sub', exponent, selectOp(subnormal, i32(54), i32(0)))));
  const one = fromBits(op('i64.add', op('i64.and', raw, i64(0xfffffffffffffn)), rootHalf));
  return { k, m: f.let(sub(one, f64(1))) };
}
