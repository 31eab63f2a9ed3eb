import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DType, HostArray } from '../kernel/dtype.ts';
import { storedBytes } from '../kernel/dtype.ts';
import { bytesInMemory, fromMemory } from '../kernel/half.ts';
import { product } from '../util/array.ts';
import type { PullbackError } from '../util/error.ts';
import { NpyError } from './errors.ts';
import { writeBytes } from './files.ts';
import { fitsTensor } from './host-tensor.ts';
import type { HostTensor } from './host-tensor.ts';
import { platform } from './platform.ts';
import { runOrThrow } from './throwing.ts';
import { narrowed } from './wide.ts';

/**
 * NumPy's format for one array (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic number and
 * version, a header that is a Python dictionary with dtype, order and shape, then the elements.
 */

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;

const descriptions = {
  bool: '|b1', i8: '|i1', u8: '|u1', i16: '<i2', u16: '<u2', i32: '<i4', u32: '<u4', f16: '<f2', f32: '<f4', f64: '<f8',
} as const satisfies Record<DType, string>; // prettier-ignore

/** By kind and width, without the byte order. */
const dtypeOf = new Map((Object.keys(descriptions) as DType[]).map((dtype) => [descriptions[dtype].slice(1), dtype]));

type Result<A> = E.Either<NpyError, A>;
type Code = `npy-${'truncated' | 'header' | 'dtype' | 'layout' | 'range'}`;
const fail = (code: Code, text: string): Result<never> => E.left(new NpyError(code, text));

// ---------------------------------------------------------------------------------------------------------------------
// encoding
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The bytes of an `.npy` file, the same that `numpy.save` writes: a header of 128 bytes (or more, for long shapes), then the
 * elements.
 *
 * @throws NpyError for a tensor whose data does not fit its dtype and shape.
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * data.encodeNpy(x).length; // 136
 */
export function encodeNpy(tensor: HostTensor): Uint8Array<ArrayBuffer> {
  const { dtype, shape, data } = tensor;
  if (!fitsTensor(tensor)) {
    const text = `${dtype}[${shape.join(',')}] does not hold ${data.length} elements of a ${data.constructor.name}`;
    throw new NpyError('npy-layout', text);
  }
  const extents = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': ${extents}, }`;
  // NumPy leaves room for a longer first axis, and fills up to a multiple of 64 bytes with at least one space.
  const room = text + ' '.repeat(shape.length === 0 ? 0 : 21 - String(shape[0]).length);
  const header = `${room}${' '.repeat(64 - ((11 + room.length) % 64))}\n`;
  const start = 10 + header.length;
  const file = new Uint8Array(start + product(shape) * storedBytes(dtype));
  file.set([...magic, 1, 0]);
  new DataView(file.buffer).setUint16(8, header.length, true);
  file.set(new TextEncoder().encode(header), 10);
  file.set(bytesInMemory(dtype, data), start);
  return file;
}

// ---------------------------------------------------------------------------------------------------------------------
// decoding
// ---------------------------------------------------------------------------------------------------------------------

interface Header {
  /** As in `<f4`. */
  readonly description: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly end: number;
}

/** How the elements lie in the file. */
interface Stored {
  readonly dtype: DType | 'i64' | 'u64';
  readonly bytes: number;
  readonly bigEndian: boolean;
}

/**
 * Reads the bytes of an `.npy` file: any of pullback's dtypes in either byte order, in C or Fortran order; 64-bit integers
 * become 32-bit ones if they fit. `source` names the file in errors.
 *
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * data.decodeNpy(data.encodeNpy(x), 'x.npy'); // E.right(x)
 */
export function decodeNpy(bytes: Uint8Array<ArrayBuffer>, source: string): Result<HostTensor> {
  return pipe(
    E.Do,
    E.bind('header', () => parseHeader(bytes, source)),
    E.bind('stored', ({ header }) => storedAs(header.description, source)),
    E.flatMap(({ header, stored }) => {
      const need = header.end + product(header.shape) * stored.bytes;
      if (need !== bytes.length) {
        const verdict = bytes.length < need ? 'it is truncated' : 'it has too many';
        const text = `${source}: ${stored.dtype}[${header.shape.join(',')}] takes ${need} bytes, the file has ${bytes.length}: ${verdict}`;
        return fail(bytes.length < need ? 'npy-truncated' : 'npy-layout', text);
      }
      return elements(bytes.subarray(header.end), header, stored, source);
    }),
  );
}

function parseHeader(bytes: Uint8Array<ArrayBuffer>, source: string): Result<Header> {
  if (bytes.length < 10) {
    return fail('npy-truncated', `${source}: an npy file starts with 10 bytes, this one ends after ${bytes.length}`);
  }
  if (magic.some((byte, i) => bytes[i] !== byte)) {
    return fail('npy-header', `${source}: not an npy file: it does not start with the bytes 93 4e 55 4d 50 59`);
  }
  const [version = 0] = bytes.subarray(6);
  if (version < 1 || version > 3) {
    return fail('npy-header', `${source}: an npy file of version ${version}; versions that can be read are 1, 2, 3`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) return fail('npy-truncated', `${source}: the file ends before the length of its header`);
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) {
    const text = `${source}: the header ends at byte ${end}, the file at ${bytes.length}: it is truncated`;
    return fail('npy-truncated', text);
  }
  const header = parseDictionary(new TextDecoder().decode(bytes.subarray(start, end)));
  if (header !== null) return E.right({ ...header, end });
  return fail('npy-header', `${source}: its header is not a dictionary with a simple descr, fortran_order and shape`);
}

const entry = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([\d\s,]*)\))\s*(?:,|(?=\}))/y;

/** The dictionary that NumPy writes, its keys in any order. */
function parseDictionary(text: string): Omit<Header, 'end'> | null {
  const body = /^\s*\{/.exec(text);
  if (body === null) return null;
  let description: string | null = null;
  let fortranOrder: boolean | null = null;
  let shape: readonly number[] | null = null;
  let next = body[0].length;
  for (;;) {
    entry.lastIndex = next;
    const match = entry.exec(text);
    if (match === null) break;
    const [whole, key, quoted, truth, extents] = match;
    next += whole.length;
    if (key === 'descr' && quoted !== undefined) description = quoted;
    else if (key === 'fortran_order' && truth !== undefined) fortranOrder = truth === 'True';
    else if (key === 'shape' && extents !== undefined) shape = parseShape(extents);
    else return null;
  }
  if (!/^\s*\}\s*$/.test(text.slice(next))) return null;
  return description === null || fortranOrder === null || shape === null ? null : { description, fortranOrder, shape };
}

/** The numbers of a tuple: `3, 4`, or `3,` of one. */
function parseShape(extents: string): readonly number[] | null {
  const parts = extents.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  const numbers = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
  return numbers.every(Number.isSafeInteger) && Number.isSafeInteger(product(numbers)) ? numbers : null;
}

function storedAs(description: string, source: string): Result<Stored> {
  const [order, kind] = [description.slice(0, 1), description.slice(1)];
  const bytes = Number(kind.slice(1));
  const dtype = kind === 'i8' ? 'i64' : kind === 'u8' ? 'u64' : dtypeOf.get(kind);
  // One byte has no order, and is written with a bar.
  if (dtype !== undefined && (bytes === 1 ? '|<>='.includes(order) : '<>='.includes(order))) {
    return E.right({ dtype, bytes, bigEndian: order === '>' });
  }
  const known = [...dtypeOf.keys(), 'i8', 'u8'].join(', ');
  return fail(
    'npy-dtype',
    `${source} has dtype ${description}; dtypes that can be read are ${known} in either byte order`,
  );
}

function elements(
  body: Uint8Array,
  { shape, fortranOrder }: Header,
  { dtype, bytes, bigEndian }: Stored,
  source: string,
): Result<HostTensor> {
  const little = bigEndian ? reversedEach(body, bytes) : body;
  const made = inOrder(shape, fortranOrder);
  if (dtype !== 'i64' && dtype !== 'u64') {
    return E.right({ dtype, shape, data: made(fromMemory(dtype, little, product(shape))) });
  }
  const result = narrowed(little, shape, dtype === 'i64');
  const to = dtype === 'i64' ? 'i32' : 'u32';
  if ('data' in result) return E.right({ dtype: to, shape, data: made(result.data) });
  const text = `${source} holds ${dtype}, for which there is ${to} here: element ${result.misfit}, ${result.value}, does not fit`;
  return fail('npy-range', text);
}

function reversedEach(bytes: Uint8Array, width: number): Uint8Array {
  const own = bytes.slice();
  for (let i = 0; i < own.length; i += width) own.subarray(i, i + width).reverse();
  return own;
}

/** The elements row by row, of a file that has them column by column. */
const inOrder =
  (shape: readonly number[], fortranOrder: boolean) =>
  (data: HostArray): HostArray => {
    if (!fortranOrder || shape.length < 2) return data;
    const rows = data.slice();
    const strides = shape.map((_, d) => product(shape.slice(0, d)));
    const index = shape.map(() => 0);
    for (let i = 0; i < rows.length; i++) {
      rows[i] = data[index.reduce((sum, n, d) => sum + n * (strides[d] ?? 0), 0)] ?? 0;
      for (let d = shape.length - 1; d >= 0; d--) {
        index[d] = (index[d] ?? 0) + 1;
        if (index[d] !== shape[d]) break;
        index[d] = 0;
      }
    }
    return rows;
  };

// ---------------------------------------------------------------------------------------------------------------------
// files
// ---------------------------------------------------------------------------------------------------------------------

/**
 * {@link loadNpy} as a `TaskEither`.
 *
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * await data.saveNpy('x.npy', x);
 * const read = await data.readNpy('x.npy')(); // E.right(x)
 * read._tag; // 'Right'
 */
export const readNpy = (path: string): TE.TaskEither<PullbackError, HostTensor> =>
  pipe(
    platform,
    TE.flatMap((files) => files.readFile(path)),
    TE.flatMapEither((bytes): E.Either<PullbackError, HostTensor> => decodeNpy(bytes, path)),
  );

/**
 * Reads an `.npy` file, see {@link decodeNpy}.
 *
 * @throws FileError where it can't be read, NpyError for a damaged file.
 * @example
 * const x = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * await data.saveNpy('x.npy', x);
 * const { shape } = await data.loadNpy('x.npy');
 * shape; // [2]
 */
export const loadNpy = (path: string): Promise<HostTensor> => runOrThrow(readNpy(path));

/**
 * Writes an `.npy` file in one stroke: whoever reads it finds the old contents or the new.
 *
 * @throws FileError where it can't be written.
 * @example
 * await data.saveNpy('x.npy', { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) });
 */
export const saveNpy = async (path: string, tensor: HostTensor): Promise<void> =>
  runOrThrow(writeBytes(path, encodeNpy(tensor)));
