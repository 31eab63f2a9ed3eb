import type { Kernel, ReduceKernel } from '../../kernel/kernel.ts';
import { product, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { shifted } from './collapse.ts';
import { alongColumns, columnsPerRow } from './columns.ts';
import { Evaluator } from './evaluator.ts';
import { innerAxis } from './map.ts';
import type { Value } from './module/code.ts';
import { get } from './module/code.ts';
import { isLong, oneResult, overLanes, Partials, reducedLoops } from './partials.ts';
import type { Reduction } from './reduction.ts';
import { columnsAreShort, pointsPerUnit, simplified, split } from './reduction.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { inOrder, rows } from './rows.ts';
import { wholeSteps } from './runs.ts';
import { lanes } from './vector-ops.ts';
import { canVectorize, chooseLaneAxis } from './vectorize.ts';
import { addressesOf } from './working.ts';

/**
 * A reduce kernel. Its lanes run along a reduced axis where that is contiguous, several vectors of partial results at
 * once, or along an axis of the domain (sums of columns), each lane a result of its own. Much that is reduced to little is
 * so in two phases, which many threads can share.
 */
export function emitReduce(m: ModuleBuilder, kernel: ReduceKernel): KernelCode {
  return emitReduction(m, kernel, simplified(kernel), kernel.name);
}

/** The phases of a reduction that belongs to a kernel. */
export function emitReduction(m: ModuleBuilder, kernel: Kernel, r: Reduction, name: string): KernelCode {
  const way = chooseWay(r);
  const phases = split(kernel, r, unitsOf(r, way), way.kind === 'columns');
  if (phases === null) return emitPhase(m, kernel, r, way, name);
  const { partial, combining } = phases;
  return inOrder([
    emitPhase(m, kernel, partial, chooseWay(partial), `${name}_parts`),
    emitPhase(m, kernel, combining, chooseWay(combining), name),
  ]);
}

/** How a reduction's loops are vectorized, and the axis of the domain that rows run along. */
interface Way {
  readonly kind: 'along' | 'columns' | 'lanes' | 'scalars';
  readonly inner: Axis;
  /** The reduced axis of the lanes. */
  readonly along: Axis | null;
}

/** Columns of fewer rows, or fewer neighbouring columns, have their sums in registers. */
const fewRows = 32;
const fewColumns = 128;

function chooseWay(r: Reduction): Way {
  const domain = r.domain.filter((a) => a !== r.part?.chunk);
  const inner = innerAxis(domain, r.stores);
  const scalars: Way = { kind: 'scalars', inner, along: null };
  const sums = r.accumulators.map((a) => a.value);
  if (!canVectorize([...sums, ...r.stores.flatMap((s) => [s.index, s.value])])) return scalars;
  const across = chooseLaneAxis(
    domain.filter((a) => a.extent >= lanes),
    sums,
    r.stores.map((s) => s.index),
  );
  const along = chooseLaneAxis(
    r.reduced.filter((a) => a.extent >= 2 * lanes),
    sums,
    [],
  );
  if (along !== null && (across === null || along.cost < across.cost))
    return { kind: 'along', inner, along: along.axis };
  if (across === null) return scalars;
  const last = r.reduced[r.reduced.length - 1];
  const many = last !== undefined && last.extent >= fewRows && across.axis.extent >= fewColumns && columnsAreShort(r);
  return { kind: many ? 'columns' : 'lanes', inner: across.axis, along: null };
}

/** How many points of a row one call of the row function computes. */
const rowLength = (r: Reduction, { kind }: Way): number =>
  kind === 'columns' ? columnsPerRow(r) : pointsPerUnit(r, kind === 'lanes' ? 4 * lanes : 1, 4096);

const unitsOf = (r: Reduction, way: Way): number =>
  product(r.domain.filter((a) => a.axis !== way.inner.axis).map((a) => a.extent)) *
  Math.ceil(way.inner.extent / rowLength(r, way));

function emitPhase(m: ModuleBuilder, kernel: Kernel, r: Reduction, way: Way, name: string): KernelCode {
  const { inner, along } = way;
  const outer = r.domain.filter((a) => a.axis !== inner.axis);
  const row = rows(m, kernel, outer, inner, rowLength(r, way), name);
  const f = row.row;
  const e = new Evaluator(f, m.library, kernel, addressesOf(row, kernel, r.working, outer.length + 2));
  const [from, to] = [f.param(outer.length), f.param(outer.length + 1)];
  let scratchBytes = 0;
  e.within(row.coordinates, () => {
    if (along !== null) e.loop(inner.axis, from, to, 1, () => alongReduced(m, e, r, along));
    else if (way.kind === 'columns') scratchBytes = alongColumns(m, e, r, { inner, from, to, scratch: row.scratch });
    else alongDomain(m, e, r, { inner, from, to }, way.kind === 'lanes');
  });
  return { ...row.code, scratchBytes, sharedBytes: r.working.bytes };
}

/** Lanes (or none, for `vector` false) along a domain axis, all results in registers. */
function alongDomain(
  m: ModuleBuilder,
  e: Evaluator,
  r: Reduction,
  { inner, from, to }: { readonly inner: Axis; readonly from: Value; readonly to: Value },
  vector: boolean,
): void {
  const { f } = e;
  const group = r.accumulators.length === 1 ? 4 : r.accumulators.length === 2 ? 2 : 1;
  const at = f.variable(from, 'i');
  const step = (width: number): void => {
    const size = width * lanes;
    const end = wholeSteps(f, get(at), to, size);
    e.loopOn(at, inner.axis, end, size, () => e.withLanes(inner.axis, () => vectorsOfResults(m, e, r, inner, width)));
  };
  if (vector && group > 1 && inner.extent >= group * lanes) step(group);
  if (vector) step(1);
  if (!vector || inner.extent % lanes !== 0) e.loopOn(at, inner.axis, to, 1, () => oneResult(m, e, r));
}

function vectorsOfResults(m: ModuleBuilder, e: Evaluator, r: Reduction, inner: Axis, width: number): void {
  const parts = new Partials(e.f, m.library, r.accumulators, width, true, isLong(r));
  const shifts = range(width).map((j) => shifted(inner, j * lanes));
  reducedLoops(e, r, r.reduced, parts, (axis, start, stop) =>
    e.loop(axis.axis, start, stop, 1, () =>
      shifts.forEach((shift, j) => parts.add(j, (a) => e.vector(shift(a.value)))),
    ),
  );
  shifts.forEach((shift, j) =>
    e.within([], () => {
      e.bindAccumulators([], parts.results(j));
      e.store(r.stores.map((s) => ({ ...s, index: shift(s.index), value: shift(s.value) })));
    }),
  );
}

/** The current point of the domain, lanes along the reduced axis `along`. */
function alongReduced(m: ModuleBuilder, e: Evaluator, r: Reduction, along: Axis): void {
  const width = r.accumulators.length > 2 || along.extent < 8 * lanes ? 1 : r.accumulators.length === 2 ? 2 : 4;
  e.bindAccumulators(overLanes(m, e, r, { along, width, stores: [] }), []);
  e.store(r.stores);
}
