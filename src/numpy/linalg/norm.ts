import { abs, like, max, mul, ne, sqrt } from '../../lax/elementwise.ts';
import { svd } from '../../lax/linalg/index.ts';
import { reduceMax, reduceMin } from '../../lax/reduce.ts';
import { convertElementType } from '../../lax/casts.ts';
import { reduceSum, reshape, transpose, zerosOf } from '../../lax/structural.ts';
import { showAval } from '../../trace/aval.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, Axis, NDArray, ReduceOptions } from '../../trace/value.ts';
import { at, range } from '../../util/array.ts';
import { power } from '../elementwise.ts';
import { axesOf } from '../reduce.ts';
import { floats } from './operands.ts';

/**
 * Which norm. Of vectors: any number p, for (Σ |x|ᵖ)^(1/p); ±Infinity for the largest or smallest |x|; 0 for how many are
 * not 0. Of matrices: `'fro'`, the root of the sum of squares; `'nuc'`, the sum of the singular values; 2 and -2, the
 * largest and smallest of those; 1 and -1, the largest and smallest sum of |x| over a column; ±Infinity, over a row.
 */
export type NormOrder = number | 'fro' | 'nuc';

/**
 * The norm of vectors or matrices.
 *
 * The gradient is NaN where the norm is not differentiable, at 0, for p other than 1, ±∞; there it is that of the sums and
 * maxima that the norm consists of. Both are as in JAX.
 *
 * @param ord default: the root of the sum of squares, over all axes if `axis` is omitted.
 * @param axis one axis for vectors, two for matrices (rows, columns); default all, of which there are one or two if `ord`
 *   is given.
 * @throws ArgumentError for an order or a number of axes that has no norm.
 * @example
 * np.linalg.norm(np.array([3, 4])); // 5
 */
export function norm(
  x: ArrayLike,
  ord: NormOrder | null = null,
  axis: Axis = null,
  options: ReduceOptions = {},
): NDArray {
  const a = floats(x);
  const axes = axis === null ? range(a.ndim) : orderedAxes(a, axis);
  if (axis === null && ord === null) return kept(euclidean(a, axes), a, axes, options);
  const [first, second] = axes;
  if (axes.length === 1 && first !== undefined) return kept(ofVectors(a, ord ?? 2, first), a, axes, options);
  if (axes.length === 2 && first !== undefined && second !== undefined) {
    return kept(ofMatrices(a, ord ?? 'fro', first, second), a, axes, options);
  }
  throw new ArgumentError(
    `[norm] of ${showAval(a.aval)} over ${axes.length} axes: give one axis for vectors or two for matrices, or no \`ord\``,
  );
}

/**
 * The norm of vectors along `axis`, or of all elements; `ord` as in {@link norm}, default 2.
 *
 * @throws ArgumentError for an axis that is not there.
 * @example
 * np.linalg.vectorNorm(np.array([[3, 4], [5, 12]]), { axis: 1 }); // [5, 13]
 * np.linalg.vectorNorm(np.array([[3, 4], [5, 12]]), { ord: Infinity }); // 12
 */
export function vectorNorm(
  x: ArrayLike,
  options: ReduceOptions & { readonly axis?: Axis; readonly ord?: number } = {},
): NDArray {
  const a = floats(x);
  const axes = axesOf('vectorNorm', a, options.axis);
  const last = a.ndim - axes.length;
  const order = [...range(a.ndim).filter((i) => !axes.includes(i)), ...axes];
  const moved = transpose(a, order);
  const flat = reshape(moved, [...moved.shape.slice(0, last), moved.shape.slice(last).reduce((n, e) => n * e, 1)]);
  return kept(ofVectors(flat, options.ord ?? 2, last), a, axes, options);
}

/**
 * The norm of the matrices in the last two axes; `ord` as in {@link norm}, default `'fro'`.
 *
 * @throws ArgumentError for less than two axes, or an order that has no norm.
 * @example
 * np.linalg.matrixNorm(np.array([[1, 1], [1, 1]])); // 2
 * np.linalg.matrixNorm(np.array([[1, -2], [3, 4]]), { ord: 1 }); // 6
 */
export const matrixNorm = (x: ArrayLike, options: ReduceOptions & { readonly ord?: NormOrder } = {}): NDArray =>
  norm(x, options.ord ?? 'fro', [-2, -1], options);

/** Axis numbers in [0, ndim), in the order given: of a matrix, the first is that of the rows. */
function orderedAxes(a: NDArray, axis: Axis): readonly number[] {
  axesOf('norm', a, axis);
  return (typeof axis === 'number' ? [axis] : (axis ?? [])).map((i) => (i < 0 ? i + a.ndim : i));
}

function kept(y: NDArray, x: NDArray, axes: readonly number[], { keepdims }: ReduceOptions): NDArray {
  if (keepdims !== true) return y;
  return reshape(
    y,
    x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  );
}

const euclidean = (x: NDArray, axes: readonly number[]): NDArray => sqrt(reduceSum(mul(x, x), axes));

/** The largest element over an axis, all being at least 0: 0 of none. */
function largest(x: NDArray, axis: number): NDArray {
  const top = reduceMax(x, [axis]);
  return max(top, zerosOf(top.aval));
}

function smallest(x: NDArray, axis: number): NDArray {
  if (at(x.shape, axis) > 0) return reduceMin(x, [axis]);
  throw new ArgumentError(`[norm] the smallest of no elements has no value: ${showAval(x.aval)} along axis ${axis}`);
}

function ofVectors(x: NDArray, ord: NormOrder, axis: number): NDArray {
  if (typeof ord === 'string') throw new ArgumentError(`[norm] ${JSON.stringify(ord)} is no norm of vectors`);
  if (ord === 2) return euclidean(x, [axis]);
  if (ord === Infinity) return largest(abs(x), axis);
  if (ord === -Infinity) return smallest(abs(x), axis);
  if (ord === 0) return reduceSum(convertElementType(ne(x, like(x, 0)), x.dtype), [axis]);
  if (ord === 1) return reduceSum(abs(x), [axis]);
  return power(reduceSum(power(abs(x), ord), [axis]), 1 / ord);
}

function ofMatrices(x: NDArray, ord: NormOrder, rows: number, columns: number): NDArray {
  /** Sums along `along`, and what `choose` takes of them along `across`, whose number has changed if it was the later. */
  const ofSums = (along: number, across: number, choose: (sums: NDArray, axis: number) => NDArray): NDArray =>
    choose(reduceSum(abs(x), [along]), across > along ? across - 1 : across);
  switch (ord) {
    case 'fro':
      return euclidean(x, [rows, columns]);
    case 1:
      return ofSums(rows, columns, largest);
    case -1:
      return ofSums(rows, columns, smallest);
    case Infinity:
      return ofSums(columns, rows, largest);
    case -Infinity:
      return ofSums(columns, rows, smallest);
    case 2:
    case -2:
    case 'nuc': {
      const others = range(x.ndim).filter((i) => i !== rows && i !== columns);
      const [, s] = svd(transpose(x, [...others, rows, columns]), { fullMatrices: false });
      if (ord === 'nuc') return reduceSum(s, [others.length]);
      return ord === 2 ? largest(s, others.length) : smallest(s, others.length);
    }
    default:
      throw new ArgumentError(`[norm] ${ord} is no norm of matrices: use 'fro', 'nuc', ±1, ±2 or ±Infinity`);
  }
}
