import type { Kernel } from '../../kernel/kernel.ts';
import { product, range } from '../../util/array.ts';
import type { Axis } from './collapse.ts';
import type { Library } from './math/library.ts';
import type { Local, Value } from './module/code.ts';
import { Func, get, i32, op, selectOp } from './module/code.ts';
import type { ValueType } from './module/opcodes.ts';

/** A kernel's code: phases one after the other, each of which sees all that the one before wrote. */
export interface KernelCode {
  readonly phases: readonly Phase[];
  /** Bytes of working memory that each range of units that runs has for itself. */
  readonly scratchBytes: number;
  /** Bytes of working memory that all units of all phases share. */
  readonly sharedBytes: number;
}

/** `func(start, end, scratch, shared, operands…)` runs the units `[start, end)`; any ranges, in any order or side by side. */
export interface Phase {
  readonly func: Func;
  readonly units: number;
  /** Does it need nothing of the phases before it, back to the last that does not say so? */
  readonly beside?: boolean;
}

/** One kernel's code made of several parts, one after the other. */
export const inOrder = (parts: readonly KernelCode[]): KernelCode => ({
  phases: parts.flatMap((p) => p.phases),
  scratchBytes: Math.max(0, ...parts.map((p) => p.scratchBytes)),
  sharedBytes: Math.max(0, ...parts.map((p) => p.sharedBytes)),
});

/** What kernels add their functions to. */
export interface ModuleBuilder {
  readonly library: Library;
  readonly funcs: Func[];
  readonly relaxed: boolean;
}

/** Parameters for the addresses of a kernel's operands. */
export const pointerParams = (kernel: Kernel): (readonly [string, ValueType])[] =>
  kernel.operands.map((o, i) => [`${o.access === 'read' ? 'in' : o.access === 'write' ? 'out' : 'inout'}${i}`, 'i32']);

/** Parameters of a phase's function before the operands' addresses. */
export const phaseParams = 4;

/** The function of a kernel's phase, to be filled in; see {@link Phase}. */
export const phaseFunc = (kernel: Kernel, name = kernel.name): Func =>
  new Func(
    name,
    [['start', 'i32'], ['end', 'i32'], ['scratch', 'i32'], ['shared', 'i32'], ...pointerParams(kernel)],
    [],
    ['', `${kernel.kind} ${kernel.name}: ${kernel.source}`],
  );

/** The operand addresses among the parameters of a function that has them from number `first` on. */
export const pointersOf = (f: Func, kernel: Kernel, first: number): ReadonlyMap<number, Value> =>
  new Map(kernel.operands.map((_, i) => [i, f.param(first + i)]));

/** A phase that runs row by row. */
export interface Rows {
  readonly code: KernelCode;
  /** The function of a row, to be filled in. */
  readonly row: Func;
  readonly coordinates: readonly (readonly [number, Value])[];
  /** In the row function: the addresses of the working memory. */
  readonly scratch: Value;
  readonly shared: Value;
}

/**
 * Splits a domain into rows: all points that differ in `inner` only, or at most `longest` of them. Gives the kernel's outer
 * function, which calls `row(coordinates of outer…, from, to, operands…, scratch, shared)`, and that function to be filled
 * in.
 */
export function rows(
  m: ModuleBuilder,
  kernel: Kernel,
  outer: readonly Axis[],
  inner: Axis,
  longest: number,
  name = kernel.name,
): Rows {
  const coordinateParams = outer.map((a) => [`i${a.axis}`, 'i32'] as const);
  const row = new Func(
    `${name}_row`,
    [
      ...coordinateParams,
      ['from', 'i32'],
      ['to', 'i32'],
      ...pointerParams(kernel),
      ['scratch', 'i32'],
      ['shared', 'i32'],
    ],
    [],
  );
  const chunks = Math.ceil(inner.extent / longest);
  const f = phaseFunc(kernel, name);
  const counters = new Odometer(f, [...outer.map((a) => a.extent), chunks], f.param(0));
  const unit = f.variable(f.param(0), 'unit');
  f.count(unit, f.param(1), 1, () => {
    const chunk = counters.value(outer.length);
    const from = f.let(op('i32.mul', chunk, i32(longest)));
    const to = f.let(op('i32.add', from, i32(longest)));
    const end = selectOp(op('i32.lt_u', to, i32(inner.extent)), to, i32(inner.extent));
    const operands = pointersOf(f, kernel, phaseParams).values();
    f.run(row, ...outer.map((_, i) => counters.value(i)), from, end, ...operands, f.param(2), f.param(3));
    counters.next();
  });
  m.funcs.push(row, f);
  return {
    code: {
      phases: [{ func: f, units: product(outer.map((a) => a.extent)) * chunks }],
      scratchBytes: 0,
      sharedBytes: 0,
    },
    row,
    coordinates: outer.map((a, i) => [a.axis, row.param(i)] as const),
    scratch: row.param(row.params.length - 2),
    shared: row.param(row.params.length - 1),
  };
}

/** Counters over several axes, the last one running fastest, without divisions after the start. */
export class Odometer {
  private readonly f: Func;
  private readonly extents: readonly number[];
  private readonly counters: readonly Local[];

  /** Starts at linear position `start`. */
  constructor(f: Func, extents: readonly number[], start: Value) {
    this.f = f;
    this.extents = extents;
    this.counters = extents.map(() => f.local('i32', 'at'));
    let rest = start;
    for (const i of range(extents.length).reverse()) {
      const extent = extents[i] as number;
      const counter = this.counters[i] as Local;
      if (i === 0) f.set(counter, rest);
      else if (extent === 1) f.set(counter, i32(0));
      else {
        f.set(counter, op('i32.rem_u', rest, i32(extent)));
        rest = f.let(op('i32.div_u', rest, i32(extent)));
      }
    }
  }

  value(i: number): Value {
    return get(this.counters[i] as Local);
  }

  /** Steps to the next point. */
  next(): void {
    this.step(this.counters.length - 1, 1);
  }

  /** Adds `by` (which must not pass the end of the axis) to axis `i`, carrying into the ones before it. */
  advance(i: number, by: Value): void {
    const { f } = this;
    const counter = this.counters[i] as Local;
    f.set(counter, op('i32.add', get(counter), by));
    if (i === 0) return;
    f.if(op('i32.eq', get(counter), i32(this.extents[i] as number)), () => {
      f.set(counter, i32(0));
      this.step(i - 1, 1);
    });
  }

  private step(i: number, by: number): void {
    if (i < 0) return;
    if (this.extents[i] === 1) this.step(i - 1, by);
    else this.advance(i, i32(by));
  }
}
