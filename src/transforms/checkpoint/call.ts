import { optimizationBarrierP } from '../../lax/barrier.ts';
import { cos, mul, sin } from '../../lax/elementwise.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { pruneJaxpr } from '../../trace/dead-code.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import { Var } from '../../trace/jaxpr.ts';
import type { JvpResult, Linearized, LinearizeResult, Primitive, Tangent } from '../../trace/primitive.ts';
import { eachCase, primitive, typed } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { inlined } from '../../trace/stablehlo/rules.ts';
import { at } from '../../util/array.ts';
import { call } from '../call.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import { batchJaxpr, jvpJaxpr, nonNull, outputAvals, spread, transposeJaxpr } from '../jaxpr-rules.ts';
import type { CheckpointPolicy } from './policies.ts';
import { checkpointPolicies } from './policies.ts';
import { rematerialize } from './rematerialize.ts';

/** A function whose intermediate values are not kept for the backward pass. */
export interface CheckpointParams {
  readonly name: string;
  readonly jaxpr: Jaxpr;
  readonly policy: CheckpointPolicy;
  /** Must what is computed again not be merged with what was computed before? */
  readonly preventCse: boolean;
  /** Is it part of a derivative, and so does it compute again? */
  readonly again: boolean;
}

const apply = (params: CheckpointParams, { jaxpr, constants }: Callable, inputs: readonly NDArray[]) =>
  bind(checkpointP, [...constants, ...inputs], { ...params, jaxpr });

function jvpCheckpoint(primals: readonly NDArray[], tangents: readonly Tangent[], params: CheckpointParams): JvpResult {
  const varied = tangents.map((t) => t !== null);
  const { callable, depends } = jvpJaxpr(params.jaxpr, varied);
  const outs = apply(params, callable, [...primals, ...nonNull(tangents)]);
  const n = params.jaxpr.outputs.length;
  return { primals: outs.slice(0, n), tangents: spread(outs.slice(n), depends) };
}

function linearizeCheckpoint(primals: readonly NDArray[], varied: Flags, params: CheckpointParams): LinearizeResult {
  const { jaxpr, policy, name } = params;
  const { callable, kept, linear, depends, ...made } = rematerialize(jaxpr, { varied, policy });
  const derived = { ...params, again: params.again || made.again };
  // What computes again already must do so here, too.
  const outs = params.again ? apply(params, callable, primals) : call(name, callable, primals);
  const values = [...callable.constants, ...primals, ...outs];
  const constants = kept.map((i) => at(values, i));
  return {
    primals: outs.slice(0, jaxpr.outputs.length),
    linear: (tangents) => spread(apply(derived, { jaxpr: linear, constants }, tangents), depends),
  };
}

function transposeCheckpoint(
  cts: readonly Tangent[],
  ins: readonly Linearized[],
  params: CheckpointParams,
): readonly Tangent[] {
  const linear = ins.map((x) => x.value === null);
  const { callable, depends } = transposeJaxpr(params.jaxpr, { linear, flowing: cts.map((ct) => ct !== null) });
  const outs = apply(params, callable, [...nonNull(ins.map((x) => x.value)), ...nonNull(cts)]);
  const ofLinear = spread(outs, depends).values();
  return linear.map((l) => (l ? (ofLinear.next().value ?? null) : null));
}

const barred = new WeakMap<Jaxpr, Jaxpr>();

/** The Jaxpr with its inputs behind a barrier: what it computes can't be taken from before. */
function behindBarrier(jaxpr: Jaxpr): Jaxpr {
  let made = barred.get(jaxpr);
  if (made === undefined) {
    const inputs = jaxpr.inputs.map((v) => new Var(v.aval));
    const barrier = {
      primitive: optimizationBarrierP as unknown as Primitive,
      params: {},
      inputs,
      outputs: jaxpr.inputs,
    };
    const equations = inputs.length === 0 ? jaxpr.equations : [barrier, ...jaxpr.equations];
    barred.set(jaxpr, (made = { ...jaxpr, inputs, equations }));
  }
  return made;
}

const productOfSines = stage('f', (x, y) => [mul(sin(mul(x, y)), cos(y))], [aval([3], 'f32'), aval([3], 'f32')]).jaxpr;

export const checkpointP: Primitive<CheckpointParams> = primitive<CheckpointParams, number>({
  name: 'checkpoint',
  type: (_, { jaxpr }) => typed(...outputAvals(jaxpr)),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: jvpCheckpoint,
      linearize: linearizeCheckpoint,
      transpose: transposeCheckpoint,
      evaluate: (inputs, { jaxpr }) => evalJaxpr(jaxpr, [], inputs),
      prune: (used, params) => {
        const { jaxpr, inputs } = pruneJaxpr(params.jaxpr, used);
        return { params: { ...params, jaxpr }, inputs, outputs: used };
      },
    },
  },
  batch: (ins, params, size, axisName) => {
    const { callable, outAxes } = batchJaxpr(params.jaxpr, { axes: ins.map((b) => b.axis), size, axisName });
    const values = apply(params, callable, ins.map((b) => b.value)); // prettier-ignore
    return { values, axes: outAxes };
  },
  lower: (_, { jaxpr, again, preventCse }) => ({
    kind: 'inline',
    jaxpr: again && preventCse ? behindBarrier(jaxpr) : jaxpr,
  }),
  stablehlo: inlined(() => checkpointP),
  cases: eachCase([false, true], (again: boolean) => ({
    ins: [
      { shape: [3], dtype: 'f32' },
      { shape: [3], dtype: 'f32' },
    ],
    params: { name: 'f', jaxpr: productOfSines, policy: checkpointPolicies.nothingSaveable, preventCse: true, again },
    label: again ? 'computing again' : 'first',
  })),
});
