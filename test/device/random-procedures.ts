import type { ScalarType } from '../../src/kernel/dtype.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { binary, constant, load } from '../../src/kernel/expr.ts';
import { iadd, imod, imul, inBounds, linearize, lit } from '../../src/kernel/index-algebra.ts';
import type { Operand, ProcedureKernel } from '../../src/kernel/kernel.ts';
import type { Variable } from '../../src/kernel/procedure.ts';
import { ProcedureWriter } from '../../src/kernel/procedure.ts';
import { product, range } from '../../src/util/array.ts';
import type { Source } from './random.ts';
import type { Case, Vocabulary } from './random-kernels.ts';
import { allDTypes, axesOf, f32Like, KernelMaker, Random } from './random-kernels.ts';

/** An operand that the procedure stores to: each point has `length` elements of its own. */
interface Segment {
  readonly operand: number;
  readonly dtype: ScalarType;
  readonly length: number;
  /** The position of a point's element `i`. */
  readonly at: (i: Expr) => Expr;
}

/** What can be read where a statement stands. */
interface Visible {
  readonly variables: readonly Variable[];
  /** Counters of the loops around it, each below its limit. */
  readonly counters: readonly { readonly value: Expr; readonly limit: number }[];
}

/** Builds the body of a random procedure. */
class ProcedureMaker extends KernelMaker {
  readonly writer = new ProcedureWriter();
  private readonly axes: readonly Expr[];
  private readonly domain: readonly number[];
  private readonly segments: Segment[] = [];
  private visible: Visible = { variables: [], counters: [] };
  /** Statements yet to be written at most: keeps cases small. */
  private left: number;
  /** All points take the same way through the statements. */
  private readonly together: boolean;

  constructor(r: Random, vocabulary: Vocabulary, domain: readonly number[]) {
    super(r, vocabulary);
    this.domain = domain;
    this.axes = axesOf(domain);
    this.left = product(domain) > 100 ? 6 : r.pick([6, 12, 24]);
    this.together = r.chance(0.4);
  }

  /** A stored operand; what is only written is filled before anything else happens. */
  segment(access: Operand['access']): void {
    const { r, domain, axes, writer } = this;
    const [dtype, length, points] = [r.pick(this.vocabulary.dtypes), 1 + r.below(8), product(domain)];
    const operand = this.operand(dtype, points * length, access);
    const here = linearize(axes, domain);
    const rows = r.chance(0.5);
    const at = (i: Expr): Expr => (rows ? iadd(imul(here, length), i) : iadd(imul(i, points), here));
    if (access === 'write')
      writer.for(0, length, (i) => writer.store(operand, at(i), r.chance(0.5) ? constant(dtype, 1) : this.some(dtype)));
    this.segments.push({ operand, dtype, length, at });
  }

  private some(dtype: ScalarType): Expr {
    return this.expr(dtype, this.axes, 2);
  }

  /** A position within a segment. */
  private inside({ length }: Segment): Expr {
    const { r, visible } = this;
    const fitting = visible.counters.filter((c) => c.limit <= length);
    if (fitting.length > 0 && r.chance(0.6)) return r.pick(fitting).value;
    const whole = this.integers();
    return whole.length === 0 || r.chance(0.3) ? lit(r.below(length)) : imod(r.pick(whole), length);
  }

  /** A condition of control flow. */
  private condition(): Expr {
    if (!this.together) return this.some('bool');
    const name = this.r.pick(['lt', 'le', 'eq', 'ne'] as const);
    return binary(name, this.r.pick(this.steering()), lit(this.r.below(4)));
  }

  /** Integers that are the same for all points. */
  private steering(): readonly Expr[] {
    const { r } = this;
    const { counters } = this.visible;
    const found = [lit(r.below(5)), ...counters.map((c) => c.value)];
    if (this.operands.length >= 8 || r.chance(0.5)) return found;
    const c = counters.length === 0 ? { value: lit(0), limit: 1 } : r.pick(counters);
    return [...found, load(this.operand('i32', c.limit, 'read'), 'i32', c.value)];
  }

  private integers(): readonly Expr[] {
    const { variables, counters } = this.visible;
    const values = [...variables.map((v) => v.value), ...counters.map((c) => c.value), ...this.axes];
    return values.filter((e) => e.dtype === 'i32');
  }

  protected override leaf(dtype: ScalarType, axes: readonly Expr[]): Expr {
    const { r } = this;
    const locals = this.visible.variables.map((v) => v.value).filter((v) => v.dtype === dtype);
    if (locals.length > 0 && r.chance(0.4)) return r.pick(locals);
    const segments = this.segments.filter((s) => s.dtype === dtype);
    if (segments.length > 0 && r.chance(0.5)) return this.own(r.pick(segments));
    const { counters } = this.visible;
    if (dtype === 'i32' && counters.length > 0 && r.chance(0.5)) return r.pick(counters).value;
    // Seldom, as each has an operand of its own, and devices can't bind many.
    return r.chance(0.2) && this.operands.length < 8 ? super.leaf(dtype, axes) : constant(dtype, r.below(4));
  }

  /** Reads what the point itself stores. */
  private own(s: Segment): Expr {
    const { r } = this;
    const whole = this.integers();
    if (whole.length === 0 || r.chance(0.7)) return load(s.operand, s.dtype, s.at(this.inside(s)));
    const i = iadd(r.pick(whole), lit(r.below(3) - 1));
    return load(s.operand, s.dtype, s.at(i), inBounds(i, s.length));
  }

  /** Some statements; what they declare is forgotten after them. */
  block(depth: number): void {
    const before = this.visible;
    for (let n = depth === 0 ? 3 + this.r.below(6) : 1 + this.r.below(3); n > 0 && this.left > 0; n--)
      this.statement(depth);
    this.visible = before;
  }

  private statement(depth: number): void {
    const { r, writer } = this;
    this.left -= 1;
    const { variables } = this.visible;
    const kind = r.below(depth < 3 ? 8 : 5);
    if (kind < 2) {
      const s = r.pick(this.segments);
      writer.store(s.operand, s.at(this.inside(s)), this.some(s.dtype));
    } else if (kind < 4 && variables.length > 0) {
      const v = r.pick(variables);
      const value = this.some(v.value.dtype);
      v.set(v.value.dtype !== 'bool' && r.chance(0.3) ? binary('add', v.value, value) : value);
    } else if (kind < 5) this.declare(r.pick(this.vocabulary.dtypes));
    else if (kind === 5) this.count(depth);
    else if (kind === 6) this.repeat(depth);
    else {
      const inner = (): void => this.block(depth + 1);
      if (r.chance(0.5)) writer.if(this.condition(), inner);
      else writer.if(this.condition(), inner, inner);
    }
  }

  private declare(dtype: ScalarType): void {
    const variable = this.writer.variable(this.some(dtype));
    this.visible = { ...this.visible, variables: [...this.visible.variables, variable] };
  }

  /** A counted loop: a few trips or none, at times many. */
  private count(depth: number): void {
    const { r, writer } = this;
    const limit = depth === 0 && r.chance(0.1) ? 300 : 1 + r.below(5);
    const whole = this.together ? this.steering() : this.integers();
    const bound = (): Expr | number => (whole.length > 0 && r.chance(0.3) ? imod(r.pick(whole), limit) : limit);
    writer.for(r.chance(0.6) ? 0 : bound(), bound(), (value) => {
      const before = this.visible;
      this.visible = { ...before, counters: [...before.counters, { value, limit }] };
      this.block(depth + 1);
      this.visible = before;
    });
  }

  /** A loop on a condition, which ends after a few trips if not before. */
  private repeat(depth: number): void {
    const { r, writer } = this;
    const trips = writer.variable(lit(0));
    const limit = 1 + r.below(5);
    const more = binary('lt', trips.value, lit(limit));
    writer.while(r.chance(0.5) ? more : binary('and', more, this.condition()), () => {
      const before = this.visible;
      this.visible = { ...before, counters: [...before.counters, { value: trips.value, limit }] };
      this.block(depth + 1);
      this.visible = before;
      trips.set(iadd(trips.value, lit(1)));
    });
  }
}

const extents = [1, 2, 3, 5, 8, 20, 37];

/** A random procedure: all kinds of statements, several stored operands, some updated in place. */
export function randomProcedure(source: Source, vocabulary: Partial<Vocabulary> = {}): Case {
  const r = new Random(source);
  const dtypes = r.chance(0.6) ? f32Like : allDTypes;
  const domain = r.chance(0.03) ? [900] : range(r.below(3)).map(() => (r.chance(0.03) ? 0 : r.pick(extents)));
  // The reference device visits every point: keep them few.
  if (product(domain) > 100) domain.length = 1;
  const k = new ProcedureMaker(r, { dtypes, special: r.chance(0.4), exact: false, ...vocabulary }, domain);
  for (let n = 1 + r.below(3); n > 0; n--) k.segment(r.chance(0.5) ? 'write' : 'readwrite');
  k.block(0);
  const { locals, body } = k.writer;
  const kernel: ProcedureKernel = {
    kind: 'procedure', name: 'procedure', source: 'random', domain, operands: k.operands, stores: [], locals, body,
  }; // prettier-ignore
  return { kernel, data: k.data };
}
