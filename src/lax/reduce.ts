import { left } from 'fp-ts/lib/Either.js';
import type { DType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import type { Monoid } from '../kernel/ops.ts';
import { aval, showAval, showShape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { ArgumentError, DTypeError } from '../trace/errors.ts';
import type { Cases, Derivative, Primitive } from '../trace/primitive.ts';
import { mistyped, primitive, typed } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at, product } from '../util/array.ts';
import { productsOfOthers } from './cumulative.ts';
import { div, eq, isNan, like, mul, or } from './elementwise.ts';
import { otherAxes, shifted, validAxes, without } from './rules.ts';
import { convertElementType } from './casts.ts';
import { broadcastedIota } from './iota.ts';
import { select } from './select.ts';
import { broadcastInDim, fill, merge, reduceSum, reshape, toFront, transpose, zerosOf } from './structural.ts';

/** Reductions other than the sum. A family helper derives every rule but the derivative from the monoid. */

interface ReduceParams {
  readonly axes: readonly number[];
}

interface ReduceSpec<P extends ReduceParams> {
  readonly monoid: Monoid;
  readonly takes: 'number' | 'bool';
  readonly derivative: Derivative<P, 1>;
  readonly cases: Cases<P, 1>;
}

function reducePrimitive<P extends ReduceParams>(name: string, spec: ReduceSpec<P>): Primitive<P, 1> {
  const self: Primitive<P, 1> = primitive<P, 1>({
    name,
    type: ([x], { axes }) => {
      if (!validAxes(axes, x.shape.length)) return mistyped(`[${name}] axes ${showShape(axes)} of ${showAval(x)}`);
      if ((x.dtype === 'bool') !== (spec.takes === 'bool')) {
        return left(new DTypeError(`[${name}] needs a ${spec.takes} dtype, got ${showAval(x)}`));
      }
      return typed(aval(without(x.shape, axes), x.dtype, x.weakType));
    },
    derivative: spec.derivative,
    batch: ([x], params, size) => ({
      values: [bind1(self, [toFront(x, size)], { ...params, axes: shifted(params.axes) })],
      axes: [0],
    }),
    lower: ([x], { axes }) => ({
      kind: 'reduce',
      reduced: axes.map((a) => x.aval.shape[a] as number),
      monoid: spec.monoid,
      value: (c, r) => x.at(merge(x.aval.shape.length, axes, c, r)),
    }),
    stablehlo: (b, [x], { axes }) => [b.convert(b.reduce(b.widened(x), spec.monoid, axes), x.dtype)],
    cases: spec.cases,
  });
  return self;
}

/** Stretches a reduction's result back over the axes that were reduced. */
const expand = (y: NDArray, x: NDArray, axes: readonly number[]): NDArray =>
  broadcastInDim(y, x.shape, otherAxes(axes, x.ndim));

/**
 * How an extremum's gradient is shared among tied elements: equally, as `numpy.max` in JAX does, or all to the first
 * in row-major order of the reduced axes, as pooling does.
 */
export type Ties = 'share' | 'first';

type ExtremumParams = ReduceParams & { readonly ties: Ties };

/** The derivative of a maximum or minimum: the tangent of the element that was taken. */
const extremum: Derivative<ExtremumParams, 1> = {
  kind: 'smooth',
  partials: [
    ([x], [y], { axes, ties }) => {
      const hits = eq(x, expand(y as NDArray, x, axes));
      if (ties === 'first') {
        const position = rowMajorPosition(x, axes);
        const first = reduceMin(select(hits, position, fill(x.shape, 'i32', x.size)), axes);
        const chosen = eq(position, expand(first, x, axes));
        return (t) => [reduceSum(select(chosen, t, zerosOf(t.aval)), axes)];
      }
      const weights = convertElementType(hits, x.dtype);
      const share = div(weights, expand(reduceSum(weights, axes), x, axes));
      return (t) => [reduceSum(mul(t, share), axes)];
    },
  ],
};

/** Each element's row-major position within the reduced axes. */
function rowMajorPosition(x: NDArray, axes: readonly number[]): NDArray {
  const extents = axes.map((a) => at(x.shape, a));
  const flat = reshape(broadcastedIota('i32', [extents.reduce((n, e) => n * e, 1)], 0), extents);
  const sorted = [...axes].sort((a, b) => a - b);
  const ordered = transpose(
    flat,
    sorted.map((a) => axes.indexOf(a)),
  );
  return broadcastInDim(ordered, x.shape, sorted);
}

const extremumCases: Cases<ExtremumParams, 1> = [
  { ins: [{ shape: [3, 4], dtype: 'float', distinct: true }], params: { axes: [1], ties: 'share' } },
  { ins: [{ shape: [2, 3, 2], dtype: 'float', distinct: true }], params: { axes: [0, 2], ties: 'first' } },
  { ins: [{ shape: [5], dtype: 'integer' }], params: { axes: [0], ties: 'share' } },
];

export const reduceMaxP = reducePrimitive<ExtremumParams>('reduceMax', {
  monoid: 'max',
  takes: 'number',
  derivative: extremum,
  cases: extremumCases,
});
export const reduceMinP = reducePrimitive<ExtremumParams>('reduceMin', {
  monoid: 'min',
  takes: 'number',
  derivative: extremum,
  cases: extremumCases,
});

export const reduceProdP = reducePrimitive<ReduceParams>('reduceProd', {
  monoid: 'mul',
  takes: 'number',
  derivative: {
    kind: 'smooth',
    partials: [
      ([x], _, { axes }) => {
        const others = othersReduced(x, axes);
        return (t) => [reduceSum(mul(t, others), axes)];
      },
    ],
  },
  cases: [
    { ins: [{ shape: [3, 4], dtype: 'float' }], params: { axes: [1] } },
    { ins: [{ shape: [2, 2, 3], dtype: 'float' }], params: { axes: [0, 2] } },
    { ins: [{ shape: [4], dtype: 'integer' }], params: { axes: [0] } },
    { ins: [{ shape: [2, 0], dtype: 'float' }], params: { axes: [1] }, label: 'empty' },
    { ins: [{ shape: [2, 1], dtype: 'float' }], params: { axes: [1] }, label: 'of one' },
  ],
});

/** For every element, the product of all other elements that are reduced together with it. */
function othersReduced(x: NDArray, axes: readonly number[]): NDArray {
  const [axis] = axes;
  if (axis !== undefined && axes.length === 1) return productsOfOthers(x, axis);
  const order = [...otherAxes(axes, x.ndim), ...axes];
  const moved = transpose(x, order);
  const outer = moved.shape.slice(0, x.ndim - axes.length);
  const flat = reshape(moved, [...outer, product(axes.map((a) => at(x.shape, a)))]);
  const others = reshape(productsOfOthers(flat, outer.length), moved.shape);
  return transpose(
    others,
    order.map((_, i) => order.indexOf(i)),
  );
}

const logical = { kind: 'zero', because: 'it is not a function of real numbers' } as const;
const boolCases: Cases<ReduceParams, 1> = [
  { ins: [{ shape: [3, 4], dtype: 'bool' }], params: { axes: [1] } },
  { ins: [{ shape: [2, 0], dtype: 'bool' }], params: { axes: [1] }, label: 'empty' },
];
export const reduceAndP = reducePrimitive<ReduceParams>('reduceAnd', {
  monoid: 'and',
  takes: 'bool',
  derivative: logical,
  cases: boolCases,
});
export const reduceOrP = reducePrimitive<ReduceParams>('reduceOr', {
  monoid: 'or',
  takes: 'bool',
  derivative: logical,
  cases: boolCases,
});

/** A reduction's function; over no axes it is the identity. */
const reducing =
  (p: Primitive<ReduceParams, 1>) =>
  (operand: ArrayLike, axes: readonly number[]): NDArray => {
    const x = asArray(operand, p.name);
    return axes.length === 0 ? x : bind1(p, [x], { axes });
  };
const reducingTo =
  (p: Primitive<ExtremumParams, 1>) =>
  (operand: ArrayLike, axes: readonly number[], ties: Ties = 'share'): NDArray => {
    const x = asArray(operand, p.name);
    return axes.length === 0 ? x : bind1(p, [x], { axes, ties });
  };

/**
 * Largest element over `axes`; NaN if any is; -∞ (or the least integer) of nothing.
 *
 * @example
 * lax.reduceMax(np.array([[1, 2], [3, 4]]), [1]); // [2, 4]
 */
export const reduceMax = reducingTo(reduceMaxP);
/**
 * Smallest element over `axes`; NaN if any is; ∞ (or the greatest integer) of nothing.
 *
 * @example
 * lax.reduceMin(np.array([[1, 2], [3, 4]]), [0]); // [1, 2]
 */
export const reduceMin = reducingTo(reduceMinP);
/**
 * Product over `axes`; 1 of nothing.
 *
 * @example
 * lax.reduceProd(np.array([[1, 2], [3, 4]]), [1]); // [2, 12]
 */
export const reduceProd = reducing(reduceProdP);
/**
 * Are all true over `axes`?
 *
 * @throws DTypeError unless the operand is bool.
 * @example
 * lax.reduceAnd(np.array([[true, false], [true, true]]), [1]); // [false, true]
 */
export const reduceAnd = reducing(reduceAndP);
/**
 * Is any true over `axes`?
 *
 * @throws DTypeError unless the operand is bool.
 * @example
 * lax.reduceOr(np.array([[true, false], [false, false]]), [1]); // [true, false]
 */
export const reduceOr = reducing(reduceOrP);

/** Position of the first extreme element along `axis`; a NaN counts as extreme, as in NumPy. */
function argExtremum(x: NDArray, axis: number, dtype: DType, best: NDArray): NDArray {
  if (at(x.shape, axis) === 0)
    throw new ArgumentError(`argmax and argmin of ${showAval(x.aval)} along its empty axis ${axis}`);
  const hits = eq(x, expand(best, x, [axis]));
  const extreme = isFloat(x.dtype) ? or(hits, isNan(x)) : hits;
  const positions = broadcastedIota('i32', x.shape, axis);
  return convertElementType(reduceMin(select(extreme, positions, like(positions, at(x.shape, axis))), [axis]), dtype);
}

/**
 * Position of the first largest element along `axis`; the first NaN if there is one.
 *
 * @example
 * lax.argmax(np.array([3, 9, 5]), 0, 'i32'); // 1
 */
export function argmax(operand: ArrayLike, axis: number, dtype: DType = 'i32'): NDArray {
  const x = asArray(operand, 'argmax');
  return argExtremum(x, axis, dtype, reduceMax(x, [axis]));
}
/**
 * Position of the first smallest element along `axis`; the first NaN if there is one.
 *
 * @example
 * lax.argmin(np.array([[3, 1, 1], [2, 5, 4]]), 1); // [1, 0]
 */
export function argmin(operand: ArrayLike, axis: number, dtype: DType = 'i32'): NDArray {
  const x = asArray(operand, 'argmin');
  return argExtremum(x, axis, dtype, reduceMin(x, [axis]));
}
