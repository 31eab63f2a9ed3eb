import { isInteger } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import { hostArrayOf } from '../kernel/semantics.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, cast, constant, select } from '../kernel/expr.ts';
import { iadd, lit } from '../kernel/index-algebra.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { showAval, showShape } from '../trace/aval.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { at, range } from '../util/array.ts';
import { shifted, validAxes } from './rules.ts';

/**
 * Where the windows of an array are that `gather` reads and `scatter` writes: an array of index vectors (its last axis)
 * holds one start for each window, and the windows have axes of their own in what is gathered or scattered. This is
 * XLA's description of both, with one name for what it calls differently on the two sides.
 */
export interface WindowsAt {
  /** The axes of the gathered (or scattered) array that run through a window; its other axes run over the starts. */
  readonly offsetDims: readonly number[];
  /** The axes of the operand along which windows have extent 1 and no axis of their own. */
  readonly collapsedDims: readonly number[];
  /** Component `k` of an index vector is the start along axis `indexMap[k]` of the operand. */
  readonly indexMap: readonly number[];
  /** Axes of the operand that go along with an axis of the indices: window and start agree there. */
  readonly operandBatchingDims: readonly number[];
  /** Those axes of the indices, in the same order. */
  readonly indicesBatchingDims: readonly number[];
}

/**
 * What happens to a window that does not fit into the operand: `clip` moves it inside, `fill` reads zeros and writes
 * nothing.
 */
export type OutOfBounds = 'clip' | 'fill';

/** The axes of the operand that windows have an axis for, in order. */
export const windowAxes = (w: WindowsAt, rank: number): readonly number[] =>
  range(rank).filter((a) => !w.collapsedDims.includes(a) && !w.operandBatchingDims.includes(a));

/** The axes of what is gathered that run over the starts, in the order of the indices' axes. */
export const startDims = (w: WindowsAt, rank: number): readonly number[] =>
  range(rank).filter((a) => !w.offsetDims.includes(a));

/** The shape of all windows of extents `sizes` (one for each axis of the operand). */
export function windowsShape(w: WindowsAt, sizes: Shape, indices: Shape): Shape {
  const axes = windowAxes(w, sizes.length);
  const rank = w.offsetDims.length + indices.length - 1;
  const starts = startDims(w, rank);
  return range(rank).map((a) =>
    w.offsetDims.includes(a) ? at(sizes, at(axes, w.offsetDims.indexOf(a))) : at(indices, starts.indexOf(a)),
  );
}

/** The windows' extents along each axis of the operand, from the shape of all windows. */
export function windowSizes(w: WindowsAt, rank: number, windows: Shape): Shape {
  const axes = windowAxes(w, rank);
  return range(rank).map((a) => {
    const offset = w.offsetDims[axes.indexOf(a)];
    return offset === undefined ? 1 : at(windows, offset);
  });
}

const rising = (axes: readonly number[]): boolean => axes.every((a, i) => i === 0 || a > at(axes, i - 1));

/** What is wrong with a description of windows; null if nothing is. */
export function windowsProblem(w: WindowsAt, operand: Aval, indices: Aval, sizes: Shape): string | null {
  const rank = operand.shape.length;
  const batched = w.operandBatchingDims;
  const own = windowAxes(w, rank).length;
  const rules: readonly (readonly [boolean, string])[] = [
    [isInteger(indices.dtype), `indices must be integers`],
    [indices.shape.at(-1) === w.indexMap.length, `the indices' last axis must have extent ${w.indexMap.length}`],
    [
      [w.collapsedDims, w.indexMap, batched].every((axes) => validAxes(axes, rank)) &&
        rising(w.collapsedDims) &&
        rising(batched),
      `axes of the operand must be in [0, ${rank}) without repetition, and rising but for the index map`,
    ],
    [
      !batched.some((a) => w.collapsedDims.includes(a) || w.indexMap.includes(a)),
      'a batching axis of the operand can be neither collapsed nor indexed',
    ],
    [
      w.offsetDims.length === own &&
        rising(w.offsetDims) &&
        validAxes(w.offsetDims, own + Math.max(0, indices.shape.length - 1)),
      `${own} rising window axes are needed, one for each operand axis that is neither collapsed nor batching`,
    ],
    [
      w.indicesBatchingDims.length === batched.length &&
        validAxes(w.indicesBatchingDims, indices.shape.length - 1) &&
        batched.every((a, i) => operand.shape[a] === indices.shape[w.indicesBatchingDims[i] as number]),
      'batching axes of the operand and of the indices must come in pairs of equal extent',
    ],
    [
      sizes.length === rank &&
        sizes.every(
          (n, a) => Number.isInteger(n) && n >= 0 && (n <= at(operand.shape, a) || (n === 1 && batched.includes(a))),
        ),
      `window extents ${showShape(sizes)} must fit into the operand`,
    ],
    [
      [...w.collapsedDims, ...batched].every((a) => (sizes[a] ?? 0) <= 1),
      'windows must have extent 1 along collapsed and batching axes',
    ],
  ];
  const broken = rules.find(([holds]) => !holds);
  return broken === undefined ? null : `of ${showAval(operand)} at ${showAval(indices)}: ${broken[1]}`;
}

/** One start along one axis of the operand: its position, and whether the window is inside. */
export interface Start {
  readonly axis: number;
  readonly position: Expr;
  readonly inside: Expr;
}

const always = constant('bool', 1);

/** The starts of the window that an index vector (given by component) describes. */
export const startsOf = (
  w: WindowsAt,
  operand: Shape,
  sizes: Shape,
  mode: OutOfBounds,
  component: (k: number) => Expr,
): readonly Start[] =>
  w.indexMap.map((axis, k) => {
    const last = at(operand, axis) - at(sizes, axis);
    const s = component(k);
    if (mode === 'clip') return { axis, position: clampedPosition(s, last), inside: always };
    const fits = binary('le', s, constant(s.dtype, last));
    return {
      axis,
      position: cast('i32', s),
      inside: s.dtype === 'i32' ? binary('and', binary('le', lit(0), s), fits) : fits,
    };
  });

/** An integer expression as a position in `[0, last]`. */
export function clampedPosition(s: Expr, last: number): Expr {
  if (last <= 0) return lit(0);
  const below = binary('min', s, constant(s.dtype, last));
  return s.dtype === 'i32' ? binary('max', below, lit(0)) : cast('i32', below);
}

/** As {@link clampedPosition}, but negative positions count from the end of an axis of `extent` elements. */
export function wrappedPosition(s: Expr, extent: number, last: number): Expr {
  if (s.dtype !== 'i32' || last <= 0) return clampedPosition(s, last);
  return clampedPosition(iadd(s, select(binary('lt', s, lit(0)), lit(extent), lit(0))), last);
}

/** Is the window of each index vector inside of the operand? */
export function insideHlo(b: HloBuilder, w: WindowsAt, operand: Shape, sizes: Shape, indices: HloValue): HloValue {
  const last = w.indexMap.map((a) => at(operand, a) - at(sizes, a));
  const limits = b.broadcast(vectorHlo(b, indices.dtype, last), indices.shape, [indices.shape.length - 1]);
  const below = b.compare('LE', indices, limits);
  const fits = indices.dtype === 'u32' ? below : b.op('and', below, b.compare('GE', indices, b.like(indices, 0)));
  return b.reduce(fits, 'and', [indices.shape.length - 1]);
}

/** Index vectors moved so that their windows are inside of the operand. */
export function clampedHlo(b: HloBuilder, w: WindowsAt, operand: Shape, sizes: Shape, indices: HloValue): HloValue {
  const last = w.indexMap.map((a) => Math.max(0, at(operand, a) - at(sizes, a)));
  const limits = b.broadcast(vectorHlo(b, indices.dtype, last), indices.shape, [indices.shape.length - 1]);
  return b.op('clamp', b.like(indices, 0), indices, limits);
}

const vectorHlo = (b: HloBuilder, dtype: DType, values: readonly number[]): HloValue =>
  b.dense({ shape: [values.length], dtype }, hostArrayOf(dtype, values));

/** The operand's coordinate of a window's element. */
export function locate(
  w: WindowsAt,
  rank: number,
  starts: readonly Start[],
  index: readonly Expr[],
  window: readonly Expr[],
): readonly Expr[] {
  const axes = windowAxes(w, rank);
  return range(rank).map((a) => {
    const pair = w.operandBatchingDims.indexOf(a);
    if (pair >= 0) return index[at(w.indicesBatchingDims, pair)] as Expr;
    const start = starts.find((s) => s.axis === a)?.position ?? lit(0);
    const offset = axes.indexOf(a);
    return offset < 0 ? start : iadd(start, window[offset] as Expr);
  });
}

/** Are all starts inside? */
export const allInside = (starts: readonly Start[]): Expr =>
  starts.reduce<Expr>((all, s) => binary('and', all, s.inside), always);

/** The windows of a batch of operands at the same indices: the batch is a new axis 0 of the operand and of windows. */
export const batchedOperand = (w: WindowsAt): WindowsAt => ({
  offsetDims: [0, ...shifted(w.offsetDims)],
  collapsedDims: shifted(w.collapsedDims),
  indexMap: shifted(w.indexMap),
  operandBatchingDims: shifted(w.operandBatchingDims),
  indicesBatchingDims: w.indicesBatchingDims,
});

/** The windows of one operand at a batch of indices: the batch is a new axis 0 of the indices and of windows. */
export const batchedIndices = (w: WindowsAt): WindowsAt => ({
  ...w,
  offsetDims: shifted(w.offsetDims),
  indicesBatchingDims: shifted(w.indicesBatchingDims),
});

/** The windows of a batch of operands, each at its own indices: the batch is a new axis 0 of all three. */
export const batchedBoth = (w: WindowsAt): WindowsAt => ({
  offsetDims: shifted(w.offsetDims),
  collapsedDims: shifted(w.collapsedDims),
  indexMap: shifted(w.indexMap),
  operandBatchingDims: [0, ...shifted(w.operandBatchingDims)],
  indicesBatchingDims: [0, ...shifted(w.indicesBatchingDims)],
});
