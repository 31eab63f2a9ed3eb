import { cos, mul, sin } from '../../lax/elementwise.ts';
import { zerosOf } from '../../lax/structural.ts';
import { aval } from '../../trace/aval.ts';
import type { BatchMapper, OpenFunction } from '../../trace/context.ts';
import { bind, bindOpen } from '../../trace/context.ts';
import { CustomRuleError } from '../../trace/errors.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import { interned } from '../../trace/intern.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import type { Batched, JvpResult, LinearizeResult, Primitive, Pruned, Tangent } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { inlined } from '../../trace/stablehlo/rules.ts';
import { at } from '../../util/array.ts';
import { toldByParts } from '../../util/key.ts';
import { mapperOf } from '../batch.ts';
import { callRules } from '../call.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { batchJaxprInFront, nonNull, outputAvals, select, spread, toCallable } from '../jaxpr-rules.ts';
import { partialFlat } from '../partial.ts';
import { BatchedResults, withAxes } from './batched.ts';

/** A function and its forward rule, on flat lists of arrays. */
export interface CustomJvpCall {
  readonly name: string;
  readonly run: (...xs: readonly NDArray[]) => readonly NDArray[];
  readonly rule: JvpRule;
}

/** From values and tangents to results and their tangents. */
export type JvpRule = (primals: readonly NDArray[], tangents: readonly NDArray[]) => JvpResult;

/** Zeros in the place of symbolic ones: rules of the user's see arrays only. */
const filled = (primals: readonly NDArray[], tangents: readonly Tangent[]): readonly NDArray[] =>
  tangents.map((t, i) => t ?? zerosOf(at(primals, i).aval));

/** Forward mode by a rule. */
export const jvpByRule = (rule: JvpRule, primals: readonly NDArray[], tangents: readonly Tangent[]): JvpResult =>
  rule(primals, filled(primals, tangents));

/** Linearization by a forward rule: what it does to values is done now, what it does to tangents is staged. */
export function linearizeByRule(
  { name, rule }: Pick<CustomJvpCall, 'name' | 'rule'>,
  primals: readonly NDArray[],
  varied: Flags,
): LinearizeResult {
  let n = 0;
  let moving: Flags = [];
  const { known, staged } = partialFlat(
    `the tangents of ${name}`,
    (...unknowns) => {
      const out = jvpByRule(rule, primals, spread(unknowns, varied));
      n = out.primals.length;
      moving = out.tangents.map((t) => t !== null);
      return [...out.primals, ...nonNull(out.tangents)];
    },
    select(primals, varied).map((p) => p.aval),
  );
  const outs = known.slice(0, n).map((p, i) => {
    if (p !== null) return p;
    throw new CustomRuleError(`the forward rule of ${name} makes result ${i} depend on a tangent`);
  });
  // A tangent that is known does not depend on any tangent: it is zero if the rule is linear.
  const unknown = spread(known.slice(n), moving).map((t, i) => moving[i] === true && t === null);
  return { primals: outs, linear: (ts) => spread(evalJaxpr(staged.jaxpr, staged.constants, ts), unknown) };
}

/** The function and its rule for whole batches. */
function batched(
  { name, run, rule }: CustomJvpCall,
  ins: readonly Batched[],
  mapper: BatchMapper,
): { readonly custom: CustomJvpCall; readonly results: BatchedResults } {
  const axes = ins.map((b) => b.axis);
  const results = new BatchedResults(name, mapper, ins);
  return { results, custom: { name, run: batchedRun(run, axes, results, mapper), rule: batchedRule(rule, axes, results, mapper) } }; // prettier-ignore
}

/** A flat function for whole batches. */
export const batchedRun =
  (
    run: CustomJvpCall['run'],
    axes: readonly (number | null)[],
    results: BatchedResults,
    mapper: BatchMapper,
  ): CustomJvpCall['run'] =>
  (...xs) =>
    results.place(mapper.map(run, withAxes(xs, axes)));

/** A forward rule for whole batches. */
export const batchedRule = (
  rule: JvpRule,
  axes: readonly (number | null)[],
  results: BatchedResults,
  mapper: BatchMapper,
): JvpRule =>
  toldByParts(
    (primals, tangents) => {
      const n = primals.length;
      let moving: Flags = [];
      const outs = mapper.map(
        (...xs) => {
          const out = rule(xs.slice(0, n), xs.slice(n));
          moving = out.tangents.map((t) => t !== null);
          return [...out.primals, ...nonNull(out.tangents)];
        },
        withAxes([...primals, ...tangents], [...axes, ...axes]),
      );
      const placed = results.place(outs);
      return { primals: placed.slice(0, moving.length), tangents: spread(placed.slice(moving.length), moving) };
    },
    () => ['batched', rule, axes, results.axis, mapper.key],
  );

/** The function as interpreters meet it while it is no Jaxpr. */
export const openJvp = (custom: CustomJvpCall): OpenFunction => ({
  name: custom.name,
  run: custom.run,
  jvp: (primals, tangents) => jvpByRule(custom.rule, primals, tangents),
  linearize: (primals, varied) => linearizeByRule(custom, primals, varied),
  batch: (ins, mapper) => {
    const b = batched(custom, ins, mapper);
    const values = bindOpen(openJvp(b.custom), ins.map((x) => x.value)); // prettier-ignore
    return { values, axes: values.map(() => b.results.axis) };
  },
  stage: (inputs) => {
    const { name, run, rule } = custom;
    const { jaxpr, constants } = toCallable(stage(name, run, inputs.map((x) => x.aval))); // prettier-ignore
    return bind(customJvpP, [...constants, ...inputs], {
      name,
      jaxpr: interned(jaxpr),
      captured: constants.length,
      rule,
    });
  },
});

/** A staged function with a forward rule; the rule stays a function until it is needed. */
export interface CustomJvpParams {
  readonly name: string;
  readonly jaxpr: Jaxpr;
  /** How many of the first inputs are what the function captured; the rule does not get those. */
  readonly captured: number;
  readonly rule: JvpRule;
}

/** The mask or tangents of the arguments alone; captured values must not vary, since the rule can't know of them. */
export function ofArguments<T>(
  name: string,
  captured: number,
  varied: readonly T[],
  isZero: (t: T) => boolean,
): readonly T[] {
  if (varied.slice(0, captured).every(isZero)) return varied.slice(captured);
  throw new CustomRuleError(
    `${name} has a derivative rule of its own, but reads an outer value that is differentiated, of which the rule does not ` +
      'know: pass the value as an argument and give it a place in the rule, or apply stopGradient to it outside.',
  );
}

/** An equation that can't do with fewer operands or results. */
export const wholePruned = <P>(params: P, { inputs, outputs }: Jaxpr): Pruned<P> => ({
  params,
  inputs: inputs.map(() => true),
  outputs: outputs.map(() => true),
});

const sinJaxpr = stage('sin', (x) => [sin(x)], [aval([3], 'f32')]).jaxpr;

export const customJvpP: Primitive<CustomJvpParams> = primitive<CustomJvpParams, number>({
  name: 'customJvp',
  type: (_, { jaxpr }) => typed(...outputAvals(jaxpr)),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: (primals, tangents, { name, captured, rule }) =>
        jvpByRule(
          rule,
          primals.slice(captured),
          ofArguments(name, captured, tangents, (t) => t === null),
        ),
      linearize: (primals, varied, { name, captured, rule }) =>
        linearizeByRule(
          { name, rule },
          primals.slice(captured),
          ofArguments(name, captured, varied, (v) => !v),
        ),
      // Of a linear function, where no rule is asked for.
      transpose: callRules.transpose,
      evaluate: (inputs, { jaxpr }) => evalJaxpr(jaxpr, [], inputs),
      // The rule gives all results and takes all operands.
      prune: (_, params) => wholePruned(params, params.jaxpr),
    },
  },
  batch: (ins, params, size, axisName) => {
    const { callable } = batchJaxprInFront(params.jaxpr, { axes: ins.map((b) => b.axis), size, axisName });
    const mapper = mapperOf(`vmap of ${params.name}`, size, axisName);
    const axes = ins.slice(params.captured).map((b) => b.axis);
    const results = new BatchedResults(params.name, mapper, ins);
    const values = bind(customJvpP, [...callable.constants, ...ins.map((b) => b.value)], {
      name: params.name,
      jaxpr: callable.jaxpr,
      captured: callable.constants.length + params.captured,
      rule: batchedRule(params.rule, axes, results, mapper),
    });
    return { values, axes: values.map(() => 0) };
  },
  lower: (_, { jaxpr }) => ({ kind: 'inline', jaxpr }),
  stablehlo: inlined(() => customJvpP),
  cases: [
    {
      ins: [{ shape: [3], dtype: 'f32' }],
      params: {
        name: 'sin',
        jaxpr: sinJaxpr,
        captured: 0,
        rule: ([x], [t]) => ({ primals: [sin(x as NDArray)], tangents: [mul(t as NDArray, cos(x as NDArray))] }),
      },
    },
  ],
});
