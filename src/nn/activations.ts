import { exp, log } from '../lax/elementwise.ts';
import { select, stopGradient, zerosOf } from '../lax/structural.ts';
import type { NDArray } from '../trace/value.ts';
import { product } from '../util/array.ts';
import type { Layer } from './layer.ts';
import { lambda } from './layer.ts';

/** `max(x, 0)`, elementwise, with gradient 0 at 0, as in JAX. NaN stays NaN. */
export const relu = (x: NDArray): NDArray => select(x.le(0), zerosOf(x.aval), x);

/** `x − log Σ exp x` along `axis` (default the last): the logarithm of {@link softmax}, without overflow. */
export function logSoftmax(x: NDArray, axis = -1): NDArray {
  const shifted = x.sub(finiteMax(x, axis));
  return shifted.sub(log(exp(shifted).sum(axis, { keepdims: true })));
}

/** `exp x / Σ exp x` along `axis` (default the last), without overflow. */
export function softmax(x: NDArray, axis = -1): NDArray {
  const unnormalized = exp(x.sub(finiteMax(x, axis)));
  return unnormalized.div(unnormalized.sum(axis, { keepdims: true }));
}

/** The maximum, which cancels in what it is subtracted from and added to, so no gradient has to go through it. */
function finiteMax(x: NDArray, axis: number): NDArray {
  const largest = stopGradient(x.max(axis, { keepdims: true }));
  // Of nothing but −∞ the maximum is −∞, and −∞ − (−∞) would be NaN.
  const infinite = largest.abs().eq(Infinity);
  return select(infinite, zerosOf(largest.aval), largest);
}

/** Flattens each example: `[n, ...shape]` to `[n, product of shape]`. */
export const flatten = (): Layer<null, null> =>
  lambda((x) => x.reshape([x.shape[0] ?? 1, product(x.shape.slice(1))]), 'flatten');
