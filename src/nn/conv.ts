import type { ConvDimensionNumbers } from '../lax/conv.ts';
import { convolve } from '../lax/conv.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { range } from '../util/array.ts';
import type { Affine, AffineOptions } from './dense.ts';
import { addBias, initAffine } from './dense.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';
import type { Extents, Padding, Windows } from './windows.ts';
import { showExtents, spatialShape, windowsOver } from './windows.ts';

/** How a convolution slides, and how its parameters begin. */
export interface ConvOptions extends AffineOptions {
  /** Default 1. */
  readonly strides?: Extents;
  /** Default `VALID`, as in Keras. */
  readonly padding?: Padding;
  /** Distance of neighbours in the window; default 1. */
  readonly dilation?: Extents;
  /** Parts that channels and features are cut into, each feature seeing the channels of its part only; default 1. */
  readonly groups?: number;
}

/** Batches `[n, ...spatial, channels]` and kernels `[...window, in, out]`. */
export function channelsLast(rank: number): ConvDimensionNumbers {
  const axes = range(rank);
  const images = [0, rank + 1, ...axes.map((i) => i + 1)];
  return { lhs: images, rhs: [rank + 1, rank, ...axes], out: images };
}

/** The convolution of a batch with a kernel `[...window, in / groups, out]`. */
export const convolved = (x: NDArray, kernel: NDArray, windows: Windows, groups: number): NDArray =>
  convolve(x, kernel, {
    strides: windows.strides,
    padding: windows.padding,
    lhsDilation: windows.size.map(() => 1),
    rhsDilation: windows.dilation,
    dimensionNumbers: channelsLast(windows.size.length),
    featureGroupCount: groups,
    batchGroupCount: 1,
  });

/** The layer for inputs of `rank` spatial axes. */
function convolution(
  name: string,
  rank: number,
  features: number,
  window: Extents,
  options: ConvOptions,
): Layer<Affine, null> {
  const { strides = 1, padding = 'VALID', dilation = 1, groups = 1 } = options;
  const over = (spatial: readonly number[]): Windows =>
    windowsOver(name, spatial, window, { strides, padding, dilation });
  return pure(
    `${name}(${features}, ${showExtents(typeof window === 'number' ? range(rank).map(() => window) : window)})`,
    (key, inputShape) => {
      const { spatial, channels } = spatialShape(name, inputShape, rank);
      const { size, counts } = over(spatial);
      requireGroups(name, groups, channels, features);
      return {
        params: initAffine(key, [...size, channels / groups, features], options),
        outputShape: [...counts, features],
      };
    },
    ({ kernel, bias }, x) => {
      const { spatial } = spatialShape(name, x.shape.slice(1), rank);
      return addBias(convolved(x, kernel, over(spatial), groups), bias);
    },
  );
}

/** Throws unless groups divide channels and features. */
export function requireGroups(name: string, groups: number, channels: number, features: number): void {
  if (Number.isInteger(groups) && groups >= 1 && channels % groups === 0 && features % groups === 0) return;
  throw new ArgumentError(
    `[nn.${name}] groups must divide channels and features; got ${groups} groups of ${channels} channels and ${features} features`,
  );
}

/**
 * A convolution (cross-correlation) of images:
 *
 *     y[n, i, j, o] = bias[o] + Σ over a, b, c of x[n, i·stride + a·dilation − low, j·stride + b·dilation − low, c] · kernel[a, b, c, o]
 *
 * x: `[n, height, width, in]` · kernel: `[kh, kw, in / groups, features]` · bias: `[features]` ·
 * y: `[n, height', width', features]`. As `keras.layers.Conv2D`.
 *
 * @param window extents of the kernel: one number, or height and width.
 * @throws ArgumentError for inputs that are no images, a window that does not fit, groups that divide nothing.
 * @example
 * conv2d(32, 3, { strides: 2, padding: 'SAME' });
 */
export const conv2d = (features: number, window: Extents, options: ConvOptions = {}): Layer<Affine, null> =>
  convolution('conv2d', 2, features, window, options);

/**
 * {@link conv2d} along one axis. x: `[n, length, in]` · kernel: `[k, in / groups, features]` · y: `[n, length', features]`. As
 * `keras.layers.Conv1D`.
 *
 * @throws ArgumentError for inputs that are no sequences, a window that does not fit, groups that divide nothing.
 * @example
 * nn.conv1d(16, 3).init(key, [20, 4]).outputShape; // [18, 16]
 */
export const conv1d = (features: number, window: Extents, options: ConvOptions = {}): Layer<Affine, null> =>
  convolution('conv1d', 1, features, window, options);

/**
 * {@link conv2d} along three axes. x: `[n, depth, height, width, in]` · kernel: `[kd, kh, kw, in / groups, features]` ·
 * y: `[n, depth', height', width', features]`. As `keras.layers.Conv3D`.
 *
 * @throws ArgumentError for inputs that are no volumes, a window that does not fit, groups that divide nothing.
 * @example
 * nn.conv3d(16, 3).init(key, [8, 20, 20, 1]).outputShape; // [6, 18, 18, 16]
 */
export const conv3d = (features: number, window: Extents, options: ConvOptions = {}): Layer<Affine, null> =>
  convolution('conv3d', 3, features, window, options);
