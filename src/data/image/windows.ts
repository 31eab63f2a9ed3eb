import { dynamicSlice } from '../../lax/dynamic.ts';
import { pad } from '../../numpy/rearrange.ts';
import { randint, split } from '../../random/index.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { vmap } from '../../transforms/vmap.ts';
import type { Images, Pair } from './images.ts';
import { imagesOf, pairOf } from './images.ts';

/** Options of {@link crop}. */
export interface CropOptions {
  /** Pixels of 0 that are put around the images before: one number, or vertical and horizontal. Default 0. */
  readonly padding?: Pair;
}

/**
 * A window of each image, at a place of its own, uniformly among all places where the window fits.
 *
 * @param images [n, height, width, channels] of any dtype
 * @param size of the window: one number, or [height, width]
 * @returns [n, ...size, channels]
 * @throws ArgumentError for a window that is larger than the padded image.
 * @example
 * const augmented = image.crop(key, images, 28, { padding: 2 }); // moved by up to 2 pixels
 */
export function crop(key: NDArray, images: ArrayLike, size: Pair, { padding = 0 }: CropOptions = {}): NDArray {
  const batch = imagesOf('crop', images);
  const [above, beside] = pairOf('crop', 'padding', padding, 0, [Infinity, Infinity]);
  const [height, width] = [batch.height + 2 * above, batch.width + 2 * beside];
  return windows(key, batch, [above, beside], pairOf('crop', 'size', size, 1, [height, width]));
}

/**
 * Each image moved by a distance of its own: whole pixels, uniformly up to `most` in either direction. What comes in from
 * outside is 0.
 *
 * @param images [n, height, width, channels] of any dtype
 * @param most one number, or vertical and horizontal
 * @returns as `images`
 * @throws ShapeMismatchError for images of another rank.
 * @example
 * const moved = image.shift(key, images, [0, 2]); // by up to 2 pixels to the left or to the right
 * moved.shape; // [8, 28, 28, 1]
 */
export function shift(key: NDArray, images: ArrayLike, most: Pair): NDArray {
  const batch = imagesOf('shift', images);
  const distance = pairOf('shift', 'distance', most, 0, [Infinity, Infinity]);
  return windows(key, batch, distance, [batch.height, batch.width]);
}

/** A window of each image with a border of 0, at a random place. */
function windows(
  key: NDArray,
  { x, n, height, width, channels }: Images,
  [above, beside]: readonly [number, number],
  size: readonly [number, number],
): NDArray {
  const [rowKey, columnKey] = split(key) as unknown as readonly [NDArray, NDArray];
  const tops = randint(rowKey, [n], 0, height + 2 * above - size[0] + 1);
  const lefts = randint(columnKey, [n], 0, width + 2 * beside - size[1] + 1);
  const padded = pad(x, [[0, 0], [above, above], [beside, beside], [0, 0]]); // prettier-ignore
  const window = (image: NDArray, top: NDArray, left: NDArray): NDArray =>
    dynamicSlice(image, [top, left, 0], [...size, channels]);
  return vmap(window)(padded, tops, lefts);
}
