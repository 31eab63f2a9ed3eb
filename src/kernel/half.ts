import type { DType, HostArray } from './dtype.ts';
import { hostArray, storedBytes } from './dtype.ts';
import { roundToHalf } from './semantics.ts';

/**
 * Half precision between the host, which has the numbers as f32, and memory, which has their bits: the exponent is moved from
 * where one format has it to where the other one does.
 */

const moved = 2 ** 112;
const word = new Uint32Array(1);
const number = new Float32Array(word.buffer);

/** The bits of the nearest number of half precision. */
export function halfBits(x: number): number {
  const nearest = roundToHalf(x);
  const sign = nearest < 0 || Object.is(nearest, -0) ? 0x8000 : 0;
  if (Number.isNaN(nearest)) return 0x7e00;
  if (Math.abs(nearest) === Infinity) return sign | 0x7c00;
  number[0] = Math.abs(nearest) / moved;
  return sign | ((word[0] as number) >>> 13);
}

/** The number that has these bits. */
export function halfNumber(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  word[0] = (bits & 0x7fff) << 13;
  if ((bits & 0x7c00) === 0x7c00) return (bits & 0x3ff) === 0 ? sign * Infinity : NaN;
  return sign * (number[0] as number) * moved;
}

/** The elements of a host array as they lie in memory. */
export function bytesInMemory(dtype: DType, data: HostArray): Uint8Array {
  if (dtype !== 'f16') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(Uint16Array.from(data, halfBits).buffer);
}

/** A host array of elements that lie in memory; `bytes` may be followed by others. */
export function fromMemory(dtype: DType, bytes: Uint8Array, length: number): HostArray {
  const data = hostArray[dtype](length);
  const stored = dtype === 'f16' ? new Uint16Array(length) : data;
  new Uint8Array(stored.buffer).set(bytes.subarray(0, length * storedBytes(dtype)));
  if (stored !== data) stored.forEach((bits, i) => (data[i] = halfNumber(bits)));
  return data;
}
