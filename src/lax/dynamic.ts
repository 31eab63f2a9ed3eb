import { isInteger, isNarrow } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { iadd, lit } from '../kernel/index-algebra.ts';
import type { Shape } from '../trace/aval.ts';
import { aval, showAval, showShape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Operand } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { at, range } from '../util/array.ts';
import { add, like, lt, min } from './elementwise.ts';
import { gatherWindows, scatterWindows } from './indexing.ts';
import { axisOf, inFront, prepend, scalarOf, shifted, validAxes, vectorOf } from './rules.ts';
import { asPositions, convertElementType } from './casts.ts';
import { concatenate, slice } from './pieces.ts';
import { select } from './select.ts';
import { broadcastInDim, numberLike, reshape, toFront, zerosOf } from './structural.ts';
import type { WindowsAt } from './windows-at.ts';
import { wrappedPosition } from './windows-at.ts';

/**
 * One window of an array whose start is known at run time only. A negative start counts from the end of its axis; then it
 * is moved so that the window fits.
 */

/** A start of a dynamic slice: known now, or an integer scalar. */
export type StartIndex = number | NDArray;

// -------------------------------------------------------------------------------------------------- dynamicSlice

export interface DynamicSliceParams {
  /** The axes that have a start; windows take all of the others. */
  readonly axes: readonly number[];
  /** The window's extents along `axes`. */
  readonly sizes: Shape;
}

/** The window's extent along each axis of an array. */
const wholeSizes = (shape: Shape, { axes, sizes }: DynamicSliceParams): Shape =>
  shape.map((n, a) => (axes.includes(a) ? at(sizes, axes.indexOf(a)) : n));

/** The position in `x` of the element `c` of its window. */
const inWindow =
  (x: Shape, starts: Operand, { axes, sizes }: DynamicSliceParams) =>
  (c: readonly Expr[]): readonly Expr[] =>
    c.map((e, a) => {
      const k = axes.indexOf(a);
      if (k < 0) return e;
      const n = at(x, a);
      return iadd(e, wrappedPosition(starts.at([lit(k)]), n, n - at(sizes, k)));
    });

/** The start along each axis, as StableHLO wants them; it moves windows inside. */
function startsHlo(b: HloBuilder, x: HloValue, starts: HloValue, axes: readonly number[]): readonly HloValue[] {
  const positions = b.positions(starts);
  const zero = b.constant(positions.dtype, 0);
  return x.shape.map((n, a) => {
    const k = axes.indexOf(a);
    if (k < 0) return zero;
    const start = b.reshape(b.slice(positions, { start: [k], limit: [k + 1] }), []);
    if (start.dtype === 'u32') return start;
    const fromEnd = b.op('add', start, b.constant('i32', n));
    return b.select(b.compare('LT', start, zero), fromEnd, start);
  });
}

export const dynamicSliceP = primitive<DynamicSliceParams, 2>({
  name: 'dynamicSlice',
  type: ([x, starts], p) => {
    const fits =
      validAxes(p.axes, x.shape.length) &&
      p.sizes.length === p.axes.length &&
      p.axes.every((a, k) => at(p.sizes, k) >= 0 && at(p.sizes, k) <= at(x.shape, a));
    if (fits && isInteger(starts.dtype) && starts.shape.length === 1 && starts.shape[0] === p.axes.length)
      return typed(aval(wholeSizes(x.shape, p), x.dtype, x.weakType));
    return mistyped(
      `[dynamicSlice] of ${showAval(x)} along axes ${showShape(p.axes)} with sizes ${showShape(p.sizes)} and starts ` +
        `${showAval(starts)}: needs one integer start and a size that fits for each of the axes`,
    );
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [x, starts], { axes }) => updateWindow(zerosOf(x.aval), ct as NDArray, starts.value as NDArray, axes),
      { noTangent: 'starts are integers' },
    ],
  },
  batch: ([x, starts], p, size) => {
    if (starts.axis === null) return inFront(window(toFront(x, size), starts.value, { ...p, axes: shifted(p.axes) }));
    const extents = x.axis === null ? x.value.shape : x.value.shape.filter((_, a) => a !== x.axis);
    const indices = wrapped(toFront(starts, size), extents, p.axes);
    const sizes = wholeSizes(extents, p);
    return inFront(
      x.axis === null
        ? gatherWindows(x.value, indices, { ...eachAt(p.axes, extents.length), sizes, mode: 'clip' })
        : gatherWindows(toFront(x, size), indices, {
            ...eachOfBatchAt(p.axes, extents.length),
            sizes: prepend(1, sizes),
            mode: 'clip',
          }),
    );
  },
  lower: ([x, starts], p) => {
    const position = inWindow(x.aval.shape, starts, p);
    return { kind: 'map', outputs: [(c) => x.at(position(c))] };
  },
  stablehlo: (b, [x, starts], p) => [b.dynamicSlice(x, startsHlo(b, x, starts, p.axes), wholeSizes(x.shape, p))],
  cases: [
    {
      ins: [
        { shape: [5, 3], dtype: 'any' },
        { shape: [1], dtype: 'integer' },
      ],
      params: { axes: [0], sizes: [2] },
    },
    {
      ins: [
        { shape: [5, 2, 4], dtype: 'float' },
        { shape: [2], dtype: 'integer' },
      ],
      params: { axes: [2, 0], sizes: [1, 3] },
      label: 'two axes',
    },
    {
      ins: [
        { shape: [3, 2], dtype: 'float' },
        { shape: [1], dtype: 'i32' },
      ],
      params: { axes: [1], sizes: [0] },
      label: 'empty',
    },
    {
      ins: [
        { shape: [], dtype: 'float' },
        { shape: [0], dtype: 'i32' },
      ],
      params: { axes: [], sizes: [] },
      label: 'scalar',
    },
  ],
});

/** A window along some axes, its starts in one vector. */
const window = (x: NDArray, starts: NDArray, p: DynamicSliceParams): NDArray => bind1(dynamicSliceP, [x, starts], p);

/** Whole windows of one array of `rank` axes, one for each of a vector of starts. */
const eachAt = (axes: readonly number[], rank: number): WindowsAt => ({
  offsetDims: shifted(range(rank)),
  collapsedDims: [],
  indexMap: axes,
  operandBatchingDims: [],
  indicesBatchingDims: [],
});

/** A whole window of each array of a batch, of `rank` axes each. */
const eachOfBatchAt = (axes: readonly number[], rank: number): WindowsAt => ({
  ...eachAt(shifted(axes), rank),
  operandBatchingDims: [0],
  indicesBatchingDims: [0],
});

/** A batch of starts [batch, axes], those below 0 counted from the end. */
function wrapped(given: NDArray, extents: Shape, axes: readonly number[]): NDArray {
  const starts = asPositions(given);
  if (starts.dtype === 'u32') return starts;
  const ends = vectorOf('i32', axes.map((a) => at(extents, a))); // prettier-ignore
  return select(lt(starts, zerosOf(starts.aval)), add(starts, broadcastInDim(ends, starts.shape, [1])), starts);
}

// -------------------------------------------------------------------------------------------- dynamicUpdateSlice

export const dynamicUpdateSliceP = primitive<{ readonly axes: readonly number[] }, 3>({
  name: 'dynamicUpdateSlice',
  type: ([x, update, starts], { axes }) => {
    const fits =
      x.dtype === update.dtype &&
      validAxes(axes, x.shape.length) &&
      update.shape.length === x.shape.length &&
      update.shape.every((n, a) => (axes.includes(a) ? n <= at(x.shape, a) : n === x.shape[a]));
    if (fits && isInteger(starts.dtype) && starts.shape.length === 1 && starts.shape[0] === axes.length)
      return typed(x);
    return mistyped(
      `[dynamicUpdateSlice] of ${showAval(x)} by ${showAval(update)} along axes ${showShape(axes)} at ${showAval(starts)}: ` +
        'needs an update of the same dtype that fits, and one integer start for each of the axes',
    );
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [, update, starts], { axes }) =>
        updateWindow(ct as NDArray, zerosOf(update.aval), starts.value as NDArray, axes),
      ([ct], [, update, starts], { axes }) =>
        window(ct as NDArray, starts.value as NDArray, { axes, sizes: axes.map((a) => at(update.aval.shape, a)) }),
      { noTangent: 'starts are integers' },
    ],
  },
  batch: ([x, update, starts], { axes }, size) => {
    const [into, updates] = [toFront(x, size), toFront(update, size)];
    if (starts.axis === null) return inFront(updateWindow(into, updates, starts.value, shifted(axes)));
    const extents = into.shape.slice(1);
    const indices = wrapped(toFront(starts, size), extents, axes);
    const windows = eachOfBatchAt(axes, extents.length);
    return inFront(scatterWindows(into, indices, updates, { ...windows, mode: 'clip', uniqueIndices: true }));
  },
  lower: ([x, update, starts], { axes }) => {
    const sizes = axes.map((a) => at(update.aval.shape, a));
    const position = inWindow(x.aval.shape, starts, { axes, sizes });
    return {
      kind: 'procedure',
      domain: update.aval.shape,
      starts: [0],
      scratch: [],
      readsOnce: true,
      write: (_, point, [out]) => out?.set(position(point), update.at(point)),
    };
  },
  stablehlo: (b, [x, update, starts], { axes }) =>
    update.shape.includes(0) ? [x] : [b.dynamicUpdateSlice(x, update, startsHlo(b, x, starts, axes))],
  cases: [
    {
      ins: [
        { shape: [5, 3], dtype: 'any' },
        { shape: [2, 3], dtype: 'any' },
        { shape: [1], dtype: 'integer' },
      ],
      params: { axes: [0] },
    },
    {
      ins: [
        { shape: [5, 2, 4], dtype: 'float' },
        { shape: [3, 2, 1], dtype: 'float' },
        { shape: [2], dtype: 'integer' },
      ],
      params: { axes: [2, 0] },
      label: 'two axes',
    },
    {
      ins: [
        { shape: [3, 2], dtype: 'float' },
        { shape: [3, 0], dtype: 'float' },
        { shape: [1], dtype: 'i32' },
      ],
      params: { axes: [1] },
      label: 'empty',
    },
  ],
});

/** Writes a window along some axes, its starts in one vector. */
const updateWindow = (x: NDArray, update: NDArray, starts: NDArray, axes: readonly number[]): NDArray =>
  bind1(dynamicUpdateSliceP, [x, update, starts], { axes });

// ------------------------------------------------------------------------------------------------------ functions

/**
 * The window of extents `sizes` that starts at `starts`, which may be known at run time only.
 *
 * A negative start counts from the end of its axis; a start from which the window would not fit is moved until it does.
 *
 * @param starts one a axis: numbers, integer scalars, or all in one integer vector.
 * @param sizes one a axis, at most the axis' extent.
 * @throws ArgumentError when there is not one start and one size for each axis, or starts are not integer scalars.
 * @throws ShapeMismatchError when the window is larger than the operand.
 * @example
 * lax.dynamicSlice(np.arange(5), [np.array(1, { dtype: 'i32' })], [2]); // [1, 2]
 */
export function dynamicSlice(operand: ArrayLike, starts: NDArray | readonly StartIndex[], sizes: Shape): NDArray {
  const x = asArray(operand, 'dynamicSlice');
  const list = startList('dynamicSlice', x, starts);
  if (sizes.length !== x.ndim || sizes.some((n, a) => !Number.isInteger(n) || n < 0 || n > at(x.shape, a))) {
    throw new ArgumentError(
      `[dynamicSlice] sizes ${showShape(sizes)} do not fit ${showAval(x.aval)}: one for each axis, from 0 to its extent`,
    );
  }
  const fixed = list.map((s, a) => (typeof s === 'number' ? clampStart(s, at(x.shape, a), at(sizes, a)) : null));
  const sliced = slice(
    x,
    fixed.map((s) => s ?? 0),
    fixed.map((s, a) => (s === null ? at(x.shape, a) : s + at(sizes, a))),
  );
  const axes = range(x.ndim).filter((a) => fixed[a] === null && sizes[a] !== x.shape[a]);
  if (axes.length === 0) return sliced;
  return window(
    sliced,
    stackStarts(
      axes.map((a) => at(list, a)),
      starts,
    ),
    {
      axes,
      sizes: axes.map((a) => at(sizes, a)),
    },
  );
}

/**
 * The operand with the window at `starts` replaced by `patch`, whose extents are the window's.
 *
 * Starts are as in {@link dynamicSlice}.
 *
 * @throws ShapeMismatchError when `patch` does not fit into the operand, or has another rank or dtype.
 * @example
 * lax.dynamicUpdateSlice(np.zeros([4]), np.array([7, 8]), [np.array(1, { dtype: 'i32' })]); // [0, 7, 8, 0]
 */
export function dynamicUpdateSlice(
  operand: ArrayLike,
  patch: ArrayLike,
  starts: NDArray | readonly StartIndex[],
): NDArray {
  const x = asArray(operand, 'dynamicUpdateSlice');
  const update = numberLike('dynamicUpdateSlice', patch, x.aval);
  const list = startList('dynamicUpdateSlice', x, starts);
  const axes = range(x.ndim).filter((a) => update.shape[a] !== x.shape[a]);
  return updateWindow(
    x,
    update,
    stackStarts(
      axes.map((a) => at(list, a)),
      starts,
    ),
    axes,
  );
}

/**
 * The `size` elements from `start` along `axis`, as {@link dynamicSlice} takes them.
 *
 * @example
 * lax.dynamicSliceInDim(np.arange(5), np.array(3, { dtype: 'i32' }), 2); // [3, 4]
 */
export function dynamicSliceInDim(operand: ArrayLike, start: StartIndex, size: number, axis = 0): NDArray {
  const x = asArray(operand, 'dynamicSliceInDim');
  const along = axisOf('dynamicSliceInDim', x, axis);
  const starts = range(x.ndim).map((a) => (a === along ? start : 0));
  return dynamicSlice(x, starts, x.shape.map((n, a) => (a === along ? size : n))); // prettier-ignore
}

/**
 * The operand with `patch` in place of the elements from `start` along `axis`, which is moved until `patch` fits.
 *
 * @throws ShapeMismatchError when `patch` does not fit into the operand.
 * @example
 * lax.dynamicUpdateSliceInDim(np.zeros([4]), np.array([7, 8]), np.array(9, { dtype: 'i32' }), 0); // [0, 0, 7, 8]
 */
export function dynamicUpdateSliceInDim(
  operand: ArrayLike,
  patch: ArrayLike,
  start: StartIndex,
  axis: number,
): NDArray {
  const x = asArray(operand, 'dynamicUpdateSliceInDim');
  const along = axisOf('dynamicUpdateSliceInDim', x, axis);
  return dynamicUpdateSlice(x, patch, range(x.ndim).map((a) => (a === along ? start : 0))); // prettier-ignore
}

/**
 * The subarray at `index` along `axis`; the axis stays with extent 1 unless `keepdims` is false.
 *
 * @example
 * lax.dynamicIndexInDim(np.arange(5), np.array(3, { dtype: 'i32' }), 0, false); // 3
 */
export function dynamicIndexInDim(operand: ArrayLike, index: StartIndex, axis = 0, keepdims = true): NDArray {
  const x = asArray(operand, 'dynamicIndexInDim');
  const along = axisOf('dynamicIndexInDim', x, axis);
  const taken = dynamicSliceInDim(x, index, 1, along);
  return keepdims ? taken : reshape(taken, x.shape.filter((_, a) => a !== along)); // prettier-ignore
}

/**
 * The operand with `patch` (with or without the axis) in place of the subarray at `index` along `axis`.
 *
 * @throws ShapeMismatchError when `patch` does not fit into the operand.
 * @example
 * lax.dynamicUpdateIndexInDim(np.zeros([2, 2]), np.array([7, 8]), np.array(-1, { dtype: 'i32' }), 1); // [[0, 7], [0, 8]]
 */
export function dynamicUpdateIndexInDim(
  operand: ArrayLike,
  patch: ArrayLike,
  index: StartIndex,
  axis: number,
): NDArray {
  const x = asArray(operand, 'dynamicUpdateIndexInDim');
  const update = numberLike('dynamicUpdateIndexInDim', patch, x.aval);
  const along = axisOf('dynamicUpdateIndexInDim', x, axis);
  const shape = x.shape.map((n, a) => (a === along ? 1 : n));
  return dynamicUpdateSliceInDim(x, update.ndim === x.ndim ? update : reshape(update, shape), index, along);
}

function startList(name: string, x: NDArray, starts: NDArray | readonly StartIndex[]): readonly StartIndex[] {
  const list = starts instanceof NDArray ? elements(name, starts) : starts;
  if (list.length !== x.ndim)
    throw new ArgumentError(`[${name}] needs a start for each axis of ${showAval(x.aval)}, got ${list.length}`);
  const bad = list.find((s) => (typeof s === 'number' ? !Number.isInteger(s) : s.ndim !== 0 || !isInteger(s.dtype)));
  if (bad === undefined) return list;
  const got = typeof bad === 'number' ? String(bad) : showAval(bad.aval);
  throw new ArgumentError(`[${name}] starts must be integers or integer scalars (x.astype('i32')), got ${got}`);
}

/** The scalars of a vector of starts. */
function elements(name: string, starts: NDArray): readonly NDArray[] {
  if (starts.ndim !== 1) {
    throw new ArgumentError(`[${name}] starts in one array must be a vector, got ${showAval(starts.aval)}`);
  }
  return range(starts.size).map((k) => reshape(slice(starts, [k], [k + 1]), []));
}

function clampStart(start: number, extent: number, size: number): number {
  return Math.min(Math.max(start < 0 ? start + extent : start, 0), extent - size);
}

/** The starts that are needed as one vector, u32 where all are, else i32; `all` itself where none is missing. */
function stackStarts(needed: readonly StartIndex[], all: NDArray | readonly StartIndex[]): NDArray {
  if (all instanceof NDArray && all.size === needed.length) return asPositions(all);
  const known = needed.filter((s) => typeof s === 'number');
  if (known.length === needed.length) return vectorOf('i32', known);
  const dtype = needed.every((s) => typeof s !== 'number' && s.dtype === 'u32') ? 'u32' : 'i32';
  return concatenate(
    needed.map((s) => reshape(typeof s === 'number' ? scalarOf(dtype, s) : toPosition(s, dtype), [1])),
    0,
  );
}

/** An integer scalar as `dtype`; what i32 can't hold is out of range on any axis anyway. */
const toPosition = (s: NDArray, dtype: 'i32' | 'u32'): NDArray =>
  s.dtype === dtype || isNarrow(s.dtype)
    ? convertElementType(s, dtype)
    : convertElementType(min(s, like(s, 2 ** 31 - 1)), dtype);
