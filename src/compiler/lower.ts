import type { Target } from '../kernel/device.ts';
import type { Expr } from '../kernel/expr.ts';
import { constant, load, loadsOf } from '../kernel/expr.ts';
import { indices, linearize } from '../kernel/index-algebra.ts';
import type { Aval } from '../trace/aval.ts';
import { showAval, sizeOf } from '../trace/aval.ts';
import type { Atom, Equation, Jaxpr, Var } from '../trace/jaxpr.ts';
import { Literal } from '../trace/jaxpr.ts';
import type { Element, Lowered, Operand } from '../trace/primitive.ts';
import { present } from '../util/assert.ts';
import { at, product, zipExact } from '../util/array.ts';
import { InternalError } from '../util/error.ts';
import type { Cost } from './cost.ts';
import { cheapInContraction, cheapToAmplify, cheapToRepeat, costOf } from './cost.ts';

/**
 * From equations to roots: the values that get a buffer, each with how it is computed. All other values are inlined
 * into their consumers, so that movement and elementwise operations vanish.
 */

/** A value that lives in a buffer. Loads in expressions name it by `id`; fusion and the plan give it storage. */
export interface Value {
  readonly id: number;
  readonly aval: Aval;
}

/** A value and the loops that compute it. */
export interface Root extends Value {
  readonly body: RootBody;
  /** The operations it came from, first to last, for names. */
  readonly operations: readonly string[];
}

/** How a root is computed. */
export type RootBody =
  { readonly kind: 'map'; readonly at: Element } | Extract<Lowered, { kind: 'reduce' | 'contract' }>;

/** A Jaxpr as roots, in an order in which each reads only earlier ones. */
export interface LoweredJaxpr {
  readonly inputs: readonly Value[];
  readonly roots: readonly Root[];
  /** What the results are; distinct, and none is an input. */
  readonly outputs: readonly Value[];
}

/** A variable while consumers are lowered: inlined by `at`, until it is promoted to a root. */
interface Definition {
  readonly aval: Aval;
  at: Element;
  value: Value | null;
  /** Of one element; null for a value in memory. */
  cost: Cost | null;
  readonly operations: readonly string[];
}

const maxOperations = 8;

/** Lowers a flat Jaxpr. */
export function lowerJaxpr(jaxpr: Jaxpr, target: Target): LoweredJaxpr {
  const lowering = new Lowering(jaxpr, target);
  jaxpr.equations.forEach((e) => lowering.equation(e));
  return lowering.finish();
}

class Lowering {
  private readonly jaxpr: Jaxpr;
  private readonly maxReads: number;
  private readonly definitions = new Map<Var, Definition>();
  private readonly uses = new Map<Atom, number>();
  private readonly roots: Root[] = [];
  private readonly inputs: readonly Value[];
  private nextId = 0;

  constructor(jaxpr: Jaxpr, target: Target) {
    this.jaxpr = jaxpr;
    this.maxReads = target.maxOperands - 2;
    for (const a of [...jaxpr.equations.flatMap((e) => e.inputs), ...jaxpr.outputs]) {
      this.uses.set(a, (this.uses.get(a) ?? 0) + 1);
    }
    this.inputs = [...jaxpr.constants, ...jaxpr.inputs].map((v) => {
      const value: Value = { id: this.nextId++, aval: v.aval };
      this.definitions.set(v, { aval: v.aval, at: readFrom(value), value, cost: null, operations: [] });
      return value;
    });
  }

  /** Lowers one equation: inlines its results, or makes them roots where its kind needs a kernel of its own. */
  equation(e: Equation): void {
    const operands = e.inputs.map((a) => this.read(a));
    const outs = e.outputs.map((v) => v.aval);
    const lowered = e.primitive.lower(operands.map(asOperand), e.params, outs);
    if (lowered.kind === 'inline') throw new InternalError(`${e.primitive.name} was not inlined`);
    if (lowered.kind === 'procedure' || lowered.kind === 'loop' || lowered.kind === 'branch') {
      throw new InternalError(`${lowered.kind} is not lowered yet`);
    }
    zipExact(e.inputs, operands).forEach(([a, d]) => this.promoteIfDear(a, d, lowered, outs));
    const operations = [...new Set(operands.filter((d) => d.value === null).flatMap((d) => d.operations))];
    const named = [...operations, e.primitive.name].slice(-maxOperations);
    if (lowered.kind === 'map') {
      zipExact(e.outputs, lowered.outputs).forEach(([v, element]) => this.inline(v, element, operands, named));
      return;
    }
    const [v] = e.outputs;
    this.limitReads(operands, () => readsOf(lowered, present(v, 'a result').aval));
    this.define(present(v, 'a result'), lowered, named);
  }

  /** The results as distinct roots. */
  finish(): LoweredJaxpr {
    const outputs: Value[] = [];
    for (const a of this.jaxpr.outputs) {
      const d = this.read(a);
      if (d.value === null) this.promote(d);
      const value = present(d.value, 'a root');
      const fresh = outputs.includes(value) || this.inputs.includes(value);
      outputs.push(fresh ? this.root(d.aval, { kind: 'map', at: readFrom(value) }, ['copy']) : value);
    }
    return { inputs: this.inputs, roots: inOrder(this.roots), outputs };
  }

  private read(a: Atom): Definition {
    if (!(a instanceof Literal)) return present(this.definitions.get(a), 'a definition');
    const value = constant(a.aval.dtype, a.value);
    return { aval: a.aval, at: () => value, value: null, cost: costOf(value), operations: [] };
  }

  /** Stores an operand if computing it at each of its uses would cost more. */
  private promoteIfDear(a: Atom, d: Definition, consumer: Lowered, outs: readonly Aval[]): void {
    if (d.cost === null || d.value !== null || a instanceof Literal) return;
    const uses = this.uses.get(a) ?? 1;
    const amplified = evaluations(consumer, outs) > sizeOf(d.aval.shape) * 1.5;
    const dear =
      (uses > 1 && !cheapToRepeat(d.cost)) ||
      (amplified && !cheapToAmplify(d.cost)) ||
      (consumer.kind === 'contract' && !cheapInContraction(d.cost));
    if (dear) this.promote(d);
  }

  private inline(v: Var, element: Element, operands: readonly Definition[], operations: readonly string[]): void {
    const coordinate = indices(v.aval.shape);
    const cost = this.limitReads(operands, () => [element(coordinate)]);
    const d: Definition = { aval: v.aval, at: memoized(element), value: null, cost, operations };
    this.definitions.set(v, d);
  }

  /** Promotes operands until the expressions read few enough buffers for one kernel. */
  private limitReads(operands: readonly Definition[], expressions: () => readonly Expr[]): Cost {
    for (;;) {
      const costs = expressions().map(costOf);
      const buffers = new Set(costs.flatMap((c) => [...c.buffers]));
      const widest = operands
        .filter((d) => d.value === null && d.cost !== null && d.cost.buffers.size > 1)
        .sort((a, b) => (b.cost?.buffers.size ?? 0) - (a.cost?.buffers.size ?? 0))[0];
      if (buffers.size <= this.maxReads || widest === undefined) {
        const sum = (pick: (c: Cost) => number): number => costs.reduce((n, c) => n + pick(c), 0);
        return { weight: sum((c) => c.weight), loads: sum((c) => c.loads), buffers };
      }
      this.promote(widest);
    }
  }

  private define(v: Var, body: RootBody, operations: readonly string[]): void {
    const value = this.root(v.aval, body, operations);
    this.definitions.set(v, { aval: v.aval, at: readFrom(value), value, cost: null, operations });
  }

  private promote(d: Definition): void {
    d.value = this.root(d.aval, { kind: 'map', at: d.at }, d.operations);
    d.at = readFrom(d.value);
    d.cost = null;
  }

  private root(a: Aval, body: RootBody, operations: readonly string[]): Root {
    const root: Root = { id: this.nextId++, aval: a, body, operations };
    this.roots.push(root);
    return root;
  }
}

/** Reads a definition as it stands when the element is asked for: inlined or, once promoted, from memory. */
const asOperand = (d: Definition): Operand => ({ aval: d.aval, at: (c) => d.at(c) });

/** Elements read from a value's buffer. */
const readFrom =
  (v: Value): Element =>
  (c) =>
    load(v.id, v.aval.dtype, linearize(c, v.aval.shape));

/** How often a consumer evaluates an operand's elements, at most. */
function evaluations(consumer: Lowered, outs: readonly Aval[]): number {
  const size = sizeOf(at(outs, 0).shape);
  return consumer.kind === 'reduce' ? size * product(consumer.reduced) : consumer.kind === 'map' ? size : 0;
}

/** The expressions that a reduction or contraction evaluates. */
function readsOf(body: Extract<Lowered, { kind: 'reduce' | 'contract' }>, out: Aval): readonly Expr[] {
  if (body.kind === 'reduce') {
    return [body.value(indices(out.shape), indices(body.reduced, out.shape.length))];
  }
  const { batch, rows, columns, depth } = contractIndices(body);
  return [body.lhs(batch, rows, depth), body.rhs(batch, columns, depth)];
}

/**
 * Roots, each after those that it reads. They are not made in that order: a value can be promoted after a root that had
 * inlined it, which reads it from then on.
 */
function inOrder(roots: readonly Root[]): readonly Root[] {
  const byId = new Map(roots.map((r) => [r.id, r]));
  const ordered = new Set<Root>();
  const visit = (r: Root): void => {
    if (ordered.has(r)) return;
    const { body, aval: a } = r;
    const expressions = body.kind === 'map' ? [body.at(indices(a.shape))] : readsOf(body, a);
    for (const { operand } of loadsOf(expressions)) {
      const read = byId.get(operand);
      if (read !== undefined) visit(read);
    }
    ordered.add(r);
  };
  roots.forEach(visit);
  return [...ordered];
}

/** Loop variables of a contraction, numbered as its kernel has them. */
export function contractIndices(body: Extract<Lowered, { kind: 'contract' }>): {
  readonly batch: readonly Expr[];
  readonly rows: readonly Expr[];
  readonly columns: readonly Expr[];
  readonly depth: readonly Expr[];
} {
  const counts = [body.batch.length, body.rows.length, body.columns.length] as const;
  return {
    batch: indices(body.batch),
    rows: indices(body.rows, counts[0]),
    columns: indices(body.columns, counts[0] + counts[1]),
    depth: indices(body.depth, counts[0] + counts[1] + counts[2]),
  };
}

/** Remembers the element at each coordinate, as inlining asks for the same ones again and again. */
function memoized(element: Element): Element {
  const known = new Map<string, Expr>();
  return (c) => {
    const key = c.map((e) => e.id).join(',');
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = element(c)));
    return found;
  };
}

/** `add f32[32,10]`, for a kernel's source line. */
export const describeRoot = (r: Root): string => `${r.operations.join(' → ')} ${showAval(r.aval)}`;
