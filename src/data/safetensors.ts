import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DType } from '../kernel/dtype.ts';
import { storedBytes } from '../kernel/dtype.ts';
import { bytesInMemory, fromMemory } from '../kernel/half.ts';
import { product } from '../util/array.ts';
import type { PullbackError } from '../util/error.ts';
import { SafetensorsError } from './errors.ts';
import { writeBytes } from './files.ts';
import type { HostTensor, Tensors } from './host-tensor.ts';
import { fitsTensor } from './host-tensor.ts';
import { platform } from './platform.ts';
import { narrowed, widened } from './wide.ts';
import { orThrow, runOrThrow } from './throwing.ts';

/** What a safetensors file holds. */
export interface TensorFile {
  readonly tensors: Tensors;
  /** Free text about the file, by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The dtypes' names, in the order in which the format's own library puts tensors into files. */
const names = {
  f64: 'F64', f32: 'F32', u32: 'U32', i32: 'I32', f16: 'F16', u16: 'U16', i16: 'I16', i8: 'I8', u8: 'U8', bool: 'BOOL',
} as const satisfies Record<DType, string>; // prettier-ignore
const rank = new Map((Object.keys(names) as DType[]).map((dtype, i) => [dtype, i]));

/** How the elements of a tensor are stored, and what they become here. */
interface Stored {
  readonly dtype: DType;
  readonly bytes: number;
  /** What there is no dtype for: bfloat16 becomes f32, 64-bit integers become 32-bit ones if they fit. */
  readonly as?: 'bf16' | 'i64' | 'u64';
}

const storedAs = new Map<unknown, Stored>([
  ...(Object.keys(names) as DType[]).map((dtype) => [names[dtype], { dtype, bytes: storedBytes(dtype) }] as const),
  ['BF16', { dtype: 'f32', bytes: 2, as: 'bf16' }],
  ['I64', { dtype: 'i32', bytes: 8, as: 'i64' }],
  ['U64', { dtype: 'u32', bytes: 8, as: 'u64' }],
]);

const lengthBytes = 8;
const metadataKey = '__metadata__';
/** The format's own bound on the header, against files that ask for absurd allocations. */
const maxHeaderBytes = 100_000_000;

type Result<A> = E.Either<SafetensorsError, A>;
type Code = `safetensors-${'truncated' | 'header' | 'dtype' | 'layout' | 'range'}`;
const fail = (code: Code, text: string): Result<never> => E.left(new SafetensorsError(code, text));

// ---------------------------------------------------------------------------------------------------------------------
// encoding
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The bytes of a safetensors file (https://github.com/huggingface/safetensors): the header's length in 8 little-endian
 * bytes, a JSON header with each tensor's dtype, shape and place, then the elements, little-endian. Widest elements come
 * first and the header is padded to 8 bytes, so that every tensor is aligned; equal contents give equal bytes, the same that
 * the format's own library writes.
 *
 * Throws a {@link SafetensorsError} for a tensor whose data does not fit its dtype and shape, and for a reserved name.
 *
 * @example
 * const w = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = data.encodeSafetensors({ tensors: { w }, metadata: { format: 'pt' } });
 */
export function encodeSafetensors(file: TensorFile): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(file.tensors).sort(([a, x], [b, y]) => {
    const place = (rank.get(x.dtype) ?? 0) - (rank.get(y.dtype) ?? 0);
    return place !== 0 ? place : a < b ? -1 : 1;
  });
  const header: [string, unknown][] = [];
  if (Object.keys(file.metadata).length > 0) header.push([metadataKey, file.metadata]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    const misfit = checkTensor(name, { dtype, shape, data });
    if (misfit !== null) throw misfit;
    const start = end;
    end += data.length * storedBytes(dtype);
    header.push([name, { dtype: names[dtype], shape, data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(lengthBytes + headerBytes + end).fill(0x20, lengthBytes, lengthBytes + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, lengthBytes);
  let offset = lengthBytes + headerBytes;
  for (const [, { dtype, data }] of entries) {
    bytes.set(bytesInMemory(dtype, data), offset);
    offset += data.length * storedBytes(dtype);
  }
  return bytes;
}

function checkTensor(name: string, tensor: HostTensor): SafetensorsError | null {
  if (name === metadataKey) {
    return new SafetensorsError(
      'safetensors-layout',
      `a tensor can't be called ${metadataKey}: the format reserves that`,
    );
  }
  if (fitsTensor(tensor)) return null;
  const { dtype, shape, data } = tensor;
  const text = `tensor ${name}: ${dtype}[${shape.join(',')}] does not hold ${data.length} elements of a ${data.constructor.name}`;
  return new SafetensorsError('safetensors-layout', text);
}

// ---------------------------------------------------------------------------------------------------------------------
// decoding
// ---------------------------------------------------------------------------------------------------------------------

interface Entry {
  readonly name: string;
  readonly stored: Stored;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the bytes of a safetensors file, checking all of it. `source` names the file in errors.
 *
 * @example
 * const w = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = data.encodeSafetensors({ tensors: { w }, metadata: {} });
 * data.decodeSafetensors(bytes, 'w')._tag; // 'Right'
 * data.decodeSafetensors(bytes.slice(0, -1), 'w')._tag; // 'Left'
 */
export function decodeSafetensors(bytes: Uint8Array<ArrayBuffer>, source: string): Result<TensorFile> {
  return pipe(
    E.Do,
    E.bind('header', () => parseHeader(bytes, source)),
    E.bind('entries', ({ header }) => parseEntries(header.record, source)),
    E.bind('metadata', ({ header }) => parseMetadata(header.record, source)),
    E.flatMap(({ header, entries, metadata }) => {
      const body = bytes.subarray(header.end);
      return pipe(
        checkLayout(entries, body.length, source),
        E.flatMap(() => E.traverseArray((entry: Entry) => tensorOf(entry, body, source))(entries)),
        E.map((tensors) => ({ tensors: Object.fromEntries(tensors), metadata })),
      );
    }),
  );
}

function parseHeader(
  bytes: Uint8Array<ArrayBuffer>,
  source: string,
): Result<{ readonly record: Readonly<Record<string, unknown>>; readonly end: number }> {
  if (bytes.length < lengthBytes) {
    return fail(
      'safetensors-truncated',
      `${source}: a safetensors file has 8 bytes at least, this one ${bytes.length}`,
    );
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > maxHeaderBytes) {
    return fail('safetensors-header', `${source}: not a safetensors file: its header would be ${length} bytes long`);
  }
  const end = lengthBytes + length;
  if (end > bytes.length) {
    const text = `${source}: the header ends at byte ${end}, the file at ${bytes.length}: it is truncated`;
    return fail('safetensors-truncated', text);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(lengthBytes, end));
    const record: unknown = JSON.parse(text);
    if (isRecord(record)) return E.right({ record, end });
  } catch {
    return fail('safetensors-header', `${source}: not a safetensors file: its header is not JSON`);
  }
  return fail('safetensors-header', `${source}: not a safetensors file: its header is not a JSON object`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

function parseEntries(header: Readonly<Record<string, unknown>>, source: string): Result<readonly Entry[]> {
  return pipe(
    Object.entries(header).filter(([name]) => name !== metadataKey),
    E.traverseArray(([name, entry]) => parseEntry(name, entry, source)),
  );
}

function parseEntry(name: string, entry: unknown, source: string): Result<Entry> {
  const where = `${source}: tensor ${JSON.stringify(name)}`;
  if (!isRecord(entry)) return fail('safetensors-header', `${where}: its header entry is not an object`);
  const { dtype: dtypeName, shape, data_offsets: offsets } = entry;
  const stored = storedAs.get(dtypeName);
  if (stored === undefined) {
    const known = [...storedAs.keys()].join(', ');
    return fail('safetensors-dtype', `${where} has dtype ${String(dtypeName)}; dtypes that can be read are ${known}`);
  }
  if (!isSizes(shape)) return fail('safetensors-header', `${where}: its shape is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail('safetensors-header', `${where}: its data_offsets are not a pair of sizes`);
  }
  const [start = 0, end = 0] = offsets;
  const need = product(shape) * stored.bytes;
  if (end - start === need) return E.right({ name, stored, shape, start, end });
  const text = `${where}: ${String(dtypeName)}[${shape.join(',')}] takes ${need} bytes, its data_offsets span ${end - start}`;
  return fail('safetensors-layout', text);
}

function parseMetadata(header: Readonly<Record<string, unknown>>, source: string): Result<TensorFile['metadata']> {
  const metadata = header[metadataKey] ?? {};
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (isRecord(metadata) && Object.values(metadata).every(isText)) return E.right(metadata as Record<string, string>);
  return fail('safetensors-header', `${source}: ${metadataKey} is not an object of strings`);
}

/** The tensors must fill the body without holes or overlaps: so the format says, so that nothing can hide in between. */
function checkLayout(entries: readonly Entry[], bodyBytes: number, source: string): Result<void> {
  let end = 0;
  for (const entry of [...entries].sort((a, b) => (a.start === b.start ? a.end - b.end : a.start - b.start))) {
    if (entry.start !== end) {
      const text = `${source}: tensor ${JSON.stringify(entry.name)} starts at byte ${entry.start} of the data, not at ${end}`;
      return fail('safetensors-layout', text);
    }
    end = entry.end;
  }
  if (end === bodyBytes) return E.right(undefined);
  const code = end > bodyBytes ? 'safetensors-truncated' : 'safetensors-layout';
  const verdict = end > bodyBytes ? 'it is truncated' : 'there are bytes that no tensor owns';
  return fail(code, `${source}: its tensors take ${end} bytes, the file has ${bodyBytes} for them: ${verdict}`);
}

/** Copies the elements out, since a view would have to be aligned and would keep the whole file alive. */
function tensorOf(
  { name, stored: { dtype, as }, shape, start, end }: Entry,
  body: Uint8Array,
  source: string,
): Result<readonly [string, HostTensor]> {
  const bytes = body.subarray(start, end);
  if (as === undefined) return E.right([name, { dtype, shape, data: fromMemory(dtype, bytes, product(shape)) }]);
  if (as === 'bf16') return E.right([name, { dtype, shape, data: widened(bytes) }]);
  const result = narrowed(bytes, shape, as === 'i64');
  if ('data' in result) return E.right([name, { dtype, shape, data: result.data }]);
  const text = `${source}: tensor ${JSON.stringify(name)} holds ${as}, for which there is ${dtype} here: element ${result.misfit}, ${result.value}, does not fit`;
  return fail('safetensors-range', text);
}

// ---------------------------------------------------------------------------------------------------------------------
// files
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Writes a safetensors file in one stroke: whoever reads it finds the old contents or the new, never a part.
 *
 * @example
 * const w = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * const written = await data.writeSafetensors('w.safetensors', { tensors: { w }, metadata: {} })();
 * written._tag; // 'Right'
 */
export const writeSafetensors = (path: string, file: TensorFile): TE.TaskEither<PullbackError, void> =>
  writeBytes(path, encodeSafetensors(file));

/**
 * Reads a safetensors file.
 *
 * @example
 * const read = await data.readSafetensors('nowhere.safetensors')(); // E.left(a FileError)
 * read._tag; // 'Left'
 */
export const readSafetensors = (path: string): TE.TaskEither<PullbackError, TensorFile> =>
  pipe(
    platform,
    TE.flatMap((files) => files.readFile(path)),
    TE.flatMapEither((bytes): E.Either<PullbackError, TensorFile> => decodeSafetensors(bytes, path)),
  );

/**
 * {@link writeSafetensors} that throws: a `FileError` where the file can't be written.
 *
 * @example
 * const w = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * await data.saveSafetensors('w.safetensors', { tensors: { w }, metadata: {} });
 */
export async function saveSafetensors(path: string, file: TensorFile): Promise<void> {
  orThrow(await writeSafetensors(path, file)());
}

/**
 * {@link readSafetensors} that throws: a `FileError`, or a {@link SafetensorsError} for a damaged file.
 *
 * @example
 * const w = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * await data.saveSafetensors('w.safetensors', { tensors: { w }, metadata: {} });
 * const { tensors } = await data.loadSafetensors('w.safetensors');
 * [...(tensors['w']?.data ?? [])]; // [1, 2]
 */
export const loadSafetensors = (path: string): Promise<TensorFile> => runOrThrow(readSafetensors(path));
