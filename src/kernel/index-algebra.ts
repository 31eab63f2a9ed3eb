import type { Expr } from './expr.ts';
import { binary, constant, index, unary } from './expr.ts';

/**
 * Symbolic arithmetic on positions. Every constructor returns a canonical, simplified i32 expression: sums are kept as
 * linear forms, and floor division and modulus by constants use the ranges of the loop variables, so that flattening
 * and unflattening (reshape, transpose, windows) mostly cancel. Positions never overflow: arrays have < 2³¹ elements.
 */

/** A literal position. */
export const lit = (value: number): Expr => constant('i32', value);

/** The smallest and largest value that an i32 expression can have. */
export interface Interval {
  readonly min: number;
  readonly max: number;
}

const everything: Interval = { min: -Infinity, max: Infinity };
const intervals = new WeakMap<Expr, Interval>();

/** The interval that contains the values of a (position) expression; infinite where nothing is known. */
export function interval(e: Expr): Interval {
  let found = intervals.get(e);
  if (found === undefined) intervals.set(e, (found = computeInterval(e)));
  return found;
}

function computeInterval(e: Expr): Interval {
  if (e.kind === 'const') return { min: e.value, max: e.value };
  if (e.kind === 'index') return { min: 0, max: e.extent - 1 };
  if (e.kind !== 'op' || e.dtype !== 'i32') return everything;
  if (e.op === 'cast') return e.args[0]?.dtype === 'bool' ? { min: 0, max: 1 } : everything;
  const parts = (e.op === 'select' ? e.args.slice(1) : e.args).map(interval);
  const [a, b] = parts as [Interval, Interval];
  switch (e.op) {
    case 'add':
      return { min: a.min + b.min, max: a.max + b.max };
    case 'sub':
      return { min: a.min - b.max, max: a.max - b.min };
    case 'mul': {
      const corners = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max].map((x) => (x !== x ? 0 : x));
      return { min: Math.min(...corners), max: Math.max(...corners) };
    }
    case 'idiv':
      return { min: Math.floor(a.min / b.min), max: Math.floor(a.max / b.min) };
    case 'imod':
      return a.min >= 0 && a.max < b.min ? a : { min: 0, max: b.min - 1 };
    case 'max':
      return { min: Math.max(a.min, b.min), max: Math.max(a.max, b.max) };
    case 'min':
      return { min: Math.min(a.min, b.min), max: Math.min(a.max, b.max) };
    case 'select':
      return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
    default:
      return everything;
  }
}

/** A sum of multiples of non-sum expressions, plus a constant. */
interface Linear {
  readonly terms: ReadonlyMap<Expr, number>;
  readonly offset: number;
}

/**
 * Reads an expression as a linear form over the parts that are not sums or constant multiples themselves. Coefficients
 * wrap as i32 arithmetic does, so that this holds for integers that are no positions as well.
 */
export function linearForm(e: Expr): Linear {
  const terms = new Map<Expr, number>();
  let offset = 0;
  const go = (x: Expr, times: number): void => {
    if (x.kind === 'const') offset = (offset + Math.imul(times, x.value)) | 0;
    else if (x.kind === 'op' && x.dtype === 'i32' && (x.op === 'add' || x.op === 'sub')) {
      go(x.args[0] as Expr, times);
      go(x.args[1] as Expr, x.op === 'add' ? times : -times);
    } else if (x.kind === 'op' && x.dtype === 'i32' && x.op === 'mul' && x.args[1]?.kind === 'const') {
      go(x.args[0] as Expr, Math.imul(times, x.args[1].value));
    } else terms.set(x, ((terms.get(x) ?? 0) + times) | 0);
  };
  go(e, 1);
  return { terms, offset };
}

/** The canonical expression of a linear form: terms by falling coefficient, then the constant. */
function fromLinear({ terms, offset }: Linear): Expr {
  const merged = mergeQuotients(terms);
  const sorted = [...merged].filter(([, c]) => c !== 0).sort(([a, c], [b, d]) => (d === c ? a.id - b.id : d - c));
  let sum: Expr | null = null;
  for (const [x, c] of sorted) {
    const term = c === 1 ? x : binary('mul', x, lit(c));
    sum = sum === null ? term : binary('add', sum, term);
  }
  if (sum === null) return lit(offset);
  return offset === 0 ? sum : binary('add', sum, lit(offset));
}

/** `c·d·(x div d) + c·(x mod d)` is `c·x`, and `c·x - c·(x mod d)` is `c·d·(x div d)`. */
function mergeQuotients(terms: ReadonlyMap<Expr, number>): ReadonlyMap<Expr, number> {
  for (const [e, c] of terms) {
    if (e.kind !== 'op' || e.op !== 'imod') continue;
    const [x, d] = e.args as [Expr, Expr];
    const divisor = (d as { value: number }).value;
    if (terms.get(x) === -c) {
      const next = new Map(terms);
      next.delete(e);
      next.delete(x);
      const quotient = idiv(x, divisor);
      next.set(quotient, (next.get(quotient) ?? 0) - c * divisor);
      return mergeQuotients(next);
    }
    const quotient = idiv(x, divisor);
    if (quotient.kind === 'const' || terms.get(quotient) !== c * divisor) continue;
    const next = new Map(terms);
    next.delete(e);
    next.delete(quotient);
    const whole = linearForm(x);
    if (whole.offset !== 0) continue;
    for (const [y, k] of whole.terms) next.set(y, (next.get(y) ?? 0) + c * k);
    return mergeQuotients(next);
  }
  return terms;
}

/** `a + b`. */
export const iadd = (a: Expr, b: Expr): Expr => combine(a, 1, b, 1);
/** `a - b`. */
export const isub = (a: Expr, b: Expr): Expr => combine(a, 1, b, -1);
/** `a * factor`. */
export const imul = (a: Expr, factor: number): Expr => combine(a, factor, lit(0), 0);

function combine(a: Expr, timesA: number, b: Expr, timesB: number): Expr {
  const terms = new Map<Expr, number>();
  let offset = 0;
  for (const [e, times] of [
    [a, timesA],
    [b, timesB],
  ] as const) {
    const form = linearForm(e);
    offset = (offset + Math.imul(times, form.offset)) | 0;
    for (const [x, c] of form.terms) terms.set(x, ((terms.get(x) ?? 0) + Math.imul(times, c)) | 0);
  }
  return fromLinear({ terms, offset });
}

/** Splits a sum into `divisor · whole + rest`. */
function splitBy(e: Expr, divisor: number): { readonly whole: Expr; readonly rest: Expr } {
  const { terms, offset } = linearForm(e);
  const whole = new Map<Expr, number>();
  const rest = new Map<Expr, number>();
  for (const [x, c] of terms) {
    if (c % divisor === 0) whole.set(x, c / divisor);
    else rest.set(x, c);
  }
  const wholeOffset = Math.floor(offset / divisor);
  return {
    whole: fromLinear({ terms: whole, offset: wholeOffset }),
    rest: fromLinear({ terms: rest, offset: offset - wholeOffset * divisor }),
  };
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/**
 * Reads a sum as `step · whole + low` with `0 ≤ low < step`, for a step that divides `divisor`: then neither the quotient
 * nor, but for `low`, the remainder depends on more than `whole`. Null if there is no such step.
 */
function coarser(e: Expr, divisor: number): { readonly step: number; readonly whole: Expr; readonly low: Expr } | null {
  const steps = new Set([...linearForm(e).terms.values()].map((c) => gcd(c, divisor)));
  for (const step of [...steps].filter((g) => g > 1 && g < divisor).sort((a, b) => b - a)) {
    const { whole, rest } = splitBy(e, step);
    const { min, max } = interval(rest);
    if (min >= 0 && max < step) return { step, whole, low: rest };
  }
  return null;
}

/** Floor division by a positive constant. */
export function idiv(a: Expr, divisor: number): Expr {
  if (divisor === 1) return a;
  const { whole, rest } = splitBy(a, divisor);
  const { min, max } = interval(rest);
  const quotient = Math.floor(min / divisor);
  if (quotient === Math.floor(max / divisor) && Number.isFinite(quotient)) return iadd(whole, lit(quotient));
  if (rest.kind === 'op' && rest.op === 'idiv') {
    const [x, d] = rest.args as [Expr, Expr];
    return iadd(whole, idiv(x, (d as { value: number }).value * divisor));
  }
  const coarse = coarser(rest, divisor);
  if (coarse !== null) return iadd(whole, idiv(coarse.whole, divisor / coarse.step));
  return iadd(whole, binary('idiv', rest, lit(divisor)));
}

/** Floor modulus by a positive constant: in `[0, divisor)`. */
export function imod(a: Expr, divisor: number): Expr {
  if (divisor === 1) return lit(0);
  const { rest } = splitBy(a, divisor);
  const { min, max } = interval(rest);
  const quotient = Math.floor(min / divisor);
  if (quotient === Math.floor(max / divisor) && Number.isFinite(quotient)) return isub(rest, lit(quotient * divisor));
  const coarse = coarser(rest, divisor);
  if (coarse !== null) return iadd(imul(imod(coarse.whole, divisor / coarse.step), coarse.step), coarse.low);
  return binary('imod', rest, lit(divisor));
}

/** `a < b`, decided where the ranges decide it. */
export function ilt(a: Expr, b: Expr): Expr {
  const { min, max } = interval(isub(a, b));
  if (max < 0) return constant('bool', 1);
  if (min >= 0) return constant('bool', 0);
  return binary('lt', a, b);
}

/** `a = b`, decided where the ranges decide it. */
export function ieq(a: Expr, b: Expr): Expr {
  const { min, max } = interval(isub(a, b));
  if (min === 0 && max === 0) return constant('bool', 1);
  if (min > 0 || max < 0) return constant('bool', 0);
  return binary('eq', a, b);
}

/** `0 ≤ a < extent`. */
export const inBounds = (a: Expr, extent: number): Expr =>
  binary('and', unary('not', ilt(a, lit(0))), ilt(a, lit(extent)));

/** Row-major strides of a shape, in elements. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  return strides;
}

/** The row-major linear position of a coordinate. */
export function linearize(coordinate: readonly Expr[], shape: readonly number[]): Expr {
  const strides = stridesOf(shape);
  return coordinate.reduce((sum, c, i) => iadd(sum, imul(c, strides[i] as number)), lit(0));
}

/** The coordinate at a row-major linear position. */
export function delinearize(position: Expr, shape: readonly number[]): readonly Expr[] {
  const strides = stridesOf(shape);
  return shape.map((extent, i) =>
    extent === 1
      ? lit(0)
      : i === 0
        ? idiv(position, strides[i] as number)
        : imod(idiv(position, strides[i] as number), extent),
  );
}

/** Loop variables over a domain, one for each axis, numbered from `first`. */
export const indices = (extents: readonly number[], first = 0): readonly Expr[] =>
  extents.map((extent, i) => index(first + i, extent));
