import { isFloat } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Expr } from '../kernel/expr.ts';
import { constant } from '../kernel/expr.ts';
import { delinearize, linearize, lit } from '../kernel/index-algebra.ts';
import { asArray } from '../trace/asarray.ts';
import { aval, sameShape, showAval, showMarked, showShape, sizeOf } from '../trace/aval.ts';
import type { Aval, Shape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { DTypeError } from '../trace/errors.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import type { Batched } from '../trace/primitive.ts';
import { requireDType, staticShape } from '../trace/static.ts';
import { NDArray } from '../trace/value.ts';
import type { ArrayLike } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { inFront, movePermutation, otherAxes, prepend, scalarOf, shifted, validAxes, without } from './rules.ts';

/**
 * The primitives that give an array another shape: none computes, so the compiler makes them vanish into their consumers.
 * The sum over axes is here too, since it and broadcasting are each other's transpose.
 */

/** The same type with another shape. */
export const retype = (a: Aval, shape: Shape): Aval => aval(shape, a.dtype, a.weakType);

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
  stablehlo: (b, [x], { shape, axes }) => [b.broadcast(x, shape, axes)],
  cases: [
    { ins: [{ shape: [3], dtype: 'any' }], params: { shape: [2, 3], axes: [1] } },
    { ins: [{ shape: [2, 1], dtype: 'float' }], params: { shape: [2, 4, 3], axes: [0, 2] } },
    { ins: [{ shape: [], dtype: 'float' }], params: { shape: [2, 0], axes: [] }, label: 'to empty' },
  ],
});

/**
 * Repeats an array along new or size-1 axes: its axis `i` becomes axis `axes[i]` of the result of shape `shape`.
 *
 * @example
 * lax.broadcastInDim(np.array([1, 2]), [2, 3], [0]); // [[1, 1, 1], [2, 2, 2]]
 */
export function broadcastInDim(operand: ArrayLike, shape: Shape, axes: readonly number[]): NDArray {
  const x = asArray(operand, 'broadcastInDim');
  if (sameShape(x.shape, shape) && axes.every((a, i) => a === i)) return x;
  return bind1(broadcastInDimP, [x], { shape: staticShape(shape, '[broadcastInDim] the shape'), axes });
}

/** An array of one value. */
export const fill = (shape: Shape, dtype: DType, value: number): NDArray =>
  broadcastInDim(scalarOf(requireDType(dtype, 'full'), value), shape, []);

/** Zeros of a type. */
export const zerosOf = (a: Aval): NDArray => fill(a.shape, a.dtype, 0);

/** An array of any values: zeros, unless a loop begins with it and writes over all of it. */
export const emptyP = primitive<{ readonly aval: Aval }, 0>({
  name: 'empty',
  type: (_, { aval: type }) => typed(type),
  derivative: { kind: 'zero', because: 'it has no operands' },
  batch: (_, { aval: type }) => ({ values: [emptyOf(type)], axes: [null] }),
  lower: (_, { aval: { dtype } }) => ({ kind: 'map', outputs: [() => constant(dtype, 0)], arbitrary: true }),
  stablehlo: (b, _, { aval: type }) => [b.like(type, 0)],
  cases: [{ ins: [], params: { aval: aval([2, 3], 'f32') } }],
});

/** Room for a type's values, which must be written before they are read. */
export const emptyOf = (a: Aval): NDArray => bind1(emptyP, [], { aval: a });

/**
 * The operands of an elementwise operation as arrays: a number takes the dtype of the array that it stands beside, and
 * what has no axes is repeated for the whole of it.
 *
 * @throws DTypeError for a number that the array's dtype does not hold.
 */
export function operands(name: string, given: readonly ArrayLike[]): readonly NDArray[] {
  if (areOfOneRank(given)) return given;
  const arrays = given.map((x) => (typeof x === 'number' || typeof x === 'boolean' ? null : asArray(x, name)));
  const beside = arrays.find((a) => a !== null && a.ndim > 0) ?? arrays.find((a) => a !== null) ?? null;
  if (beside === null) return given.map((x) => asArray(x, name));
  return arrays.map((a, i) => {
    const x = a ?? numberLike(name, at(given, i), beside.aval);
    return x.ndim === 0 ? broadcastInDim(x, beside.shape, []) : x;
  });
}

/** Arrays that are operands as they are, which they mostly are. */
const areOfOneRank = (given: readonly ArrayLike[]): given is readonly NDArray[] =>
  given.every((x) => x instanceof NDArray && x.ndim === (given[0] as NDArray).ndim);

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
  stablehlo: (b, [x], { shape }) => [b.reshape(x, shape)],
  cases: [
    { ins: [{ shape: [2, 6], dtype: 'any' }], params: { shape: [3, 4] } },
    { ins: [{ shape: [2, 3, 1], dtype: 'float' }], params: { shape: [6] } },
    { ins: [{ shape: [0, 3], dtype: 'float' }], params: { shape: [3, 0, 2] }, label: 'empty' },
  ],
});

/**
 * The same elements in row-major order under another shape.
 *
 * @example
 * lax.reshape(np.arange(4), [2, 2]); // [[0, 1], [2, 3]]
 */
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
  stablehlo: (b, [x], { permutation }) => [b.transpose(x, permutation)],
  cases: [
    { ins: [{ shape: [2, 3], dtype: 'any' }], params: { permutation: [1, 0] } },
    { ins: [{ shape: [2, 3, 4], dtype: 'float' }], params: { permutation: [2, 0, 1] } },
  ],
});

const inversePermutation = (p: readonly number[]): readonly number[] => p.map((_, i) => p.indexOf(i));

/**
 * Permutes the axes: axis `i` of the result is axis `permutation[i]` of the operand.
 *
 * @example
 * lax.transpose(np.array([[1, 2], [3, 4]]), [1, 0]); // [[1, 3], [2, 4]]
 */
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
  stablehlo: (b, [x], { axes }) => [b.convert(b.reduce(b.widened(x), 'add', axes), x.dtype)],
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

/**
 * Sum over `axes`, which disappear.
 *
 * @example
 * lax.reduceSum(np.array([[1, 2], [3, 4]]), [0]); // [4, 6]
 */
export function reduceSum(operand: ArrayLike, axes: readonly number[]): NDArray {
  const x = asArray(operand, 'reduceSum');
  return axes.length === 0 ? x : bind1(reduceSumP, [x], { axes });
}
