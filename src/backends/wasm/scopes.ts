import type { Expr } from '../../kernel/expr.ts';
import { operandsOf } from '../../kernel/expr.ts';
import { present } from '../../util/assert.ts';
import type { Func, Statement, Value } from './module/code.ts';

/** A block of code that is being written, and what has been computed in it. */
interface Scope {
  readonly block: Statement[];
  /** The local variables that get values somewhere within the block. */
  readonly sets: ReadonlySet<number>;
  readonly scalars: Map<Expr, Value>;
  readonly vectors: Map<Expr, Value>;
  readonly named: Map<string, { readonly value: Value; readonly of: readonly Expr[] }>;
}

const none: ReadonlySet<number> = new Set();

/**
 * The blocks of code around the place where code is being written, and in which of them an expression belongs: the
 * outermost one in which all that it reads is fixed. There it is computed once.
 *
 * An axis is fixed in the block of its loop. A local variable is fixed in the innermost block that gives it values, as
 * long as none is given: {@link forget} is told. Where statements store, what is loaded is fixed within a statement
 * only, which has a scope of its own; else memory is what it was when the kernel began.
 */
export class Scopes {
  private readonly f: Func;
  private readonly stores: boolean;
  private readonly scopes: Scope[] = [];
  private readonly axes = new Map<number, { readonly level: number; readonly value: Value }>();
  private readonly reads = new Map<Expr, ReadonlySet<number>>();
  private levels = new Map<Expr, number>();
  private accLevel = 0;

  constructor(f: Func, stores: boolean) {
    this.f = f;
    this.stores = stores;
  }

  get depth(): number {
    return this.scopes.length;
  }

  /** Enters the current block, which fixes `axes` and sets the local variables `sets`, for as long as `body` runs. */
  within(axes: readonly (readonly [number, Value])[], sets: ReadonlySet<number>, body: () => void): void {
    const level = this.scopes.length;
    for (const [axis, value] of axes) this.axes.set(axis, { level, value });
    this.scopes.push({
      block: this.f.block,
      sets,
      scalars: new Map(),
      vectors: new Map(),
      named: new Map(),
    });
    this.levels = new Map();
    body();
    this.scopes.pop();
    this.levels = new Map();
    for (const [axis] of axes) this.axes.delete(axis);
  }

  /** What `acc` expressions mean is fixed from here on. */
  fixAccumulators(): void {
    this.accLevel = this.scopes.length - 1;
    this.levels = new Map();
  }

  axis(axis: number): Value {
    return present(this.axes.get(axis), `axis ${axis}`).value;
  }

  /** The number of the block in which `e` is computed. */
  levelOf(e: Expr): number {
    if (e.kind === 'const') return 0;
    let level = this.levels.get(e);
    if (level === undefined) {
      if (e.kind === 'index') level = present(this.axes.get(e.axis), `axis ${e.axis}`).level;
      else if (e.kind === 'acc') level = this.accLevel;
      else if (e.kind === 'local') level = this.scopes.findLastIndex((s) => s.sets.has(e.slot));
      else if (e.kind === 'load' && this.stores) level = this.scopes.length - 1;
      else level = Math.max(...operandsOf(e).map((x) => this.levelOf(x)));
      level = Math.max(0, level);
      this.levels.set(e, level);
    }
    return level;
  }

  /** The value of an expression in its block; `make` writes the code when it is not there yet. */
  value(e: Expr, kind: 'scalars' | 'vectors', make: () => Value): Value {
    const scope = present(this.scopes[this.levelOf(e)], 'a scope');
    let value = scope[kind].get(e);
    if (value === undefined) {
      value = this.f.into(scope.block, () => this.f.let(make()));
      scope[kind].set(e, value);
    }
    return value;
  }

  /** A value computed from expressions `of`, by a name that says how, in the block at `level`. */
  named(level: number, name: string, of: readonly Expr[], make: () => Value): Value {
    const scope = present(this.scopes[level], `level ${level}`);
    let found = scope.named.get(name);
    if (found === undefined) {
      found = { value: this.f.into(scope.block, () => this.f.let(make())), of };
      scope.named.set(name, found);
    }
    return found.value;
  }

  /** A local variable has got another value: what was computed from it is no longer true. */
  forget(slot: number): void {
    for (const { scalars, vectors, named } of this.scopes) {
      for (const memo of [scalars, vectors]) for (const e of memo.keys()) if (this.locals(e).has(slot)) memo.delete(e);
      for (const [name, { of }] of named) if (of.some((e) => this.locals(e).has(slot))) named.delete(name);
    }
  }

  /** The local variables that an expression reads. */
  private locals(e: Expr): ReadonlySet<number> {
    let found = this.reads.get(e);
    if (found === undefined) {
      if (e.kind === 'local') found = new Set([e.slot]);
      else {
        const parts = operandsOf(e)
          .map((x) => this.locals(x))
          .filter((s) => s.size > 0);
        found = parts.length === 0 ? none : new Set(parts.flatMap((s) => [...s]));
      }
      this.reads.set(e, found);
    }
    return found;
  }
}
