import type { DType, HostArray } from '../kernel/dtype.ts';
import type { Shape } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { product, range } from '../util/array.ts';
import type { Statistics } from './numbers.ts';
import { statistics } from './numbers.ts';
import type { Matrix } from './pixels.ts';

/** Arrays of more elements are shown by their first rows. */
const maxRead = 1_000_000;

/** An array whose elements have been read. */
export interface Elements {
  readonly data: HostArray;
  /** Of what was read. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Was this all? */
  readonly whole: boolean;
  readonly statistics: Statistics;
}

/** Reads an array, of a very large one the beginning. */
export async function readElements(x: NDArray): Promise<Elements> {
  const [first = 1, ...rest] = x.shape;
  const kept = Math.max(1, Math.floor(maxRead / Math.max(1, product(rest))));
  const whole = x.size <= maxRead || kept >= first;
  const read = whole ? x : x.slice([0, kept]);
  const data = await read.data();
  return { data, shape: read.shape, dtype: x.dtype, whole, statistics: statistics(data) };
}

/** The matrices of the last two axes, the first `count` of them; a vector is one row. */
export function matricesOf({ data, shape }: Elements, count: number): readonly Matrix[] {
  const [rows = 1, columns = 1] = shape.length === 1 ? [1, shape[0]] : shape.slice(-2);
  const size = rows * columns;
  const all = size === 0 ? 0 : data.length / size;
  return range(Math.min(count, all)).map((i) => ({ data: data.subarray(i * size, (i + 1) * size), rows, columns }));
}

/** Pictures: `count` of them, of `channels` numbers a pixel. */
export interface PictureShape {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
}

const isChannels = (n: number | undefined): n is 1 | 3 | 4 => n === 1 || n === 3 || n === 4;

/** A shape as that of pictures; null if it can't be one. */
export function pictureShape(shape: Shape): PictureShape | null {
  const [a = 0, b = 0, c = 0, d] = shape;
  if (shape.length === 2) return { count: 1, height: a, width: b, channels: 1 };
  if (shape.length === 3 && isChannels(c)) return { count: 1, height: a, width: b, channels: c };
  if (shape.length === 3) return { count: a, height: b, width: c, channels: 1 };
  if (shape.length === 4 && isChannels(d)) return { count: a, height: b, width: c, channels: d };
  return null;
}

/** Do shape and values look like pictures? */
export function looksLikePictures({ shape, dtype, statistics: { min, max } }: Elements): boolean {
  const pictures = shape.length < 3 ? null : pictureShape(shape);
  if (pictures === null || Math.min(pictures.height, pictures.width) < 8 || !isChannels(shape.at(-1))) return false;
  return dtype === 'u8' || (min >= 0 && max <= 1);
}
