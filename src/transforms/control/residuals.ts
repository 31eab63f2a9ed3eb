import { cheapToRecompute, costOf } from '../../compiler/cost.ts';
import { storedBytes } from '../../kernel/dtype.ts';
import { constant, load } from '../../kernel/expr.ts';
import { indices, linearize } from '../../kernel/index-algebra.ts';
import { sizeOf } from '../../trace/aval.ts';
import { hasEffect } from '../../trace/host-call.ts';
import type { Atom, Equation, Jaxpr } from '../../trace/jaxpr.ts';
import { Literal, Var } from '../../trace/jaxpr.ts';
import type { Lowered, Operand } from '../../trace/primitive.ts';
import { at } from '../../util/array.ts';
import { hasAxisName } from '../batch.ts';

/**
 * What passes from a loop's body to another loop that runs over the same iterations, as the linear part of a scan does:
 * as little as possible is stored once for each iteration.
 */

/** How the second body gets the values that it needs of the first. */
export interface ResidualPlan {
  /** Computes the values, in the second body, from those below. */
  readonly equations: readonly Equation[];
  /** Values that are the same in every iteration: constants of the first body, or computed from them alone. */
  readonly constants: readonly Var[];
  /** Inputs of the first body that change from one iteration to the next and are given from outside. */
  readonly slices: readonly Var[];
  /** Values that have to be stored in every iteration. */
  readonly stacked: readonly Var[];
}

/**
 * Plans how the values `wanted` of a body are had again.
 *
 * @param constants how many of the body's inputs are constants; after them come the carried values.
 * @param exact nothing that varies is computed again: the second body gets the wanted values themselves.
 */
export function planResiduals(
  body: Jaxpr,
  constants: number,
  carries: number,
  wanted: readonly Atom[],
  exact = false,
): ResidualPlan {
  const flow = new Flow(body, constants);
  const slices = body.inputs.slice(constants + carries);
  // Results that are stacked anyway cost nothing more.
  const results = body.outputs.slice(carries).filter((a) => a instanceof Var);
  const given = new Set<Var>([...body.inputs.slice(0, constants), ...slices, ...results]);
  const varying = wanted.filter((a): a is Var => a instanceof Var && !flow.isConstant(a));
  const stored = new Set<Var>(exact ? varying : []);
  for (const v of exact ? [] : flow.inOrder(varying.map((r) => flow.stripped(r, given)))) {
    if (!flow.isCheap(v, new Set([...given, ...stored]))) stored.add(v);
  }
  const free = new Set<Var>([...given, ...stored]);
  const needed = flow.from(wanted, free);
  return {
    equations: needed.equations,
    constants: needed.sources.filter((v) => flow.isConstant(v)),
    slices: slices.filter((v) => needed.sources.includes(v)),
    stacked: needed.sources.filter((v) => !flow.isConstant(v) && !slices.includes(v)),
  };
}

/** A body without what is the same in every iteration. */
export interface Hoisted {
  /** From the body's constants to what became additional ones; null where there is nothing to hoist. */
  readonly invariants: Jaxpr | null;
  /** The additional constants come first. */
  readonly body: Jaxpr;
}

/** Takes out of a loop's body what only depends on its constants, unless it is so cheap that storing it costs more. */
export function hoistInvariants(body: Jaxpr, constants: number): Hoisted {
  let known = hoisted.get(body);
  if (known === undefined) hoisted.set(body, (known = new Map<number, Hoisted>()));
  let result = known.get(constants);
  if (result === undefined) known.set(constants, (result = hoist(body, constants)));
  return result;
}

/** Remembered, as lowering asks more than once. */
const hoisted = new WeakMap<Jaxpr, Map<number, Hoisted>>();

function hoist(body: Jaxpr, constants: number): Hoisted {
  const flow = new Flow(body, constants);
  const given = new Set<Var>(body.inputs.slice(0, constants));
  const fixed = body.equations.filter((e) => flow.isFixed(e));
  const varying = body.equations.filter((e) => !flow.isFixed(e));
  const read = new Set([...varying.flatMap((e) => e.inputs), ...body.outputs]);
  const wanted = [...read].filter((a): a is Var => a instanceof Var && !given.has(a) && flow.isConstant(a));
  const { sources, equations } = flow.from(wanted, given);
  const invariants = sources.filter((v) => !given.has(v));
  if (invariants.length === 0) return { invariants: null, body };
  const kept = new Set<Equation>([...varying, ...equations]);
  return {
    invariants: { ...body, inputs: body.inputs.slice(0, constants), equations: fixed, outputs: invariants },
    body: { ...body, inputs: [...invariants, ...body.inputs], equations: body.equations.filter((e) => kept.has(e)) },
  };
}

/** Where the values of a body come from, and what computing them again would cost. */
class Flow {
  private readonly body: Jaxpr;
  private readonly producers = new Map<Var, Equation>();
  private readonly positions = new Map<Var, number>();
  private readonly weights = new Map<Var, number>();
  private readonly fixed: Set<Var>;

  constructor(body: Jaxpr, constants: number) {
    this.body = body;
    this.fixed = new Set(body.inputs.slice(0, constants));
    body.inputs.forEach((v) => this.positions.set(v, this.positions.size));
    for (const e of body.equations) {
      const isFixed = !hasEffect(e) && e.inputs.every((a) => a instanceof Literal || this.fixed.has(a));
      for (const v of e.outputs) {
        this.producers.set(v, e);
        this.positions.set(v, this.positions.size);
        if (isFixed) this.fixed.add(v);
      }
    }
  }

  /** Is it the same in every iteration? */
  isConstant(v: Var): boolean {
    return this.fixed.has(v);
  }

  /** Does it compute the same in every iteration, and nothing else happens? */
  isFixed(e: Equation): boolean {
    return e.outputs.length > 0 && e.outputs.every((v) => this.fixed.has(v));
  }

  /** Distinct variables in the order in which they are computed. */
  inOrder(variables: readonly Var[]): readonly Var[] {
    return [...new Set(variables)].sort((a, b) => (this.positions.get(a) ?? 0) - (this.positions.get(b) ?? 0));
  }

  /** What a value is a mere rearrangement, repetition or conversion of, if that takes no more storage. */
  stripped(v: Var, given: ReadonlySet<Var>): Var {
    let current = v;
    for (;;) {
      const e = this.producers.get(current);
      const from = e?.inputs.filter((a) => a instanceof Var) ?? [];
      const [source] = from;
      if (given.has(current) || e === undefined || source === undefined || from.length !== 1) return current;
      if (this.ownWeight(e, current) > 0.5 || bytesOf(source) > bytesOf(current)) return current;
      current = source;
    }
  }

  /** Is it cheaper to compute this from what is given than to store it? */
  isCheap(v: Var, given: ReadonlySet<Var>): boolean {
    return cheapToRecompute(this.weight(v, given));
  }

  /** The equations that compute `wanted` from given values, or from others that then are sources too. */
  from(
    wanted: readonly Atom[],
    given: ReadonlySet<Var>,
  ): { readonly equations: readonly Equation[]; readonly sources: readonly Var[] } {
    const used = new Set<Equation>();
    const sources = new Set<Var>();
    const seen = new Set<Var>();
    const visit = (a: Atom): void => {
      if (a instanceof Literal || seen.has(a)) return;
      seen.add(a);
      const e = this.producers.get(a);
      if (given.has(a) || e === undefined) sources.add(a);
      else if (this.isCheap(a, given) || this.stripped(a, given) !== a) {
        used.add(e);
        e.inputs.forEach(visit);
      } else sources.add(a);
    };
    wanted.forEach(visit);
    return { equations: this.body.equations.filter((e) => used.has(e)), sources: this.inOrder([...sources]) };
  }

  private weight(v: Var, given: ReadonlySet<Var>): number {
    if (given.has(v)) return 0;
    const e = this.producers.get(v);
    if (e === undefined) return Infinity;
    let total = this.ownWeight(e, v);
    for (const a of e.inputs) {
      if (!cheapToRecompute(total)) return Infinity;
      if (a instanceof Var) total += this.weight(a, given);
    }
    return total;
  }

  private ownWeight(e: Equation, result: Var): number {
    let weight = this.weights.get(result);
    if (weight === undefined) this.weights.set(result, (weight = weightOf(e, result)));
    return weight;
  }
}

/** Is it a map or a reduction, and nothing else happens? */
export function isMapOrReduction(e: Equation): boolean {
  const kind = hasEffect(e) ? undefined : loweredAlone(e)?.kind;
  return kind === 'map' || kind === 'reduce';
}

/** What a value takes in memory. */
export const bytesOf = (v: Var): number => sizeOf(v.aval.shape) * storedBytes(v.aval.dtype);

/** What an element of an equation's result costs, given those of its operands; infinite if it takes a loop. */
function weightOf(e: Equation, result: Var): number {
  const lowered = loweredAlone(e);
  if (lowered?.kind !== 'map') return Infinity;
  const element = at(lowered.outputs, e.outputs.indexOf(result));
  return costOf(element(indices(result.aval.shape))).weight;
}

/** How an equation is computed if its operands are in memory; null if that depends on where it will be. */
function loweredAlone(e: Equation): Lowered | null {
  // What a collective computes depends on the batch that it will be in.
  if (e.primitive.derivative.kind === 'structural' || hasAxisName(e.params)) return null;
  const operands = e.inputs.map((a, i): Operand => ({
    aval: a.aval,
    at: (c) =>
      a instanceof Literal ? constant(a.aval.dtype, a.value) : load(i, a.aval.dtype, linearize(c, a.aval.shape)),
  }));
  return e.primitive.lower(
    operands,
    e.params,
    e.outputs.map((v) => v.aval),
  );
}
