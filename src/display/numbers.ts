import type { HostArray } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Shape } from '../trace/aval.ts';
import { product } from '../util/array.ts';

/** A number with four digits, short enough for a table. */
export function short(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e7) return String(x);
  if (size < 1e-3 || size >= 1e5) return x.toExponential(2).replace('e+', 'e');
  return String(Number(x.toPrecision(4)));
}

/** An element as text: bools by name. */
export const shortElement = (x: number, dtype: DType): string => (dtype === 'bool' ? String(x !== 0) : short(x));

/** A count of something: `1.2 Mflop`, `760 B`. */
export function counted(n: number, unit = ''): string {
  const power = n < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(n) / 3));
  return `${short(n / 1000 ** power)} ${['', 'k', 'M', 'G', 'T'][power] ?? ''}${unit}`.trimEnd();
}

/** Bytes: `1.2 MB`. */
export const bytesText = (n: number): string => counted(n, 'B');

/** What can be said of many numbers in a line. */
export interface Statistics {
  /** Of the finite numbers; 0 where there is none. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
  /** How many are NaN or infinite. */
  readonly odd: number;
}

export function statistics(data: HostArray): Statistics {
  let [min, max, sum, squares, n] = [Infinity, -Infinity, 0, 0, 0];
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    n += 1;
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
  }
  if (n === 0) return { min: 0, max: 0, mean: 0, deviation: 0, odd: data.length };
  const mean = sum / n;
  for (const x of data) if (Number.isFinite(x)) squares += (x - mean) ** 2;
  return { min, max, mean, deviation: Math.sqrt(squares / n), odd: data.length - n };
}

/** How many of the finite numbers fall into each of `bins` parts of the range from least to greatest. */
export function histogram(data: HostArray, { min, max }: Statistics, bins: number): readonly number[] {
  const counts = new Array<number>(bins).fill(0);
  const width = max > min ? (max - min) / bins : 1;
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    const bin = Math.min(bins - 1, Math.floor((x - min) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** More elements than this are not written out in full. */
const maxWritten = 200;
/** Of a long axis, how many elements are written at either end. */
const atEnds = 3;

/** The elements as NumPy prints them, long axes by their ends. */
export function elementsText(data: HostArray, shape: Shape, dtype: DType): string {
  const whole = data.length <= maxWritten;
  const digits = dtype === 'f16' ? 4 : 7;
  const element = (x: number): string => {
    if (dtype === 'bool') return String(x !== 0);
    return Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(digits)));
  };
  const go = (axis: number, start: number): string => {
    if (axis === shape.length) return element(data[start] ?? NaN);
    const extent = shape[axis] ?? 0;
    const stride = product(shape.slice(axis + 1));
    const all = whole || extent <= 2 * atEnds;
    const at = (i: number): string => go(axis + 1, start + i * stride);
    const parts = all
      ? Array.from({ length: extent }, (_, i) => at(i))
      : [
          ...Array.from({ length: atEnds }, (_, i) => at(i)),
          '…',
          ...Array.from({ length: atEnds }, (_, i) => at(extent - atEnds + i)),
        ];
    return `[${parts.join(axis === shape.length - 1 ? ', ' : ',\n ')}]`;
  };
  return go(0, 0);
}
