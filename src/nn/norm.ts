import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { ones, zeros } from './initializers.ts';

/** Options of layers that normalize. */
export interface NormOptions {
  /** Added to the variance, below the root. */
  readonly epsilon?: number;
  /** Learn a scale? Default true. */
  readonly scale?: boolean;
  /** Learn a bias? Default true. */
  readonly bias?: boolean;
}

/** What a normalized array is multiplied by, and what is added then; null where the layer goes without. */
export type ScaleAndBias = { readonly scale: NDArray | null; readonly bias: NDArray | null };

/** Ones and zeros for the last axis of inputs. */
export function initScaleAndBias(
  name: string,
  key: NDArray,
  inputShape: Shape,
  { scale = true, bias = true }: NormOptions,
): ScaleAndBias {
  const channels = inputShape.slice(-1);
  if (channels.length === 0) {
    throw new ArgumentError(`[nn.${name}] needs inputs with a channel axis, got scalars: reshape them to [n, 1]`);
  }
  return { scale: scale ? ones()(key, channels) : null, bias: bias ? zeros()(key, channels) : null };
}

/** `x · scale + bias`. */
export function scaledAndMoved(x: NDArray, { scale, bias }: ScaleAndBias): NDArray {
  const scaled = scale === null ? x : x.mul(scale);
  return bias === null ? scaled : scaled.add(bias);
}
