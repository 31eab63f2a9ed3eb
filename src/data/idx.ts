import * as E from 'fp-ts/lib/Either.js';
import { product } from '../util/array.ts';
import { IdxError } from './errors.ts';

/** The element types of IDX, as the third byte of a file says them. */
const types = {
  u8: { code: 0x08, bytes: 1 },
  i8: { code: 0x09, bytes: 1 },
  i16: { code: 0x0b, bytes: 2 },
  i32: { code: 0x0c, bytes: 4 },
  f32: { code: 0x0d, bytes: 4 },
  f64: { code: 0x0e, bytes: 8 },
} as const;

/** An element type of IDX. */
export type IdxType = keyof typeof types;

/** What a host sees for each element type. */
export interface IdxArrays {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly i8: Int8Array<ArrayBuffer>;
  readonly i16: Int16Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
}

/** An array read from an IDX file, row-major. */
export interface IdxArray<T extends IdxType = IdxType> {
  readonly type: T;
  readonly shape: readonly number[];
  readonly data: IdxArrays[T];
}

/** What an IDX file must hold. */
export interface IdxExpectation<T extends IdxType> {
  readonly type: T;
  readonly rank: number;
  /** What the file is, for errors: `labels`. */
  readonly what: string;
}

interface Header {
  readonly type: IdxType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');

type Code = `idx-${'truncated' | 'magic' | 'type' | 'rank' | 'trailing'}`;
const fail = (code: Code, text: string): E.Either<IdxError, never> => E.left(new IdxError(code, text));

/**
 * The bytes of an IDX file, as {@link parseIdx} reads them.
 *
 * @throws IdxError when the elements do not fill the shape, or its axes are too many or too long for the format.
 * @example
 * const labels = { type: 'u8', shape: [3], data: Uint8Array.of(7, 2, 1) } as const;
 * [...data.encodeIdx(labels)]; // [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]
 */
export function encodeIdx<T extends IdxType>({ type, shape, data }: IdxArray<T>): Uint8Array<ArrayBuffer> {
  const { code, bytes: width } = types[type];
  if (data.length !== product(shape) || data.BYTES_PER_ELEMENT !== width) {
    const text = `${type}[${shape.join(',')}] does not hold ${data.length} elements of a ${data.constructor.name}`;
    throw new IdxError('idx-layout', text);
  }
  if (shape.length > 255 || shape.some((n) => n > 0xffff_ffff)) {
    throw new IdxError('idx-layout', `an IDX file has no room for the shape [${shape.join(',')}]`);
  }
  const start = 4 + 4 * shape.length;
  const file = new Uint8Array(start + data.byteLength);
  file.set([0, 0, code, shape.length]);
  const view = new DataView(file.buffer);
  for (const [i, n] of shape.entries()) view.setUint32(4 + 4 * i, n);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  reverseEach(file.subarray(start), width);
  return file;
}

/** Reads the magic number (two zero bytes, the type, the rank) and one big-endian size for each axis. */
function parseHeader(bytes: Uint8Array<ArrayBuffer>, source: string): E.Either<IdxError, Header> {
  if (bytes.length < 4) {
    return fail('idx-truncated', `${source}: an IDX file starts with 4 bytes, this one ends after ${bytes.length}`);
  }
  const [zero = -1, alsoZero = -1, code = -1, rank = 0] = bytes;
  if (zero !== 0 || alsoZero !== 0) {
    const hint = zero === 0x1f && alsoZero === 0x8b ? ' (it is gzip-compressed: unpack it first)' : '';
    return fail('idx-magic', `${source}: not an IDX file: starts with ${hex(bytes.subarray(0, 4))}, not 00 00${hint}`);
  }
  const type = (Object.keys(types) as IdxType[]).find((t) => types[t].code === code);
  if (type === undefined) {
    return fail('idx-magic', `${source}: not an IDX file: byte 2 is ${hex(bytes.subarray(2, 3))}, no element type`);
  }
  const length = 4 + 4 * rank;
  if (bytes.length < length) {
    return fail(
      'idx-truncated',
      `${source}: a header of ${rank} axes takes ${length} bytes, the file has ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  return E.right({ type, shape: Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i)), bytes: length });
}

/** From big-endian to little-endian elements, or back. */
function reverseEach(bytes: Uint8Array, width: number): void {
  if (width > 1) for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** A typed array of the big-endian elements in `bytes`. The result shares no memory with `bytes`, except for u8. */
function elements(type: IdxType, bytes: Uint8Array<ArrayBuffer>): IdxArrays[IdxType] {
  const width = types[type].bytes;
  if (type === 'u8') return bytes;
  const own = bytes.slice();
  reverseEach(own, width);
  switch (type) {
    case 'i8':
      return new Int8Array(own.buffer);
    case 'i16':
      return new Int16Array(own.buffer);
    case 'i32':
      return new Int32Array(own.buffer);
    case 'f32':
      return new Float32Array(own.buffer);
    case 'f64':
      return new Float64Array(own.buffer);
  }
}

/**
 * Reads an IDX file, the format of MNIST (http://yann.lecun.com/exdb/mnist/): a magic number that says element type and
 * rank, a big-endian size for each axis, then the elements, row-major and big-endian. `source` names the file in errors.
 *
 * @example
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1);
 * data.parseIdx(bytes, 'labels'); // E.right({ type: 'u8', shape: [3], data: [7, 2, 1] })
 * data.parseIdx(bytes.subarray(0, 9), 'labels')._tag; // 'Left'
 */
export function parseIdx(bytes: Uint8Array<ArrayBuffer>, source: string): E.Either<IdxError, IdxArray> {
  const header = parseHeader(bytes, source);
  if (E.isLeft(header)) return header;
  const { type, shape, bytes: start } = header.right;
  const need = start + product(shape) * types[type].bytes;
  if (bytes.length !== need) {
    const code = bytes.length < need ? 'idx-truncated' : 'idx-trailing';
    const verdict = bytes.length < need ? 'it is truncated' : 'it has too many';
    return fail(
      code,
      `${source}: ${type}[${shape.join(',')}] takes ${need} bytes, the file has ${bytes.length}: ${verdict}`,
    );
  }
  return E.right({ type, shape, data: elements(type, bytes.subarray(start)) });
}

/**
 * As {@link parseIdx}, of a file that must hold a certain type and rank.
 *
 * @example
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1);
 * data.parseIdxAs(bytes, 'labels', { type: 'u8', rank: 1, what: 'labels' })._tag; // 'Right'
 * data.parseIdxAs(bytes, 'labels', { type: 'u8', rank: 3, what: 'images' })._tag; // 'Left'
 */
export function parseIdxAs<T extends IdxType>(
  bytes: Uint8Array<ArrayBuffer>,
  source: string,
  { type, rank, what }: IdxExpectation<T>,
): E.Either<IdxError, IdxArray<T>> {
  const header = parseHeader(bytes, source);
  if (E.isLeft(header)) return header;
  const found = `${header.right.type} of rank ${header.right.shape.length}`;
  if (header.right.type !== type) return fail('idx-type', `${source}: ${what} are ${type}, this file holds ${found}`);
  if (header.right.shape.length !== rank) {
    return fail('idx-rank', `${source}: ${what} are ${type} of rank ${rank}, this file holds ${found}`);
  }
  return E.map((array: IdxArray) => array as IdxArray<T>)(parseIdx(bytes, source));
}
