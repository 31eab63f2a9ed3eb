import { asPositions } from './casts.ts';
import { left } from 'fp-ts/lib/Either.js';
import { boundsOf } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary } from '../kernel/expr.ts';
import { lit } from '../kernel/index-algebra.ts';
import type { ProcedureWriter } from '../kernel/procedure.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { aval, sameShape, showAval, showShape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { DTypeError } from '../trace/errors.ts';
import type { BatchedResult, Case, Derivative, Linearized, Operand, Primitive, Procedure } from '../trace/primitive.ts';
import { eachCase, mistyped, primitive, typed } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { i64Array, list } from '../trace/stablehlo/text.ts';
import { at, product, range } from '../util/array.ts';
import { and, eq, ge, le } from './elementwise.ts';
import { indexInDim } from './reshaping.ts';
import { inFront, prepend, scalarOf } from './rules.ts';
import { broadcastedIota } from './iota.ts';
import { zeroOutside } from './pieces.ts';
import { select } from './select.ts';
import { broadcastInDim, fill, reshape, toFront, zerosOf } from './structural.ts';
import { windowCases } from './window-cases.ts';
import type { OutOfBounds, WindowsAt } from './windows-at.ts';
import {
  allInside,
  clampedHlo,
  insideHlo,
  batchedBoth,
  batchedIndices,
  batchedOperand,
  locate,
  startDims,
  startsOf,
  windowAxes,
  windowSizes,
  windowsProblem,
  windowsShape,
} from './windows-at.ts';

/** Reading and writing windows of an array at positions that data decides: gather and the scatters. */

// ------------------------------------------------------------------------------------------------------- gather

/** Static parameters of {@link gatherP}. */
export interface GatherParams extends WindowsAt {
  /** The windows' extents, one for each axis of the operand. */
  readonly sizes: Shape;
  readonly mode: OutOfBounds;
}

export const gatherP: Primitive<GatherParams, 2> = primitive<GatherParams, 2>({
  name: 'gather',
  type: ([x, indices], p) => {
    const problem = windowsProblem(p, x, indices, p.sizes);
    return problem === null
      ? typed(aval(windowsShape(p, p.sizes, indices.shape), x.dtype, x.weakType))
      : mistyped(`[gather] ${problem}`);
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [x, indices], p) => scatterAddWindows(zerosOf(x.aval), indices.value as NDArray, ct as NDArray, p),
      { noTangent: 'indices are integers' },
    ],
  },
  batch: ([x, indices], p, size) => {
    const again = (a: NDArray, i: NDArray, w: WindowsAt, sizes: Shape): BatchedResult =>
      inFront(bind1(gatherP, [a, i], { ...p, ...w, sizes }));
    if (indices.axis === null) return again(toFront(x, size), indices.value, batchedOperand(p), prepend(size, p.sizes));
    const front = toFront(indices, size);
    if (x.axis === null) return again(x.value, front, batchedIndices(p), p.sizes);
    return again(toFront(x, size), front, batchedBoth(p), prepend(1, p.sizes));
  },
  lower: ([x, indices], p) => ({
    kind: 'map',
    outputs: [
      (c) => {
        const index = startDims(p, c.length).map((a) => c[a] as Expr);
        const starts = startsOf(p, x.aval.shape, p.sizes, p.mode, (k) => indices.at([...index, lit(k)]));
        const window = p.offsetDims.map((a) => c[a] as Expr);
        return zeroOutside(x.at(locate(p, x.aval.shape.length, starts, index, window)), allInside(starts));
      },
    ],
  }),
  stablehlo: (b, [x, given], p, [out]) => [gatherHlo(b, x, b.positions(given), p, out as Aval)],
  cases: eachCase(windowCases, ({ operand, indices, windows, sizes, mode, label }): Case<GatherParams, 2> => ({
    ins: [
      { shape: operand, dtype: 'float' },
      { shape: indices, dtype: 'integer', integers: [-1, 6] },
    ],
    params: { ...windows, sizes, mode },
    label,
  })),
});

/** In StableHLO windows are moved inside; with `fill`, those that were outside become zeros. */
function gatherHlo(b: HloBuilder, x: HloValue, indices: HloValue, p: GatherParams, out: Aval): HloValue {
  // Nothing fits into an axis without elements.
  if (x.shape.includes(0)) return b.like(out, 0);
  const numbers =
    `#stablehlo.gather<offset_dims = ${list(p.offsetDims)}, collapsed_slice_dims = ${list(p.collapsedDims)}, ` +
    `operand_batching_dims = ${list(p.operandBatchingDims)}, ` +
    `start_indices_batching_dims = ${list(p.indicesBatchingDims)}, start_index_map = ${list(p.indexMap)}, ` +
    `index_vector_dim = ${indices.shape.length - 1}>`;
  const attributes = [`dimension_numbers = ${numbers}`, `slice_sizes = ${i64Array(p.sizes)}`];
  const [read] = b.generic('gather', [x, indices], attributes, [out]) as [HloValue];
  if (p.mode === 'clip') return read;
  const inside = insideHlo(b, p, x.shape, p.sizes, indices);
  return b.select(b.broadcast(inside, out.shape, startDims(p, out.shape.length)), read, b.like(out, 0));
}

/** The windows of `x` that start at `indices`. */
export const gatherWindows = (x: NDArray, indices: NDArray, p: GatherParams): NDArray =>
  bind1(gatherP, [x, indices], { ...windowsOf(p), sizes: p.sizes, mode: p.mode });

/** The windows of `x` that start at `indices`; `fillValue` where they are outside. What reads `x` is linear. */
export function gatherFilled(
  x: NDArray,
  indices: NDArray,
  p: WindowsAt & { readonly sizes: Shape },
  fillValue: number,
): NDArray {
  const read = gatherWindows(x, indices, { ...p, mode: 'fill' });
  const inside = broadcastInDim(fitting(x.shape, indices, p), read.shape, startDims(p, read.ndim));
  return select(inside, read, broadcastInDim(scalarOf(x.dtype, fillValue, x.weakType), read.shape, []));
}

/** For each index vector: is its window inside of an array of this shape? */
function fitting(x: Shape, given: NDArray, p: WindowsAt & { readonly sizes: Shape }): NDArray {
  const indices = asPositions(given);
  const component = indices.ndim - 1;
  const alongAxes = p.indexMap.map((axis, k) => {
    const start = indexInDim(indices, k, component, false);
    const ends = le(start, at(x, axis) - at(p.sizes, axis));
    return start.dtype === 'u32' ? ends : and(ge(start, 0), ends);
  });
  return alongAxes.reduce((all, one) => and(all, one), fill(indices.shape.slice(0, component), 'bool', 1));
}

/** Elements along an axis: `indices` has the shape of the result, which differs from that of `x` along `axis` only. */
export function gatherAlong(x: NDArray, indices: NDArray, axis: number, mode: OutOfBounds = 'clip'): NDArray {
  if (indices.size === 0) return fill(indices.shape, x.dtype, 0);
  return gatherWindows(x, reshape(indices, [...indices.shape, 1]), { ...alongAxis(x.ndim, axis), sizes: x.shape.map(() => 1), mode }); // prettier-ignore
}

/** Single elements along one axis, where all other axes go along. */
export function alongAxis(rank: number, axis: number): WindowsAt {
  const others = range(rank).filter((a) => a !== axis);
  return {
    offsetDims: [],
    collapsedDims: [axis],
    indexMap: [axis],
    operandBatchingDims: others,
    indicesBatchingDims: others,
  };
}

const windowsOf = (w: WindowsAt): WindowsAt => ({
  offsetDims: w.offsetDims,
  collapsedDims: w.collapsedDims,
  indexMap: w.indexMap,
  operandBatchingDims: w.operandBatchingDims,
  indicesBatchingDims: w.indicesBatchingDims,
});

// ------------------------------------------------------------------------------------------------------ scatter

/** Static parameters of the scatter primitives. */
export interface ScatterParams extends WindowsAt {
  readonly mode: OutOfBounds;
  /** Does no element of the operand occur in two windows? A promise that makes derivatives cheaper. */
  readonly uniqueIndices: boolean;
}

/** How an update is combined with what is there. */
export type ScatterOp = 'set' | 'add' | 'mul' | 'min' | 'max';

type ScatterFunction = (x: NDArray, indices: NDArray, updates: NDArray, p: ScatterParams) => NDArray;

/** A scatter that combines by `op`. */
export function scatterPrimitive(
  name: string,
  op: ScatterOp,
  derivative: Derivative<ScatterParams, 3>,
): Primitive<ScatterParams, 3> {
  // Extrema have no derivative where elements are equal.
  const distinct = op === 'min' || op === 'max';
  const self: Primitive<ScatterParams, 3> = primitive<ScatterParams, 3>({
    name,
    type: ([x, indices, updates], p) => {
      if (x.dtype !== updates.dtype || (op !== 'set' && x.dtype === 'bool')) {
        const dtypes = op === 'set' ? 'operand and updates of one dtype' : 'operand and updates of one number dtype';
        return left(new DTypeError(`[${name}] needs ${dtypes}, got ${showAval(x)} and ${showAval(updates)}`));
      }
      const sizes = windowSizes(p, x.shape.length, updates.shape);
      const problem = windowsProblem(p, x, indices, sizes);
      if (problem !== null) return mistyped(`[${name}] ${problem}`);
      const expected = windowsShape(p, sizes, indices.shape);
      return sameShape(expected, updates.shape)
        ? typed(x)
        : mistyped(`[${name}] needs updates of shape ${showShape(expected)}, got ${showAval(updates)}`);
    },
    derivative,
    batch: ([x, indices, updates], p, size) => {
      const windows = indices.axis === null ? batchedOperand(p) : batchedBoth(p);
      const at = indices.axis === null ? indices.value : toFront(indices, size);
      return inFront(bind1(self, [toFront(x, size), at, toFront(updates, size)], { ...p, ...windows }));
    },
    lower: (ins, p) => scatterProcedure(ins, p, op),
    stablehlo: (b, ins, p) => [scatterHlo(b, ins, p, op)],
    cases: eachCase(windowCases, ({ operand, indices, windows, shape, mode, label }): Case<ScatterParams, 3> => ({
      ins: [
        { shape: operand, dtype: 'float', distinct },
        { shape: indices, dtype: 'integer', integers: [-1, 6] },
        { shape, dtype: 'float', distinct },
      ],
      params: { ...windows, mode, uniqueIndices: false },
      label,
    })),
  });
  return self;
}

/**
 * A scatter as a procedure: parallel over what can't meet (batches, and axes along which windows lie equally), and a
 * loop over the windows inside, in row-major order, so that the result does not depend on who comes first.
 */
function scatterProcedure(
  [x, indices, updates]: readonly [Operand, Operand, Operand],
  p: ScatterParams,
  op: ScatterOp,
): Procedure {
  const operand = x.aval.shape;
  const sizes = windowSizes(p, operand.length, updates.aval.shape);
  const index = indices.aval.shape.slice(0, -1);
  const serialIndex = range(index.length).filter((a) => !p.indicesBatchingDims.includes(a));
  const alone = product(serialIndex.map((a) => at(index, a))) <= 1;
  const axes = windowAxes(p, operand.length);
  const serialWindow = range(axes.length).filter((k) => {
    const a = at(axes, k);
    return !alone && p.indexMap.includes(a) && at(sizes, a) !== at(operand, a);
  });
  const window = axes.map((a) => at(sizes, a));
  const own = range(index.length).filter((a) => !serialIndex.includes(a));
  const shared = range(axes.length).filter((k) => !serialWindow.includes(k));
  return {
    kind: 'procedure',
    domain: [...own.map((a) => at(index, a)), ...shared.map((k) => at(window, k))],
    starts: [0],
    scratch: [],
    readsOnce: true,
    write: (w, point, [out]) => {
      const i = place(index.length, own, point);
      const o = place(axes.length, shared, point.slice(own.length));
      nest(w, serialIndex, index, i, () => {
        const starts = startsOf(p, operand, sizes, p.mode, (k) => w.keep(indices.at([...i, lit(k)])));
        w.if(allInside(starts), () =>
          nest(w, serialWindow, window, o, () => {
            const position = locate(p, operand.length, starts, i, o);
            const update = updates.at(interleave(p, i, o));
            out?.set(position, op === 'set' ? update : binary(op, out.at(position), update));
          }),
        );
      });
    },
  };
}

const combiners: { readonly [O in Exclude<ScatterOp, 'set'>]: string } = {
  add: 'add',
  mul: 'multiply',
  min: 'minimum',
  max: 'maximum',
};

/** In StableHLO windows that are not inside are left out; with `clip`, they are moved inside before. */
function scatterHlo(
  b: HloBuilder,
  [x, given, updates]: readonly [HloValue, HloValue, HloValue],
  p: ScatterParams,
  op: ScatterOp,
): HloValue {
  if (updates.shape.includes(0)) return x;
  const sizes = windowSizes(p, x.shape.length, updates.shape);
  const positions = b.positions(given);
  const clip = p.mode === 'clip';
  const indices = clip ? clampedHlo(b, p, x.shape, sizes, positions) : outsideAsWhole(b, p, x.shape, sizes, positions);
  const numbers =
    `#stablehlo.scatter<update_window_dims = ${list(p.offsetDims)}, inserted_window_dims = ${list(p.collapsedDims)}, ` +
    `input_batching_dims = ${list(p.operandBatchingDims)}, ` +
    `scatter_indices_batching_dims = ${list(p.indicesBatchingDims)}, ` +
    `scatter_dims_to_operand_dims = ${list(p.indexMap)}, index_vector_dim = ${indices.shape.length - 1}>`;
  const attributes = [`scatter_dimension_numbers = ${numbers}`, `unique_indices = ${p.uniqueIndices}`];
  const scalar = { shape: [], dtype: x.dtype };
  const combine = b.region([scalar, scalar], (old, update) => [
    op === 'set' ? update : b.op(combiners[op], old, update),
  ]);
  return at(b.generic('scatter', [x, indices, updates], attributes, [x], [combine]), 0);
}

/** Index vectors of which those whose window is outside in part are outside as a whole. */
function outsideAsWhole(b: HloBuilder, p: ScatterParams, operand: Shape, sizes: Shape, indices: HloValue): HloValue {
  if (p.indexMap.every((a) => at(sizes, a) === 1)) return indices;
  const inside = b.broadcast(insideHlo(b, p, operand, sizes, indices), indices.shape, range(indices.shape.length - 1));
  return b.select(inside, indices, b.like(indices, boundsOf(indices.dtype).max));
}

/** A coordinate of which the axes `known` have values yet. */
function place(rank: number, known: readonly number[], values: readonly Expr[]): Expr[] {
  const coordinate = range(rank).map(() => lit(0));
  known.forEach((a, i) => (coordinate[a] = values[i] as Expr));
  return coordinate;
}

/** Loops over `axes`, putting their positions into the coordinate. */
function nest(w: ProcedureWriter, axes: readonly number[], extents: Shape, coordinate: Expr[], body: () => void): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) return body();
  w.for(0, at(extents, axis), (i) => {
    coordinate[axis] = i;
    nest(w, rest, extents, coordinate, body);
  });
}

/** The coordinate in the updates, from that of the index vector and that in the window. */
function interleave(p: WindowsAt, index: readonly Expr[], window: readonly Expr[]): readonly Expr[] {
  const rank = index.length + window.length;
  const starts = startDims(p, rank);
  return range(rank).map((a) => {
    const k = p.offsetDims.indexOf(a);
    return (k < 0 ? index[starts.indexOf(a)] : window[k]) as Expr;
  });
}

/** The parameters of the gather that reads what a scatter writes. */
export const gathering = (p: ScatterParams, x: Shape, updates: Shape): GatherParams => ({
  ...p,
  sizes: windowSizes(p, x.length, updates),
});

const noTangent = { noTangent: 'indices are integers' } as const;

/** The cotangents of updates that were added or stayed: read where they were written. */
const readBack = (ct: NDArray, x: Linearized, indices: Linearized, updates: Linearized, p: ScatterParams): NDArray =>
  gatherWindows(ct, indices.value as NDArray, gathering(p, x.aval.shape, updates.aval.shape));

export const scatterP = scatterPrimitive('scatter', 'set', {
  kind: 'linear',
  transpose: [
    ([ct], [, indices, updates], p) =>
      scatterWindows(ct as NDArray, indices.value as NDArray, zerosOf(updates.aval), p),
    noTangent,
    ([ct], [x, indices, updates], p) => {
      const read = readBack(ct as NDArray, x, indices, updates, p);
      if (p.uniqueIndices) return read;
      return select(survives(x, indices, updates, p), read, zerosOf(read.aval));
    },
  ],
});

/** Which elements of the updates are still there in the end, and not overwritten by later ones? */
function survives(x: Linearized, indices: Linearized, updates: Linearized, p: ScatterParams): NDArray {
  const { shape } = updates.aval;
  const names = reshape(broadcastedIota('i32', [product(shape)], 0), shape);
  const last = scatterWindows(fill(x.aval.shape, 'i32', -1), indices.value as NDArray, names, p);
  return eq(gatherWindows(last, indices.value as NDArray, gathering(p, x.aval.shape, shape)), names);
}

export const scatterAddP = scatterPrimitive('scatterAdd', 'add', {
  kind: 'linear',
  transpose: [
    ([ct]) => ct as NDArray,
    noTangent,
    ([ct], [x, indices, updates], p) => readBack(ct as NDArray, x, indices, updates, p),
  ],
});

/** Replaces the windows of `x` at `indices`; where they overlap, the last one in row-major order stays. */
export const scatterWindows: ScatterFunction = (x, indices, updates, p) =>
  bind1(scatterP, [x, indices, updates], scatterParams(p));
/** Adds to the windows of `x` at `indices`. */
export const scatterAddWindows = (
  x: NDArray,
  indices: NDArray,
  updates: NDArray,
  p: WindowsAt & { readonly mode: OutOfBounds; readonly uniqueIndices?: boolean },
): NDArray => bind1(scatterAddP, [x, indices, updates], scatterParams(p));

const scatterParams = (
  p: WindowsAt & { readonly mode: OutOfBounds; readonly uniqueIndices?: boolean },
): ScatterParams => ({
  ...windowsOf(p),
  mode: p.mode,
  uniqueIndices: p.uniqueIndices ?? false,
});
