import type { DType } from '../kernel/dtype.ts';
import { computedIn } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { acc, load, loadsOf, operandsOf, rewriter, visit } from '../kernel/expr.ts';
import type { Accumulator, Pass, Store } from '../kernel/kernel.ts';
import { passExpressions } from '../kernel/kernel.ts';
import { narrow } from '../kernel/narrow.ts';
import { at, product, range } from '../util/array.ts';
import { costOf, worthKeepingInARow } from './cost.ts';

/**
 * From reductions over one row that read each other's results to passes over the row: each is in the first pass that has all
 * it reads. What several passes need and what costs an exponential is kept where the row's results go anyway.
 */

/** What a kernel computes along a row of a domain. */
export interface RowWork {
  readonly domain: readonly number[];
  readonly row: readonly number[];
  /** Each may read the results of those before it. */
  readonly accumulators: readonly Accumulator[];
  /** For each point of the row. */
  readonly rowStores: readonly Store[];
  /** For each row, at the end. */
  readonly stores: readonly Store[];
  readonly dtypeOf: (operand: number) => DType;
}

/** The passes over a row, and the stores after them. */
export interface Walks {
  readonly passes: readonly Pass[];
  readonly stores: readonly Store[];
}

/** Does it take more than one reduction's plain loop? */
export const needsPasses = (accumulators: readonly Accumulator[], rowStores: number): boolean =>
  rowStores > 0 || accumulators.some((a) => readsAccumulators(a.value));

function readsAccumulators(e: Expr): boolean {
  let found = false;
  visit([e], (x) => (found ||= x.kind === 'acc'));
  return found;
}

/** Everything in its pass. */
export function walksOf(work: RowWork): Walks {
  const { accumulators } = work;
  const passes: number[] = [];
  const passOf = firstPass(passes);
  accumulators.forEach((a) => passes.push(passOf(a.value)));
  const last = Math.max(0, ...passes, ...work.rowStores.map((s) => passOf(s.value)));
  const count = last + 1;
  const loaded = new Set(loadsOf(everything(work)).map((l) => l.operand));
  // What is also read, an update in place, is written when all has been read.
  const storePass = (s: Store): number => (loaded.has(s.operand) ? last : passOf(s.value));
  const order = range(accumulators.length).sort((a, b) => at(passes, a) - at(passes, b));
  const numbered = rewriter((e) => (e.kind === 'acc' ? acc(order.indexOf(e.slot), e.dtype) : e));
  const made = range(count).map((p): Pass => ({
    accumulators: order
      .filter((i) => passes[i] === p)
      .map((i) => ({ ...at(accumulators, i), value: numbered(at(accumulators, i).value) })),
    stores: work.rowStores.filter((s) => storePass(s) === p).map((s) => ({ ...s, value: numbered(s.value) })),
  }));
  const free = work.rowStores.map((s) => s.operand).filter((operand) => !loaded.has(operand));
  return {
    passes: keepDear(made, work, new Set(free)),
    stores: work.stores.map((s) => ({ ...s, value: numbered(s.value) })),
  };
}

const everything = ({ accumulators, rowStores, stores }: RowWork): readonly Expr[] => [
  ...accumulators.map((a) => a.value),
  ...[...rowStores, ...stores].map((s) => s.value),
];

/** The first pass in which an expression can be computed, by the passes of the accumulators. */
function firstPass(passes: readonly number[]): (e: Expr) => number {
  const known = new Map<Expr, number>();
  const go = (e: Expr): number => {
    let found = known.get(e);
    if (found === undefined) {
      found = e.kind === 'acc' ? at(passes, e.slot) + 1 : Math.max(0, ...operandsOf(e).map(go));
      known.set(e, found);
    }
    return found;
  };
  return go;
}

/** An expression that several passes need. */
interface Dear {
  readonly value: Expr;
  readonly first: number;
  readonly saved: number;
}

/**
 * Stores dear values where the row's own results will be (in operands `free`, which nothing else reads), so that later
 * passes read them there.
 */
function keepDear(passes: readonly Pass[], work: RowWork, free: Set<number>): readonly Pass[] {
  for (const dear of dearValues(passes, work)) {
    const kept = keep(passes, dear, free, work);
    // What contained the value reads it from memory now.
    if (kept !== null) return keepDear(kept, work, free);
  }
  return passes;
}

function keep(
  passes: readonly Pass[],
  { value, first }: Dear,
  free: Set<number>,
  { dtypeOf }: RowWork,
): readonly Pass[] | null {
  const stores = passes.flatMap((p, pass) => p.stores.map((s) => ({ ...s, pass })));
  const itself = stores.find((s) => s.value === value && s.pass === first && free.has(s.operand));
  const room = itself ?? stores.find((s) => free.has(s.operand) && holds(dtypeOf(s.operand), value) && s.pass > first);
  if (room === undefined) return null;
  free.delete(room.operand);
  const { pass: until, ...store } = room;
  const last = passes.length - 1;
  const there = load(room.operand, dtypeOf(room.operand), room.index);
  const read = rewriter((e) => (e === value ? there : e));
  return passes.map((p, i) => {
    if (itself !== undefined) return i > first ? rewritten(p, read) : p;
    // The value stays there until the last pass.
    const others = i === until ? p.stores.filter((s) => s.operand !== room.operand) : p.stores;
    const here = i === first ? [{ ...store, value }] : i === last ? [store] : [];
    const changed = { ...p, stores: [...others, ...here] };
    return i > first ? rewritten(changed, read) : changed;
  });
}

/** Is a value the same when it is read again from where it was stored in a dtype? */
const holds = (dtype: DType, value: Expr): boolean =>
  computedIn(dtype) === value.dtype && narrow(dtype, value) === value;

const rewritten = ({ accumulators, stores }: Pass, change: (e: Expr) => Expr): Pass => ({
  accumulators: accumulators.map((a) => ({ ...a, value: change(a.value) })),
  stores: stores.map((s) => ({ ...s, value: change(s.value) })),
});

/** The values worth keeping, those that save most first. */
function dearValues(passes: readonly Pass[], { domain, row }: RowWork): readonly Dear[] {
  const usedIn = new Map<Expr, number[]>();
  passes.forEach((p, i) =>
    visit(passExpressions(p), (e) => {
      const known = usedIn.get(e);
      if (known === undefined) usedIn.set(e, [i]);
      else known.push(i);
    }),
  );
  const varies = variesAlong(domain.length);
  const dear = [...usedIn].flatMap(([value, used]): readonly Dear[] => {
    if (value.kind !== 'op' || used.length < 2 || !varies(value)) return [];
    // What is the same all along the row is computed once.
    const cost = costOf(value, varies);
    const saved = cost.weight * (used.length - 1);
    return worthKeepingInARow(cost, product(row)) ? [{ value, first: at(used, 0), saved }] : [];
  });
  // Of equally dear ones the outermost first.
  return dear.sort((a, b) => (b.saved === a.saved ? b.value.id - a.value.id : b.saved - a.saved));
}

/** Does an expression differ from point to point of a row, whose axes come after `rank` others? */
function variesAlong(rank: number): (e: Expr) => boolean {
  const known = new Map<Expr, boolean>();
  const go = (e: Expr): boolean => {
    let found = known.get(e);
    if (found === undefined) known.set(e, (found = (e.kind === 'index' && e.axis >= rank) || operandsOf(e).some(go)));
    return found;
  };
  return go;
}
