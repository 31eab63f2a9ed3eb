import type { Expr } from '../kernel/expr.ts';
import { binary, constant } from '../kernel/expr.ts';
import { iadd, idiv, ieq, ilt, imod, imul, inBounds, isub, lit } from '../kernel/index-algebra.ts';
import type { Shape } from '../trace/aval.ts';
import { aval, showAval, showShape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import type { Case } from '../trace/primitive.ts';
import { ArgumentError } from '../trace/errors.ts';
import { eachCase, mistyped, primitive, typed } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { HloBuilder } from '../trace/stablehlo/builder.ts';
import type { HloValue } from '../trace/stablehlo/text.ts';
import { at, range } from '../util/array.ts';
import { monoidIdentity } from '../kernel/ops.ts';
import { reduceAnd, reduceMax, reduceMin, reduceOr, reduceProd } from './reduce.ts';
import { pad } from './reshaping.ts';
import { dilated, inFront, movePermutation, prepend, shifted, validAxes } from './rules.ts';
import { zeroOutside } from './pieces.ts';
import { reduceSum, toFront } from './structural.ts';

/** Windows over some axes of an array: pooling is a reduction over them. */
export interface WindowParams {
  /** The axes that windows slide along. */
  readonly axes: readonly number[];
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
}

const spans = (p: WindowParams): readonly number[] => p.window.map((w, i) => dilated(w, at(p.dilation, i)));

/** How many windows fit along each windowed axis. */
const counts = (shape: Shape, p: WindowParams): readonly number[] =>
  p.axes.map((a, i) => Math.max(0, Math.floor((at(shape, a) - at(spans(p), i)) / at(p.strides, i)) + 1));

/** The shape with each windowed axis replaced by its number of windows, then the window's extents. */
const unfoldedShape = (shape: Shape, p: WindowParams): Shape => {
  const n = counts(shape, p);
  return [...shape.map((e, a) => (p.axes.includes(a) ? at(n, p.axes.indexOf(a)) : e)), ...p.window];
};

const batched = (p: WindowParams): WindowParams => ({ ...p, axes: shifted(p.axes) });

type WindowCase = WindowParams & { readonly shape: Shape; readonly label: string };
const windowCases: readonly [WindowCase, ...WindowCase[]] = [
  { shape: [2, 6, 5, 3], axes: [1, 2], window: [2, 2], strides: [2, 2], dilation: [1, 1], label: 'disjoint' },
  { shape: [7, 2], axes: [0], window: [3], strides: [2], dilation: [1], label: 'overlapping' },
  { shape: [8], axes: [0], window: [3], strides: [1], dilation: [2], label: 'dilated' },
  { shape: [9], axes: [0], window: [2], strides: [3], dilation: [1], label: 'with gaps' },
];

export const unfoldP = primitive<WindowParams, 1>({
  name: 'unfold',
  type: ([x], p) => {
    const n = p.axes.length;
    const fits =
      validAxes(p.axes, x.shape.length) &&
      [p.window, p.strides, p.dilation].every((l) => l.length === n && l.every((e) => Number.isInteger(e) && e >= 1));
    return fits
      ? typed(aval(unfoldedShape(x.shape, p), x.dtype, x.weakType))
      : mistyped(
          `[unfold] windows ${showShape(p.window)} by ${showShape(p.strides)} dilated ${showShape(p.dilation)} along axes ` +
            `${showShape(p.axes)} of ${showAval(x)}: needs one positive extent, stride and dilation for each axis`,
        );
  },
  derivative: {
    kind: 'linear',
    transpose: [([ct], [x], p) => fold(ct as NDArray, { ...p, shape: x.aval.shape })],
  },
  batch: ([x], p, size) => inFront(unfold(toFront(x, size), batched(p))),
  lower: ([x], p) => {
    const rank = x.aval.shape.length;
    return {
      kind: 'map',
      outputs: [
        (c) =>
          x.at(
            range(rank).map((a) => {
              const i = p.axes.indexOf(a);
              const position = c[a] as Expr;
              if (i < 0) return position;
              return iadd(imul(position, at(p.strides, i)), imul(c[rank + i] as Expr, at(p.dilation, i)));
            }),
          ),
      ],
    };
  },
  stablehlo: (b, [x], p) => [unfoldHlo(b, x, p)],
  cases: eachCase(windowCases, ({ shape, label, ...params }): Case<WindowParams, 1> => ({
    ins: [{ shape, dtype: 'float' }],
    params,
    label,
  })),
});

/** All windows along `axes`: windowed axes count windows, and the window's own axes are appended in order. */
export const unfold = (x: NDArray, p: WindowParams): NDArray => bind1(unfoldP, [x], p);

export const foldP = primitive<WindowParams & { readonly shape: Shape }, 1>({
  name: 'fold',
  type: ([x], p) => {
    const expected = unfoldedShape(p.shape, p);
    return x.shape.length === expected.length && x.shape.every((n, i) => n === expected[i]) && x.dtype !== 'bool'
      ? typed(aval(p.shape, x.dtype, x.weakType))
      : mistyped(`[fold] to ${showShape(p.shape)} needs windows of shape ${showShape(expected)}, got ${showAval(x)}`);
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], _, { axes, window, strides, dilation }) => unfold(ct as NDArray, { axes, window, strides, dilation }),
    ],
  },
  batch: ([x], p, size) => inFront(fold(toFront(x, size), { ...batched(p), shape: prepend(size, p.shape) })),
  lower: ([x], p) => {
    const rank = p.shape.length;
    // Along an undilated axis, only window offsets congruent to the position modulo the stride can reach it: the sum
    // over the others need not be taken, and disjoint windows need no sum at all.
    const steps = p.window.map((w, i) => (at(p.dilation, i) === 1 ? Math.ceil(w / at(p.strides, i)) : w));
    const value = (c: readonly Expr[], r: readonly Expr[]): Expr => {
      const offsets = p.axes.map((a, i) =>
        at(p.dilation, i) === 1
          ? iadd(imod(c[a] as Expr, at(p.strides, i)), imul(r[i] as Expr, at(p.strides, i)))
          : (r[i] as Expr),
      );
      let inside: Expr = constant('bool', 1);
      const windows = range(rank).map((a) => {
        const i = p.axes.indexOf(a);
        if (i < 0) return c[a] as Expr;
        const start = isub(c[a] as Expr, imul(at(offsets, i), at(p.dilation, i)));
        const position = idiv(start, at(p.strides, i));
        inside = binary('and', inside, inBounds(position, at(x.aval.shape, a)));
        inside = binary('and', inside, ilt(at(offsets, i), lit(at(p.window, i))));
        if (at(p.dilation, i) !== 1) inside = binary('and', inside, ieq(imod(start, at(p.strides, i)), lit(0)));
        return position;
      });
      return zeroOutside(x.at([...windows, ...offsets]), inside);
    };
    if (steps.every((n) => n === 1))
      return {
        kind: 'map',
        outputs: [
          (c) =>
            value(
              c,
              steps.map(() => lit(0)),
            ),
        ],
      };
    return { kind: 'reduce', reduced: steps, monoid: 'add', value };
  },
  stablehlo: (b, [x], p) => [b.convert(foldHlo(b, b.widened(x), p), x.dtype)],
  cases: eachCase(windowCases, ({ shape, label, ...params }): Case<WindowParams & { readonly shape: Shape }, 1> => ({
    ins: [{ shape: unfoldedShape(shape, params), dtype: 'float' }],
    params: { ...params, shape },
    label,
  })),
});

/** One windowed axis: its extent, and how many windows there are along it. */
interface Sliding {
  readonly axis: number;
  readonly extent: number;
  readonly count: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
}

const slidingOf = (shape: Shape, p: WindowParams): readonly Sliding[] =>
  p.axes.map((axis, i) => ({
    axis,
    extent: at(shape, axis),
    count: at(counts(shape, p), i),
    window: at(p.window, i),
    stride: at(p.strides, i),
    dilation: at(p.dilation, i),
  }));

/** Do the windows cut the axis into pieces, or leave gaps? */
const isDisjoint = ({ window, stride, dilation }: Sliding): boolean => dilation === 1 && stride >= window;

const replaced = (shape: Shape, axis: number, ...extents: readonly number[]): Shape => [
  ...shape.slice(0, axis),
  ...extents,
  ...shape.slice(axis + 1),
];

/** One axis after the other is cut into windows: disjoint ones by a reshape, others as a slice for each place in the window. */
function unfoldHlo(b: HloBuilder, x: HloValue, p: WindowParams): HloValue {
  return slidingOf(x.shape, p).reduce((y, s) => {
    const { axis, extent, count, window, stride, dilation } = s;
    const last = y.shape.length;
    if (isDisjoint(s)) {
      const none = y.shape.map(() => 0);
      const high = none.map((_, a) => (a === axis ? count * stride - extent : 0));
      const whole = count * stride === extent ? y : b.pad(y, b.constant(y.dtype, 0), none, high);
      const pieces = b.reshape(whole, replaced(y.shape, axis, count, stride));
      return b.transpose(b.sliceAlong(pieces, axis + 1, 0, window), movePermutation(last + 1, axis + 1, last));
    }
    const places = range(window).map((k) => {
      const start = k * dilation;
      const slice = b.sliceAlong(y, axis, start, start + (count - 1) * stride + 1, stride);
      return b.reshape(slice, [...slice.shape, 1]);
    });
    return b.concatenate(places, last);
  }, x);
}

/** The reverse, one axis after the other: disjoint windows by a reshape, others as a sum over the places in the window. */
function foldHlo(b: HloBuilder, x: HloValue, p: WindowParams & { readonly shape: Shape }): HloValue {
  return slidingOf(p.shape, p).reduceRight((y, s) => {
    const { axis, extent, count, window, stride, dilation } = s;
    const zero = b.constant(y.dtype, 0);
    const last = y.shape.length - 1;
    const none = y.shape.map(() => 0);
    const along = (n: number, a: number, shape: Shape): readonly number[] => shape.map((_, i) => (i === a ? n : 0));
    if (isDisjoint(s)) {
      const pieces = b.transpose(y, movePermutation(last + 1, last, axis + 1));
      const whole = stride === window ? pieces : b.pad(pieces, zero, none, along(stride - window, axis + 1, y.shape));
      const flat = b.reshape(whole, replaced(y.shape.slice(0, -1), axis, count * stride));
      const short = extent - count * stride;
      return short === 0 ? flat : b.pad(flat, zero, none.slice(1), along(short, axis, flat.shape));
    }
    return range(window)
      .map((k) => {
        const place = b.sliceAlong(y, last, k, k + 1);
        const part = b.reshape(place, place.shape.slice(0, -1));
        const low = k * dilation;
        const high = extent - low - ((count - 1) * stride + 1);
        const [before, after, between] = [low, high, stride - 1].map((n) => along(n, axis, part.shape));
        return b.pad(part, zero, before as readonly number[], after as readonly number[], between);
      })
      .reduce((sum, part) => b.op('add', sum, part));
  }, x);
}

/** Adds windows up at the places that they came from; the transpose of {@link unfold}. */
export const fold = (x: NDArray, p: WindowParams & { readonly shape: Shape }): NDArray => bind1(foldP, [x], p);

/** How a window slides over every axis of an array. */
export interface SlidingOptions {
  /** Default 1 for every axis. */
  readonly strides?: readonly number[];
  /** `VALID` (default), `SAME`, or [low, high] for every axis. */
  readonly padding?: 'VALID' | 'SAME' | readonly (readonly [number, number])[];
  /** Distance of the elements within a window; default 1. */
  readonly windowDilation?: readonly number[];
  /** Distance that the elements of `x` are moved apart to; default 1. */
  readonly baseDilation?: readonly number[];
}

/** Padding numbers for one axis of `n` elements, as TensorFlow and JAX define `SAME`. */
export function resolvePadding(
  padding: 'VALID' | 'SAME' | readonly (readonly [number, number])[],
  extents: readonly number[],
  windows: readonly number[],
  strides: readonly number[],
): readonly (readonly [number, number])[] {
  if (padding === 'VALID') return extents.map(() => [0, 0] as const);
  if (padding !== 'SAME') return padding;
  return extents.map((n, i) => {
    const total = Math.max(0, (Math.ceil(n / at(strides, i)) - 1) * at(strides, i) + at(windows, i) - n);
    return [Math.floor(total / 2), total - Math.floor(total / 2)] as const;
  });
}

/** How the elements of a window are combined. */
export type WindowReducer = 'max' | 'min' | 'add' | 'mul' | 'and' | 'or';

/**
 * Reduces over windows that slide along the axes of `x`: sums, products, extrema, whose gradient goes to the first of
 * tied elements, as in JAX, and logical sums and products. Padding, and what base dilation puts between elements, changes no result.
 *
 * @param window extents of the window, one for each axis of `x`; 1 where it does not slide.
 * @throws ArgumentError when a list has not one number for each axis, or a stride, extent or dilation is below 1.
 */
export function reduceWindows(
  x: NDArray,
  reducer: WindowReducer,
  window: readonly number[],
  options: SlidingOptions = {},
): NDArray {
  const ones = x.shape.map(() => 1);
  const { strides = ones, windowDilation = ones, baseDilation = ones } = options;
  checkWindow(x, {
    windowDimensions: window,
    windowStrides: strides,
    windowDilation,
    baseDilation,
  });
  const base = x.shape.map((n, i) => dilated(n, at(baseDilation, i)));
  const spans = window.map((w, i) => dilated(w, at(windowDilation, i)));
  const padding = resolvePadding(options.padding ?? 'VALID', base, spans, strides);
  const config = padding.map(([low, high], i) => [low, high, at(baseDilation, i) - 1] as const);
  const padded = pad(x, monoidIdentity[reducer](x.dtype), config);
  const axes = range(x.ndim).filter((a) => at(window, a) !== 1 || at(strides, a) !== 1);
  const pick = (list: readonly number[]): readonly number[] => axes.map((a) => at(list, a));
  const windows = unfold(padded, { axes, window: pick(window), strides: pick(strides), dilation: pick(windowDilation) }); // prettier-ignore
  const inner = axes.map((_, i) => x.ndim + i);
  switch (reducer) {
    case 'add':
      return reduceSum(windows, inner);
    case 'mul':
      return reduceProd(windows, inner);
    case 'max':
      return reduceMax(windows, inner, 'first');
    case 'min':
      return reduceMin(windows, inner, 'first');
    case 'and':
      return reduceAnd(windows, inner);
    case 'or':
      return reduceOr(windows, inner);
  }
}

function checkWindow(x: NDArray, lists: Readonly<Record<string, readonly number[]>>): void {
  const wrong = Object.entries(lists).find(
    ([, list]) => list.length !== x.ndim || !list.every((n) => Number.isInteger(n) && n >= 1),
  );
  if (wrong === undefined) return;
  throw new ArgumentError(
    `[reduceWindow] ${wrong[0]} ${showShape(wrong[1])} must be ${x.ndim} integers above 0, one for each axis of ${showAval(x.aval)}`,
  );
}
