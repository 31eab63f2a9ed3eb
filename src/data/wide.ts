import { product } from '../util/array.ts';

/** Elements of files for which there is no dtype. */

/**
 * The little-endian 64-bit integers as 32-bit ones of the same kind, or the position of the first that does not fit.
 */
export function narrowed(
  bytes: Uint8Array,
  shape: readonly number[],
  signed: boolean,
):
  | { readonly data: Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> }
  | { readonly misfit: number; readonly value: bigint } {
  const length = product(shape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8 * length);
  const data = signed ? new Int32Array(length) : new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const low = signed ? view.getInt32(8 * i, true) : view.getUint32(8 * i, true);
    const high = view.getInt32(8 * i + 4, true);
    if (high !== (signed && low < 0 ? -1 : 0)) {
      const value = signed ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true);
      return { misfit: i, value };
    }
    data[i] = low;
  }
  return { data };
}

/** The little-endian numbers of bfloat16, which are the upper halves of f32. */
export function widened(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const words = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i += 2) words.set(bytes.subarray(i, i + 2), 2 * i + 2);
  return new Float32Array(words.buffer);
}
