import { crc32 } from '../data/crc32.ts';
import { deflate } from '../data/deflate.ts';
import { joinedBytes } from '../util/array.ts';

/** Pixels in rows from the top. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Of each pixel its grey, colour, or colour and opacity, a byte a channel; or its place in the palette. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly channels: 1 | 3 | 4;
  /** Red, green and blue of each place. */
  readonly palette?: Uint8Array<ArrayBuffer>;
}

const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
const colourType = { 1: 0, 3: 2, 4: 6 } as const;

/** A bitmap as a PNG file (ISO 15948), in a URL that holds it. */
export async function pngUrl(bitmap: Bitmap): Promise<string> {
  const { width, height, pixels, channels, palette } = bitmap;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = palette === undefined ? colourType[channels] : 3;
  const stride = width * channels;
  // Each row begins with the number of its filter: 0, none.
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const parts = [signature, chunk('IHDR', header)];
  if (palette !== undefined) parts.push(chunk('PLTE', palette));
  parts.push(chunk('IDAT', await zlib(rows)), chunk('IEND', new Uint8Array(0)));
  return `data:image/png;base64,${base64(joinedBytes(parts))}`;
}

function chunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}

/** Deflated bytes with the header and the check sum (Adler-32) of RFC 1950. */
async function zlib(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return joinedBytes([
    Uint8Array.of(0x78, 0x9c),
    await deflate(bytes),
    Uint8Array.of(b >> 8, b & 255, a >> 8, a & 255),
  ]);
}

/** In pieces, since a call takes only so many arguments. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
