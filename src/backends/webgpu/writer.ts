import type { Expr, LoadExpr } from '../../kernel/expr.ts';
import { operandsOf, visit } from '../../kernel/expr.ts';
import { InternalError } from '../../util/error.ts';
import type { Helper } from './math.ts';
import type { Arg, Code } from './scalar.ts';
import { atom, binding, gpuDType, literal, spell, valueType, within } from './scalar.ts';
import type { Quad } from './wide.ts';
import { componentAt, components, vectorLoad } from './wide.ts';

/** Expressions whose text would be longer than this are given a name and a line of their own. */
const longestInline = 90;

/** How a writer refers to what is outside of the expressions. */
export interface Names {
  /** The WGSL name of each operand, by position. */
  readonly operands: readonly string[];
  /** The number of elements of each operand. */
  readonly lengths: readonly number[];
  /** Those that are arrays of vectors of four elements. */
  readonly wide: ReadonlySet<number>;
}

/** Lines of one block of a function, and what is in scope there. */
interface Block {
  readonly lines: string[];
  /** Does it run again and again? */
  readonly repeats: boolean;
  readonly variables: Map<Expr, string>;
  readonly names: Map<Expr, Code>;
  /** Names that hold until the next statement only, as what they name may then have changed. */
  readonly fleeting: Map<Expr, Code>;
}

/** How often each subexpression is used by others, or is a root. */
function usesIn(roots: readonly Expr[]): ReadonlyMap<Expr, number> {
  const uses = new Map<Expr, number>();
  const count = (e: Expr): void => void uses.set(e, (uses.get(e) ?? 0) + 1);
  roots.forEach(count);
  visit(roots, (e) => operandsOf(e).forEach(count));
  return uses;
}

/**
 * Writes the body of one WGSL function: nested blocks with loop variables, and expressions in them. A subexpression
 * that is used more than once gets a name, outside of all loops that it does not depend on: so they hold only what changes
 * in them. What reads a variable or a buffer that the function itself changes is named where it stands, and
 * for one statement only.
 */
export class Writer {
  readonly #operands: Names;
  readonly #helpers: Set<Helper>;
  readonly #uses: ReadonlyMap<Expr, number>;
  readonly #changing: (leaf: Expr) => boolean;
  readonly #changes = new Map<Expr, boolean>();
  #statementUses: ReadonlyMap<Expr, number> = new Map();
  readonly #blocks: Block[] = [];
  #next = 0;

  /**
   * `roots`: all expressions that will be written, which tells the shared ones; `helpers` collects what they need;
   * `changing`: does the function write the local variable or the operand that a `local` or a `load` reads?
   */
  constructor(
    operands: Names,
    helpers: Set<Helper>,
    roots: readonly Expr[],
    changing: (leaf: Expr) => boolean = () => false,
  ) {
    this.#operands = operands;
    this.#helpers = helpers;
    this.#uses = usesIn(roots);
    this.#changing = changing;
  }

  /** Notes that the shader needs a helper function. */
  readonly use = (helper: Helper): Helper => {
    this.#helpers.add(helper);
    return helper;
  };

  /** Writes a block: its variables (expressions that have a name in it) are in scope for what `body` writes. */
  block(variables: readonly (readonly [Expr, string])[], body: () => void, repeats = false): readonly string[] {
    const [names, fleeting] = [new Map<Expr, Code>(), new Map<Expr, Code>()];
    const block: Block = { lines: [], repeats, variables: new Map(variables), names, fleeting };
    this.#blocks.push(block);
    body();
    this.#blocks.pop();
    return block.lines;
  }

  /** Starts a statement that reads `roots`: what earlier ones may have changed is read anew. */
  statement(roots: readonly Expr[]): void {
    this.#current.fleeting.clear();
    this.#statementUses = usesIn(roots);
  }

  /** Writes a line into the current block. */
  line(text: string): void {
    this.#current.lines.push(text);
  }

  /** Has the current block no lines yet? */
  get empty(): boolean {
    return this.#current.lines.length === 0;
  }

  /** Writes a statement with a nested block: `if (…) {` … `}`. */
  nested(head: string, body: () => void): void {
    this.braces(head, this.block([], body));
  }

  /** Writes a statement whose nested block runs again and again: `for (…) {` … `}`. */
  repeated(head: string, variables: readonly (readonly [Expr, string])[], body: () => void): void {
    this.braces(head, this.block(variables, body, true));
  }

  /** Writes lines that are a block already: `if (…) {` … `} else {` … `}`, without an `else` where that is empty. */
  braces(head: string, lines: readonly string[], otherwise: readonly string[] = []): void {
    this.line(`${head} {`);
    lines.forEach((l) => this.line(`  ${l}`));
    if (otherwise.length > 0) this.line('} else {');
    otherwise.forEach((l) => this.line(`  ${l}`));
    this.line('}');
  }

  /** `for (var name = 0; name < extent; name++) { body }`. */
  loop(variable: Expr, name: string, extent: number, body: () => void): void {
    this.repeated(`for (var ${name} = 0; ${name} < ${extent}; ${name}++)`, [[variable, name]], body);
  }

  /** Brings names for expressions into the current block. */
  declare(variables: readonly (readonly [Expr, string])[]): void {
    variables.forEach(([e, name]) => this.#current.variables.set(e, name));
  }

  /** The code of an expression at the current place; lines that it needs are written first. */
  code(e: Expr): Code {
    if (e.kind === 'const') return literal(gpuDType(e.dtype), e.value, this.use);
    const known = this.#lookup(e);
    if (known !== null) return known;
    if (e.kind === 'index' || e.kind === 'acc' || e.kind === 'local')
      throw new InternalError(`${e.kind} outside of its loop`);
    const home = this.#home(e);
    const code = this.#spell(e);
    const current = this.#blocks.length - 1;
    if (e.kind === 'load' && e.guard === null && this.#operands.wide.has(e.operand)) return code;
    if (home === current && this.#usesOf(e) <= 1 && code.text.length <= longestInline) return code;
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

  /** Four values, of neighbouring elements, as one vector. */
  quad(values: Quad<Expr>): string {
    const vector = this.#wholeVector(values);
    if (vector !== null) return vector;
    const texts = values.map((v) => this.text(v));
    return `vec4(${texts.every((t) => t === texts[0]) ? (texts[0] ?? '') : texts.join(', ')})`;
  }

  /** The four components of a vector that is read as it is; null if they are something else. */
  #wholeVector(values: Quad<Expr>): string | null {
    const [first] = values;
    if (first?.kind !== 'load' || first.index.kind === 'const' || first.dtype === 'bool') return null;
    if (!this.#operands.wide.has(first.operand)) return null;
    const vector = vectorLoad(first);
    const whole = values.every(
      (v, c) =>
        v.kind === 'load' &&
        v.operand === first.operand &&
        v.guard === first.guard &&
        componentAt(v.index) === c &&
        vectorLoad(v) === vector,
    );
    if (!whole) return null;
    const code = this.code(vector).text;
    return first.guard === null ? code : `select(vec4<${valueType[gpuDType(first.dtype)]}>(), ${code}, ${this.text(first.guard)})`; // prettier-ignore
  }

  /** The code of an expression under a name, so that it is evaluated here and not where it is used. */
  named(e: Expr): Code {
    if (e.kind === 'const') return this.code(e);
    return this.#lookup(e) ?? this.#name(e, this.#spell(e), this.#home(e));
  }

  /** The code of an expression as it is here, whatever is changed after this statement. */
  kept(e: Expr): Code {
    if (!this.#isChanging(e)) return this.code(e);
    const name = atom(`t${this.#next++}`);
    this.line(`let ${name.text} = ${this.text(e)};`);
    return name;
  }

  #name(e: Expr, code: Code, home: number): Code {
    const existing = this.#lookup(e);
    if (existing !== null) return existing;
    const name = atom(`${e.kind !== 'load' ? 't' : e.operand < 0 ? 'v' : 'x'}${this.#next++}`);
    const block = this.#at(home);
    block.lines.push(`let ${name.text} = ${code.text};`);
    (this.#isChanging(e) ? block.fleeting : block.names).set(e, name);
    return name;
  }

  /** Does it read anything that the function changes? */
  #isChanging(e: Expr): boolean {
    let changes = this.#changes.get(e);
    if (changes === undefined) {
      changes = this.#changing(e) || operandsOf(e).some((x) => this.#isChanging(x));
      this.#changes.set(e, changes);
    }
    return changes;
  }

  #usesOf(e: Expr): number {
    return (this.#isChanging(e) ? this.#statementUses : this.#uses).get(e) ?? 0;
  }

  /** The block to name `e` in: outside of all loops that it does not depend on, but not outside of conditions. */
  #home(e: Expr): number {
    const current = this.#blocks.length - 1;
    if (this.#isChanging(e)) return current;
    let scope = 0;
    visit([e], (x) => {
      for (let i = current; i > scope; i--) {
        if (this.#at(i).variables.has(x)) scope = i;
      }
    });
    for (let i = scope + 1; i <= current; i++) {
      if (this.#at(i).repeats) return i - 1;
    }
    return current;
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
    if (e.kind !== 'op' || e.op !== 'lt' || this.#lookup(e) !== null || this.#usesOf(e) > 1) return false;
    return e.args[0]?.dtype === 'i32' || e.args[0]?.dtype === 'u32';
  }

  #load(e: LoadExpr): Code {
    // A vector of a wide operand: see `vectorLoad`.
    if (e.operand < 0) return atom(`${this.#operands.operands[~e.operand] ?? ''}[${this.text(e.index)}]`);
    const dtype = gpuDType(e.dtype);
    const length = this.#operands.lengths[e.operand] ?? 0;
    const zero = literal(dtype, 0, this.use);
    // A literal position out of bounds is an error in WGSL, though the guard keeps it from being read.
    if (length === 0 || (e.index.kind === 'const' && (e.index.value < 0 || e.index.value >= length))) return zero;
    const element = this.#operands.wide.has(e.operand)
      ? `${this.named(vectorLoad(e)).text}.${components[componentAt(e.index)] as string}`
      : `${this.#operands.operands[e.operand] ?? ''}[${this.text(e.index)}]`;
    const number = e.stored === 'f16' ? `f32(${element})` : element;
    const value: Code = dtype === 'bool' ? { text: `${element} != 0u`, level: binding.compare } : atom(number);
    if (e.guard === null) return value;
    // Where the guard is false the position may be anywhere: WGSL then reads some element of the buffer, or 0.
    const guard = this.code(e.guard);
    if (dtype === 'bool') return { text: `${within(guard, binding.compare)} && ${value.text}`, level: binding.and };
    return atom(`select(${zero.text}, ${value.text}, ${guard.text})`);
  }

  #lookup(e: Expr): Code | null {
    const here = this.#current.fleeting.get(e);
    if (here !== undefined) return here;
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#at(i);
      const variable = block.variables.get(e);
      if (variable !== undefined) return atom(variable);
      const name = block.names.get(e);
      if (name !== undefined) return name;
    }
    return null;
  }

  get #current(): Block {
    return this.#at(this.#blocks.length - 1);
  }

  #at(i: number): Block {
    const block = this.#blocks[i];
    if (block === undefined) throw new InternalError('no open block');
    return block;
  }
}
