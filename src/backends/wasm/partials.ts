import type { Accumulator, Store } from '../../kernel/kernel.ts';
import { monoidIdentity } from '../../kernel/ops.ts';
import { product, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import { shifted } from './collapse.ts';
import type { Evaluator } from './evaluator.ts';
import type { Library } from './math/library.ts';
import type { Func, Local, Value } from './module/code.ts';
import { get, i32, op } from './module/code.ts';
import type { Reduction } from './reduction.ts';
import { boundsOf, termsOf } from './reduction.ts';
import type { ModuleBuilder } from './rows.ts';
import { minimum, noAxis, wholeSteps } from './runs.ts';
import { scalarBinary, scalarConst } from './scalar-ops.ts';
import { foldLanes, lanes, vectorBinary, vectorConst } from './vector-ops.ts';

/** Float sums of more values than this are summed in blocks, so that rounding errors do not grow with the count. */
const blockLength = 512;
/** Loops shorter than this are part of a block with the loop around them. */
const shortLoop = 32;

type Combine = (x: Value, y: Value) => Value;

export const combineVectors =
  (f: Func, lib: Library, a: Accumulator): Combine =>
  (x, y) =>
    vectorBinary[a.monoid]({ f, lib }, a.dtype, x, y);

export const combineScalars =
  (f: Func, lib: Library, a: Accumulator): Combine =>
  (x, y) =>
    scalarBinary[a.monoid]({ f, lib }, a.dtype, x, y);

/** Combines values as a tree. */
export function treeFold(values: readonly Value[], combine: Combine): Value {
  const [first, second] = values;
  if (first === undefined || second === undefined) return first as Value;
  if (values.length === 2) return combine(first, second);
  const half = Math.ceil(values.length / 2);
  return combine(treeFold(values.slice(0, half), combine), treeFold(values.slice(half), combine));
}

/** For an extremum of floats, the instruction that may lose a NaN: one instead of eight, where the engine is on x86. */
export const fastExtremum = ({ monoid, dtype }: Accumulator): 'f32x4.pmax' | 'f32x4.pmin' | null =>
  dtype !== 'f32' ? null : monoid === 'max' ? 'f32x4.pmax' : monoid === 'min' ? 'f32x4.pmin' : null;

/** Lanes that are NaN, as a mask: what is or-ed with it is NaN there. */
export const nanMask = (x: Value): Value => op('f32x4.ne', x, x);

/**
 * Running results of every accumulator, `width` of each; in blocks, the totals of finished blocks besides. Vectors of float
 * extrema note apart which lanes have met a NaN.
 */
export class Partials {
  private readonly f: Func;
  private readonly accumulators: readonly Accumulator[];
  private readonly identities: readonly Value[];
  private readonly combine: readonly Combine[];
  private readonly current: readonly (readonly Local[])[];
  private readonly totals: readonly (readonly Local[])[] | null;
  private readonly nans: readonly (readonly Local[] | null)[];

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
    const make = (first: Value): readonly Local[] => range(width).map(() => f.variable(first, 'acc'));
    const fast = accumulators.map((a) => (vector ? fastExtremum(a) : null));
    this.nans = fast.map((name) => (name === null ? null : make(vectorConst('bool', 0))));
    this.combine = accumulators.map((a, i): Combine => {
      const name = fast[i] ?? null;
      if (name !== null) return (x, y) => op(name, x, y);
      return (vector ? combineVectors : combineScalars)(f, lib, a);
    });
    this.current = this.identities.map(make);
    this.totals = blocked ? this.identities.map(make) : null;
  }

  get blocked(): boolean {
    return this.totals !== null;
  }

  add(j: number, value: (a: Accumulator) => Value): void {
    const { f } = this;
    this.accumulators.forEach((a, i) => {
      const local = this.current[i]?.[j] as Local;
      const nan = this.nans[i]?.[j];
      const next = nan === undefined ? value(a) : f.let(value(a));
      if (nan !== undefined) f.set(nan, op('v128.or', get(nan), nanMask(next)));
      f.set(local, (this.combine[i] as Combine)(get(local), next));
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
    return (this.totals ?? this.current).map((locals, i) => {
      const result = get(locals[j] as Local);
      const nan = this.nans[i]?.[j];
      return nan === undefined ? result : this.f.let(op('v128.or', result, get(nan)));
    });
  }
}

/** Is a sum so long that it is summed in blocks? */
export const isLong = (r: Reduction): boolean =>
  termsOf(r) > blockLength && r.accumulators.some((a) => a.monoid === 'add');

/** Loops over reduced axes, of the first one between bounds; `innermost` writes the loop over a range of the last one. */
export function loopsOver(
  e: Evaluator,
  r: Reduction,
  axes: readonly Axis[],
  [from, to]: readonly [Value, Value],
  innermost: (axis: Axis, from: Value, to: Value) => void,
): void {
  const [axis, ...inner] = axes as [Axis, ...Axis[]];
  const [next] = inner;
  if (next === undefined) return innermost(axis, from, to);
  e.loop(axis.axis, from, to, 1, () => loopsOver(e, r, inner, boundsOf(e, r, next), innermost));
}

/**
 * Loops over the reduced axes (or that part of one which the row is for); `innermost` writes the loop over a range of the
 * last one. Long reductions go block by block: the last loops that together are long enough, in pieces when they are too
 * long.
 */
export function reducedLoops(
  e: Evaluator,
  r: Reduction,
  axes: readonly Axis[],
  parts: Partials,
  innermost: (axis: Axis, from: Value, to: Value) => void,
): void {
  const { f } = e;
  if (axes.some((a) => a.extent === 0)) return;
  const full = axes.length === 0 ? [noAxis] : axes;
  const [first] = full as [Axis, ...Axis[]];
  if (!parts.blocked) return loopsOver(e, r, full, boundsOf(e, r, first), innermost);
  let tail = full.length - 1;
  while (tail > 0 && product(full.slice(tail).map((a) => a.extent)) < shortLoop) tail -= 1;
  const block = full.slice(tail);
  const [head, ...inside] = block as [Axis, ...Axis[]];
  const piece = Math.max(
    shortLoop,
    Math.floor((8 * blockLength) / product(inside.map((a) => a.extent)) / lanes) * lanes,
  );
  const blocks = (): void => {
    const [start, stop] = boundsOf(e, r, head);
    const from = f.variable(start, 'block');
    f.count(from, stop, piece, () => {
      const to = minimum(f, op('i32.add', get(from), i32(piece)), stop);
      loopsOver(e, r, block, [get(from), to], innermost);
      parts.flush();
    });
  };
  const outer = (rest: readonly Axis[]): void => {
    const [axis, ...inner] = rest;
    if (axis === undefined) return blocks();
    e.loop(axis.axis, ...boundsOf(e, r, axis), 1, () => outer(inner));
  };
  outer(full.slice(0, tail));
}

/** The current point of the domain by scalars. */
export function oneResult(m: ModuleBuilder, e: Evaluator, r: Reduction): void {
  const parts = new Partials(e.f, m.library, r.accumulators, 1, false, isLong(r));
  reducedLoops(e, r, r.reduced, parts, (axis, start, stop) =>
    e.loop(axis.axis, start, stop, 1, () => parts.add(0, (a) => e.scalar(a.value))),
  );
  e.bindAccumulators(parts.results(0), []);
  e.store(r.stores);
}

/** How a reduction's lanes lie. */
interface Lanes {
  /** The reduced axis that they are along. */
  readonly along: Axis;
  /** How many vectors at once. */
  readonly width: number;
  /** What is written at each point that is reduced. */
  readonly stores: readonly Store[];
}

/** The current point of the domain by vectors along a reduced axis, which are combined at the end: the results, as scalars. */
export function overLanes(
  m: ModuleBuilder,
  e: Evaluator,
  r: Reduction,
  { along, width, stores }: Lanes,
): readonly Value[] {
  const { f } = e;
  const { accumulators } = r;
  const axes = [...r.reduced.filter((a) => a.axis !== along.axis), along];
  const shifts = range(width).map((j) => shifted(along, j * lanes));
  const ragged = along.extent % lanes !== 0;
  const parts = new Partials(f, m.library, accumulators, width, true, isLong(r));
  const tail = new Partials(f, m.library, accumulators, 1, false, false);
  reducedLoops(e, r, axes, parts, ({ axis }, start, stop) => {
    const at = f.variable(start, 'i');
    const vectors = (count: number): void =>
      e.loopOn(at, axis, wholeSteps(f, get(at), stop, count * lanes), count * lanes, () =>
        e.withLanes(axis, () =>
          shifts.slice(0, count).forEach((shift, j) => {
            parts.add(j, (a) => e.vector(shift(a.value)));
            e.store(stores.map((s) => ({ ...s, index: shift(s.index), value: shift(s.value) })));
          }),
        ),
      );
    vectors(width);
    if (width > 1) vectors(1);
    if (!ragged) return;
    e.loopOn(at, axis, stop, 1, () => {
      tail.add(0, (a) => e.scalar(a.value));
      e.store(stores);
    });
  });
  const found = range(width).map((j) => parts.results(j));
  const rest = ragged ? tail.results(0) : [];
  return accumulators.map((a, i) => {
    const combine = combineScalars(f, m.library, a);
    const vectors = found.map((results) => results[i] as Value);
    const vector = treeFold(vectors, (x, y) => f.let(combineVectors(f, m.library, a)(x, y)));
    const folded = f.let(foldLanes({ f, lib: m.library }, a.dtype, vector, combine));
    return ragged ? f.let(combine(folded, rest[i] as Value)) : folded;
  });
}
