import { showAval } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import type { ConvDimensionNumbers, ConvParams } from './conv.ts';
import { convolve } from './conv.ts';
import { dilated } from './rules.ts';
import { rev } from './pieces.ts';
import { resolvePadding } from './window.ts';

/** Convolutions as JAX names and orders their arguments; `conv.ts` has the primitive. */

/** Which axis is what: `['NHWC', 'HWIO', 'NHWC']` for input, kernel and result, or axis numbers. */
export type DimensionNumbers = readonly [lhs: string, rhs: string, out: string] | ConvDimensionNumbers;

/** `VALID` pads nothing, `SAME` so much that extents are divided by the strides; or [low, high] for each axis. */
export type ConvPadding = 'VALID' | 'SAME' | readonly (readonly [low: number, high: number])[];

/** Options of {@link convGeneralDilated}. */
export interface ConvOptions {
  /** Distance of neighbours of the input on each spatial axis; more than 1 makes a transposed convolution. Default 1. */
  readonly lhsDilation?: readonly number[];
  /** Distance of neighbours of the kernel on each spatial axis. Default 1. */
  readonly rhsDilation?: readonly number[];
  /** Default `['NCHW', 'OIHW', 'NCHW']`, and likewise for other numbers of spatial axes. */
  readonly dimensionNumbers?: DimensionNumbers;
  /** Default 1. */
  readonly featureGroupCount?: number;
  /** Default 1. */
  readonly batchGroupCount?: number;
}

function axesOf(name: string, x: NDArray, given: DimensionNumbers | undefined): ConvDimensionNumbers {
  if (given === undefined) {
    const inOrder = range(x.ndim);
    return { lhs: inOrder, rhs: inOrder, out: inOrder };
  }
  if (!('length' in given)) return given;
  const [lhs, rhs, out] = given;
  // Spatial axes are in the order in which the kernel's layout names them, as in JAX.
  const spatial = [...rhs].filter((c) => c !== 'O' && c !== 'I');
  const places = (layout: string, roles: string): readonly number[] => {
    const named = [...roles, ...spatial].map((c) => layout.indexOf(c));
    if (layout.length === x.ndim && named.length === x.ndim && new Set(named).size === x.ndim && !named.includes(-1)) {
      return named;
    }
    throw new ArgumentError(
      `[${name}] the layout ${JSON.stringify(layout)} must name each axis of ${showAval(x.aval)} once: ` +
        `${[...roles].join(' and ')}, and the spatial axes of the kernel's layout ${JSON.stringify(rhs)}`,
    );
  };
  return { lhs: places(lhs, 'NC'), rhs: places(rhs, 'OI'), out: places(out, 'NC') };
}

/**
 * The general convolution (cross-correlation), in any number of spatial dimensions, with strides, padding, dilation of
 * input and kernel, and groups of features or of batches.
 *
 * input: `[batch, in, ...spatial]` · kernel: `[out, in / featureGroupCount, ...window]`, unless `dimensionNumbers` orders them
 * otherwise.
 *
 * @throws ShapeMismatchError when input and kernel do not fit; ArgumentError for a layout that does not name each axis.
 * @example
 * lax.convGeneralDilated(images, kernel, [2, 2], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] });
 */
export function convGeneralDilated(
  input: ArrayLike,
  kernel: ArrayLike,
  windowStrides: readonly number[],
  padding: ConvPadding,
  options: ConvOptions = {},
): NDArray {
  const [lhs, rhs] = [asArray(input, 'convGeneralDilated'), asArray(kernel, 'convGeneralDilated')];
  const dimensionNumbers = axesOf('convGeneralDilated', lhs, options.dimensionNumbers);
  const ones = range(lhs.ndim - 2).map(() => 1);
  const { lhsDilation = ones, rhsDilation = ones, featureGroupCount = 1, batchGroupCount = 1 } = options;
  const spatial = dimensionNumbers.lhs.slice(2).map((a, i) => dilated(at(lhs.shape, a), at(lhsDilation, i)));
  const window = dimensionNumbers.rhs.slice(2).map((a, i) => dilated(at(rhs.shape, a), at(rhsDilation, i)));
  const params: ConvParams = {
    strides: windowStrides,
    padding: resolvePadding(padding, spatial, window, windowStrides),
    lhsDilation,
    rhsDilation,
    dimensionNumbers,
    featureGroupCount,
    batchGroupCount,
  };
  return convolve(lhs, rhs, params);
}

/**
 * The convolution of `[batch, in, ...spatial]` with `[out, in, ...window]`.
 *
 * @throws ShapeMismatchError when input and kernel do not fit.
 * @example
 * const line = np.array([[[1, 2, 3, 4]]]); // one example, one channel
 * lax.conv(line, np.array([[[1, 10]]]), [1], 'VALID'); // [[[21, 32, 43]]]
 */
export const conv = (lhs: ArrayLike, rhs: ArrayLike, windowStrides: readonly number[], padding: ConvPadding): NDArray =>
  convGeneralDilated(lhs, rhs, windowStrides, padding);

/**
 * {@link conv} with explicit padding and both dilations.
 *
 * @throws ShapeMismatchError when input and kernel do not fit.
 * @example
 * const line = np.array([[[1, 2, 3]]]);
 * lax.convWithGeneralPadding(line, np.array([[[1, 10]]]), [1], [[1, 0]]); // [[[10, 21, 32]]]
 * lax.convWithGeneralPadding(line, np.array([[[1, 10]]]), [1], [[0, 0]], [1], [2]); // [[[31]]]
 */
export const convWithGeneralPadding = (
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: readonly number[],
  padding: ConvPadding,
  lhsDilation?: readonly number[],
  rhsDilation?: readonly number[],
): NDArray =>
  convGeneralDilated(lhs, rhs, windowStrides, padding, {
    ...(lhsDilation === undefined ? {} : { lhsDilation }),
    ...(rhsDilation === undefined ? {} : { rhsDilation }),
  });

/** Options of {@link convTranspose}. */
export interface ConvTransposeOptions {
  /** Default 1. */
  readonly rhsDilation?: readonly number[];
  /** Default `['NHWC', 'HWIO', 'NHWC']`, and likewise for other numbers of spatial axes. */
  readonly dimensionNumbers?: DimensionNumbers;
  /** Flip the kernel's spatial axes and exchange its features, as the gradient of a convolution does; default false. */
  readonly transposeKernel?: boolean;
}

/**
 * The transposed ("fractionally strided") convolution: upsamples by the strides.
 *
 * input: `[batch, ...spatial, in]` · kernel: `[...window, in, out]`, unless `dimensionNumbers` orders them otherwise. The result's
 * extents are n · stride for `SAME`, and n · stride + max(window − stride, 0) for `VALID`.
 *
 * @throws ShapeMismatchError when input and kernel do not fit.
 * @example
 * const line = np.array([[[1], [2]]]); // one example of two pixels with one channel
 * lax.convTranspose(line, np.array([[[1]], [[10]]]), [2], 'SAME').reshape([-1]); // [10, 1, 20, 2]
 */
export function convTranspose(
  input: ArrayLike,
  kernel: ArrayLike,
  strides: readonly number[],
  padding: ConvPadding,
  options: ConvTransposeOptions = {},
): NDArray {
  const [lhs, rhs] = [asArray(input, 'convTranspose'), asArray(kernel, 'convTranspose')];
  const n = lhs.ndim - 2;
  const letters = 'HWD'.slice(0, n);
  const layout = [`N${letters}C`, `${letters}IO`, `N${letters}C`] as const;
  const dimensionNumbers = axesOf('convTranspose', lhs, options.dimensionNumbers ?? layout);
  const rhsDilation = options.rhsDilation ?? range(n).map(() => 1);
  const spatial = dimensionNumbers.rhs.slice(2);
  const window = spatial.map((a, i) => dilated(at(rhs.shape, a), at(rhsDilation, i)));
  const padded =
    typeof padding === 'string' ? window.map((k, i) => transposePadding(k, at(strides, i), padding)) : padding;
  const [o, i, ...rest] = dimensionNumbers.rhs as readonly [number, number, ...number[]];
  const flip = options.transposeKernel === true;
  return convGeneralDilated(
    lhs,
    flip ? rev(rhs, spatial) : rhs,
    strides.map(() => 1),
    padded,
    {
      lhsDilation: strides,
      rhsDilation,
      dimensionNumbers: flip ? { ...dimensionNumbers, rhs: [i, o, ...rest] } : dimensionNumbers,
    },
  );
}

/** Padding of the dilated input under which a transposed convolution has the extents that are wanted (as in JAX). */
function transposePadding(window: number, stride: number, padding: 'VALID' | 'SAME'): readonly [number, number] {
  if (padding === 'SAME') {
    const total = window + stride - 2;
    const low = stride > window - 1 ? window - 1 : Math.ceil(total / 2);
    return [low, total - low];
  }
  return [window - 1, window + stride - 2 - (window - 1) + Math.max(window - stride, 0)];
}
