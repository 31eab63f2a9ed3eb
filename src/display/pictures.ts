import { ArgumentError } from '../trace/errors.ts';
import { showShape } from '../trace/aval.ts';
import { range } from '../util/array.ts';
import type { Elements, PictureShape } from './elements.ts';
import { pictureShape } from './elements.ts';
import { caption, flow } from './html.ts';
import { picture } from './pixels.ts';
import type { Bitmap } from './png.ts';
import type { ShowOptions } from './show.ts';

/** Pictures: beside each other in one bitmap, or each with its label. */
export async function pictures(elements: Elements, options: ShowOptions): Promise<string> {
  const shape = pictureShape(elements.shape);
  if (shape === null) {
    throw new ArgumentError(
      `[show] pictures have shape [h, w], [h, w, c], [n, h, w] or [n, h, w, c] with 1, 3 or 4 channels, got ${showShape(elements.shape)}`,
    );
  }
  const count = Math.min(shape.count, options.count ?? 40);
  const note = count < shape.count ? caption(`the first ${count} of ${shape.count} pictures`) : '';
  const bytes = toBytes(elements, options.range ?? (elements.dtype === 'u8' ? [0, 255] : [0, 1]));
  const { labels, width } = options;
  if (labels !== undefined) {
    const own = width ?? Math.max(32, Math.min(320, 2 * shape.width));
    const labelled = range(count).map((i) => picture(mosaic(bytes, shape, [i], 1), own, labels[i] ?? ' '));
    return flow(await Promise.all(labelled)) + note;
  }
  const columns = Math.max(1, options.columns ?? Math.min(10, Math.ceil(Math.sqrt(count * 1.6))));
  const bitmap = mosaic(bytes, shape, range(count), Math.min(columns, count));
  const across =
    width ?? (count === 1 ? undefined : Math.min(720, Math.max(2, Math.ceil(40 / shape.width)) * bitmap.width));
  return (await picture(bitmap, across)) + note;
}

/** Values as bytes: the ends of the range are 0 and 255, NaN is 0. */
function toBytes({ data }: Elements, [low, high]: readonly [number, number]): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) bytes[i] = (((data[i] ?? 0) - low) / (high - low)) * 255;
  return bytes;
}

/** The chosen pictures in rows of `columns`. */
function mosaic(
  bytes: Uint8ClampedArray,
  { height, width, channels }: PictureShape,
  chosen: readonly number[],
  columns: number,
): Bitmap {
  const rows = Math.ceil(chosen.length / columns);
  const stride = width * channels;
  const pixels = new Uint8Array(rows * height * columns * stride);
  chosen.forEach((which, place) => {
    const [down, across] = [Math.floor(place / columns), place % columns];
    for (let y = 0; y < height; y++) {
      const from = (which * height + y) * stride;
      pixels.set(bytes.subarray(from, from + stride), ((down * height + y) * columns + across) * stride);
    }
  });
  return { width: columns * width, height: rows * height, pixels, channels };
}
