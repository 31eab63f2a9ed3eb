import { movePermutation } from '../../lax/rules.ts';
import { toFront, transpose, zerosOf } from '../../lax/structural.ts';
import type { Aval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import type {
  Batched,
  BatchedResult,
  JvpResult,
  Linearized,
  LinearizeResult,
  Primitive,
  Pruned,
  Tangent,
} from '../../trace/primitive.ts';
import { primitive, typed } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import { applyJaxpr } from '../../trace/stablehlo/apply.ts';
import type { HloBuilder } from '../../trace/stablehlo/builder.ts';
import type { HloValue } from '../../trace/stablehlo/text.ts';
import { at, range } from '../../util/array.ts';
import { inIteration } from '../../util/origin.ts';
import { call } from '../call.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { nonNull, outputAvals, select, spread } from '../jaxpr-rules.ts';
import { count, cut } from './edit.ts';
import { hoistInvariants } from './residuals.ts';
import type { Forward } from './scan-bodies.ts';
import {
  batchedBody,
  jvpBody,
  linearBody,
  linearCarries,
  prunedBody,
  splitBody,
  transposedBody,
} from './scan-bodies.ts';
import { scanCases } from './scan-cases.ts';
import type { ScanParams } from './scan-loop.ts';
import { isPlainLoop, loopOf, sliceAt, stackedAval, stackOf, ysOf } from './scan-loop.ts';

/**
 * The `scan` primitive: a body applied again and again to what it carries, with a slice of each of the xs and giving a
 * slice of each of the ys. Without xs and ys it is a counted loop, and every scan is computed by one.
 */

const scanBind = (inputs: readonly NDArray[], params: ScanParams): readonly NDArray[] => bind(scanP, inputs, params);

/** Operands, or what belongs to each: constants, carried values, xs. */
const groups = <T>(
  items: readonly T[],
  { constants, carries }: ScanParams,
): readonly [readonly T[], readonly T[], readonly T[]] => cut(items, constants, carries);

/** Tangents of the values that `flags` marks, zeros for those that have none. */
const filled = (tangents: readonly Tangent[], flags: Flags, like: readonly NDArray[]): readonly NDArray[] =>
  flags.flatMap((f, i) => (f ? [tangents[i] ?? zerosOf(at(like, i).aval)] : []));

function jvpScan(primals: readonly NDArray[], tangents: readonly Tangent[], p: ScanParams): JvpResult {
  const { constants, carries } = p;
  const varied = tangents.map((t) => t !== null);
  const { callable, carried, stacked } = jvpBody(p.body, { constants, carries, varied });
  const [c, k, x] = groups(primals, p);
  const [tc, tk, tx] = groups(tangents, p);
  const outs = scanBind(
    [...callable.constants, ...c, ...nonNull(tc), ...k, ...filled(tk, carried, k), ...x, ...nonNull(tx)],
    {
      ...p,
      body: callable.jaxpr,
      constants: callable.constants.length + constants + nonNull(tc).length,
      carries: carries + count(carried),
    },
  );
  const [pk, dk, py, dy] = cut(outs, carries, count(carried), ysOf(p));
  return { primals: [...pk, ...py], tangents: [...spread(dk, carried), ...spread(dy, stacked)] };
}

interface ForwardRun {
  readonly outs: readonly NDArray[];
  /** The second loop's first constants and xs. */
  readonly constants: readonly NDArray[];
  readonly slices: readonly NDArray[];
}

/** Runs the first of two loops and collects what the second one needs of it. */
function runForward(
  f: Forward,
  [c, k, x]: readonly [readonly NDArray[], readonly NDArray[], readonly NDArray[]],
  p: ScanParams,
): ForwardRun {
  const constants = [...f.callable.constants, ...c];
  const carries = k.length;
  const outs = scanBind([...constants, ...k, ...x], {
    ...p,
    body: f.callable.jaxpr,
    constants: constants.length,
    carries,
  });
  const more = f.invariants === null ? [] : call('invariants', { jaxpr: f.invariants, constants: [] }, constants);
  const ys = outs.slice(carries);
  return {
    outs,
    constants: f.constants.map((i) => at([...constants, ...more], i)),
    slices: [...f.slices.map((i) => at(x, i)), ...f.stacked.map((i) => at(ys, i))],
  };
}

function linearizeScan(primals: readonly NDArray[], varied: Flags, p: ScanParams): LinearizeResult {
  const { constants, carries } = p;
  const lin = linearBody(p.body, { constants, carries, varied });
  const [c, k, x] = groups(primals, p);
  const run = runForward(lin, [c, k, x], p);
  return {
    primals: run.outs.slice(0, p.body.outputs.length),
    linear: (tangents) => {
      const [tc, tk, tx] = groups(spread(tangents, varied), p);
      const outs = scanBind(
        [...run.constants, ...nonNull(tc), ...filled(tk, lin.carried, k), ...run.slices, ...nonNull(tx)],
        {
          ...p,
          body: lin.linear,
          constants: run.constants.length + nonNull(tc).length,
          carries: count(lin.carried),
        },
      );
      const [dk, dy] = cut(outs, count(lin.carried));
      return [...spread(dk, lin.carried), ...spread(dy, lin.stackedTangents)];
    },
  };
}

function transposeScan(cts: readonly Tangent[], ins: readonly Linearized[], p: ScanParams): readonly Tangent[] {
  const { constants, carries } = p;
  const given = ins.map((x) => x.value === null);
  // A carried value that starts as a known one, mostly zeros, can become linear.
  const kLinear = linearCarries(p.body, { constants, carries, linear: given });
  const [gc, , gx] = groups(given, p);
  const linear = [...gc, ...kLinear, ...gx];
  if (kLinear.every((l) => l)) return transposeLinearScan(cts, ins, linear, p);

  const known = linear.map((l) => !l);
  const split = splitBody(p.body, { constants, carries, linear });
  const [nc, nk, nx] = groups(
    ins.map((x, i) => (known[i] === true ? x.value : null)),
    p,
  ).map(nonNull) as [NDArray[], NDArray[], NDArray[]];
  const run = runForward(split, [nc, nk, nx], p);
  const value = (v: NDArray): Linearized => ({ aval: v.aval, value: v });
  const [lc, lk, lx] = [
    select(ins.slice(0, constants), gc),
    select(groups(ins, p)[1], kLinear),
    select(groups(ins, p)[2], gx),
  ];
  const [ck, cy] = cut(cts, carries);
  const back = transposeLinearScan(
    [...select(ck, kLinear), ...select(cy, split.stackedLinear)],
    [...run.constants.map(value), ...lc, ...lk, ...run.slices.map(value), ...lx],
    [
      ...run.constants.map(() => false),
      ...lc.map(() => true),
      ...lk.map(() => true),
      ...run.slices.map(() => false),
      ...lx.map(() => true),
    ],
    { ...p, body: split.linear, constants: run.constants.length + lc.length, carries: lk.length },
  );
  const ofLinear = [
    ...back.slice(run.constants.length, run.constants.length + lc.length + lk.length),
    ...back.slice(run.constants.length + lc.length + lk.length + run.slices.length),
  ];
  return spread(ofLinear, linear).map((ct, i) => (given[i] === true ? ct : null));
}

/** The transpose of a scan whose carried values all are linear. */
function transposeLinearScan(
  cts: readonly Tangent[],
  ins: readonly Linearized[],
  linear: Flags,
  p: ScanParams,
): readonly Tangent[] {
  const { constants, carries } = p;
  const flowing = cts.map((ct) => ct !== null);
  const back = transposedBody(p.body, { constants, carries, linear, flowing });
  const [lc, , lx] = groups(linear, p);
  const [ic, ik, ix] = groups(ins, p);
  const knownOf = (xs: readonly Linearized[], l: Flags): readonly NDArray[] =>
    nonNull(xs.map((x, i) => (l[i] === true ? null : x.value)));
  const [ck, cy] = cut(cts, carries);
  const sums = select(select(ic, lc), back.summed).map((x) => zerosOf(x.aval));
  const start = back.carried.flatMap((f, i) => (f ? [ck[i] ?? zerosOf(at(ik, i).aval)] : []));
  const fixed = [...back.callable.constants, ...knownOf(ic, lc)];
  const outs = scanBind([...fixed, ...sums, ...start, ...knownOf(ix, lx), ...nonNull(cy)], {
    ...p,
    body: back.callable.jaxpr,
    reverse: !p.reverse,
    constants: fixed.length,
    carries: sums.length + start.length,
  });
  const [dc, dk, dx] = cut(outs, sums.length, start.length);
  const of = (values: readonly NDArray[], depends: Flags, l: Flags): readonly Tangent[] =>
    spread(spread(values, depends), l);
  return [...of(dc, back.summed, lc), ...spread(dk, back.carried), ...of(dx, back.stacked, lx)].map((ct, i) =>
    at(ins, i).value === null ? ct : null,
  );
}

function batchScan(ins: readonly Batched[], p: ScanParams, size: number, axisName: string | null): BatchedResult {
  const { constants, carries } = p;
  const batched = ins.map((b) => b.axis !== null);
  const { callable, carried, stacked } = batchedBody(p.body, { constants, carries, batched, size, axisName });
  const [c, k, x] = groups(ins, p);
  const outs = scanBind(
    [
      ...callable.constants,
      ...c.map((b) => moved(b, 0)),
      ...k.map((b, i) => (carried[i] === true ? toFront(b, size) : b.value)),
      ...x.map((b) => moved(b, 1)),
    ],
    { ...p, body: callable.jaxpr, constants: callable.constants.length + constants },
  );
  return { values: outs, axes: [...carried.map((b) => (b ? 0 : null)), ...stacked.map((b) => (b ? 1 : null))] };
}

/** The value with its batch axis, if it has one, at `to`. */
const moved = ({ value, axis }: Batched, to: number): NDArray =>
  axis === null ? value : transpose(value, movePermutation(value.ndim, axis, to));

function evaluateScan(inputs: readonly NDArray[], p: ScanParams): readonly NDArray[] {
  const [constants, init, xs] = groups(inputs, p);
  let carry = init;
  const made: (readonly NDArray[])[] = [];
  for (const n of range(p.length)) {
    const position = p.reverse ? p.length - 1 - n : n;
    const given = [...constants, ...carry, ...xs.map((x) => sliceAt(x, position))];
    const outs = inIteration(position, () => evalJaxpr(p.body, [], given));
    carry = outs.slice(0, p.carries);
    made.push(outs.slice(p.carries));
  }
  if (p.reverse) made.reverse();
  const types = outputAvals(p.body).slice(p.carries);
  return [
    ...carry,
    ...types.map((type, j) =>
      stackOf(
        made.map((m) => at(m, j)),
        type,
      ),
    ),
  ];
}

function pruneScan(used: Flags, p: ScanParams): Pruned<ScanParams> {
  const { constants, carries } = p;
  const { body, inputs, carried } = prunedBody(p.body, { constants, carries }, used);
  return {
    params: { ...p, body, constants: count(inputs.slice(0, constants)), carries: count(carried) },
    inputs,
    outputs: [...carried, ...used.slice(carries)],
  };
}

/** Is the scan a loop just as it is? */
const isBareLoop = (p: ScanParams): boolean =>
  isPlainLoop(p) && p.length > 1 && hoistInvariants(p.body, p.constants).invariants === null;

const loops = new WeakMap<Jaxpr, Map<string, Jaxpr>>();

/** Remembers the loop of a body, as lowering asks for it more than once. */
function loopFor(p: ScanParams): Jaxpr {
  const { body, ...rest } = p;
  let known = loops.get(body);
  if (known === undefined) loops.set(body, (known = new Map<string, Jaxpr>()));
  const key = JSON.stringify(rest);
  let loop = known.get(key);
  if (loop === undefined) known.set(key, (loop = loopOf(p, scanBind)));
  return loop;
}

/** A loop that carries the stacks of ys, and reads slices of the xs. */
function scanHlo(b: HloBuilder, ins: readonly HloValue[], p: ScanParams, outs: readonly Aval[]): readonly HloValue[] {
  const [constants, init, xs] = groups(ins, p);
  const stacks = outs.slice(p.carries).map((type) => b.like(type, 0));
  if (p.length === 0) return [...init, ...stacks];
  return b.counted(p.length, [...init, ...stacks], (i, state) => {
    const place = p.reverse ? b.op('subtract', b.constant('i32', p.length - 1), i) : i;
    const [carried, ys] = cut(state, p.carries);
    const slices = xs.map((x) => b.element(x, place));
    const results = applyJaxpr(b, p.body, [...constants, ...carried, ...slices]);
    const [next, made] = cut(results, p.carries);
    return [...next, ...ys.map((stack, k) => b.withElement(stack, place, at(made, k)))];
  });
}

export const scanP: Primitive<ScanParams> = primitive<ScanParams, number>({
  name: 'scan',
  type: (_, { body, length, carries }) =>
    typed(...outputAvals(body).map((a, i) => (i < carries ? a : stackedAval(a, length)))),
  derivative: {
    kind: 'structural',
    rules: {
      jvp: jvpScan,
      linearize: linearizeScan,
      transpose: transposeScan,
      evaluate: evaluateScan,
      prune: pruneScan,
    },
  },
  batch: batchScan,
  lower: (_, p) =>
    isBareLoop(p)
      ? {
          kind: 'loop',
          trips: p.length,
          condition: null,
          conditionConstants: 0,
          body: p.body,
          bodyConstants: p.constants,
        }
      : { kind: 'inline', jaxpr: loopFor(p) },
  stablehlo: scanHlo,
  cases: scanCases,
});
