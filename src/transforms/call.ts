import { bind } from '../trace/context.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { ClosedJaxpr, Jaxpr } from '../trace/jaxpr.ts';
import type {
  Batched,
  BatchedResult,
  JvpResult,
  Linearized,
  LinearizeResult,
  Primitive,
  Tangent,
} from '../trace/primitive.ts';
import { primitive, typed } from '../trace/primitive.ts';
import { stage } from '../trace/stage.ts';
import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { at, zipExact } from '../util/array.ts';
import { structuralKey } from '../util/key.ts';
import { mul } from '../lax/elementwise.ts';
import { batchFlat } from './batch.ts';
import { jvpFlat } from './jvp.ts';
import { linearizeFlat } from './linearize.ts';
import { transposeLinear } from './transpose.ts';

/**
 * The `jit` primitive: applies a Jaxpr. Under evaluation the Jaxpr is compiled and run as one program; under other
 * transformations its rules transform the Jaxpr, so that the result is still one program.
 */
export interface CallParams {
  readonly name: string;
  /** Without constants: what the function captured are its first inputs. */
  readonly jaxpr: Jaxpr;
}

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

/** Applies a Jaxpr as one equation. */
export const call = (name: string, { jaxpr, constants }: Callable, inputs: readonly NDArray[]): readonly NDArray[] =>
  bind(callP, [...constants, ...inputs], { name, jaxpr });

/** Remembers what a function of a Jaxpr and a small plain key gave, as long as the Jaxpr lives. */
function memoized<K, R>(compute: (jaxpr: Jaxpr, key: K) => R): (jaxpr: Jaxpr, key: K) => R {
  const results = new WeakMap<Jaxpr, Map<string, R>>();
  return (jaxpr, key) => {
    const text = structuralKey(key);
    let byKey = results.get(jaxpr);
    if (byKey === undefined) results.set(jaxpr, (byKey = new Map<string, R>()));
    let result = byKey.get(text);
    if (result === undefined) byKey.set(text, (result = compute(jaxpr, key)));
    return result;
  };
}

type Flags = readonly boolean[];

const avalsOf = (jaxpr: Jaxpr): readonly Aval[] => jaxpr.inputs.map((v) => v.aval);

/** The items that a mask marks, put back among nulls. */
function spread<T>(items: readonly T[], mask: Flags): readonly (T | null)[] {
  let next = 0;
  return mask.map((m) => (m ? at(items, next++) : null));
}

const select = <T>(items: readonly T[], mask: Flags): readonly T[] => items.filter((_, i) => mask[i] === true);

// ------------------------------------------------------------------------------------------------- forward mode

/** The Jaxpr of values and tangents; inputs are all primals, then the tangents of those that `varied` marks. */
const jvpJaxpr = memoized((jaxpr: Jaxpr, varied: Flags): { readonly callable: Callable; readonly depends: Flags } => {
  let depends: Flags = [];
  const primalAvals = avalsOf(jaxpr);
  const n = primalAvals.length;
  const closed = stage(
    'jvp of jit',
    (...xs) => {
      const out = jvpFlat(
        'jvp of jit',
        (...ps) => evalJaxpr(jaxpr, [], ps),
        xs.slice(0, n),
        spread(xs.slice(n), varied),
      );
      depends = out.tangents.map((t) => t !== null);
      return [...out.primals, ...out.tangents.filter((t) => t !== null)];
    },
    [...primalAvals, ...select(primalAvals, varied)],
  );
  return { callable: toCallable(closed), depends };
});

function jvpCall(primals: readonly NDArray[], tangents: readonly Tangent[], { name, jaxpr }: CallParams): JvpResult {
  const varied = tangents.map((t) => t !== null);
  const { callable, depends } = jvpJaxpr(jaxpr, varied);
  const outs = call(`jvp(${name})`, callable, [...primals, ...tangents.filter((t) => t !== null)]);
  const n = jaxpr.outputs.length;
  return { primals: outs.slice(0, n), tangents: spread(outs.slice(n), depends) };
}

// ------------------------------------------------------------------------------------------------- linearization

interface LinearizedJaxpr {
  /** To the results and then the residuals. */
  readonly primal: Callable;
  /** From residuals and then tangents to the tangents of the results that depend on them. */
  readonly linear: Jaxpr;
  readonly depends: Flags;
}

const linearizeJaxpr = memoized((jaxpr: Jaxpr, varied: Flags): LinearizedJaxpr => {
  let linear: Jaxpr | null = null;
  let depends: Flags = [];
  const closed = stage(
    'grad of jit',
    (...xs) => {
      const out = linearizeFlat('grad of jit', (...ps) => evalJaxpr(jaxpr, [], ps), xs, varied);
      const callable = toCallable(out.linear);
      linear = callable.jaxpr;
      depends = out.depends;
      return [...out.primals, ...callable.constants];
    },
    avalsOf(jaxpr),
  );
  return { primal: toCallable(closed), linear: linear as unknown as Jaxpr, depends };
});

function linearizeCall(primals: readonly NDArray[], varied: Flags, { name, jaxpr }: CallParams): LinearizeResult {
  const { primal, linear, depends } = linearizeJaxpr(jaxpr, varied);
  const outs = call(name, primal, primals);
  const n = jaxpr.outputs.length;
  const residuals = outs.slice(n);
  return {
    primals: outs.slice(0, n),
    linear: (tangents) => spread(call(`linear(${name})`, { jaxpr: linear, constants: residuals }, tangents), depends),
  };
}

// ------------------------------------------------------------------------------------------------- transposition

interface TransposeKey {
  /** Which inputs are the linear ones. */
  readonly linear: Flags;
  /** Which results have a cotangent that is not zero. */
  readonly flowing: Flags;
}

const transposeJaxpr = memoized((jaxpr: Jaxpr, { linear, flowing }: TransposeKey) => {
  let depends: Flags = [];
  const known = linear.map((l) => !l);
  const knownAvals = select(avalsOf(jaxpr), known);
  const ctAvals = select(
    jaxpr.outputs.map((o) => o.aval),
    flowing,
  );
  // As a linear Jaxpr: the known inputs become constants.
  const split: Jaxpr = {
    ...jaxpr,
    constants: select(jaxpr.inputs, known),
    inputs: select(jaxpr.inputs, linear),
  };
  const closed = stage(
    'transpose of jit',
    (...xs) => {
      const cts = spread(xs.slice(knownAvals.length), flowing);
      const out = transposeLinear(split, xs.slice(0, knownAvals.length), cts);
      depends = out.map((ct) => ct !== null);
      return out.filter((ct) => ct !== null);
    },
    [...knownAvals, ...ctAvals],
  );
  return { callable: toCallable(closed), depends };
});

function transposeCall(
  cts: readonly Tangent[],
  ins: readonly Linearized[],
  { name, jaxpr }: CallParams,
): readonly Tangent[] {
  const linear = ins.map((x) => x.value === null);
  const { callable, depends } = transposeJaxpr(jaxpr, { linear, flowing: cts.map((ct) => ct !== null) });
  const known = ins.flatMap((x) => (x.value === null ? [] : [x.value]));
  const outs = call(`transpose(${name})`, callable, [...known, ...cts.filter((ct) => ct !== null)]);
  const ofLinear = spread(outs, depends);
  let next = 0;
  return linear.map((l) => (l ? (ofLinear[next++] ?? null) : null));
}

// ------------------------------------------------------------------------------------------------------ batching

interface BatchKey {
  readonly axes: readonly (number | null)[];
  readonly size: number;
}

const batchJaxpr = memoized((jaxpr: Jaxpr, { axes, size }: BatchKey) => {
  let outAxes: readonly (number | null)[] = [];
  const avals = zipExact(avalsOf(jaxpr), axes).map(([a, axis]) =>
    axis === null ? a : aval([...a.shape.slice(0, axis), size, ...a.shape.slice(axis)], a.dtype, a.weakType),
  );
  const closed = stage(
    'vmap of jit',
    (...xs) => {
      const inputs = zipExact(xs, axes).map(([value, axis]): Batched => ({ value, axis }));
      const outs = batchFlat('vmap of jit', (...ps) => evalJaxpr(jaxpr, [], ps), inputs, size);
      outAxes = outs.map((o) => o.axis);
      return outs.map((o) => o.value);
    },
    avals,
  );
  return { callable: toCallable(closed), outAxes };
});

function batchCall(ins: readonly Batched[], { name, jaxpr }: CallParams, size: number): BatchedResult {
  const { callable, outAxes } = batchJaxpr(jaxpr, { axes: ins.map((b) => b.axis), size });
  return {
    values: call(
      `vmap(${name})`,
      callable,
      ins.map((b) => b.value),
    ),
    axes: outAxes,
  };
}

// ------------------------------------------------------------------------------------------------- the primitive

export const callP: Primitive<CallParams> = primitive<CallParams, number>({
  name: 'jit',
  type: (_, { jaxpr }) => typed(...jaxpr.outputs.map((o) => o.aval)),
  derivative: {
    kind: 'structural',
    rules: { jvp: jvpCall, linearize: linearizeCall, transpose: transposeCall },
  },
  batch: (ins, params, size) => batchCall(ins, params, size),
  lower: (_, { jaxpr }) => ({ kind: 'inline', jaxpr }),
  cases: [
    {
      ins: [
        { shape: [3], dtype: 'f32' },
        { shape: [3], dtype: 'f32' },
      ],
      params: {
        name: 'product',
        jaxpr: stage('product', (x, y) => [mul(x, y)], [aval([3], 'f32'), aval([3], 'f32')]).jaxpr,
      },
    },
  ],
});
