import { range } from '../../../util/array.ts';
import type { Func, Value } from '../module/code.ts';
import { f64, i32, i64, op, selectOp } from '../module/code.ts';
import {
  abs,
  add,
  bits,
  both,
  div,
  either,
  eq,
  factorial,
  isNan,
  ln2Head,
  ln2Rest,
  lt,
  mantissa64,
  mul,
  polynomial,
  power2,
  sub,
} from './doubles.ts';

/** An unevaluated sum of two f64: about 106 bits. */
interface Pair {
  readonly high: Value;
  readonly low: Value;
}

/** 2/3 in two parts. */
const twoThirds = [2 / 3, 3.700743415417188e-17] as const;

/**
 * IEEE pow as exp(y·log|x|), with the logarithm and the product as pairs: the error before the last rounding is far below
 * half a unit, so that powers which are representable come out exact.
 */
export function power(f: Func): Value {
  const [x, y] = [f.param(0), f.param(1)];
  const a = f.let(abs(x));
  // Larger exponents do to any a but 1 what these do, and can be split.
  const exponent = f.let(op('f64.min', op('f64.max', y, f64(-1e25)), f64(1e25)));
  const log = logarithm(f, a);
  const t = product(f, exponent, log.high);
  const positive = exponential(f, { high: t.high, low: add(t.low, mul(exponent, log.low)) });
  const growing = lt(f64(0), y);
  const atZero = selectOp(growing, f64(0), f64(Infinity));
  const atInfinity = selectOp(growing, f64(Infinity), f64(0));
  const usual = selectOp(eq(a, f64(Infinity)), atInfinity, selectOp(eq(a, f64(1)), f64(1), positive));
  const unsigned = f.let(selectOp(eq(a, f64(0)), atZero, usual));
  const whole = f.let(eq(y, op('f64.trunc', y)));
  const half = f.let(mul(y, f64(0.5)));
  const odd = both(whole, op('f64.ne', half, op('f64.trunc', half)));
  const flip = both(odd, op('i32.wrap_i64', op('i64.shr_u', bits(x), i64(63n))));
  const signed = selectOp(flip, op('f64.neg', unsigned), unsigned);
  const root = both(both(lt(x, f64(0)), lt(a, f64(Infinity))), op('i32.eqz', whole));
  const withNan = selectOp(either(isNan(x), isNan(y)), add(x, y), selectOp(root, f64(NaN), signed));
  return selectOp(either(eq(y, f64(0)), eq(x, f64(1))), f64(1), withNan);
}

/** log a for positive a: k·ln 2 + 2·atanh(s), s = m/(2+m), for a = 2ᵏ·(1+m); the first two terms of the series are pairs. */
function logarithm(f: Func, a: Value): Pair {
  const { k, m } = mantissa64(f, a);
  const d = f.let(add(f64(2), m));
  const dLost = sub(m, sub(d, f64(2)));
  const s = f.let(div(m, d));
  const back = product(f, s, d);
  const rest = sub(sub(sub(m, back.high), back.low), mul(s, dLost));
  const sLow = f.let(div(rest, d));
  const square = product(f, s, s);
  const z = square.high;
  const zLow = f.let(add(square.low, mul(f64(2), mul(s, sLow))));
  const cube = product(f, s, z);
  const cubeLow = add(cube.low, add(mul(s, zLow), mul(sLow, z)));
  const third = product(f, cube.high, f64(twoThirds[0]));
  const thirdLow = add(third.low, add(mul(cube.high, f64(twoThirds[1])), mul(cubeLow, f64(twoThirds[0]))));
  const series = polynomial(
    f,
    z,
    range(11).map((i) => 2 / (2 * i + 5)),
  );
  const tail = mul(mul(cube.high, z), series);
  const first = sum(f, f.let(mul(k, f64(ln2Head))), f.let(mul(f64(2), s)));
  const second = sum(f, first.high, third.high);
  const small = add(add(add(tail, thirdLow), mul(k, f64(ln2Rest))), mul(f64(2), sLow));
  const low = f.let(add(add(first.low, second.low), small));
  const high = f.let(add(second.high, low));
  return { high, low: f.let(sub(low, sub(high, second.high))) };
}

/** eᵗ */
function exponential(f: Func, { high, low }: Pair): Value {
  const c = f.let(op('f64.min', op('f64.max', high, f64(-746)), f64(710)));
  const n = f.let(op('f64.nearest', mul(c, f64(Math.LOG2E))));
  const head = f.let(sub(c, mul(n, f64(ln2Head))));
  const nRest = f.let(mul(n, f64(ln2Rest)));
  const r = f.let(sub(head, nRest));
  const lost = sub(sub(head, r), nRest);
  const e = f.let(add(lost, selectOp(eq(c, high), low, f64(0))));
  const series = polynomial(
    f,
    r,
    range(13).map((k) => 1 / factorial(k + 2)),
  );
  const y = f.let(add(r, mul(mul(r, r), series)));
  const value = add(f64(1), add(y, mul(e, add(f64(1), y))));
  const k = f.let(op('i32.trunc_sat_f64_s', n));
  const half = f.let(op('i32.shr_s', k, i32(1)));
  return f.let(mul(mul(value, power2(half)), power2(op('i32.sub', k, half))));
}

/** a + b and what its rounding loses (Knuth). */
function sum(f: Func, a: Value, b: Value): Pair {
  const high = f.let(add(a, b));
  const added = f.let(sub(high, a));
  return { high, low: f.let(add(sub(a, sub(high, added)), sub(b, added))) };
}

/** a·b and what its rounding loses (Dekker). */
function product(f: Func, a: Value, b: Value): Pair {
  const high = f.let(mul(a, b));
  const [aHigh, aLow] = halves(f, a);
  const [bHigh, bLow] = halves(f, b);
  const rest = add(add(sub(mul(aHigh, bHigh), high), mul(aHigh, bLow)), mul(aLow, bHigh));
  return { high, low: f.let(add(rest, mul(aLow, bLow))) };
}

function halves(f: Func, a: Value): readonly [Value, Value] {
  const c = f.let(mul(f64(2 ** 27 + 1), a));
  const high = f.let(sub(c, sub(c, a)));
  return [high, f.let(sub(a, high))];
}
