import type { ConvParams } from '../lax/conv.ts';
import { convolve, layoutAxes } from '../lax/conv.ts';
import { resolvePadding } from '../lax/window.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Affine, AffineOptions } from './dense.ts';
import { addBias, initAffine } from './dense.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';

/** A number for height and width alike, or one for each. */
export type Pair = number | readonly [height: number, width: number];

/** Height and width of a {@link Pair}. */
export const pairOf = (pair: Pair): readonly [number, number] => (typeof pair === 'number' ? [pair, pair] : pair);

/** Pads nothing, or as much as keeps the extents (divided by the strides), or [low, high] for height and width. */
export type Padding = 'VALID' | 'SAME' | readonly (readonly [low: number, high: number])[];

/** Height, width and channels of an image. */
export function imageShape(name: string, shape: Shape): readonly [height: number, width: number, channels: number] {
  const [height, width, channels] = shape;
  if (shape.length === 3 && height !== undefined && width !== undefined && channels !== undefined) {
    return [height, width, channels];
  }
  throw new ArgumentError(
    `[nn.${name}] needs images [height, width, channels], got inputs of shape [${shape.join(', ')}]`,
  );
}

/** How a convolution slides, and how its parameters begin. */
export interface Conv2dOptions extends AffineOptions {
  /** Default 1. */
  readonly strides?: Pair;
  /** Default `VALID`, as in Keras. */
  readonly padding?: Padding;
}

/**
 * A convolution (cross-correlation) of images:
 *
 *     y[n, i, j, o] = bias[o] + Σ over a, b, c of x[n, i·stride + a − low, j·stride + b − low, c] · kernel[a, b, c, o]
 *
 * x: `[n, height, width, in]` · kernel: `[kh, kw, in, features]` · bias: `[features]` · y: `[n, height', width', features]`.
 * As `keras.layers.Conv2D`.
 */
export function conv2d(features: number, window: Pair, options: Conv2dOptions = {}): Layer<Affine, null> {
  const size = pairOf(window);
  const params = (height: number, width: number): ConvParams => {
    const strides = pairOf(options.strides ?? 1);
    return {
      strides,
      padding: resolvePadding(options.padding ?? 'VALID', [height, width], size, strides),
      lhsDilation: [1, 1],
      rhsDilation: [1, 1],
      dimensionNumbers: {
        lhs: layoutAxes('NHWC', 'NC'),
        rhs: layoutAxes('HWIO', 'OI'),
        out: layoutAxes('NHWC', 'NC'),
      },
      featureGroupCount: 1,
      batchGroupCount: 1,
    };
  };
  return pure(
    `conv2d(${features}, ${size.join('×')})`,
    (key, inputShape) => {
      const [height, width, channels] = imageShape('conv2d', inputShape);
      return {
        params: initAffine(key, [...size, channels, features], options),
        outputShape: [...slide('conv2d', [height, width], size, params(height, width)), features],
      };
    },
    ({ kernel, bias }, x) => {
      const [height, width] = imageShape('conv2d', x.shape.slice(1));
      return addBias(convolve(x, kernel, params(height, width)), bias);
    },
  );
}

/** How many windows fit into height and width. */
export function slide(
  name: string,
  extents: readonly [number, number],
  window: readonly [number, number],
  { strides, padding }: Pick<ConvParams, 'strides' | 'padding'>,
): Shape {
  return extents.map((n, i) => {
    const [low = 0, high = 0] = padding[i] ?? [];
    const count = Math.floor((n + low + high - (window[i] ?? 1)) / (strides[i] ?? 1)) + 1;
    if (count >= 1) return count;
    const text = `a window of ${window.join('×')} does not fit images of ${extents.join('×')}`;
    throw new ArgumentError(`[nn.${name}] ${text}: pad them, or take a smaller window`);
  });
}
