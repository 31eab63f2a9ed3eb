import { inlineCalls } from '../compiler/flatten.ts';
import { mul } from '../lax/elementwise.ts';
import { aval } from '../trace/aval.ts';
import { bind } from '../trace/context.ts';
import { pruneJaxpr } from '../trace/dead-code.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { Equation, Jaxpr } from '../trace/jaxpr.ts';
import type { Batched, BatchedResult, JvpResult, Linearized, LinearizeResult, Primitive, StructuralRules, Tangent } from '../trace/primitive.ts'; // prettier-ignore
import { primitive, typed } from '../trace/primitive.ts';
import { stage } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { applyJaxpr } from '../trace/stablehlo/apply.ts';
import { at } from '../util/array.ts';
import type { Callable, Flags } from './jaxpr-rules.ts';
import { batchJaxpr, jvpJaxpr, linearizeJaxpr, nonNull, outputAvals, spread, transposeJaxpr } from './jaxpr-rules.ts';

/**
 * The `jit` primitive: applies a Jaxpr. Under evaluation the Jaxpr is compiled and run as one program; under other
 * transformations its rules transform the Jaxpr, so that the result is still one program.
 */
export interface CallParams {
  readonly name: string;
  /** Without constants: what the function captured are its first inputs. */
  readonly jaxpr: Jaxpr;
}

/** Applies a Jaxpr as one equation. */
export const call = (name: string, { jaxpr, constants }: Callable, inputs: readonly NDArray[]): readonly NDArray[] =>
  bind(callP, [...constants, ...inputs], { name, jaxpr });

function jvpCall(primals: readonly NDArray[], tangents: readonly Tangent[], { name, jaxpr }: CallParams): JvpResult {
  const { callable, depends } = jvpJaxpr(
    jaxpr,
    tangents.map((t) => t !== null),
  );
  const outs = call(`jvp(${name})`, callable, [...primals, ...nonNull(tangents)]);
  const n = jaxpr.outputs.length;
  return { primals: outs.slice(0, n), tangents: spread(outs.slice(n), depends) };
}

function linearizeCall(primals: readonly NDArray[], varied: Flags, { name, jaxpr }: CallParams): LinearizeResult {
  const { callable, linear, residuals, depends } = linearizeJaxpr(jaxpr, varied);
  const outs = call(name, callable, primals);
  const values = [...primals, ...outs];
  const constants = residuals.map((i) => at(values, i));
  return {
    primals: outs.slice(0, jaxpr.outputs.length),
    linear: (tangents) => spread(call(`linear(${name})`, { jaxpr: linear, constants }, tangents), depends),
  };
}

function transposeCall(
  cts: readonly Tangent[],
  ins: readonly Linearized[],
  { name, jaxpr }: CallParams,
): readonly Tangent[] {
  const linear = ins.map((x) => x.value === null);
  const { callable, depends } = transposeJaxpr(jaxpr, { linear, flowing: cts.map((ct) => ct !== null) });
  const known = nonNull(ins.map((x) => x.value));
  const ofLinear = spread(call(`transpose(${name})`, callable, [...known, ...nonNull(cts)]), depends);
  let next = 0;
  return linear.map((l) => (l ? (ofLinear[next++] ?? null) : null));
}

function batchCall(
  ins: readonly Batched[],
  { name, jaxpr }: CallParams,
  size: number,
  axisName: string | null,
): BatchedResult {
  const { callable, outAxes } = batchJaxpr(jaxpr, { axes: ins.map((b) => b.axis), size, axisName });
  const values = call(
    `vmap(${name})`,
    callable,
    ins.map((b) => b.value),
  );
  return { values, axes: outAxes };
}

/** The rules of applying a Jaxpr; primitives that hold one more thing share them. */
export const callRules: StructuralRules<CallParams> = {
  jvp: jvpCall,
  linearize: linearizeCall,
  transpose: transposeCall,
  evaluate: (inputs, { jaxpr }) => evalJaxpr(jaxpr, [], inputs),
  prune: (used, { name, jaxpr }) => {
    const pruned = pruneJaxpr(jaxpr, used);
    return { params: { name, jaxpr: pruned.jaxpr }, inputs: pruned.inputs, outputs: used };
  },
};

export const callP: Primitive<CallParams> = primitive<CallParams, number>({
  name: 'jit',
  type: (_, { jaxpr }) => typed(...outputAvals(jaxpr)),
  derivative: { kind: 'structural', rules: callRules },
  batch: batchCall,
  lower: (_, { jaxpr }) => ({ kind: 'inline', jaxpr }),
  stablehlo: (b, ins, { name, jaxpr }, outs) =>
    b.call(name, jaxpr, ins, outs, (inner, args) => applyJaxpr(inner, jaxpr, args)),
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

/** A Jaxpr with the equations of jitted functions in the place of calls. */
export const inlinedCalls = (jaxpr: Jaxpr): Jaxpr =>
  jaxpr.equations.some((e) => calledJaxpr(e) !== null) ? inlineCalls(jaxpr, calledJaxpr) : jaxpr;

const calledJaxpr = (e: Equation): Jaxpr | null =>
  e.primitive === (callP as unknown as Primitive) ? (e.params as CallParams).jaxpr : null;
