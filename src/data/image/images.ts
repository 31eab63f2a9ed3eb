import { isFloat } from '../../kernel/dtype.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ArgumentError, DTypeError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';

/** What functions of images ask of their arguments. */

/** Images with their extents. */
export interface Images {
  readonly x: NDArray;
  readonly n: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A batch of images. */
export function imagesOf(name: string, images: ArrayLike): Images {
  const x = asArray(images, `image.${name}`);
  if (x.ndim !== 4) {
    throw new ShapeMismatchError(
      `[image.${name}] needs images of shape [n, height, width, channels], got ${showAval(x.aval)}`,
    );
  }
  const [n, height, width, channels] = x.shape as readonly [number, number, number, number];
  return { x, n, height, width, channels };
}

/** A batch of images of floats. */
export function floatImagesOf(name: string, images: ArrayLike): Images {
  const batch = imagesOf(name, images);
  if (isFloat(batch.x.dtype)) return batch;
  throw new DTypeError(
    `[image.${name}] computes with floats, got ${showAval(batch.x.aval)}: cast them (images.astype('f32').div(255))`,
  );
}

/** A pair of extents or distances: one number stands for both. */
export type Pair = number | readonly [vertical: number, horizontal: number];

/** Two whole numbers in a range. */
export function pairOf(
  name: string,
  what: string,
  pair: Pair,
  least: number,
  most: readonly [number, number],
): [number, number] {
  const [vertical, horizontal] = typeof pair === 'number' ? [pair, pair] : pair;
  for (const [i, x] of [vertical, horizontal].entries()) {
    const limit = most[i as 0 | 1];
    if (Number.isInteger(x) && x >= least && x <= limit) continue;
    const range = limit === Infinity ? `of ${least} or more` : `from ${least} to ${limit}`;
    throw new ArgumentError(
      `[image.${name}] needs ${i === 0 ? 'a vertical' : 'a horizontal'} ${what} that is a whole number ${range}, got ${x}`,
    );
  }
  return [vertical, horizontal];
}

/** A number in a range. */
export function numberOf(name: string, what: string, x: number, least: number, most: number): number {
  if (x >= least && x <= most) return x;
  const range = most === Infinity ? `of ${least} or more` : `from ${least} to ${most}`;
  throw new ArgumentError(`[image.${name}] needs a ${what} ${range}, got ${x}`);
}
