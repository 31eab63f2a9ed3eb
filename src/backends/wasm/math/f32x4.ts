import { range } from '../../../util/array.ts';
import type { Func, Value } from '../module/code.ts';
import { call, f64, i32, laneOp, op, v128 } from '../module/code.ts';
import { piHalfParts } from './f64.ts';
import type { F32x4Function, Library } from './library.ts';

const add = (a: Value, b: Value): Value => op('f32x4.add', a, b);
const sub = (a: Value, b: Value): Value => op('f32x4.sub', a, b);
const mul = (a: Value, b: Value): Value => op('f32x4.mul', a, b);
const div = (a: Value, b: Value): Value => op('f32x4.div', a, b);
const abs = (a: Value): Value => op('f32x4.abs', a);
const lt = (a: Value, b: Value): Value => op('f32x4.lt', a, b);
const eq = (a: Value, b: Value): Value => op('f32x4.eq', a, b);
const choose = (mask: Value, onTrue: Value, onFalse: Value): Value => op('v128.bitselect', onTrue, onFalse, mask);
const isNan = (a: Value): Value => op('f32x4.ne', a, a);
const clamp = (a: Value, low: number, high: number): Value =>
  op('f32x4.min', op('f32x4.max', a, splat(low)), splat(high));
const signBit = v128([0x80000000, 0x80000000, 0x80000000, 0x80000000]);

const word = new DataView(new ArrayBuffer(4));

/** A vector literal of one f32 in all lanes. */
export function splat(value: number): Value {
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  return v128([bits, bits, bits, bits]);
}

const splatInt = (value: number): Value => v128([value, value, value, value]);

/** Horner's rule from the constant coefficient up. */
const polynomial = (f: Func, x: Value, c: readonly number[]): Value =>
  f.let(c.slice(0, -1).reduceRight<Value>((sum, k) => add(splat(k), mul(x, sum)), splat(c[c.length - 1] as number)));

// Fitted by weighted least squares with Lawson's reweighting (minimax up to rounding) on the reduced ranges.
/** (eʳ - 1 - r)/r² on |r| ≤ ln 2 / 2. */
const expSeries = [0.5, 0.16666667, 0.041666463, 0.008333286, 0.0013933732, 0.00019907703];
/** (log(1+f) - f + f²/2)/f³ on [√½ - 1, √2 - 1]. */
const logSeries = [
  0.3333331, -0.24999987, 0.20002243, -0.1666927, 0.14218326, -0.123838, 0.11875076, -0.11794091, 0.06915595,
];
/** (sin r - r)/r³ in r², and (cos r - 1 + r²/2)/r⁴ in r², on |r| ≤ π/4. */
const sinSeries = [-0.16666664, 0.008332747, -0.00019587505];
const cosSeries = [0.041666664, -0.0013888301, 2.4547537e-5];
// ln 2 as a part of 9 bits, exact times any exponent, and the rest.
const ln2High = 0.693359375;
const ln2Low = -2.1219444e-4;

/** Writes the body of a function of four f32, within 4 units in the last place everywhere. */
export function buildF32x4(lib: Library, f: Func, name: F32x4Function): void {
  f.returns = [bodies[name](f, lib)];
}

const bodies: { readonly [F in F32x4Function]: (f: Func, lib: Library) => Value } = {
  exp(f) {
    const x = f.param(0);
    const { n, r, q } = expParts(f, clamp(x, -105, 89));
    const k = f.let(op('i32x4.trunc_sat_f32x4_s', n));
    const half = f.let(op('i32x4.shr_s', k, i32(1)));
    // Two factors, as the result may be subnormal where 2ᵏ is not representable.
    return mul(mul(add(splat(1), add(r, q)), power2(half)), power2(op('i32x4.sub', k, half)));
  },
  expm1(f) {
    const x = f.param(0);
    const { n, r, q } = expParts(f, clamp(x, -20, 89));
    // 2ⁿ(eʳ-1) + (2ⁿ-1), with half of 2ⁿ as 2¹²⁸ is too large
    const s = f.let(power2(op('i32x4.sub', op('i32x4.trunc_sat_f32x4_s', n), splatInt(1))));
    const y = mul(splat(2), add(mul(s, add(r, q)), sub(s, splat(0.5))));
    return choose(eq(x, splat(0)), x, y);
  },
  log(f) {
    const x = f.param(0);
    const subnormal = f.let(lt(x, splat(2 ** -126)));
    const scaled = f.let(choose(subnormal, mul(x, splat(2 ** 24)), x));
    const raw = f.let(op('i32x4.sub', scaled, splatInt(0x3f3504f3)));
    const k = f.let(
      op(
        'f32x4.convert_i32x4_s',
        op('i32x4.sub', op('i32x4.shr_s', raw, i32(23)), op('v128.and', subnormal, splatInt(24))),
      ),
    );
    const mantissa = op('i32x4.add', op('v128.and', raw, splatInt(0x7fffff)), splatInt(0x3f3504f3));
    const m = f.let(sub(mantissa, splat(1)));
    const tail = logTail(f, m);
    const y = add(add(add(mul(k, splat(ln2Low)), tail), m), mul(k, splat(ln2High)));
    const positive = op('v128.and', lt(splat(0), x), lt(x, splat(Infinity)));
    const negative = choose(lt(x, splat(0)), splat(NaN), x);
    return choose(positive, y, choose(eq(x, splat(0)), splat(-Infinity), negative));
  },
  log1p(f, lib) {
    const x = f.param(0);
    const near = add(x, logTail(f, x));
    const small = lt(abs(x), splat(0.2928));
    return choose(small, near, call(lib.f32x4('log'), add(splat(1), x)));
  },
  sin: (f, lib) => sine(f, lib, 0),
  cos: (f, lib) => sine(f, lib, 1),
  tan: (f, lib) => byLanes(f, lib, 'tan'),
  tanh(f, lib) {
    const x = f.param(0);
    const a = f.let(op('f32x4.min', abs(x), splat(10)));
    const m = f.let(call(lib.f32x4('expm1'), add(a, a)));
    const denominator = f.let(add(m, splat(2)));
    const y = choose(lt(splat(0.5), a), sub(splat(1), div(splat(2), denominator)), div(m, denominator));
    const signed = op('v128.bitselect', x, y, signBit);
    return choose(op('v128.or', isNan(x), eq(x, splat(0))), x, signed);
  },
  atan: (f, lib) => byLanes(f, lib, 'atan'),
  erf: (f, lib) => byLanes(f, lib, 'erf'),
  pow: (f, lib) => byLanes(f, lib, 'pow'),
  atan2: (f, lib) => byLanes(f, lib, 'atan2'),
  rem: (f, lib) => byLanes(f, lib, 'rem'),
};

/** 2ᵏ for integers k of normal powers; larger ones stay at the largest. */
const power2 = (k: Value): Value =>
  op(
    'i32x4.shl',
    op('i32x4.add', op('i32x4.max_s', op('i32x4.min_s', k, splatInt(127)), splatInt(-126)), splatInt(127)),
    i32(23),
  );

/** x = n·ln 2 + r, and q = eʳ - 1 - r. */
function expParts(f: Func, x: Value): { readonly n: Value; readonly r: Value; readonly q: Value } {
  const c = f.let(x);
  const n = f.let(op('f32x4.nearest', mul(c, splat(Math.LOG2E))));
  const r = f.let(sub(sub(c, mul(n, splat(ln2High))), mul(n, splat(ln2Low))));
  return { n, r, q: f.let(mul(mul(r, r), polynomial(f, r, expSeries))) };
}

/** log(1+m) - m = m²·(m·q(m) - ½). */
const logTail = (f: Func, m: Value): Value =>
  f.let(mul(mul(m, m), sub(mul(m, polynomial(f, m, logSeries)), splat(0.5))));

/** Beyond this the two-part reduction of {@link sine} is not exact, and f64 lanes take over. */
const reducible = 1e6;

/** sin (shift 0) or cos (shift 1): the argument is reduced in f64, the series run in f32. */
function sine(f: Func, lib: Library, shift: number): Value {
  const x = f.param(0);
  const result = f.local('v128', 'result');
  const outside = op('v128.and', lt(splat(reducible), abs(x)), lt(abs(x), splat(Infinity)));
  f.if(
    op('v128.any_true', outside),
    () => f.set(result, byLanes(f, lib, shift === 0 ? 'sin' : 'cos')),
    () => {
      const low = reduceHalf(f, x);
      const high = reduceHalf(f, laneOp('i8x16.shuffle', [8, 9, 10, 11, 12, 13, 14, 15, ...range(8)], x, x));
      const r = f.let(laneOp('i8x16.shuffle', [...range(8), ...range(8).map((i) => 16 + i)], low.r, high.r));
      const n = laneOp('i8x16.shuffle', [...range(8), ...range(8).map((i) => 16 + i)], low.n, high.n);
      const q = f.let(op('i32x4.add', n, splatInt(shift)));
      const z = f.let(mul(r, r));
      const s = add(r, mul(r, mul(z, polynomial(f, z, sinSeries))));
      const c = add(sub(splat(1), mul(splat(0.5), z)), mul(mul(z, z), polynomial(f, z, cosSeries)));
      const odd = op('i32x4.ne', op('v128.and', q, splatInt(1)), splatInt(0));
      const flip = op('i32x4.shl', op('v128.and', q, splatInt(2)), i32(30));
      const y = op('v128.xor', choose(odd, c, s), flip);
      const finite = choose(lt(abs(x), splat(Infinity)), y, splat(NaN));
      f.set(result, shift === 0 ? choose(eq(x, splat(0)), x, finite) : finite);
    },
  );
  return { kind: 'get', type: 'v128', local: result };
}

/** Reduces the two lower lanes by multiples of π/2 in f64: r in the two lower lanes as f32, n as i32. */
function reduceHalf(f: Func, x: Value): { readonly n: Value; readonly r: Value } {
  const wide = f.let(op('f64x2.promote_low_f32x4', x));
  const times = (v: Value, c: number): Value => op('f64x2.mul', v, op('f64x2.splat', f64(c)));
  const n = f.let(op('f64x2.nearest', times(wide, 2 / Math.PI)));
  const [high, low] = piHalfParts;
  const r = op('f64x2.sub', op('f64x2.sub', wide, times(n, high)), times(n, low));
  return { n: op('i32x4.trunc_sat_f64x2_s_zero', n), r: op('f32x4.demote_f64x2_zero', r) };
}

/** Applies the f64 function to each lane. */
function byLanes(f: Func, lib: Library, name: F32x4Function): Value {
  const target = lib.f64(name);
  let result: Value = splat(0);
  for (const lane of range(4)) {
    const args = f.params.map((_, i) => op('f64.promote_f32', laneOp('f32x4.extract_lane', [lane], f.param(i))));
    result = f.let(laneOp('f32x4.replace_lane', [lane], result, op('f32.demote_f64', call(target, ...args))));
  }
  return result;
}
