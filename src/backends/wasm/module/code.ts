import { invariant } from '../../../util/assert.ts';
import { InternalError } from '../../../util/error.ts';
import type { Op, ValueType } from './opcodes.ts';
import { opcodes } from './opcodes.ts';

/**
 * WebAssembly code as a tree: values nest, statements follow each other, control flow is structured. `encode.ts` turns
 * it into bytes and `text.ts` into the text format.
 */
export type Value =
  | { readonly kind: 'const'; readonly type: 'i32' | 'f32' | 'f64'; readonly value: number }
  | { readonly kind: 'const64'; readonly type: 'i64'; readonly value: bigint }
  | { readonly kind: 'const128'; readonly type: 'v128'; readonly words: readonly number[] }
  | { readonly kind: 'get'; readonly type: ValueType; readonly local: Local }
  | { readonly kind: 'select'; readonly type: ValueType; readonly args: readonly [Value, Value, Value] }
  | { readonly kind: 'call'; readonly type: ValueType; readonly target: Func; readonly args: readonly Value[] }
  | Instruction;

/** An instruction with operands and immediates; `type` is null when it leaves nothing (stores). */
export interface Instruction {
  readonly kind: 'op';
  readonly type: ValueType;
  readonly op: Op;
  readonly args: readonly Value[];
  readonly offset: number;
  readonly lanes: readonly number[];
}

/** A statement. */
export type Statement =
  | { readonly kind: 'set'; readonly local: Local; readonly value: Value }
  | { readonly kind: 'store'; readonly instruction: Instruction }
  /** A call; its results are put into `into`, or dropped where that is empty. */
  | { readonly kind: 'run'; readonly target: Func; readonly args: readonly Value[]; readonly into: readonly Local[] }
  | {
      readonly kind: 'if';
      readonly test: Value;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  /** Runs the body, then again as long as `again` holds. */
  | { readonly kind: 'loop'; readonly body: readonly Statement[]; readonly again: Value }
  /** Ends the call with an error. */
  | { readonly kind: 'trap' }
  | { readonly kind: 'comment'; readonly text: string };

/** A parameter or variable of a function. */
export interface Local {
  readonly name: string;
  readonly type: ValueType;
  readonly index: number;
}

/** A local variable's value. */
export const get = (local: Local): Value => ({ kind: 'get', type: local.type, local });
export const i32 = (value: number): Value => ({ kind: 'const', type: 'i32', value: value | 0 });
export const f32 = (value: number): Value => ({ kind: 'const', type: 'f32', value: Math.fround(value) });
export const f64 = (value: number): Value => ({ kind: 'const', type: 'f64', value });
export const i64 = (value: bigint): Value => ({ kind: 'const64', type: 'i64', value });
/** A vector literal of four 32-bit words. */
export const v128 = (words: readonly number[]): Value => ({ kind: 'const128', type: 'v128', words });

/** An instruction on values; memory accesses and lane instructions have constructors of their own. */
export function op(name: Op, ...args: readonly Value[]): Value {
  return instruction(name, args, 0, []);
}

/** An instruction that names lanes. */
export const laneOp = (name: Op, lanes: readonly number[], ...args: readonly Value[]): Value =>
  instruction(name, args, 0, lanes);

/** A load at `args[0] + offset`; a lane load takes the vector and the lane as well. */
export const loadOp = (name: Op, offset: number, args: readonly Value[], lanes: readonly number[] = []): Value =>
  instruction(name, args, offset, lanes);

/** A store at `address + offset`. */
export const storeOp = (
  name: Op,
  offset: number,
  address: Value,
  value: Value,
  lanes: readonly number[] = [],
): Statement => ({
  kind: 'store',
  instruction: { kind: 'op', type: 'i32', op: name, args: [address, value], offset, lanes },
});

function instruction(name: Op, args: readonly Value[], offset: number, lanes: readonly number[]): Instruction {
  const type = opcodes[name].result;
  invariant(type !== null, `${name} is a statement`);
  return { kind: 'op', type, op: name, args, offset, lanes };
}

/** `test ? onTrue : onFalse`; both are evaluated. */
export const selectOp = (test: Value, onTrue: Value, onFalse: Value): Value => ({
  kind: 'select',
  type: onTrue.type,
  args: [onTrue, onFalse, test],
});

/** A function of a module. It is built by writing statements; see {@link Func.let}. */
export class Func {
  readonly name: string;
  readonly params: readonly Local[];
  readonly results: readonly ValueType[];
  readonly locals: Local[] = [];
  readonly notes: readonly string[];
  /** Its values, as many as it has results. */
  returns: readonly Value[] = [];
  readonly body: Statement[] = [];
  private current: Statement[] = this.body;

  constructor(
    name: string,
    params: readonly (readonly [string, ValueType])[],
    results: readonly ValueType[],
    notes: readonly string[] = [],
  ) {
    this.name = name;
    this.params = params.map(([n, type], index) => ({ name: n, type, index }));
    this.results = results;
    this.notes = notes;
  }

  /** The value of parameter `i`. */
  param(i: number): Value {
    const local = this.params[i];
    if (local === undefined) throw new InternalError(`no parameter ${i} in ${this.name}`);
    return get(local);
  }

  local(type: ValueType, name = 't'): Local {
    const index = this.params.length + this.locals.length;
    const local: Local = { name: `${name}${index}`, type, index };
    this.locals.push(local);
    return local;
  }

  emit(statement: Statement): void {
    this.current.push(statement);
  }

  set(local: Local, value: Value): void {
    this.emit({ kind: 'set', local, value });
  }

  /** Evaluates `value` here, once; the result can be used many times. Literals and variables are themselves. */
  let(value: Value, name = 't'): Value {
    if (value.kind === 'const' || value.kind === 'get' || value.kind === 'const128') return value;
    const local = this.local(value.type, name);
    this.set(local, value);
    return get(local);
  }

  /** A variable with a first value. */
  variable(value: Value, name = 'v'): Local {
    const local = this.local(value.type, name);
    this.set(local, value);
    return local;
  }

  run(target: Func, ...args: readonly Value[]): void {
    this.emit({ kind: 'run', target, args, into: [] });
  }

  /** A call that sets variables to its results. */
  runInto(into: readonly Local[], target: Func, ...args: readonly Value[]): void {
    invariant(into.length === target.results.length, `${target.name} has ${target.results.length} results`);
    this.emit({ kind: 'run', target, args, into });
  }

  trap(): void {
    this.emit({ kind: 'trap' });
  }

  comment(text: string): void {
    this.emit({ kind: 'comment', text });
  }

  /** The statements that `write` emits, gathered instead of appended. */
  gather(write: () => void): readonly Statement[] {
    const statements: Statement[] = [];
    this.into(statements, write);
    return statements;
  }

  /** Runs `write` with its statements going to `block`. */
  into<T>(block: Statement[], write: () => T): T {
    const before = this.current;
    this.current = block;
    try {
      return write();
    } finally {
      this.current = before;
    }
  }

  /** The block that statements go to at present. */
  get block(): Statement[] {
    return this.current;
  }

  if(test: Value, then: () => void, otherwise: () => void = () => undefined): void {
    this.emit({ kind: 'if', test, then: this.gather(then), otherwise: this.gather(otherwise) });
  }

  /** `do body while (what body returns)`. */
  repeat(body: () => Value): void {
    const statements: Statement[] = [];
    const again = this.into(statements, body);
    this.emit({ kind: 'loop', body: statements, again });
  }

  /** `while (test) body`. */
  while(test: Value, body: () => void): void {
    this.if(test, () =>
      this.repeat(() => {
        body();
        return test;
      }),
    );
  }

  /** `for (variable = variable; variable < end (unsigned); variable += step) body`. */
  count(variable: Local, end: Value, step: number, body: () => void): void {
    this.while(op('i32.lt_u', get(variable), end), () => {
      body();
      this.set(variable, op('i32.add', get(variable), i32(step)));
    });
  }
}

/** A call for its value. */
export function call(target: Func, ...args: readonly Value[]): Value {
  const [type, ...more] = target.results;
  if (type === undefined || more.length > 0) throw new InternalError(`${target.name} has not one value`);
  return { kind: 'call', type, target, args };
}

/** Functions that share one imported memory. */
export interface Module {
  readonly funcs: readonly Func[];
  readonly exported: Func;
  /** Whether the memory is one that threads share. */
  readonly shared: boolean;
  /** Comment lines at the top of the text. */
  readonly notes: readonly string[];
}
