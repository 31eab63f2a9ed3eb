import type { Func, Value } from '../module/code.ts';
import { i32, op } from '../module/code.ts';
import { arctangent, arctangent2, cosine, sine, tangent } from './angles.ts';
import type { Lanes } from './lanes.ts';
import {
  abs,
  add,
  both,
  choose,
  clamp,
  div,
  either,
  eq,
  isNan,
  lt,
  madd,
  mantissa,
  mul,
  normalized,
  polynomial,
  power2,
  roundingShift,
  roundingShiftBits,
  splat,
  splatInt,
  sub,
  withSign,
} from './lanes.ts';
import type { F32x4Function, Library } from './library.ts';
import { power, remainder } from './power.ts';

// Fitted by weighted least squares with Lawson's reweighting (minimax up to rounding) on the reduced ranges.
/** (eʳ - 1 - r)/r² on |r| ≤ ln 2 / 2. */
const expSeries = [0.5, 0.16666667, 0.041666463, 0.008333286, 0.0013933732, 0.00019907703];
/** (log(1+f) - f + f²/2)/f³ on [√½ - 1, √2 - 1]. */
const logSeries = [
  0.3333331, -0.24999987, 0.20002243, -0.1666927, 0.14218326, -0.123838, 0.11875076, -0.11794091, 0.06915595,
];
/** erf(x)/x - 1 in x² on |x| ≤ 0.95, and log(1 - erf(x)) on [0.95, 4]. */
const erfSeries = [0.128379166, -0.376126319, 0.112836637, -0.0268577058, 0.0051969518, -0.000809770252, 8.1850907e-5];
const erfTail = [
  -0.000244713621, -1.12747502, -0.637517035, -0.103640325, 0.0220876429, -0.00300853746, 0.000192426072,
];
// ln 2 as a part of 9 bits, exact times any exponent, and the rest.
const ln2High = 0.693359375;
const ln2Low = -2.1219444e-4;

/** Writes the body of a function of four f32, within 4 units in the last place everywhere. */
export function buildF32x4(lib: Library, f: Func, name: F32x4Function): void {
  f.returns = [f32x4Value({ f, lib }, name, ...f.params.map((_, i) => f.param(i)))];
}

/** The value of a function of four f32, written where it is needed. */
export const f32x4Value = (l: Lanes, name: F32x4Function, ...args: readonly Value[]): Value => {
  const [x, y] = args.map((a) => l.f.let(a)) as [Value, Value];
  return bodies[name](l, x, y);
};

const bodies: { readonly [F in F32x4Function]: (l: Lanes, x: Value, y: Value) => Value } = {
  exp,
  expm1,
  log(l, x) {
    const { k, m } = normalized(l, x);
    const y = logOf(l, k, m);
    const positive = both(lt(splat(0), x), lt(x, splat(Infinity)));
    const negative = choose(lt(x, splat(0)), splat(NaN), x);
    return choose(positive, y, choose(eq(x, splat(0)), splat(-Infinity), negative));
  },
  log1p(l, x) {
    const { f } = l;
    const u = f.let(add(splat(1), x));
    const { k, m } = mantissa(l, u);
    // What 1 + x has rounded away, as a part of the mantissa.
    const large = lt(splat(1), x);
    const lost = sub(choose(large, splat(1), x), sub(u, choose(large, x, splat(1))));
    const scale = power2(op('i32x4.max_s', op('i32x4.neg', k), splatInt(-126)));
    const y = logOf(l, f.let(op('f32x4.convert_i32x4_s', k)), f.let(add(m, mul(lost, scale))));
    const usual = both(lt(splat(-1), x), lt(x, splat(Infinity)));
    const special = choose(lt(x, splat(-1)), splat(NaN), choose(eq(x, splat(-1)), splat(-Infinity), x));
    return choose(eq(x, splat(0)), x, choose(usual, y, special));
  },
  sin: sine,
  cos: cosine,
  tan: tangent,
  tanh(l, x) {
    const { f } = l;
    const a = f.let(op('f32x4.pmin', abs(x), splat(10)));
    const m = f.let(expm1(l, f.let(add(a, a))));
    const far = f.let(lt(splat(0.5), a));
    const q = f.let(div(choose(far, splat(2), m), add(m, splat(2))));
    return choose(either(isNan(x), eq(x, splat(0))), x, withSign(choose(far, sub(splat(1), q), q), x));
  },
  atan: arctangent,
  atan2: arctangent2,
  erf(l, x) {
    const { f } = l;
    const a = f.let(op('f32x4.pmin', abs(x), splat(4)));
    const near = madd(l, x, polynomial(l, f.let(mul(x, x)), erfSeries), x);
    const { t, r, q } = expParts(l, polynomial(l, a, erfTail));
    const far = sub(splat(1), mul(add(splat(1), add(r, q)), power2(t)));
    return choose(isNan(x), x, choose(lt(a, splat(0.95)), near, withSign(far, x)));
  },
  pow: power,
  rem: remainder,
};

function exp(l: Lanes, x: Value): Value {
  const { f } = l;
  const { t, r, q } = expParts(l, clamp(x, -105, 89));
  const k = f.let(op('i32x4.sub', t, splatInt(roundingShiftBits)));
  const half = f.let(op('i32x4.shr_s', k, i32(1)));
  // Two factors, as the result may be subnormal where 2ᵏ is not representable.
  return mul(mul(add(splat(1), add(r, q)), power2(half)), power2(op('i32x4.sub', k, half)));
}

function expm1(l: Lanes, x: Value): Value {
  const { t, r, q } = expParts(l, clamp(x, -20, 89));
  // 2ⁿ(eʳ-1) + (2ⁿ-1), with half of 2ⁿ as 2¹²⁸ is too large
  const s = l.f.let(power2(op('i32x4.sub', t, splatInt(1))));
  const y = mul(splat(2), madd(l, s, add(r, q), sub(s, splat(0.5))));
  return choose(eq(x, splat(0)), x, y);
}

/** x = n·ln 2 + r, and q = eʳ - 1 - r; the lowest bits of `t` are n. */
function expParts(l: Lanes, x: Value): { readonly t: Value; readonly r: Value; readonly q: Value } {
  const { f } = l;
  const c = f.let(x);
  const t = f.let(madd(l, c, splat(Math.LOG2E), splat(roundingShift)));
  const n = f.let(sub(t, splat(roundingShift)));
  const r = f.let(madd(l, n, splat(-ln2Low), madd(l, n, splat(-ln2High), c)));
  return { t, r, q: f.let(mul(mul(r, r), polynomial(l, r, expSeries))) };
}

/** k·ln 2 + log(1+m). */
function logOf(l: Lanes, k: Value, m: Value): Value {
  const { f } = l;
  const tail = f.let(mul(mul(m, m), madd(l, m, polynomial(l, m, logSeries), splat(-0.5))));
  return madd(l, k, splat(ln2High), add(madd(l, k, splat(ln2Low), tail), m));
}
