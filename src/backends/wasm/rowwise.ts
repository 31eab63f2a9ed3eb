import type { Expr } from '../../kernel/expr.ts';
import { loadsOf, visit } from '../../kernel/expr.ts';
import { delinearize, lit } from '../../kernel/index-algebra.ts';
import type { Accumulator, Pass, RowwiseKernel, Store } from '../../kernel/kernel.ts';
import { passExpressions, shortRow } from '../../kernel/kernel.ts';
import { at, product, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { collapse, substitution } from './collapse.ts';
import { areLongColumns, emitColumnwise } from './columnwise.ts';
import type { Variables } from './evaluator.ts';
import { Evaluator } from './evaluator.ts';
import { innerAxis, withRoots } from './map.ts';
import type { Value } from './module/code.ts';
import { isLong, overLanes, Partials, reducedLoops } from './partials.ts';
import type { Reduction } from './reduction.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { pointersOf, rows } from './rows.ts';
import { inLanes } from './runs.ts';
import { lanes } from './vector-ops.ts';
import { canVectorize, chooseLaneAxis } from './vectorize.ts';
import { noWorking } from './working.ts';
import { InternalError } from '../../util/error.ts';

/** Points of rows that one call of a row function walks at least: calls are cheap, and let the engine tier up between them. */
const pointsPerCall = 4096;

/** A row-wise kernel over loops that have been simplified. */
interface RowWork {
  readonly kernel: RowwiseKernel;
  readonly domain: readonly Axis[];
  readonly row: readonly Axis[];
  readonly passes: readonly Pass[];
  readonly stores: readonly Store[];
}

/**
 * A row-wise kernel. Lanes run along the row where that is long and contiguous; else along an axis of the domain, each lane
 * walking a row of its own. Short rows are written out without loops.
 */
export function emitRowwise(m: ModuleBuilder, kernel: RowwiseKernel): KernelCode {
  const w = simplifiedRows(kernel);
  const length = product(kernel.row);
  const values = w.passes.flatMap((p) => [...p.accumulators.map((a) => a.value), ...p.stores.map((s) => s.value)]);
  const ends = [...values, ...w.stores.map((s) => s.value)];
  const positions = [...w.passes.flatMap((p) => p.stores), ...w.stores].map((s) => s.index);
  const vectors = canVectorize([...ends, ...positions]);
  const unrolled = length > 0 && length <= shortRow && !readsBack(kernel);
  const across = !vectors ? null : chooseLaneAxis(
    w.domain.filter((a) => a.extent >= lanes),
    values,
    positions,
  ); // prettier-ignore
  const along = !vectors || unrolled ? null : chooseLaneAxis(
    w.row.filter((a) => a.extent >= 4 * lanes),
    values,
    w.passes.flatMap((p) => p.stores.map((s) => s.index)),
  ); // prettier-ignore
  if (along !== null && (across === null || along.cost <= across.cost)) return alongRow(m, w, along.axis);
  if (across !== null && areLongColumns(w)) return emitColumnwise(m, w);
  return acrossRows(m, w, across?.axis ?? innerAxis(w.domain, w.stores), across !== null, unrolled);
}

function simplifiedRows(kernel: RowwiseKernel): RowWork {
  const { domain, row, passes, stores } = kernel;
  const axes = [...domain, ...row].map((extent, axis) => ({ axis, extent }));
  const nest = collapse(
    [axes.slice(0, domain.length), axes.slice(domain.length)],
    [...passes.flatMap(passExpressions), ...stores.flatMap((s) => [s.index, s.value])],
  );
  let next = 0;
  const take = (count: number): readonly Expr[] => nest.roots.slice(next, (next += count));
  const walked = passes.map((p): Pass => {
    const values = take(p.accumulators.length);
    return {
      accumulators: p.accumulators.map((a, i) => ({ ...a, value: values[i] ?? a.value })),
      stores: withRoots(p.stores, take(2 * p.stores.length)),
    };
  });
  const [outer = [], inner = []] = nest.groups;
  return {
    kernel,
    domain: outer,
    row: inner,
    passes: walked,
    stores: withRoots(stores, take(2 * stores.length)),
  };
}

/** Is anything read that an earlier pass stored? */
function readsBack({ passes, stores }: RowwiseKernel): boolean {
  const loaded = new Set(
    loadsOf([...passes.flatMap(passExpressions), ...stores.map((s) => s.value)]).map((l) => l.operand),
  );
  return passes.some(
    (p, i) => (i < passes.length - 1 || stores.length > 0) && p.stores.some((s) => loaded.has(s.operand)),
  );
}

/** The loops over the domain; `body` writes the code for points `[from, to)` of the inner axis. */
function overDomain(
  m: ModuleBuilder,
  w: RowWork,
  inner: Axis,
  multiple: number,
  body: (e: Evaluator, from: Value, to: Value) => void,
): KernelCode {
  const { kernel } = w;
  const outer = w.domain.filter((a) => a.axis !== inner.axis);
  const points = Math.ceil(pointsPerCall / Math.max(1, product(kernel.row)) / multiple) * multiple;
  const { code, row, coordinates } = rows(m, kernel, outer, inner, points);
  // A row of one point: what was stored for it has the place of what was read before, which must not be taken for it.
  const changing = product(kernel.row) <= 1 && readsBack(kernel) ? noVariables : null;
  const e = new Evaluator(row, m.library, kernel, pointersOf(row, kernel, outer.length + 2), changing);
  e.within(coordinates, () => body(e, row.param(outer.length), row.param(outer.length + 1)));
  return code;
}

const noVariables: Variables = {
  local: () => {
    throw new InternalError('a row-wise kernel has no local variables');
  },
  varies: () => false,
};

/** Each lane (or, for `vector` false, each point) of a domain axis walks a row of its own. */
function acrossRows(m: ModuleBuilder, w: RowWork, inner: Axis, vector: boolean, unrolled: boolean): KernelCode {
  const walk = unrolled ? walkWrittenOut : walkInLoops;
  return overDomain(m, w, inner, lanes, (e, from, to) =>
    inLanes(e, inner, [from, to], vector, (inVectors) => walk(m, e, w, inVectors)),
  );
}

/** The results of finished passes, in the order of the kernel's accumulators. */
class Results {
  private readonly e: Evaluator;
  private readonly vector: boolean;
  private readonly values: Value[] = [];

  constructor(e: Evaluator, vector: boolean) {
    this.e = e;
    this.vector = vector;
  }

  add(values: readonly Value[]): void {
    this.values.push(...values);
    this.e.bindAccumulators(this.vector ? [] : this.values, this.vector ? this.values : []);
  }
}

const valueOf = (e: Evaluator, vector: boolean): ((x: Expr) => Value) =>
  vector ? (x) => e.vector(x) : (x) => e.scalar(x);

/** The current point's passes over its row, then its stores. */
function walkInLoops(m: ModuleBuilder, e: Evaluator, w: RowWork, vector: boolean): void {
  const results = new Results(e, vector);
  const value = valueOf(e, vector);
  for (const { accumulators, stores } of w.passes) {
    const reduction = reductionOf(w, accumulators);
    const parts = new Partials(e.f, m.library, accumulators, 1, vector, isLong(reduction));
    reducedLoops(e, reduction, w.row, parts, (axis, start, stop) =>
      e.loop(axis.axis, start, stop, 1, () => {
        parts.add(0, (a) => value(a.value));
        e.store(stores);
      }),
    );
    results.add(parts.results(0));
  }
  e.store(w.stores);
}

/** As {@link walkInLoops}, point after point without loops: what is needed again is still there. */
function walkWrittenOut(m: ModuleBuilder, e: Evaluator, w: RowWork, vector: boolean): void {
  const results = new Results(e, vector);
  const value = valueOf(e, vector);
  const points = pointsOf(w.row);
  for (const { accumulators, stores } of w.passes) {
    const parts = new Partials(e.f, m.library, accumulators, 1, vector, false);
    for (const here of points) {
      parts.add(0, (a) => value(here(a.value)));
      e.store(stores.map((s) => ({ ...s, index: here(s.index), value: here(s.value) })));
    }
    results.add(parts.results(0));
  }
  e.store(w.stores);
}

/** For each point of a row, in order: an expression as it is there. */
function pointsOf(row: readonly Axis[]): readonly ((e: Expr) => Expr)[] {
  const extents = row.map((a) => a.extent);
  return range(product(extents)).map((position) => {
    const coordinate = delinearize(lit(position), extents);
    const place = new Map(row.map(({ axis }, i) => [axis, at(coordinate, i)]));
    return substitution((e) => {
      const here = e.kind === 'index' ? place.get(e.axis) : undefined;
      return here ?? e;
    });
  });
}

/** Row after row, lanes along one of the row's axes. */
function alongRow(m: ModuleBuilder, w: RowWork, along: Axis): KernelCode {
  const inner = innerAxis(w.domain, w.stores);
  return overDomain(m, w, inner, 1, (e, from, to) =>
    e.loop(inner.axis, from, to, 1, () => {
      const results = new Results(e, false);
      for (const { accumulators, stores } of w.passes) {
        const width = unrolling(accumulators, stores, along);
        results.add(overLanes(m, e, reductionOf(w, accumulators), { along, width, stores }));
      }
      e.store(w.stores);
    }),
  );
}

/** How many vectors a pass handles at once: one where that is much code already. */
function unrolling(accumulators: readonly Accumulator[], stores: readonly Store[], along: Axis): number {
  if (along.extent < 8 * lanes || accumulators.length > 2) return 1;
  let operations = 0;
  visit([...accumulators.map((a) => a.value), ...stores.map((s) => s.value)], (e) => {
    if (e.kind === 'op') operations += e.op === 'exp' || e.op === 'log' || e.op === 'tanh' ? 8 : 1;
  });
  return operations > 24 ? 1 : operations > 8 || accumulators.length === 2 ? 2 : 4;
}

/** One pass's reduction. */
const reductionOf = ({ domain, row: reduced }: RowWork, accumulators: readonly Accumulator[]): Reduction => ({
  domain,
  reduced,
  accumulators,
  stores: [],
  part: null,
  working: noWorking,
});
