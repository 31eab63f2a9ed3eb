import { isFloat } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, constant, select as selectExpr, unary } from '../kernel/expr.ts';
import { isub, lit } from '../kernel/index-algebra.ts';
import { monoidIdentity } from '../kernel/ops.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import type { Shape } from '../trace/aval.ts';
import { sameAval, showAval } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import type { Case, Cells, Derivative, Operand, Primitive, Procedure } from '../trace/primitive.ts';
import { mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import { eq, exp, gt, like, lt, mul, sub } from './elementwise.ts';
import { inFront, without } from './rules.ts';
import { concatenate, fill, select, slice, toFront, zerosOf } from './structural.ts';

/** Running totals along an axis, and the linear recurrence that their derivatives are. */

/** Along which axis, and from which end. */
export interface CumulativeParams {
  readonly axis: number;
  /** From the last element to the first. */
  readonly reverse: boolean;
}

/** A loop along one axis for each point of the others: `step` is given the coordinate of each element in turn. */
function along(
  shape: Shape,
  { axis, reverse }: CumulativeParams,
  body: (p: ProcedureWriter, result: Cells, loop: (step: (c: readonly Expr[]) => void) => void) => void,
): Procedure {
  const n = at(shape, axis);
  return {
    kind: 'procedure',
    domain: without(shape, [axis]),
    starts: [null],
    scratch: [],
    readsOnce: true,
    write: (p, point, [result]) =>
      body(p, result as Cells, (step) =>
        p.for(0, n, (i) => {
          const position = reverse ? isub(lit(n - 1), i) : i;
          step([...point.slice(0, axis), position, ...point.slice(axis)]);
        }),
      ),
  };
}

const hasAxis = (shape: Shape, axis: number): boolean => Number.isInteger(axis) && axis >= 0 && axis < shape.length;

// --------------------------------------------------------------------------------------------- linear recurrence

export const linearRecurrenceP: Primitive<CumulativeParams, 2> = primitive<CumulativeParams, 2>({
  name: 'linearRecurrence',
  type: ([a, b], { axis }) =>
    sameAval(a, b) && isFloat(a.dtype) && hasAxis(a.shape, axis)
      ? typed(b)
      : mistyped(`[linearRecurrence] along axis ${axis} needs two float arrays of one type, got ${showAval(a)} and ${showAval(b)}`), // prettier-ignore
  derivative: {
    kind: 'linear',
    transpose: [
      // ∂y[i] = a[i] ∂y[i-1] + ∂a[i] y[i-1]
      { partial: ([a], [y], p) => {
        const before = shifted(y as NDArray, p, 0);
        return (t) => [linearRecurrence(a, mul(t, before), p)];
      } },
      ([ct], [a], p) => linearRecurrence(shifted(a.value as NDArray, { ...p, reverse: !p.reverse }, 0), ct as NDArray, { ...p, reverse: !p.reverse }),
    ],
  }, // prettier-ignore
  batch: ([a, b], p, size) => inFront(linearRecurrence(toFront(a, size), toFront(b, size), { ...p, axis: p.axis + 1 })),
  lower: ([a, b], p) =>
    along(b.aval.shape, p, (w, y, loop) => {
      const running = w.variable(constant(b.aval.dtype, 0));
      loop((c) => {
        running.set(binary('add', binary('mul', a.at(c), running.value), b.at(c)));
        y.set(c, running.value);
      });
    }),
  cases: [
    [{ shape: [5], axis: 0, reverse: false }],
    [{ shape: [2, 4, 3], axis: 1, reverse: true }],
    [{ shape: [2, 0], axis: 1, reverse: false, label: 'empty' }],
  ].map(([c]): Case<CumulativeParams, 2> => {
    const { shape, axis, reverse, label } = c as { shape: Shape; axis: number; reverse: boolean; label?: string };
    const input = { shape, dtype: 'float', domain: [-1.2, 1.2] } as const;
    return { ins: [input, input], params: { axis, reverse }, ...(label === undefined ? {} : { label }) };
  }),
});

/** y[i] = a[i] · y[i-1] + b[i] along an axis, from y[-1] = 0; or from the other end. */
export const linearRecurrence = (a: NDArray, b: NDArray, { axis, reverse }: CumulativeParams): NDArray =>
  bind1(linearRecurrenceP, [a, b], { axis, reverse });

/** Each element's predecessor in the running order; `first` where there is none. */
function shifted(x: NDArray, { axis, reverse }: CumulativeParams, first: number): NDArray {
  const n = at(x.shape, axis);
  if (n === 0) return x;
  const edge = fill(
    x.shape.map((e, a) => (a === axis ? 1 : e)),
    x.dtype,
    first,
  );
  const cut = (from: number, to: number): NDArray =>
    slice(
      x,
      x.shape.map((_, a) => (a === axis ? from : 0)),
      x.shape.map((e, a) => (a === axis ? to : e)),
    );
  return concatenate(reverse ? [cut(1, n), edge] : [edge, cut(0, n - 1)], axis);
}

// ------------------------------------------------------------------------------------------------ running totals

interface Running {
  /** The running value before the first element. */
  readonly first: (x: Operand) => number;
  readonly combine: (total: Expr, x: Expr) => Expr;
  readonly floats?: true;
  readonly derivative: Derivative<CumulativeParams, 1>;
}

function cumulative(name: string, running: Running): Primitive<CumulativeParams, 1> {
  const self: Primitive<CumulativeParams, 1> = primitive<CumulativeParams, 1>({
    name,
    type: ([x], { axis }) => {
      if (!hasAxis(x.shape, axis)) return mistyped(`[${name}] ${showAval(x)} has no axis ${axis}`);
      if (x.dtype === 'bool' || (running.floats === true && !isFloat(x.dtype))) {
        return wrongDtype(`[${name}] needs ${running.floats === true ? 'floats' : 'numbers'}, got ${showAval(x)}: cast it first (x.astype(...))`); // prettier-ignore
      }
      return typed(x);
    },
    derivative: running.derivative,
    batch: ([x], p, size) => inFront(bind1(self, [toFront(x, size)], { ...p, axis: p.axis + 1 })),
    lower: ([x], p) =>
      along(x.aval.shape, p, (w, result, loop) => {
        const total = w.variable(constant(x.aval.dtype, running.first(x)));
        loop((c) => {
          total.set(running.combine(total.value, x.at(c)));
          result.set(c, total.value);
        });
      }),
    cases: [
      { ins: [{ shape: [5], dtype: 'float', distinct: true }], params: { axis: 0, reverse: false } },
      { ins: [{ shape: [2, 4, 3], dtype: 'float', distinct: true }], params: { axis: 1, reverse: true } },
      { ins: [{ shape: [3, 1], dtype: 'any' }], params: { axis: 0, reverse: false } },
      { ins: [{ shape: [2, 0], dtype: 'float' }], params: { axis: 1, reverse: false }, label: 'empty' },
    ],
  });
  return self;
}

type FloatRule = (x: NDArray, y: NDArray, p: CumulativeParams) => { readonly a: NDArray; readonly b: NDArray };

/** A derivative that is a recurrence: ∂y[i] = a[i] ∂y[i-1] + b[i] ∂x[i]. */
const recurrence = (rule: FloatRule): Derivative<CumulativeParams, 1> => ({
  kind: 'smooth',
  partials: [
    ([x], [y], p) => {
      const { a, b } = rule(x, y as NDArray, p);
      return (t) => [linearRecurrence(a, mul(t, b), p)];
    },
  ],
});

export const cumsumP = cumulative('cumsum', {
  first: () => 0,
  combine: (total, x) => binary('add', total, x),
  derivative: { kind: 'linear', transpose: [([ct], _, p) => cumsum(ct as NDArray, p.axis, { reverse: !p.reverse })] },
});

export const cumprodP = cumulative('cumprod', {
  first: () => 1,
  combine: (total, x) => binary('mul', total, x),
  // Without division, so that it is right at zeros.
  derivative: recurrence((x, y, p) => ({ a: x, b: shifted(y, p, 1) })),
});

/** The tangent goes with the element that is the extreme one so far, half and half where the next one equals it. */
const extremum = (worst: number, wins: (x: NDArray, y: NDArray) => NDArray): Derivative<CumulativeParams, 1> =>
  recurrence((x, y, p) => {
    const before = shifted(y, p, worst);
    const b = select(eq(x, before), like(x, 0.5), select(wins(x, before), like(x, 1), zerosOf(x.aval)));
    return { a: sub(like(x, 1), b), b };
  });

export const cummaxP = cumulative('cummax', {
  first: (x) => monoidIdentity.max(x.aval.dtype),
  combine: (total, x) => binary('max', total, x),
  derivative: extremum(-Infinity, gt),
});

export const cumminP = cumulative('cummin', {
  first: (x) => monoidIdentity.min(x.aval.dtype),
  combine: (total, x) => binary('min', total, x),
  derivative: extremum(Infinity, lt),
});

/** log(eˣ + eʸ) without overflow; infinities as they are. */
function logAddExp(x: Expr, y: Expr): Expr {
  const [top, difference] = [binary('max', x, y), binary('sub', x, y)];
  const sum = binary('add', top, unary('log1p', unary('exp', unary('neg', unary('abs', difference)))));
  // Equal infinities have no difference.
  return selectExpr(binary('eq', x, y), binary('add', x, constant(x.dtype, Math.LN2)), sum);
}

export const cumlogsumexpP = cumulative('cumlogsumexp', {
  first: () => -Infinity,
  combine: logAddExp,
  floats: true,
  derivative: recurrence((x, y, p) => {
    // Where everything so far is -∞ there is nothing to share.
    const empty = eq(y, like(y, -Infinity));
    const share = (z: NDArray): NDArray =>
      select(empty, zerosOf(y.aval), exp(sub(z, select(empty, zerosOf(y.aval), y))));
    return { a: share(shifted(y, p, -Infinity)), b: share(x) };
  }),
});

/** Options of the cumulative functions. */
export interface CumulativeOptions {
  /** From the last element to the first; default false. */
  readonly reverse?: boolean;
}

const apply =
  (p: Primitive<CumulativeParams, 1>) =>
  (x: NDArray, axis = 0, { reverse = false }: CumulativeOptions = {}): NDArray =>
    bind1(p, [x], { axis: axis < 0 ? axis + x.ndim : axis, reverse });

/** Running sums along an axis; integers wrap. */
export const cumsum = apply(cumsumP);
/** Running products along an axis; the gradient is exact at zeros. */
export const cumprod = apply(cumprodP);
/** Running maxima along an axis; NaN from the first NaN on. */
export const cummax = apply(cummaxP);
/** Running minima along an axis; NaN from the first NaN on. */
export const cummin = apply(cumminP);
/** Running log Σ eˣ along an axis, without overflow. */
export const cumlogsumexp = apply(cumlogsumexpP);
