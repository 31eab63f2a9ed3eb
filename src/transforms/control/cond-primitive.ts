import { add, mul, sin } from '../../lax/elementwise.ts';
import { toFront } from '../../lax/structural.ts';
import type { DType } from '../../kernel/dtype.ts';
import { aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
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
import { applyJaxpr } from '../../trace/stablehlo/apply.ts';
import type { HloValue } from '../../trace/stablehlo/text.ts';
import { at } from '../../util/array.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { nonNull, outputAvals, spread } from '../jaxpr-rules.ts';
import {
  batchedBranches,
  givenOf,
  jvpBranches,
  linearBranches,
  prunedBranches,
  transposedBranches,
} from './cond-bodies.ts';
import { condEach } from './cond-each.ts';

/**
 * The `cond` primitive: one of several Jaxprs, chosen by an i32 scalar, which is operand 0 and in range. Where vmap
 * gives every example a choice of its own, all branches are computed for all examples, and each takes its own: see
 * `condEach`.
 */
export interface CondParams {
  readonly branches: readonly Jaxpr[];
}

const condBind = (index: NDArray, operands: readonly NDArray[], branches: readonly Jaxpr[]): readonly NDArray[] =>
  bind(condP, [index, ...operands], { branches });

const headTail = <T>(items: readonly T[]): readonly [T, readonly T[]] => [at(items, 0), items.slice(1)];

function jvpCond(primals: readonly NDArray[], tangents: readonly Tangent[], { branches }: CondParams): JvpResult {
  const [index, operands] = headTail(primals);
  const [, varying] = headTail(tangents);
  const jvp = jvpBranches(
    branches,
    varying.map((t) => t !== null),
  );
  const outs = condBind(index, [...jvp.constants, ...operands, ...nonNull(varying)], jvp.branches);
  const n = jvp.depends.length;
  return { primals: outs.slice(0, n), tangents: spread(outs.slice(n), jvp.depends) };
}

function linearizeCond(primals: readonly NDArray[], varied: Flags, { branches }: CondParams): LinearizeResult {
  const [index, operands] = headTail(primals);
  const lin = linearBranches(branches, varied.slice(1), false);
  const inputs = [...lin.forward.constants, ...operands];
  const outs = condBind(index, inputs, lin.forward.branches);
  const given = givenOf(lin.given, inputs, outs);
  return {
    primals: outs.slice(0, lin.depends.length),
    linear: (tangents) => spread(condBind(index, [...given, ...tangents], lin.linear), lin.depends),
  };
}

function transposeCond(
  cts: readonly Tangent[],
  ins: readonly Linearized[],
  { branches }: CondParams,
): readonly Tangent[] {
  const [index, operands] = headTail(ins);
  const linear = operands.map((x) => x.value === null);
  const back = transposedBranches(
    branches,
    linear,
    cts.map((ct) => ct !== null),
  );
  const known = nonNull(operands.map((x) => x.value));
  const outs = condBind(index.value as NDArray, [...back.constants, ...known, ...nonNull(cts)], back.branches);
  return [null, ...spread(spread(outs, back.depends), linear)];
}

function batchCond(
  ins: readonly Batched[],
  { branches }: CondParams,
  size: number,
  axisName: string | null,
): BatchedResult {
  const [index, operands] = headTail(ins);
  const batched = operands.map((b) => b.axis !== null);
  const values = operands.map((b) => (b.axis === null ? b.value : toFront(b, size)));
  if (index.axis !== null) {
    const outs = condEach(toFront(index, size), values, { branches, batched, size }, axisName);
    return { values: outs, axes: outs.map(() => 0) };
  }
  const many = batchedBranches(branches, batched, size, axisName);
  return {
    values: condBind(index.value, [...many.constants, ...values], many.branches),
    axes: many.batched.map((b) => (b ? 0 : null)),
  };
}

const caseIn = (f: DType): Case<CondParams, number> => ({
  ins: [
    { shape: [], dtype: 'i32', integers: [0, 2] },
    { shape: [3], dtype: f },
    { shape: [3], dtype: f },
  ],
  params: {
    branches: [
      (x: NDArray, y: NDArray) => [mul(sin(x), y), x],
      (x: NDArray) => [x, sin(mul(x, x))],
      (_: NDArray, y: NDArray) => [add(y, y), y],
    ].map((branch) => stage('branch', (x, y) => branch(x, y), [aval([3], f), aval([3], f)]).jaxpr),
  },
  label: `three branches in ${f}`,
});

export const condP: Primitive<CondParams> = primitive<CondParams, number>({
  name: 'cond',
  type: (_, { branches }) => typed(...outputAvals(at(branches, 0))),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: jvpCond,
      linearize: linearizeCond,
      transpose: transposeCond,
      evaluate: ([index, ...operands], { branches }) => evalJaxpr(at(branches, Number(index)), [], operands),
      prune: (used, { branches }) => {
        const pruned = prunedBranches(branches, used);
        return { params: { branches: pruned.branches }, inputs: [true, ...pruned.inputs], outputs: used };
      },
    },
  },
  batch: batchCond,
  lower: (_, { branches }) => ({ kind: 'branch', branches }),
  stablehlo: (b, [index, ...operands], { branches }, outs) =>
    b.cases(index as HloValue, outs, branches.map((branch) => () => applyJaxpr(b, branch, operands))), // prettier-ignore
  cases: [caseIn('f32'), caseIn('f64')],
});
