import type { Expr } from '../../kernel/expr.ts';
import { operandsOf, visit } from '../../kernel/expr.ts';
import { InternalError } from '../../util/error.ts';
import type { Helper } from './math.ts';
import type { Arg, Code } from './scalar.ts';
import { atom, binding, gpuDType, literal, spell, within } from './scalar.ts';

/** Expressions whose text would be longer than this are given a name and a line of their own. */
const longestInline = 90;

/** How a writer refers to what is outside of the expressions. */
export interface Names {
  /** The WGSL name of each operand, by position. */
  readonly operands: readonly string[];
  /** The number of elements of each operand. */
  readonly lengths: readonly number[];
}

/** Lines of one block of a function, and what is in scope there. */
interface Block {
  readonly lines: string[];
  readonly variables: Map<Expr, string>;
  readonly names: Map<Expr, Code>;
}

/**
 * Writes the body of one WGSL function: nested blocks with loop variables, and expressions in them. A subexpression
 * that is used more than once gets a name, in the outermost block that has all of its variables: so loops hold only
 * what changes in them.
 */
export class Writer {
  readonly #operands: Names;
  readonly #helpers: Set<Helper>;
  readonly #uses = new Map<Expr, number>();
  readonly #blocks: Block[] = [];
  #next = 0;

  /** `roots`: all expressions that will be written, which tells the shared ones; `helpers` collects what they need. */
  constructor(operands: Names, helpers: Set<Helper>, roots: readonly Expr[]) {
    this.#operands = operands;
    this.#helpers = helpers;
    const count = (e: Expr): void => void this.#uses.set(e, (this.#uses.get(e) ?? 0) + 1);
    roots.forEach(count);
    visit(roots, (e) => operandsOf(e).forEach(count));
  }

  /** Notes that the shader needs a helper function. */
  readonly use = (helper: Helper): Helper => {
    this.#helpers.add(helper);
    return helper;
  };

  /** Writes a block: its variables (expressions that have a name in it) are in scope for what `body` writes. */
  block(variables: readonly (readonly [Expr, string])[], body: () => void): readonly string[] {
    const block: Block = { lines: [], variables: new Map(variables), names: new Map() };
    this.#blocks.push(block);
    body();
    this.#blocks.pop();
    return block.lines;
  }

  /** Writes a line into the current block. */
  line(text: string): void {
    this.#at(this.#blocks.length - 1).lines.push(text);
  }

  /** Writes a statement with a nested block: `for (…) {` … `}`. */
  nested(head: string, variables: readonly (readonly [Expr, string])[], body: () => void): void {
    const lines = this.block(variables, body);
    this.line(`${head} {`);
    lines.forEach((l) => this.line(`  ${l}`));
    this.line('}');
  }

  /** `for (var name = 0; name < extent; name++) { body }`. */
  loop(variable: Expr, name: string, extent: number, body: () => void): void {
    this.nested(`for (var ${name} = 0; ${name} < ${extent}; ${name}++)`, [[variable, name]], body);
  }

  /** Brings names for expressions into the current block. */
  declare(variables: readonly (readonly [Expr, string])[]): void {
    const block = this.#at(this.#blocks.length - 1);
    variables.forEach(([e, name]) => block.variables.set(e, name));
  }

  /** The code of an expression at the current place; lines that it needs are written first. */
  code(e: Expr): Code {
    if (e.kind === 'const') return literal(gpuDType(e.dtype), e.value, this.use);
    const known = this.#lookup(e);
    if (known !== null) return known;
    if (e.kind === 'index' || e.kind === 'acc') throw new InternalError(`${e.kind} outside of its loop`);
    const home = this.#home(e);
    const code = this.#spell(e);
    const current = this.#blocks.length - 1;
    if (home === current && (this.#uses.get(e) ?? 0) <= 1 && code.text.length <= longestInline) return code;
    return this.#name(e, code, home);
  }

  /** The text of an expression, as an argument of a call or the right side of an assignment. */
  text(e: Expr): string {
    return this.code(e).text;
  }

  /** The text of an expression that ends a function: it needs no name, however long it is. */
  result(e: Expr): string {
    return e.kind === 'const' || this.#lookup(e) !== null ? this.text(e) : this.#spell(e).text;
  }

  /** The code of an expression under a name, so that it is evaluated here and not where it is used. */
  named(e: Expr): Code {
    if (e.kind === 'const') return this.code(e);
    return this.#lookup(e) ?? this.#name(e, this.#spell(e), this.#home(e));
  }

  #name(e: Expr, code: Code, home: number): Code {
    const existing = this.#lookup(e);
    if (existing !== null) return existing;
    const name = atom(`${e.kind === 'load' ? 'x' : 't'}${this.#next++}`);
    const block = this.#at(home);
    block.lines.push(`let ${name.text} = ${code.text};`);
    block.names.set(e, name);
    return name;
  }

  /** The outermost block in which all that `e` depends on is in scope. */
  #home(e: Expr): number {
    let home = 0;
    visit([e], (x) => {
      for (let i = this.#blocks.length - 1; i > home; i--) {
        if (this.#at(i).variables.has(x)) home = i;
      }
    });
    return home;
  }

  #spell(e: Expr): Code {
    // An operand is written where the whole expression will be, or further out: never further in.
    if (e.kind === 'load') return this.#load(e);
    if (e.kind !== 'op') throw new InternalError(`${e.kind} has no text of its own`);
    const negated = e.op === 'not' ? (e.args[0] ?? null) : null;
    if (negated !== null && this.#isIntegerLess(negated)) {
      // not (a < b), as bounds are written: b <= a
      const [a, b] = negated.args.map((expr): Arg => ({ expr, code: this.code(expr) })) as [Arg, Arg];
      return spell('le', [b, a], 'bool', this.use);
    }
    const args = e.args.map((expr): Arg => ({ expr, code: this.code(expr) }));
    return spell(e.op, args, gpuDType(e.dtype), this.use);
  }

  #isIntegerLess(e: Expr): e is Expr & { kind: 'op' } {
    if (e.kind !== 'op' || e.op !== 'lt' || this.#lookup(e) !== null || (this.#uses.get(e) ?? 0) > 1) return false;
    return e.args[0]?.dtype === 'i32' || e.args[0]?.dtype === 'u32';
  }

  #load(e: Expr & { kind: 'load' }): Code {
    const dtype = gpuDType(e.dtype);
    const length = this.#operands.lengths[e.operand] ?? 0;
    const zero = literal(dtype, 0, this.use);
    // A literal position out of bounds is an error in WGSL, though the guard keeps it from being read.
    if (length === 0 || (e.index.kind === 'const' && (e.index.value < 0 || e.index.value >= length))) return zero;
    const element = `${this.#operands.operands[e.operand] ?? ''}[${this.text(e.index)}]`;
    const value: Code = dtype === 'bool' ? { text: `${element} != 0u`, level: binding.compare } : atom(element);
    if (e.guard === null) return value;
    // Where the guard is false the position may be anywhere: WGSL then reads some element of the buffer, or 0.
    const guard = this.code(e.guard);
    if (dtype === 'bool') return { text: `${within(guard, binding.compare)} && ${value.text}`, level: binding.and };
    return atom(`select(${zero.text}, ${value.text}, ${guard.text})`);
  }

  #lookup(e: Expr): Code | null {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#at(i);
      const variable = block.variables.get(e);
      if (variable !== undefined) return atom(variable);
      const name = block.names.get(e);
      if (name !== undefined) return name;
    }
    return null;
  }

  #at(i: number): Block {
    const block = this.#blocks[i];
    if (block === undefined) throw new InternalError('no open block');
    return block;
  }
}
