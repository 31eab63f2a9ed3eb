import { reduceWindows, resolvePadding } from '../lax/window.ts';
import type { Pair, Padding } from './conv.ts';
import { imageShape, pairOf, slide } from './conv.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';

/** How a pooling window slides. */
export interface PoolOptions {
  /** Default the window, so that windows do not overlap. */
  readonly strides?: Pair;
  /** Default `VALID`: what does not fill a window is left out. */
  readonly padding?: Padding;
}

/**
 * The largest value of each channel in each window; padding never wins, and of equal values the first gets the gradient.
 *
 * x: `[n, height, width, channels]` · y: `[n, height', width', channels]`. As `keras.layers.MaxPooling2D`.
 */
export function maxPool(window: Pair, options: PoolOptions = {}): Layer<null, null> {
  const size = pairOf(window);
  const strides = pairOf(options.strides ?? window);
  const padding = (height: number, width: number): readonly (readonly [number, number])[] =>
    resolvePadding(options.padding ?? 'VALID', [height, width], size, strides);
  return pure(
    `maxPool(${size.join('×')})`,
    (_, inputShape) => {
      const [height, width, channels] = imageShape('maxPool', inputShape);
      const windows = slide('maxPool', [height, width], size, { strides, padding: padding(height, width) });
      return { params: null, outputShape: [...windows, channels] };
    },
    (_, x) => {
      const [height, width] = imageShape('maxPool', x.shape.slice(1));
      return reduceWindows(x, 'max', [1, ...size, 1], {
        strides: [1, ...strides, 1],
        padding: [[0, 0], ...padding(height, width), [0, 0]],
      });
    },
  );
}
