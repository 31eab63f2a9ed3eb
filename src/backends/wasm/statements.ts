import type { Expr } from '../../kernel/expr.ts';
import type { ProcedureKernel } from '../../kernel/kernel.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { at } from '../../util/array.ts';
import { present } from '../../util/assert.ts';
import { Evaluator } from './evaluator.ts';
import { assigned, interfaceOf } from './flow.ts';
import type { Local, Value } from './module/code.ts';
import { Func, get, i32, op, selectOp } from './module/code.ts';
import type { ValueType } from './module/opcodes.ts';
import type { ModuleBuilder } from './rows.ts';
import { scalarType } from './scalar-ops.ts';
import type { Tile } from './together.ts';
import { copiesOf, pointsOf, slotsOf } from './together.ts';

type Loop = Extract<Statement, { kind: 'for' | 'while' }>;

/** What the functions of one procedure have in common. */
export interface ProcedureCode {
  readonly m: ModuleBuilder;
  readonly kernel: ProcedureKernel;
  readonly body: readonly Statement[];
  /** Do long loops become functions of their own? */
  readonly outline: boolean;
  /** Those that have so far. */
  readonly loops: Func[];
}

/** The variables of a function around statements. */
interface Frame {
  readonly f: Func;
  /** The addresses of operands. */
  readonly pointers: ReadonlyMap<number, Value>;
  readonly coordinates: readonly (readonly [number, Value])[];
  /** Local variables, by slot, that are the function's parameters. */
  readonly given: ReadonlyMap<number, Local>;
}

/** Trips that one call of a loop's function makes at most. */
const tripsPerCall = 1024;
/** Loops of fewer trips stay in the function that they are in. */
const fewTrips = 64;

/**
 * Writes the statements of a procedure, for the points of a tile at once: what varies between them is computed for each,
 * in vectors or scalars, and control flow happens once.
 *
 * Engines optimize a function when it has run for a while, but a call that is running goes on as it was first compiled.
 * Where a whole procedure is few calls, its long loops are therefore functions of their own, which are called anew every
 * so many trips; the local variables are handed over.
 */
export class StatementWriter {
  readonly e: Evaluator;
  private readonly code: ProcedureCode;
  private readonly tile: Tile;
  private readonly frame: Frame;
  private readonly locals = new Map<number, Local>();
  private readonly copies: readonly ((e: Expr) => Expr)[];

  constructor(code: ProcedureCode, tile: Tile, frame: Frame) {
    this.code = code;
    this.tile = tile;
    this.frame = frame;
    this.copies = copiesOf(tile, code.kernel.locals.length);
    this.e = new Evaluator(frame.f, code.m.library, code.kernel, frame.pointers, {
      local: (slot) => this.local(slot),
      varies: (slot) => this.varies(slot),
    });
  }

  /** The whole procedure for tiles of points from `first` (which moves) to `end`. */
  rows(first: Local, end: Value): void {
    const { e, tile, frame } = this;
    e.within(frame.coordinates, () =>
      e.loopOn(first, tile.axis.axis, end, pointsOf(tile), () => this.together(() => this.block(this.code.body, []))),
    );
  }

  private together(body: () => void): void {
    if (this.tile.vector) this.e.withLanes(this.tile.axis.axis, body);
    else body();
  }

  private varies(slot: number): boolean {
    return this.tile.varying.has(slot % this.code.kernel.locals.length);
  }

  private typeOf(slot: number): ValueType {
    const { locals } = this.code.kernel;
    return this.tile.vector && this.varies(slot) ? 'v128' : scalarType[at(locals, slot % locals.length)];
  }

  private local(slot: number): Local {
    let local = this.frame.given.get(slot) ?? this.locals.get(slot);
    if (local === undefined) this.locals.set(slot, (local = this.frame.f.local(this.typeOf(slot), 'v')));
    return local;
  }

  /** The slots that the tile has for variables of a point. */
  private slots(variables: Iterable<number>): number[] {
    return [...variables].flatMap((v) => slotsOf(this.tile, v, this.code.kernel.locals.length));
  }

  /** Statements as a block of code of their own, which besides sets the variables `more`; `last` ends it. */
  private block(body: readonly Statement[], more: readonly number[], last: () => void = () => undefined): void {
    const sets = new Set([...more, ...this.slots(assigned(body))]);
    this.e.within(
      [],
      () => {
        body.forEach((s) => this.statement(s));
        last();
      },
      sets,
    );
  }

  /** The values here of expressions that are the same for all points. */
  private read(...expressions: readonly Expr[]): readonly Value[] {
    let values: readonly Value[] = [];
    this.e.within([], () => (values = expressions.map((x) => this.e.scalar(x))));
    return values;
  }

  private statement(s: Statement): void {
    const { e } = this;
    switch (s.kind) {
      case 'set':
        return this.set(s.local, s.value);
      case 'store':
        return e.within([], () =>
          e.store(this.copies.map((c) => ({ operand: s.operand, index: c(s.index), value: c(s.value) }))),
        );
      case 'if':
        e.f.if(
          at(this.read(s.condition), 0),
          () => this.block(s.then, []),
          () => this.block(s.otherwise, []),
        );
        break;
      case 'for':
        this.count(s);
        break;
      case 'while':
        this.repeat(s);
        break;
    }
    // What was computed while one branch was written holds before the other one has set variables, not after it.
    this.slots(assigned([s])).forEach((slot) => e.forget(slot));
  }

  private set(variable: number, value: Expr): void {
    const { e } = this;
    const slots = this.slots([variable]);
    e.within([], () => {
      const values = slots.map((slot, j) => {
        const x = at(this.copies, j)(value);
        return this.varies(slot) && this.tile.vector ? e.vector(x) : e.scalar(x);
      });
      slots.forEach((slot, j) => e.f.set(this.local(slot), at(values, j)));
    });
    slots.forEach((slot) => e.forget(slot));
  }

  private count(s: Extract<Statement, { kind: 'for' }>): void {
    const { f } = this.e;
    const [first, last] = this.read(s.from, s.to) as [Value, Value];
    // The body may set the variables that the limit was read from.
    const end = last.kind === 'const' ? last : get(f.variable(last, 'end'));
    const counter = this.local(s.local);
    f.set(counter, first);
    this.e.forget(s.local);
    if (!this.isLong(s)) return this.countTo(s, end);
    const loop = this.outlined(s);
    f.while(op('i32.lt_s', get(counter), end), () => {
      const left = op('i32.sub', end, get(counter));
      const next = op('i32.add', get(counter), i32(tripsPerCall));
      const stop = f.let(selectOp(op('i32.gt_u', left, i32(tripsPerCall)), next, end), 'stop');
      f.runInto(loop.results, loop.f, get(counter), stop, ...loop.args);
      f.set(counter, stop);
    });
  }

  /** A counted loop from where its counter stands. */
  private countTo({ local, body }: Extract<Statement, { kind: 'for' }>, end: Value): void {
    const { f } = this.e;
    const counter = this.local(local);
    f.while(op('i32.lt_s', get(counter), end), () => {
      this.block(body, [local]);
      f.set(counter, op('i32.add', get(counter), i32(1)));
    });
  }

  private repeat(s: Extract<Statement, { kind: 'while' }>): void {
    const { f } = this.e;
    const outline = this.isLong(s);
    f.if(at(this.read(s.condition), 0), () => {
      if (!outline) return f.repeat(() => this.trip(s));
      const loop = this.outlined(s);
      const more = f.local('i32', 'more');
      f.repeat(() => {
        f.runInto([...loop.results, more], loop.f, ...loop.args);
        return get(more);
      });
    });
  }

  /** The body of a loop once, and whether it goes on. */
  private trip({ condition, body }: Extract<Statement, { kind: 'while' }>): Value {
    let again: Value = i32(0);
    this.block(body, [], () => (again = at(this.read(condition), 0)));
    return again;
  }

  private isLong(s: Loop): boolean {
    if (!this.code.outline) return false;
    if (s.kind === 'while' || s.from.kind !== 'const' || s.to.kind !== 'const') return true;
    return s.to.value - s.from.value > fewTrips;
  }

  /** A loop as a function: how it is called, besides with a counter and its limit, and where its results go. */
  private outlined(s: Loop): { readonly f: Func; readonly args: readonly Value[]; readonly results: readonly Local[] } {
    const { code, frame } = this;
    const { axes, operands, before, after } = interfaceOf(s, code.body);
    const [inputs, outputs] = [this.slots(before), this.slots(after)];
    const coordinates = [...axes].map((axis) => [axis, this.e.coordinate(axis)] as const);
    const own = s.kind === 'for' ? ['from', 'to'] : [];
    const f = new Func(
      `${code.kernel.name}_loop${code.loops.length}`,
      [
        ...[...own, ...operands.map((i) => `p${i}`), ...coordinates.map(([axis]) => `i${axis}`)].map(
          (name) => [name, 'i32'] as const,
        ),
        ...inputs.map((slot) => [`var${slot}`, this.typeOf(slot)] as const),
      ],
      [...outputs.map((slot) => this.typeOf(slot)), ...(s.kind === 'while' ? (['i32'] as const) : [])],
    );
    code.loops.push(f);
    code.m.funcs.push(f);
    const parameters = f.params.slice(own.length);
    const pointers = parameters.splice(0, operands.length);
    const places = parameters.splice(0, coordinates.length);
    const inner = new StatementWriter(code, this.tile, {
      f,
      pointers: new Map(operands.map((i, k) => [i, get(at(pointers, k))])),
      coordinates: coordinates.map(([axis], k) => [axis, get(at(places, k))] as const),
      given: new Map(inputs.map((slot, k) => [slot, at(parameters, k)])),
    });
    inner.loop(s, outputs);
    return {
      f,
      args: [
        ...operands.map((i) => present(frame.pointers.get(i), `operand ${i}`)),
        ...coordinates.map(([, value]) => value),
        ...inputs.map((slot) => get(this.local(slot))),
      ],
      results: outputs.map((slot) => this.local(slot)),
    };
  }

  /** The whole of a loop's function: at most so many trips, then the variables that it hands back. */
  private loop(s: Loop, outputs: readonly number[]): void {
    const { e, frame } = this;
    const { f } = frame;
    const results = (): readonly Value[] => outputs.map((slot) => get(this.local(slot)));
    e.within(frame.coordinates, () =>
      this.together(() => {
        if (s.kind === 'for') {
          this.locals.set(s.local, at(f.params, 0));
          this.countTo(s, f.param(1));
          f.returns = results();
          return;
        }
        const left = f.variable(i32(tripsPerCall), 'left');
        const more = f.local('i32', 'more');
        f.repeat(() => {
          f.set(more, this.trip(s));
          f.set(left, op('i32.sub', get(left), i32(1)));
          return op('i32.and', get(more), op('i32.ne', get(left), i32(0)));
        });
        f.returns = [...results(), get(more)];
      }),
    );
  }
}
