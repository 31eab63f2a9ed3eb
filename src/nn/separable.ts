import { split } from '../random/index.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { ConvOptions } from './conv.ts';
import { convolved } from './conv.ts';
import type { Affine } from './dense.ts';
import { addBias } from './dense.ts';
import { glorotUniform, zeros } from './initializers.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';
import type { Extents, Windows } from './windows.ts';
import { showExtents, spatialShape, windowsOver } from './windows.ts';

/** Convolutions that look at each channel by itself. */

/** How a depthwise convolution slides, and how its parameters begin. */
export interface DepthwiseConvOptions extends Omit<ConvOptions, 'groups'> {
  /** How many outputs each channel has; default 1. */
  readonly multiplier?: number;
}

function windowsIn(name: string, x: readonly number[], window: Extents, options: DepthwiseConvOptions): Windows {
  const { strides = 1, padding = 'VALID', dilation = 1 } = options;
  return windowsOver(name, spatialShape(name, x).spatial, window, { strides, padding, dilation });
}

/** Each channel convolved with its own kernels: `[...window, in, multiplier]`. */
function eachChannel(x: NDArray, kernel: NDArray, windows: Windows): NDArray {
  const channels = at(kernel.shape, -2);
  const grouped = kernel.reshape([...kernel.shape.slice(0, -2), 1, channels * at(kernel.shape, -1)]);
  return convolved(x, grouped, windows, channels);
}

function multiplierOf(name: string, { multiplier = 1 }: DepthwiseConvOptions): number {
  if (Number.isInteger(multiplier) && multiplier >= 1) return multiplier;
  throw new ArgumentError(`[nn.${name}] multiplier must be a whole number from 1, got ${multiplier}`);
}

/**
 * A convolution of each channel by itself:
 *
 *     y[n, i, j, c·multiplier + m] = bias[c·multiplier + m] + Σ over a, b of x[n, i·stride + a − low, j·stride + b − low, c] · kernel[a, b, c, m]
 *
 * x: `[n, ...spatial, in]`, of any number of spatial axes · kernel: `[...window, in, multiplier]` · bias: `[in · multiplier]` ·
 * y: `[n, ...spatial', in · multiplier]`. As `keras.layers.DepthwiseConv2D`.
 *
 * @throws ArgumentError for inputs without spatial axes, a window that does not fit, a multiplier that is none.
 * @example
 * nn.depthwiseConv(3, { multiplier: 2 }).init(key, [28, 28, 8]).outputShape; // [26, 26, 16]
 */
export function depthwiseConv(window: Extents, options: DepthwiseConvOptions = {}): Layer<Affine, null> {
  const multiplier = multiplierOf('depthwiseConv', options);
  const { bias = true, kernelInit = glorotUniform(), biasInit = zeros() } = options;
  return pure(
    `depthwiseConv(${showExtents(window)})`,
    (key, inputShape) => {
      const { size, counts } = windowsIn('depthwiseConv', inputShape, window, options);
      const channels = at(inputShape, -1);
      const [kernelKey, biasKey] = split(key) as unknown as readonly [NDArray, NDArray];
      const features = channels * multiplier;
      const kernel = kernelInit(kernelKey, [...size, channels, multiplier]);
      return {
        params: { kernel, bias: bias ? biasInit(biasKey, [features]) : null },
        outputShape: [...counts, features],
      };
    },
    ({ kernel, bias }, x) =>
      addBias(eachChannel(x, kernel, windowsIn('depthwiseConv', x.shape.slice(1), window, options)), bias),
  );
}

/** Kernels of a separable convolution: of each channel, and across channels. */
export type Separable = { readonly depthwise: NDArray; readonly pointwise: NDArray; readonly bias: NDArray | null };

/**
 * A convolution of each channel by itself, then a product across the channels at each place: fewer parameters and products
 * than a convolution of the same window.
 *
 * x: `[n, ...spatial, in]`, of any number of spatial axes · depthwise: `[...window, in, multiplier]` · pointwise:
 * `[in · multiplier, features]` · bias: `[features]` · y: `[n, ...spatial', features]`. As `keras.layers.SeparableConv2D`, whose
 * pointwise kernel has a window of 1 more.
 *
 * F. Chollet: Xception: Deep Learning with Depthwise Separable Convolutions. CVPR 2017.
 *
 * @throws ArgumentError for inputs without spatial axes, a window that does not fit, a multiplier that is none.
 * @example
 * const { params } = nn.separableConv(32, 3).init(key, [28, 28, 8]);
 * params.depthwise.size + params.pointwise.size; // 328
 */
export function separableConv(
  features: number,
  window: Extents,
  options: DepthwiseConvOptions = {},
): Layer<Separable, null> {
  const multiplier = multiplierOf('separableConv', options);
  const { bias = true, kernelInit = glorotUniform(), biasInit = zeros() } = options;
  return pure(
    `separableConv(${features}, ${showExtents(window)})`,
    (key, inputShape) => {
      const { size, counts } = windowsIn('separableConv', inputShape, window, options);
      const channels = at(inputShape, -1);
      const [depthKey, pointKey, biasKey] = [...split(key, 3)] as unknown as readonly [NDArray, NDArray, NDArray];
      return {
        params: {
          depthwise: kernelInit(depthKey, [...size, channels, multiplier]),
          pointwise: kernelInit(pointKey, [channels * multiplier, features]),
          bias: bias ? biasInit(biasKey, [features]) : null,
        },
        outputShape: [...counts, features],
      };
    },
    ({ depthwise, pointwise, bias }, x) => {
      const apart = eachChannel(x, depthwise, windowsIn('separableConv', x.shape.slice(1), window, options));
      return addBias(apart.matmul(pointwise), bias);
    },
  );
}
