import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { ZipError } from './errors.ts';
import { deflate, inflate } from './deflate.ts';
import { crc32 } from './crc32.ts';
import { joinedBytes } from '../util/array.ts';

/**
 * Zip archives (PKWARE's APPNOTE.TXT, version 6.3.10) as NumPy writes them: files that are stored or deflated, without
 * encryption, below 4 GB each. The central directory at the end says what is where.
 */

/** Files by name. */
export type ZipFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

const localSignature = 0x04034b50;
const centralSignature = 0x02014b50;
const endSignature = 0x06054b50;
const [localBytes, centralBytes, endBytes] = [30, 46, 22];
const [stored, deflated] = [0, 8];
/** Deflate makes at most 1032 bytes of one: a header that promises more does not tell the truth. */
const maxRatio = 1032;
/** In the place of sizes and offsets that are in a zip64 record. */
const elsewhere = 0xffff_ffff;

type Result<A> = E.Either<ZipError, A>;
const fail = (code: `zip-${'truncated' | 'format' | 'unsupported' | 'damaged'}`, text: string): Result<never> =>
  E.left(new ZipError(code, text));

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Of its local header. */
  readonly offset: number;
}

// ---------------------------------------------------------------------------------------------------------------------
// reading
// ---------------------------------------------------------------------------------------------------------------------

/** The files of an archive. Nothing is unpacked before all headers are checked. `source` names the archive in errors. */
export const unzip = (bytes: Uint8Array<ArrayBuffer>, source: string): TE.TaskEither<ZipError, ZipFiles> => {
  const found = directory(bytes, source);
  if (E.isLeft(found)) return TE.left(found.left);
  const unpacked = TE.traverseSeqArray((entry: Entry) => unpack(bytes, entry, source))(found.right);
  return TE.map((files: readonly (readonly [string, Uint8Array<ArrayBuffer>])[]) => Object.fromEntries(files))(
    unpacked,
  );
};

/** What the central directory says. */
function directory(bytes: Uint8Array<ArrayBuffer>, source: string): Result<readonly Entry[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecord(view);
  if (end === null) {
    return fail('zip-format', `${source}: not a zip archive, or one that is cut off: it has no directory at its end`);
  }
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  if (start === elsewhere) return fail('zip-unsupported', `${source}: archives above 4 GB can't be read`);
  const entries: Entry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + centralBytes > end || view.getUint32(at, true) !== centralSignature) {
      return fail('zip-format', `${source}: its directory is damaged: there is no entry ${i} at byte ${at}`);
    }
    const lengths = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + centralBytes + lengths.reduce((a, b) => a + b, 0);
    if (next > end) return fail('zip-format', `${source}: its directory is damaged: entry ${i} ends beyond it`);
    const entry = {
      name: new TextDecoder().decode(bytes.subarray(at + centralBytes, at + centralBytes + (lengths[0] ?? 0))),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    const fault = faultOf(entry, view.getUint16(at + 8, true), start);
    if (fault !== null) return E.left(new ZipError(fault.code, `${source}: ${entry.name} ${fault.text}`));
    entries.push(entry);
    at = next;
  }
  // Entries that share bytes could unpack to more than any archive of this length should.
  if (entries.reduce((sum, { packed }) => sum + packed, 0) > start) {
    return fail('zip-damaged', `${source}: its files overlap`);
  }
  return E.right(entries);
}

/** Where the end record is: after it comes only a comment, whose length it tells. */
function endRecord(view: DataView): number | null {
  const last = view.byteLength - endBytes;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) === endSignature && view.getUint16(at + 20, true) === last - at) return at;
  }
  return null;
}

function faultOf(
  { method, packed, size, offset }: Entry,
  flags: number,
  limit: number,
): { readonly code: string; readonly text: string } | null {
  const unsupported = (text: string) => ({ code: 'zip-unsupported', text });
  if ((flags & 1) === 1) return unsupported('is encrypted');
  if (method !== stored && method !== deflated)
    return unsupported(`is packed by method ${method}, not stored or deflated`);
  if ([packed, size, offset].includes(elsewhere)) return unsupported('is above 4 GB');
  if (offset + localBytes + packed > limit) return { code: 'zip-truncated', text: 'reaches beyond the archive' };
  const most = method === stored ? packed : packed * maxRatio;
  if (size > most || (method === stored && size < packed)) {
    return { code: 'zip-damaged', text: `can't have ${size} bytes, packed into ${packed}` };
  }
  return null;
}

const unpack = (
  bytes: Uint8Array<ArrayBuffer>,
  { name, method, crc, packed, size, offset }: Entry,
  source: string,
): TE.TaskEither<ZipError, readonly [string, Uint8Array<ArrayBuffer>]> => {
  const damaged = (text: string): ZipError => new ZipError('zip-damaged', `${source}: ${name} is damaged: ${text}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(offset, true) !== localSignature) return TE.left(damaged('it does not begin where it should'));
  const start = offset + localBytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) return TE.left(damaged('it reaches beyond the archive'));
  const body = bytes.subarray(start, start + packed);
  if (method === stored) {
    return crc32(body) === crc ? TE.right([name, body.slice()]) : TE.left(damaged('its check sum is another'));
  }
  return TE.tryCatch(
    async () => [name, await inflate(body, size, crc)] as const,
    (cause) => new ZipError('zip-damaged', damaged('it does not unpack to what was packed').message, { cause }),
  );
};

// ---------------------------------------------------------------------------------------------------------------------
// writing
// ---------------------------------------------------------------------------------------------------------------------

/** The bytes of an archive of these files, in their order; equal files give equal bytes. */
export async function zip(files: ZipFiles, compress: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [text, data] of Object.entries(files)) {
    const name = new TextEncoder().encode(text);
    const packed = compress ? await deflate(data) : data;
    const entry = { method: compress ? deflated : stored, crc: crc32(data), packed: packed.length, size: data.length };
    if (offset + packed.length + localBytes + name.length >= elsewhere || data.length >= elsewhere) {
      throw new ZipError('zip-unsupported', `${text} does not fit: archives can have 4 GB at most`);
    }
    const local = header(localBytes, localSignature, entry, name);
    parts.push(local, name, packed);
    const listed = header(centralBytes, centralSignature, entry, name);
    new DataView(listed.buffer).setUint32(42, offset, true);
    central.push(listed, name);
    offset += local.length + name.length + packed.length;
  }
  const end = new Uint8Array(endBytes);
  const view = new DataView(end.buffer);
  view.setUint32(0, endSignature, true);
  for (const field of [8, 10]) view.setUint16(field, central.length / 2, true);
  view.setUint32(12, central.reduce((sum, part) => sum + part.length, 0), true); // prettier-ignore
  view.setUint32(16, offset, true);
  return joinedBytes([...parts, ...central, end]);
}

/** A local or a central header: the same fields, two bytes further in the latter. */
function header(
  bytes: number,
  signature: number,
  { method, crc, packed, size }: Omit<Entry, 'name' | 'offset'>,
  name: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(bytes);
  const view = new DataView(made.buffer);
  const base = signature === localSignature ? 4 : 6;
  view.setUint32(0, signature, true);
  // Version 2.0 is needed to read it; names are UTF-8; the time is the first that the format knows: 1980-01-01.
  for (const field of signature === localSignature ? [4] : [4, 6]) view.setUint16(field, 20, true);
  view.setUint16(base + 2, 0x0800, true);
  view.setUint16(base + 4, method, true);
  view.setUint16(base + 8, 0x0021, true);
  view.setUint32(base + 10, crc, true);
  view.setUint32(base + 14, packed, true);
  view.setUint32(base + 18, size, true);
  view.setUint16(base + 22, name.length, true);
  return made;
}
