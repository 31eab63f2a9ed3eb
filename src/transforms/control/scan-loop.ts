import { dynamicIndexInDim, dynamicUpdateSliceInDim } from '../../lax/dynamic.ts';
import { add, sub } from '../../lax/elementwise.ts';
import { indexInDim } from '../../lax/reshaping.ts';
import { scalarOf } from '../../lax/rules.ts';
import { concatenate } from '../../lax/pieces.ts';
import { emptyOf, reshape, zerosOf } from '../../lax/structural.ts';
import type { Aval } from '../../trace/aval.ts';
import { aval } from '../../trace/aval.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { at, range } from '../../util/array.ts';
import { inputAvals, outputAvals, select } from '../jaxpr-rules.ts';
import { capturingNothing, cut, merged } from './edit.ts';
import { hoistInvariants } from './residuals.ts';
import type { Fission } from './scan-fission.ts';
import { fissionOf } from './scan-fission.ts';

/** What a scan is computed by: a counted loop that reads slices of the xs and writes slices of the ys. */

/** A scan's parameters. */
export interface ScanParams {
  /** From constants, carried values and slices of the xs to the next carried values and slices of the ys. */
  readonly body: Jaxpr;
  readonly length: number;
  /** Runs from the last slice to the first? */
  readonly reverse: boolean;
  /** Iterations in one trip of the loop. */
  readonly unroll: number;
  readonly constants: number;
  readonly carries: number;
}

/** How many xs and ys a scan has. */
export const xsOf = ({ body, constants, carries }: ScanParams): number => body.inputs.length - constants - carries;
export const ysOf = ({ body, carries }: ScanParams): number => body.outputs.length - carries;

/** Is it a loop by itself, which neither reads nor writes slices? */
export const isPlainLoop = (p: ScanParams): boolean => xsOf(p) === 0 && ysOf(p) === 0 && p.unroll === 1;

/** The type of `length` slices of type `a`. */
export const stackedAval = (a: Aval, length: number): Aval => aval([length, ...a.shape], a.dtype, a.weakType);

/** One slice of a stack. */
export const sliceAt = (x: NDArray, i: number): NDArray => indexInDim(x, i, 0, false);

/** Arrays of one type, stacked. */
export const stackOf = (slices: readonly NDArray[], type: Aval): NDArray =>
  slices.length === 0
    ? zerosOf(stackedAval(type, 0))
    : concatenate(
        slices.map((y) => reshape(y, [1, ...y.shape])),
        0,
      );

type Iterate = (
  carried: readonly NDArray[],
  slices: readonly NDArray[],
) => readonly [readonly NDArray[], readonly NDArray[]];

type Repeat = (inputs: readonly NDArray[], params: ScanParams) => readonly NDArray[];

/**
 * The scan as a Jaxpr: what is the same in every iteration, what is computed for all of them at once, then a loop of whole
 * trips, then the iterations that are left.
 *
 * @param repeat runs a scan.
 */
export function loopOf(p: ScanParams, repeat: Repeat): Jaxpr {
  const [constants, carried, slices] = cut(inputAvals(p.body), p.constants, p.carries);
  const hoisted = hoistInvariants(p.body, p.constants);
  const more = hoisted.invariants?.outputs.length ?? 0;
  const varying: ScanParams = { ...p, body: hoisted.body, constants: more + p.constants };
  const parts = fissionOf(varying);
  const closed = stage(
    'scan',
    (...operands) => {
      const [given, init, xs] = cut(operands, p.constants, p.carries);
      const first = hoisted.invariants === null ? [] : evalJaxpr(hoisted.invariants, [], given);
      const fixed = [...first, ...given];
      return parts === null ? iterations(varying, fixed, init, xs, repeat) : inParts(parts, fixed, init, xs, repeat);
    },
    [...constants, ...carried, ...slices.map((a) => stackedAval(a, p.length))],
  );
  return capturingNothing(closed);
}

/** A loop with what was taken out of it before and after. */
function inParts(
  { before, inner, kept, after }: Fission,
  constants: readonly NDArray[],
  init: readonly NDArray[],
  given: readonly NDArray[],
  repeat: Repeat,
): readonly NDArray[] {
  const made = before === null ? [] : evalJaxpr(before, [], [...constants, ...given]);
  const xs = [...given, ...made];
  const outs = iterations(inner, constants, select(init, kept), xs, repeat);
  const [carried, rows] = cut(outs, inner.carries);
  const { totals, ys } = after(init, constants, xs, rows);
  return [...merged(kept, totals, carried), ...ys];
}

function iterations(
  p: ScanParams,
  fixed: readonly NDArray[],
  init: readonly NDArray[],
  xs: readonly NDArray[],
  repeat: Repeat,
): readonly NDArray[] {
  // A single trip is no loop.
  const trips = p.unroll >= p.length ? 0 : Math.floor(p.length / p.unroll);
  const [last, ys] = trips === 0 ? [init, []] : loop(p, trips, fixed, init, xs, repeat);
  const iterate: Iterate = (carry, x) => iterateWith(p, fixed, carry, x);
  return remainder(p, trips * p.unroll, iterate, last, ys, xs);
}

function iterateWith(
  { body, carries }: ScanParams,
  constants: readonly NDArray[],
  carry: readonly NDArray[],
  slices: readonly NDArray[],
): readonly [readonly NDArray[], readonly NDArray[]] {
  return cut(evalJaxpr(body, [], [...constants, ...carry, ...slices]), carries);
}

/** The whole trips: carried values and stacks of which the last iterations' slices are missing. */
function loop(
  p: ScanParams,
  trips: number,
  fixed: readonly NDArray[],
  init: readonly NDArray[],
  xs: readonly NDArray[],
  repeat: Repeat,
): readonly [readonly NDArray[], readonly NDArray[]] {
  const stacks = outputAvals(p.body)
    .slice(p.carries)
    .map((a) => emptyOf(stackedAval(a, p.length)));
  const state = [scalarOf('u32', 0), ...init, ...stacks];
  const inputs = [...fixed, ...xs, ...state];
  const trip = (...all: readonly NDArray[]): readonly NDArray[] => {
    const [constants, arrays, counter, carried, written] = cut(all, fixed.length, xs.length, 1, p.carries);
    const i = at(counter, 0);
    let carry: readonly NDArray[] = carried;
    let ys: readonly NDArray[] = written;
    for (const k of range(p.unroll)) {
      const n = k === 0 ? i : add(i, scalarOf('u32', k));
      const position = p.reverse ? sub(scalarOf('u32', p.length - 1), n) : n;
      const taken = arrays.map((x) => dynamicIndexInDim(x, position, 0, false));
      const [next, made] = iterateWith(p, constants, carry, taken);
      carry = next;
      ys = ys.map((y, j) => dynamicUpdateSliceInDim(y, reshape(at(made, j), [1, ...y.shape.slice(1)]), position, 0));
    }
    return [add(i, scalarOf('u32', p.unroll)), ...carry, ...ys];
  };
  const closed = stage(
    'scan',
    trip,
    inputs.map((x) => x.aval),
  );
  const outs = repeat(inputs, {
    body: capturingNothing(closed),
    length: trips,
    reverse: false,
    unroll: 1,
    constants: fixed.length + xs.length,
    carries: state.length,
  });
  return [outs.slice(1, 1 + p.carries), outs.slice(1 + p.carries)];
}

/** Iterations from number `from` on, one by one. */
function remainder(
  p: ScanParams,
  from: number,
  iterate: Iterate,
  carried: readonly NDArray[],
  written: readonly NDArray[],
  xs: readonly NDArray[],
): readonly NDArray[] {
  let carry = carried;
  const made: (readonly NDArray[])[] = [];
  for (let n = from; n < p.length; n++) {
    const position = p.reverse ? p.length - 1 - n : n;
    const [next, ys] = iterate(
      carry,
      xs.map((x) => sliceAt(x, position)),
    );
    carry = next;
    made.push(ys);
  }
  if (p.reverse) made.reverse();
  const types = outputAvals(p.body).slice(p.carries);
  const ys = types.map((type, j) => {
    const before = written[j];
    const rest = stackOf(
      made.map((m) => at(m, j)),
      type,
    );
    if (before === undefined) return rest;
    return made.length === 0 ? before : dynamicUpdateSliceInDim(before, rest, scalarOf('u32', p.reverse ? 0 : from), 0);
  });
  return [...carry, ...ys];
}
