import type { Target } from '../kernel/device.ts';
import { computedIn } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { constant, load, loadsOf } from '../kernel/expr.ts';
import { iadd, imul, indices, linearize } from '../kernel/index-algebra.ts';
import { narrow } from '../kernel/narrow.ts';
import { ProcedureWriter, statementExpressions } from '../kernel/procedure.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { aval, showAval, sizeOf } from '../trace/aval.ts';
import type { Atom, Equation, Jaxpr, Var } from '../trace/jaxpr.ts';
import { Literal } from '../trace/jaxpr.ts';
import type { Cells, Element, Lowered, Operand, Procedure } from '../trace/primitive.ts';
import { present } from '../util/assert.ts';
import { at, product, zipExact } from '../util/array.ts';
import { InternalError } from '../util/error.ts';
import { joinScopes } from '../util/origin.ts';
import type { Alias, Aliases } from './aliases.ts';
import { behind } from './aliases.ts';
import type { Cost } from './cost.ts';
import { cheapInContraction, cheapToAmplify, cheapToRepeat, costOf, partsOfDepth } from './cost.ts';
import { simplifyJaxpr } from './flatten.ts';

/**
 * From equations to nodes: the values that get a buffer, each with how it is computed. All other values are inlined
 * into their consumers, so that movement and elementwise operations vanish.
 */

/** A value that lives in a buffer. Loads in expressions name it by `id`; fusion and the plan give it storage. */
export interface Value {
  readonly id: number;
  readonly aval: Aval;
}

/** A value and the loop nest that computes it. */
export interface Root extends Value {
  readonly kind: 'root';
  readonly body: RootBody;
  /** The operations it came from, first to last, for names. */
  readonly operations: readonly string[];
}

type Contraction = Extract<Lowered, { kind: 'contract' }>;

/** How a root is computed. */
export type RootBody =
  { readonly kind: 'map'; readonly at: Element } | Extract<Lowered, { kind: 'reduce' | 'contract' }>;

/** What no single loop nest computes: a procedure, or other nodes repeated or chosen. It has a kernel or step of its own. */
export interface Task {
  readonly kind: 'task';
  readonly results: readonly Value[];
  /** For each result: the value whose elements it has at first, or null. */
  readonly starts: readonly (Value | null)[];
  readonly body: TaskBody;
  readonly operations: readonly string[];
}

/** How a task computes its results. In expressions, a procedure's results and scratch are operands by their ids. */
export type TaskBody =
  | {
      readonly kind: 'procedure';
      readonly domain: Shape;
      readonly scratch: readonly Value[];
      readonly write: () => ProcedureWriter;
    }
  /** Inside its blocks, a loop's results are what it carries. The test's only output is the condition. */
  | { readonly kind: 'loop'; readonly trips: number | null; readonly test: Block | null; readonly body: Block }
  | { readonly kind: 'branch'; readonly index: Value; readonly branches: readonly Block[] };

/** Nodes in an order in which each reads only earlier ones, and values from outside. */
export interface Block {
  readonly nodes: readonly Node[];
  /** What its results are: distinct values that nodes of the block compute. Null is a carried value that stays as it is. */
  readonly outputs: readonly (Value | null)[];
}

export type Node = Root | Task;

/** A Jaxpr as nodes. */
export interface LoweredJaxpr extends Block {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Names that nodes read values by, in blocks inside them too. */
  readonly aliases: Aliases;
}

/** A variable while consumers are lowered: inlined by `at`, until it is promoted to a root. */
interface Definition {
  readonly aval: Aval;
  at: Element;
  value: Value | null;
  /** Of one element; null for a value in memory. */
  cost: Cost | null;
  readonly operations: readonly string[];
  /** Will any other values do, where something begins with these? */
  readonly arbitrary?: boolean;
}

const maxOperations = 8;

/** What a program and all blocks in it share while they are lowered. */
interface Progress {
  /** The id of the next value. */
  nextId: number;
  /** How many blocks are complete. What an element was before may read less from memory than it does now. */
  blocksDone: number;
  readonly aliases: Map<number, Alias>;
}

/** Lowers a flat Jaxpr. */
export function lowerJaxpr(jaxpr: Jaxpr, target: Target): LoweredJaxpr {
  const progress: Progress = { nextId: 0, blocksDone: 0, aliases: new Map() };
  const inputs = [...jaxpr.constants, ...jaxpr.inputs].map((v): Value => ({ id: progress.nextId++, aval: v.aval }));
  const lowering = new Lowering(jaxpr, target, progress, inputs.map(inMemory));
  const nodes = lowering.nodes();
  return { inputs, ...nodes, outputs: nodes.outputs.map((v) => present(v, 'an output')), aliases: progress.aliases };
}

class Lowering {
  private readonly jaxpr: Jaxpr;
  private readonly target: Target;
  private readonly definitions = new Map<Var, Definition>();
  private readonly uses = new Map<Atom, number>();
  private readonly made: Node[] = [];
  private readonly progress: Progress;

  /** @param inputs what the Jaxpr's constants and inputs are: values of this block's surroundings. */
  constructor(jaxpr: Jaxpr, target: Target, progress: Progress, inputs: readonly Definition[]) {
    this.jaxpr = jaxpr;
    this.target = target;
    this.progress = progress;
    for (const a of [...jaxpr.equations.flatMap((e) => e.inputs), ...jaxpr.outputs]) {
      this.uses.set(a, (this.uses.get(a) ?? 0) + 1);
    }
    for (const [v, d] of zipExact([...jaxpr.constants, ...jaxpr.inputs], inputs)) this.definitions.set(v, d);
  }

  /**
   * Lowers the equations and the results.
   *
   * @param carried the values that the results will be written over, if this is a loop's body.
   */
  nodes(carried: readonly Value[] = []): Block {
    this.jaxpr.equations.forEach((e) => this.equation(e));
    const outputs: (Value | null)[] = [];
    this.jaxpr.outputs.forEach((a, i) => {
      const d = this.read(a);
      const value = this.promote(d);
      const own = this.made.some((n) => n === value || (n.kind === 'task' && n.results.includes(value)));
      if (value === carried[i]) outputs.push(null);
      else if (own && !outputs.includes(value)) outputs.push(value);
      else outputs.push(this.root(d.aval, { kind: 'map', at: readFrom(value) }, ['copy']));
    });
    this.progress.blocksDone += 1;
    return { nodes: inOrder(this.made, this.progress.aliases), outputs };
  }

  /** Lowers one equation: inlines its results, or makes them nodes where its kind needs a kernel of its own. */
  private equation(e: Equation): void {
    const operands = e.inputs.map((a) => this.read(a));
    const outs = e.outputs.map((v) => v.aval);
    const lowered = e.primitive.lower(operands.map(asOperand), e.params, outs);
    zipExact(e.inputs, operands).forEach(([a, d]) => this.promoteIfDear(a, d, lowered, outs));
    const operations = [...new Set(operands.filter((d) => d.value === null).flatMap((d) => d.operations))];
    const named = [...operations, joinScopes(e.origin?.scope ?? '', e.primitive.name)].slice(-maxOperations);
    switch (lowered.kind) {
      case 'host':
      case 'inline':
        throw new InternalError(`${e.primitive.name} was not inlined`);
      case 'map':
        zipExact(e.outputs, lowered.outputs).forEach(([v, element]) =>
          this.inline(v, element, operands, named, lowered.arbitrary),
        );
        return;
      case 'reduce':
      case 'contract': {
        const v = at(e.outputs, 0);
        this.limitReads(operands, () => readsOf(lowered, v.aval));
        this.define(
          v,
          this.root(v.aval, lowered.kind === 'reduce' ? lowered : this.inParts(lowered, v.aval, named), named),
        );
        return;
      }
      case 'procedure':
        return this.procedure(e, lowered, operands, named);
      case 'loop':
        return this.loop(e, lowered, operands);
      case 'branch':
        return this.branch(e, lowered, operands);
      case 'barrier':
        return this.barrier(e, operands);
    }
  }

  /** A contraction, or the sum of its parts, each over a part of the depth's outermost axis. */
  private inParts(body: Contraction, out: Aval, named: readonly string[]): RootBody {
    const [outermost = 1, ...inner] = body.depth;
    const parts = partsOfDepth(this.target.splits, sizeOf(out.shape), body.depth);
    if (parts === 1) return body;
    const length = outermost / parts;
    const whole = ([part, ...b]: readonly Expr[], [k, ...ks]: readonly Expr[]) =>
      [b, [iadd(imul(part as Expr, length), k as Expr), ...ks]] as const;
    const partial = this.root(
      aval([parts, ...out.shape], computedIn(out.dtype)),
      {
        ...body,
        batch: [parts, ...body.batch],
        depth: [length, ...inner],
        lhs: (b, m, k) => {
          const [batch, depth] = whole(b, k);
          return body.lhs(batch, m, depth);
        },
        rhs: (b, n, k) => {
          const [batch, depth] = whole(b, k);
          return body.rhs(batch, n, depth);
        },
        coordinate: ([part, ...b], m, n) => [part as Expr, ...body.coordinate(b, m, n)],
      },
      named,
    );
    const at = readFrom(partial);
    return { kind: 'reduce', monoid: 'add', reduced: [parts], value: (c, k) => at([...k, ...c]) };
  }

  private procedure(e: Equation, lowered: Procedure, operands: readonly Definition[], named: readonly string[]): void {
    const starts = lowered.starts.map((i) => (i === null ? null : this.begin(at(operands, i))));
    const results = e.outputs.map((v) => this.value(v.aval));
    // What a procedure works with is kept as it is computed.
    const scratch = lowered.scratch.map((s) => this.value(aval(s.shape, computedIn(s.dtype))));
    const write = (): ProcedureWriter => {
      const p = new ProcedureWriter();
      lowered.write(p, indices(lowered.domain), results.map(cellsOf(p)), scratch.map(cellsOf(p)));
      return p;
    };
    this.limitReads(operands, () => statementExpressions(write().body), results.length + scratch.length);
    const body = { kind: 'procedure', domain: lowered.domain, scratch, write } as const;
    this.task(e, { kind: 'task', results, starts, body, operations: named });
  }

  private loop(e: Equation, lowered: Extract<Lowered, { kind: 'loop' }>, operands: readonly Definition[]): void {
    const { conditionConstants, bodyConstants, trips } = lowered;
    const first = conditionConstants + bodyConstants;
    const starts = operands.slice(first).map((d) => (d.arbitrary === true && trips !== null ? null : this.begin(d)));
    const results = e.outputs.map((v) => this.value(v.aval));
    const carried = results.map(inMemory);
    const block = (jaxpr: Jaxpr, constants: readonly Definition[]): Lowering =>
      this.inner(jaxpr, [...constants.map((d) => this.shared(d)), ...carried]);
    const test =
      lowered.condition === null ? null : block(lowered.condition, operands.slice(0, conditionConstants)).nodes();
    const body = block(lowered.body, operands.slice(conditionConstants, first)).nodes(results);
    this.task(e, {
      kind: 'task',
      results,
      starts,
      body: { kind: 'loop', trips, test, body },
      operations: [e.primitive.name],
    });
  }

  private branch(e: Equation, lowered: Extract<Lowered, { kind: 'branch' }>, operands: readonly Definition[]): void {
    const [choice, ...rest] = operands;
    const index = this.promote(present(choice, 'an index'));
    const branches = lowered.branches.map((jaxpr) =>
      this.inner(
        jaxpr,
        rest.map((d) => this.shared(d)),
      ).nodes(),
    );
    const results = e.outputs.map((v) => this.value(v.aval));
    const starts = results.map(() => null);
    this.task(e, { kind: 'task', results, starts, body: { kind: 'branch', index, branches }, operations: [e.primitive.name] }); // prettier-ignore
  }

  /** Operands are stored, and read by other names from here on; what reads nothing passes as it is. */
  private barrier(e: Equation, operands: readonly Definition[]): void {
    const stored = operands.map((d) => (d.cost?.buffers.size === 0 ? null : this.promote(d)));
    const after = [...new Set(stored.flatMap((v) => (v === null ? [] : behind(this.progress.aliases, v.id))))];
    zipExact(e.outputs, stored).forEach(([v, value], i) => {
      if (value === null) this.definitions.set(v, { ...at(operands, i) });
      else this.define(v, this.alias(this.progress.aliases.get(value.id)?.of ?? value, after));
    });
  }

  private alias(of: Value, after: readonly number[]): Value {
    const name = this.value(of.aval);
    this.progress.aliases.set(name.id, { of, after });
    return name;
  }

  private task(e: Equation, task: Task): void {
    this.made.push(task);
    zipExact(e.outputs, task.results).forEach(([v, value]) => this.define(v, value));
  }

  private inner(jaxpr: Jaxpr, inputs: readonly Definition[]): Lowering {
    return new Lowering(simplifyJaxpr(jaxpr), this.target, this.progress, inputs);
  }

  /** A definition as an inner block sees it: read from memory, or cheap enough to be computed there. */
  private shared(d: Definition): Definition {
    return isFree(d) ? { ...d } : inMemory(this.promote(d));
  }

  private read(a: Atom): Definition {
    if (!(a instanceof Literal)) return present(this.definitions.get(a), 'a definition');
    const value = constant(a.aval.dtype, a.value);
    return { aval: a.aval, at: () => value, value: null, cost: costOf(value), operations: [] };
  }

  /** Stores an operand if computing it at each of its uses would cost more. */
  private promoteIfDear(a: Atom, d: Definition, consumer: Lowered, outs: readonly Aval[]): void {
    if (d.cost === null || d.value !== null || a instanceof Literal) return;
    if (consumer.kind === 'loop' || consumer.kind === 'branch' || consumer.kind === 'barrier') return;
    const uses = this.uses.get(a) ?? 1;
    const amplified = evaluations(consumer, outs) > sizeOf(d.aval.shape) * 1.5;
    const dear =
      (uses > 1 && !cheapToRepeat(d.cost)) ||
      (amplified && !cheapToAmplify(d.cost)) ||
      (consumer.kind === 'contract' && !cheapInContraction(d.cost)) ||
      (consumer.kind === 'procedure' && !consumer.readsOnce && !isFree(d));
    if (dear) this.promote(d);
  }

  private inline(
    v: Var,
    raw: Element,
    operands: readonly Definition[],
    operations: readonly string[],
    arbitrary = false,
  ): void {
    const coordinate = indices(v.aval.shape);
    const element: Element = (c) => narrow(v.aval.dtype, raw(c));
    const cost = this.limitReads(operands, () => [element(coordinate)]);
    const d: Definition = {
      aval: v.aval,
      at: memoized(element, this.progress),
      value: null,
      cost,
      operations,
      arbitrary,
    };
    this.definitions.set(v, d);
  }

  /** Promotes operands until the expressions read few enough buffers for one kernel that writes `writes` others. */
  private limitReads(operands: readonly Definition[], expressions: () => readonly Expr[], writes = 2): Cost {
    for (;;) {
      const costs = expressions().map((e) => costOf(e));
      const buffers = new Set(costs.flatMap((c) => [...c.buffers]));
      const widest = operands
        .filter((d) => d.value === null && d.cost !== null && d.cost.buffers.size > 1)
        .sort((a, b) => (b.cost?.buffers.size ?? 0) - (a.cost?.buffers.size ?? 0))[0];
      if (buffers.size <= this.target.maxOperands - writes || widest === undefined) {
        const sum = (pick: (c: Cost) => number): number => costs.reduce((n, c) => n + pick(c), 0);
        return { weight: sum((c) => c.weight), loads: sum((c) => c.loads), buffers };
      }
      this.promote(widest);
    }
  }

  private define(v: Var, value: Value): void {
    this.definitions.set(v, inMemory(value));
  }

  /** The value of a definition in memory; makes it a root if it is not there yet. */
  private promote(d: Definition): Value {
    if (d.value !== null) return d.value;
    const value = this.root(d.aval, { kind: 'map', at: d.at }, d.operations);
    d.value = value;
    // Zeros and the like are never read from memory, though something else needs them there.
    if (isFree(d)) return value;
    d.at = readFrom(value);
    d.cost = null;
    return value;
  }

  /** What a result starts as, which is written over. What is free is made for it alone: that costs less than a copy. */
  private begin(d: Definition): Value {
    return isFree(d) ? this.root(d.aval, { kind: 'map', at: d.at }, d.operations) : this.promote(d);
  }

  private value(a: Aval): Value {
    return { id: this.progress.nextId++, aval: a };
  }

  private root(a: Aval, body: RootBody, operations: readonly string[]): Root {
    const root: Root = { kind: 'root', ...this.value(a), body, operations };
    this.made.push(root);
    return root;
  }
}

/** Is a value computed from nothing, by next to nothing? */
const isFree = ({ cost }: Definition): boolean => cost !== null && cost.loads === 0 && cheapToAmplify(cost);

/** Reads a definition as it stands when the element is asked for: inlined or, once promoted, from memory. */
const asOperand = (d: Definition): Operand => ({ aval: d.aval, at: (c) => d.at(c) });

/** Elements read from a value's buffer. */
const readFrom =
  (v: Value): Element =>
  (c) =>
    load(v.id, v.aval.dtype, linearize(c, v.aval.shape));

const inMemory = (value: Value): Definition => ({
  aval: value.aval,
  at: readFrom(value),
  value,
  cost: null,
  operations: [],
});

/** A value as a procedure reads and writes it. */
const cellsOf =
  (p: ProcedureWriter) =>
  (v: Value): Cells => ({
    shape: v.aval.shape,
    dtype: v.aval.dtype,
    at: readFrom(v),
    set: (c, e) => p.store(v.id, linearize(c, v.aval.shape), narrow(v.aval.dtype, e)),
  });

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
 * Nodes, each after those that it reads. They are not made in that order: a value can be promoted after a node that had
 * inlined it, which reads it from then on.
 */
function inOrder(nodes: readonly Node[], aliases: Aliases): readonly Node[] {
  const maker = new Map(nodes.flatMap((n) => (n.kind === 'root' ? [n] : n.results).map((v) => [v.id, n] as const)));
  const ordered = new Set<Node>();
  const visit = (n: Node): void => {
    if (ordered.has(n)) return;
    for (const id of nodeReads(n)) {
      for (const needed of behind(aliases, id)) {
        const read = maker.get(needed);
        // A task reads what it has written itself.
        if (read !== undefined && read !== n) visit(read);
      }
    }
    ordered.add(n);
  };
  nodes.forEach(visit);
  return [...ordered];
}

const operandsIn = (expressions: readonly Expr[]): ReadonlySet<number> =>
  new Set(loadsOf(expressions).map((l) => l.operand));

/** Ids of the values that a node needs to have in memory. */
export const nodeReads = (n: Node): ReadonlySet<number> => (n.kind === 'root' ? rootReads(n) : taskReads(n));

const rootReads = ({ body, aval: a }: Root): ReadonlySet<number> =>
  operandsIn(body.kind === 'map' ? [body.at(indices(a.shape))] : readsOf(body, a));

/** Ids of the values that a task needs: those that its results start as, and what it reads. */
function taskReads({ starts, body }: Task): ReadonlySet<number> {
  return new Set([...starts.flatMap((v) => (v === null ? [] : [v.id])), ...bodyReads(body)]);
}

function bodyReads(body: TaskBody): readonly number[] {
  switch (body.kind) {
    case 'procedure':
      return [...operandsIn(statementExpressions(body.write().body))];
    case 'loop':
      return [...(body.test === null ? [] : blockReads(body.test)), ...blockReads(body.body)];
    case 'branch':
      return [body.index.id, ...body.branches.flatMap(blockReads)];
  }
}

const blockReads = ({ nodes }: Block): readonly number[] => nodes.flatMap((n) => [...nodeReads(n)]);

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

/**
 * Remembers the element at each coordinate, as inlining asks for the same ones again and again. When a block is complete
 * all is forgotten: values may have been promoted since an element was made, and from here on the order of nodes, kernels
 * and their reads must all come from the same elements.
 */
function memoized(element: Element, progress: Progress): Element {
  const known = new Map<string, Expr>();
  let since = progress.blocksDone;
  return (c) => {
    if (since !== progress.blocksDone) {
      known.clear();
      since = progress.blocksDone;
    }
    const key = c.map((e) => e.id).join(',');
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = element(c)));
    return found;
  };
}

/** `add f32[32,10]`, for a kernel's source line. */
export const describeNode = (n: Node): string =>
  `${n.operations.join(' → ')} ${(n.kind === 'root' ? [n] : n.results).map((v) => showAval(v.aval)).join(', ')}`;
