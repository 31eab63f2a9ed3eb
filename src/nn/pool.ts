import { reduceWindows } from '../lax/window.ts';
import type { WindowReducer } from '../lax/window.ts';
import { fill } from '../lax/structural.ts';
import { range } from '../util/array.ts';
import type { NDArray } from '../trace/value.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';
import type { Extents, Padding, Windows } from './windows.ts';
import { showExtents, spatialShape, windowsOver } from './windows.ts';

/** How a pooling window slides. */
export interface PoolOptions {
  /** Default the window, so that windows do not overlap. */
  readonly strides?: Extents;
  /** Default `VALID`: what does not fill a window is left out. */
  readonly padding?: Padding;
}

/** A layer that makes one number of each window of each channel. */
function pooling(
  name: string,
  window: Extents,
  { strides = window, padding = 'VALID' }: PoolOptions,
  gather: (x: NDArray, windows: Windows) => NDArray,
): Layer<null, null> {
  return pure(
    `${name}(${showExtents(window)})`,
    (_, inputShape) => {
      const { spatial, channels } = spatialShape(name, inputShape);
      const { counts } = windowsOver(name, spatial, window, { strides, padding });
      return { params: null, outputShape: [...counts, channels] };
    },
    (_, x) => {
      const { spatial } = spatialShape(name, x.shape.slice(1));
      return gather(x, windowsOver(name, spatial, window, { strides, padding }));
    },
  );
}

const reduced = (x: NDArray, reducer: WindowReducer, { size, strides, padding }: Windows): NDArray =>
  reduceWindows(x, reducer, [1, ...size, 1], {
    strides: [1, ...strides, 1],
    padding: [[0, 0], ...padding, [0, 0]],
  });

/**
 * The largest value of each channel in each window; padding never wins, and of equal values the first gets the gradient.
 *
 * x: `[n, ...spatial, channels]`, of any number of spatial axes · y: `[n, ...spatial', channels]`. As
 * `keras.layers.MaxPooling2D`, and its like for other numbers of axes.
 *
 * @param window one extent for all spatial axes, or one for each.
 * @throws ArgumentError for inputs without spatial axes, or a window that does not fit.
 * @example
 * nn.maxPool(2).init(key, [28, 28, 8]).outputShape; // [14, 14, 8]
 */
export const maxPool = (window: Extents, options: PoolOptions = {}): Layer<null, null> =>
  pooling('maxPool', window, options, (x, windows) => reduced(x, 'max', windows));

/**
 * The mean of each channel in each window, of those elements that are not padding.
 *
 * x: `[n, ...spatial, channels]`, of any number of spatial axes · y: `[n, ...spatial', channels]`. As
 * `keras.layers.AveragePooling2D`, and its like for other numbers of axes.
 *
 * @param window one extent for all spatial axes, or one for each.
 * @throws ArgumentError for inputs without spatial axes, or a window that does not fit.
 * @example
 * nn.avgPool(2).init(key, [28, 28, 8]).outputShape; // [14, 14, 8]
 */
export const avgPool = (window: Extents, options: PoolOptions = {}): Layer<null, null> =>
  pooling('avgPool', window, options, (x, windows) => {
    const total = reduced(x, 'add', windows);
    const padded = windows.padding.some(([low, high]) => low !== 0 || high !== 0);
    if (!padded) return total.div(windows.size.reduce((a, b) => a * b, 1));
    const one = fill([1, ...x.shape.slice(1, -1), 1], x.dtype, 1);
    return total.div(reduced(one, 'add', windows));
  });

/** A layer that makes one number of each channel. */
const globalPool = (name: string, gather: (x: NDArray, axes: readonly number[]) => NDArray): Layer<null, null> =>
  pure(
    name,
    (_, inputShape) => ({ params: null, outputShape: [spatialShape(name, inputShape).channels] }),
    (_, x) => gather(x, range(spatialShape(name, x.shape.slice(1)).spatial.length).map((i) => i + 1)), // prettier-ignore
  );

/**
 * The mean of each channel: `[n, ...spatial, channels]` to `[n, channels]`. As `keras.layers.GlobalAveragePooling2D`.
 *
 * @throws ArgumentError for inputs without spatial axes.
 * @example
 * nn.globalAvgPool().init(key, [7, 7, 64]).outputShape; // [64]
 */
export const globalAvgPool = (): Layer<null, null> => globalPool('globalAvgPool', (x, axes) => x.mean(axes));

/**
 * The largest value of each channel: `[n, ...spatial, channels]` to `[n, channels]`. As `keras.layers.GlobalMaxPooling2D`.
 *
 * @throws ArgumentError for inputs without spatial axes.
 * @example
 * const [y] = nn.globalMaxPool().apply(null, null, np.array([[[1, 5], [3, 2]]]), { training: false });
 * y; // [[3, 5]]
 */
export const globalMaxPool = (): Layer<null, null> => globalPool('globalMaxPool', (x, axes) => x.max(axes));
