import type { Expr, IndexExpr, LocalExpr } from '../../kernel/expr.ts';
import { index, load, operandsOf, rebuild, visit } from '../../kernel/expr.ts';
import { iadd, idiv, imod, imul, isub, lit } from '../../kernel/index-algebra.ts';
import { at } from '../../util/array.ts';

/** A loop over one axis of a kernel's domain. */
export interface Axis {
  /** Its number in `index` expressions. */
  readonly axis: number;
  readonly extent: number;
}

/** Loop axes and the expressions over them. */
export interface Nest {
  readonly groups: readonly (readonly Axis[])[];
  readonly roots: readonly Expr[];
}

/**
 * Drops axes of extent 1 and merges neighbouring axes of a group into one where all expressions treat the two as one:
 * where the merged axis needs no more divisions than there were.
 */
export function collapse(groups: readonly (readonly Axis[])[], roots: readonly Expr[]): Nest {
  let current: Nest = { groups: groups.map((g) => g.filter((a) => a.extent !== 1)), roots };
  current.groups.forEach((_, g) => {
    for (let i = at(current.groups, g).length - 2; i >= 0; i--) {
      const merged = merge(current, g, i);
      if (divisions(merged.roots) <= divisions(current.roots)) current = merged;
    }
  });
  return current;
}

/** Merges axes i and i+1 of group g; the merged one keeps the number of the inner. */
function merge(nest: Nest, g: number, i: number): Nest {
  const group = at(nest.groups, g);
  const [outer, inner] = [at(group, i), at(group, i + 1)];
  const whole: Axis = { axis: inner.axis, extent: outer.extent * inner.extent };
  const position = index(whole.axis, whole.extent);
  const change = substitution((e) =>
    e.kind !== 'index'
      ? e
      : e.axis === outer.axis
        ? idiv(position, inner.extent)
        : e.axis === inner.axis
          ? imod(position, inner.extent)
          : e,
  );
  const next = [...group.slice(0, i), whole, ...group.slice(i + 2)];
  return { groups: nest.groups.map((old, k) => (k === g ? next : old)), roots: nest.roots.map(change) };
}

/** An expression with another one in place of an axis: the point `by` further along it. */
export const shifted = (axis: Axis, by: number): ((e: Expr) => Expr) =>
  by === 0 ? (e) => e : substitution((e) => (isAxis(e, axis.axis) ? iadd(index(axis.axis, axis.extent), lit(by)) : e));

const isAxis = (e: Expr, axis: number): boolean => e.kind === 'index' && e.axis === axis;

/** Replaces loop variables and local variables by expressions; positions are simplified again. */
export function substitution(replace: (e: IndexExpr | LocalExpr) => Expr): (e: Expr) => Expr {
  const done = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    let out = done.get(e);
    if (out === undefined) done.set(e, (out = rewrite(e)));
    return out;
  };
  const rewrite = (e: Expr): Expr => {
    if (e.kind === 'index' || e.kind === 'local') return replace(e);
    if (e.kind === 'load') return load(e.operand, e.stored, go(e.index), e.guard === null ? null : go(e.guard));
    if (e.kind !== 'op') return e;
    const args = e.args.map(go);
    if (args.every((a, i) => a === e.args[i])) return e;
    if (e.dtype === 'i32') {
      const [x, y] = args;
      if (x === undefined || y === undefined) return rebuild(e, args);
      if (e.op === 'add') return iadd(x, y);
      if (e.op === 'sub') return isub(x, y);
      if (y.kind === 'const') {
        if (e.op === 'mul') return imul(x, y.value);
        if (e.op === 'idiv') return idiv(x, y.value);
        if (e.op === 'imod') return imod(x, y.value);
      }
    }
    return rebuild(e, args);
  };
  return go;
}

function divisions(roots: readonly Expr[]): number {
  let count = 0;
  visit(roots, (e) => {
    if (e.kind === 'op' && (e.op === 'idiv' || e.op === 'imod')) count += 1;
  });
  return count;
}

/** Does `e` depend on the axis, or on a local variable that does? */
export function dependsOn(axis: number, varying: ReadonlySet<number> = none): (e: Expr) => boolean {
  const memo = new Map<Expr, boolean>();
  const go = (e: Expr): boolean => {
    let found = memo.get(e);
    if (found === undefined) {
      found = isAxis(e, axis) || (e.kind === 'local' && varying.has(e.slot)) || operandsOf(e).some(go);
      memo.set(e, found);
    }
    return found;
  };
  return go;
}

const none: ReadonlySet<number> = new Set();
