import { toFront } from '../lax/structural.ts';
import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { ClosedJaxpr, Jaxpr } from '../trace/jaxpr.ts';
import type { Batched } from '../trace/primitive.ts';
import { stage } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';
import { at, zipExact } from '../util/array.ts';
import { structuralKey } from '../util/key.ts';
import { batchFlat } from './batch.ts';
import { jvpFlat } from './jvp.ts';
import { linearizeFlat } from './linearize.ts';
import { transposeLinear } from './transpose.ts';

/**
 * Jaxprs to Jaxprs, by each transformation: what the rules of primitives that hold Jaxprs are made of. Results are
 * remembered as long as the Jaxpr lives, so that transforming a compiled function again costs nothing.
 */

/** A Jaxpr without constants, and the values that have to be passed first. */
export interface Callable {
  readonly jaxpr: Jaxpr;
  readonly constants: readonly NDArray[];
}

/** Makes constants the first inputs. */
export const toCallable = ({ jaxpr, constants }: ClosedJaxpr): Callable => ({
  jaxpr: { ...jaxpr, constants: [], inputs: [...jaxpr.constants, ...jaxpr.inputs] },
  constants,
});

/** One flag for each input or result. */
export type Flags = readonly boolean[];

/** The types of a Jaxpr's inputs. */
export const inputAvals = (jaxpr: Jaxpr): readonly Aval[] => jaxpr.inputs.map((v) => v.aval);

/** The types of a Jaxpr's results. */
export const outputAvals = (jaxpr: Jaxpr): readonly Aval[] => jaxpr.outputs.map((a) => a.aval);

/** The items that a mask marks, put back among nulls. */
export function spread<T>(items: readonly T[], mask: Flags): readonly (T | null)[] {
  let next = 0;
  return mask.map((m) => (m ? at(items, next++) : null));
}

/** The items that a mask marks. */
export const select = <T>(items: readonly T[], mask: Flags): readonly T[] => items.filter((_, i) => mask[i] === true);

/** The items that are not null. */
export const nonNull = <T>(items: readonly (T | null)[]): readonly T[] => items.filter((x): x is T => x !== null);

/** Remembers what a function of a Jaxpr and a small plain key gave, as long as the Jaxpr lives. */
export function memoized<K, R extends { readonly callable: Callable }>(
  compute: (jaxpr: Jaxpr, key: K) => R,
): (jaxpr: Jaxpr, key: K) => R {
  const results = new WeakMap<Jaxpr, Map<string, R>>();
  return (jaxpr, key) => {
    const text = structuralKey(key);
    let byKey = results.get(jaxpr);
    if (byKey === undefined) results.set(jaxpr, (byKey = new Map<string, R>()));
    let result = byKey.get(text);
    if (result === undefined || hasEnded(result.callable)) byKey.set(text, (result = compute(jaxpr, key)));
    return result;
  };
}

/** Did the Jaxpr capture a tracer (through a rule that closes over one) whose transformation has ended since? */
export const hasEnded = ({ constants }: Callable): boolean =>
  constants.some((c) => c instanceof Tracer && !c.trace.alive);

/** Stages a function that has more to tell than its results. */
function stageWith<M>(
  name: string,
  f: (...inputs: readonly NDArray[]) => readonly [outs: readonly NDArray[], more: M],
  avals: readonly Aval[],
): M & { readonly callable: Callable } {
  const told: M[] = [];
  const closed = stage(
    name,
    (...xs) => {
      const [outs, more] = f(...xs);
      told.push(more);
      return outs;
    },
    avals,
  );
  return { ...at(told, 0), callable: toCallable(closed) };
}

/** A Jaxpr of values and tangents. */
export interface JvpJaxpr {
  /** From all primals, then the tangents of those that vary, to all results, then the tangents of those that depend. */
  readonly callable: Callable;
  /** Which results have a tangent. */
  readonly depends: Flags;
}

/** Forward mode of a Jaxpr, where `varied` marks the inputs with a tangent. */
export const jvpJaxpr = memoized((jaxpr: Jaxpr, varied: Flags): JvpJaxpr => {
  const avals = inputAvals(jaxpr);
  const n = avals.length;
  return stageWith(
    'jvp of jit',
    (...xs) => {
      const tangents = spread(xs.slice(n), varied);
      const out = jvpFlat('jvp of jit', (...ps) => evalJaxpr(jaxpr, [], ps), xs.slice(0, n), tangents);
      const depends = out.tangents.map((t) => t !== null);
      return [[...out.primals, ...nonNull(out.tangents)], { depends }];
    },
    [...avals, ...select(avals, varied)],
  );
});

/** A Jaxpr split into values and a linear map of tangents. */
export interface LinearizedJaxpr {
  /** To the results and then those residuals that are neither inputs nor results. */
  readonly callable: Callable;
  /** From residuals and then the tangents of the inputs that vary to the tangents of the results that depend on them. */
  readonly linear: Jaxpr;
  /** Where each residual is found among the inputs, followed by what `callable` gives. */
  readonly residuals: readonly number[];
  /** Which results have a tangent. */
  readonly depends: Flags;
}

/** The linearization of a Jaxpr with respect to the inputs that `varied` marks. */
export const linearizeJaxpr = memoized((jaxpr: Jaxpr, varied: Flags): LinearizedJaxpr => {
  return stageWith(
    'grad of jit',
    (...xs) => {
      const out = linearizeFlat('grad of jit', (...ps) => evalJaxpr(jaxpr, [], ps), xs, varied);
      const { jaxpr: linear, constants } = toCallable(out.linear);
      const places = new Map([...xs, ...out.primals].map((x, i) => [x, i] as const).reverse());
      const computed = constants.filter((c) => !places.has(c));
      computed.forEach((c, i) => places.set(c, xs.length + out.primals.length + i));
      const residuals = constants.map((c) => places.get(c) as number);
      return [[...out.primals, ...computed], { linear, residuals, depends: out.depends }];
    },
    inputAvals(jaxpr),
  );
});

/** What is transposed of a Jaxpr. */
export interface TransposeKey {
  /** Which inputs are the linear ones. */
  readonly linear: Flags;
  /** Which results have a cotangent that is not zero. */
  readonly flowing: Flags;
}

/** The transpose of a Jaxpr. */
export interface TransposedJaxpr {
  /** From the inputs that are not linear, then the flowing cotangents, to the cotangents that are not zero. */
  readonly callable: Callable;
  /** Which linear inputs have a cotangent. */
  readonly depends: Flags;
}

/** The transpose of a Jaxpr that is linear in some of its inputs; what does not depend on those is computed first. */
export const transposeJaxpr = memoized((jaxpr: Jaxpr, { linear, flowing }: TransposeKey): TransposedJaxpr => {
  const known = linear.map((l) => !l);
  const knownAvals = select(inputAvals(jaxpr), known);
  // As a linear Jaxpr: the known inputs become constants.
  const split: Jaxpr = { ...jaxpr, constants: select(jaxpr.inputs, known), inputs: select(jaxpr.inputs, linear) };
  return stageWith(
    'transpose of jit',
    (...xs) => {
      const cts = spread(xs.slice(knownAvals.length), flowing);
      const out = transposeLinear(split, xs.slice(0, knownAvals.length), cts);
      return [nonNull(out), { depends: out.map((ct) => ct !== null) }];
    },
    [...knownAvals, ...select(outputAvals(jaxpr), flowing)],
  );
});

/** How a Jaxpr is batched. */
export interface BatchKey {
  /** The batch axis of each input; null where it is the same for the whole batch. */
  readonly axes: readonly (number | null)[];
  readonly size: number;
  /** The name of the batch axis, or null. */
  readonly axisName: string | null;
}

/** A Jaxpr of whole batches. */
export interface BatchedJaxpr {
  readonly callable: Callable;
  /** The batch axis of each result. */
  readonly outAxes: readonly (number | null)[];
}

/** A Jaxpr applied to a whole batch. */
export const batchJaxpr = memoized((jaxpr: Jaxpr, key: BatchKey) => batched(jaxpr, key, (o) => o));

/** The same with the batch in front in all results, those that do not depend on it too. */
export const batchJaxprInFront = memoized((jaxpr: Jaxpr, key: BatchKey) =>
  batched(jaxpr, key, (o) => ({ value: toFront(o, key.size), axis: 0 })),
);

function batched(jaxpr: Jaxpr, { axes, size, axisName }: BatchKey, place: (out: Batched) => Batched): BatchedJaxpr {
  return stageWith(
    'vmap of jit',
    (...xs) => {
      const inputs = zipExact(xs, axes).map(([value, axis]): Batched => ({ value, axis }));
      const outs = batchFlat('vmap of jit', (...ps) => evalJaxpr(jaxpr, [], ps), inputs, size, axisName).map(place);
      return [outs.map((o) => o.value), { outAxes: outs.map((o) => o.axis) }];
    },
    zipExact(inputAvals(jaxpr), axes).map(([a, axis]) => (axis === null ? a : batchedAval(a, axis, size))),
  );
}

/** The type of a whole batch of values of type `a`. */
export const batchedAval = (a: Aval, axis: number, size: number): Aval =>
  aval([...a.shape.slice(0, axis), size, ...a.shape.slice(axis)], a.dtype, a.weakType);
