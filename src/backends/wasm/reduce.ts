import type { Accumulator, ReduceKernel, Store } from '../../kernel/kernel.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { product, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { collapse, shifted } from './collapse.ts';
import { Evaluator } from './evaluator.ts';
import { innerAxis, withRoots } from './map.ts';
import type { Library } from './math/library.ts';
import type { Func, Local, Value } from './module/code.ts';
import { get, i32, op, selectOp } from './module/code.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { pointersOf, rows } from './rows.ts';
import { scalarBinary, scalarConst, scalarType } from './scalar-ops.ts';
import { foldLanes, lanes, vectorBinary, vectorConst } from './vector-ops.ts';
import { canVectorize, chooseLaneAxis } from './vectorize.ts';

/** Float sums of more values than this are summed in blocks, so that rounding errors do not grow with the count. */
const blockLength = 512;
/** Loops shorter than this are part of a block with the loop around them. */
const shortLoop = 32;

/** A reduction over loops that have been simplified. */
interface Reduction {
  readonly domain: readonly Axis[];
  readonly reduced: readonly Axis[];
  readonly accumulators: readonly Accumulator[];
  readonly stores: readonly Store[];
}

/**
 * A reduce kernel. Its lanes run along a reduced axis where that is contiguous, several vectors of partial results at
 * once, or along an axis of the domain (sums of columns), each lane a result of its own.
 */
export function emitReduce(m: ModuleBuilder, kernel: ReduceKernel): KernelCode {
  const axes = [...kernel.domain, ...kernel.reduced].map((extent, axis) => ({ axis, extent }));
  const count = kernel.accumulators.length;
  const values = kernel.accumulators.map((a) => a.value);
  const nest = collapse(
    [axes.slice(0, kernel.domain.length), axes.slice(kernel.domain.length)],
    [...values, ...kernel.stores.flatMap((s) => [s.index, s.value])],
  );
  const [domain = [], reduced = []] = nest.groups;
  const r: Reduction = {
    domain,
    reduced,
    accumulators: kernel.accumulators.map((a, i) => ({ ...a, value: nest.roots[i] ?? a.value })),
    stores: withRoots(kernel.stores, nest.roots.slice(count)),
  };
  const roots = [...nest.roots, ...r.accumulators.map((a) => a.value)];
  if (!canVectorize(roots)) return alongDomain(m, kernel, r, innerAxis(domain, r.stores), false);
  const sums = r.accumulators.map((a) => a.value);
  const across = chooseLaneAxis(
    domain.filter((a) => a.extent >= lanes),
    sums,
    r.stores.map((s) => s.index),
  );
  const along = chooseLaneAxis(
    reduced.filter((a) => a.extent >= 2 * lanes),
    sums,
    [],
  );
  if (along !== null && (across === null || along.cost < across.cost)) return alongReduced(m, kernel, r, along.axis);
  if (across !== null) return alongDomain(m, kernel, r, across.axis, true);
  return alongDomain(m, kernel, r, innerAxis(domain, r.stores), false);
}

/** Lanes (or none, for `vector` false) along a domain axis. */
function alongDomain(m: ModuleBuilder, kernel: ReduceKernel, r: Reduction, inner: Axis, vector: boolean): KernelCode {
  const outer = r.domain.filter((a) => a.axis !== inner.axis);
  const { code, row, coordinates } = rows(m, kernel, outer, inner);
  const [from, to] = [row.param(outer.length), row.param(outer.length + 1)];
  const e = new Evaluator(row, m.library, pointersOf(row, kernel, outer.length + 2));
  const group = r.accumulators.length === 1 ? 4 : r.accumulators.length === 2 ? 2 : 1;
  const step = (at: Local, width: number): void => {
    const size = width * lanes;
    const end = row.let(op('i32.add', get(at), op('i32.and', op('i32.sub', to, get(at)), i32(-size))));
    e.loopOn(at, inner.axis, end, size, () =>
      e.withLanes(inner.axis, () => {
        const parts = new Partials(row, m.library, r.accumulators, width, true, isLong(r));
        const shifts = range(width).map((j) => shifted(inner, j * lanes));
        reducedLoops(row, e, r.reduced, parts, (axis, start, stop) =>
          e.loop(axis.axis, start, stop, 1, () =>
            shifts.forEach((shift, j) => parts.add(j, (a) => e.vector(shift(a.value)))),
          ),
        );
        shifts.forEach((shift, j) => {
          e.within([], () => {
            e.bindAccumulators([], parts.results(j));
            e.store(r.stores.map((s) => ({ ...s, index: shift(s.index), value: shift(s.value) })));
          });
        });
      }),
    );
  };
  e.within(coordinates, () => {
    const at = row.variable(from, 'i');
    if (vector && group > 1 && inner.extent >= group * lanes) step(at, group);
    if (vector) step(at, 1);
    if (!vector || inner.extent % lanes !== 0) {
      e.loopOn(at, inner.axis, to, 1, () => {
        const parts = new Partials(row, m.library, r.accumulators, 1, false, isLong(r));
        reducedLoops(row, e, r.reduced, parts, (axis, start, stop) =>
          e.loop(axis.axis, start, stop, 1, () => parts.add(0, (a) => e.scalar(a.value))),
        );
        e.bindAccumulators(parts.results(0), []);
        e.store(r.stores);
      });
    }
  });
  return code;
}

/** Lanes along the reduced axis `along`; they are combined at the end. */
function alongReduced(m: ModuleBuilder, kernel: ReduceKernel, r: Reduction, along: Axis): KernelCode {
  const inner = innerAxis(r.domain, r.stores);
  const outer = r.domain.filter((a) => a.axis !== inner.axis);
  const { code, row, coordinates } = rows(m, kernel, outer, inner);
  const e = new Evaluator(row, m.library, pointersOf(row, kernel, outer.length + 2));
  const reduced = [...r.reduced.filter((a) => a.axis !== along.axis), along];
  const width = r.accumulators.length > 2 || along.extent < 8 * lanes ? 1 : r.accumulators.length === 2 ? 2 : 4;
  const shifts = range(width).map((j) => shifted(along, j * lanes));
  const ragged = along.extent % lanes !== 0;
  e.within(coordinates, () =>
    e.loop(inner.axis, row.param(outer.length), row.param(outer.length + 1), 1, () => {
      const parts = new Partials(row, m.library, r.accumulators, width, true, isLong(r));
      const tail = new Partials(row, m.library, r.accumulators, 1, false, false);
      reducedLoops(row, e, reduced, parts, (axis, start, stop) => {
        const at = row.variable(start, 'i');
        const vectors = (count: number): void => {
          const size = count * lanes;
          const whole = row.let(op('i32.add', get(at), op('i32.and', op('i32.sub', stop, get(at)), i32(-size))));
          e.loopOn(at, axis.axis, whole, size, () =>
            e.withLanes(axis.axis, () =>
              shifts.slice(0, count).forEach((shift, j) => parts.add(j, (a) => e.vector(shift(a.value)))),
            ),
          );
        };
        vectors(width);
        if (width > 1) vectors(1);
        if (ragged) e.loopOn(at, axis.axis, stop, 1, () => tail.add(0, (a) => e.scalar(a.value)));
      });
      const results = r.accumulators.map((a, i) => {
        const combine = combineScalars(row, m.library, a);
        const vector = treeFold(
          range(width).map((j) => parts.results(j)[i] as Value),
          (x, y) => row.let(combineVectors(row, m.library, a)(x, y)),
        );
        const folded = row.let(foldLanes({ f: row, lib: m.library }, a.dtype, vector, combine));
        return ragged ? row.let(combine(folded, tail.results(0)[i] as Value)) : folded;
      });
      e.bindAccumulators(results, []);
      e.store(r.stores);
    }),
  );
  return code;
}

const isLong = (r: Reduction): boolean =>
  product(r.reduced.map((a) => a.extent)) > blockLength && r.accumulators.some((a) => a.monoid === 'add');

const treeFold = (values: readonly Value[], combine: (x: Value, y: Value) => Value): Value => {
  if (values.length === 1) return values[0] as Value;
  const half = values.length / 2;
  return combine(treeFold(values.slice(0, half), combine), treeFold(values.slice(half), combine));
};

type Combine = (x: Value, y: Value) => Value;
const combineVectors =
  (f: Func, lib: Library, a: Accumulator): Combine =>
  (x, y) =>
    vectorBinary[a.monoid]({ f, lib }, a.dtype, x, y);
const combineScalars =
  (f: Func, lib: Library, a: Accumulator): Combine =>
  (x, y) =>
    scalarBinary[a.monoid]({ f, lib }, a.dtype, x, y);

/** Running results of every accumulator, `width` of each; in blocks, the totals of finished blocks besides. */
class Partials {
  private readonly f: Func;
  private readonly accumulators: readonly Accumulator[];
  private readonly identities: readonly Value[];
  private readonly combine: readonly Combine[];
  private readonly current: readonly (readonly Local[])[];
  private readonly totals: readonly (readonly Local[])[] | null;

  constructor(
    f: Func,
    lib: Library,
    accumulators: readonly Accumulator[],
    width: number,
    vector: boolean,
    blocked: boolean,
  ) {
    this.f = f;
    this.accumulators = accumulators;
    this.identities = accumulators.map(({ monoid, dtype }) =>
      (vector ? vectorConst : scalarConst)(dtype, monoidIdentity[monoid](dtype)),
    );
    this.combine = accumulators.map((a) => (vector ? combineVectors : combineScalars)(f, lib, a));
    const make = (): readonly (readonly Local[])[] =>
      accumulators.map(({ dtype }, i) =>
        range(width).map(() => {
          const local = f.local(vector ? 'v128' : scalarType[dtype], 'acc');
          f.set(local, this.identities[i] as Value);
          return local;
        }),
      );
    this.current = make();
    this.totals = blocked ? make() : null;
  }

  get blocked(): boolean {
    return this.totals !== null;
  }

  add(j: number, value: (a: Accumulator) => Value): void {
    this.accumulators.forEach((a, i) => {
      const local = this.current[i]?.[j] as Local;
      this.f.set(local, (this.combine[i] as Combine)(get(local), value(a)));
    });
  }

  /** Ends a block: its results go into the totals. */
  flush(): void {
    this.totals?.forEach((totals, i) =>
      totals.forEach((total, j) => {
        const local = this.current[i]?.[j] as Local;
        this.f.set(total, (this.combine[i] as Combine)(get(total), get(local)));
        this.f.set(local, this.identities[i] as Value);
      }),
    );
  }

  results(j: number): readonly Value[] {
    return (this.totals ?? this.current).map((locals) => get(locals[j] as Local));
  }
}

/**
 * Loops over the reduced axes; `innermost` writes the loop over a range of the last one. Long reductions go block by
 * block: the last loops that together are long enough, in pieces when they are too long.
 */
function reducedLoops(
  f: Func,
  e: Evaluator,
  axes: readonly Axis[],
  parts: Partials,
  innermost: (axis: Axis, from: Value, to: Value) => void,
): void {
  if (axes.some((a) => a.extent === 0)) return;
  const full = axes.length === 0 ? [{ axis: -1, extent: 1 }] : axes;
  const nested = (rest: readonly Axis[], from: Value, to: Value): void => {
    const [axis, ...inner] = rest as [Axis, ...Axis[]];
    const [next] = inner;
    if (next === undefined) return innermost(axis, from, to);
    e.loop(axis.axis, from, to, 1, () => nested(inner, i32(0), i32(next.extent)));
  };
  const [first] = full as [Axis, ...Axis[]];
  if (!parts.blocked) return nested(full, i32(0), i32(first.extent));
  let tail = full.length - 1;
  while (tail > 0 && product(full.slice(tail).map((a) => a.extent)) < shortLoop) tail -= 1;
  const block = full.slice(tail);
  const [head, ...inside] = block as [Axis, ...Axis[]];
  const piece = Math.max(
    shortLoop,
    Math.floor((8 * blockLength) / product(inside.map((a) => a.extent)) / lanes) * lanes,
  );
  const blocks = (): void => {
    const from = f.variable(i32(0), 'block');
    f.count(from, i32(head.extent), piece, () => {
      const to = f.let(op('i32.add', get(from), i32(piece)));
      nested(block, get(from), f.let(selectOp(op('i32.lt_u', to, i32(head.extent)), to, i32(head.extent))));
      parts.flush();
    });
  };
  const outer = (rest: readonly Axis[]): void => {
    const [axis, ...inner] = rest;
    if (axis === undefined) return blocks();
    e.loop(axis.axis, i32(0), i32(axis.extent), 1, () => outer(inner));
  };
  outer(full.slice(0, tail));
}
