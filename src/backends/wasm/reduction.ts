import type { Expr } from '../../kernel/expr.ts';
import { acc, index, load } from '../../kernel/expr.ts';
import { iadd, imul, linearize } from '../../kernel/index-algebra.ts';
import type { Accumulator, Kernel, ReduceKernel, Store } from '../../kernel/kernel.ts';
import { product, roundUp } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { collapse } from './collapse.ts';
import type { Evaluator } from './evaluator.ts';
import { withRoots } from './map.ts';
import type { Value } from './module/code.ts';
import { i32, op } from './module/code.ts';
import { minimum } from './runs.ts';
import type { Working } from './working.ts';
import { noWorking, withArrays } from './working.ts';

/** A reduction over loops that have been simplified: all of a kernel, or one of its two phases. */
export interface Reduction {
  readonly domain: readonly Axis[];
  readonly reduced: readonly Axis[];
  readonly accumulators: readonly Accumulator[];
  readonly stores: readonly Store[];
  /** That part of a reduced axis which a point of the domain is for; null for all of it. */
  readonly part: Part | null;
  /** Operands after the kernel's own: where each begins in the shared working memory, of which they take so many bytes. */
  readonly working: Working;
}

/**
 * The points `[c · size, (c + 1) · size)` of a reduced axis, as far as there are so many, for a point `c` of the domain's
 * axis `chunk`. Neighbouring points of that one have different loops, so they are never lanes.
 */
export interface Part {
  readonly axis: number;
  readonly chunk: Axis;
  readonly size: number;
}

/** A reduce kernel with fewer loops. */
export function simplified(kernel: ReduceKernel): Reduction {
  const axes = [...kernel.domain, ...kernel.reduced].map((extent, axis) => ({ axis, extent }));
  const count = kernel.accumulators.length;
  const values = kernel.accumulators.map((a) => a.value);
  const { groups, roots } = collapse(
    [axes.slice(0, kernel.domain.length), axes.slice(kernel.domain.length)],
    [...values, ...kernel.stores.flatMap((s) => [s.index, s.value])],
  );
  return {
    domain: groups[0] ?? [],
    reduced: groups[1] ?? [],
    accumulators: kernel.accumulators.map((a, i) => ({ ...a, value: roots[i] ?? a.value })),
    stores: withRoots(kernel.stores, roots.slice(count)),
    part: null,
    working: noWorking,
  };
}

/** Where a reduced axis begins and ends for the current point of the domain. */
export function boundsOf(e: Evaluator, { part }: Reduction, { axis, extent }: Axis): [Value, Value] {
  if (part?.axis !== axis) return [i32(0), i32(extent)];
  const { f } = e;
  const from = f.let(op('i32.mul', e.coordinate(part.chunk.axis), i32(part.size)), 'from');
  return [from, minimum(f, op('i32.add', from, i32(part.size)), i32(extent))];
}

/** The row-major position of the current point of some axes. */
export const positionIn = (axes: readonly Axis[]): Expr =>
  linearize(
    axes.map((a) => index(a.axis, a.extent)),
    axes.map((a) => a.extent),
  );

/** Work (values that are reduced) that makes a unit worth handing to a thread. */
const unitWork = 1 << 15;
/** Units that are enough for any number of threads. */
const manyUnits = 48;
/** Values that are added up in a column in one go, some at a time: longer columns are split. */
const longestColumn = 2048;
/** Points that a part of an axis has at least. */
const smallestPart = 32;

/** How many values a point reduces, at most. */
export const termsOf = ({ reduced, part }: Pick<Reduction, 'reduced' | 'part'>): number =>
  product(reduced.map((a) => (a.axis === part?.axis ? part.size : a.extent)));

/** About as many points of a row as make a unit. */
export function pointsPerUnit(r: Reduction, multiple: number, most: number): number {
  const each = termsOf(r);
  const points = roundUp(unitWork / Math.max(1, each), multiple);
  return Math.max(multiple, Math.min(points, most));
}

const longestAxis = (axes: readonly Axis[]): Axis | null =>
  axes.reduce<Axis | null>((best, a) => (best === null || a.extent > best.extent ? a : best), null);

/** Are columns short, or can {@link split} make them so? */
export function columnsAreShort({ reduced }: Reduction): boolean {
  const all = product(reduced.map((a) => a.extent));
  return all / Math.max(1, Math.floor((longestAxis(reduced)?.extent ?? 0) / smallestPart)) <= longestColumn;
}

/** A reduction in two phases. */
interface Phases {
  readonly partial: Reduction;
  readonly combining: Reduction;
}

/**
 * A reduction of much to little as two: partial results for parts of an axis, which lie in working memory, then their
 * combination. The parts depend on the shapes alone, and so does the result. Null where one phase has units enough.
 */
export function split(kernel: Kernel, r: Reduction, units: number, columns: boolean): Phases | null {
  const results = product(r.domain.map((a) => a.extent));
  const each = product(r.reduced.map((a) => a.extent));
  const longest = longestAxis(r.reduced);
  if (longest === null) return null;
  const wanted =
    units >= manyUnits ? 1 : Math.floor(Math.min((results * each) / unitWork, Math.ceil(manyUnits / units)));
  const needed = columns ? Math.ceil(each / longestColumn) : 1;
  const count = Math.min(Math.max(wanted, needed), Math.floor(longest.extent / smallestPart));
  if (count < 2) return null;
  const size = roundUp(longest.extent / count, 16);
  const chunks = Math.ceil(longest.extent / size);
  if (chunks < 2) return null;
  const axis = 1 + Math.max(...[...r.domain, ...r.reduced].map((a) => a.axis));
  const chunk: Axis = { axis, extent: chunks };
  const position = iadd(imul(index(axis, chunks), results), positionIn(r.domain));
  const first = kernel.operands.length + r.working.offsets.length;
  const working = withArrays(
    r.working,
    r.accumulators.map((a) => a.dtype),
    chunks * results,
  );
  return {
    partial: {
      ...r,
      domain: [chunk, ...r.domain],
      stores: r.accumulators.map(({ dtype }, i) => ({
        operand: first + i,
        index: position,
        value: acc(i, dtype),
      })),
      part: { axis: longest.axis, chunk, size },
      working,
    },
    combining: {
      domain: r.domain,
      reduced: [chunk],
      accumulators: r.accumulators.map((a, i) => ({ ...a, value: load(first + i, a.dtype, position) })),
      stores: r.stores,
      part: null,
      working,
    },
  };
}
