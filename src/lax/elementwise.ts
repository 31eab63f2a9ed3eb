import type { DType } from '../kernel/dtype.ts';
import { isFloat, isInteger, isNarrow, isUnsigned, storedBytes } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, constant, select as selectExpr, unary } from '../kernel/expr.ts';
import type { BinaryOp, UnaryOp } from '../kernel/ops.ts';
import type { Aval } from '../trace/aval.ts';
import { aval, firstDifferentAxis, sameShape, showAval, showMarked } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import type {
  Batched,
  BatchedResult,
  CaseInput,
  Cases,
  Derivative,
  LinearMap,
  NoParams,
  Primitive,
  Tuple,
} from '../trace/primitive.ts';
import { eachCase, mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import type { NDArray } from '../trace/value.ts';
import type { Direction } from '../trace/stablehlo/builder.ts';
import type { StableHloRule } from '../trace/stablehlo/rules.ts';
import { named, operation, pointwise, pointwiseFunction } from '../trace/stablehlo/rules.ts';
import { erfInvExpr } from './erf-inv.ts';
import { allWeak } from './rules.ts';
import { select } from './select.ts';
import { fill, operands, toFront, zerosOf } from './structural.ts';

/**
 * Elementwise primitives. A family helper derives every rule but the derivative from the scalar operation, so that each
 * is a line or two. None broadcasts: shapes are equal, dtypes too; `numpy` does the rest.
 */

type None = NoParams;
const none: None = {};

/** Which dtypes an operation takes. */
type Domain = 'float' | 'number' | 'any' | 'integer' | 'bits';
const accepts: { readonly [D in Domain]: (dtype: DType) => boolean } = {
  float: isFloat,
  number: (d) => d !== 'bool',
  any: () => true,
  integer: isInteger,
  bits: (d) => !isFloat(d),
};
const domainText: { readonly [D in Domain]: string } = {
  float: 'a float dtype (f16, f32, f64)',
  number: 'a number dtype (not bool)',
  any: 'any dtype',
  integer: 'an integer dtype',
  bits: 'bool or an integer dtype',
};

/** The default cases of an elementwise primitive: a matrix, a scalar, an empty array. */
function cases<N extends number>(
  arity: number,
  first: Omit<CaseInput, 'shape'>,
  second: Omit<CaseInput, 'shape'> = first,
): Cases<None, N> {
  return eachCase([[2, 3], [], [0, 2]], (shape) => ({
    ins: Array.from({ length: arity }, (_, i) => ({ ...(i === 0 ? first : second), shape })) as unknown as Tuple<
      N,
      CaseInput
    >,
    params: none,
  }));
}

const caseDtype = (domain: Domain): CaseInput['dtype'] =>
  domain === 'float' ? 'float' : domain === 'bits' || domain === 'integer' ? 'integer' : 'any';

/** Brings batch axes together: operands batched along one axis keep it, others are broadcast. */
export function alignBatch(ins: readonly Batched[], size: number): { values: readonly NDArray[]; axis: number } {
  const [first] = ins.filter((b) => b.axis !== null);
  const axis = first?.axis ?? 0;
  if (ins.every((b) => b.axis === axis)) return { values: ins.map((b) => b.value), axis };
  return { values: ins.map((b) => toFront(b, size)), axis: 0 };
}

// ------------------------------------------------------------------------------------------------------- unary

interface UnarySpec {
  readonly takes: Domain;
  readonly result?: DType;
  readonly lower: UnaryOp | ((x: Expr) => Expr);
  /** StableHLO's operation, where there is one for what is lowered to an expression. */
  readonly stablehlo?: StableHloRule<None, 1>;
  readonly derivative: Derivative<None, 1>;
  /** Where the laws draw operands from. */
  readonly domain?: readonly [number, number];
  readonly kinks?: readonly number[];
}

function unaryPrimitive(name: string, spec: UnarySpec): Primitive<None, 1> {
  const { lower } = spec;
  const self: Primitive<None, 1> = primitive<None, 1>({
    name,
    type: ([x]) =>
      accepts[spec.takes](x.dtype)
        ? typed(aval(x.shape, spec.result ?? x.dtype, spec.result === undefined && x.weakType))
        : wrongDtype(`[${name}] needs ${domainText[spec.takes]}, got ${showAval(x)}: cast it (x.astype('f32'))`),
    derivative: spec.derivative,
    batch: ([x]) => ({ values: [bind1(self, [x.value], none)], axes: [x.axis] }),
    lower: ([x]) => ({
      kind: 'map',
      outputs: [(c) => (typeof lower === 'string' ? unary(lower, x.at(c)) : lower(x.at(c)))],
    }),
    stablehlo: spec.stablehlo ?? (typeof lower === 'string' ? operation(lower) : pointwise(() => self)),
    cases: cases<1>(1, {
      dtype: caseDtype(spec.takes),
      ...(spec.domain === undefined ? {} : { domain: spec.domain }),
      ...(spec.kinks === undefined ? {} : { kinks: spec.kinks }),
    }),
  });
  return self;
}

/** A smooth function whose tangent is `factor(x, y) · t`. */
const smooth = (factor: (x: NDArray, y: NDArray) => NDArray): Derivative<None, 1> => ({
  kind: 'smooth',
  partials: [([x], [y]) => times(factor(x, y as NDArray))],
});

/** The linear map `t ↦ factor · t`. */
export const times =
  (factor: NDArray): LinearMap =>
  (t) => [mul(t, factor)];

const step: Derivative<None, 1> = { kind: 'zero', because: 'it is piecewise constant' };
const logical = { kind: 'zero', because: 'it is not a function of real numbers' } as const;
const lit = (x: Expr, value: number): Expr => constant(x.dtype, value);
/** `value` in the shape and dtype of `x`. */
export const like = (x: NDArray, value: number): NDArray => fill(x.shape, x.dtype, value);

export const negP = unaryPrimitive('neg', {
  takes: 'number',
  lower: 'neg',
  derivative: { kind: 'linear', transpose: [([ct]) => neg(ct as NDArray)] },
});
export const absP = unaryPrimitive('abs', {
  takes: 'number',
  lower: 'abs',
  // 1 at 0, as JAX has it.
  derivative: smooth((x) => select(ge(x, like(x, 0)), like(x, 1), like(x, -1))),
  kinks: [0],
});
export const signP = unaryPrimitive('sign', { takes: 'number', lower: 'sign', derivative: step, kinks: [0] });
export const floorP = unaryPrimitive('floor', { takes: 'float', lower: 'floor', derivative: step, kinks: [-1, 0, 1] });
export const ceilP = unaryPrimitive('ceil', { takes: 'float', lower: 'ceil', derivative: step, kinks: [-1, 0, 1] });
export const roundP = unaryPrimitive('round', {
  takes: 'float',
  lower: 'round',
  derivative: step,
  kinks: [-1.5, -0.5, 0.5, 1.5],
});
export const sqrtP = unaryPrimitive('sqrt', {
  takes: 'float',
  lower: 'sqrt',
  derivative: smooth((_, y) => div(like(y, 0.5), y)),
  domain: [0.1, 4],
});
export const rsqrtP = unaryPrimitive('rsqrt', {
  takes: 'float',
  lower: (x) => binary('div', lit(x, 1), unary('sqrt', x)),
  stablehlo: named('rsqrt'),
  derivative: smooth((x, y) => mul(like(y, -0.5), div(y, x))),
  domain: [0.1, 4],
});
export const expP = unaryPrimitive('exp', { takes: 'float', lower: 'exp', derivative: smooth((_, y) => y) });
export const expm1P = unaryPrimitive('expm1', {
  takes: 'float',
  lower: 'expm1',
  derivative: smooth((_, y) => add(y, like(y, 1))),
});
export const logP = unaryPrimitive('log', {
  takes: 'float',
  lower: 'log',
  derivative: smooth((x) => div(like(x, 1), x)),
  domain: [0.1, 4],
});
export const log1pP = unaryPrimitive('log1p', {
  takes: 'float',
  lower: 'log1p',
  derivative: smooth((x) => div(like(x, 1), add(x, like(x, 1)))),
  domain: [-0.8, 3],
});
export const sinP = unaryPrimitive('sin', { takes: 'float', lower: 'sin', derivative: smooth((x) => cos(x)) });
export const cosP = unaryPrimitive('cos', { takes: 'float', lower: 'cos', derivative: smooth((x) => neg(sin(x))) });
export const tanP = unaryPrimitive('tan', {
  takes: 'float',
  lower: 'tan',
  derivative: smooth((_, y) => add(like(y, 1), mul(y, y))),
  domain: [-1.2, 1.2],
});
export const tanhP = unaryPrimitive('tanh', {
  takes: 'float',
  lower: 'tanh',
  derivative: smooth((_, y) => sub(like(y, 1), mul(y, y))),
});
export const atanP = unaryPrimitive('atan', {
  takes: 'float',
  lower: 'atan',
  derivative: smooth((x) => div(like(x, 1), add(like(x, 1), mul(x, x)))),
});
export const erfP = unaryPrimitive('erf', {
  takes: 'float',
  lower: 'erf',
  derivative: smooth((x) => mul(like(x, 2 / Math.sqrt(Math.PI)), exp(neg(mul(x, x))))),
});
/**
 * 1 / (1 + e^{-x}), for negative x as eˣ / (1 + eˣ), which does not overflow; its derivative y (1 - y) stays finite in both
 * tails.
 */
export const logisticP = unaryPrimitive('logistic', {
  takes: 'float',
  lower: (x) => {
    const small = unary('exp', unary('neg', unary('abs', x)));
    const numerator = selectExpr(binary('lt', x, lit(x, 0)), small, lit(x, 1));
    return binary('div', numerator, binary('add', lit(x, 1), small));
  },
  stablehlo: named('logistic'),
  derivative: smooth((_, y) => mul(y, sub(like(y, 1), y))),
});
/**
 * erf⁻¹ on (-1, 1); ±∞ at ±1, NaN beyond. M. Giles: Approximating the erfinv function. GPU Computing Gems, 2010; the same
 * polynomials as XLA.
 */
export const erfInvP = unaryPrimitive('erfInv', {
  takes: 'float',
  lower: erfInvExpr,
  stablehlo: pointwiseFunction(() => erfInvP),
  derivative: smooth((_, y) => mul(like(y, Math.sqrt(Math.PI) / 2), exp(mul(y, y)))),
  domain: [-0.9, 0.9],
});
export const notP = unaryPrimitive('not', { takes: 'bits', lower: 'not', derivative: logical });
export const isFiniteP = unaryPrimitive('isFinite', {
  takes: 'float',
  result: 'bool',
  lower: (x) => binary('lt', unary('abs', x), lit(x, Infinity)),
  stablehlo: (b, [x], _, [out]) => b.generic('is_finite', [x], [], [out as Aval]),
  derivative: logical,
});
export const isNanP = unaryPrimitive('isNan', { takes: 'float', result: 'bool', lower: 'isNan', derivative: logical });

const apply1 =
  (p: Primitive<None, 1>) =>
  (x: ArrayLike): NDArray =>
    bind1(p, [asArray(x, p.name)], none);

/**
 * -x; integers wrap.
 * @example lax.neg(np.array([1, -2])); // [-1, 2]
 */
export const neg = apply1(negP);
/**
 * |x|; the derivative at 0 is 1.
 * @example grad(lax.abs)(np.array(0)); // 1
 */
export const abs = apply1(absP);
/**
 * -1, 0 or 1; NaN and -0 are kept.
 * @example lax.sign(np.array([-2, 0, NaN])); // [-1, 0, NaN]
 */
export const sign = apply1(signP);
/**
 * The largest integer not above x.
 * @example lax.floor(np.array([1.7, -1.2])); // [1, -2]
 */
export const floor = apply1(floorP);
/**
 * The smallest integer not below x.
 * @example lax.ceil(np.array([1.2, -1.7])); // [2, -1]
 */
export const ceil = apply1(ceilP);
/**
 * The nearest integer, half to even.
 * @example lax.round(np.array([0.5, 1.5, 2.4])); // [0, 2, 2]
 */
export const round = apply1(roundP);
/**
 * √x.
 * @example lax.sqrt(np.array([9, -1])); // [3, NaN]
 */
export const sqrt = apply1(sqrtP);
/**
 * 1/√x.
 * @example lax.rsqrt(np.array(4)); // 0.5
 */
export const rsqrt = apply1(rsqrtP);
/**
 * eˣ.
 * @example lax.exp(np.array([0, 1, -Infinity])); // [1, 2.718282, 0]
 */
export const exp = apply1(expP);
/**
 * eˣ - 1, exact near 0.
 * @example lax.expm1(np.array(1e-8)).mul(1e8); // 1
 */
export const expm1 = apply1(expm1P);
/**
 * Natural logarithm.
 * @example lax.log(np.array([1, 0, -1])); // [0, -Infinity, NaN]
 */
export const log = apply1(logP);
/**
 * log(1 + x), exact near 0.
 * @example lax.log1p(np.array(1e-8)).mul(1e8); // 1
 */
export const log1p = apply1(log1pP);
/**
 * Sine, x in radians.
 * @example lax.sin(np.array(Math.PI / 6)); // 0.5
 */
export const sin = apply1(sinP);
/**
 * Cosine, x in radians.
 * @example lax.cos(np.array(Math.PI / 3)); // 0.5
 */
export const cos = apply1(cosP);
/**
 * Tangent, x in radians.
 * @example lax.tan(np.array(Math.PI / 4)); // 1
 */
export const tan = apply1(tanP);
/**
 * Hyperbolic tangent.
 * @example lax.tanh(np.array([0, 1, 20])); // [0, 0.761594, 1]
 */
export const tanh = apply1(tanhP);
/**
 * Arc tangent, in radians.
 * @example lax.atan(np.array([1, Infinity])); // [0.785398, 1.570796]
 */
export const atan = apply1(atanP);
/**
 * The error function, 2/√π ∫₀ˣ e^{-t²} dt.
 * @example lax.erf(np.array([0, 1, Infinity])); // [0, 0.842701, 1]
 */
export const erf = apply1(erfP);
/**
 * The inverse of {@link erf}.
 * @example lax.erfInv(np.array([0, 0.842701, 1])); // [0, 1, Infinity]
 */
export const erfInv = apply1(erfInvP);
/**
 * 1 / (1 + e⁻ˣ).
 * @example lax.logistic(np.array(0)); // 0.5
 */
export const logistic = apply1(logisticP);
/**
 * Logical not of bools, bitwise not of integers.
 * @example lax.not(np.array([0, 5], { dtype: 'i32' })); // [-1, -6]
 */
export const not = apply1(notP);
/**
 * Neither infinite nor NaN.
 * @example lax.isFinite(np.array([1, Infinity, NaN])); // [true, false, false]
 */
export const isFinite = apply1(isFiniteP);
/**
 * Is it NaN?
 * @example lax.isNan(np.array([1, Infinity, NaN])); // [false, false, true]
 */
export const isNan = apply1(isNanP);

// ------------------------------------------------------------------------------------------------ integer powers

export const integerPowP: Primitive<{ readonly y: number }, 1> = primitive<{ readonly y: number }, 1>({
  name: 'integerPow',
  type: ([x], { y }) =>
    Number.isInteger(y) && (isFloat(x.dtype) || (isInteger(x.dtype) && y >= 0))
      ? typed(x)
      : mistyped(`[integerPow] of ${showAval(x)} to the ${y}: needs an integer power, not negative for integers`),
  derivative: {
    kind: 'smooth',
    partials: [([x], _, { y }) => times(y === 0 ? zerosOf(x.aval) : mul(like(x, y), integerPow(x, y - 1)))],
  },
  batch: ([x], { y }) => ({ values: [integerPow(x.value, y)], axes: [x.axis] }),
  lower: ([x], { y }) => ({ kind: 'map', outputs: [(c) => powerBySquaring(x.at(c), y)] }),
  stablehlo: pointwise(() => integerPowP),
  cases: [
    { ins: [{ shape: [2, 3], dtype: 'float' }], params: { y: 2 } },
    { ins: [{ shape: [4], dtype: 'float', domain: [0.5, 2] }], params: { y: -3 }, label: 'negative' },
    { ins: [{ shape: [4], dtype: 'integer' }], params: { y: 5 } },
    { ins: [{ shape: [4], dtype: 'float' }], params: { y: 0 }, label: 'zero' },
  ],
});

function powerBySquaring(x: Expr, y: number): Expr {
  if (y < 0) return binary('div', constant(x.dtype, 1), powerBySquaring(x, -y));
  let result: Expr | null = null;
  let square = x;
  for (let n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = result === null ? square : binary('mul', result, square);
    if (n > 1) square = binary('mul', square, square);
  }
  return result ?? constant(x.dtype, 1);
}

/**
 * An integer to an integer power modulo 2³², bit by bit. Of a negative exponent the last six bits count, as in JAX: right for
 * bases whose power is an integer (0 counts as such, with the power 0).
 */
function powerOfIntegers(x: Expr, y: Expr): Expr {
  const [zero, one] = [lit(x, 0), lit(x, 1)];
  const vanishes = binary('and', binary('eq', x, zero), binary('ne', y, zero));
  let rest = y.dtype === 'u32' ? y : selectExpr(binary('lt', y, zero), binary('and', y, lit(y, 63)), y);
  let square = x;
  let result = selectExpr(vanishes, zero, one);
  for (let bit = 0; bit < 32; bit++) {
    const odd = binary('ne', binary('and', rest, one), zero);
    result = selectExpr(odd, binary('mul', result, square), result);
    square = binary('mul', square, square);
    rest = binary('shr', rest, one);
  }
  return result;
}

/**
 * x to a fixed integer power, by repeated squaring.
 * @example lax.integerPow(np.array([2, 3]), 3); // [8, 27]
 */
export const integerPow = (x: ArrayLike, y: number): NDArray => bind1(integerPowP, [asArray(x, 'integerPow')], { y });

/**
 * x².
 * @example lax.square(np.array([2, -3])); // [4, 9]
 */
export const square = (x: ArrayLike): NDArray => integerPow(x, 2);

// ------------------------------------------------------------------------------------------------------ binary

interface BinarySpec {
  readonly takes: Domain;
  readonly result?: DType;
  readonly lower: BinaryOp | ((x: Expr, y: Expr, dtype: DType) => Expr);
  /** StableHLO's operation, where there is one for what is lowered to an expression. */
  readonly stablehlo?: StableHloRule<None, 2>;
  readonly derivative: Derivative<None, 2>;
  readonly domain?: readonly [number, number];
  /** Where the second operand is drawn from, if not from `domain`. */
  readonly domain2?: readonly [number, number];
  readonly distinct?: boolean;
}

const caseInput = (spec: BinarySpec, domain: readonly [number, number] | undefined): Omit<CaseInput, 'shape'> => ({
  dtype: caseDtype(spec.takes),
  ...(domain === undefined ? {} : { domain }),
  ...(spec.distinct === undefined ? {} : { distinct: spec.distinct }),
});

function binaryPrimitive(name: string, spec: BinarySpec): Primitive<None, 2> {
  const { lower } = spec;
  const self: Primitive<None, 2> = primitive<None, 2>({
    name,
    type: ([x, y]) => {
      if (!sameShape(x.shape, y.shape)) {
        const bad = firstDifferentAxis([x.shape, y.shape]);
        return mistyped(
          `[${name}] needs equal shapes, got ${showMarked(x, bad)} and ${showMarked(y, bad)}; use numpy's function to broadcast`,
        );
      }
      if (x.dtype !== y.dtype || !accepts[spec.takes](x.dtype)) {
        return wrongDtype(
          `[${name}] needs two operands of one dtype, ${domainText[spec.takes]}; got ${showAval(x)} and ${showAval(y)}: ` +
            "cast one of them (x.astype('f32')), or use numpy's function, which promotes",
        );
      }
      return typed(aval(x.shape, spec.result ?? x.dtype, spec.result === undefined && allWeak([x, y])));
    },
    derivative: spec.derivative,
    batch: (ins, _, size): BatchedResult => {
      const { values, axis } = alignBatch(ins, size);
      return { values: [bind1(self, values, none)], axes: [axis] };
    },
    lower: ([x, y]) => ({
      kind: 'map',
      outputs: [
        (c) => (typeof lower === 'string' ? binary(lower, x.at(c), y.at(c)) : lower(x.at(c), y.at(c), x.aval.dtype)),
      ],
    }),
    stablehlo: spec.stablehlo ?? (typeof lower === 'string' ? operation(lower) : pointwise(() => self)),
    cases: cases<2>(2, caseInput(spec, spec.domain), caseInput(spec, spec.domain2 ?? spec.domain)),
  });
  return self;
}

/** The tangent of a maximum passes to the larger operand, half to each at a tie (as JAX has it). */
const towards = (x: NDArray, y: NDArray, wins: (a: NDArray, b: NDArray) => NDArray): NDArray =>
  select(eq(x, y), like(x, 0.5), select(wins(x, y), like(x, 1), zerosOf(x.aval)));

const extremum = (wins: (a: NDArray, b: NDArray) => NDArray): Derivative<None, 2> => ({
  kind: 'smooth',
  partials: [([x, y]) => times(towards(x, y, wins)), ([x, y]) => times(towards(y, x, wins))],
});

export const addP = binaryPrimitive('add', {
  takes: 'number',
  lower: 'add',
  derivative: { kind: 'linear', transpose: [([ct]) => ct as NDArray, ([ct]) => ct as NDArray] },
});
export const subP = binaryPrimitive('sub', {
  takes: 'number',
  lower: 'sub',
  derivative: { kind: 'linear', transpose: [([ct]) => ct as NDArray, ([ct]) => neg(ct as NDArray)] },
});
export const mulP = binaryPrimitive('mul', {
  takes: 'number',
  lower: 'mul',
  derivative: {
    kind: 'bilinear',
    transposeLhs: (ct, y) => mul(ct, y),
    transposeRhs: (ct, x) => mul(ct, x),
  },
});
export const divP = binaryPrimitive('div', {
  takes: 'number',
  lower: 'div',
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [, y]) => div(ct as NDArray, y.value as NDArray),
      // XLA computes x / y / y as x / y², which overflows sooner: a sign between the divisions keeps them apart.
      { partial: ([, y], [out]) => times(div(neg(out as NDArray), y)) },
    ],
  },
  domain: [0.5, 3],
});
export const remP = binaryPrimitive('rem', {
  takes: 'number',
  lower: 'rem',
  derivative: {
    kind: 'smooth',
    partials: [
      () => (t) => [t],
      // By way of the remainder, as x / y may round up to the next integer.
      ([x, y], [out]) => times(neg(round(div(sub(x, out as NDArray), y)))),
    ],
  },
  domain: [1.1, 1.4],
  domain2: [0.8, 1],
});
export const powP = binaryPrimitive('pow', {
  takes: 'number',
  lower: (x, y) => (isFloat(x.dtype) ? binary('pow', x, y) : powerOfIntegers(x, y)),
  stablehlo: (b, ins, params, outs) =>
    (isFloat(ins[0].dtype) ? named<None, 2>('power') : pointwiseFunction(() => powP))(b, ins, params, outs),
  derivative: {
    kind: 'smooth',
    partials: [
      ([x, y]) => {
        const flat = eq(y, zerosOf(y.aval));
        const exponent = select(flat, like(y, 1), sub(y, like(y, 1)));
        return times(select(flat, zerosOf(y.aval), mul(y, pow(x, exponent))));
      },
      ([x], [out]) => {
        const base = select(eq(x, zerosOf(x.aval)), like(x, 1), x);
        return times(mul(log(base), out as NDArray));
      },
    ],
  },
  domain: [0.5, 2],
});
export const atan2P = binaryPrimitive('atan2', {
  takes: 'float',
  lower: 'atan2',
  derivative: {
    kind: 'smooth',
    partials: [
      ([y, x]) => times(div(x, add(mul(x, x), mul(y, y)))),
      ([y, x]) => times(div(neg(y), add(mul(x, x), mul(y, y)))),
    ],
  },
  domain: [0.5, 2],
});
export const maxP = binaryPrimitive('max', {
  takes: 'number',
  lower: 'max',
  derivative: extremum((a, b) => gt(a, b)),
  distinct: true,
});
export const minP = binaryPrimitive('min', {
  takes: 'number',
  lower: 'min',
  derivative: extremum((a, b) => lt(a, b)),
  distinct: true,
});
const bitwise = (
  name: string,
  op: BinarySpec['lower'],
  more: Pick<BinarySpec, 'takes'> & Partial<BinarySpec> = { takes: 'bits' },
): Primitive<None, 2> => binaryPrimitive(name, { lower: op, derivative: logical, ...more });
export const andP = bitwise('and', 'and');
export const orP = bitwise('or', 'or');
export const xorP = bitwise('xor', 'xor');
export const shiftLeftP = bitwise('shiftLeft', 'shl', { takes: 'integer' });
export const shiftRightLogicalP = bitwise('shiftRightLogical', shiftedLogically, {
  takes: 'integer',
  stablehlo: named('shift_right_logical'),
});
export const shiftRightArithmeticP = bitwise('shiftRightArithmetic', shiftedArithmetically, {
  takes: 'integer',
  stablehlo: named('shift_right_arithmetic'),
});

/** Of a narrow signed integer only the bits that it is stored in move. */
function shiftedLogically(x: Expr, y: Expr, dtype: DType): Expr {
  const narrow = isNarrow(dtype) && !isUnsigned(dtype);
  return binary('shr', narrow ? binary('and', x, lit(x, 2 ** (8 * storedBytes(dtype)) - 1)) : x, y);
}

/** Of a narrow unsigned integer the first bit that it is stored in is the sign. */
function shiftedArithmetically(x: Expr, y: Expr, dtype: DType): Expr {
  if (!isNarrow(dtype) || !isUnsigned(dtype)) return binary('sar', x, y);
  const unused = lit(x, 32 - 8 * storedBytes(dtype));
  return binary('sar', binary('sar', binary('shl', x, unused), unused), y);
}

const comparison = (name: string, lower: BinarySpec['lower'], direction: Direction): Primitive<None, 2> =>
  binaryPrimitive(name, {
    takes: 'any',
    result: 'bool',
    lower,
    stablehlo: (b, [x, y]) => [b.compare(direction, x, y)],
    derivative: logical,
  });
export const eqP = comparison('eq', 'eq', 'EQ');
export const neP = comparison('ne', 'ne', 'NE');
export const ltP = comparison('lt', 'lt', 'LT');
export const leP = comparison('le', 'le', 'LE');
export const gtP = comparison('gt', (x, y) => binary('lt', y, x), 'GT');
export const geP = comparison('ge', (x, y) => binary('le', y, x), 'GE');

const apply2 =
  (p: Primitive<None, 2>) =>
  (x: ArrayLike, y: ArrayLike): NDArray =>
    bind1(p, operands(p.name, [x, y]), none);

/**
 * x + y; integers wrap.
 * @example lax.add(np.array([1, 2]), np.array([10, 20])); // [11, 22]
 */
export const add = apply2(addP);
/**
 * x - y; integers wrap.
 * @example lax.sub(np.array([0, 1], { dtype: 'u8' }), 1); // [255, 0]
 */
export const sub = apply2(subP);
/**
 * x · y; integers wrap.
 * @example lax.mul(np.array([1, 2]), 3); // [3, 6]
 */
export const mul = apply2(mulP);
/**
 * x / y; integers truncate towards zero, and x/0 is -1.
 * @example lax.div(np.array([7, -7, 1], { dtype: 'i32' }), np.array([2, 2, 0], { dtype: 'i32' })); // [3, -3, -1]
 */
export const div = apply2(divP);
/**
 * The remainder, with the sign of x.
 * @example lax.rem(np.array([5, -5]), 3); // [2, -2]
 */
export const rem = apply2(remP);
/**
 * xʸ; of integers modulo 2ⁿ with their n bits (negative powers of integers are right where they are integers).
 * @example lax.pow(np.array([2, 4]), np.array([3, 0.5])); // [8, 2]
 */
export const pow = apply2(powP);
/**
 * The angle of the point (second, first), in (-π, π].
 * @example lax.atan2(np.array([1, 0]), np.array([0, -1])); // [1.570796, 3.141593]
 */
export const atan2 = apply2(atan2P);
/**
 * The larger; NaN if either is NaN.
 * @example lax.max(np.array([1, 5, NaN]), 3); // [3, 5, NaN]
 */
export const max = apply2(maxP);
/**
 * The smaller; NaN if either is NaN.
 * @example lax.min(np.array([1, 5, NaN]), 3); // [1, 3, NaN]
 */
export const min = apply2(minP);
/**
 * Logical and bitwise and.
 * @example lax.and(np.array(0b1100, { dtype: 'i32' }), 0b1010); // 8
 */
export const and = apply2(andP);
/**
 * Logical and bitwise or.
 * @example lax.or(np.array(0b1100, { dtype: 'i32' }), 0b1010); // 14
 */
export const or = apply2(orP);
/**
 * Logical and bitwise exclusive or.
 * @example lax.xor(np.array(0b1100, { dtype: 'i32' }), 0b1010); // 6
 */
export const xor = apply2(xorP);
/**
 * x shifted left by y bits; 0 where y is at least the number of x's bits.
 * @example lax.shiftLeft(np.array([1, 2, 3], { dtype: 'i32' }), np.array([0, 3, 32], { dtype: 'i32' })); // [1, 16, 0]
 */
export const shiftLeft = apply2(shiftLeftP);
/**
 * x shifted right by y bits, zeros coming in; 0 where y is at least the number of x's bits.
 * @example lax.shiftRightLogical(np.array([16, -1], { dtype: 'i8' }), 4); // [1, 15]
 */
export const shiftRightLogical = apply2(shiftRightLogicalP);
/**
 * x shifted right by y bits, the sign coming in.
 * @example lax.shiftRightArithmetic(np.array([16, -17], { dtype: 'i32' }), 2); // [4, -5]
 */
export const shiftRightArithmetic = apply2(shiftRightArithmeticP);
/**
 * x = y.
 * @example lax.eq(np.array([1, NaN]), np.array([1, NaN])); // [true, false]
 */
export const eq = apply2(eqP);
/**
 * x ≠ y.
 * @example lax.ne(np.array([1, NaN]), np.array([1, NaN])); // [false, true]
 */
export const ne = apply2(neP);
/**
 * x < y.
 * @example lax.lt(np.array([1, 2, 3]), 2); // [true, false, false]
 */
export const lt = apply2(ltP);
/**
 * x ≤ y.
 * @example lax.le(np.array([1, 2, 3]), 2); // [true, true, false]
 */
export const le = apply2(leP);
/**
 * x > y.
 * @example lax.gt(np.array([1, 2, 3]), 2); // [false, false, true]
 */
export const gt = apply2(gtP);
/**
 * x ≥ y.
 * @example lax.ge(np.array([1, 2, 3]), 2); // [false, true, true]
 */
export const ge = apply2(geP);
