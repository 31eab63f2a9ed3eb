import type { DType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import * as lax from '../lax/elementwise.ts';
import { select } from '../lax/select.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { asArray } from '../trace/asarray.ts';
import { choosing } from '../trace/choice.ts';
import { convertElementType } from '../lax/casts.ts';
import { finfo } from './dtypes.ts';
import { broadcastShapes, broadcastTo, promoted, promotedFloats, resultType, toDtype } from './promote.ts';

/** Elementwise functions with NumPy's broadcasting and promotion. */

type Unary = (x: ArrayLike) => NDArray;
type Binary = (x: ArrayLike, y: ArrayLike) => NDArray;

const floating =
  (name: string, f: (x: NDArray) => NDArray): Unary =>
  (x) => {
    const [a] = promotedFloats(name, [x]) as readonly [NDArray];
    return f(a);
  };
const keeping =
  (f: (x: NDArray) => NDArray): Unary =>
  (x) =>
    f(asArray(x));
/** For rounding: other dtypes are whole already. */
const ofFloats =
  (f: (x: NDArray) => NDArray): Unary =>
  (x) => {
    const a = asArray(x);
    return isFloat(a.dtype) ? f(a) : a;
  };
const combining =
  (name: string, f: (x: NDArray, y: NDArray) => NDArray): Binary =>
  (x, y) => {
    const [a, b] = promoted(name, [x, y]) as readonly [NDArray, NDArray];
    return f(a, b);
  };
const combiningFloats =
  (name: string, f: (x: NDArray, y: NDArray) => NDArray): Binary =>
  (x, y) => {
    const [a, b] = promotedFloats(name, [x, y]) as readonly [NDArray, NDArray];
    return f(a, b);
  };
/** For sums and products: bools count as integers, except that their own sum is or, their product and. */
const arithmetic =
  (name: string, f: (x: NDArray, y: NDArray) => NDArray, bools: ((x: NDArray, y: NDArray) => NDArray) | null): Binary =>
  (x, y) => {
    const [a, b] = promoted(name, [x, y]) as readonly [NDArray, NDArray];
    return a.dtype === 'bool' && bools !== null ? bools(a, b) : f(a, b);
  };
const logicalOf =
  (name: string, f: (x: NDArray, y: NDArray) => NDArray): Binary =>
  (x, y) => {
    const [a, b] = promoted(name, [toDtype(x, 'bool'), toDtype(y, 'bool')]) as readonly [NDArray, NDArray];
    return f(a, b);
  };

/**
 * x + y; for bools, or.
 * @example np.add(np.array([[1], [2]]), np.array([10, 20])); // [[11, 21], [12, 22]]
 */
export const add: Binary = arithmetic('add', lax.add, lax.or);
/**
 * x - y.
 * @example np.subtract(np.array([5, 7]), 2); // [3, 5]
 */
export const subtract: Binary = arithmetic('subtract', lax.sub, null);
/**
 * x · y; for bools, and.
 * @example np.multiply(np.array([[1], [2]]), np.array([3, 4])); // [[3, 4], [6, 8]]
 */
export const multiply: Binary = arithmetic('multiply', lax.mul, lax.and);
/**
 * x / y as floats.
 * @example np.divide(np.arange(3), 2); // [0, 0.5, 1]
 */
export const divide: Binary = combiningFloats('divide', lax.div);
/**
 * x / y as floats.
 * @example np.trueDivide(np.array([7, -7]), 2); // [3.5, -3.5]
 */
export const trueDivide: Binary = divide;
/**
 * The larger; NaN if either is NaN.
 * @example np.maximum(np.array([1, 5]), 3); // [3, 5]
 */
export const maximum: Binary = arithmetic('maximum', lax.max, lax.or);
/**
 * The smaller; NaN if either is NaN.
 * @example np.minimum(np.array([1, 5]), 3); // [1, 3]
 */
export const minimum: Binary = arithmetic('minimum', lax.min, lax.and);
/**
 * The angle of the point (y, x), in radians.
 * @example np.arctan2(1, -1); // 2.356194
 */
export const arctan2: Binary = combiningFloats('arctan2', lax.atan2);
/**
 * x = y.
 * @example np.equal(np.array([1, NaN]), np.array([1, NaN])); // [true, false]
 */
export const equal: Binary = combining('equal', lax.eq);
/**
 * x ≠ y.
 * @example np.notEqual(np.array([1, NaN]), np.array([1, NaN])); // [false, true]
 */
export const notEqual: Binary = combining('notEqual', lax.ne);
/**
 * x < y.
 * @example np.less(np.array([1, 2, 3]), 2); // [true, false, false]
 */
export const less: Binary = combining('less', lax.lt);
/**
 * x ≤ y.
 * @example np.lessEqual(np.array([1, 2, 3]), 2); // [true, true, false]
 */
export const lessEqual: Binary = combining('lessEqual', lax.le);
/**
 * x > y.
 * @example np.greater(np.array([1, 2, 3]), 2); // [false, false, true]
 */
export const greater: Binary = combining('greater', lax.gt);
/**
 * x ≥ y.
 * @example np.greaterEqual(np.array([1, 2, 3]), 2); // [false, true, true]
 */
export const greaterEqual: Binary = combining('greaterEqual', lax.ge);
/**
 * Both true? Numbers are true unless 0.
 * @example np.logicalAnd(np.array([0, 2, -1]), np.array([1, 1, 0])); // [false, true, false]
 */
export const logicalAnd: Binary = logicalOf('logicalAnd', lax.and);
/**
 * Either true?
 * @example np.logicalOr(np.array([0, 2, -1]), np.array([0, 1, 0])); // [false, true, true]
 */
export const logicalOr: Binary = logicalOf('logicalOr', lax.or);
/**
 * Exactly one true?
 * @example np.logicalXor(np.array([0, 2, -1]), np.array([0, 1, 0])); // [false, false, true]
 */
export const logicalXor: Binary = logicalOf('logicalXor', lax.xor);
/**
 * False where x is true.
 * @example np.logicalNot(np.array([0, 2])); // [true, false]
 */
export const logicalNot: Unary = (x) => lax.not(toDtype(x, 'bool'));

/**
 * xʸ. A JS integer exponent multiplies out, so that the base may be negative and gradients are exact; a negative one makes
 * floats of integers. Arrays of integers have integer powers, which wrap.
 *
 * @example
 * np.power(2, np.array([1, 2, 3])); // [2, 4, 8]
 */
export function power(x: ArrayLike, y: ArrayLike): NDArray {
  if (typeof y === 'number' && Number.isInteger(y)) {
    const given = asArray(x);
    const base = given.dtype === 'bool' ? convertElementType(given, 'i32') : given;
    if (!isFloat(base.dtype)) return lax.integerPow(y < 0 ? convertElementType(base, 'f32') : base, y);
    if (Math.abs(y) <= 64) return lax.integerPow(base, y);
  }
  const dtype = resultType(x, y);
  const [a, b] = promoted('power', [x, y], dtype === 'bool' ? 'i32' : undefined) as readonly [NDArray, NDArray];
  return lax.pow(a, b);
}

/**
 * The remainder with the sign of the divisor, as NumPy and Python have it.
 *
 * @example
 * np.remainder(np.array([5, -5]), 3); // [2, 1]
 */
export function remainder(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = promoted('remainder', [x, y]) as readonly [NDArray, NDArray];
  const r = lax.rem(a, b);
  const zero = lax.like(r, 0);
  const moved = lax.and(lax.ne(lax.lt(r, zero), lax.lt(b, zero)), lax.ne(r, zero));
  return select(moved, lax.add(r, b), r);
}

/**
 * The largest integer not above x / y.
 *
 * @example
 * np.floorDivide(np.array([7, -7]), 2); // [3, -4]
 */
export function floorDivide(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = promoted('floorDivide', [x, y]) as readonly [NDArray, NDArray];
  if (isFloat(a.dtype)) return floatFloorDivide(a, b);
  const q = lax.div(a, b);
  const zero = lax.like(q, 0);
  const inexact = lax.and(lax.ne(lax.rem(a, b), zero), lax.ne(lax.lt(a, zero), lax.lt(b, zero)));
  return select(inexact, lax.sub(q, lax.like(q, 1)), q);
}

/** By way of the remainder, so that the quotient is exact where x / y would round up to it. */
function floatFloorDivide(x: NDArray, y: NDArray): NDArray {
  const r = lax.rem(x, y);
  const q = lax.div(lax.sub(x, r), y);
  const below = lax.and(lax.ne(r, lax.like(r, 0)), lax.ne(lax.sign(y), lax.sign(r)));
  const rounded = lax.round(select(below, lax.sub(q, lax.like(q, 1)), q));
  return select(lax.eq(y, lax.like(y, 0)), lax.div(x, y), rounded);
}

/**
 * -x.
 * @example np.negative(np.array([1, -2])); // [-1, 2]
 */
export const negative: Unary = keeping(lax.neg);
/**
 * |x|.
 * @example np.abs(np.array([1, -2])); // [1, 2]
 */
export const abs: Unary = keeping((x) => (x.dtype === 'bool' ? x : lax.abs(x)));
/**
 * -1, 0 or 1.
 * @example np.sign(np.array([-3, 0, 0.5])); // [-1, 0, 1]
 */
export const sign: Unary = keeping(lax.sign);
/**
 * x².
 * @example np.square(np.array([2, -3])); // [4, 9]
 */
export const square: Unary = keeping(lax.square);
/**
 * √x.
 * @example np.sqrt(np.array([4, 9])); // [2, 3]
 */
export const sqrt: Unary = floating('sqrt', lax.sqrt);
/**
 * eˣ.
 * @example np.exp(np.array([0, 1])); // [1, 2.718282]
 */
export const exp: Unary = floating('exp', lax.exp);
/**
 * eˣ - 1, exact near 0.
 * @example np.expm1(1e-8); // 1e-8
 */
export const expm1: Unary = floating('expm1', lax.expm1);
/**
 * Natural logarithm.
 * @example np.log(np.array([1, Math.E])); // [0, 1]
 */
export const log: Unary = floating('log', lax.log);
/**
 * log(1 + x), exact near 0.
 * @example np.log1p(1e-8); // 1e-8
 */
export const log1p: Unary = floating('log1p', lax.log1p);
/**
 * Sine, x in radians.
 * @example np.sin(Math.PI / 6); // 0.5
 */
export const sin: Unary = floating('sin', lax.sin);
/**
 * Cosine, x in radians.
 * @example np.cos(Math.PI / 3); // 0.5
 */
export const cos: Unary = floating('cos', lax.cos);
/**
 * Tangent, x in radians.
 * @example np.tan(Math.PI / 4); // 1
 */
export const tan: Unary = floating('tan', lax.tan);
/**
 * Hyperbolic tangent.
 * @example np.tanh(np.array([0, 1, 20])); // [0, 0.761594, 1]
 */
export const tanh: Unary = floating('tanh', lax.tanh);
/**
 * Arc tangent, in radians.
 * @example np.arctan(np.array([1, Infinity])); // [0.785398, 1.570796]
 */
export const arctan: Unary = floating('arctan', lax.atan);
/**
 * The largest integer not above x.
 * @example np.floor(np.array([1.7, -1.2])); // [1, -2]
 */
export const floor: Unary = ofFloats(lax.floor);
/**
 * The smallest integer not below x.
 * @example np.ceil(np.array([1.2, -1.7])); // [2, -1]
 */
export const ceil: Unary = ofFloats(lax.ceil);
/**
 * 1 / x.
 * @example np.reciprocal(np.array([4, 0])); // [0.25, Infinity]
 */
export const reciprocal: Unary = floating('reciprocal', (x) => lax.div(lax.like(x, 1), x));
/**
 * Is it NaN?
 * @example np.isnan(np.array([NaN, 1])); // [true, false]
 */
export const isnan: Unary = floating('isnan', lax.isNan);
/**
 * Neither infinite nor NaN?
 * @example np.isfinite(np.array([1, Infinity, NaN])); // [true, false, false]
 */
export const isfinite: Unary = floating('isfinite', lax.isFinite);
/**
 * Is it +∞ or -∞?
 * @example np.isinf(np.array([1, -Infinity, NaN])); // [false, true, false]
 */
export const isinf: Unary = floating('isinf', (x) => lax.eq(lax.abs(x), lax.like(x, Infinity)));

/**
 * x rounded to `decimals` places (default 0), half to even.
 *
 * @example
 * np.round(np.array([0.5, 1.5, 2.4])); // [0, 2, 2]
 */
export function round(x: ArrayLike, decimals = 0): NDArray {
  const a = asArray(x);
  if (!isFloat(a.dtype)) return a;
  if (decimals === 0) return lax.round(a);
  const scale = lax.like(a, 10 ** decimals);
  return lax.div(lax.round(lax.mul(a, scale)), scale);
}

/**
 * log(eˣ + eʸ), without overflow; the gradient is right in both tails.
 *
 * @example
 * np.logaddexp(1000, 1000); // 1000.693147
 */
export function logaddexp(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = promotedFloats('logaddexp', [x, y]) as readonly [NDArray, NDArray];
  // At a tie, |a - b| has slope 1 here, so the larger must be taken whole: then the gradients are ½ and ½.
  const larger = select(lax.ge(a, b), a, b);
  const distance = lax.sub(a, b);
  // Where a - b is NaN, both are the same infinity (or one is NaN), and the sum is the answer.
  const equalInfinities = lax.isNan(distance);
  const known = select(equalInfinities, lax.like(a, 0), distance);
  const stable = lax.add(larger, lax.log1p(lax.exp(lax.neg(lax.abs(known)))));
  return select(equalInfinities, lax.add(a, b), stable);
}

/**
 * √(x² + y²), without overflow or underflow on the way.
 *
 * @example
 * np.hypot(3e30, 4e30).div(1e30); // 5
 */
export function hypot(x: ArrayLike, y: ArrayLike): NDArray {
  const [a, b] = promotedFloats('hypot', [x, y]) as readonly [NDArray, NDArray];
  const [p, q] = [lax.abs(a), lax.abs(b)];
  const [long, short] = [select(lax.ge(p, q), p, q), select(lax.ge(p, q), q, p)];
  const one = lax.like(a, 1);
  const regular = lax.and(lax.gt(long, lax.like(a, 0)), lax.lt(long, lax.like(a, Infinity)));
  const ratio = lax.div(short, select(regular, long, one));
  const scaled = lax.mul(long, lax.sqrt(lax.add(one, lax.mul(ratio, ratio))));
  // Infinite if either is, even with NaN; 0 at the origin, with gradient 0.
  const infinite = lax.or(lax.eq(p, lax.like(a, Infinity)), lax.eq(q, lax.like(a, Infinity)));
  return select(infinite, lax.like(a, Infinity), select(regular, scaled, stopGradient(lax.add(long, short))));
}

/**
 * `x` where `condition`, else `y`, broadcast together.
 *
 * @example
 * np.where(np.array([1, -2]).gt(0), 10, np.array([3, 4])); // [10, 4]
 */
export function where(condition: ArrayLike, x: ArrayLike, y: ArrayLike): NDArray {
  return choosing(where, () => {
    const [a, b] = promoted('where', [x, y]) as readonly [NDArray, NDArray];
    const c = toDtype(condition, 'bool');
    const shape = broadcastShapes('where', [c, a]);
    return select(broadcastTo(c, shape), broadcastTo(a, shape), broadcastTo(b, shape));
  });
}

/**
 * Limits x to [low, high]; either may be null.
 *
 * @example
 * np.clip(np.array([-2, 0.5, 9]), 0, 1); // [0, 0.5, 1]
 */
export function clip(x: ArrayLike, low: ArrayLike | null = null, high: ArrayLike | null = null): NDArray {
  const raised = low === null ? asArray(x) : maximum(x, low);
  return high === null ? raised : minimum(raised, high);
}

/**
 * NaN replaced by `nan` (default 0), infinities by the largest finite numbers or the values given.
 *
 * @example
 * np.nanToNum(np.array([NaN, 1])); // [0, 1]
 */
export function nanToNum(
  x: ArrayLike,
  options: { readonly nan?: number; readonly posinf?: number; readonly neginf?: number } = {},
): NDArray {
  const a = asArray(x);
  if (!isFloat(a.dtype)) return a;
  const largest = finfo(a.dtype).max;
  const replaced = select(lax.isNan(a), lax.like(a, options.nan ?? 0), a);
  const below = select(lax.eq(replaced, lax.like(a, Infinity)), lax.like(a, options.posinf ?? largest), replaced);
  return select(lax.eq(below, lax.like(a, -Infinity)), lax.like(a, options.neginf ?? -largest), below);
}

/**
 * Converts to another dtype; fractions are cut off towards zero, and what is not 0 is true.
 * @example np.astype(np.array([1.7, -1.7]), 'i32'); // [1, -1]
 */
export const astype = (x: ArrayLike, dtype: DType): NDArray => convertElementType(asArray(x), dtype);
