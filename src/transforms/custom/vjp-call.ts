import { isFloat } from '../../kernel/dtype.ts';
import { cos, mul, sin } from '../../lax/elementwise.ts';
import { zerosOf } from '../../lax/structural.ts';
import { aval } from '../../trace/aval.ts';
import type { BatchMapper, OpenFunction } from '../../trace/context.ts';
import { bind, bindOpen } from '../../trace/context.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import { interned } from '../../trace/intern.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import type { Batched, JvpResult, LinearizeResult, Primitive, Tangent } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { inlined } from '../../trace/stablehlo/rules.ts';
import { present } from '../../util/assert.ts';
import { toldByParts } from '../../util/key.ts';
import { mapperOf } from '../batch.ts';
import { callRules } from '../call.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import { batchJaxprInFront, outputAvals, select, toCallable } from '../jaxpr-rules.ts';
import { BatchedResults, withAxes } from './batched.ts';
import type { JvpRule } from './jvp-call.ts';
import { batchedRule, batchedRun, jvpByRule, linearizeByRule, ofArguments, wholePruned } from './jvp-call.ts';
import type { Backward } from './vjp-linear.ts';
import { applyLinear, batchedBackward, noForwardRule } from './vjp-linear.ts';

/** The results, the residuals, and what makes cotangents of those. */
export interface ForwardResult {
  readonly outs: readonly NDArray[];
  readonly residuals: readonly NDArray[];
  readonly backward: Backward;
}

/** Computes what a function does, and what its backward rule needs. */
export type Forward = (primals: readonly NDArray[]) => ForwardResult;

/** The rules of a function with a backward rule, on flat lists of arrays. */
interface VjpRules {
  readonly name: string;
  readonly forward: Forward;
  /** For forward mode; null where the user gave none. */
  readonly jvp: JvpRule | null;
}

/** A function with its rules. */
export interface CustomVjpCall extends VjpRules {
  readonly run: (...xs: readonly NDArray[]) => readonly NDArray[];
}

function jvpOf({ name, jvp }: VjpRules, primals: readonly NDArray[], tangents: readonly Tangent[]): JvpResult {
  if (jvp === null) throw noForwardRule(name);
  return jvpByRule(jvp, primals, tangents);
}

function linearizeByForward(
  { name, forward, jvp }: VjpRules,
  primals: readonly NDArray[],
  varied: Flags,
): LinearizeResult {
  const { outs, residuals, backward } = forward(primals);
  const map = {
    name,
    residuals,
    backward,
    outs: outs.map((o) => o.aval),
    varied,
    forward: jvp === null ? null : tangentMap(name, jvp, primals, varied),
  };
  return { primals: outs, linear: (tangents) => applyLinear(map, tangents) };
}

/** What a forward rule does to the tangents that vary, with a tangent for every float result. */
function tangentMap(name: string, rule: JvpRule, primals: readonly NDArray[], varied: Flags): Callable {
  const { primals: outs, linear } = linearizeByRule({ name, rule }, primals, varied);
  const staged = stage(
    `the tangents of ${name}`,
    (...ts) => linear(ts).flatMap((t, i) => {
      const { aval: a } = present(outs[i], 'a result');
      return isFloat(a.dtype) ? [t ?? zerosOf(a)] : [];
    }),
    select(primals, varied).map((p) => p.aval),
  ); // prettier-ignore
  return toCallable(staged);
}

/** The rules for whole batches. */
function batchedRules(
  rules: VjpRules,
  axes: readonly (number | null)[],
  results: BatchedResults,
  mapper: BatchMapper,
): VjpRules {
  const { name, forward, jvp } = rules;
  return {
    name,
    jvp: jvp === null ? null : batchedRule(jvp, axes, results, mapper),
    forward: toldByParts(
      (primals: readonly NDArray[]) => {
        let inner: ForwardResult | null = null;
        const values = mapper.map(
          (...xs) => {
            inner = forward(xs);
            return [...inner.outs, ...inner.residuals];
          },
          withAxes(primals, axes),
        );
        const { outs, backward } = present(inner as ForwardResult | null, 'a forward rule’s result');
        const residuals = values.slice(outs.length);
        return {
          outs: results.place(values.slice(0, outs.length)),
          residuals: residuals.map((r) => r.value),
          backward: batchedBackward(
            backward,
            { residuals: residuals.map((r) => r.axis), operands: axes },
            results,
            mapper,
          ),
        };
      },
      () => ['batched', forward, axes, results.axis, mapper.key],
    ),
  };
}

/** The function as interpreters meet it while it is no Jaxpr. */
export const openVjp = (custom: CustomVjpCall): OpenFunction => ({
  name: custom.name,
  run: custom.run,
  jvp: (primals, tangents) => jvpOf(custom, primals, tangents),
  linearize: (primals, varied) => linearizeByForward(custom, primals, varied),
  batch: (ins, mapper) => {
    const axes = ins.map((b) => b.axis);
    const results = new BatchedResults(custom.name, mapper, ins);
    const run = batchedRun(custom.run, axes, results, mapper);
    const values = bindOpen(openVjp({ ...batchedRules(custom, axes, results, mapper), run }), ins.map((b) => b.value)); // prettier-ignore
    return { values, axes: values.map(() => results.axis) };
  },
  stage: (inputs) => {
    const { name, run, forward, jvp } = custom;
    const { jaxpr, constants } = toCallable(stage(name, run, inputs.map((x) => x.aval))); // prettier-ignore
    return bind(customVjpP, [...constants, ...inputs], {
      name,
      jaxpr: interned(jaxpr),
      captured: constants.length,
      forward,
      jvp,
    });
  },
});

/** A staged function with a backward rule; the rules stay functions until they are needed. */
export interface CustomVjpParams extends VjpRules {
  readonly jaxpr: Jaxpr;
  /** How many of the first inputs are what the function captured; the rules do not get those. */
  readonly captured: number;
}

const sinJaxpr = stage('sin', (x) => [sin(x)], [aval([3], 'f32')]).jaxpr;

export const customVjpP: Primitive<CustomVjpParams> = primitive<CustomVjpParams, number>({
  name: 'customVjp',
  type: (_, { jaxpr }) => typed(...outputAvals(jaxpr)),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: (primals, tangents, params) =>
        jvpOf(
          params,
          primals.slice(params.captured),
          ofArguments(params.name, params.captured, tangents, (t) => t === null),
        ),
      linearize: (primals, varied, params) =>
        linearizeByForward(
          params,
          primals.slice(params.captured),
          ofArguments(params.name, params.captured, varied, (v) => !v),
        ),
      // Of a linear function, where no rule is asked for.
      transpose: callRules.transpose,
      evaluate: (inputs, { jaxpr }) => evalJaxpr(jaxpr, [], inputs),
      // The rules give all results and take all operands.
      prune: (_, params) => wholePruned(params, params.jaxpr),
    },
  },
  batch: (ins: readonly Batched[], params, size, axisName) => {
    const axes = ins.map((b) => b.axis);
    const { callable } = batchJaxprInFront(params.jaxpr, { axes, size, axisName });
    const mapper = mapperOf(`vmap of ${params.name}`, size, axisName);
    const results = new BatchedResults(params.name, mapper, ins);
    const values = bind(customVjpP, [...callable.constants, ...ins.map((b) => b.value)], {
      ...batchedRules(params, axes.slice(params.captured), results, mapper),
      jaxpr: callable.jaxpr,
      captured: callable.constants.length + params.captured,
    });
    return { values, axes: values.map(() => 0) };
  },
  lower: (_, { jaxpr }) => ({ kind: 'inline', jaxpr }),
  stablehlo: inlined(() => customVjpP),
  cases: [
    {
      ins: [{ shape: [3], dtype: 'f32' }],
      params: {
        name: 'sin',
        jaxpr: sinJaxpr,
        captured: 0,
        forward: ([x]) => ({
          outs: [sin(x as NDArray)],
          residuals: [cos(x as NDArray)],
          backward: ([c], [ct]) => [mul(ct as NDArray, c as NDArray)],
        }),
        jvp: ([x], [t]) => ({ primals: [sin(x as NDArray)], tangents: [mul(t as NDArray, cos(x as NDArray))] }),
      },
    },
  ],
});
