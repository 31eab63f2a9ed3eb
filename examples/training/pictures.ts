import { encode } from 'fast-png';
import type { HostFloats } from './trainer.ts';

/** Pixels between images. */
const gap = 2;
/** Images smaller than this are drawn larger, by a whole factor. */
const legible = 56;

/**
 * A PNG file that shows gray images `[n, height, width, 1]` in [0, 1] as a grid, row by row.
 *
 * @param columns images in a row
 */
export function gridPng({ data, shape }: HostFloats, columns: number): Uint8Array<ArrayBuffer> {
  const [count = 0, height = 0, width = 0] = shape;
  const scale = Math.max(1, Math.round(legible / height));
  const [down, across] = [height * scale + gap, width * scale + gap];
  const size = { width: columns * across + gap, height: Math.ceil(count / columns) * down + gap };
  const pixels = new Uint8Array(size.width * size.height).fill(96);
  for (let image = 0; image < count; image++) {
    const [top, left] = [gap + Math.floor(image / columns) * down, gap + (image % columns) * across];
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const from = (image * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
        pixels[(top + y) * size.width + left + x] = Math.round(255 * Math.min(1, Math.max(0, data[from] ?? 0)));
      }
    }
  }
  return new Uint8Array(encode({ ...size, data: pixels, channels: 1, depth: 8 }));
}

/** Two lists of images with each image of the first above its like of the second, in rows of `columns`. */
export function paired(above: HostFloats, below: HostFloats, columns: number): HostFloats {
  const [count = 0, ...image] = above.shape;
  const size = image.reduce((a, b) => a * b, 1);
  const data = new Float32Array(2 * count * size);
  for (let start = 0; start < count; start += columns) {
    const end = Math.min(start + columns, count);
    data.set(above.data.subarray(start * size, end * size), 2 * start * size);
    data.set(below.data.subarray(start * size, end * size), (start + end) * size);
  }
  return { data, shape: [2 * count, ...image] };
}
