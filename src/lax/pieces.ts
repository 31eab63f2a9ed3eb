import { binary, constant, guarded, select as selectExpr } from '../kernel/expr.ts';
import type { Expr } from '../kernel/expr.ts';
import { iadd, idiv, ieq, ilt, imod, imul, inBounds, isub, lit } from '../kernel/index-algebra.ts';
import { asArray } from '../trace/asarray.ts';
import { aval, firstDifferentAxis, showAval, showMarked, showShape } from '../trace/aval.ts';
import type { Shape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { ArrayLike } from '../trace/value.ts';
import { at } from '../util/array.ts';
import { allWeak, inFront, shifted, validAxes } from './rules.ts';
import { retype, toFront } from './structural.ts';

/**
 * Parts of arrays and arrays of parts: padding, slices, concatenation, reversal. Padding and slicing are each other's
 * transposes.
 */

// --------------------------------------------------------------------------------------------------------- pad

export interface PadParams {
  /** Zeros before the first element of each axis; negative crops. */
  readonly low: readonly number[];
  /** Zeros after the last element of each axis; negative crops. */
  readonly high: readonly number[];
  /** Zeros between neighbours on each axis. */
  readonly interior: readonly number[];
}

const paddedExtent = (n: number, i: number, { low, high, interior }: PadParams): number =>
  (low[i] as number) + (high[i] as number) + n + Math.max(0, n - 1) * (interior[i] as number);

export const padP = primitive<PadParams, 1>({
  name: 'pad',
  type: ([x], p) => {
    const shape = x.shape.map((n, i) => paddedExtent(n, i, p));
    const complete = [p.low, p.high, p.interior].every((l) => l.length === x.shape.length);
    return complete && shape.every((n) => n >= 0) && p.interior.every((n) => n >= 0)
      ? typed(retype(x, shape))
      : mistyped(
          `[pad] ${showAval(x)} with low ${showShape(p.low)}, high ${showShape(p.high)}, interior ${showShape(p.interior)} ` +
            'needs one number an axis, no negative interior padding, and a result without negative extents',
        );
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [x], p) => {
        const none = p.interior.map(() => 0);
        const cropped = padZeros(ct as NDArray, {
          low: p.low.map((n) => -n),
          high: p.high.map((n) => -n),
          interior: none,
        });
        return slice(
          cropped,
          none,
          cropped.shape,
          p.interior.map((n, i) => (x.aval.shape[i] === 0 ? 1 : n + 1)),
        );
      },
    ],
  },
  batch: ([x], p, size) =>
    inFront(padZeros(toFront(x, size), { low: [0, ...p.low], high: [0, ...p.high], interior: [0, ...p.interior] })),
  lower: ([x], p) => ({
    kind: 'map',
    outputs: [
      (c) => {
        const source: Expr[] = [];
        let inside: Expr = constant('bool', 1);
        x.aval.shape.forEach((n, i) => {
          const step = (p.interior[i] as number) + 1;
          const shiftedBy = isub(c[i] as Expr, lit(p.low[i] as number));
          const position = idiv(shiftedBy, step);
          source.push(position);
          inside = binary('and', inside, inBounds(position, n));
          if (step > 1) inside = binary('and', inside, ieq(imod(shiftedBy, step), lit(0)));
        });
        return zeroOutside(x.at(source), inside);
      },
    ],
  }),
  stablehlo: (b, [x], { low, high, interior }) => [b.pad(x, b.constant(x.dtype, 0), low, high, interior)],
  cases: [
    { ins: [{ shape: [3, 2], dtype: 'any' }], params: { low: [1, 0], high: [2, 1], interior: [0, 0] } },
    { ins: [{ shape: [4], dtype: 'float' }], params: { low: [-1], high: [2], interior: [2] }, label: 'crop, interior' },
    { ins: [{ shape: [0], dtype: 'float' }], params: { low: [1], high: [1], interior: [1] }, label: 'empty' },
  ],
});

/** The expression where `inside` holds, reading nothing elsewhere; 0 there. */
export function zeroOutside(e: Expr, inside: Expr): Expr {
  if (inside.kind === 'const' && inside.value === 1) return e;
  const safe = guarded(e, inside);
  return safe.kind === 'load' ? safe : selectExpr(inside, safe, constant(e.dtype, 0));
}

/** Pads with zeros. */
export const padZeros = (x: NDArray, p: PadParams): NDArray =>
  [p.low, p.high, p.interior].every((l) => l.every((n) => n === 0)) && p.low.length === x.ndim
    ? x
    : bind1(padP, [x], p);

// ------------------------------------------------------------------------------------------------------- slice

export interface SliceParams {
  readonly start: readonly number[];
  readonly limit: readonly number[];
  readonly strides: readonly number[];
}

const slicedExtent = (i: number, { start, limit, strides }: SliceParams): number =>
  Math.max(0, Math.ceil(((limit[i] as number) - (start[i] as number)) / (strides[i] as number)));

export const sliceP = primitive<SliceParams, 1>({
  name: 'slice',
  type: ([x], p) => {
    const complete = [p.start, p.limit, p.strides].every((l) => l.length === x.shape.length);
    const inside = x.shape.every(
      (n, i) =>
        (p.start[i] as number) >= 0 &&
        (p.start[i] as number) <= (p.limit[i] as number) &&
        (p.limit[i] as number) <= n &&
        (p.strides[i] as number) >= 1,
    );
    return complete && inside
      ? typed(
          retype(
            x,
            x.shape.map((_, i) => slicedExtent(i, p)),
          ),
        )
      : mistyped(
          `[slice] ${showAval(x)} from ${showShape(p.start)} to ${showShape(p.limit)} by ${showShape(p.strides)}: ` +
            'needs 0 <= start <= limit <= extent and stride >= 1 on each axis',
        );
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [x], { start, strides }) => {
        const taken = (ct as NDArray).shape;
        return padZeros(ct as NDArray, {
          low: start.map((s, i) => (taken[i] === 0 ? 0 : s)),
          high: start.map((s, i) => {
            const n = at(x.aval.shape, i);
            return taken[i] === 0 ? n : n - s - ((taken[i] as number) - 1) * (strides[i] as number) - 1;
          }),
          interior: strides.map((s) => s - 1),
        });
      },
    ],
  },
  batch: ([x], { start, limit, strides }, size) =>
    inFront(slice(toFront(x, size), [0, ...start], [size, ...limit], [1, ...strides])),
  lower: ([x], { start, strides }) => ({
    kind: 'map',
    outputs: [(c) => x.at(c.map((e, i) => iadd(imul(e, strides[i] as number), lit(start[i] as number))))],
  }),
  stablehlo: (b, [x], p) => [b.slice(x, p)],
  cases: [
    { ins: [{ shape: [5, 4], dtype: 'any' }], params: { start: [1, 0], limit: [4, 4], strides: [1, 1] } },
    { ins: [{ shape: [7], dtype: 'float' }], params: { start: [1], limit: [6], strides: [2] }, label: 'strided' },
    {
      ins: [{ shape: [3, 4], dtype: 'float' }],
      params: { start: [1, 2], limit: [1, 4], strides: [1, 1] },
      label: 'empty',
    },
  ],
});

/**
 * Elements `start ≤ i < limit` by `strides` along each axis.
 *
 * @example
 * lax.slice(np.arange(5), [1], [3]); // [1, 2]
 */
export function slice(operand: ArrayLike, start: Shape, limit: Shape, strides: Shape = start.map(() => 1)): NDArray {
  const x = asArray(operand, 'slice');
  const whole = start.every((s, i) => s === 0 && limit[i] === x.shape[i] && strides[i] === 1);
  return whole && start.length === x.ndim ? x : bind1(sliceP, [x], { start, limit, strides });
}

/** Elements `start ≤ i < limit` by `stride` along one axis, all of the others. */
export function sliceAlong(x: NDArray, axis: number, start: number, limit: number, stride = 1): NDArray {
  const bounds = (own: number, other: (extent: number) => number): Shape => x.shape.map((n, a) => (a === axis ? own : other(n))); // prettier-ignore
  return slice(x, bounds(start, () => 0), bounds(limit, (n) => n), bounds(stride, () => 1)); // prettier-ignore
}

// ------------------------------------------------------------------------------------------------- concatenate

export const concatenateP = primitive<{ readonly axis: number }, number>({
  name: 'concatenate',
  type: (ins, { axis }) => {
    const [first] = ins;
    if (first === undefined) return mistyped('[concatenate] needs at least one array');
    const fits = ins.every(
      (a) =>
        a.dtype === first.dtype &&
        a.shape.length === first.shape.length &&
        a.shape.every((n, i) => i === axis || n === first.shape[i]),
    );
    if (!fits || !validAxes([axis], first.shape.length)) {
      const needs = `[concatenate] along axis ${axis} needs arrays of one dtype that agree on all other axes; got`;
      const bad = firstDifferentAxis(ins.map((a) => a.shape.map((n, i) => (i === axis ? 0 : n))));
      return ins.some((a) => a.dtype !== first.dtype)
        ? wrongDtype(`${needs} ${ins.map(showAval).join(', ')}`)
        : mistyped(`${needs} ${ins.map((a) => showMarked(a, bad)).join(', ')}`);
    }
    const total = ins.reduce((n, a) => n + at(a.shape, axis), 0);
    return typed(
      aval(
        first.shape.map((n, i) => (i === axis ? total : n)),
        first.dtype,
        allWeak(ins),
      ),
    );
  },
  derivative: {
    kind: 'linear',
    transpose: (operand, [ct], ins, { axis }) => {
      const offset = ins.slice(0, operand).reduce((n, x) => n + at(x.aval.shape, axis), 0);
      return sliceAlong(ct as NDArray, axis, offset, offset + at(at(ins, operand).aval.shape, axis));
    },
  },
  batch: (ins, { axis }, size) =>
    inFront(
      concatenate(
        ins.map((x) => toFront(x, size)),
        axis + 1,
      ),
    ),
  lower: (ins, { axis }) => ({
    kind: 'map',
    outputs: [
      (c) => {
        const position = c[axis] as Expr;
        const parts: { readonly start: number; readonly element: Expr }[] = [];
        let start = 0;
        for (const x of ins) {
          const n = at(x.aval.shape, axis);
          const source = c.map((e, i) => (i === axis ? isub(position, lit(start)) : e));
          const inside = binary('and', binary('le', lit(start), position), ilt(position, lit(start + n)));
          if (n > 0)
            parts.push({ start, element: guarded(x.at(source), ins.length === 1 ? constant('bool', 1) : inside) });
          start += n;
        }
        const last = parts.at(-1)?.element ?? constant(at(ins, 0).aval.dtype, 0);
        return parts
          .slice(0, -1)
          .reduceRight(
            (rest, { element }, i) => selectExpr(ilt(position, lit(at(parts, i + 1).start)), element, rest),
            last,
          );
      },
    ],
  }),
  stablehlo: (b, ins, { axis }) => [b.concatenate(ins, axis)],
  cases: [
    {
      ins: [
        { shape: [2, 3], dtype: 'any' },
        { shape: [4, 3], dtype: 'any' },
      ],
      params: { axis: 0 },
    },
    {
      ins: [
        { shape: [2, 1], dtype: 'float' },
        { shape: [2, 0], dtype: 'float' },
        { shape: [2, 3], dtype: 'float' },
      ],
      params: { axis: 1 },
      label: 'three, one empty',
    },
  ],
});

/**
 * Joins arrays along an existing axis.
 *
 * @example
 * lax.concatenate([np.array([1]), np.array([2, 3])], 0); // [1, 2, 3]
 */
export function concatenate(operands: readonly ArrayLike[], axis: number): NDArray {
  const xs = operands.map((x) => asArray(x, 'concatenate'));
  return xs.length === 1 ? at(xs, 0) : bind1(concatenateP, xs, { axis });
}

// --------------------------------------------------------------------------------------------------------- rev

export const revP = primitive<{ readonly axes: readonly number[] }, 1>({
  name: 'rev',
  type: ([x], { axes }) =>
    validAxes(axes, x.shape.length) ? typed(x) : mistyped(`[rev] axes ${showShape(axes)} of ${showAval(x)}`),
  derivative: { kind: 'linear', transpose: [([ct], _, { axes }) => rev(ct as NDArray, axes)] },
  batch: ([x], { axes }, size) => inFront(rev(toFront(x, size), shifted(axes))),
  lower: ([x], { axes }) => ({
    kind: 'map',
    outputs: [(c) => x.at(c.map((e, i) => (axes.includes(i) ? isub(lit(at(x.aval.shape, i) - 1), e) : e)))],
  }),
  stablehlo: (b, [x], { axes }) => [b.reverse(x, axes)],
  cases: [
    { ins: [{ shape: [3, 4], dtype: 'any' }], params: { axes: [0] } },
    { ins: [{ shape: [3, 4], dtype: 'float' }], params: { axes: [0, 1] } },
  ],
});

/**
 * Reverses the order along `axes`.
 *
 * @example
 * lax.rev(np.array([1, 2, 3]), [0]); // [3, 2, 1]
 */
export function rev(operand: ArrayLike, axes: readonly number[]): NDArray {
  const x = asArray(operand, 'rev');
  return axes.length === 0 ? x : bind1(revP, [x], { axes });
}
