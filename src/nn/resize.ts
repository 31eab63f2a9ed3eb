import { concatenate, stack } from '../numpy/shape.ts';
import { slice } from '../lax/pieces.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';
import type { Extents } from './windows.ts';
import { perAxis, showExtents, spatialShape } from './windows.ts';

/** Layers that change the extents of the spatial axes to what is asked for. */

/** Options of {@link upsample}. */
export interface UpsampleOptions {
  /** Repeat the nearest element (default), or interpolate linearly along each axis. */
  readonly method?: 'nearest' | 'linear';
}

/** The elements from `start` to `end` along an axis. */
const part = (x: NDArray, axis: number, start: number, end: number): NDArray =>
  slice(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((n, i) => (i === axis ? end : n)),
  );

/** Puts `factor` arrays of one shape where the elements of each were, one after the other, along an axis. */
function interleaved(parts: readonly NDArray[], axis: number): NDArray {
  const whole = stack(parts, axis + 1);
  const shape = at(parts, 0).shape;
  return whole.reshape(shape.map((n, i) => (i === axis ? n * parts.length : n)));
}

/**
 * Linear interpolation at the centres of `factor` parts of each element. The part r of element i is at i + (r + ½) / factor − ½,
 * between i and a neighbour; beyond the border is the border.
 */
function linearly(x: NDArray, axis: number, factor: number): NDArray {
  const n = at(x.shape, axis);
  const before = concatenate([part(x, axis, 0, 1), part(x, axis, 0, n - 1)], axis);
  const after = concatenate([part(x, axis, 1, n), part(x, axis, n - 1, n)], axis);
  const parts = range(factor).map((r) => {
    const offset = (r + 0.5) / factor - 0.5;
    if (offset === 0) return x;
    const share = Math.abs(offset);
    return x.mul(1 - share).add((offset < 0 ? before : after).mul(share));
  });
  return interleaved(parts, axis);
}

/**
 * Makes inputs larger by whole factors. With `linear`, elements are where their middles are, and values between them are
 * interpolated along each axis in turn (bilinear for images).
 *
 * x: `[n, ...spatial, channels]`, of any number of spatial axes · y: `[n, ...spatial · factor, channels]`. As
 * `keras.layers.UpSampling2D` with `nearest` and `bilinear`, and `jax.image.resize`.
 *
 * @param factor one number for all spatial axes, or one for each.
 * @throws ArgumentError for inputs without spatial axes, or factors that are no whole numbers.
 * @example
 * const line = np.array([[[0], [4]]]);
 * const [y] = nn.upsample(2).apply(null, null, line, { training: false });
 * y.reshape([-1]); // [0, 0, 4, 4]
 * const [between] = nn.upsample(2, { method: 'linear' }).apply(null, null, line, { training: false });
 * between.reshape([-1]); // [0, 1, 3, 4]
 */
export function upsample(factor: Extents, { method = 'nearest' }: UpsampleOptions = {}): Layer<null, null> {
  const enlarged = (x: NDArray, axis: number, by: number): NDArray => {
    if (by === 1) return x;
    return method === 'linear' ? linearly(x, axis, by) : interleaved(range(by).map(() => x), axis); // prettier-ignore
  };
  return pure(
    `upsample(${showExtents(factor)})`,
    (_, inputShape) => {
      const { spatial, channels } = spatialShape('upsample', inputShape);
      const factors = perAxis('upsample', 'factors', factor, spatial.length);
      return { params: null, outputShape: [...spatial.map((n, i) => n * at(factors, i)), channels] };
    },
    (_, x) => {
      const factors = perAxis('upsample', 'factors', factor, x.ndim - 2);
      return factors.reduce((y, by, i) => enlarged(y, i + 1, by), x);
    },
  );
}

/** Options of {@link adaptivePool}. */
export interface AdaptivePoolOptions {
  /** What each window gives; default its mean. */
  readonly reduce?: 'mean' | 'max';
}

/**
 * Means or maxima over windows whose sizes follow from the extents that are wanted: output i of m sees the inputs from
 * ⌊i·n / m⌋ to ⌈(i + 1)·n / m⌉ of n. So inputs of any size become outputs of one size.
 *
 * x: `[n, ...spatial, channels]`, of any number of spatial axes · y: `[n, ...size, channels]`. As `torch.nn.AdaptiveAvgPool2d` and
 * `torch.nn.AdaptiveMaxPool2d`.
 *
 * @param size one extent for all spatial axes, or one for each.
 * @throws ArgumentError for inputs without spatial axes or of extent 0, or extents that are no whole numbers.
 * @example
 * const [y] = nn.adaptivePool(2).apply(null, null, np.array([[[1], [2], [6]]]), { training: false });
 * y.reshape([-1]); // [1.5, 4]
 */
export function adaptivePool(size: Extents, { reduce = 'mean' }: AdaptivePoolOptions = {}): Layer<null, null> {
  // Windows are products of intervals, so that each axis can be gathered by itself.
  const gathered = (x: NDArray, axis: number, m: number): NDArray => {
    const n = at(x.shape, axis);
    if (n === m) return x;
    const windows = range(m).map((i) => {
      const window = part(x, axis, Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m));
      return reduce === 'mean' ? window.mean(axis, { keepdims: true }) : window.max(axis, { keepdims: true });
    });
    return concatenate(windows, axis);
  };
  return pure(
    `adaptivePool(${showExtents(size)})`,
    (_, inputShape) => {
      const { spatial, channels } = spatialShape('adaptivePool', inputShape);
      if (spatial.includes(0)) {
        throw new ArgumentError(
          `[nn.adaptivePool] there is nothing to gather in inputs of shape [${inputShape.join(', ')}]`,
        );
      }
      return { params: null, outputShape: [...perAxis('adaptivePool', 'the size', size, spatial.length), channels] };
    },
    (_, x) => perAxis('adaptivePool', 'the size', size, x.ndim - 2).reduce((y, m, i) => gathered(y, i + 1, m), x),
  );
}
