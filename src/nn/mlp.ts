import type { NDArray } from '../trace/value.ts';
import { relu } from './activations.ts';
import type { AffineOptions } from './dense.ts';
import { dense } from './dense.ts';
import type { Sequential } from './sequential.ts';
import { sequential } from './sequential.ts';

/** Options of {@link mlp}; the rest goes to each `dense`. */
export interface MlpOptions extends AffineOptions {
  /** Between the layers; default `relu`. */
  readonly activation?: (x: NDArray) => NDArray;
  /** After the last one too? Default false. */
  readonly activateFinal?: boolean;
}

/**
 * A multilayer perceptron: `dense` layers of these numbers of features, with an activation between them.
 *
 * x: `[n, ..., in]` · y: `[n, ..., last of the sizes]`.
 *
 * @example
 * const classifier = sequential(flatten(), mlp([256, 128, 10]));
 */
export function mlp(
  sizes: readonly number[],
  { activation = relu, activateFinal = false, ...options }: MlpOptions = {},
): Sequential {
  return sequential(
    ...sizes.flatMap((features, i) => {
      const layer = dense(features, options);
      return i < sizes.length - 1 || activateFinal ? [layer, activation] : [layer];
    }),
  );
}
