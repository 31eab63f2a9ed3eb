import type { DType } from '../kernel/dtype.ts';
import { dtypes, isFloat } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { binary, cast as castExpr, constant, guarded, select as selectExpr, bitcastTo } from '../kernel/expr.ts';
import {
  delinearize,
  iadd,
  idiv,
  ieq,
  ilt,
  imod,
  imul,
  inBounds,
  isub,
  linearize,
  lit,
} from '../kernel/index-algebra.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { aval, firstDifferentAxis, sameShape, showAval, showMarked, showShape, sizeOf } from '../trace/aval.ts';
import { bind1, currentTrace } from '../trace/context.ts';
import { DTypeError } from '../trace/errors.ts';
import type { Batched, NoParams } from '../trace/primitive.ts';
import { eachCase, mistyped, primitive, typed, wrongDtype } from '../trace/primitive.ts';
import { staticShape } from '../trace/static.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { map } from '../tree/tree.ts';
import { at, range } from '../util/array.ts';
import {
  allWeak,
  inFront,
  movePermutation,
  otherAxes,
  prepend,
  scalarOf,
  shifted,
  validAxes,
  without,
} from './rules.ts';

/**
 * The linear primitives that move elements: none computes, so the compiler makes them vanish into their consumers. The
 * sum over axes is here too, since it and broadcasting are each other's transpose.
 */

const retype = (a: Aval, shape: Shape): Aval => aval(shape, a.dtype, a.weakType);

/** `value` with its batch axis in front; a broadcast copy of it when it is not batched. */
export function toFront(b: Batched, size: number): NDArray {
  if (b.axis === null) {
    const { shape } = b.value;
    return broadcastInDim(b.value, prepend(size, shape), shifted(range(shape.length)));
  }
  return b.axis === 0 ? b.value : transpose(b.value, movePermutation(b.value.ndim, b.axis, 0));
}

// ---------------------------------------------------------------------------------------------- broadcastInDim

export const broadcastInDimP = primitive<{ readonly shape: Shape; readonly axes: readonly number[] }, 1>({
  name: 'broadcastInDim',
  type: ([x], { shape, axes }) => {
    const fits =
      axes.length === x.shape.length &&
      validAxes(axes, shape.length) &&
      axes.every((a, i) => i === 0 || a > at(axes, i - 1)) &&
      x.shape.every((n, i) => n === 1 || n === shape[axes[i] as number]);
    if (fits) return typed(retype(x, shape));
    const bad = x.shape.findIndex((n, i) => n !== 1 && n !== shape[axes[i] as number]);
    return mistyped(
      `[broadcastInDim] ${showMarked(x, bad)} does not broadcast to ${showShape(shape)} along axes ${showShape(axes)}: ` +
        'each axis must be 1 or equal to the target axis that it is mapped to, in increasing order',
    );
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [x], { shape, axes }) => {
        const grown = range(shape.length).filter((a) => {
          const i = axes.indexOf(a);
          return i < 0 || (x.aval.shape[i] === 1 && shape[a] !== 1);
        });
        return reshape(reduceSum(ct as NDArray, grown), x.aval.shape);
      },
    ],
  },
  batch: ([x], { shape, axes }, size) =>
    inFront(broadcastInDim(toFront(x, size), prepend(size, shape), [0, ...shifted(axes)])),
  lower: ([x], { axes }) => ({
    kind: 'map',
    outputs: [(c) => x.at(axes.map((a, i) => (x.aval.shape[i] === 1 ? lit(0) : (c[a] as Expr))))],
  }),
  cases: [
    { ins: [{ shape: [3], dtype: 'any' }], params: { shape: [2, 3], axes: [1] } },
    { ins: [{ shape: [2, 1], dtype: 'float' }], params: { shape: [2, 4, 3], axes: [0, 2] } },
    { ins: [{ shape: [], dtype: 'float' }], params: { shape: [2, 0], axes: [] }, label: 'to empty' },
  ],
});

/** Repeats an array along new or size-1 axes: its axis `i` becomes axis `axes[i]` of the result of shape `shape`. */
export function broadcastInDim(operand: ArrayLike, shape: Shape, axes: readonly number[]): NDArray {
  const x = asArray(operand, 'broadcastInDim');
  if (sameShape(x.shape, shape) && axes.every((a, i) => a === i)) return x;
  return bind1(broadcastInDimP, [x], { shape: staticShape(shape, '[broadcastInDim] the shape'), axes });
}

/** An array of one value. */
export const fill = (shape: Shape, dtype: DType, value: number): NDArray =>
  broadcastInDim(scalarOf(dtype, value), shape, []);

/** Zeros of a type. */
export const zerosOf = (a: Aval): NDArray => fill(a.shape, a.dtype, 0);

/**
 * The operands of an elementwise operation as arrays: a number takes the dtype of the array that it stands beside, and
 * what has no axes is repeated for the whole of it.
 *
 * @throws DTypeError for a number that the array's dtype does not hold.
 */
export function operands(name: string, given: readonly ArrayLike[]): readonly NDArray[] {
  const arrays = given.map((x) => (typeof x === 'number' || typeof x === 'boolean' ? null : asArray(x, name)));
  const beside = arrays.find((a) => a !== null && a.ndim > 0) ?? arrays.find((a) => a !== null) ?? null;
  if (beside === null) return given.map((x) => asArray(x, name));
  return arrays.map((a, i) => {
    const x = a ?? numberLike(name, at(given, i), beside.aval);
    return x.ndim === 0 ? broadcastInDim(x, beside.shape, []) : x;
  });
}

/**
 * What stands beside an array as an array: a number is a weakly typed scalar of that array's dtype.
 *
 * @throws DTypeError for a number that the dtype does not hold.
 */
export function numberLike(name: string, x: ArrayLike, { dtype, shape }: Aval): NDArray {
  if (typeof x !== 'number' && typeof x !== 'boolean') return asArray(x, name);
  const scalar = scalarOf(dtype, Number(x), true);
  const fits = (typeof x === 'boolean') === (dtype === 'bool');
  if (fits && (typeof x === 'boolean' || isFloat(dtype) || scalar.itemSync() === x)) return scalar;
  throw new DTypeError(
    `[${name}] ${x} is no ${dtype}, which it stands beside (${dtype}[${shape.join(', ')}]): ` +
      "cast the array (x.astype('f32')), or use numpy's function, which promotes",
  );
}

// ----------------------------------------------------------------------------------------------------- reshape

export const reshapeP = primitive<{ readonly shape: Shape }, 1>({
  name: 'reshape',
  type: ([x], { shape }) =>
    sizeOf(shape) === sizeOf(x.shape) && shape.every((n) => Number.isInteger(n) && n >= 0)
      ? typed(retype(x, shape))
      : mistyped(
          `[reshape] ${showAval(x)} with ${sizeOf(x.shape)} elements can't become ${showShape(shape)} with ${sizeOf(shape)}`,
        ),
  derivative: { kind: 'linear', transpose: [([ct], [x]) => reshape(ct as NDArray, x.aval.shape)] },
  batch: ([x], { shape }, size) => inFront(reshape(toFront(x, size), prepend(size, shape))),
  lower: ([x], { shape }) => ({
    kind: 'map',
    outputs: [(c) => x.at(delinearize(linearize(c, shape), x.aval.shape))],
  }),
  cases: [
    { ins: [{ shape: [2, 6], dtype: 'any' }], params: { shape: [3, 4] } },
    { ins: [{ shape: [2, 3, 1], dtype: 'float' }], params: { shape: [6] } },
    { ins: [{ shape: [0, 3], dtype: 'float' }], params: { shape: [3, 0, 2] }, label: 'empty' },
  ],
});

/** The same elements in row-major order under another shape. */
export function reshape(operand: ArrayLike, shape: Shape): NDArray {
  const x = asArray(operand, 'reshape');
  return sameShape(x.shape, shape) ? x : bind1(reshapeP, [x], { shape });
}

// --------------------------------------------------------------------------------------------------- transpose

export const transposeP = primitive<{ readonly permutation: readonly number[] }, 1>({
  name: 'transpose',
  type: ([x], { permutation }) =>
    permutation.length === x.shape.length && validAxes(permutation, x.shape.length)
      ? typed(
          retype(
            x,
            permutation.map((p) => x.shape[p] as number),
          ),
        )
      : mistyped(`[transpose] ${showShape(permutation)} is not a permutation of the axes of ${showAval(x)}`),
  derivative: {
    kind: 'linear',
    transpose: [([ct], _, { permutation }) => transpose(ct as NDArray, inversePermutation(permutation))],
  },
  batch: ([x], { permutation }, size) => inFront(transpose(toFront(x, size), [0, ...shifted(permutation)])),
  lower: ([x], { permutation }) => {
    const inverse = inversePermutation(permutation);
    return { kind: 'map', outputs: [(c) => x.at(inverse.map((i) => c[i] as Expr))] };
  },
  cases: [
    { ins: [{ shape: [2, 3], dtype: 'any' }], params: { permutation: [1, 0] } },
    { ins: [{ shape: [2, 3, 4], dtype: 'float' }], params: { permutation: [2, 0, 1] } },
  ],
});

const inversePermutation = (p: readonly number[]): readonly number[] => p.map((_, i) => p.indexOf(i));

/** Permutes the axes: axis `i` of the result is axis `permutation[i]` of the operand. */
export function transpose(operand: ArrayLike, permutation: readonly number[]): NDArray {
  const x = asArray(operand, 'transpose');
  const same = permutation.length === x.ndim && permutation.every((p, i) => p === i);
  return same ? x : bind1(transposeP, [x], { permutation });
}

// --------------------------------------------------------------------------------------------------- reduceSum

export const reduceSumP = primitive<{ readonly axes: readonly number[] }, 1>({
  name: 'reduceSum',
  type: ([x], { axes }) => {
    if (!validAxes(axes, x.shape.length)) return mistyped(`[reduceSum] axes ${showShape(axes)} of ${showAval(x)}`);
    if (x.dtype === 'bool') return mistyped(`[reduceSum] can't add ${showAval(x)}: cast it first (x.astype('i32'))`);
    return typed(retype(x, without(x.shape, axes)));
  },
  derivative: {
    kind: 'linear',
    transpose: [
      ([ct], [x], { axes }) => broadcastInDim(ct as NDArray, x.aval.shape, otherAxes(axes, x.aval.shape.length)),
    ],
  },
  batch: ([x], { axes }, size) => inFront(reduceSum(toFront(x, size), shifted(axes))),
  lower: ([x], { axes }) => ({
    kind: 'reduce',
    reduced: axes.map((a) => x.aval.shape[a] as number),
    monoid: 'add',
    value: (c, r) => x.at(merge(x.aval.shape.length, axes, c, r)),
  }),
  cases: [
    { ins: [{ shape: [3, 4], dtype: 'float' }], params: { axes: [1] } },
    { ins: [{ shape: [3, 4, 2], dtype: 'float' }], params: { axes: [0, 2] } },
    { ins: [{ shape: [3, 2], dtype: 'integer' }], params: { axes: [0, 1] } },
    { ins: [{ shape: [2, 0], dtype: 'float' }], params: { axes: [1] }, label: 'empty' },
  ],
});

/** Puts reduced coordinates back at `axes` among the kept ones. */
export function merge(
  rank: number,
  axes: readonly number[],
  kept: readonly Expr[],
  reduced: readonly Expr[],
): readonly Expr[] {
  let next = 0;
  return range(rank).map((a) => (axes.includes(a) ? reduced[axes.indexOf(a)] : kept[next++]) as Expr);
}

/** Sum over `axes`, which disappear. */
export function reduceSum(operand: ArrayLike, axes: readonly number[]): NDArray {
  const x = asArray(operand, 'reduceSum');
  return axes.length === 0 ? x : bind1(reduceSumP, [x], { axes });
}

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

/** Elements `start ≤ i < limit` by `strides` along each axis. */
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

/** Joins arrays along an existing axis. */
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
  cases: [
    { ins: [{ shape: [3, 4], dtype: 'any' }], params: { axes: [0] } },
    { ins: [{ shape: [3, 4], dtype: 'float' }], params: { axes: [0, 1] } },
  ],
});

/** Reverses the order along `axes`. */
export function rev(operand: ArrayLike, axes: readonly number[]): NDArray {
  const x = asArray(operand, 'rev');
  return axes.length === 0 ? x : bind1(revP, [x], { axes });
}

// ------------------------------------------------------------------------------------------------------ select

export const selectP = primitive<NoParams, 3>({
  name: 'select',
  type: ([c, x, y]) => {
    const needs = '[select] needs a bool condition and two arrays of one dtype, all of one shape; got';
    if (c.dtype !== 'bool' || x.dtype !== y.dtype) return wrongDtype(`${needs} ${[c, x, y].map(showAval).join(', ')}`);
    if (sameShape(c.shape, x.shape) && sameShape(x.shape, y.shape)) {
      return typed(aval(x.shape, x.dtype, x.weakType && y.weakType));
    }
    const bad = firstDifferentAxis([c.shape, x.shape, y.shape]);
    return mistyped(`${needs} ${[c, x, y].map((a) => showMarked(a, bad)).join(', ')}; numpy.where broadcasts`);
  },
  derivative: {
    kind: 'linear',
    transpose: [
      { noTangent: 'the condition is bool' },
      ([ct], [c]) => select(c.value as NDArray, ct as NDArray, zerosOf((ct as NDArray).aval)),
      ([ct], [c]) => select(c.value as NDArray, zerosOf((ct as NDArray).aval), ct as NDArray),
    ],
  },
  batch: ([c, x, y], _, size) => inFront(select(toFront(c, size), toFront(x, size), toFront(y, size))),
  lower: ([c, x, y]) => ({ kind: 'map', outputs: [(i) => selectExpr(c.at(i), x.at(i), y.at(i))] }),
  cases: [
    {
      ins: [
        { shape: [3, 2], dtype: 'bool' },
        { shape: [3, 2], dtype: 'float' },
        { shape: [3, 2], dtype: 'float' },
      ],
      params: {},
    },
    {
      ins: [
        { shape: [4], dtype: 'bool' },
        { shape: [4], dtype: 'integer' },
        { shape: [4], dtype: 'integer' },
      ],
      params: {},
    },
  ],
});

/** `x` where `condition`, else `y`; all of one shape, but for a condition without axes, which holds for all elements. */
export function select(condition: ArrayLike, x: ArrayLike, y: ArrayLike): NDArray {
  const ready = x instanceof NDArray && y instanceof NDArray && x.ndim === y.ndim;
  const [a, b] = (ready ? [x, y] : operands('select', [x, y])) as readonly [NDArray, NDArray];
  const c = asArray(condition, 'select');
  return bind1(selectP, [c.ndim === 0 ? broadcastInDim(c, a.shape, []) : c, a, b], {});
}

// -------------------------------------------------------------------------------------------- cast and bitcast

export const castP = primitive<{ readonly dtype: DType; readonly weakType: boolean }, 1>({
  name: 'convertElementType',
  type: ([x], { dtype, weakType }) => typed(aval(x.shape, dtype, weakType)),
  derivative: { kind: 'linear', transpose: [([ct], [x]) => convertElementType(ct as NDArray, x.aval.dtype)] },
  batch: ([x], { dtype, weakType }) => ({
    values: [convertElementType(x.value, dtype, weakType)],
    axes: [x.axis],
  }),
  lower: ([x], { dtype }) => ({ kind: 'map', outputs: [(c) => castExpr(dtype, x.at(c))] }),
  cases: eachCase(
    [
      ['f32', 'any'],
      ...dtypes.flatMap((to) => (['any', 'u32', 'bool'] as const).map((from) => [to, from] as const)).slice(1),
    ],
    ([dtype, from]) => ({
      ins: [{ shape: [5], dtype: from, domain: [0, 40] as const }] as const,
      params: { dtype, weakType: false },
      label: `to ${dtype}${from === 'any' ? '' : ` from ${from}`}`,
    }),
  ),
});

/** Converts to another dtype: float to integer truncates and saturates, NaN gives 0; to bool is `x != 0`. */
export function convertElementType(operand: ArrayLike, dtype: DType, weakType = false): NDArray {
  const x = asArray(operand, 'convertElementType');
  return x.dtype === dtype && x.weakType === weakType ? x : bind1(castP, [x], { dtype, weakType });
}

const fourBytes: readonly DType[] = ['f32', 'i32', 'u32'];

export const bitcastP = primitive<{ readonly dtype: DType }, 1>({
  name: 'bitcastConvertType',
  type: ([x], { dtype }) =>
    fourBytes.includes(x.dtype) && fourBytes.includes(dtype)
      ? typed(aval(x.shape, dtype))
      : mistyped(`[bitcastConvertType] from ${showAval(x)} to ${dtype}: both need four bytes (f32, i32, u32)`),
  derivative: { kind: 'zero', because: 'it is a step function of the bits' },
  batch: ([x], { dtype }) => ({ values: [bitcastConvertType(x.value, dtype)], axes: [x.axis] }),
  lower: ([x], { dtype }) => ({ kind: 'map', outputs: [(c) => bitcastTo(dtype, x.at(c))] }),
  cases: [
    { ins: [{ shape: [4], dtype: 'f32' }], params: { dtype: 'u32' } },
    { ins: [{ shape: [4], dtype: 'i32' }], params: { dtype: 'u32' } },
  ],
});

/** The same bits as another four-byte dtype. */
export function bitcastConvertType(operand: ArrayLike, dtype: DType): NDArray {
  const x = asArray(operand, 'bitcastConvertType');
  return x.dtype === dtype ? x : bind1(bitcastP, [x], { dtype });
}

// -------------------------------------------------------------------------------------------------------- iota

export const iotaP = primitive<{ readonly dtype: DType; readonly shape: Shape; readonly axis: number }, 0>({
  name: 'iota',
  type: (_, { dtype, shape, axis }) =>
    validAxes([axis], shape.length) && dtype !== 'bool'
      ? typed(aval(shape, dtype))
      : mistyped(`[iota] has no axis ${axis} in ${showShape(shape)} as ${dtype}`),
  derivative: { kind: 'zero', because: 'it has no operands' },
  batch: (_, { dtype, shape, axis }) => ({ values: [broadcastedIota(dtype, shape, axis)], axes: [null] }),
  lower: (_, { dtype, axis }) => ({ kind: 'map', outputs: [(c) => castExpr(dtype, c[axis] as Expr)] }),
  cases: [
    { ins: [], params: { dtype: 'i32', shape: [3, 4], axis: 1 } },
    { ins: [], params: { dtype: 'f32', shape: [5], axis: 0 } },
  ],
});

/** 0, 1, 2, … along `axis`. */
export const broadcastedIota = (dtype: DType, shape: Shape, axis: number): NDArray =>
  bind1(iotaP, [], { dtype, shape, axis });

// ------------------------------------------------------------------------------------------------ stopGradient

export const stopGradientP = primitive<NoParams, 1>({
  name: 'stopGradient',
  type: ([x]) => typed(x),
  derivative: { kind: 'zero', because: 'that is its purpose' },
  batch: ([x]) => ({ values: [stopGradient(x.value)], axes: [x.axis] }),
  lower: ([x]) => ({ kind: 'map', outputs: [x.at] }),
  cases: [{ ins: [{ shape: [3], dtype: 'float' }], params: {} }],
});

/** `x`, an array or a tree of arrays, through which no gradient flows. Leaves that are not float stay as they are. */
export const stopGradient = <T>(x: T): T =>
  map((leaf: unknown) => {
    // Where values are computed at once there is no gradient to stop.
    const flows = currentTrace() !== null && leaf instanceof NDArray && isFloat(leaf.dtype);
    return flows ? bind1(stopGradientP, [leaf], {}) : leaf;
  }, x);
