import { log } from '../lax/elementwise.ts';
import { sortKeyVal, topK } from '../lax/sort.ts';
import { cumsum } from '../lax/cumulative.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastInDim, fill, reduceSum, reshape } from '../lax/structural.ts';
import { arange } from '../numpy/create.ts';
import { take } from '../numpy/taking.ts';
import { toDtype } from '../numpy/promote.ts';
import { axesOf } from '../numpy/reduce.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import { staticNumber, staticShape } from '../trace/static.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { isFloat } from '../kernel/dtype.ts';
import { product, range } from '../util/array.ts';
import { gumbel, uniform } from './distributions.ts';
import { randint } from './integers.ts';
import { bits, split } from './keys.ts';

/** Orders and samples. */

/** Options of {@link permutation}. */
export interface PermutationOptions {
  /** Shuffle each line along the axis by itself; default false: all in the same order. */
  readonly independent?: boolean;
}

/**
 * A random order of 0 … n-1 (a number), or of the subarrays of an array along `axis`.
 *
 * @example
 * const order = random.permutation(key, 60000); // i32[60000]
 */
export function permutation(
  k: NDArray,
  x: ArrayLike,
  axis = 0,
  { independent = false }: PermutationOptions = {},
): NDArray {
  const a = typeof x === 'number' ? null : asArray(x);
  if (a === null || a.ndim === 0) return shuffled(k, arange(staticNumber(x, '[random.permutation] the count')), 0);
  const [along] = axesOf('permutation', a, axis) as readonly [number];
  if (independent || a.ndim === 1) return shuffled(k, a, along);
  return take(a, shuffled(k, arange(a.shape[along] as number), 0), along);
}

/** Sorts by random keys, as often as makes ties of keys unlikely to matter. */
function shuffled(k: NDArray, x: NDArray, axis: number): NDArray {
  const rounds = Math.ceil((3 * Math.log(Math.max(1, x.size))) / Math.log(2 ** 32 - 1));
  let [next, order] = [k, x];
  for (let i = 0; i < rounds; i++) {
    const [rest, own] = split(next) as unknown as Iterable<NDArray> as [NDArray, NDArray];
    const [, sorted] = sortKeyVal(bits(own, x.shape), order, axis);
    [next, order] = [rest, sorted];
  }
  return order;
}

/** Options of {@link choice}. */
export interface ChoiceOptions {
  /** May an element be drawn more than once? Default true. */
  readonly replace?: boolean;
  /** The probability of each element; all equal when omitted. */
  readonly p?: ArrayLike;
  /** The axis whose subarrays are drawn; default 0. */
  readonly axis?: number;
}

/**
 * Draws from 0 … n-1 (a number), or subarrays of an array along an axis.
 *
 * @returns the drawn elements: `shape` for numbers and vectors; else `shape` in the place of the axis.
 * @throws ArgumentError for more draws without replacement than there are elements.
 * @example
 * random.choice(random.key(0), np.array([7, 7, 7]), [2]); // [7, 7]
 */
export function choice(k: NDArray, a: ArrayLike, shape: Shape = [], options: ChoiceOptions = {}): NDArray {
  const { replace = true, p, axis = 0 } = options;
  const extents = staticShape(shape, '[random.choice] the shape');
  const array = typeof a === 'number' ? null : asArray(a);
  const from = array === null || array.ndim === 0 ? null : array;
  const along = from === null ? 0 : (axesOf('choice', from, axis)[0] as number);
  const n = from === null ? staticNumber(a, '[random.choice] the count') : (from.shape[along] as number);
  const draws = product(extents);
  const result = from === null ? extents : [...from.shape.slice(0, along), ...extents, ...from.shape.slice(along + 1)];
  if (draws === 0) return fill(result, from?.dtype ?? 'i32', 0);
  if (n <= 0) throw new ArgumentError('[random.choice] there is nothing to choose from');
  if (!replace && draws > n) {
    throw new ArgumentError(
      `[random.choice] can't draw ${draws} of ${n} elements without replacement (replace: false)`,
    );
  }
  if (p === undefined && !replace) {
    const order = permutation(k, from ?? n, along);
    return reshape(firstOf(order, along, draws), result);
  }
  const positions = p === undefined ? randint(k, extents, 0, n) : weighted(k, p, n, extents, replace);
  return from === null ? reshape(positions, extents) : reshape(take(from, positions, along), result);
}

/** The first `count` subarrays along an axis. */
const firstOf = (x: NDArray, axis: number, count: number): NDArray =>
  x.slice(...range(x.ndim).map((i) => (i === axis ? [0, count] : [])));

function weighted(k: NDArray, p: ArrayLike, n: number, shape: Shape, replace: boolean): NDArray {
  const given = asArray(p);
  const weights = toDtype(given, isFloat(given.dtype) ? given.dtype : 'f32');
  const { dtype } = weights;
  if (weights.ndim !== 1 || weights.shape[0] !== n) {
    throw new ShapeMismatchError(
      `[random.choice] p must hold one probability for each of the ${n} elements, ${dtype}[${n}]; got ${showAval(weights.aval)}`,
    );
  }
  if (!replace) return reshape(topK(gumbel(k, [n], { dtype }).add(log(weights)), product(shape))[1], shape);
  const cumulative = cumsum(weights, 0);
  const total = cumulative.slice(-1);
  const drawn = total.mul(uniform(k, shape, { dtype }).neg().add(1));
  // The first position whose cumulative weight reaches the draw: as many as are below it.
  const [wide, each] = [[...shape, n], range(shape.length)];
  const below = broadcastInDim(cumulative, wide, [shape.length]).lt(broadcastInDim(drawn, wide, each));
  return reduceSum(convertElementType(below, 'i32'), [shape.length]);
}
