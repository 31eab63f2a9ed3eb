import { convolve } from '../lax/conv.ts';
import { rev } from '../lax/pieces.ts';
import { pad } from '../lax/reshaping.ts';
import { reshape, transpose } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, product, range } from '../util/array.ts';
import { channelsLast, requireGroups } from './conv.ts';
import type { Affine, AffineOptions } from './dense.ts';
import { addBias, initAffine } from './dense.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';
import type { Extents, Padding } from './windows.ts';
import { explicitPadding, perAxis, showExtents, spatialShape } from './windows.ts';

/** How a transposed convolution spreads its inputs, and how its parameters begin. */
export interface ConvTransposeOptions extends AffineOptions {
  /** Distance of the windows that neighbouring inputs fill; default 1. */
  readonly strides?: Extents;
  /**
   * What is cut off the result: a number on each side, or [low, high] for each spatial axis, where a negative number adds
   * zeros instead. `VALID` (default) leaves n·stride + max(window − stride, 0) places, `SAME` n·stride (of a dilated window, its whole extent counts), both as in Keras.
   */
  readonly padding?: Padding;
  /** Distance of neighbours in the window; default 1. */
  readonly dilation?: Extents;
  /** Parts that channels and features are cut into, each channel adding to the features of its part only; default 1. */
  readonly groups?: number;
}

/** A number for each spatial axis: the window, its extent with the gaps between neighbours, the strides, and what is cut off. */
interface Spread {
  readonly size: readonly number[];
  readonly dilation: readonly number[];
  readonly reach: readonly number[];
  readonly strides: readonly number[];
  readonly cut: readonly (readonly [low: number, high: number])[];
}

/**
 * A transposed convolution, which makes inputs larger: each element of the input adds its multiple of the kernel to the
 * window of the result at its place,
 *
 *     y[n, i·stride + a·dilation − low, j·stride + b·dilation − low, o] += x[n, i, j, c] · kernel[a, b, c, o],   then the bias
 *
 * so that n places become (n − 1)·stride + (window − 1)·dilation + 1 − low − high. With a window of 4, strides 2 and padding 1, as generators of
 * images have it, 7 become 14 and then 28.
 *
 * x: `[n, ...spatial, in]`, of any number of spatial axes · kernel: `[...window, in / groups, features]` · bias: `[features]` ·
 * y: `[n, ...spatial', features]`. The convention of `torch.nn.ConvTranspose2d` (kernel `[in, features / groups, ...window]`; its
 * `output_padding` lowers `high`) and of `keras.layers.Conv2DTranspose` (kernel `[...window, features, in]`): the window is
 * not flipped.
 *
 * @throws ArgumentError for inputs without spatial axes, when nothing is left of the result, or groups that divide nothing.
 * @example
 * sequential(reshape([7, 7, 256]), convTranspose(64, 4, { strides: 2, padding: 1 })); // [n, 14, 14, 64]
 */
export function convTranspose(
  features: number,
  window: Extents,
  options: ConvTransposeOptions = {},
): Layer<Affine, null> {
  const name = `convTranspose(${features}, ${showExtents(window)})`;
  const { groups = 1 } = options;
  return pure(
    name,
    (key, inputShape) => {
      const { spatial, channels } = spatialShape('convTranspose', inputShape);
      const spread = spreadOf(spatial.length, window, options);
      requireGroups('convTranspose', groups, channels, features);
      return {
        params: initAffine(key, [...spread.size, channels / groups, features], options),
        outputShape: [...extentsOf(spatial, spread), features],
      };
    },
    ({ kernel, bias }, x) => {
      const { spatial } = spatialShape('convTranspose', x.shape.slice(1));
      return addBias(spreadOut(x, kernel, groups, spreadOf(spatial.length, window, options)), bias);
    },
  );
}

function spreadOf(rank: number, window: Extents, options: ConvTransposeOptions): Spread {
  const size = perAxis('convTranspose', 'the window', window, rank);
  const strides = perAxis('convTranspose', 'strides', options.strides ?? 1, rank);
  const dilation = perAxis('convTranspose', 'dilation', options.dilation ?? 1, rank);
  const reach = size.map((k, i) => (k - 1) * at(dilation, i) + 1);
  const spread = { size, dilation, reach, strides };
  const padding = options.padding ?? 'VALID';
  if (typeof padding !== 'string') return { ...spread, cut: explicitPadding('convTranspose', padding, rank) };
  const cut = reach.map((k, i) => {
    const more = k - at(strides, i);
    const low = padding === 'SAME' ? Math.floor(Math.max(more, 0) / 2) : 0;
    return [low, padding === 'SAME' ? more - low : Math.min(more, 0)] as const;
  });
  return { ...spread, cut };
}

function extentsOf(spatial: Shape, { size, reach, strides, cut }: Spread): Shape {
  const extents = spatial.map((n, i) => (n - 1) * at(strides, i) + at(reach, i) - at(cut, i)[0] - at(cut, i)[1]);
  if (extents.every((n) => n >= 1)) return extents;
  throw new ArgumentError(
    `[nn.convTranspose] the padding leaves nothing of inputs of ${spatial.join('×')}, a window of ${size.join('×')} and strides ${strides.join('×')}: take less`,
  );
}

/**
 * The sum of the windows, as one convolution that makes all places q·stride + r of the result (r below the stride) at the
 * input's place q, as features. Dilating the input instead would multiply by stride − 1 zeros of every stride elements.
 */
function spreadOut(x: NDArray, kernel: NDArray, groups: number, spread: Spread): NDArray {
  const { size, strides, cut } = spread;
  const axes = range(size.length);
  const [batch, features] = [at(x.shape, 0), at(kernel.shape, -1)];
  const spatial = x.shape.slice(1, -1);
  const places = kernelByPlace(kernel, groups, spread);
  const made = convolve(x, places, {
    strides: axes.map(() => 1),
    padding: axes.map((i) => [at(places.shape, i) - 1, at(places.shape, i) - 1]),
    lhsDilation: axes.map(() => 1),
    rhsDilation: axes.map(() => 1),
    dimensionNumbers: channelsLast(size.length),
    featureGroupCount: groups,
    batchGroupCount: 1,
  });
  const extents = made.shape.slice(1, -1);
  const apart = reshape(made, [batch, ...extents, groups, ...strides, features / groups]);
  const n = axes.length;
  const order = [0, ...axes.flatMap((i) => [1 + i, 2 + n + i]), 1 + n, 2 + 2 * n];
  const whole = reshape(transpose(apart, order), [batch, ...extents.map((q, i) => q * at(strides, i)), features]);
  const trimmed = extentsOf(spatial, spread).map(
    (m, i) => [-at(cut, i)[0], m + at(cut, i)[0] - at(whole.shape, i + 1), 0] as const,
  );
  return pad(whole, 0, [[0, 0, 0], ...trimmed, [0, 0, 0]]);
}

/**
 * `[...window, in, features]` to `[...inputs, in, groups · strides · features / groups]`: for every place below the stride, and
 * each input that reaches it (the last one perhaps in part), the element of the kernel, from the last input to the first.
 * Zeros fill the gaps of a dilated window, and what a window lacks to a multiple of the stride.
 */
function kernelByPlace(kernel: NDArray, groups: number, { dilation, reach, strides }: Spread): NDArray {
  const axes = range(strides.length);
  const [channels, features] = [at(kernel.shape, -2), at(kernel.shape, -1)];
  const inputs = axes.map((i) => Math.ceil(at(reach, i) / at(strides, i)));
  const filled = axes.map((i) => [0, at(inputs, i) * at(strides, i) - at(reach, i), at(dilation, i) - 1] as const);
  const whole = pad(kernel, 0, [...filled, [0, 0, 0], [0, 0, 0]]);
  const split = axes.flatMap((i) => [at(inputs, i), at(strides, i)]);
  const apart = reshape(whole, [...split, channels, groups, features / groups]);
  const n = axes.length;
  const order = [...axes.map((i) => 2 * i), 2 * n, 2 * n + 1, ...axes.map((i) => 2 * i + 1), 2 * n + 2];
  return rev(reshape(transpose(apart, order), [...inputs, channels, product(strides) * features]), axes);
}
