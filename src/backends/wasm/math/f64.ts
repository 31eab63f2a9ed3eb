import { range } from '../../../util/array.ts';
import type { Func, Value } from '../module/code.ts';
import { call, f64, get, i32, i64, op, selectOp } from '../module/code.ts';
import {
  abs,
  add,
  bits,
  both,
  div,
  either,
  eq,
  factorial,
  fromBits,
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
import { power } from './f64-power.ts';
import type { F64Function, Library } from './library.ts';

// π/2 as a sum of parts (found with 130-digit arithmetic). All but the last have few enough bits (33) that their products
// with integers below 2²⁰ are exact.
const piHalf1 = 1.5707963267341256;
const piHalf2 = 6.077100506303966e-11;
const piHalf3 = 2.0222662487111665e-21;
const piHalf4 = 8.4784276603689e-32;
/** π/2 minus its f64. */
const piHalfError = 6.123233995736766e-17;

/** The parts of π/2 that f32 code shares: an f64 of 33 bits and the rest. */
export const piHalfParts: readonly [number, number] = [piHalf1, 6.077100506506192e-11];

/** Writes the body of an f64 function: right to a few units in the last place. */
export function buildF64(lib: Library, f: Func, name: F64Function): void {
  f.returns = [bodies[name](f, lib)];
}

const bodies: { readonly [F in F64Function]: (f: Func, lib: Library) => Value } = {
  exp(f) {
    const x = f.param(0);
    const { n, r } = reduceLn2(f, op('f64.min', op('f64.max', x, f64(-746)), f64(710)));
    const y = polynomial(
      f,
      r,
      range(14).map((k) => 1 / factorial(k)),
    );
    const k = f.let(op('i32.trunc_sat_f64_s', n));
    const half = f.let(op('i32.shr_s', k, i32(1)));
    return mul(mul(y, power2(half)), power2(op('i32.sub', k, half)));
  },
  expm1(f, lib) {
    const x = f.param(0);
    const { n, r } = reduceLn2(f, op('f64.min', op('f64.max', x, f64(-45)), f64(700)));
    // e^r - 1 = r + r²·p(r)
    const tail = mul(
      mul(r, r),
      polynomial(
        f,
        r,
        range(14).map((k) => 1 / factorial(k + 2)),
      ),
    );
    const s = f.let(power2(op('i32.trunc_sat_f64_s', n)));
    const y = add(mul(s, add(r, tail)), sub(s, f64(1)));
    const big = lt(f64(699), x);
    return selectOp(either(eq(x, f64(0)), isNan(x)), x, selectOp(big, call(lib.f64('exp'), x), y));
  },
  log(f) {
    const x = f.param(0);
    const { k, m } = mantissa64(f, x);
    // log(1+m) = 2 atanh(s), s = m/(2+m), written so that the large part m - m²/2 is exact
    const s = f.let(div(m, add(f64(2), m)));
    const z = f.let(mul(s, s));
    const series = mul(
      z,
      polynomial(
        f,
        z,
        range(11).map((i) => 2 / (2 * i + 3)),
      ),
    );
    const half = f.let(mul(f64(0.5), mul(m, m)));
    const low = add(mul(s, add(half, series)), mul(k, f64(ln2Rest)));
    const y = sub(mul(k, f64(ln2Head)), sub(sub(half, low), m));
    const special = selectOp(eq(x, f64(0)), f64(-Infinity), selectOp(lt(x, f64(0)), f64(NaN), x));
    return selectOp(both(lt(f64(0), x), lt(x, f64(Infinity))), y, special);
  },
  log1p(f, lib) {
    const x = f.param(0);
    const u = f.let(add(f64(1), x));
    const y = mul(call(lib.f64('log'), u), div(x, sub(u, f64(1))));
    const same = either(eq(u, f64(1)), eq(x, f64(Infinity)));
    return selectOp(same, x, selectOp(eq(u, f64(0)), f64(-Infinity), y));
  },
  sin: (f) => sine(f, 0),
  cos: (f) => sine(f, 1),
  tan(f) {
    const x = f.param(0);
    const { quadrant, r } = reducePiHalf(f, x);
    const [s, c] = [f.let(sinSeries(f, r)), f.let(cosSeries(f, r))];
    const odd = f.let(op('i32.and', quadrant, i32(1)));
    const y = div(selectOp(odd, op('f64.neg', c), s), selectOp(odd, s, c));
    return selectOp(eq(x, f64(0)), x, y);
  },
  tanh(f, lib) {
    const x = f.param(0);
    const a = op('f64.min', abs(x), f64(22));
    const m = f.let(call(lib.f64('expm1'), mul(f64(2), a)));
    const y = op('f64.copysign', div(m, add(m, f64(2))), x);
    return selectOp(either(eq(x, f64(0)), isNan(x)), x, y);
  },
  atan(f) {
    const x = f.param(0);
    const a = f.let(abs(x));
    const inverse = f.let(lt(f64(1), a));
    const t = f.let(selectOp(inverse, div(f64(1), a), a));
    // atan t = π/4 + atan((t-1)/(t+1)) above tan π/8
    const upperHalf = f.let(lt(f64(Math.SQRT2 - 1), t));
    const u = f.let(selectOp(upperHalf, div(sub(t, f64(1)), add(t, f64(1))), t));
    const z = f.let(mul(u, u));
    const series = polynomial(
      f,
      z,
      range(22).map((i) => (i % 2 === 0 ? -1 : 1) / (2 * i + 3)),
    );
    const small = add(u, mul(u, mul(z, series)));
    const first = f.let(selectOp(upperHalf, add(f64(Math.PI / 4), add(small, f64(piHalfError / 2))), small));
    const y = selectOp(inverse, sub(f64(Math.PI / 2), sub(first, f64(piHalfError))), first);
    return selectOp(isNan(x), x, op('f64.copysign', y, x));
  },
  erf: errorFunction,
  pow: power,
  atan2(f, lib) {
    const [y, x] = [f.param(0), f.param(1)];
    const [ay, ax] = [f.let(abs(y)), f.let(abs(x))];
    const infinite = both(eq(ay, f64(Infinity)), eq(ax, f64(Infinity)));
    const zero = eq(ay, f64(0));
    const ratio = selectOp(infinite, f64(1), selectOp(zero, f64(0), div(ay, ax)));
    const r = f.let(call(lib.f64('atan'), ratio));
    const negative = op('i32.wrap_i64', op('i64.shr_u', bits(x), i64(63n)));
    const angle = selectOp(negative, sub(f64(Math.PI), sub(r, f64(2 * piHalfError))), r);
    return selectOp(either(isNan(x), isNan(y)), add(x, y), op('f64.copysign', angle, y));
  },
  rem(f) {
    // Exact: subtracts the divisor times falling powers of two.
    const [x, y] = [f.param(0), f.param(1)];
    const b = f.let(abs(y));
    const a = f.variable(abs(x));
    const bad = f.let(either(either(isNan(x), isNan(y)), either(eq(b, f64(0)), eq(get(a), f64(Infinity)))));
    f.if(op('i32.and', op('i32.eqz', bad), lt(b, f64(Infinity))), () => {
      const t = f.variable(b);
      f.while(op('f64.le', add(get(t), get(t)), get(a)), () => f.set(t, add(get(t), get(t))));
      f.while(op('f64.ge', get(t), b), () => {
        f.if(op('f64.ge', get(a), get(t)), () => f.set(a, sub(get(a), get(t))));
        f.set(t, mul(get(t), f64(0.5)));
      });
    });
    return selectOp(bad, f64(NaN), op('f64.copysign', get(a), x));
  },
};

/** x = n·ln 2 + r, |r| ≤ ln 2 / 2. */
function reduceLn2(f: Func, x: Value): { readonly n: Value; readonly r: Value } {
  const c = f.let(x);
  const n = f.let(op('f64.nearest', mul(c, f64(Math.LOG2E))));
  return { n, r: f.let(sub(sub(c, mul(n, f64(ln2Head))), mul(n, f64(ln2Rest)))) };
}

/** 2/π in digits of 24 bits: the product of one with 29 bits of an argument is exact. */
const twoOverPi = [0xa2f983, 0x6e4e44, 0x1529fc, 0x2757d1, 0xf534dd, 0xc0db62, 0x95993c, 0x439041, 0xfe5163, 0xabdebb];

/**
 * x = n·π/2 + r with |r| ≤ π/4, and n's last two bits. Below 2²⁰ the products of n with the parts of π/2 are exact.
 * Larger arguments (up to 2¹²⁸, all of f32; beyond, the result is bounded but not accurate) multiply 2/π digit by
 * digit, dropping whole periods, which is exact as well.
 */
function reducePiHalf(f: Func, x: Value): { readonly quadrant: Value; readonly r: Value } {
  const n = f.variable(op('f64.nearest', mul(x, f64(2 / Math.PI))));
  const r = f.local('f64', 'r');
  f.if(
    lt(abs(x), f64(2 ** 20)),
    () => {
      const head = f.let(sub(sub(x, mul(get(n), f64(piHalf1))), mul(get(n), f64(piHalf2))));
      const third = f.let(mul(get(n), f64(piHalf3)));
      const y = f.let(sub(head, third));
      // What the last subtraction rounded away, and the last part.
      f.set(r, add(y, sub(sub(sub(head, y), third), mul(get(n), f64(piHalf4)))));
    },
    () => {
      const high = f.let(fromBits(op('i64.and', bits(x), i64(-(2n ** 29n)))));
      const parts = [high, f.let(sub(x, high))];
      const rest = f.variable(f64(0));
      // What the sums round away.
      const lost = f.variable(f64(0));
      f.set(n, f64(0));
      twoOverPi.forEach((digit, i) =>
        parts.forEach((part) => {
          const product = f.let(mul(part, f64(digit * 2 ** (-24 * (i + 1)))));
          const p = f.let(sub(product, mul(f64(4), op('f64.nearest', mul(product, f64(0.25))))));
          const sum = f.let(add(get(rest), p));
          const added = f.let(sub(sum, get(rest)));
          f.set(lost, add(get(lost), add(sub(get(rest), sub(sum, added)), sub(p, added))));
          const whole = f.let(op('f64.nearest', sum));
          f.set(n, add(get(n), whole));
          f.set(rest, sub(sum, whole));
        }),
      );
      f.set(r, mul(add(get(rest), get(lost)), f64(Math.PI / 2)));
    },
  );
  const quadrant = f.let(op('i32.trunc_sat_f64_s', sub(get(n), mul(f64(4), op('f64.floor', mul(get(n), f64(0.25)))))));
  return { quadrant, r: get(r) };
}

function sinSeries(f: Func, r: Value): Value {
  const z = f.let(mul(r, r));
  const series = polynomial(
    f,
    z,
    range(8).map((i) => (i % 2 === 0 ? -1 : 1) / factorial(2 * i + 3)),
  );
  return add(r, mul(r, mul(z, series)));
}

function cosSeries(f: Func, r: Value): Value {
  const z = f.let(mul(r, r));
  const series = polynomial(
    f,
    z,
    range(8).map((i) => (i % 2 === 0 ? 1 : -1) / factorial(2 * i + 4)),
  );
  return add(sub(f64(1), mul(f64(0.5), z)), mul(mul(z, z), series));
}

function sine(f: Func, shift: number): Value {
  const x = f.param(0);
  const { quadrant, r } = reducePiHalf(f, x);
  const q = f.let(op('i32.add', quadrant, i32(shift)));
  const y = f.let(selectOp(op('i32.and', q, i32(1)), cosSeries(f, r), sinSeries(f, r)));
  const signed = selectOp(op('i32.and', q, i32(2)), op('f64.neg', y), y);
  const finite = f.let(selectOp(lt(abs(x), f64(Infinity)), signed, f64(NaN)));
  return shift === 0 ? selectOp(eq(x, f64(0)), x, finite) : finite;
}

/** As `erf` in semantics.ts: a series below 3, a continued fraction of erfc beyond. */
function errorFunction(f: Func, lib: Library): Value {
  const x = f.param(0);
  const a = f.let(op('f64.min', abs(x), f64(6.5)));
  const gauss = f.let(call(lib.f64('exp'), op('f64.neg', mul(a, a))));
  const y = f.variable(f64(0));
  f.if(
    lt(a, f64(3)),
    () => {
      const [term, sum, n] = [f.variable(a), f.variable(a), f.variable(f64(3))];
      const twice = f.let(mul(f64(2), mul(a, a)));
      f.while(lt(mul(get(sum), f64(1e-17)), get(term)), () => {
        f.set(term, mul(get(term), div(twice, get(n))));
        f.set(sum, add(get(sum), get(term)));
        f.set(n, add(get(n), f64(2)));
      });
      f.set(y, mul(mul(get(sum), gauss), f64(2 / Math.sqrt(Math.PI))));
    },
    () => {
      const [fraction, k] = [f.variable(f64(0)), f.variable(f64(30))];
      f.while(lt(f64(0), get(k)), () => {
        f.set(fraction, div(get(k), add(a, get(fraction))));
        f.set(k, sub(get(k), f64(0.5)));
      });
      f.set(y, sub(f64(1), div(gauss, mul(add(a, get(fraction)), f64(Math.sqrt(Math.PI))))));
    },
  );
  return selectOp(isNan(x), x, op('f64.copysign', get(y), x));
}
