import { isFloat } from '../kernel/dtype.ts';
import { reduceAnd } from '../lax/reduce.ts';
import { sameShape } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { range } from '../util/array.ts';
import { array } from './create.ts';
import { abs, add, equal, isfinite, isnan, lessEqual, logicalAnd, logicalOr, multiply, subtract, where } from './elementwise.ts'; // prettier-ignore
import { promoted } from './promote.ts';

/** Tolerances of {@link isclose} and {@link allclose}. */
export interface CloseOptions {
  /** Relative to `y`; default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Are NaNs equal? Default false. */
  readonly equalNan?: boolean;
}

/**
 * `|x - y| <= atol + rtol · |y|`, elementwise; infinities are close to themselves only.
 *
 * @example
 * np.isclose(np.array([1, 2]), np.array([1, 2.1])); // [true, false]
 */
export function isclose(x: ArrayLike, y: ArrayLike, options: CloseOptions = {}): NDArray {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const [a, b] = promoted('isclose', [x, y]) as readonly [NDArray, NDArray];
  if (!isFloat(a.dtype)) return isclose(a.astype('f32'), b.astype('f32'), options);
  const finite = logicalAnd(isfinite(a), isfinite(b));
  const near = lessEqual(abs(subtract(a, b)), add(multiply(abs(b), rtol), atol));
  const close = where(finite, near, equal(a, b));
  return equalNan ? logicalOr(close, logicalAnd(isnan(a), isnan(b))) : close;
}

/**
 * Are all elements close? A bool scalar; see {@link isclose}.
 *
 * @example
 * np.allclose(np.array([1, 2]), np.array([1, 2.000001])); // true
 */
export const allclose = (x: ArrayLike, y: ArrayLike, options: CloseOptions = {}): NDArray =>
  everywhere(isclose(x, y, options));

/**
 * Equal shapes and equal elements? A bool scalar.
 *
 * @example
 * np.arrayEqual(np.array([1, 2]), np.array([1, 2])); // true
 */
export function arrayEqual(
  x: ArrayLike,
  y: ArrayLike,
  { equalNan = false }: { readonly equalNan?: boolean } = {},
): NDArray {
  const [a, b] = [asArray(x), asArray(y)];
  if (!sameShape(a.shape, b.shape)) return array(false);
  const same = equal(a, b);
  if (!equalNan || !isFloat(a.dtype) || !isFloat(b.dtype)) return everywhere(same);
  return everywhere(logicalOr(same, logicalAnd(isnan(a), isnan(b))));
}

const everywhere = (x: NDArray): NDArray => reduceAnd(x, range(x.ndim));
