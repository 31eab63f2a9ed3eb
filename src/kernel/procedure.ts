import type { ScalarType } from './dtype.ts';
import type { Expr } from './expr.ts';
import { local } from './expr.ts';
import { lit } from './index-algebra.ts';

/**
 * One statement of a procedure. Its expressions are read when it runs: a load sees what earlier statements stored, and a
 * local variable has the value that it was last set to.
 */
export type Statement =
  /** Gives a local variable a value of its dtype. */
  | { readonly kind: 'set'; readonly local: number; readonly value: Expr }
  /** Writes at a linear position of an operand. */
  | { readonly kind: 'store'; readonly operand: number; readonly index: Expr; readonly value: Expr }
  /**
   * Counts an i32 local up from `from` to below `to`, both read once; the body does not set it, and it has no value
   * outside of the body.
   */
  | {
      readonly kind: 'for';
      readonly local: number;
      readonly from: Expr;
      readonly to: Expr;
      readonly body: readonly Statement[];
    }
  /** Repeats the body while a bool holds, which is read before each repetition. */
  | { readonly kind: 'while'; readonly condition: Expr; readonly body: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly condition: Expr;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    };

/** Every expression in the statements. */
export function statementExpressions(body: readonly Statement[]): readonly Expr[] {
  return body.flatMap((s): readonly Expr[] => {
    switch (s.kind) {
      case 'set':
        return [s.value];
      case 'store':
        return [s.index, s.value];
      case 'for':
        return [s.from, s.to, ...statementExpressions(s.body)];
      case 'while':
        return [s.condition, ...statementExpressions(s.body)];
      case 'if':
        return [s.condition, ...statementExpressions(s.then), ...statementExpressions(s.otherwise)];
    }
  });
}

/** The operands that the statements store to. */
export function storedOperands(body: readonly Statement[]): ReadonlySet<number> {
  return new Set(
    body.flatMap((s): readonly number[] => {
      if (s.kind === 'set') return [];
      if (s.kind === 'store') return [s.operand];
      if (s.kind === 'if') return [...storedOperands(s.then), ...storedOperands(s.otherwise)];
      return [...storedOperands(s.body)];
    }),
  );
}

/** The statements with every expression rewritten (positions of stores by `position`), and operand numbers where they store. */
export function mapStatements(
  body: readonly Statement[],
  expr: (e: Expr) => Expr,
  operand: (n: number) => number,
  position: (e: Expr, operand: number) => Expr = expr,
): readonly Statement[] {
  const inner = (b: readonly Statement[]): readonly Statement[] => mapStatements(b, expr, operand, position);
  return body.map((s): Statement => {
    switch (s.kind) {
      case 'set':
        return { ...s, value: expr(s.value) };
      case 'store':
        return { ...s, operand: operand(s.operand), index: position(s.index, s.operand), value: expr(s.value) };
      case 'for':
        return { ...s, from: expr(s.from), to: expr(s.to), body: inner(s.body) };
      case 'while':
        return { ...s, condition: expr(s.condition), body: inner(s.body) };
      case 'if':
        return { ...s, condition: expr(s.condition), then: inner(s.then), otherwise: inner(s.otherwise) };
    }
  });
}

/** A local variable while a procedure is written: its value as an expression, and a way to set it. */
export interface Variable {
  readonly value: Expr;
  set(value: Expr): void;
}

/** Writes the body of a procedure: each call adds a statement where the writer stands. */
export class ProcedureWriter {
  readonly locals: ScalarType[] = [];
  private current: Statement[] = [];

  /** What has been written. */
  get body(): readonly Statement[] {
    return this.current;
  }

  /** A new local variable with a first value. */
  variable(first: Expr): Variable {
    const slot = this.locals.push(first.dtype) - 1;
    const set = (value: Expr): void => void this.current.push({ kind: 'set', local: slot, value });
    set(first);
    return { value: local(slot, first.dtype), set };
  }

  /** The value that an expression has here, kept whatever is stored or set later. */
  keep(value: Expr): Expr {
    return value.kind === 'const' || value.kind === 'index' ? value : this.variable(value).value;
  }

  /** Writes at a linear position of an operand. */
  store(operand: number, index: Expr, value: Expr): void {
    this.current.push({ kind: 'store', operand, index, value });
  }

  /** For each i32 from `from` to below `to`. */
  for(from: Expr | number, to: Expr | number, body: (i: Expr) => void): void {
    const slot = this.locals.push('i32') - 1;
    const inner = this.block(() => body(local(slot, 'i32')));
    this.current.push({ kind: 'for', local: slot, from: position(from), to: position(to), body: inner });
  }

  /** While the condition holds. */
  while(condition: Expr, body: () => void): void {
    this.current.push({ kind: 'while', condition, body: this.block(body) });
  }

  /** Where the condition holds, and where not. */
  if(condition: Expr, then: () => void, otherwise: () => void = () => undefined): void {
    this.current.push({ kind: 'if', condition, then: this.block(then), otherwise: this.block(otherwise) });
  }

  private block(write: () => void): readonly Statement[] {
    const outer = this.current;
    this.current = [];
    try {
      write();
      return this.current;
    } finally {
      this.current = outer;
    }
  }
}

const position = (x: Expr | number): Expr => (typeof x === 'number' ? lit(x) : x);
