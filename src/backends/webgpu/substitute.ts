import type { Expr } from '../../kernel/expr.ts';
import { index, load, rebuild } from '../../kernel/expr.ts';
import { delinearize, iadd, idiv, imod, imul, isub, lit } from '../../kernel/index-algebra.ts';
import { product } from '../../util/array.ts';

/** Rewrites an expression: loop variables replaced, positions simplified again. */
export type Substitution = (e: Expr) => Expr;

/**
 * Replaces the loop variable of each axis by `replacements[axis]`. Positions and guards of loads are simplified as index
 * arithmetic, so that flattened loops mostly lose their divisions; values are rebuilt as they are.
 */
export function substitution(replacements: readonly Expr[]): {
  readonly value: Substitution;
  readonly position: Substitution;
} {
  const values = new Map<Expr, Expr>();
  const positions = new Map<Expr, Expr>();
  const step = (e: Expr, go: Substitution, again: (e: Expr & { kind: 'op' }, args: readonly Expr[]) => Expr): Expr => {
    switch (e.kind) {
      case 'const':
      case 'acc':
      case 'local':
        return e;
      case 'index':
        return replacements[e.axis] ?? e;
      case 'load':
        return load(e.operand, e.stored, position(e.index), e.guard === null ? null : position(e.guard));
      case 'op':
        return again(e, e.args.map(go));
    }
  };
  const memo =
    (done: Map<Expr, Expr>, again: (e: Expr & { kind: 'op' }, args: readonly Expr[]) => Expr): Substitution =>
    (e) => {
      let out = done.get(e);
      if (out === undefined) done.set(e, (out = step(e, done === values ? value : position, again)));
      return out;
    };
  const value = memo(values, rebuild);
  const position = memo(positions, simplified);
  return { value, position };
}

function simplified(e: Expr & { kind: 'op' }, args: readonly Expr[]): Expr {
  const [x, y] = args as [Expr, Expr];
  if (e.dtype !== 'i32') return rebuild(e, args);
  const times = args.length > 1 && y.kind === 'const' ? y.value : null;
  switch (e.op) {
    case 'add':
      return iadd(x, y);
    case 'sub':
      return isub(x, y);
    case 'mul':
      return times === null ? rebuild(e, args) : imul(x, times);
    case 'idiv':
      return times === null ? rebuild(e, args) : idiv(x, times);
    case 'imod':
      return times === null ? rebuild(e, args) : imod(x, times);
    default:
      return rebuild(e, args);
  }
}

/** The coordinates of a domain as expressions of one flattened loop variable, numbered `axis`. */
export function flattened(axis: number, extents: readonly number[]): readonly Expr[] {
  const total = product(extents);
  return total === 0 ? extents.map(() => lit(0)) : delinearize(index(axis, total), extents);
}
