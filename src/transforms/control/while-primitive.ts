import type { DType } from '../../kernel/dtype.ts';
import { add, gt, like, lt, mul } from '../../lax/elementwise.ts';
import { reduceOr } from '../../lax/reduce.ts';
import { scalarOf } from '../../lax/rules.ts';
import { select as where } from '../../lax/select.ts';
import { broadcastInDim, toFront, zerosOf } from '../../lax/structural.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { pruneJaxpr } from '../../trace/dead-code.ts';
import { interned } from '../../trace/intern.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import { Var } from '../../trace/jaxpr.ts';
import type {
  Batched,
  BatchedResult,
  Case,
  JvpResult,
  Lowered,
  LinearizeResult,
  Primitive,
  Pruned,
  Tangent,
} from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { applyJaxpr } from '../../trace/stablehlo/apply.ts';
import { at } from '../../util/array.ts';
import { inIteration } from '../../util/origin.ts';
import { call } from '../call.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { batchJaxpr, inputAvals, nonNull, outputAvals, select, spread } from '../jaxpr-rules.ts';
import { batchInFront, capturingNothing, count, cut, fixedPoint } from './edit.ts';
import { hoistInvariants } from './residuals.ts';
import { batchedBody, jvpBody, prunedBody } from './scan-bodies.ts';

/**
 * The `while` primitive: a body applied to what it carries as long as a condition on that holds. The operands are the
 * condition's constants, the body's constants, and the first carried values.
 */
export interface WhileParams {
  readonly condition: Jaxpr;
  readonly conditionConstants: number;
  readonly body: Jaxpr;
  readonly bodyConstants: number;
}

const whileBind = (
  conditionConstants: readonly NDArray[],
  bodyConstants: readonly NDArray[],
  init: readonly NDArray[],
  p: Pick<WhileParams, 'condition' | 'body'>,
): readonly NDArray[] =>
  bind(whileP, [...conditionConstants, ...bodyConstants, ...init], {
    condition: interned(p.condition),
    body: interned(p.body),
    conditionConstants: conditionConstants.length,
    bodyConstants: bodyConstants.length,
  });

/** What belongs to the condition's constants, the body's, and the carried values. */
const groups = <T>(items: readonly T[], p: WhileParams): readonly [readonly T[], readonly T[], readonly T[]] =>
  cut(items, p.conditionConstants, p.bodyConstants);

const layoutOf = ({ body, bodyConstants }: WhileParams): { readonly constants: number; readonly carries: number } => ({
  constants: bodyConstants,
  carries: body.outputs.length,
});

function jvpWhile(primals: readonly NDArray[], tangents: readonly Tangent[], p: WhileParams): JvpResult {
  const [cc, bc, k] = groups(primals, p);
  const [, tb, tk] = groups(tangents, p);
  const varied = [...tb, ...tk].map((t) => t !== null);
  const { callable, carried } = jvpBody(p.body, { ...layoutOf(p), varied });
  const dk = carried.flatMap((f, i) => (f ? [tk[i] ?? zerosOf(at(k, i).aval)] : []));
  const ignored = dk.map((t) => new Var(t.aval));
  const outs = whileBind(cc, [...callable.constants, ...bc, ...nonNull(tb)], [...k, ...dk], {
    condition: { ...p.condition, inputs: [...p.condition.inputs, ...ignored] },
    body: callable.jaxpr,
  });
  return { primals: outs.slice(0, k.length), tangents: spread(outs.slice(k.length), carried) };
}

/** The linear part runs the loop once more, with tangents: how many trips there are is not known before. */
function linearizeWhile(primals: readonly NDArray[], varied: Flags, p: WhileParams): LinearizeResult {
  const [, vb, vk] = groups(varied, p);
  const moves = jvpBody(p.body, { ...layoutOf(p), varied: [...vb, ...vk] }).carried.includes(true);
  const primalOuts = bind(whileP, primals, p);
  if (!moves) return { primals: primalOuts, linear: () => primalOuts.map(() => null) };
  return {
    primals: primalOuts,
    linear: (tangents) => jvpWhile(primals, spread(tangents, varied), p).tangents,
  };
}

const noReverse =
  'whileLoop has no reverse mode: how often its body runs is known only when it has run, so there is no place for what ' +
  'the backward pass needs. Two ways out: count the trips, with lax.scan or with lax.foriLoop whose bounds are numbers, ' +
  'or bound them, lax.whileLoop(condition, body, init, { maxSteps }). Forward mode (jvp, jacfwd) works.';

// ---------------------------------------------------------------------------------------------------- batching

function batchWhile(ins: readonly Batched[], p: WhileParams, size: number, axisName: string | null): BatchedResult {
  const [cc, bc, k] = groups(ins, p);
  const isBatched = (b: Batched): boolean => b.axis !== null;
  const body = (carried: Flags): ReturnType<typeof batchedBody> =>
    batchedBody(p.body, { ...layoutOf(p), batched: [...bc.map(isBatched), ...carried], size, axisName });
  const condition = (carried: Flags): ReturnType<typeof batchJaxpr> =>
    batchJaxpr(p.condition, { axes: [...cc.map(isBatched), ...carried].map((f) => (f ? 0 : null)), size, axisName });
  // If examples end at different times, each must keep what it has at its end.
  const { flags, result } = fixedPoint(k.map(isBatched), (carried) => {
    const [test, step] = [condition(carried), body(carried)];
    const separate = test.outAxes[0] !== null;
    return { flags: separate ? carried.map(() => true) : step.carried, result: { test, step, separate } };
  });
  const value = (b: Batched): NDArray => (b.axis === null ? b.value : toFront(b, size));
  const init = k.map((b, i) => (flags[i] === true ? toFront(b, size) : b.value));
  const conditionConstants = [...result.test.callable.constants, ...cc.map(value)];
  const bodyConstants = [...result.step.callable.constants, ...bc.map(value)];
  const jaxprs = {
    condition: batchInFront(result.test.callable.jaxpr, result.test.outAxes, [result.separate], size),
    body: result.step.callable.jaxpr,
  };
  const values = result.separate
    ? untilAllEnd(conditionConstants, bodyConstants, init, jaxprs)
    : whileBind(conditionConstants, bodyConstants, init, jaxprs);
  return { values, axes: flags.map((f) => (f ? 0 : null)) };
}

/** Runs until no example goes on; those that have ended keep their values. Everything carried has the batch in front. */
function untilAllEnd(
  conditionConstants: readonly NDArray[],
  bodyConstants: readonly NDArray[],
  init: readonly NDArray[],
  { condition, body }: Pick<WhileParams, 'condition' | 'body'>,
): readonly NDArray[] {
  const first = call('condition', { jaxpr: condition, constants: [] }, [...conditionConstants, ...init]);
  const constants = [...conditionConstants, ...bodyConstants];
  const state = [...first, ...init];
  const trip = (...all: readonly NDArray[]): readonly NDArray[] => {
    const [c, b, actives, carried] = cut(all, conditionConstants.length, bodyConstants.length, 1);
    const next = evalJaxpr(body, [], [...b, ...carried]).map((x, i) =>
      where(broadcastInDim(at(actives, 0), x.shape, [0]), x, at(carried, i)),
    );
    return [...evalJaxpr(condition, [], [...c, ...next]), ...next];
  };
  const types = (xs: readonly NDArray[]): readonly ReturnType<typeof aval>[] => xs.map((x) => x.aval);
  const outs = whileBind([], constants, state, {
    condition: stage('while', (active) => [reduceOr(active, [0])], types(state)).jaxpr,
    body: capturingNothing(stage('while', trip, types([...constants, ...state]))),
  });
  return outs.slice(1);
}

// ------------------------------------------------------------------------------------------- evaluation, pruning

function evaluateWhile(inputs: readonly NDArray[], p: WhileParams): readonly NDArray[] {
  const [cc, bc, init] = groups(inputs, p);
  let carry = init;
  for (let n = 0; Number(evalJaxpr(p.condition, [], [...cc, ...carry])[0]) !== 0; n++)
    carry = inIteration(n, () => evalJaxpr(p.body, [], [...bc, ...carry]));
  return carry;
}

function pruneWhile(used: Flags, p: WhileParams): Pruned<WhileParams> {
  const test = pruneJaxpr(p.condition, [true]);
  const [cc, tested] = cut(test.inputs, p.conditionConstants);
  const wanted = used.map((u, i) => u || tested[i] === true);
  const { body, inputs, carried } = prunedBody(p.body, layoutOf(p), wanted);
  const [bc] = cut(inputs, p.bodyConstants);
  return {
    params: {
      condition: { ...test.jaxpr, inputs: select(p.condition.inputs, [...cc, ...carried]) },
      conditionConstants: count(cc),
      body,
      bodyConstants: count(bc),
    },
    inputs: [...cc, ...bc, ...carried],
    outputs: carried,
  };
}

function lowerWhile(p: WhileParams): Lowered {
  const { invariants, body } = hoistInvariants(p.body, p.bodyConstants);
  if (invariants === null) return { kind: 'loop', trips: null, ...p };
  const closed = stage(
    'while',
    (...operands) => {
      const [cc, bc, k] = groups(operands, p);
      return whileBind(cc, [...evalJaxpr(invariants, [], bc), ...bc], k, { condition: p.condition, body });
    },
    [...inputAvals(p.condition).slice(0, p.conditionConstants), ...inputAvals(p.body)],
  );
  return { kind: 'inline', jaxpr: capturingNothing(closed) };
}

const caseIn = (f: DType): Case<WhileParams, number> => {
  const scalars = (n: number): readonly ReturnType<typeof aval>[] => Array.from({ length: n }, () => aval([], f));
  return {
    ins: [
      { shape: [], dtype: f, domain: [6, 9] },
      { shape: [], dtype: f, domain: [1.5, 2] },
      { shape: [], dtype: f, domain: [1, 1.1] },
      { shape: [], dtype: f },
    ],
    params: {
      condition: stage('condition', (limit, x) => [lt(x, limit)], scalars(3)).jaxpr,
      conditionConstants: 1,
      body: stage('body', (a, x, y) => [mul(x, a), add(y, x)], scalars(3)).jaxpr,
      bodyConstants: 1,
    },
    label: `doubling in ${f}`,
  };
};

export const whileP: Primitive<WhileParams> = primitive<WhileParams, number>({
  name: 'while',
  type: (_, { body }) => typed(...outputAvals(body)),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: jvpWhile,
      linearize: linearizeWhile,
      transpose: { noReverse },
      evaluate: evaluateWhile,
      prune: pruneWhile,
    },
  },
  batch: batchWhile,
  lower: (_, p) => lowerWhile(p),
  stablehlo: (b, ins, p) => {
    const [cc, bc, init] = groups(ins, p);
    return b.whileLoop(
      init,
      (...carried) => at(applyJaxpr(b, p.condition, [...cc, ...carried]), 0),
      (...carried) => applyJaxpr(b, p.body, [...bc, ...carried]),
    );
  },
  cases: [
    caseIn('f32'),
    caseIn('f64'),
    {
      ins: [{ shape: [], dtype: 'i32', integers: [-3, 5] }],
      params: {
        condition: stage('condition', (i) => [gt(i, like(i, 0))], [aval([], 'i32')]).jaxpr,
        conditionConstants: 0,
        body: stage('body', (i) => [add(i, scalarOf('i32', -1))], [aval([], 'i32')]).jaxpr,
        bodyConstants: 0,
      },
      label: 'counting down, also not at all',
    },
  ],
});
