import { computedIn } from '../../kernel/dtype.ts';
import type { Expr } from '../../kernel/expr.ts';
import { load } from '../../kernel/expr.ts';
import { indices, linearize } from '../../kernel/index-algebra.ts';
import { narrow } from '../../kernel/narrow.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { ProcedureWriter, storedOperands } from '../../kernel/procedure.ts';
import { present } from '../../util/assert.ts';
import { at, product, zipExact } from '../../util/array.ts';
import type { Cells, Operand, Procedure } from '../primitive.ts';
import type { HloBuilder } from './builder.ts';
import { writeExpressions } from './scalar.ts';
import type { HloValue, TensorType } from './text.ts';

/**
 * Procedures as loops over single elements: arrays are flat, a statement makes a new version of what it writes, and loops
 * and branches carry what is written inside of them.
 */

/** What each array (by its operand's number), local variable and axis of the domain is at some place of the program. */
interface State {
  readonly arrays: ReadonlyMap<number, HloValue>;
  readonly locals: ReadonlyMap<number, HloValue>;
  readonly indices: readonly HloValue[];
}

/** The results of a procedure. */
export function writeProcedure(
  b: HloBuilder,
  ins: readonly HloValue[],
  outs: readonly TensorType[],
  make: (operands: readonly Operand[]) => Procedure,
): readonly HloValue[] {
  const { domain, starts, scratch, write } = make(ins.map(asOperand));
  const results = outs.map((o, i) => ({ ...o, operand: ins.length + i }));
  const work = scratch.map((s, i) => ({
    shape: s.shape,
    dtype: computedIn(s.dtype),
    operand: ins.length + outs.length + i,
  }));
  const p = new ProcedureWriter();
  write(p, indices(domain), results.map(cellsOf(p)), work.map(cellsOf(p)));
  const flat = (x: HloValue): HloValue => b.reshape(x, [product(x.shape)]);
  const first = [
    ...ins.map((x) => flat(x)),
    ...results.map((r, i) => {
      const start = at(starts, i);
      return start === null ? b.constant(r.dtype, 0, [product(r.shape)]) : flat(at(ins, start));
    }),
    ...work.map((s) => b.constant(s.dtype, 0, [product(s.shape)])),
  ];
  const statements = new Statements(b);
  const end = statements.overDomain(domain, p.body, {
    arrays: new Map(first.map((x, i) => [i, x])),
    locals: new Map(),
    indices: [],
  });
  return results.map((r) => b.reshape(present(end.arrays.get(r.operand), 'a result'), r.shape));
}

const asOperand = (x: HloValue, operand: number): Operand => ({
  aval: { shape: x.shape, dtype: x.dtype, weakType: false },
  at: (c) => load(operand, x.dtype, linearize(c, x.shape)),
});

const cellsOf =
  (p: ProcedureWriter) =>
  ({ shape, dtype, operand }: TensorType & { readonly operand: number }): Cells => ({
    shape,
    dtype,
    at: (c) => load(operand, dtype, linearize(c, shape)),
    set: (c, value) => p.store(operand, linearize(c, shape), narrow(dtype, value)),
  });

class Statements {
  private readonly b: HloBuilder;

  constructor(b: HloBuilder) {
    this.b = b;
  }

  /** Runs the statements for each point of the domain, one after the other. */
  overDomain(domain: readonly number[], body: readonly Statement[], state: State): State {
    const [extent, ...inner] = domain;
    if (extent === undefined) return this.run(body, state);
    const here = (i: HloValue, s: State): State => this.overDomain(inner, body, { ...s, indices: [...s.indices, i] });
    if (extent === 1) return { ...here(this.b.constant('i32', 0), state), indices: state.indices };
    const carried = [...storedOperands(body)];
    const arrays = (s: State): readonly HloValue[] => carried.map((n) => this.array(s, n));
    const outs = this.b.counted(extent, arrays(state), (i, values) =>
      arrays(here(i, withArrays(state, carried, values))),
    );
    return withArrays(state, carried, outs);
  }

  run(body: readonly Statement[], state: State): State {
    return body.reduce((s, statement) => this.statement(statement, s), state);
  }

  private statement(s: Statement, state: State): State {
    switch (s.kind) {
      case 'set':
        return { ...state, locals: new Map(state.locals).set(s.local, this.value(s.value, state)) };
      case 'store': {
        const array = this.array(state, s.operand);
        // What is written has a place: nothing is written where there is none.
        if (isEmpty(array)) return state;
        const value = this.b.convert(this.value(s.value, state), array.dtype);
        const written = this.b.dynamicUpdateSlice(array, this.b.reshape(value, [1]), [this.value(s.index, state)]);
        return { ...state, arrays: new Map(state.arrays).set(s.operand, written) };
      }
      case 'for':
        return this.for(s, state);
      case 'while': {
        const carry = new Carry(s.body, state);
        const outs = this.b.whileLoop(
          carry.of(state),
          (...values) => this.value(s.condition, carry.into(state, values)),
          (...values) => carry.of(this.run(s.body, carry.into(state, values))),
        );
        return carry.into(state, outs);
      }
      case 'if': {
        const carry = new Carry([...s.then, ...s.otherwise], state);
        const index = this.b.convert(this.value(s.condition, state), 'i32');
        const branches = [s.otherwise, s.then].map((body) => () => carry.of(this.run(body, state)));
        return carry.into(state, this.b.cases(index, carry.of(state), branches));
      }
    }
  }

  private for(s: Extract<Statement, { kind: 'for' }>, state: State): State {
    const carry = new Carry(s.body, state);
    const [from, to] = [this.value(s.from, state), this.value(s.to, state)];
    const outs = this.b.whileLoop(
      [from, ...carry.of(state)],
      (i) => this.b.compare('LT', i, to),
      (i, ...values) => {
        const inside = carry.into(state, values);
        const locals = new Map(inside.locals).set(s.local, i);
        const next = carry.of(this.run(s.body, { ...inside, locals }));
        return [this.b.op('add', i, this.b.constant('i32', 1)), ...next];
      },
    );
    return carry.into(state, outs.slice(1));
  }

  private array(state: State, operand: number): HloValue {
    return present(state.arrays.get(operand), 'an array');
  }

  /** The value of an expression now. */
  private value(e: Expr, state: State): HloValue {
    const [value] = writeExpressions(this.b, [e], [], {
      load: ({ operand, index, guard, stored }, inner) => {
        const array = this.array(state, operand);
        if (isEmpty(array)) return this.b.constant(stored, 0);
        const read = this.b.reshape(this.b.dynamicSlice(array, [inner(index)], [1]), []);
        return guard === null ? read : this.b.select(inner(guard), read, this.b.constant(stored, 0));
      },
      index: ({ axis }) => at(state.indices, axis),
      local: ({ slot }) => present(state.locals.get(slot), 'a local variable'),
    });
    return value as HloValue;
  }
}

const isEmpty = ({ shape }: HloValue): boolean => shape.includes(0);

const withArrays = (state: State, operands: readonly number[], values: readonly HloValue[]): State => ({
  ...state,
  arrays: new Map([...state.arrays, ...zipExact(operands, values)]),
});

/** What a loop or branch carries: the arrays, and the variables from outside of it, that its statements write. */
class Carry {
  private readonly arrays: readonly number[];
  private readonly locals: readonly number[];

  constructor(body: readonly Statement[], { locals }: State) {
    this.arrays = [...storedOperands(body)];
    this.locals = [...localsSet(body)].filter((slot) => locals.has(slot));
  }

  of({ arrays, locals }: State): readonly HloValue[] {
    return [
      ...this.arrays.map((n) => present(arrays.get(n), 'an array')),
      ...this.locals.map((slot) => present(locals.get(slot), 'a local variable')),
    ];
  }

  into(state: State, values: readonly HloValue[]): State {
    const n = this.arrays.length;
    const locals = new Map([...state.locals, ...zipExact(this.locals, values.slice(n))]);
    return { ...withArrays(state, this.arrays, values.slice(0, n)), locals };
  }
}

const localsSet = (body: readonly Statement[]): ReadonlySet<number> =>
  new Set(
    body.flatMap((s): readonly number[] => {
      if (s.kind === 'set') return [s.local];
      if (s.kind === 'store') return [];
      if (s.kind === 'if') return [...localsSet(s.then), ...localsSet(s.otherwise)];
      return [...localsSet(s.body)];
    }),
  );
