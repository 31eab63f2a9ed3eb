import { joinedBytes } from '../util/array.ts';

/**
 * Deflate (RFC 1951) by the platform's streams. Their format `deflate-raw` is missing on some platforms that have `gzip`,
 * which is the same with a header before and a check sum after it (RFC 1952).
 */

const gzipHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
const trailerBytes = 8;

/** Unpacks to `size` bytes with this CRC-32; rejects where the packed bytes are of something else. */
export async function inflate(
  packed: Uint8Array<ArrayBuffer>,
  size: number,
  crc: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const trailer = new Uint8Array(trailerBytes);
  const view = new DataView(trailer.buffer);
  view.setUint32(0, crc, true);
  view.setUint32(4, size, true);
  const unpacked = new Uint8Array(size);
  let length = 0;
  for await (const chunk of through(new DecompressionStream('gzip'), [gzipHeader, packed, trailer])) {
    if (length + chunk.length > size) throw new Error(`there are more than ${size} bytes`);
    unpacked.set(chunk, length);
    length += chunk.length;
  }
  if (length !== size) throw new Error(`there are ${length} bytes, not ${size}`);
  return unpacked;
}

/** Packs bytes. */
export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of through(new CompressionStream('gzip'), [bytes])) chunks.push(chunk);
  const gzip = joinedBytes(chunks);
  // The header has no optional parts: the platforms' compressors know no file name or comment.
  return gzip.slice(gzipHeader.length, gzip.length - trailerBytes);
}

/** What comes out of a stream that these bytes are written to. */
async function* through(
  stream: CompressionStream | DecompressionStream,
  parts: readonly Uint8Array<ArrayBuffer>[],
): AsyncGenerator<Uint8Array, void, void> {
  const writer = stream.writable.getWriter();
  const written = (async () => {
    for (const part of parts) await writer.write(part);
    await writer.close();
  })();
  // Its failure is the reader's, too, which reports it.
  written.catch(() => undefined);
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
