import { broadcastedIota } from '../../lax/iota.ts';
import { array } from '../../numpy/create.ts';
import { logicalAnd, where } from '../../numpy/elementwise.ts';
import { flip as mirrored } from '../../numpy/shape.ts';
import { bernoulli, normal, randint, split } from '../../random/index.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import type { FloatType } from '../../kernel/dtype.ts';
import type { Pair } from './images.ts';
import { floatImagesOf, imagesOf, numberOf, pairOf } from './images.ts';

/** Options of {@link flip}. */
export interface FlipOptions {
  /** Of being mirrored; default 0.5. */
  readonly probability?: number;
  /** `horizontal` (default) exchanges left and right, `vertical` above and below. */
  readonly direction?: 'horizontal' | 'vertical';
}

/**
 * Each image mirrored, or not, by a draw of its own.
 *
 * @param images [n, height, width, channels] of any dtype
 * @returns as `images`
 * @throws ShapeMismatchError for images of another rank.
 * @example
 * const line = np.array([1, 2, 3]).reshape([1, 1, 3, 1]);
 * image.flip(key, line, { probability: 1 }).reshape([-1]); // [3, 2, 1]
 */
export function flip(key: NDArray, images: ArrayLike, options: FlipOptions = {}): NDArray {
  const { probability = 0.5, direction = 'horizontal' } = options;
  const { x, n } = imagesOf('flip', images);
  const chosen = bernoulli(key, numberOf('flip', 'probability', probability, 0, 1), [n, 1, 1, 1]);
  return where(chosen, mirrored(x, direction === 'horizontal' ? 2 : 1), x);
}

/**
 * Each image with a rectangle of 0, its centre uniformly anywhere in the image: of a rectangle at the border, a part is
 * outside (DeVries and Taylor: Improved Regularization of Convolutional Neural Networks with Cutout, 2017).
 *
 * @param images [n, height, width, channels] of any dtype
 * @param size of the rectangle: one number, or [height, width]; it reaches from floor(size / 2) before the centre
 * @returns as `images`
 * @throws ShapeMismatchError for images of another rank.
 * @example
 * const holes = image.cutout(key, np.ones([2, 32, 32, 3]), 8); // at most 64 pixels of each image are 0
 */
export function cutout(key: NDArray, images: ArrayLike, size: Pair): NDArray {
  const { x, n, height, width } = imagesOf('cutout', images);
  const [tall, wide] = pairOf('cutout', 'size', size, 0, [Infinity, Infinity]);
  const [rowKey, columnKey] = split(key) as unknown as readonly [NDArray, NDArray];
  const covered = (k: NDArray, extent: number, length: number, axis: 1 | 2): NDArray => {
    const first = randint(k, [n, 1, 1, 1], 0, extent).sub(Math.floor(length / 2));
    const shape = [1, 1, 1, 1].map((one, d) => (d === axis ? extent : one));
    const position = broadcastedIota('i32', shape, axis);
    return logicalAnd(position.ge(first), position.lt(first.add(length)));
  };
  const hole = logicalAnd(covered(rowKey, height, tall, 1), covered(columnKey, width, wide, 2));
  return where(hole, asArray(0).astype(x.dtype), x);
}

/**
 * The images with normally distributed noise: `images + scale · N(0, 1)`, a draw for every element.
 *
 * @param images [n, height, width, channels] of floats
 * @returns as `images`
 * @throws ShapeMismatchError for images of another rank; DTypeError for integers.
 * @example
 * const grainy = image.noise(key, images, 0.1);
 * np.round(np.std(grainy.sub(images)), 1); // 0.1
 */
export function noise(key: NDArray, images: ArrayLike, scale: number): NDArray {
  const { x } = floatImagesOf('noise', images);
  numberOf('noise', 'scale', scale, 0, Infinity);
  return x.add(normal(key, x.shape, { dtype: x.dtype as FloatType }).mul(scale));
}

/**
 * `(images − mean) / deviation`, channel by channel.
 *
 * @param images [n, height, width, channels] of floats
 * @param mean a number, or one for each channel: [channels]
 * @param deviation as `mean`
 * @returns as `images`
 * @example
 * const normalized = image.normalize(images, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
 */
export function normalize(images: ArrayLike, mean: ArrayLike, deviation: ArrayLike): NDArray {
  const { x, channels } = floatImagesOf('normalize', images);
  const byChannel = (what: string, value: ArrayLike): NDArray => {
    const a = array(value, { dtype: x.dtype });
    if (a.ndim > 1 || (a.ndim === 1 && a.shape[0] !== channels)) {
      throw new ShapeMismatchError(
        `[image.normalize] needs one ${what}, or one for each of ${channels} channels, got ${showAval(a.aval)}`,
      );
    }
    return a;
  };
  if (deviation === 0) throw new ArgumentError('[image.normalize] needs a deviation that is not 0');
  return x.sub(byChannel('mean', mean)).div(byChannel('deviation', deviation));
}
