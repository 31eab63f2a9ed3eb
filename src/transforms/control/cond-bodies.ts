import type { Aval } from '../../trace/aval.ts';
import { showAval } from '../../trace/aval.ts';
import { pruneJaxpr } from '../../trace/dead-code.ts';
import { interned } from '../../trace/intern.ts';
import type { Atom, Equation, Jaxpr } from '../../trace/jaxpr.ts';
import { Var } from '../../trace/jaxpr.ts';
import type { NDArray } from '../../trace/value.ts';
import { at, zipExact } from '../../util/array.ts';
import { present } from '../../util/assert.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import { batchJaxpr, jvpJaxpr, linearizeJaxpr, outputAvals, select, spread, transposeJaxpr } from '../jaxpr-rules.ts';
import { inlinedCalls } from '../call.ts';
import { batchInFront, orZeros, renamed, renamedAtom, withOutputs } from './edit.ts';
import { planResiduals } from './residuals.ts';

/**
 * The branches of conditionals that come of transforming a conditional. All branches of one take the same operands and
 * give the same results, so that what one needs or gives, the others get or give zeros for.
 */

/** Branches that take the same additional operands first. */
export interface Branches {
  readonly branches: readonly Jaxpr[];
  readonly constants: readonly NDArray[];
}

/** Branches that captured different arrays as branches that all take all of these. */
export function unified(callables: readonly Callable[]): Branches {
  const constants = [...new Set(callables.flatMap((c) => c.constants))];
  const branches = callables.map(({ jaxpr, constants: own }) => {
    const captured = constants.map((c) => {
      const i = own.indexOf(c);
      return i < 0 ? new Var(c.aval) : at(jaxpr.inputs, i);
    });
    return interned({ ...jaxpr, inputs: [...captured, ...jaxpr.inputs.slice(own.length)] });
  });
  return { branches, constants };
}

const anyOf = (flags: readonly Flags[]): Flags => at(flags, 0).map((_, i) => flags.some((f) => f[i] === true));

/** Results beyond `n` where `depends` says, for all results that `wanted` marks: zeros where a branch has none. */
const completed = (jaxpr: Jaxpr, n: number, depends: Flags, wanted: Flags, types: readonly Aval[]): Jaxpr =>
  withOutputs(jaxpr, [
    ...jaxpr.outputs.slice(0, n),
    ...orZeros(select(spread(jaxpr.outputs.slice(n), depends), wanted), select(types, wanted)),
  ]);

/** Forward mode: results, then the tangents of those that depend on a tangent in some branch. */
export function jvpBranches(branches: readonly Jaxpr[], varied: Flags): Branches & { readonly depends: Flags } {
  const jvps = branches.map((b) => jvpJaxpr(b, varied));
  const depends = anyOf(jvps.map((j) => j.depends));
  const types = outputAvals(at(branches, 0));
  const complete = jvps.map(({ callable, depends: own }) => ({
    jaxpr: completed(callable.jaxpr, types.length, own, depends, types),
    constants: callable.constants,
  }));
  return { ...unified(complete), depends };
}

/** The transpose: from what is not linear, then flowing cotangents, to the cotangents that are not zero in some branch. */
export function transposedBranches(
  branches: readonly Jaxpr[],
  linear: Flags,
  flowing: Flags,
): Branches & { readonly depends: Flags } {
  const transposed = branches.map((b) => transposeJaxpr(b, { linear, flowing }));
  const depends = anyOf(transposed.map((t) => t.depends));
  const types = select(at(branches, 0).inputs, linear).map((v) => v.aval);
  const complete = transposed.map(({ callable, depends: own }) => ({
    jaxpr: completed(callable.jaxpr, 0, own, depends, types),
    constants: callable.constants,
  }));
  return { ...unified(complete), depends };
}

/** A conditional's values, with what its linear part needs. */
export interface LinearBranches {
  /** The results, then residuals. */
  readonly forward: Branches;
  /** The operands that the linear branches take: those of `forward`, its constants included, and then its results. */
  readonly given: readonly number[];
  /** From `given`, then the tangents of the operands that vary, to the tangents of results that depend on them. */
  readonly linear: readonly Jaxpr[];
  readonly depends: Flags;
}

/** How one branch's linear part is computed. */
interface Part {
  readonly forward: Jaxpr;
  /** Values of the forward branch that the linear one takes; those that are inputs or results need not be stored. */
  readonly sources: readonly Var[];
  readonly equations: readonly Equation[];
  readonly tangents: readonly Var[];
  readonly outputs: readonly (Atom | null)[];
}

/**
 * Linearizes all branches.
 *
 * @param exact every residual itself is given to the linear branches, instead of what it is cheaply computed from.
 */
export function linearBranches(branches: readonly Jaxpr[], varied: Flags, exact: boolean): LinearBranches {
  const linearized = branches.map((b) => linearizeJaxpr(b, varied));
  const n = at(branches, 0).outputs.length;
  const { branches: joined, constants } = unified(
    linearized.map(({ callable }) => ({ ...callable, jaxpr: inlinedCalls(callable.jaxpr) })),
  );
  const parts = zipExact(joined, linearized).map(([forward, { linear, residuals, depends }]): Part => {
    const places = [...forward.inputs.slice(constants.length), ...forward.outputs];
    const wanted = residuals.map((i) => at(places, i));
    const names = new Map(zipExact(linear.inputs.slice(0, wanted.length), wanted));
    const plan = planResiduals({ ...forward, outputs: forward.outputs.slice(0, n) }, 0, 0, wanted, exact);
    return {
      forward,
      sources: [...plan.constants, ...plan.slices, ...plan.stacked],
      equations: [...plan.equations, ...renamed(linear.equations, names)],
      tangents: linear.inputs.slice(wanted.length),
      outputs: spread(
        linear.outputs.map((a) => renamedAtom(a, names)),
        depends,
      ),
    };
  });
  const slots = shareSlots(parts.map((p) => p.sources.filter((v) => !isGiven(p.forward, n, v)).map((v) => v.aval)));
  const filled = parts.map((p) => fillSlots(p, n, slots));
  const inputs = at(joined, 0).inputs.length;
  const results = n + slots.length;
  const used = Array.from({ length: inputs + results }, (_, i) => i).filter((i) =>
    filled.some(({ places }) => places.has(i)),
  );
  const depends = anyOf(linearized.map((l) => l.depends));
  const types = outputAvals(at(branches, 0));
  return {
    forward: { branches: filled.map((f) => interned(f.forward)), constants },
    given: used,
    linear: zipExact(parts, filled).map(([p, { forward, places }]) => {
      const atoms = [...forward.inputs, ...forward.outputs];
      const from = used.map((i) => places.get(i) ?? new Var(at(atoms, i).aval));
      const body = { constants: [], inputs: [...from, ...p.tangents], equations: p.equations, outputs: [] };
      return interned(withOutputs(body, orZeros(select(p.outputs, depends), select(types, depends))));
    }),
    depends,
  };
}

/** Is it an operand or a result of the branch? */
const isGiven = (forward: Jaxpr, n: number, v: Var): boolean =>
  forward.inputs.includes(v) || forward.outputs.slice(0, n).includes(v);

const typeKey = (a: Aval): string => showAval(a);

/** Types of values, enough of each for the branch that has most of it: only one branch is taken. */
function shareSlots(types: readonly (readonly Aval[])[]): readonly Aval[] {
  const most = new Map<string, readonly Aval[]>();
  for (const own of types) {
    const groups = new Map<string, Aval[]>();
    for (const a of own) groups.set(typeKey(a), [...(groups.get(typeKey(a)) ?? []), a]);
    for (const [key, group] of groups) if (group.length > (most.get(key)?.length ?? 0)) most.set(key, group);
  }
  return [...most.values()].flat();
}

/** A branch that stores its residuals in the slots, and where each of its sources is found. */
function fillSlots(
  { forward, sources }: Part,
  n: number,
  slots: readonly Aval[],
): { readonly forward: Jaxpr; readonly places: ReadonlyMap<number, Var> } {
  const stored: (Var | null)[] = slots.map(() => null);
  const places = new Map<number, Var>();
  const inputs = forward.inputs.length;
  for (const v of sources) {
    if (isGiven(forward, n, v)) {
      places.set([...forward.inputs, ...forward.outputs.slice(0, n)].indexOf(v), v);
      continue;
    }
    const slot = slots.findIndex((a, i) => stored[i] === null && typeKey(a) === typeKey(v.aval));
    stored[slot] = v;
    places.set(inputs + n + slot, v);
  }
  return { forward: withOutputs(forward, [...forward.outputs.slice(0, n), ...orZeros(stored, slots)]), places };
}

/** Branches without the results that nothing needs and the operands that none of them needs. */
export function prunedBranches(
  branches: readonly Jaxpr[],
  used: Flags,
): { readonly branches: readonly Jaxpr[]; readonly inputs: Flags } {
  const pruned = branches.map((b) => pruneJaxpr(b, used));
  const inputs = anyOf(pruned.map((p) => p.inputs));
  return {
    branches: zipExact(branches, pruned).map(([b, p]) => ({ ...p.jaxpr, inputs: select(b.inputs, inputs) })),
    inputs,
  };
}

/** What `given` numbers among operands and results. */
export const givenOf = (
  given: readonly number[],
  operands: readonly NDArray[],
  results: readonly NDArray[],
): readonly NDArray[] => given.map((i) => present([...operands, ...results][i], 'a residual'));

/** Branches of whole batches, which come in front: the results that depend on the batch in some branch do in all. */
export function batchedBranches(
  branches: readonly Jaxpr[],
  flags: Flags,
  size: number,
  axisName: string | null,
): Branches & { readonly batched: Flags } {
  const many = branches.map((b) => batchJaxpr(b, { axes: flags.map((f) => (f ? 0 : null)), size, axisName }));
  const batched = anyOf(many.map((m) => m.outAxes.map((a) => a !== null)));
  const placed = many.map(({ callable, outAxes }) => ({
    jaxpr: batchInFront(callable.jaxpr, outAxes, batched, size),
    constants: callable.constants,
  }));
  return { ...unified(placed), batched };
}
