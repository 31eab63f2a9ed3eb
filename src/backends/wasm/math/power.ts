import type { Value } from '../module/code.ts';
import { get, i32, i64, op } from '../module/code.ts';
import type { Lanes } from './lanes.ts';
import {
  abs,
  add,
  add64,
  both,
  byLanes,
  choose,
  either,
  eq,
  inDoubles,
  isNan,
  lt,
  mul,
  mul64,
  normalized,
  polynomial64,
  roundingShift64,
  splat,
  splat64,
  splatInt,
  sub64,
  withSign,
} from './lanes.ts';

// Minimax in f64, for results that are rounded to f32.
/** (log₂((1+s)/(1-s)) - 2s/ln 2)/s³ in s², for 1/√2 ≤ (1+s)/(1-s) ≤ √2. */
const log2Series = [0.96179667918675, 0.577082853668094, 0.411706231364407, 0.34022061369562945];
/** 2ʳ on |r| ≤ ½. */
const exp2Series = [
  0.999999999919089, 0.6931472067096504, 0.24022651504895112, 0.05550327215761973, 0.009617994531290341,
  0.0013400431668230835, 0.00015478017702469523,
];

/** IEEE pow as 2^(y·log₂|x|) in f64, with the sign and the special cases set right afterwards. */
export function power(l: Lanes, x: Value, y: Value): Value {
  const { f } = l;
  const a = f.let(abs(x));
  const { k, m } = normalized(l, a);
  const size = f.let(inDoubles(l, [k, m, y], (e, n, p) => exp2(l, mul64(p, add64(e, log2(l, n))))));
  const growing = lt(splat(0), y);
  const [atZero, atInfinity] = [choose(growing, splat(0), splat(Infinity)), choose(growing, splat(Infinity), splat(0))];
  const unsigned = choose(
    eq(a, splat(0)),
    atZero,
    choose(eq(a, splat(Infinity)), atInfinity, choose(eq(a, splat(1)), splat(1), size)),
  );
  const whole = f.let(eq(y, op('f32x4.trunc', y)));
  const half = f.let(mul(y, splat(0.5)));
  const odd = both(whole, op('f32x4.ne', half, op('f32x4.trunc', half)));
  const flip = both(both(odd, x), splatInt(-(2 ** 31)));
  const signed = op('v128.xor', unsigned, flip);
  const root = both(both(lt(x, splat(0)), lt(a, splat(Infinity))), op('v128.not', whole));
  const withNan = choose(either(isNan(x), isNan(y)), add(x, y), choose(root, splat(NaN), signed));
  return choose(either(eq(y, splat(0)), eq(x, splat(1))), splat(1), withNan);
}

/** log₂(1+m) of two f64. */
function log2(l: Lanes, m: Value): Value {
  const s = l.f.let(op('f64x2.div', m, add64(m, splat64(2))));
  const z = l.f.let(mul64(s, s));
  return mul64(s, add64(splat64(2 / Math.LN2), mul64(z, polynomial64(l, z, log2Series))));
}

/** 2ᵗ of two f64, where that is a number of f32; smaller and larger ones are too small and too large for f32 as well. */
function exp2(l: Lanes, t: Value): Value {
  const { f } = l;
  const c = f.let(op('f64x2.pmin', op('f64x2.pmax', t, splat64(-160)), splat64(130)));
  const n = f.let(add64(c, splat64(roundingShift64)));
  const p = polynomial64(l, f.let(sub64(c, sub64(n, splat64(roundingShift64)))), exp2Series);
  return mul64(p, op('i64x2.shl', op('i64x2.add', n, op('i64x2.splat', i64(1023n))), i32(52)));
}

/** Quotients below this have few enough bits for an exact remainder in one step of f64. */
const oneStep = 2 ** 28;

/** The remainder of a division that truncates, exact. Where the quotient is huge in some lane, all go one by one. */
export function remainder(l: Lanes, x: Value, y: Value): Value {
  const { f } = l;
  const [a, b] = [f.let(abs(x)), f.let(abs(y))];
  const result = f.local('v128', 'result');
  const huge = both(lt(mul(b, splat(oneStep)), a), both(lt(splat(0), b), lt(a, splat(Infinity))));
  f.if(
    op('v128.any_true', huge),
    () => f.set(result, byLanes(l, 'rem', [x, y])),
    () => {
      const rest = inDoubles(l, [a, b], (p, q) => {
        const whole = op('f64x2.trunc', op('f64x2.div', p, q));
        const r = f.let(sub64(p, mul64(whole, q)));
        // The quotient may have been rounded up to an integer.
        return add64(r, both(op('f64x2.lt', r, splat64(0)), q));
      });
      const finite = choose(eq(b, splat(Infinity)), a, rest);
      const bad = either(either(isNan(x), isNan(y)), either(eq(b, splat(0)), eq(a, splat(Infinity))));
      f.set(result, choose(bad, splat(NaN), withSign(finite, x)));
    },
  );
  return get(result);
}
