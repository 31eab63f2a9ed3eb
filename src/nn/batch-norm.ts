import { convertElementType } from '../lax/casts.ts';
import { rsqrt } from '../lax/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { range } from '../util/array.ts';
import { ones, zeros } from './initializers.ts';
import type { Layer } from './layer.ts';
import type { NormOptions, ScaleAndBias } from './norm.ts';
import { initScaleAndBias } from './norm.ts';

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends NormOptions {
  /** The share of the running statistics that a step keeps; default 0.99, as in Keras. */
  readonly momentum?: number;
}

/** What the channels were like in training, `[channels]` each. */
export type RunningStatistics = { readonly mean: NDArray; readonly variance: NDArray };

/**
 * Batch normalization: each channel gets mean 0 and variance 1, then a scale and a bias that are learned,
 *
 *     y = (x − mean) / √(variance + epsilon) · scale + bias
 *
 * In training, mean and variance are those of the channel over all other axes of the batch (the variance divides by their
 * number n), and the state follows them: `running · momentum + batch · (1 − momentum)`, for the mean and the variance. Without
 * training they are those of the state, which stays as it is.
 *
 * x, y: `[n, ..., channels]` · scale (begins at 1), bias (0): `[channels]` · state: mean (begins at 0), variance (1):
 * `[channels]`. As `keras.layers.BatchNormalization`, with its momentum 0.99 and epsilon 1e-3.
 *
 * S. Ioffe, C. Szegedy: Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift. ICML 2015.
 *
 * @throws ArgumentError for inputs without a channel axis, or a momentum outside of [0, 1].
 * @example
 * const hidden = sequential(dense(128), batchNorm(), relu);
 * const { params, state } = hidden.init(key, [100]);
 * const [y, after] = hidden.apply(params, state, x, { training: true });
 */
export function batchNorm(options: BatchNormOptions = {}): Layer<ScaleAndBias, RunningStatistics> {
  const { momentum = 0.99, epsilon = 1e-3 } = options;
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new ArgumentError(`[nn.batchNorm] momentum must be from 0 to 1, got ${momentum}`);
  }
  return {
    name: 'batchNorm',
    init(key, inputShape) {
      const params = initScaleAndBias('batchNorm', key, inputShape, options);
      const channels = inputShape.slice(-1);
      const state = { mean: zeros()(key, channels), variance: ones()(key, channels) };
      return { params, state, outputShape: inputShape };
    },
    apply({ scale, bias }, state, x, { training }) {
      const axes = range(x.ndim - 1);
      const mean = training ? x.mean(axes) : convertElementType(state.mean, x.dtype);
      const centred = x.sub(mean);
      const variance = training ? centred.mul(centred).mean(axes) : convertElementType(state.variance, x.dtype);
      const inverse = rsqrt(variance.add(epsilon));
      const scaled = centred.mul(scale === null ? inverse : inverse.mul(scale));
      const y = bias === null ? scaled : scaled.add(bias);
      if (!training) return [y, state];
      const followed = (running: NDArray, batch: NDArray): NDArray =>
        running.mul(momentum).add(convertElementType(batch, running.dtype).mul(1 - momentum));
      return [y, { mean: followed(state.mean, mean), variance: followed(state.variance, variance) }];
    },
  };
}
