import type { Expr } from '../../kernel/expr.ts';
import { index, local, unary } from '../../kernel/expr.ts';
import type { ProcedureKernel } from '../../kernel/kernel.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { mapStatements, statementExpressions, storedOperands } from '../../kernel/procedure.ts';
import { at, product } from '../../util/array.ts';
import type { Placement } from './locals.ts';
import { placeLocals } from './locals.ts';
import type { Helper } from './math.ts';
import type { Schedule } from './schedule.ts';
import { binding, elementOf, gpuDType, valueType, within } from './scalar.ts';
import type { ShaderParts, WgslTarget } from './shader.ts';
import { accessOf, assignment, domainText, operandNames, perPoint } from './shader.ts';
import { flattened, substitution } from './substitute.ts';
import { Writer } from './writer.ts';

/** A procedure: one invocation for each point of the domain, which runs the statements one after the other. */
export function emitProcedure(kernel: ProcedureKernel, target: WgslTarget): ShaderParts | null {
  const total = product(kernel.domain);
  if (total === 0) return null;
  const { value, position } = substitution(flattened(0, kernel.domain));
  const body = mapStatements(kernel.body, value, (n) => n, position);
  const { lines, dispatch, ...main } = perPoint(total, target, invocations(total, target.schedule));
  const helpers = new Set<Helper>();
  const procedure = new ProcedureEmitter(kernel, body, helpers);
  const about = `procedure for each of ${domainText(kernel.domain)}: one invocation for each of ${total} points`;
  return {
    about,
    helpers,
    access: accessOf(kernel),
    main: { ...main, body: procedure.write([[index(0, total), 'i']], lines) },
    dispatch,
  };
}

/** The size of a workgroup: a power of two up to that of other kernels, see {@link ProcedureSchedule}. */
function invocations(total: number, { procedure, invocations: most }: Schedule): number {
  const wanted = 2 ** Math.floor(Math.log2(Math.max(1, total / procedure.workgroups)));
  return Math.min(most, Math.max(procedure.least, wanted));
}

/** The name of a local variable. */
const nameOf = (slot: number): string => `v${slot}`;

class ProcedureEmitter {
  readonly #kernel: ProcedureKernel;
  readonly #body: readonly Statement[];
  readonly #operands: readonly string[];
  readonly #places: ReadonlyMap<number, Placement>;
  readonly #writer: Writer;

  constructor(kernel: ProcedureKernel, body: readonly Statement[], helpers: Set<Helper>) {
    this.#kernel = kernel;
    this.#body = body;
    this.#places = placeLocals(body);
    const names = operandNames(kernel);
    this.#operands = names.operands;
    const stored = storedOperands(body);
    const changing = (e: Expr): boolean =>
      (e.kind === 'local' && !this.#isFixed(e.slot)) || (e.kind === 'load' && stored.has(e.operand));
    this.#writer = new Writer(names, helpers, statementExpressions(body), changing);
  }

  /** The lines of the entry point: first those that find the point, then the statements. */
  write(point: readonly (readonly [Expr, string])[], lines: readonly string[]): readonly string[] {
    const writer = this.#writer;
    return writer.block(point, () => {
      lines.forEach((l) => writer.line(l));
      for (const [slot, place] of this.#places) {
        if (!this.#isFixed(slot)) writer.declare([this.#variable(slot)]);
        if (place.kind === 'function') writer.line(`var ${nameOf(slot)}: ${this.#type(slot)};`);
      }
      this.#statements(this.#body);
    });
  }

  /** Does the variable keep one value for as long as it is in scope? */
  #isFixed(slot: number): boolean {
    const place = this.#places.get(slot);
    return place?.kind === 'loop' || (place?.kind === 'set' && place.constant);
  }

  #variable(slot: number): readonly [Expr, string] {
    return [local(slot, at(this.#kernel.locals, slot)), nameOf(slot)];
  }

  #type(slot: number): string {
    return valueType[gpuDType(at(this.#kernel.locals, slot))];
  }

  #statements(body: readonly Statement[]): void {
    body.forEach((s) => this.#statement(s));
  }

  #statement(s: Statement): void {
    switch (s.kind) {
      case 'set':
        return this.#set(s);
      case 'store':
        return this.#store(s);
      case 'for':
        return this.#for(s);
      case 'while':
        return this.#while(s);
      case 'if':
        return this.#if(s);
    }
  }

  #set(s: Statement & { kind: 'set' }): void {
    const writer = this.#writer;
    writer.statement([s.value]);
    const value = writer.code(s.value);
    const place = this.#places.get(s.local);
    const name = nameOf(s.local);
    if (place?.kind !== 'set' || place.at !== s) {
      const grows = s.value.kind === 'op' && s.value.op === 'add' && s.value.args[0] === this.#variable(s.local)[0];
      return writer.line(grows ? assignment(name, value) : `${name} = ${value.text};`);
    }
    writer.line(`${place.constant ? 'let' : 'var'} ${name}: ${this.#type(s.local)} = ${value.text};`);
    if (place.constant) writer.declare([this.#variable(s.local)]);
  }

  #store(s: Statement & { kind: 'store' }): void {
    const writer = this.#writer;
    // A literal position out of bounds is an error in WGSL, though it is never reached.
    const { dtype, length } = at(this.#kernel.operands, s.operand);
    if (length === 0 || (s.index.kind === 'const' && (s.index.value < 0 || s.index.value >= length))) return;
    writer.statement([s.index, s.value]);
    const [position, value] = [writer.text(s.index), writer.text(s.value)];
    writer.line(`${at(this.#operands, s.operand)}[${position}] = ${elementOf(dtype, value)};`);
  }

  /** Counted loops have the plain form that compilers know to be finite: others get a counter in each iteration. */
  #for(s: Statement & { kind: 'for' }): void {
    const writer = this.#writer;
    writer.statement([s.from, s.to]);
    const [from, to] = [writer.text(s.from), within(writer.kept(s.to), binding.add)];
    const name = nameOf(s.local);
    const head = (counter: string): string => `for (var ${counter} = ${from}; ${counter} < ${to}; ${counter}++)`;
    if (this.#places.get(s.local)?.kind === 'loop') {
      return writer.repeated(head(name), [this.#variable(s.local)], () => this.#statements(s.body));
    }
    writer.repeated(head(`${name}_next`), [], () => {
      writer.line(`${name} = ${name}_next;`);
      this.#statements(s.body);
    });
  }

  #while(s: Statement & { kind: 'while' }): void {
    const writer = this.#writer;
    let head = 'loop';
    const body = (): void => {
      writer.statement([s.condition]);
      const condition = writer.code(s.condition);
      if (writer.empty) head = `while (${condition.text})`;
      else writer.nested(`if (!${within(condition, binding.atom)})`, () => writer.line('break;'));
      this.#statements(s.body);
    };
    const lines = writer.block([], body, true);
    writer.braces(head, lines);
  }

  #if(s: Statement & { kind: 'if' }): void {
    const writer = this.#writer;
    const inverted = s.then.length === 0;
    const [condition, then, otherwise] = inverted
      ? [unary('not', s.condition), s.otherwise, s.then]
      : [s.condition, s.then, s.otherwise];
    writer.statement([condition]);
    const head = `if (${writer.text(condition)})`;
    const block = (body: readonly Statement[]): readonly string[] => writer.block([], () => this.#statements(body));
    writer.braces(head, block(then), block(otherwise));
  }
}
