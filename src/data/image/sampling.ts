import { broadcastedIota } from '../../lax/iota.ts';
import { array } from '../../numpy/create.ts';
import { einsum } from '../../numpy/einsum.ts';
import { cos, floor, logicalAnd, sin, subtract, where } from '../../numpy/elementwise.ts';
import { take } from '../../numpy/taking.ts';
import { uniform } from '../../random/index.ts';
import { showAval } from '../../trace/aval.ts';
import { ArgumentError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { vmap } from '../../transforms/vmap.ts';
import { range } from '../../util/array.ts';
import type { FloatType } from '../../kernel/dtype.ts';
import type { Pair } from './images.ts';
import { floatImagesOf, imagesOf, numberOf, pairOf } from './images.ts';

/** Images at other places than those of their pixels. */

/**
 * Each image turned about its centre by an angle of its own, uniformly up to `most` radians in either direction; see
 * {@link rotateBy}.
 *
 * @param images [n, height, width, channels] of floats
 * @returns as `images`
 * @throws ShapeMismatchError for images of another rank.
 * @example
 * const turned = image.rotate(key, images, Math.PI / 12); // each by up to 15 degrees
 */
export function rotate(key: NDArray, images: ArrayLike, most: number): NDArray {
  const { x, n } = floatImagesOf('rotate', images);
  const maxval = numberOf('rotate', 'greatest angle', most, 0, Infinity);
  return rotateBy(x, uniform(key, [n], { minval: -maxval, maxval, dtype: x.dtype as FloatType }));
}

/**
 * Each image turned about its centre by its angle, counterclockwise. Between pixels it is interpolated bilinearly; outside,
 * everything is 0.
 *
 * @param images [n, height, width, channels] of floats
 * @param angles in radians: a number, or one for each image: [n]
 * @returns as `images`
 * @example
 * image.rotateBy(images, Math.PI / 2); // a quarter turn, as np.rot90 makes it of square images
 */
export function rotateBy(images: ArrayLike, angles: ArrayLike): NDArray {
  const { x, n, height, width, channels } = floatImagesOf('rotateBy', images);
  const given = array(angles, { dtype: x.dtype });
  if (given.ndim > 1 || (given.ndim === 1 && given.shape[0] !== n)) {
    throw new ShapeMismatchError(
      `[image.rotateBy] needs one angle, or one for each of ${n} images, got ${showAval(given.aval)}`,
    );
  }
  const angle = given.reshape([given.ndim === 0 ? 1 : n, 1, 1]);
  // Where the pixels lie from the centre, and where what is seen at them was before.
  const across = (axis: 1 | 2, extent: number): NDArray =>
    broadcastedIota(x.dtype, axis === 1 ? [1, extent, 1] : [1, 1, extent], axis).sub((extent - 1) / 2);
  const [down, right] = [across(1, height), across(2, width)];
  const row = right
    .mul(sin(angle))
    .add(down.mul(cos(angle)))
    .add((height - 1) / 2);
  const column = right
    .mul(cos(angle))
    .sub(down.mul(sin(angle)))
    .add((width - 1) / 2);
  const [above, before] = [floor(row), floor(column)];
  const [low, left] = [row.sub(above), column.sub(before)];
  const pixels = x.reshape([n, height * width, channels]);
  const corners = [
    { y: above, x: before, weight: subtract(1, low).mul(subtract(1, left)) },
    { y: above, x: before.add(1), weight: subtract(1, low).mul(left) },
    { y: above.add(1), x: before, weight: low.mul(subtract(1, left)) },
    { y: above.add(1), x: before.add(1), weight: low.mul(left) },
  ];
  const terms = corners.map((corner) => weighted(pixels, corner, [height, width]));
  return terms.reduce((sum, term) => sum.add(term)).reshape(x.shape);
}

/** The pixels at whole coordinates, multiplied by weights; outside there is nothing. */
function weighted(
  pixels: NDArray,
  { y, x, weight }: { readonly y: NDArray; readonly x: NDArray; readonly weight: NDArray },
  [height, width]: readonly [number, number],
): NDArray {
  const inside = logicalAnd(logicalAnd(y.ge(0), y.lt(height)), logicalAnd(x.ge(0), x.lt(width)));
  const position = where(inside, y.mul(width).add(x), 0).astype('i32');
  const [turns] = position.shape as readonly [number];
  const n = pixels.shape[0] as number;
  const size = height * width;
  const counted = where(inside, weight, 0).reshape([turns, size, 1]);
  if (turns !== n) return take(pixels, position.reshape([size]), 1, { mode: 'clip' }).mul(counted);
  const gathered = vmap((image: NDArray, at: NDArray) => take(image, at, 0, { mode: 'clip' }));
  return gathered(pixels, position.reshape([n, size])).mul(counted);
}

/** Options of {@link resize}. */
export interface ResizeOptions {
  /** `bilinear` (default), or `nearest`: the pixel whose middle is nearest, of any dtype. */
  readonly method?: 'bilinear' | 'nearest';
  /** Where the images get smaller, does each new pixel average all those that it covers? Default true. For `bilinear`. */
  readonly antialias?: boolean;
}

/**
 * The images in another size, as `jax.image.resize` makes it: pixels are squares, the corners of the images coincide.
 *
 * @param images [n, height, width, channels] of floats
 * @param size one number, or [height, width]
 * @returns [n, ...size, channels]
 * @throws ShapeMismatchError for images of another rank.
 * @example
 * const line = np.array([0, 4, 8, 12]).reshape([1, 1, 4, 1]);
 * image.resize(line, [1, 2], { antialias: false }).reshape([-1]); // [2, 10]
 * image.resize(line, [1, 8], { method: 'nearest' }).reshape([-1]); // [0, 0, 4, 4, 8, 8, 12, 12]
 */
export function resize(images: ArrayLike, size: Pair, options: ResizeOptions = {}): NDArray {
  const { method = 'bilinear', antialias = true } = options;
  const { x, height, width } = method === 'nearest' ? imagesOf('resize', images) : floatImagesOf('resize', images);
  const [tall, wide] = pairOf('resize', 'size', size, 1, [Infinity, Infinity]);
  if (height === 0 || width === 0) {
    throw new ArgumentError(`[image.resize] needs images with pixels, got ${showAval(x.aval)}`);
  }
  if (method === 'nearest') {
    const positions = (from: number, to: number): number[] => range(to).map((i) => Math.floor(((i + 0.5) * from) / to));
    return take(take(x, positions(height, tall), 1), positions(width, wide), 2);
  }
  const matrix = (from: number, to: number): NDArray => array(weights(from, to, antialias), { dtype: x.dtype });
  return einsum('nhwc,Hh,Ww->nHWc', x, matrix(height, tall), matrix(width, wide));
}

/** How much each of `from` pixels counts in each of `to`: triangles around the middles of the new pixels, which sum to 1. */
function weights(from: number, to: number, antialias: boolean): number[][] {
  const scale = from / to;
  const reach = antialias ? Math.max(scale, 1) : 1;
  return range(to).map((i) => {
    const middle = (i + 0.5) * scale - 0.5;
    const row = range(from).map((j) => Math.max(0, 1 - Math.abs(middle - j) / reach));
    const total = row.reduce((sum, w) => sum + w, 0);
    return row.map((w) => w / total);
  });
}
