import { isFloat } from '../../kernel/dtype.ts';
import type { DType } from '../../kernel/dtype.ts';
import { eq, like, mul, sin, sqrt } from '../../lax/elementwise.ts';
import { dynamicIndexInDim } from '../../lax/dynamic.ts';
import { reduceMin, reduceOr } from '../../lax/reduce.ts';
import { movePermutation } from '../../lax/rules.ts';
import { broadcastedIota } from '../../lax/iota.ts';
import { select as where } from '../../lax/select.ts';
import { broadcastInDim, reshape, toFront, transpose, zerosOf } from '../../lax/structural.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import { interned } from '../../trace/intern.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import type {
  Batched,
  BatchedResult,
  Case,
  JvpResult,
  Linearized,
  LinearizeResult,
  Primitive,
  Tangent,
} from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { inlined } from '../../trace/stablehlo/rules.ts';
import { at, range } from '../../util/array.ts';
import { axesIn } from '../batch.ts';
import type { Callable, Flags } from '../jaxpr-rules.ts';
import {
  batchedAval,
  batchJaxprInFront,
  inputAvals,
  nonNull,
  outputAvals,
  spread,
  transposeJaxpr,
} from '../jaxpr-rules.ts';
import { batchedBranches, givenOf, jvpBranches, linearBranches, prunedBranches } from './cond-bodies.ts';
import { canBeWritten, withConstants } from './edit.ts';

/**
 * A conditional in which every example of a batch makes its own choice. All branches are computed for the whole batch,
 * and each example takes the results of its own.
 *
 * As a primitive, it still knows the branches of one example, so that its derivative is that of the branch that is taken.
 * Were it only a select, a branch that is not taken could bring in NaN, as 0 · ∞, where the derivative of the taken one
 * is finite.
 */
export interface CondEachParams {
  /** For one example. */
  readonly branches: readonly Jaxpr[];
  /** Which operands come with the batch, in front; the others are the same for all examples. */
  readonly batched: Flags;
  readonly size: number;
}

/**
 * @param index i32[size], in range.
 * @returns results with the batch in front.
 */
export function condEach(
  index: NDArray,
  operands: readonly NDArray[],
  p: CondEachParams,
  axisName: string | null,
): readonly NDArray[] {
  // Nothing may be put off if a collective is over the axis that is batched here.
  const canWait =
    p.branches.every((b) => axesIn(b).size === 0) &&
    canBeWritten(p.branches.flatMap((b) => inBatch(b, p, null).constants));
  return canWait ? bind(condEachP, [index, ...operands], p) : chosen(index, operands, p, axisName);
}

/** One branch of the whole batch, all results with the batch in front. */
const inBatch = (branch: Jaxpr, { batched, size }: CondEachParams, axisName: string | null): Callable =>
  batchJaxprInFront(branch, { axes: batched.map((b) => (b ? 0 : null)), size, axisName }).callable;

const applied = ({ jaxpr, constants }: Callable, inputs: readonly NDArray[]): readonly NDArray[] =>
  evalJaxpr(jaxpr, [], [...constants, ...inputs]);

/** All branches and the choice, in ordinary operations. */
function chosen(
  index: NDArray,
  operands: readonly NDArray[],
  p: CondEachParams,
  axisName: string | null,
): readonly NDArray[] {
  const outs = p.branches.map((b) => applied(inBatch(b, p, axisName), operands));
  return choose(index, outs);
}

/** Of each list of results, those of the examples that chose it. */
function choose(index: NDArray, outs: readonly (readonly NDArray[])[]): readonly NDArray[] {
  const [last, ...before] = [...outs].reverse() as [readonly NDArray[], ...(readonly NDArray[])[]];
  return before.reduce(
    (rest, own, k) => own.map((x, i) => where(takenAlong(index, outs.length - 2 - k, x), x, at(rest, i))),
    last,
  );
}

/** Where branch `branch` is taken, for every element of `x`. */
const takenAlong = (index: NDArray, branch: number, x: NDArray): NDArray =>
  broadcastInDim(eq(index, like(index, branch)), x.shape, [0]);

/** Which examples take a branch, whether any does, and one that does. */
interface Takers {
  readonly taken: NDArray;
  readonly any: NDArray;
  readonly one: NDArray;
}

function takersOf(index: NDArray, branch: number): Takers {
  const taken = eq(index, like(index, branch));
  const last = like(index, index.size - 1);
  const one = reduceMin(where(taken, broadcastedIota('i32', index.shape, 0), last), [0]);
  return { taken, any: reduceOr(taken, [0]), one };
}

/**
 * A tangent as a branch sees it: zero for examples that do not take it. Transposed, this keeps what the branch makes of
 * their zero cotangents, which may be NaN, from getting out.
 */
const ofTakers = (t: NDArray, isBatched: boolean, { taken, any }: Takers): NDArray =>
  where(broadcastInDim(isBatched ? taken : any, t.shape, isBatched ? [0] : []), t, zerosOf(t.aval));

/**
 * A residual as a branch sees it: that of an example that takes it, in the place of those that do not. Where something is
 * the same for all examples, its cotangents are summed over all, so that each must be finite. Else any value will do.
 */
function residualOfTakers(x: NDArray, isBatched: boolean, hasShared: boolean, takers: Takers): NDArray {
  if (!isFloat(x.dtype)) return x;
  if (!isBatched || !hasShared) return ofTakers(x, isBatched, takers);
  const other = broadcastInDim(dynamicIndexInDim(x, takers.one, 0, false), x.shape, range(x.ndim).slice(1));
  return where(broadcastInDim(takers.taken, x.shape, [0]), x, other);
}

function jvpEach(primals: readonly NDArray[], tangents: readonly Tangent[], p: CondEachParams): JvpResult {
  const [index, ...operands] = primals as [NDArray, ...NDArray[]];
  const varying = tangents.slice(1);
  const jvp = jvpBranches(
    p.branches,
    varying.map((t) => t !== null),
  );
  const batched = [
    ...jvp.constants.map(() => false),
    ...p.batched,
    ...p.batched.filter((_, i) => (varying[i] ?? null) !== null),
  ];
  const inputs = [...jvp.constants, ...operands, ...nonNull(varying)];
  const outs = condEach(index, inputs, { ...p, branches: jvp.branches, batched }, null);
  const n = jvp.depends.length;
  return { primals: outs.slice(0, n), tangents: spread(outs.slice(n), jvp.depends) };
}

function linearizeEach(primals: readonly NDArray[], varied: Flags, p: CondEachParams): LinearizeResult {
  const [index, ...operands] = primals as [NDArray, ...NDArray[]];
  const lin = linearBranches(p.branches, varied.slice(1), true);
  const inputs = [...lin.forward.constants, ...operands];
  const flags = [...lin.forward.constants.map(() => false), ...p.batched];
  const outs = condEach(index, inputs, { ...p, branches: lin.forward.branches, batched: flags }, null);
  const given = givenOf(lin.given, inputs, outs);
  const givenBatched = lin.given.map((i) => flags[i] ?? true);
  const tangentBatched = p.batched.filter((_, i) => varied[i + 1] === true);
  const linear = { branches: lin.linear, batched: [...givenBatched, ...tangentBatched], size: p.size };
  return {
    primals: outs.slice(0, lin.depends.length),
    linear: (tangents) => {
      const isTangent = [...given.map(() => false), ...tangents.map(() => true)];
      return spread(chosenLinear(index, [...given, ...tangents], isTangent, linear), lin.depends);
    },
  };
}

/**
 * All branches and the choice, in ordinary operations, of branches that are linear in the operands that `isTangent` marks.
 * Transposed, too, a branch brings nothing into examples that do not take it.
 */
function chosenLinear(
  index: NDArray,
  operands: readonly NDArray[],
  isTangent: Flags,
  p: CondEachParams,
): readonly NDArray[] {
  const { branches, batched, size } = p;
  const hasShared = size > 0 && operands.some((x, k) => isFloat(x.dtype) && batched[k] !== true);
  const results = branches.map((branch, i) => {
    const takers = takersOf(index, i);
    const own = operands.map((x, k) =>
      isTangent[k] === true
        ? ofTakers(x, batched[k] === true, takers)
        : residualOfTakers(x, batched[k] === true, hasShared, takers),
    );
    return applied(inBatch(branch, p, null), own);
  });
  return choose(index, results);
}

function transposeEach(cts: readonly Tangent[], ins: readonly Linearized[], p: CondEachParams): readonly Tangent[] {
  const linear = ins.map((x) => x.value === null);
  const flowing = cts.map((ct) => ct !== null);
  const jaxpr = stagedEach(p, (index, ...operands) => chosenLinear(index, operands, linear.slice(1), p));
  const { callable, depends } = transposeJaxpr(jaxpr, { linear, flowing });
  const known = nonNull(ins.map((x) => x.value));
  const outs = applied(callable, [...known, ...nonNull(cts)]);
  return spread(spread(outs, depends), linear);
}

/** The conditional as a Jaxpr of ordinary operations. */
const chosenJaxpr = (p: CondEachParams): Jaxpr =>
  stagedEach(p, (index, ...operands) => chosen(index, operands, p, null));

/** A function of the index and the operands of a conditional as a Jaxpr. */
function stagedEach(
  p: CondEachParams,
  f: (index: NDArray, ...operands: readonly NDArray[]) => readonly NDArray[],
): Jaxpr {
  const avals = inputAvals(at(p.branches, 0)).map((a, i) => (p.batched[i] === true ? batchedAval(a, 0, p.size) : a));
  return interned(
    withConstants(stage('cond', (index, ...operands) => f(index, ...operands), [aval([p.size], 'i32'), ...avals])),
  );
}

function batchEach(ins: readonly Batched[], p: CondEachParams, size: number): BatchedResult {
  const [index, ...operands] = ins as [Batched, ...Batched[]];
  return index.axis === null ? batchInside(index.value, operands, p, size) : batchTogether(index, operands, p, size);
}

/** The choice is the same along the new axis, which goes into the branches. */
function batchInside(index: NDArray, operands: readonly Batched[], p: CondEachParams, size: number): BatchedResult {
  const many = batchedBranches(
    p.branches,
    operands.map((b) => b.axis !== null),
    size,
    null,
  );
  const values = operands.map((b, i) => moved(b, p.batched[i] === true ? 1 : 0));
  const batched = [...many.constants.map(() => false), ...p.batched];
  const outs = condEach(index, [...many.constants, ...values], { ...p, branches: many.branches, batched }, null);
  return { values: outs, axes: many.batched.map((b) => (b ? 1 : null)) };
}

const moved = ({ value, axis }: Batched, to: number): NDArray =>
  axis === null ? value : transpose(value, movePermutation(value.ndim, axis, to));

/** Both axes become one. */
function batchTogether(index: Batched, operands: readonly Batched[], p: CondEachParams, size: number): BatchedResult {
  const total = size * p.size;
  const merged = operands.map((b, i): NDArray => {
    if (b.axis === null && p.batched[i] !== true) return b.value;
    const front = toFront(b, size);
    const rest = front.shape.slice(p.batched[i] === true ? 2 : 1);
    const both = [size, p.size, ...rest];
    const axes = range(both.length).filter((a) => a !== 1);
    return reshape(p.batched[i] === true ? front : broadcastInDim(front, both, axes), [total, ...rest]);
  });
  const batched = operands.map((b, i) => b.axis !== null || p.batched[i] === true);
  const choices = reshape(toFront(index, size), [total]);
  const outs = condEach(choices, merged, { branches: p.branches, batched, size: total }, null);
  return {
    values: outs.map((o) => reshape(o, [size, p.size, ...o.shape.slice(1)])),
    axes: outs.map(() => 0),
  };
}

const caseIn = (f: DType): Case<CondEachParams, number> => ({
  ins: [
    { shape: [4], dtype: 'i32', integers: [0, 1] },
    { shape: [4, 2], dtype: f, domain: [0.5, 2] },
    { shape: [2], dtype: f },
  ],
  params: {
    branches: [(x: NDArray, y: NDArray) => [mul(sin(x), y)], (x: NDArray) => [sqrt(x)]].map(
      (branch) => stage('branch', (x, y) => branch(x, y), [aval([2], f), aval([2], f)]).jaxpr,
    ),
    batched: [true, false],
    size: 4,
  },
  label: `two branches in ${f}`,
});

export const condEachP: Primitive<CondEachParams> = primitive<CondEachParams, number>({
  name: 'condEach',
  type: (_, { branches, size }) => typed(...outputAvals(at(branches, 0)).map((a) => batchedAval(a, 0, size))),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: jvpEach,
      linearize: linearizeEach,
      transpose: transposeEach,
      evaluate: ([index, ...operands], p) => chosen(index as NDArray, operands, p, null),
      prune: (used, { branches, batched, size }) => {
        const pruned = prunedBranches(branches, used);
        return {
          params: { branches: pruned.branches, batched: batched.filter((_, i) => pruned.inputs[i] === true), size },
          inputs: [true, ...pruned.inputs],
          outputs: used,
        };
      },
    },
  },
  batch: batchEach,
  lower: (_, p) => ({ kind: 'inline', jaxpr: chosenJaxpr(p) }),
  stablehlo: inlined(() => condEachP),
  cases: [caseIn('f32'), caseIn('f64')],
});
