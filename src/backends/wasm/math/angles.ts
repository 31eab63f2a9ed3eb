import { range } from '../../../util/array.ts';
import type { Value } from '../module/code.ts';
import { get, i32, laneOp, op } from '../module/code.ts';
import { piHalfParts } from './f64.ts';
import type { Lanes } from './lanes.ts';
import {
  abs,
  add,
  add64,
  both,
  byLanes,
  choose,
  div,
  either,
  eq,
  isNan,
  lowerOfBoth,
  lt,
  madd,
  mul,
  mul64,
  polynomial,
  roundingShift64,
  splat,
  splat64,
  splatInt,
  sub,
  sub64,
  upper,
  withSign,
} from './lanes.ts';

// Minimax on the reduced ranges.
/** (sin r - r)/r³ in r², and (cos r - 1 + r²/2)/r⁴ in r², on |r| ≤ π/4. */
const sinSeries = [-0.16666664, 0.008332747, -0.00019587505];
const cosSeries = [0.041666664, -0.0013888301, 2.4547537e-5];
/** (atan t - t)/t³ in t², on |t| ≤ tan π/8. */
const atanSeries = [-0.333333164, 0.199984893, -0.142438486, 0.105959982, -0.0608344562];

/** Beyond this the reduction in two parts is not exact, and f64 lanes take over. */
const reducible = 1e6;

export const sine = (l: Lanes, x: Value): Value =>
  reduced(l, x, 'sin', ({ q, s, c }) => {
    const y = choose(isOdd(q), c, s);
    return choose(eq(x, splat(0)), x, signed(y, q));
  });

export const cosine = (l: Lanes, x: Value): Value =>
  reduced(l, x, 'cos', ({ q, s, c }) => signed(choose(isOdd(q), s, c), op('i32x4.add', q, splatInt(1))));

export const tangent = (l: Lanes, x: Value): Value =>
  reduced(l, x, 'tan', ({ q, s, c }) => {
    const odd = l.f.let(isOdd(q));
    const y = div(choose(odd, op('f32x4.neg', c), s), choose(odd, s, c));
    return choose(eq(x, splat(0)), x, y);
  });

const isOdd = (q: Value): Value => op('i32x4.ne', both(q, splatInt(1)), splatInt(0));
/** Negative in the quadrants 2 and 3. */
const signed = (y: Value, q: Value): Value => op('v128.xor', y, op('i32x4.shl', both(q, splatInt(2)), i32(30)));

/** The quadrant of an angle, and the sine and cosine of what it is beyond the nearest multiple of π/2. */
interface Reduced {
  readonly q: Value;
  readonly s: Value;
  readonly c: Value;
}

/** The argument is reduced in f64, the series run in f32. Huge arguments, which are rare, go lane by lane. */
function reduced(l: Lanes, x: Value, name: 'sin' | 'cos' | 'tan', combine: (r: Reduced) => Value): Value {
  const { f } = l;
  const result = f.local('v128', 'result');
  const outside = both(lt(splat(reducible), abs(x)), lt(abs(x), splat(Infinity)));
  f.if(
    op('v128.any_true', outside),
    () => f.set(result, byLanes(l, name, [x])),
    () => {
      const [low, high] = [reduceHalf(l, x), reduceHalf(l, upper(x))];
      const r = f.let(lowerOfBoth(low.r, high.r));
      const lowestWords = [0, 8, 16, 24].flatMap((b) => range(4).map((i) => b + i));
      const q = f.let(laneOp('i8x16.shuffle', lowestWords, low.n, high.n));
      const z = f.let(mul(r, r));
      const s = f.let(madd(l, mul(r, z), polynomial(l, z, sinSeries), r));
      const c = f.let(madd(l, mul(z, z), polynomial(l, z, cosSeries), madd(l, splat(-0.5), z, splat(1))));
      f.set(result, choose(lt(abs(x), splat(Infinity)), combine({ q, s, c }), splat(NaN)));
    },
  );
  return get(result);
}

/** Reduces the two lower lanes by multiples of π/2 in f64: r in the two lower lanes as f32, n in the low bits of each f64. */
function reduceHalf({ f }: Lanes, x: Value): { readonly n: Value; readonly r: Value } {
  const wide = f.let(op('f64x2.promote_low_f32x4', x));
  const n = f.let(add64(mul64(wide, splat64(2 / Math.PI)), splat64(roundingShift64)));
  const whole = f.let(sub64(n, splat64(roundingShift64)));
  const [high, low] = piHalfParts;
  const r = sub64(sub64(wide, mul64(whole, splat64(high))), mul64(whole, splat64(low)));
  return { n, r: f.let(op('f32x4.demote_f64x2_zero', r)) };
}

export function arctangent(l: Lanes, x: Value): Value {
  const a = l.f.let(abs(x));
  const inverted = l.f.let(lt(splat(1), a));
  const { base, offset, t } = firstOctant(l, choose(inverted, splat(1), a), choose(inverted, a, splat(1)));
  const small = l.f.let(add(offset, t));
  const up = add(base, small);
  const down = sub(sub(splat(piHalf), base), sub(small, splat(piHalfRest)));
  return choose(isNan(x), x, withSign(choose(inverted, down, up), x));
}

const piHalf = Math.fround(Math.PI / 2);
const piHalfRest = Math.PI / 2 - piHalf;
const piQuarterRest = piHalfRest / 2;

/**
 * The angle of a ratio `num/den` in [0, 1], as `base + (offset + t)`: 0 or, above tan π/8, π/4 in two parts, and the arctangent
 * of the rest.
 */
function firstOctant(
  l: Lanes,
  num: Value,
  den: Value,
): { readonly base: Value; readonly offset: Value; readonly t: Value } {
  const { f } = l;
  const [a, b] = [f.let(num), f.let(den)];
  const upperHalf = f.let(lt(mul(b, splat(Math.SQRT2 - 1)), a));
  const u = f.let(div(choose(upperHalf, sub(a, b), a), choose(upperHalf, add(a, b), b)));
  const z = f.let(mul(u, u));
  return {
    base: f.let(both(upperHalf, splat(piHalf / 2))),
    offset: f.let(both(upperHalf, splat(piQuarterRest))),
    t: f.let(madd(l, mul(u, z), polynomial(l, z, atanSeries), u)),
  };
}

export function arctangent2(l: Lanes, y: Value, x: Value): Value {
  const { f } = l;
  const [ay, ax] = [f.let(abs(y)), f.let(abs(x))];
  const steep = f.let(lt(ax, ay));
  const [less, more] = [f.let(choose(steep, ax, ay)), f.let(choose(steep, ay, ax))];
  // Halves where the sum of the two might overflow; 1/1 for two infinities, 0/1 for two zeros.
  const scale = choose(lt(splat(2 ** 126), more), splat(0.25), splat(1));
  const infinite = f.let(eq(less, splat(Infinity)));
  const zero = eq(more, splat(0));
  const num = choose(infinite, splat(1), mul(less, scale));
  const den = choose(either(infinite, zero), splat(1), mul(more, scale));
  const { base, offset, t } = firstOctant(l, num, den);
  const small = f.let(add(offset, t));
  const angle = f.let(add(base, small));
  const negative = f.let(op('i32x4.shr_s', x, i32(31)));
  // The angle is taken from π/2 or π, or added to π/2: large parts first, in one exact step.
  const sum = op('v128.xor', steep, negative);
  const flip = f.let(op('v128.and', sum, splatInt(-(2 ** 31))));
  const start = f.let(choose(steep, splat(piHalf), both(negative, splat(Math.fround(Math.PI)))));
  const rest = choose(steep, splat(piHalfRest), both(negative, splat(2 * piHalfRest)));
  const turned = add(add(start, op('v128.xor', base, flip)), add(op('v128.xor', small, flip), rest));
  const magnitude = choose(either(steep, negative), turned, angle);
  return choose(either(isNan(x), isNan(y)), add(x, y), withSign(magnitude, y));
}
