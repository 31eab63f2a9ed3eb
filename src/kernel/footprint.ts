import { product } from '../util/array.ts';
import type { Expr } from './expr.ts';
import { visit } from './expr.ts';
import { linearForm } from './index-algebra.ts';

/**
 * How many elements some points of a loop nest touch: an estimate from index arithmetic alone, exact for strides and sliding
 * windows, at most the number of points for everything else.
 */

/** By axis: over how many values its loop variable runs, on average. */
export type Extents = (axis: number) => number;

/** Different positions while the loop variables run over their extents. */
export function footprint(position: Expr, extents: Extents): number {
  const terms = [...linearForm(position).terms]
    .map(([term, times]) => ({ times: Math.abs(times), count: valuesOf(term, extents) }))
    .filter(({ times, count }) => times !== 0 && count > 1)
    .sort((a, b) => a.times - b.times);
  // A run of positions, one `unit` apart from each other; what steps over the whole run begins another one.
  let [runs, unit, length] = [1, 1, 1];
  for (const { times, count } of terms) {
    const stride = times / unit;
    if (Number.isInteger(stride) && stride <= length) length += (count - 1) * stride;
    else [runs, unit, length] = [runs * length, times, count];
  }
  return Math.min(runs * length, points([position], extents));
}

/** How many values a part of a position has. */
function valuesOf(term: Expr, extents: Extents): number {
  if (term.kind === 'index') return extents(term.axis);
  const most = points([term], extents);
  if (term.kind !== 'op' || term.args[1]?.kind !== 'const') return most;
  const [inner, divisor] = [footprint(term.args[0] as Expr, extents), Math.abs(term.args[1].value)];
  if (term.op === 'imod') return Math.min(inner, divisor, most);
  if (term.op !== 'idiv') return most;
  const [[, step = 1] = []] = linearForm(term.args[0] as Expr).terms;
  if (step !== 1 || divisor === 0) return Math.min(inner, most);
  // Pieces that are multiples of the divisor, or parts of it, begin where a quotient does.
  const aligned = divisor % inner === 0 || inner % divisor === 0;
  return Math.min(most, aligned ? Math.max(1, inner / divisor) : (inner - 1) / divisor + 1);
}

/** The points at which expressions differ: those of the loop variables in them. */
function points(roots: readonly Expr[], extents: Extents): number {
  const axes = new Set<number>();
  visit(roots, (e) => {
    if (e.kind === 'index') axes.add(e.axis);
  });
  return product([...axes].map(extents));
}

/**
 * A domain's points in their order, cut into pieces of `size`: over how many values each axis runs in a piece, on average.
 * Pieces of 64 in a domain of 11 × 11 have 9.6 on the inner axis and 6.7 on the outer one.
 */
export function extentsOfPiece(size: number, domain: readonly number[]): readonly number[] {
  const extents = domain.map(() => 1);
  let [rest, aligned] = [size, true];
  for (let axis = domain.length - 1; axis >= 0 && rest > 1; axis--) {
    const length = domain[axis] as number;
    let outer: number;
    if (aligned && length % rest === 0) outer = 1;
    else if (aligned && rest % length === 0) outer = rest / length;
    else [outer, aligned] = [(rest - 1) / length + 1, false];
    if (axis === 0) outer = 1;
    extents[axis] = Math.min(length, rest / outer);
    rest = outer;
  }
  return extents;
}
