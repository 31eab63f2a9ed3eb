import { addP } from '../../lax/elementwise.ts';
import { pruneJaxpr } from '../../trace/dead-code.ts';
import { hasEffect } from '../../trace/host-call.ts';
import type { Atom, Equation, Jaxpr } from '../../trace/jaxpr.ts';
import { Var } from '../../trace/jaxpr.ts';
import type { Primitive } from '../../trace/primitive.ts';
import { at, zipExact } from '../../util/array.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import {
  batchJaxpr,
  jvpJaxpr,
  linearizeJaxpr,
  memoized,
  nonNull,
  outputAvals,
  select,
  spread,
  transposeJaxpr,
} from '../jaxpr-rules.ts';
import { inlinedCalls } from '../call.ts';
import { batchInFront, count, cut, fixedPoint, orZeros, renamed, renamedAtom, withOutputs } from './edit.ts';
import { planResiduals } from './residuals.ts';

/**
 * The bodies of scans that come of transforming a scan. A body's inputs are constants, then carried values, then slices of
 * the xs; its results the next carried values, then slices of the ys. Which carried values are affected is a fixed
 * point: one that is affected at the end of an iteration is so at the start of the next.
 */

/** How a body's inputs are divided. */
export interface Layout {
  readonly constants: number;
  readonly carries: number;
}

// ------------------------------------------------------------------------------------------------- forward mode

/** The body of values and tangents: each group of inputs and of results is followed by its tangents. */
export interface JvpBody {
  readonly callable: Callable;
  /** Which carried values have a tangent. */
  readonly carried: Flags;
  /** Which of the stacked results have one. */
  readonly stacked: Flags;
}

export const jvpBody = memoized(
  (body: Jaxpr, { constants, carries, varied }: Layout & { readonly varied: Flags }): JvpBody => {
    const [c, k, x] = cut(varied, constants, carries);
    const { flags: carried, result } = fixedPoint(k, (flags) => {
      const jvp = jvpJaxpr(body, [...c, ...flags, ...x]);
      return { flags: jvp.depends.slice(0, carries), result: jvp };
    });
    const { jaxpr, constants: captured } = result.callable;
    const n = body.inputs.length;
    const [e, pc, pk, px, rest] = cut(jaxpr.inputs, captured.length, constants, carries, n - constants - carries);
    const [tc, tk, tx] = cut(rest, count(c), count(carried));
    const [outs, tangents] = cut(jaxpr.outputs, body.outputs.length);
    const all = spread(tangents, result.depends);
    const types = outputAvals(body);
    return {
      callable: {
        jaxpr: withOutputs({ ...jaxpr, inputs: [...e, ...pc, ...tc, ...pk, ...tk, ...px, ...tx] }, [
          ...outs.slice(0, carries),
          ...orZeros(select(all.slice(0, carries), carried), select(types.slice(0, carries), carried)),
          ...outs.slice(carries),
          ...nonNull(all.slice(carries)),
        ]),
        constants: captured,
      },
      carried,
      stacked: result.depends.slice(carries),
    };
  },
);

// ------------------------------------------------------------------------------------- two loops from one body

/** A body that also gives what a second loop over the same iterations needs, and where that finds it. */
export interface Forward {
  readonly callable: Callable;
  /** From the constants to further ones that the second loop needs; null where there are none. */
  readonly invariants: Jaxpr | null;
  /** The second loop's first constants: positions among the constants of `callable`, followed by `invariants`. */
  readonly constants: readonly number[];
  /** The second loop's first xs: positions among the first loop's xs, then among its ys. */
  readonly slices: readonly number[];
  readonly stacked: readonly number[];
}

/** What begins the second body: its inputs and the equations that make the wanted values of them. */
interface Prefix {
  readonly constants: readonly Var[];
  readonly slices: readonly Var[];
  readonly equations: readonly Equation[];
}

function forwardOf(
  { jaxpr, constants: captured }: Callable,
  { constants, carries }: Layout,
  wanted: readonly Atom[],
): Forward & { readonly prefix: Prefix } {
  const plan = planResiduals(jaxpr, constants, carries, wanted);
  const ys = jaxpr.outputs.slice(carries);
  const more = plan.stacked.filter((v) => !ys.includes(v));
  const inputs = jaxpr.inputs.slice(0, constants);
  const computed = plan.constants.filter((v) => !inputs.includes(v));
  // Effects happen in the iterations, and are no part of what is computed once.
  const pruned = pruneJaxpr(
    { ...jaxpr, equations: jaxpr.equations.filter((e) => !hasEffect(e)), outputs: computed },
    computed.map(() => true),
  );
  return {
    callable: { jaxpr: withOutputs(jaxpr, [...jaxpr.outputs, ...more]), constants: captured },
    invariants: computed.length === 0 ? null : { ...pruned.jaxpr, inputs },
    constants: plan.constants.map((v) => [...inputs, ...computed].indexOf(v)),
    slices: plan.slices.map((v) => jaxpr.inputs.slice(constants + carries).indexOf(v)),
    stacked: plan.stacked.map((v) => [...ys, ...more].indexOf(v)),
    prefix: { constants: plan.constants, slices: [...plan.slices, ...plan.stacked], equations: plan.equations },
  };
}

// ----------------------------------------------------------------------------------------------- linearization

/** A scan's values, with what its linear part needs. */
export interface LinearBody extends Forward {
  /** The linear scan's body: constants, tangents of constants; tangents carried; slices, tangents of slices. */
  readonly linear: Jaxpr;
  readonly carried: Flags;
  readonly stackedTangents: Flags;
}

export const linearBody = memoized(
  (body: Jaxpr, { constants, carries, varied }: Layout & { readonly varied: Flags }): LinearBody => {
    const [c, k, x] = cut(varied, constants, carries);
    const { flags: carried, result } = fixedPoint(k, (flags) => {
      const lin = linearizeJaxpr(body, [...c, ...flags, ...x]);
      return { flags: lin.depends.slice(0, carries), result: lin };
    });
    const captured = result.callable.constants;
    const whole = inlinedCalls(result.callable.jaxpr);
    const places = [...whole.inputs.slice(captured.length), ...whole.outputs];
    const wanted = result.residuals.map((i) => at(places, i));
    const primal = { ...whole, outputs: whole.outputs.slice(0, body.outputs.length) };
    const { prefix, ...forward } = forwardOf(
      { jaxpr: primal, constants: captured },
      { constants: captured.length + constants, carries },
      wanted,
    );
    const [residuals, tangents] = cut(result.linear.inputs, wanted.length);
    const [tc, tk, tx] = cut(tangents, count(c), count(carried));
    const names = new Map(zipExact(residuals, wanted));
    const all = spread(
      result.linear.outputs.map((a) => renamedAtom(a, names)),
      result.depends,
    );
    const linear: Jaxpr = {
      constants: [],
      inputs: [...prefix.constants, ...tc, ...tk, ...prefix.slices, ...tx],
      equations: [...prefix.equations, ...renamed(result.linear.equations, names)],
      outputs: [],
    };
    return {
      ...forward,
      linear: withOutputs(linear, [
        ...orZeros(select(all.slice(0, carries), carried), select(outputAvals(body).slice(0, carries), carried)),
        ...nonNull(all.slice(carries)),
      ]),
      carried,
      stackedTangents: result.depends.slice(carries),
    };
  },
);

// ----------------------------------------------------------------------------------------------- transposition

/** Which inputs of a body are linear ones. */
export interface LinearLayout extends Layout {
  readonly linear: Flags;
}

/** Which carried values depend on linear inputs, now or after some iterations. */
export function linearCarries(body: Jaxpr, { constants, carries, linear }: LinearLayout): Flags {
  const [c, k, x] = cut(linear, constants, carries);
  return fixedPoint(k, (flags) => {
    const reached = reachedFrom(body, select(body.inputs, [...c, ...flags, ...x]));
    return { flags: body.outputs.slice(0, carries).map((a) => reached.has(a)), result: null };
  }).flags;
}

/** What depends on some inputs, they themselves included. */
export function reachedFrom({ equations }: Jaxpr, inputs: readonly Var[]): ReadonlySet<Atom> {
  const reached = new Set<Atom>(inputs);
  for (const e of equations) if (e.inputs.some((a) => reached.has(a))) e.outputs.forEach((v) => reached.add(v));
  return reached;
}

/** A linear body whose carried values are in part not linear, as two: one that computes those, and a linear one. */
export interface SplitBody extends Forward {
  /** Constants, linear constants; linear carried values; slices, linear slices; gives the results that are linear. */
  readonly linear: Jaxpr;
  /** Which of the stacked results are linear. */
  readonly stackedLinear: Flags;
}

/** @param linear marks every carried value that depends on linear inputs. */
export const splitBody = memoized((body: Jaxpr, { constants, carries, linear }: LinearLayout): SplitBody => {
  const reached = reachedFrom(body, select(body.inputs, linear));
  const known = linear.map((l) => !l);
  const isLinear = (e: Equation): boolean => e.inputs.some((a) => reached.has(a));
  const linearEquations = body.equations.filter(isLinear);
  const [kc, kk] = cut(known, constants, carries);
  const [lc, lk, lx] = cut(linear, constants, carries);
  const [vc, vk, vx] = cut(body.inputs, constants, carries);
  const [ok, oy] = cut(body.outputs, carries);
  const primal: Jaxpr = {
    constants: [],
    inputs: select(body.inputs, known),
    equations: body.equations.filter((e) => !isLinear(e)),
    outputs: select(ok, kk),
  };
  const wanted = [...linearEquations.flatMap((e) => e.inputs), ...select(ok, lk)].filter((a) => !reached.has(a));
  const { prefix, ...forward } = forwardOf(
    { jaxpr: primal, constants: [] },
    { constants: count(kc), carries: count(kk) },
    wanted,
  );
  const stackedLinear = oy.map((a) => reached.has(a));
  return {
    ...forward,
    linear: {
      constants: [],
      inputs: [...prefix.constants, ...select(vc, lc), ...select(vk, lk), ...prefix.slices, ...select(vx, lx)],
      equations: [...prefix.equations, ...linearEquations],
      outputs: [...select(ok, lk), ...select(oy, stackedLinear)],
    },
    stackedLinear,
  };
});

/** The body that carries cotangents backwards. */
export interface TransposedBody {
  /**
   * Constants: those that are not linear. Carried: sums of the linear constants' cotangents, then cotangents of carried
   * values. Slices: those that are not linear, then cotangents of ys. Stacked: cotangents of linear slices.
   */
  readonly callable: Callable;
  /** Which linear constants have a cotangent. */
  readonly summed: Flags;
  readonly carried: Flags;
  /** Which linear slices have one. */
  readonly stacked: Flags;
}

/** @param flowing which results have a cotangent; all carried values are linear. */
export const transposedBody = memoized(
  (
    body: Jaxpr,
    { constants, carries, linear, flowing }: LinearLayout & { readonly flowing: Flags },
  ): TransposedBody => {
    const [fk, fy] = cut(flowing, carries);
    const [lc, , lx] = cut(linear, constants, carries);
    const sums = count(lc);
    const { flags: carried, result } = fixedPoint(fk, (flags) => {
      const t = transposeJaxpr(body, { linear, flowing: [...flags, ...fy] });
      return { flags: t.depends.slice(sums, sums + carries), result: t };
    });
    const { jaxpr, constants: captured } = result.callable;
    const known = captured.length + lc.length - sums;
    const flows = count(carried);
    const [c, x, ctk, cty] = cut(jaxpr.inputs, known, lx.length - count(lx), flows);
    const [outC, outK, outX] = cut(spread(jaxpr.outputs, result.depends), sums, carries);
    const totals = nonNull(outC).map((ct) => ({ ct, before: new Var(ct.aval), after: new Var(ct.aval) }));
    const adding = totals.map(({ ct, before, after }): Equation => ({
      primitive: addP as unknown as Primitive,
      params: {},
      inputs: [before, ct],
      outputs: [after],
    }));
    const types = select(outputAvals(body).slice(0, carries), carried);
    const summing: Jaxpr = {
      constants: [],
      inputs: [...c, ...totals.map((t) => t.before), ...ctk, ...x, ...cty],
      equations: [...jaxpr.equations, ...adding],
      outputs: [],
    };
    return {
      callable: {
        jaxpr: withOutputs(summing, [
          ...totals.map((t) => t.after),
          ...orZeros(select(outK, carried), types),
          ...nonNull(outX),
        ]),
        constants: captured,
      },
      summed: outC.map((ct) => ct !== null),
      carried,
      stacked: outX.map((ct) => ct !== null),
    };
  },
);

// ---------------------------------------------------------------------------------------------------- batching

/** A body of whole batches, each with the batch axis in front. */
export interface BatchedBody {
  readonly callable: Callable;
  readonly carried: Flags;
  readonly stacked: Flags;
}

/** How a body is batched. */
export interface BatchLayout extends Layout {
  readonly batched: Flags;
  readonly size: number;
  readonly axisName: string | null;
}

export const batchedBody = memoized(
  (body: Jaxpr, { constants, carries, batched, size, axisName }: BatchLayout): BatchedBody => {
    const [c, k, x] = cut(batched, constants, carries);
    const { flags: carried, result } = fixedPoint(k, (flags) => {
      const axes = [...c, ...flags, ...x].map((b) => (b ? 0 : null));
      const vmapped = batchJaxpr(body, { axes, size, axisName });
      return { flags: vmapped.outAxes.slice(0, carries).map((a) => a !== null), result: vmapped };
    });
    const { jaxpr, constants: captured } = result.callable;
    const stacked = result.outAxes.slice(carries).map((a) => a !== null);
    const placed = batchInFront(jaxpr, result.outAxes, [...carried, ...stacked], size);
    return { callable: { jaxpr: placed, constants: captured }, carried, stacked };
  },
);

// ----------------------------------------------------------------------------------------------------- pruning

/** A body without the carried values and results that nothing needs. */
export interface PrunedBody {
  readonly body: Jaxpr;
  /** Which inputs are left. */
  readonly inputs: Flags;
  /** Which carried values are left. */
  readonly carried: Flags;
}

/** @param used which results are wanted. */
export function prunedBody(body: Jaxpr, { constants, carries }: Layout, used: Flags): PrunedBody {
  const [uk, uy] = cut(used, carries);
  const { flags: carried, result } = fixedPoint(uk, (flags) => {
    const pruned = pruneJaxpr(body, [...flags, ...uy]);
    return { flags: pruned.inputs.slice(constants, constants + carries), result: pruned };
  });
  const [c, , x] = cut(result.inputs, constants, carries);
  const inputs = [...c, ...carried, ...x];
  return { body: { ...result.jaxpr, inputs: select(body.inputs, inputs) }, inputs, carried };
}
