import { sqrt } from '../lax/elementwise.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { standardize } from './activations.ts';
import { ones, zeros } from './initializers.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';

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

/**
 * Layer normalization: the features of each place get mean 0 and variance 1, then a scale and a bias that are learned,
 *
 *     y = (x − mean) / √(variance + epsilon) · scale + bias,   mean and variance along the last axis
 *
 * x, y: `[n, ..., features]` · scale (begins at 1), bias (0): `[features]`. As `keras.layers.LayerNormalization`, with its epsilon
 * 1e-3 (Flax has 1e-6, PyTorch 1e-5).
 *
 * J. L. Ba, J. R. Kiros, G. E. Hinton: Layer Normalization. 2016.
 *
 * @throws ArgumentError for inputs without a feature axis.
 * @example
 * const block = nn.sequential(nn.dense(64), nn.layerNorm(), nn.gelu);
 */
export function layerNorm(options: NormOptions = {}): Layer<ScaleAndBias, null> {
  const { epsilon = 1e-3 } = options;
  return pure(
    'layerNorm',
    (key, inputShape) => ({
      params: initScaleAndBias('layerNorm', key, inputShape, options),
      outputShape: inputShape,
    }),
    (params, x) => scaledAndMoved(standardize(x, -1, { epsilon }), params),
  );
}

/**
 * Root mean square normalization, which leaves out the mean of {@link layerNorm}, and the bias:
 *
 *     y = x / √(mean of x² + epsilon) · scale,   the mean along the last axis
 *
 * x, y: `[n, ..., features]` · scale (begins at 1): `[features]`. As `keras.layers.RMSNormalization`, with its epsilon 1e-6.
 *
 * B. Zhang, R. Sennrich: Root Mean Square Layer Normalization. NeurIPS 2019.
 *
 * @throws ArgumentError for inputs without a feature axis.
 * @example
 * const block = nn.sequential(nn.dense(64), nn.rmsNorm(), nn.silu);
 */
export function rmsNorm(options: Omit<NormOptions, 'bias'> = {}): Layer<Pick<ScaleAndBias, 'scale'>, null> {
  const { epsilon = 1e-6 } = options;
  return pure(
    'rmsNorm',
    (key, inputShape) => {
      const { scale } = initScaleAndBias('rmsNorm', key, inputShape, { ...options, bias: false });
      return { params: { scale }, outputShape: inputShape };
    },
    ({ scale }, x) => {
      const meanSquare = x.mul(x).mean(-1, { keepdims: true });
      return scaledAndMoved(x.div(sqrt(meanSquare.add(epsilon))), { scale, bias: null });
    },
  );
}

/**
 * Group normalization: the channels are cut into groups, and each group of each example gets mean 0 and variance 1 over its
 * channels and all places, then each channel a scale and a bias that are learned.
 *
 *     y = (x − mean) / √(variance + epsilon) · scale + bias
 *
 * x, y: `[n, ..., channels]` · scale (begins at 1), bias (0): `[channels]`. As `keras.layers.GroupNormalization`, with its 32 groups
 * and epsilon 1e-3.
 *
 * Y. Wu, K. He: Group Normalization. ECCV 2018.
 *
 * @throws ArgumentError for inputs without a channel axis, or groups that do not divide the channels.
 * @example
 * const block = nn.sequential(nn.conv2d(32, 3), nn.groupNorm(8), nn.relu);
 */
export function groupNorm(groups = 32, options: NormOptions = {}): Layer<ScaleAndBias, null> {
  return groupwise('groupNorm', `groupNorm(${groups})`, options, (channels) => {
    if (Number.isInteger(groups) && groups >= 1 && channels % groups === 0) return groups;
    throw new ArgumentError(`[nn.groupNorm] ${groups} groups do not divide ${channels} channels`);
  });
}

/**
 * Instance normalization: each channel of each example gets mean 0 and variance 1 over all places. It is {@link groupNorm}
 * with a group for each channel, as `keras.layers.GroupNormalization` with `groups=-1`.
 *
 * D. Ulyanov, A. Vedaldi, V. Lempitsky: Instance Normalization: The Missing Ingredient for Fast Stylization. 2016.
 *
 * @throws ArgumentError for inputs without spatial axes.
 * @example
 * const layer = nn.instanceNorm();
 * const { params, state } = layer.init(key, [2, 1]);
 * const [y] = layer.apply(params, state, np.array([[[1], [3]]]), { training: true });
 * np.round(y.reshape([-1])); // [-1, 1]
 */
export const instanceNorm = (options: NormOptions = {}): Layer<ScaleAndBias, null> =>
  groupwise('instanceNorm', 'instanceNorm', options, (channels, rank) => {
    if (rank > 1) return channels;
    throw new ArgumentError('[nn.instanceNorm] needs inputs [...spatial, channels]: one number has no variance');
  });

function groupwise(
  called: string,
  name: string,
  options: NormOptions,
  groupsOf: (channels: number, rank: number) => number,
): Layer<ScaleAndBias, null> {
  const { epsilon = 1e-3 } = options;
  return pure(
    name,
    (key, inputShape) => {
      const params = initScaleAndBias(called, key, inputShape, options);
      groupsOf(at(inputShape, -1), inputShape.length);
      return { params, outputShape: inputShape };
    },
    (params, x) => {
      const channels = at(x.shape, -1);
      const groups = groupsOf(channels, x.ndim - 1);
      const apart = x.reshape([...x.shape.slice(0, -1), groups, channels / groups]);
      const axes = range(apart.ndim).filter((axis) => axis !== 0 && axis !== apart.ndim - 2);
      return scaledAndMoved(standardize(apart, axes, { epsilon }).reshape(x.shape), params);
    },
  );
}
