import { convertElementType } from '../lax/casts.ts';
import * as lax from '../lax/elementwise.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import type { NDArray } from '../trace/value.ts';

/**
 * x · y + z, rounded once but for very rare ties: as a fused multiply-add, which compiled JAX uses and which no device here
 * promises to have. The rounding errors of product and sum are computed exactly and added at the end; they are constants to
 * derivatives.
 *
 * T. J. Dekker: A floating-point technique for extending the available precision. Numerische Mathematik 18, 1971.
 */
export function multiplyAdd(x: NDArray, y: NDArray, z: NDArray): NDArray {
  if (x.dtype === 'f16') {
    // f32 has the product exactly.
    const [a, b, c] = [x, y, z].map((v) => convertElementType(v, 'f32')) as [NDArray, NDArray, NDArray];
    return convertElementType(lax.add(lax.mul(a, b), c), 'f16');
  }
  const product = lax.mul(x, y);
  const sum = lax.add(product, z);
  const error = lax.add(productError(x, y, product), sumError(product, z, sum));
  return lax.add(sum, stopGradient(error));
}

/** What rounding took from the sum. */
function sumError(a: NDArray, b: NDArray, sum: NDArray): NDArray {
  const virtual = lax.sub(sum, a);
  return lax.add(lax.sub(a, lax.sub(sum, virtual)), lax.sub(b, virtual));
}

/** What rounding took from the product: the halves' products are exact. */
function productError(x: NDArray, y: NDArray, product: NDArray): NDArray {
  const [a, b] = halves(x);
  const [c, d] = halves(y);
  const upper = lax.sub(lax.mul(a, c), product);
  return lax.add(lax.add(lax.add(upper, lax.mul(a, d)), lax.mul(b, c)), lax.mul(b, d));
}

/** Two numbers of half the digits whose sum is `x`. */
function halves(x: NDArray): readonly [high: NDArray, low: NDArray] {
  const digits = x.dtype === 'f64' ? 27 : 12;
  // Scaled down, so that the product can't overflow.
  const scaled = lax.mul(x, lax.like(x, 2 ** -(digits + 1)));
  const wide = lax.mul(scaled, lax.like(x, 2 ** digits + 1));
  const high = lax.mul(lax.sub(wide, lax.sub(wide, scaled)), lax.like(x, 2 ** (digits + 1)));
  return [high, lax.sub(x, high)];
}
