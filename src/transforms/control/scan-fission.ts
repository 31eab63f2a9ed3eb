import { simplifyJaxpr } from '../../compiler/flatten.ts';
import type { DotDimensionNumbers } from '../../lax/dot.ts';
import { dotGeneral, dotGeneralP } from '../../lax/dot.ts';
import { add, addP, negP } from '../../lax/elementwise.ts';
import { bindEquation, evalJaxpr } from '../../trace/interpret.ts';
import { reduceSum, reduceSumP, reshapeP, transposeP } from '../../lax/structural.ts';
import { sizeOf } from '../../trace/aval.ts';
import { withoutDeadCode } from '../../trace/dead-code.ts';
import { hasEffect } from '../../trace/host-call.ts';
import type { Atom, Equation, Jaxpr } from '../../trace/jaxpr.ts';
import { Literal, Var } from '../../trace/jaxpr.ts';
import type { Primitive } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import { at, product, range, zipExact } from '../../util/array.ts';
import { present } from '../../util/assert.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { batchJaxprInFront, select } from '../jaxpr-rules.ts';
import { canBeWritten, cut, fixedPoint, merged, withConstants } from './edit.ts';
import { bytesOf, isMapOrReduction, planResiduals } from './residuals.ts';
import { reachedFrom } from './scan-bodies.ts';
import type { ScanParams } from './scan-loop.ts';

/**
 * Loop fission: takes out of a scan the contractions that need not be done step by step, so that each becomes one large
 * product for all iterations together, which every device computes faster than many small ones.
 *
 * - What depends on the xs alone, such as a recurrent layer's `x · W`, is computed before the loop and becomes another of
 *   its xs.
 * - What only becomes a row of the ys, such as what a layer makes of a recurrent layer's output, is computed after the loop
 *   from stacks of what it is made of.
 * - What is only summed, such as the gradient of its weights, `Σₜ hₜᵀ · δₜ`, likewise.
 *
 * All of it takes memory for stacks of slices, and therefore is done for small slices only.
 */

/** Products of so many multiplications are as fast alone as together. */
const maxMultiplications = 2 ** 25;
/** How much memory the stacks of one loop may take in addition. */
const maxBytes = 2 ** 26;

/** A scan in three parts. */
export interface Fission {
  /** From constants and whole xs to the loop's further xs; null where there are none. */
  readonly before: Jaxpr | null;
  /** The loop that is left. It has fewer carried values, and more xs and ys. */
  readonly inner: ScanParams;
  /** Which carried values are left in it. */
  readonly kept: Flags;
  /**
   * What the others become, and the scan's ys: from what is carried at first, the constants, and the whole xs and ys of
   * `inner`.
   */
  readonly after: (
    init: readonly NDArray[],
    constants: readonly NDArray[],
    xs: readonly NDArray[],
    ys: readonly NDArray[],
  ) => { readonly totals: readonly NDArray[]; readonly ys: readonly NDArray[] };
}

/** Divides a scan; null where nothing is gained by it. */
export function fissionOf(p: ScanParams): Fission | null {
  if (p.length < 2) return null;
  const whole = simplifyJaxpr(p.body);
  const early = takeEarly({ ...p, body: whole });
  const late = takeLate(early?.inner ?? { ...p, body: whole }, early?.bytes ?? 0);
  if (early === null && late === null) return null;
  const carries = range(p.carries).map(() => true);
  return {
    before: early?.before ?? null,
    inner: present(late?.inner ?? early?.inner, 'a loop'),
    kept: late?.kept ?? carries,
    after: late?.after ?? ((_init, _constants, _xs, ys) => ({ totals: [], ys })),
  };
}

// ------------------------------------------------------------------------------------------- before the loop

interface Early {
  readonly before: Jaxpr;
  readonly inner: ScanParams;
  readonly bytes: number;
}

function takeEarly(p: ScanParams): Early | null {
  const { body, constants, carries, length } = p;
  const [fixed, , xs] = cut(body.inputs, constants, carries);
  // Values that are the same in each iteration, and values that depend on slices of the xs too.
  const known = new Set<Atom>(fixed);
  const sliced = new Set<Atom>(xs);
  const products: Equation[] = [];
  for (const e of body.equations) {
    const isProduct = isSmallProduct(e);
    const isKnown = e.inputs.every((a) => a instanceof Literal || known.has(a) || sliced.has(a));
    if (!isKnown || !(isProduct || isMapOrReduction(e))) continue;
    const depends = e.inputs.some((a) => sliced.has(a));
    e.outputs.forEach((v) => (depends ? sliced : known).add(v));
    if (isProduct && depends) products.push(e);
  }
  if (products.length === 0) return null;
  const left = withResults({ ...body, equations: body.equations.filter((e) => !products.includes(e)) }, body.outputs);
  // What only other products read is not wanted in the loop.
  const read = new Set<Atom>([...left.equations.flatMap((e) => e.inputs), ...left.outputs]);
  const wanted = outputsOf(products).filter((v) => read.has(v));
  // Effects happen in the iterations, and are no part of what is computed before.
  const silent = body.equations.filter((e) => !hasEffect(e));
  const made = withResults({ ...body, inputs: [...fixed, ...xs], equations: silent }, wanted);
  const bytes = length * total(outputsOf(made.equations).filter((v) => sliced.has(v)));
  if (bytes > maxBytes) return null;
  const before = allAtOnce(made, fixed.length, length);
  if (before === null) return null;
  return { before, inner: { ...p, body: { ...left, inputs: [...body.inputs, ...wanted] } }, bytes };
}

// -------------------------------------------------------------------------------------------- after the loop

interface Late {
  readonly inner: ScanParams;
  readonly kept: Flags;
  readonly after: Fission['after'];
}

/** A sum over all iterations: of products and sums, perhaps rearranged. */
type Term =
  | { readonly kind: 'sum'; readonly terms: readonly [Term, Term] }
  | { readonly kind: 'moved'; readonly by: Equation; readonly term: Term }
  | { readonly kind: 'leaf'; readonly by: Equation };

/** A carried value that is only added to. */
interface Total {
  readonly carry: number;
  readonly term: Term;
  readonly leaves: readonly Equation[];
}

function takeLate(p: ScanParams, taken: number): Late | null {
  const { body, constants, carries, length } = p;
  const [c, k, x] = cut(body.inputs, constants, carries);
  const [next, ys] = cut(body.outputs, carries);
  const totals = totalsOf(p);
  // Sums alone are as fast in the loop; they follow products that read the same values.
  const products = totals.filter((t) => t.leaves.every(isSmallProduct));
  const rows = rowsOf(p, products);
  const late = new Set<Atom>(outputsOf(rows.equations));
  const left = { ...body, outputs: [...next, ...ys.filter((_, j) => rows.moved[j] !== true)] };
  const plan = (of: readonly Total[]): ReturnType<typeof planResiduals> =>
    planResiduals(left, constants, carries, [...of.flatMap(operandsOf).filter((a) => !late.has(a)), ...rows.read]);
  if (products.length === 0 && rows.equations.length === 0) return null;
  const stacked = new Set(plan(products).stacked);
  const chosen = totals.filter((t) => products.includes(t) || plan([t]).stacked.every((v) => stacked.has(v)));
  const found = plan(chosen);
  if (found.constants.some((v) => !c.includes(v))) return null;
  const stays = ys.filter((_, j) => rows.moved[j] !== true);
  const more = found.stacked.filter((v) => !stays.includes(v));
  const kept = range(carries).map((i) => !chosen.some((t) => t.carry === i));
  const stacks = [...stays, ...more];
  const operands = [...new Set(chosen.flatMap(operandsOf))];
  const moved = select(ys, rows.moved);
  const inputs = [...found.constants, ...found.slices, ...found.stacked];
  const isMade = new Set([...found.equations, ...rows.equations]);
  // What is stacked is not computed once more.
  const equations = body.equations.filter((e) => isMade.has(e) && !e.outputs.some((v) => inputs.includes(v)));
  const between = [...outputsOf(rows.equations), ...operands]
    .filter(isVariable)
    .filter((v) => !ys.includes(v) && !inputs.includes(v));
  if (taken + length * total([...more, ...new Set(between)]) > maxBytes) return null;
  const made = allAtOnce({ constants: [], inputs, equations, outputs: [...operands, ...moved] }, found.constants.length, length); // prettier-ignore
  if (made === null) return null;
  return {
    inner: {
      ...p,
      body: { ...withResults(body, [...select(next, kept), ...stacks]), inputs: [...c, ...select(k, kept), ...x] },
      carries: kept.filter((flag) => flag).length,
    },
    kept,
    after: (init, given, xs, all) => {
      const values = [
        ...found.constants.map((v) => at(given, c.indexOf(v))),
        ...found.slices.map((v) => at(xs, x.indexOf(v))),
        ...found.stacked.map((v) => at(all, stacks.indexOf(v))),
      ];
      const [whole, others] = cut(evalJaxpr(made, [], values), operands.length);
      const stackOf = new Map<Atom, NDArray>(zipExact(operands, whole));
      return {
        totals: chosen.map((t) => add(at(init, t.carry), summed(t.term, stackOf))),
        ys: merged(rows.moved, all, others),
      };
    },
  };
}

const operandsOf = ({ leaves }: Total): readonly Atom[] => leaves.flatMap((e) => e.inputs);

/** A Jaxpr for all iterations at once, with the stack's axis in front; null where it would hold large arrays. */
function allAtOnce(jaxpr: Jaxpr, constants: number, length: number): Jaxpr | null {
  const axes = jaxpr.inputs.map((_, i) => (i < constants ? null : 0));
  const { callable } = batchJaxprInFront(jaxpr, { axes, size: length, axisName: null });
  if (!canBeWritten(callable.constants)) return null;
  const [captured, inputs] = cut(callable.jaxpr.inputs, callable.constants.length);
  return withConstants({
    jaxpr: { ...callable.jaxpr, constants: captured, inputs },
    constants: callable.constants,
  });
}

/** A Jaxpr of other results, with all its inputs. */
const withResults = (jaxpr: Jaxpr, outputs: readonly Atom[]): Jaxpr => ({
  ...withoutDeadCode({ ...jaxpr, outputs }),
  inputs: jaxpr.inputs,
});

/** Results that nothing in the loop reads, and that products lead to. */
interface Rows {
  /** Which of the ys they are. */
  readonly moved: Flags;
  /** What computes them and nothing else. */
  readonly equations: readonly Equation[];
  /** What those read. */
  readonly read: readonly Atom[];
}

/** @param totals what is taken out of the loop anyway. */
function rowsOf({ body, carries, constants }: ScanParams, totals: readonly Total[]): Rows {
  const [next, ys] = cut(body.outputs, carries);
  const varies = reachedFrom(body, body.inputs.slice(constants));
  const live = (outputs: readonly Atom[]): ReadonlySet<Atom> =>
    new Set(outputsOf(withoutDeadCode({ ...body, outputs }).equations));
  const canMove = (equations: readonly Equation[]): boolean =>
    equations.some((e) => isSmallProduct(e) && e.inputs.some((a) => varies.has(a))) &&
    equations.every((e) => isSmallProduct(e) || isMapOrReduction(e));
  const left = next.filter((_, i) => !totals.some((t) => t.carry === i));
  // What one row keeps in the loop is no other row's own.
  const { flags: staying, result: own } = fixedPoint(
    ys.map(() => false),
    (flags) => {
      const core = live([...left, ...select(ys, flags)]);
      const ownOf = (y: Atom): readonly Equation[] => {
        const needed = live([y]);
        return body.equations.filter((e) => e.outputs.some((v) => needed.has(v) && !core.has(v)));
      };
      const result = ys.map(ownOf);
      return { flags: result.map((equations) => !canMove(equations)), result };
    },
  );
  const moved = staying.map((stays) => !stays);
  const equations = body.equations.filter((e) => own.some((of, j) => moved[j] === true && of.includes(e)));
  const made = new Set<Atom>(outputsOf(equations));
  const read = equations.flatMap((e) => e.inputs).filter((a) => !made.has(a) && !(a instanceof Literal));
  return { moved, equations, read: [...new Set(read)] };
}

/** The carried values that nothing reads but the addition that makes the next one. */
function totalsOf({ body, constants, carries }: ScanParams): readonly Total[] {
  const producers = new Map<Atom, Equation>(body.equations.flatMap((e) => e.outputs.map((v) => [v, e] as const)));
  const uses = new Map<Atom, number>();
  for (const a of [...body.equations.flatMap((e) => e.inputs), ...body.outputs]) uses.set(a, (uses.get(a) ?? 0) + 1);
  const varies = reachedFrom(body, body.inputs.slice(constants));
  const once = (a: Atom): Equation | undefined => (uses.get(a) === 1 ? producers.get(a) : undefined);
  const termOf = (a: Atom): Term | null => {
    const e = once(a);
    if (e === undefined) return null;
    if (is(e, dotGeneralP) || is(e, reduceSumP)) {
      return e.inputs.every((operand) => varies.has(operand)) ? { kind: 'leaf', by: e } : null;
    }
    if (is(e, addP)) {
      const [left, right] = e.inputs.map(termOf);
      return left && right ? { kind: 'sum', terms: [left, right] } : null;
    }
    const term = is(e, transposeP) || is(e, reshapeP) || is(e, negP) ? termOf(at(e.inputs, 0)) : null;
    return term && { kind: 'moved', by: e, term };
  };
  return range(carries).flatMap((i) => {
    const before = at(body.inputs, constants + i);
    const e = once(at(body.outputs, i));
    if (e === undefined || !is(e, addP) || uses.get(before) !== 1 || !e.inputs.includes(before)) return [];
    const term = termOf(at(e.inputs, e.inputs[0] === before ? 1 : 0));
    return term === null ? [] : [{ carry: i, term, leaves: leavesOf(term) }];
  });
}

const leavesOf = (term: Term): readonly Equation[] =>
  term.kind === 'leaf' ? [term.by] : term.kind === 'moved' ? leavesOf(term.term) : term.terms.flatMap(leavesOf);

/** A term of all iterations together. */
function summed(term: Term, stackOf: ReadonlyMap<Atom, NDArray>): NDArray {
  if (term.kind === 'sum') return add(summed(term.terms[0], stackOf), summed(term.terms[1], stackOf));
  if (term.kind === 'moved') return at(bindEquation(term.by, [summed(term.term, stackOf)]), 0);
  const [left, right] = term.by.inputs.map((a) => present(stackOf.get(a), 'a stack'));
  if (left !== undefined && right !== undefined)
    return dotGeneral(left, right, overAll(term.by.params as DotDimensionNumbers));
  const { axes } = term.by.params as { readonly axes: readonly number[] };
  return reduceSum(present(left, 'a stack'), [0, ...axes.map(behindStack)]);
}

const behindStack = (axis: number): number => axis + 1;

/** A product of stacks that sums over the stack's axis too. */
function overAll({ contracting, batch }: DotDimensionNumbers): DotDimensionNumbers {
  const [left, right] = contracting.map((axes) => [0, ...axes.map(behindStack)]);
  const [l, r] = batch.map((axes) => axes.map(behindStack));
  return { contracting: [left ?? [], right ?? []], batch: [l ?? [], r ?? []] };
}

// ---------------------------------------------------------------------------------------------------- helpers

const is = <P, N extends number>(e: Equation, primitive: Primitive<P, N>): boolean =>
  e.primitive === (primitive as unknown as Primitive);

/** A product that is faster together with those of other iterations. */
function isSmallProduct(e: Equation): boolean {
  if (!is(e, dotGeneralP)) return false;
  const { contracting } = e.params as DotDimensionNumbers;
  const { shape } = at(e.inputs, 0).aval;
  const depth = product(at(contracting, 0).map((axis) => at(shape, axis)));
  return depth * sizeOf(at(e.outputs, 0).aval.shape) <= maxMultiplications;
}

const isVariable = (a: Atom): a is Var => a instanceof Var;

const outputsOf = (equations: readonly Equation[]): readonly Var[] => equations.flatMap((e) => e.outputs);

const total = (values: readonly Var[]): number => values.reduce((n, v) => n + bytesOf(v), 0);
