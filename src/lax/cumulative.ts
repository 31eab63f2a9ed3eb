import { left } from 'fp-ts/lib/Either.js';
import { isFloat } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, select as selectExpr, unary } from '../kernel/expr.ts';
import { isub, lit } from '../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import type { Shape } from '../trace/aval.ts';
import { sameShape, showAval } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { DTypeError } from '../trace/errors.ts';
import type { Cases, Derivative, Primitive } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { at } from '../util/array.ts';
import { and, eq, exp, gt, isFinite as finite, like, lt, mul, not, sub } from './elementwise.ts';
import { axisOf, inFront, movePermutation, validAxes } from './rules.ts';
import { pad } from './reshaping.ts';
import { broadcastedIota } from './iota.ts';
import { select } from './select.ts';
import { fill, toFront, zerosOf } from './structural.ts';

/**
 * Running totals along one axis. A family helper derives every rule but the derivative from how a total takes in the next
 * element; the derivatives of products and of logsumexp are linear recurrences, which are their own derivative.
 */

export interface RunningParams {
  readonly axis: number;
  /** From the last element to the first. */
  readonly reverse: boolean;
}

/**
 * The elements of one line along an axis, in running order: `start` takes the coordinate of the first, and what it
 * returns, those of the others in turn.
 */
function alongLine(
  w: ProcedureWriter,
  line: readonly Expr[],
  shape: Shape,
  { axis, reverse }: RunningParams,
  start: (first: readonly Expr[]) => (next: readonly Expr[]) => void,
): void {
  const n = at(shape, axis);
  const place = (i: Expr): readonly Expr[] => [
    ...line.slice(0, axis),
    reverse ? isub(lit(n - 1), i) : i,
    ...line.slice(axis),
  ];
  if (n === 0) return;
  const step = start(place(lit(0)));
  w.for(1, n, (i) => step(place(i)));
}

/**
 * Running totals in StableHLO: first each two neighbours are combined, then each two pairs, and so on. What is computed in f32
 * is rounded to half precision at the end only.
 */
function runningHlo(
  b: HloBuilder,
  x: HloValue,
  { axis, reverse }: RunningParams,
  combine: (total: HloValue, element: HloValue) => HloValue,
): HloValue {
  const n = at(x.shape, axis);
  let totals = b.widened(x);
  for (let distance = 1; distance < n; distance *= 2) {
    const [start, end] = [b.sliceAlong(totals, axis, 0, n - distance), b.sliceAlong(totals, axis, distance, n)];
    const rest = reverse ? b.sliceAlong(totals, axis, n - distance, n) : b.sliceAlong(totals, axis, 0, distance);
    const combined = reverse ? combine(end, start) : combine(start, end);
    totals = b.concatenate(reverse ? [combined, rest] : [rest, combined], axis);
  }
  return b.convert(totals, x.dtype);
}

/** A linear recurrence in StableHLO, one step after the other along axis 0. */
function recurrenceHlo(b: HloBuilder, a: HloValue, y: HloValue, { axis, reverse }: RunningParams): HloValue {
  const n = at(y.shape, axis);
  const front = movePermutation(y.shape.length, axis, 0);
  const moved = (x: HloValue): HloValue => b.transpose(b.widened(x), front);
  const [factors, terms] = [moved(a), moved(y)];
  const zero = b.constant(terms.dtype, 0, terms.shape.slice(1));
  const [totals] = b.counted(n, [terms, zero], (i, [made, before]) => {
    const place = reverse ? b.op('subtract', b.constant('i32', n - 1), i) : i;
    const grown = b.op('multiply', b.element(factors, place), before as HloValue);
    const term = b.element(terms, place);
    // Before the first there is nothing, not even where its factor is NaN.
    const first = b.broadcast(b.compare('EQ', i, b.constant('i32', 0)), term.shape, []);
    const total = b.select(first, term, b.op('add', grown, term));
    return [b.withElement(made as HloValue, place, total), total];
  }) as [HloValue, HloValue];
  const back = front.map((_, i) => front.indexOf(i));
  return b.convert(b.transpose(totals, back), y.dtype);
}

const linesOf = (shape: Shape, axis: number): Shape => shape.filter((_, a) => a !== axis);

// -------------------------------------------------------------------------------------------- linear recurrences

/**
 * y[i] = a[i]·y[i-1] + b[i], starting with y[0] = b[0]. Linear in b; the derivative with respect to a is a recurrence with
 * the same a. So derivatives of all orders are exact, also where an a is 0.
 */
export const linearRecurrenceP: Primitive<RunningParams, 2> = primitive<RunningParams, 2>({
  name: 'linearRecurrence',
  type: ([a, b], { axis }) => {
    if (a.dtype !== b.dtype || !isFloat(a.dtype))
      return left(new DTypeError(`[linearRecurrence] needs one float dtype, got ${showAval(a)} and ${showAval(b)}`));
    return sameShape(a.shape, b.shape) && validAxes([axis], a.shape.length)
      ? typed(b)
      : mistyped(`[linearRecurrence] along axis ${axis} needs equal shapes, got ${showAval(a)} and ${showAval(b)}`);
  },
  derivative: {
    kind: 'linear',
    transpose: [
      {
        partial: ([a], [y], p) => {
          const before = previous(y as NDArray, p, 0);
          return (t) => [linearRecurrence(a, mul(t, before), p)];
        },
      },
      ([ct], [a], p) => {
        const back = { ...p, reverse: !p.reverse };
        return linearRecurrence(previous(a.value as NDArray, back, 0), ct as NDArray, back);
      },
    ],
  },
  batch: ([a, b], p, size) => inFront(linearRecurrence(toFront(a, size), toFront(b, size), batched(p))),
  lower: ([a, b], p) => ({
    kind: 'procedure',
    domain: linesOf(b.aval.shape, p.axis),
    starts: [null],
    scratch: [],
    readsOnce: true,
    write: (w, line, [y]) =>
      alongLine(w, line, b.aval.shape, p, (first) => {
        const total = w.variable(b.at(first));
        y?.set(first, total.value);
        return (c) => {
          total.set(binary('add', binary('mul', a.at(c), total.value), b.at(c)));
          y?.set(c, total.value);
        };
      }),
  }),
  stablehlo: (b, [a, y], p) => [recurrenceHlo(b, a, y, p)],
  cases: [
    {
      ins: [
        { shape: [5], dtype: 'float' },
        { shape: [5], dtype: 'float' },
      ],
      params: { axis: 0, reverse: false },
    },
    {
      ins: [
        { shape: [2, 4, 3], dtype: 'float' },
        { shape: [2, 4, 3], dtype: 'float' },
      ],
      params: { axis: 1, reverse: true },
      label: 'reversed',
    },
    {
      ins: [
        { shape: [2, 0], dtype: 'float' },
        { shape: [2, 0], dtype: 'float' },
      ],
      params: { axis: 1, reverse: false },
      label: 'empty',
    },
  ],
});

/** y[i] = a[i]·y[i-1] + b[i] along an axis, from y[0] = b[0]. */
export const linearRecurrence = (a: NDArray, b: NDArray, p: RunningParams): NDArray =>
  bind1(linearRecurrenceP, [a, b], p);

const batched = (p: RunningParams): RunningParams => ({ ...p, axis: p.axis + 1 });

/** For each element the one before it in running order; `first` for the first. */
export function previous(x: NDArray, { axis, reverse }: RunningParams, first: number): NDArray {
  const moved = reverse ? ([-1, 1, 0] as const) : ([1, -1, 0] as const);
  return pad(x, first, x.shape.map((_, a) => (a === axis ? moved : ([0, 0, 0] as const)))); // prettier-ignore
}

/**
 * For each element, the product of all other elements of its group along an axis: running products from both ends, which are
 * right at zeros, with derivatives of all orders.
 *
 * @param groups numbers from 0 up, of the shape of `x`, of which neighbours in one group have the same; default one group.
 */
export function productsOfOthers(x: NDArray, axis: number, groups: NDArray = fill(x.shape, 'i32', 0)): NDArray {
  const zero = zerosOf(x.aval);
  const before = (line: RunningParams): NDArray => {
    const goesOn = eq(groups, previous(groups, line, -1));
    return linearRecurrence(select(goesOn, previous(x, line, 0), zero), select(goesOn, zero, like(x, 1)), line);
  };
  return mul(before({ axis, reverse: false }), before({ axis, reverse: true }));
}

// ------------------------------------------------------------------------------------------------------ the family

interface RunningSpec {
  readonly takes: 'number' | 'float';
  /** The total after an element. */
  readonly combine: (total: Expr, element: Expr) => Expr;
  /** The same of whole arrays in StableHLO. */
  readonly stablehlo: (b: HloBuilder, total: HloValue, element: HloValue) => HloValue;
  readonly derivative: Derivative<RunningParams, 1>;
  /** Must the elements of the laws' operands differ? */
  readonly distinct?: boolean;
}

function runningPrimitive(name: string, spec: RunningSpec): Primitive<RunningParams, 1> {
  const self: Primitive<RunningParams, 1> = primitive<RunningParams, 1>({
    name,
    type: ([x], { axis }) => {
      if (x.dtype === 'bool' || (spec.takes === 'float' && !isFloat(x.dtype)))
        return left(new DTypeError(`[${name}] needs a ${spec.takes} dtype, got ${showAval(x)}`));
      return validAxes([axis], x.shape.length) ? typed(x) : mistyped(`[${name}] ${showAval(x)} has no axis ${axis}`);
    },
    derivative: spec.derivative,
    batch: ([x], p, size) => inFront(bind1(self, [toFront(x, size)], batched(p))),
    lower: ([x], p) => ({
      kind: 'procedure',
      domain: linesOf(x.aval.shape, p.axis),
      starts: [null],
      scratch: [],
      readsOnce: true,
      write: (w, line, [out]) =>
        alongLine(w, line, x.aval.shape, p, (first) => {
          const total = w.variable(x.at(first));
          out?.set(first, total.value);
          return (c) => {
            total.set(spec.combine(total.value, x.at(c)));
            out?.set(c, total.value);
          };
        }),
    }),
    stablehlo: (b, [x], p) => [runningHlo(b, x, p, (total, element) => spec.stablehlo(b, total, element))],
    cases: runningCases(spec),
  });
  return self;
}

const runningCases = ({ takes, distinct = false }: RunningSpec): Cases<RunningParams, 1> => [
  { ins: [{ shape: [5], dtype: 'float', distinct }], params: { axis: 0, reverse: false } },
  { ins: [{ shape: [2, 3, 2], dtype: 'float', distinct }], params: { axis: 1, reverse: true }, label: 'reversed' },
  { ins: [{ shape: [3, 1], dtype: 'float' }], params: { axis: 1, reverse: false }, label: 'of one' },
  { ins: [{ shape: [0, 2], dtype: 'float' }], params: { axis: 0, reverse: false }, label: 'empty' },
  ...(takes === 'float'
    ? []
    : [{ ins: [{ shape: [2, 5], dtype: 'integer' }] as const, params: { axis: 1, reverse: false } }]),
];

export const cumsumP = runningPrimitive('cumsum', {
  takes: 'number',
  combine: (total, x) => binary('add', total, x),
  stablehlo: (b, total, x) => b.op('add', total, x),
  derivative: {
    kind: 'linear',
    transpose: [([ct], _, p) => bind1(cumsumP, [ct as NDArray], { ...p, reverse: !p.reverse })],
  },
});

export const cumprodP = runningPrimitive('cumprod', {
  takes: 'number',
  combine: (total, x) => binary('mul', total, x),
  stablehlo: (b, total, x) => b.op('multiply', total, x),
  derivative: {
    kind: 'smooth',
    // dy[i] = x[i]·dy[i-1] + y[i-1]·dx[i]
    partials: [
      ([x], [y], p) => {
        const before = previous(y as NDArray, p, 1);
        return (t) => [linearRecurrence(x, mul(t, before), p)];
      },
    ],
  },
});

/** The tangent goes with the element that is the extremum so far, half and half where the next one equals it. */
const extremum = (wins: (x: NDArray, before: NDArray) => NDArray): Derivative<RunningParams, 1> => ({
  kind: 'smooth',
  partials: [
    ([x], [y], p) => {
      const before = previous(y as NDArray, p, 0);
      const one = like(x, 1);
      const later = select(eq(x, before), like(x, 0.5), select(wins(x, before), one, zerosOf(x.aval)));
      const own = select(isFirst(x.shape, p), one, later);
      const kept = sub(one, own);
      return (t) => [linearRecurrence(kept, mul(t, own), p)];
    },
  ],
});

/** True at the first element of each line, in running order. */
function isFirst(shape: Shape, { axis, reverse }: RunningParams): NDArray {
  const positions = broadcastedIota('i32', shape, axis);
  return eq(positions, fill(shape, 'i32', reverse ? at(shape, axis) - 1 : 0));
}

export const cummaxP = runningPrimitive('cummax', {
  takes: 'number',
  combine: (total, x) => binary('max', total, x),
  stablehlo: (b, total, x) => b.op('maximum', total, x),
  derivative: extremum(gt),
  distinct: true,
});

export const cumminP = runningPrimitive('cummin', {
  takes: 'number',
  combine: (total, x) => binary('min', total, x),
  stablehlo: (b, total, x) => b.op('minimum', total, x),
  derivative: extremum(lt),
  distinct: true,
});

export const cumlogsumexpP = runningPrimitive('cumlogsumexp', {
  takes: 'float',
  combine: logAddExp,
  stablehlo: (b, total, x) => {
    const distance = b.op('subtract', total, x);
    const correction = b.op('log_plus_one', b.op('exponential', b.op('negate', b.abs(distance))));
    return b.select(b.isNan(distance), b.op('add', total, x), b.op('add', b.op('maximum', total, x), correction));
  },
  derivative: {
    kind: 'smooth',
    // dy[i] = e^(y[i-1] - y[i])·dy[i-1] + e^(x[i] - y[i])·dx[i]
    partials: [
      ([x], [y], p) => {
        const total = y as NDArray;
        const old = share(previous(total, p, -Infinity), total);
        const own = share(x, total);
        return (t) => [linearRecurrence(old, mul(t, own), p)];
      },
    ],
  },
});

/** log(eˣ + eʸ). Where x - y is NaN, both are the same infinity (or one is NaN), and their sum is the answer. */
function logAddExp(x: Expr, y: Expr): Expr {
  const distance = binary('sub', x, y);
  const correction = unary('log1p', unary('exp', unary('neg', unary('abs', distance))));
  return selectExpr(unary('isNan', distance), binary('add', x, y), binary('add', binary('max', x, y), correction));
}

/** e^(part - total), where `part` is one of the terms; also of infinite terms. */
function share(part: NDArray, total: NDArray): NDArray {
  const sameInfinity = and(eq(part, total), not(finite(total)));
  const weight = exp(select(sameInfinity, zerosOf(total.aval), sub(part, total)));
  return select(eq(part, like(part, -Infinity)), zerosOf(total.aval), weight);
}

/** Options of the running totals. */
export interface CumulativeOptions {
  /** From the last element to the first; default false. */
  readonly reverse?: boolean;
}

const running =
  (p: Primitive<RunningParams, 1>) =>
  (operand: ArrayLike, axis = 0, { reverse = false }: CumulativeOptions = {}): NDArray => {
    const x = asArray(operand, p.name);
    return bind1(p, [x], { axis: axisOf(p.name, x, axis), reverse });
  };

/**
 * Running sums along an axis; integers wrap.
 *
 * @example
 * lax.cumsum(np.array([1, 2, 3]), 0, { reverse: true }); // [6, 5, 3]
 */
export const cumsum = running(cumsumP);
/**
 * Running products along an axis; integers wrap. Derivatives of all orders are exact, also at zeros.
 *
 * @example
 * lax.cumprod(np.array([[1, 2], [3, 4]]), 1); // [[1, 2], [3, 12]]
 */
export const cumprod = running(cumprodP);
/**
 * Running maxima along an axis; NaN from the first NaN on.
 *
 * @example
 * lax.cummax(np.array([1, 3, 2]), 0); // [1, 3, 3]
 */
export const cummax = running(cummaxP);
/**
 * Running minima along an axis; NaN from the first NaN on.
 *
 * @example
 * lax.cummin(np.array([3, 1, 2]), 0); // [3, 1, 1]
 */
export const cummin = running(cumminP);
/**
 * Running log Σ eˣ along an axis, without overflow.
 *
 * @throws DTypeError for other dtypes than floats.
 * @example
 * lax.cumlogsumexp(np.array([1000, 1000, 1000])); // [1000, 1000.693147, 1001.098612]
 */
export const cumlogsumexp = running(cumlogsumexpP);
