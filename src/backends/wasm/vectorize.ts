import type { Expr } from '../../kernel/expr.ts';
import { visit } from '../../kernel/expr.ts';
import { linearForm } from '../../kernel/index-algebra.ts';
import type { Axis } from './collapse.ts';
import { dependsOn } from './collapse.ts';
import { lanes } from './vector-ops.ts';

/** Can the expressions be computed four at a time? Kernels that touch f64 are not. */
export function canVectorize(roots: readonly Expr[]): boolean {
  let can = true;
  visit(roots, (e) => {
    if (e.dtype === 'f64') can = false;
  });
  return can;
}

/** Elements from lane to lane of a position: 0 when all lanes agree, null when they are not evenly spaced. */
export function laneStride(position: Expr, axis: number, depends = dependsOn(axis)): number | null {
  let stride = 0;
  for (const [term, c] of linearForm(position).terms) {
    if (term.kind === 'index' && term.axis === axis) stride += c;
    else if (depends(term)) return null;
  }
  return stride;
}

/** What four accesses to elements `stride` apart cost. */
export const accessCost = (stride: number | null): number =>
  stride === 0 ? 0.5 : stride === 1 ? 1 : stride === null ? 9 : 7;

/**
 * What four points cost, roughly in instructions, when `axis` is the lane axis: contiguous accesses are cheap, single
 * lanes are not, divisions in the lanes cost most.
 */
export function laneCost(values: readonly Expr[], storePositions: readonly Expr[], { axis, extent }: Axis): number {
  const depends = dependsOn(axis);
  let cost = storePositions.reduce((sum, p) => sum + accessCost(laneStride(p, axis)), 0);
  visit(values, (e) => {
    if (e.kind === 'load') cost += accessCost(laneStride(e.index, axis));
    else if (e.kind === 'op' && (e.op === 'idiv' || e.op === 'imod') && depends(e)) cost += 6;
  });
  // Short axes leave lanes idle or run as scalars.
  return extent < lanes ? cost * 8 + 20 : cost * ((Math.ceil(extent / lanes) * lanes) / extent);
}

/** The cheapest lane axis; the innermost among equals. */
export function chooseLaneAxis(
  axes: readonly Axis[],
  values: readonly Expr[],
  storePositions: readonly Expr[],
): { readonly axis: Axis; readonly cost: number } | null {
  let best: { readonly axis: Axis; readonly cost: number } | null = null;
  for (const axis of axes) {
    const cost = laneCost(values, storePositions, axis);
    if (best === null || cost <= best.cost) best = { axis, cost };
  }
  return best;
}
