import type { Expr } from '../../../kernel/expr.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import type { Axis, Nest } from '../collapse.ts';
import { collapse } from '../collapse.ts';
import { storageBytes } from '../evaluator.ts';
import { withRoots } from '../map.ts';
import type { KernelCode, ModuleBuilder } from '../rows.ts';
import { lastAxis } from '../runs.ts';
import { canVectorize, chooseLaneAxis, laneCost } from '../vectorize.ts';
import { writeContraction } from './blocks.ts';
import type { Contraction } from './operands.ts';
import { sizeOf } from './operands.ts';
import { readingOf } from './pack.ts';
import type { Candidate, Sizes, TileKind, TileTraits } from './schedule.ts';
import { cut, estimate, tileOf } from './schedule.ts';

/** A contract kernel: the cheapest way to compute its sums, tile by tile, and the stores when a block's depth is done. */
export function emitContract(m: ModuleBuilder, kernel: ContractKernel): KernelCode {
  const nest = simplified(kernel);
  const float = kernel.dtype === 'f32' || kernel.dtype === 'f64';
  const traits: TileTraits = { bytes: storageBytes[kernel.dtype], fused: m.relaxed && float };
  const [first, ...others] = kinds.flatMap((kind) => [false, true].map((swap) => arrange(kernel, nest, kind, swap)));
  const best = others.reduce((a, b) => (estimate(b, traits) < estimate(a, traits) ? b : a), first as Arrangement);
  const { contraction: c, kind, sizes } = best;
  const tile = tileOf(kind, sizes, traits);
  // Panels of neighbours along the last axis stay within it.
  const across = kind === 'panels' && c.rows.length > 1 && best.left.across;
  return writeContraction(m, kernel, c, cut(tile, sizes, traits.bytes, across ? lastAxis(c.rows).extent : sizes.rows));
}

const kinds: readonly TileKind[] = ['panels', 'dots', 'stream'];

/** A contraction with its axes in order, for one kind of tile. */
interface Arrangement extends Candidate {
  readonly contraction: Contraction;
}

/** The loops of a kernel without axes that need not be told apart. */
function simplified(kernel: ContractKernel): Nest {
  let next = 0;
  const number = (extents: readonly number[]): readonly Axis[] => extents.map((extent) => ({ axis: next++, extent }));
  const groups = [kernel.batch, kernel.rows, kernel.columns, kernel.depth].map(number);
  return collapse(groups, [kernel.lhs, kernel.rhs, ...kernel.stores.flatMap((s) => [s.index, s.value])]);
}

/** Decides the order of the axes: lanes run along the last of the columns, or for dot products along that of the depth. */
function arrange(kernel: ContractKernel, nest: Nest, kind: TileKind, swap: boolean): Arrangement {
  const [batch = [], rows = [], columns = [], depth = []] = nest.groups;
  const [lhs = kernel.lhs, rhs = kernel.rhs, ...roots] = nest.roots;
  const stores = withRoots(kernel.stores, roots);
  const [left, right, above, beside] = swap ? [rhs, lhs, columns, rows] : [lhs, rhs, rows, columns];
  const [values, positions] = [stores.map((s) => s.value), stores.map((s) => s.index)];
  const ordered = kind === 'dots' ? lastBy(depth, [left, right], []) : depth;
  const inner = lastBy(beside, kind === 'dots' ? values : [...values, right], positions);
  const contraction: Contraction = {
    dtype: kernel.dtype,
    batch,
    rows: packingOrder(above, left),
    columns: inner,
    depth: ordered,
    lhs: left,
    rhs: right,
    stores,
  };
  const sizes: Sizes = {
    batch: sizeOf(batch),
    rows: sizeOf(above),
    columns: sizeOf(beside),
    depth: sizeOf(depth),
  };
  return {
    kind,
    contraction,
    sizes,
    left: readingOf(left, contraction.rows, ordered),
    right: readingOf(right, inner, ordered),
    storeCost: canVectorize([...values, ...positions]) ? laneCost(values, positions, lastAxis(inner)) : 12,
  };
}

/** The axes with the one last along which four points are cheapest. */
function lastBy(axes: readonly Axis[], values: readonly Expr[], positions: readonly Expr[]): readonly Axis[] {
  const chosen = chooseLaneAxis(axes, values, positions)?.axis;
  return chosen === undefined ? axes : [...axes.filter((a) => a !== chosen), chosen];
}

/** Puts last the axis along which the left operand is cheapest to pack. */
function packingOrder(axes: readonly Axis[], value: Expr): readonly Axis[] {
  const chosen = chooseLaneAxis(axes, [value], [])?.axis;
  return chosen === undefined || laneCost([value], [], chosen) > 5
    ? axes
    : [...axes.filter((a) => a !== chosen), chosen];
}
