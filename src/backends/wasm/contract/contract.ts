import { storedBytes } from '../../../kernel/dtype.ts';
import type { Expr } from '../../../kernel/expr.ts';
import { binary, rewriter } from '../../../kernel/expr.ts';
import { delinearize, lit } from '../../../kernel/index-algebra.ts';
import type { ContractKernel, MapKernel } from '../../../kernel/kernel.ts';
import { product, range } from '../../../util/array.ts';
import type { Axis, Nest } from '../collapse.ts';
import { collapse, substitution } from '../collapse.ts';
import { emitMap, withRoots } from '../map.ts';
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
  if (isShort(kernel)) return emitMap(m, asMap(kernel));
  const nest = simplified(kernel);
  const float = kernel.dtype === 'f32' || kernel.dtype === 'f64';
  const traits: TileTraits = { bytes: storedBytes(kernel.dtype), fused: m.relaxed && float };
  const [first, ...others] = kinds.flatMap((kind) => [false, true].map((swap) => arrange(kernel, nest, kind, swap)));
  const best = others.reduce((a, b) => (estimate(b, traits) < estimate(a, traits) ? b : a), first as Arrangement);
  const { contraction: c, kind, sizes } = best;
  const tile = tileOf(kind, sizes, traits);
  // Panels of neighbours along the last axis stay within it.
  const across = kind === 'panels' && c.rows.length > 1 && best.left.across && best.left.vectors;
  return writeContraction(m, kernel, c, cut(tile, sizes, traits.bytes, across ? lastAxis(c.rows).extent : sizes.rows));
}

/** Is the depth so short that keeping sums anywhere costs more than computing them with each element? */
function isShort({ rows, columns, depth }: ContractKernel): boolean {
  const length = product(depth);
  return length > 0 && length <= 4 && Math.max(...rows, ...columns, 0) >= 32;
}

/** A contraction as the map that computes each sum by itself. A sum of negative zeros stays negative. */
function asMap({ name, source, operands, lhs, rhs, ...kernel }: ContractKernel): MapKernel {
  const domain = [...kernel.batch, ...kernel.rows, ...kernel.columns];
  const terms = range(product(kernel.depth)).map((position) => {
    const at = delinearize(lit(position), kernel.depth);
    const move = substitution((e) => (e.kind === 'index' ? (at[e.axis - domain.length] ?? e) : e));
    return binary('mul', move(lhs), move(rhs));
  });
  const sum = terms.reduce((a, b) => binary('add', a, b));
  const replace = rewriter((e) => (e.kind === 'acc' ? sum : e));
  return { kind: 'map', name, source, operands, domain, stores: kernel.stores.map((s) => ({ ...s, value: replace(s.value) })) }; // prettier-ignore
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
