import { isFloat } from '../../kernel/dtype.ts';
import { mul } from '../../lax/elementwise.ts';
import { zerosOf } from '../../lax/structural.ts';
import type { Aval } from '../../trace/aval.ts';
import { aval } from '../../trace/aval.ts';
import type { BatchMapper } from '../../trace/context.ts';
import { bind } from '../../trace/context.ts';
import { GradientError } from '../../trace/errors.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import { Var } from '../../trace/jaxpr.ts';
import type { Batched, BatchedResult, Linearized, Primitive, StructuralRules, Tangent } from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { inlined } from '../../trace/stablehlo/rules.ts';
import { present } from '../../util/assert.ts';
import { zipExact } from '../../util/array.ts';
import { toldByParts } from '../../util/key.ts';
import { mapperOf } from '../batch.ts';
import { callRules } from '../call.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import { batchedAval, batchJaxprInFront, nonNull, spread } from '../jaxpr-rules.ts';
import { BatchedResults, withAxes } from './batched.ts';

/** From residuals and cotangents of all results to cotangents of all operands (null: zero). */
export type Backward = (residuals: readonly NDArray[], cts: readonly NDArray[]) => readonly Tangent[];

/**
 * The derivative of a function with a backward rule, at a point: a linear map of which that rule is the transpose. The
 * operands are the residuals, then the tangents of those of the function's operands that vary.
 */
export interface LinearParams {
  readonly name: string;
  readonly backward: Backward;
  readonly residuals: number;
  /** The types of the function's results; those that are not float have no tangent. */
  readonly outs: readonly Aval[];
  /** Which operands of the function vary. */
  readonly varied: Flags;
  /** The map itself, of all operands, if a forward rule says it. */
  readonly jaxpr: Jaxpr | null;
}

/** The derivative as it is staged. */
export interface LinearMapOf {
  readonly name: string;
  readonly residuals: readonly NDArray[];
  readonly backward: Backward;
  readonly outs: readonly Aval[];
  readonly varied: Flags;
  /** The map from the tangents that vary to those of all float results, if a forward rule says it. */
  readonly forward: Callable | null;
}

/** The error where only a backward rule is known. */
export const noForwardRule = (name: string): GradientError =>
  new GradientError(
    'forward-mode',
    `${name} has a backward rule only (customVjp), so forward mode (jvp, jacfwd, hessian, and the linear function that ` +
      `linearize gives) can't go through it: give it a forward rule as well, with .defjvp(rule), or differentiate backwards ` +
      '(grad, vjp, jacrev)',
  );

/** Applies the derivative to tangents; null for results that have none. */
export function applyLinear(map: LinearMapOf, tangents: readonly NDArray[]): readonly Tangent[] {
  const { name, backward, outs, varied, forward } = map;
  const flows = outs.map((o) => isFloat(o.dtype));
  if (!flows.includes(true)) return outs.map(() => null);
  // What the map captured comes along with the residuals.
  const captured = forward?.constants ?? [];
  const residuals = [...captured, ...map.residuals];
  const ts = bind(customVjpLinearP, [...residuals, ...tangents], {
    name,
    backward: afterFirst(captured.length, backward),
    residuals: residuals.length,
    outs,
    varied,
    jaxpr: forward === null ? null : withUnused(forward.jaxpr, captured.length, map.residuals),
  });
  return spread(ts, flows);
}

/** The rule where its residuals come after others. Apart, so that it keeps no array. */
const afterFirst = (n: number, backward: Backward): Backward =>
  n === 0
    ? backward
    : toldByParts(
        (residuals, cts) => backward(residuals.slice(n), cts),
        () => ['after', n, backward],
      );

/** The Jaxpr with inputs put in at `at` that it does not use. */
const withUnused = (jaxpr: Jaxpr, at: number, unused: readonly NDArray[]): Jaxpr => ({
  ...jaxpr,
  inputs: [...jaxpr.inputs.slice(0, at), ...unused.map((x) => new Var(x.aval)), ...jaxpr.inputs.slice(at)],
});

function transposeLinearMap(
  cts: readonly Tangent[],
  ins: readonly Linearized[],
  { backward, residuals, outs, varied }: LinearParams,
): readonly Tangent[] {
  const values = ins.slice(0, residuals).map((x) => present(x.value, 'a residual'));
  const given = spread(cts, outs.map((o) => isFloat(o.dtype))); // prettier-ignore
  const operands = backward(values, zipExact(given, outs).map(([ct, o]) => ct ?? zerosOf(o))); // prettier-ignore
  return [...values.map(() => null), ...operands.filter((_, i) => varied[i] === true)];
}

/** A backward rule for whole batches; `axes` are those of the residuals and of the function's operands. */
export const batchedBackward = (
  backward: Backward,
  axes: { readonly residuals: readonly (number | null)[]; readonly operands: readonly (number | null)[] },
  results: BatchedResults,
  mapper: BatchMapper,
): Backward =>
  toldByParts(
    (residuals, cts) => {
      const n = residuals.length;
      let flowing: Flags = [];
      const outs = mapper.map(
        (...xs) => {
          const operands = backward(xs.slice(0, n), xs.slice(n));
          flowing = operands.map((ct) => ct !== null);
          return nonNull(operands);
        },
        [...withAxes(residuals, axes.residuals), ...cts.map((value) => ({ value, axis: results.axis }))],
      );
      return zipExact(spread(outs, flowing), axes.operands).map(([ct, axis]) =>
        ct === null ? null : results.placeCotangent(ct, axis),
      );
    },
    () => ['batched', backward, axes, results.axis, mapper.key],
  );

function batchLinear(
  ins: readonly Batched[],
  params: LinearParams,
  size: number,
  axisName: string | null,
): BatchedResult {
  const mapper = mapperOf(`vmap of ${params.name}`, size, axisName);
  const results = new BatchedResults(params.name, mapper, ins);
  const axes = ins.map((b) => b.axis);
  const operands = spread(axes.slice(params.residuals), params.varied);
  const batched = params.jaxpr === null ? null : batchJaxprInFront(params.jaxpr, { axes, size, axisName }).callable;
  const captured = batched?.constants ?? [];
  const backward = batchedBackward(params.backward, { residuals: axes.slice(0, params.residuals), operands }, results, mapper); // prettier-ignore
  const values = bind(customVjpLinearP, [...captured, ...ins.map((b) => b.value)], {
    ...params,
    backward: afterFirst(captured.length, backward),
    residuals: captured.length + params.residuals,
    outs: params.outs.map((o) => batchedAval(o, 0, size)),
    jaxpr: batched?.jaxpr ?? null,
  });
  return { values, axes: values.map(() => 0) };
}

/** The map as a Jaxpr that can be applied; without a forward rule there is none. */
function forwardOf({ name, jaxpr }: LinearParams): { readonly name: string; readonly jaxpr: Jaxpr } {
  if (jaxpr === null) throw noForwardRule(name);
  return { name: `linear(${name})`, jaxpr };
}

const rules: StructuralRules<LinearParams> = {
  jvp: (primals, tangents, params) => callRules.jvp(primals, tangents, forwardOf(params)),
  linearize: (primals, varied, params) => callRules.linearize(primals, varied, forwardOf(params)),
  transpose: transposeLinearMap,
  evaluate: (inputs, params) => callRules.evaluate(inputs, forwardOf(params)),
  // The backward rule takes all cotangents.
  prune: (used, params) => ({
    params,
    inputs: Array.from({ length: params.residuals + params.varied.filter((v) => v).length }, () => true),
    outputs: used.map(() => true),
  }),
};

const times3 = stage('times', (x, t) => [mul(t, x)], [aval([3], 'f32'), aval([3], 'f32')]).jaxpr;

export const customVjpLinearP: Primitive<LinearParams> = primitive<LinearParams, number>({
  name: 'customVjpLinear',
  type: (_, { outs }) => typed(...outs.filter((o) => isFloat(o.dtype))),
  derivative: { kind: 'structural', rules },
  batch: batchLinear,
  lower: (_, params) => ({ kind: 'inline', jaxpr: forwardOf(params).jaxpr }),
  stablehlo: inlined(() => customVjpLinearP),
  cases: [
    {
      ins: [
        { shape: [3], dtype: 'f32' },
        { shape: [3], dtype: 'f32' },
      ],
      params: {
        name: 'half a square',
        backward: ([x], [ct]) => [mul(ct as NDArray, x as NDArray)],
        residuals: 1,
        outs: [aval([3], 'f32')],
        varied: [true],
        jaxpr: times3,
      },
    },
  ],
});
