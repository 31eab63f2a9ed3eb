import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostTensor } from '../../../src/data/index.ts';
import {
  decodeNpy,
  decodeNpz,
  encodeNpy,
  encodeNpz,
  loadNpy,
  loadNpz,
  saveNpy,
  saveNpz,
} from '../../../src/data/index.ts';
import { ascii, bitsOf, cutAt, tensors } from './tensors.ts';

const decoded = (tensor: HostTensor) => E.right(expect.objectContaining({ ...tensor }) as unknown);
const fails = (code: string, message: string) => E.left(expect.objectContaining({ code, message }) as unknown);

/** An npy file with this header, as it stands. */
const npy = (header: string, data: ArrayLike<number> = [], version = 1): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(
    0x93,
    ...ascii('NUMPY'),
    version,
    0,
    header.length & 255,
    header.length >> 8,
    ...ascii(header),
    ...Array.from(data),
  );

describe('npy', () => {
  test('decode undoes encode, bit for bit', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        const result = decodeNpy(encodeNpy(tensor), 'f');
        expect(E.isRight(result) && bitsOf(result.right)).toEqual(bitsOf(tensor));
      }),
    );
  });

  test('any cut of a file is refused', () => {
    const whole = encodeNpy({ dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) });
    for (const part of cutAt(whole)) {
      expect(decodeNpy(part, 'f')).toEqual(E.left(expect.objectContaining({ code: 'npy-truncated' })));
    }
  });

  test('reads headers in other forms', () => {
    const form = (header: string, version = 1): unknown => decodeNpy(npy(header, [1, 0, 2, 0], version), 'f');
    const two = decoded({ dtype: 'i16', shape: [2], data: Int16Array.of(1, 2) });
    expect(form("{'shape': (2,), 'descr': '<i2', 'fortran_order': False}")).toEqual(two);
    expect(form("{'shape':(2,),'descr':'=i2','fortran_order':True,}\n")).toEqual(two);
  });

  const header = (descr: string, order: string, shape: string): string =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const form = 'f: its header is not a dictionary with a simple descr, fortran_order and shape';
  const known = 'b1, i1, u1, i2, u2, i4, u4, f2, f4, f8, i8, u8 in either byte order';
  test.each([
    ['other bytes', Uint8Array.from(ascii('PK3456789012')), 'npy-header', 'f: not an npy file: it does not start with the bytes 93 4e 55 4d 50 59'],
    ['a new version', npy('', [], 4), 'npy-header', 'f: an npy file of version 4; versions that can be read are 1, 2, 3'],
    ['a structured dtype', npy(header("[('a', '<f4')]", 'False', '(1,)')), 'npy-header', form],
    ['a negative extent', npy(header("'<f4'", 'False', '(-1,)')), 'npy-header', form],
    ['an extent without bound', npy(header("'<f4'", 'False', `(${'9'.repeat(30)},)`)), 'npy-header', form],
    ['extents whose product has no bound', npy(header("'|u1'", 'False', `(${'9'.repeat(9)}, ${'9'.repeat(9)})`)), 'npy-header', form],
    ['code', npy("{'descr': __import__('os')}"), 'npy-header', form],
    ['no shape', npy("{'descr': '<f4', 'fortran_order': False}"), 'npy-header', form],
    ['text', npy(header("'<U3'", 'False', '(1,)')), 'npy-dtype', `f has dtype <U3; dtypes that can be read are ${known}`],
    ['complex numbers', npy(header("'<c8'", 'False', '(1,)')), 'npy-dtype', `f has dtype <c8; dtypes that can be read are ${known}`],
    ['missing elements', npy(header("'<f4'", 'False', '(1000000000,)'), [0]), 'npy-truncated', 'f: f32[1000000000] takes 4000000076 bytes, the file has 77: it is truncated'],
    ['extra elements', npy(header("'|u1'", 'False', '()'), [0, 1]), 'npy-layout', 'f: u8[] takes 66 bytes, the file has 67: it has too many'],
  ])('refuses %s', (_, bytes, code, message) => {
    expect(decodeNpy(bytes, 'f')).toEqual(fails(code, message));
  }); // prettier-ignore

  test('refuses to write what does not fit', () => {
    expect(() => encodeNpy({ dtype: 'i8', shape: [2], data: Int8Array.of(1) })).toThrow(
      'i8[2] does not hold 1 elements of a Int8Array',
    );
  });
});

describe('npz', () => {
  const names = fc.string({ unit: 'grapheme', maxLength: 4 });
  test.each([false, true])('decode undoes encode, compress %s', async (compress) => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, tensors, { maxKeys: 3 }), async (file) => {
        const bytes = await encodeNpz(file, { compress });
        expect(await encodeNpz(file, { compress })).toEqual(bytes);
        const result = await decodeNpz(bytes, 'f')();
        if (E.isLeft(result)) throw result.left;
        const told = (x: typeof file): unknown => Object.entries(x).map(([name, tensor]) => [name, bitsOf(tensor)]);
        expect(told(result.right)).toEqual(told(file));
      }),
      { numRuns: 30 },
    );
  });

  const w: HostTensor = { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) };
  const archive = (compress = false): Promise<Uint8Array<ArrayBuffer>> => encodeNpz({ w }, { compress });
  /** The archive with other bytes at a place counted from a header's beginning. */
  const altered = async (signature: readonly number[], at: number, bytes: readonly number[], compress = false) => {
    const whole = await archive(compress);
    const start = whole.findIndex((_, i) => signature.every((byte, j) => whole[i + j] === byte));
    whole.set(bytes, start + at);
    return whole;
  };
  const [local, central, end] = [[0x50, 0x4b, 3, 4], [0x50, 0x4b, 1, 2], [0x50, 0x4b, 5, 6]] as const; // prettier-ignore
  const noZip = 'f: not a zip archive, or one that is cut off: it has no directory at its end';

  test('any cut of a file is refused', async () => {
    for (const part of cutAt(await archive(true))) {
      expect(await decodeNpz(part, 'f')()).toEqual(fails('zip-format', noZip));
    }
  });

  test.each([
    ['an encrypted file', altered(central, 8, [1]), 'zip-unsupported', 'f: w.npy is encrypted'],
    ['another method', altered(central, 10, [93]), 'zip-unsupported', 'f: w.npy is packed by method 93, not stored or deflated'],
    ['a file above 4 GB', altered(central, 24, [255, 255, 255, 255]), 'zip-unsupported', 'f: w.npy is above 4 GB'],
    ['a size that can not be', altered(central, 24, [0, 0, 0, 255], true), 'zip-damaged', /^f: w\.npy can't have 4278190080 bytes, packed into \d+$/],
    ['another stored size', altered(central, 24, [135]), 'zip-damaged', "f: w.npy can't have 135 bytes, packed into 136"],
    ['a file beyond the end', altered(central, 42, [0, 1]), 'zip-truncated', 'f: w.npy reaches beyond the archive'],
    ['a directory elsewhere', altered(end, 16, [1]), 'zip-format', 'f: its directory is damaged: there is no entry 0 at byte 1'],
    ['more entries than there are', altered(end, 10, [2]), 'zip-format', /^f: its directory is damaged: there is no entry 1 at byte \d+$/],
    ['a file that begins elsewhere', altered(local, 0, [0]), 'zip-damaged', 'f: w.npy is damaged: it does not begin where it should'],
    ['another element', altered(local, 30 + 5 + 2 + 130, [9]), 'zip-damaged', 'f: w.npy is damaged: its check sum is another'],
    ['other packed bytes', altered(local, 30 + 7 + 3, [9, 9, 9], true), 'zip-damaged', 'f: w.npy is damaged: it does not unpack to what was packed'],
    ['another unpacked size', altered(central, 24, [137], true), 'zip-damaged', 'f: w.npy is damaged: it does not unpack to what was packed'],
  ])('refuses %s', async (_, bytes, code, message) => {
    const result = await decodeNpz(await bytes, 'f')();
    const matching: unknown = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(result).toEqual(E.left(expect.objectContaining({ code, message: matching })));
  }); // prettier-ignore

  test('says which array is damaged', async () => {
    const result = await decodeNpz(await altered([0x93], 0, [0]), 'f')();
    expect(E.isLeft(result) && result.left.message).toBe('f: w.npy is damaged: its check sum is another');
  });
});

describe('files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pullback-npy-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const tensor: HostTensor = { dtype: 'u8', shape: [3], data: Uint8Array.of(1, 2, 3) };

  test('are saved and loaded', async () => {
    await saveNpy(join(folder, 'a.npy'), tensor);
    expect(await loadNpy(join(folder, 'a.npy'))).toEqual(tensor);
    await saveNpz(join(folder, 'a.npz'), { tensor }, { compress: true });
    expect(await loadNpz(join(folder, 'a.npz'))).toEqual({ tensor });
    expect(new Uint8Array(await readFile(join(folder, 'a.npz')))).toEqual(
      await encodeNpz({ tensor }, { compress: true }),
    );
  });

  test('that are not there are told', async () => {
    const path = join(folder, 'b.npz');
    await expect(loadNpz(path)).rejects.toThrow(`cannot read ${path}: no such file or folder`);
  });
});
