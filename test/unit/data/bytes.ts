/** The bytes of an IDX file of unsigned bytes. */
export function idxBytes(shape: readonly number[], data: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, 0x08, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((n, i) => {
    view.setUint32(4 + 4 * i, n);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** The bytes of a safetensors file with this header, as it stands, and this data. */
export function safetensorsBytes(header: string, data: ArrayLike<number> = []): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}
