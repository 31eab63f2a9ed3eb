import type { Expr } from '../../kernel/expr.ts';
import type { ProcedureKernel } from '../../kernel/kernel.ts';
import type { Statement } from '../../kernel/procedure.ts';
import { mapStatements, statementExpressions } from '../../kernel/procedure.ts';
import { at } from '../../util/array.ts';
import { collapse } from './collapse.ts';
import { Evaluator } from './evaluator.ts';
import type { Local, Value } from './module/code.ts';
import { get, i32, op } from './module/code.ts';
import type { KernelCode, ModuleBuilder } from './rows.ts';
import { pointersOf, rows } from './rows.ts';
import { noAxis } from './runs.ts';
import { scalarType } from './scalar-ops.ts';

/** A procedure kernel: its points one after the other, each as structured code over local variables. */
export function emitProcedure(m: ModuleBuilder, kernel: ProcedureKernel): KernelCode {
  const axes = kernel.domain.map((extent, axis) => ({ axis, extent }));
  const expressions = statementExpressions(kernel.body);
  const nest = collapse([axes], expressions);
  const simpler = new Map(expressions.map((e, i) => [e, at(nest.roots, i)]));
  const body = mapStatements(
    kernel.body,
    (e) => simpler.get(e) ?? e,
    (n) => n,
  );
  const domain = at(nest.groups, 0);
  const inner = domain[domain.length - 1] ?? noAxis;
  const outer = domain.slice(0, -1);
  const { code, row, coordinates } = rows(m, kernel, outer, inner);
  const locals = kernel.locals.map((dtype) => row.local(scalarType[dtype], 'v'));
  const e = new Evaluator(row, m.library, pointersOf(row, kernel, outer.length + 2), { locals, varying: new Set() });
  e.within(coordinates, () =>
    e.loop(inner.axis, row.param(outer.length), row.param(outer.length + 1), 1, () =>
      new StatementWriter(e, locals).block(body),
    ),
  );
  return code;
}

/** Writes the code of statements. */
class StatementWriter {
  private readonly e: Evaluator;
  private readonly locals: readonly Local[];

  constructor(e: Evaluator, locals: readonly Local[]) {
    this.e = e;
    this.locals = locals;
  }

  /** Statements as a block of code of their own. */
  block(body: readonly Statement[]): void {
    this.e.within([], () => body.forEach((s) => this.statement(s)), assigned(body));
  }

  /** Values of expressions as they are here. */
  private read(...expressions: readonly Expr[]): readonly Value[] {
    let values: readonly Value[] = [];
    this.e.within([], () => (values = expressions.map((x) => this.e.scalar(x))));
    return values;
  }

  private set(slot: number, value: Value): void {
    this.e.f.set(at(this.locals, slot), value);
    this.e.forget(slot);
  }

  private statement(s: Statement): void {
    const { e } = this;
    switch (s.kind) {
      case 'set':
        return this.set(s.local, at(this.read(s.value), 0));
      case 'store':
        return e.within([], () => e.store([s]));
      case 'for':
        return this.count(s);
      case 'while': {
        const test = (): Value => at(this.read(s.condition), 0);
        return e.f.if(test(), () =>
          e.f.repeat(() => {
            let again: Value = i32(0);
            e.within(
              [],
              () => {
                s.body.forEach((t) => this.statement(t));
                again = test();
              },
              assigned(s.body),
            );
            return again;
          }),
        );
      }
      case 'if':
        e.f.if(
          at(this.read(s.condition), 0),
          () => this.block(s.then),
          () => this.block(s.otherwise),
        );
        // Code of the one branch that was moved out of it is right before the other branch has set a variable only.
        for (const slot of assigned([s])) e.forget(slot);
    }
  }

  private count({ local, from, to, body }: Extract<Statement, { kind: 'for' }>): void {
    const { f } = this.e;
    const [first, last] = this.read(from, to) as [Value, Value];
    // Variables may be set in the body, but the limit stays.
    const end = last.kind === 'const' ? last : get(f.variable(last, 'end'));
    this.set(local, first);
    const counter = at(this.locals, local);
    f.while(op('i32.lt_s', get(counter), end), () => {
      this.e.within([], () => body.forEach((s) => this.statement(s)), new Set([local, ...assigned(body)]));
      f.set(counter, op('i32.add', get(counter), i32(1)));
    });
  }
}

/** The local variables that statements give values to, at any depth. */
function assigned(body: readonly Statement[]): ReadonlySet<number> {
  return new Set(
    body.flatMap((s): readonly number[] => {
      switch (s.kind) {
        case 'set':
          return [s.local];
        case 'store':
          return [];
        case 'for':
          return [s.local, ...assigned(s.body)];
        case 'while':
          return [...assigned(s.body)];
        case 'if':
          return [...assigned(s.then), ...assigned(s.otherwise)];
      }
    }),
  );
}
