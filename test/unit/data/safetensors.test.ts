import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostTensor } from '../../../src/data/host-tensor.ts';
import type { TensorFile } from '../../../src/data/safetensors.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  loadSafetensors,
  saveSafetensors,
} from '../../../src/data/safetensors.ts';
import { safetensorsBytes } from './bytes.ts';
import { bitsOf, tensors } from './tensors.ts';

const name = fc.string({ unit: 'grapheme' }).filter((s) => s !== '__metadata__');
const tensorFile: fc.Arbitrary<TensorFile> = fc.record({
  tensors: fc.dictionary(name, tensors, { maxKeys: 5 }),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
});

/** The contents bit for bit, so that NaN payloads and −0 count. */
const bits = ({ tensors, metadata }: TensorFile): unknown => ({
  metadata: Object.entries(metadata).sort(),
  tensors: Object.entries(tensors)
    .map(([key, tensor]) => [key, bitsOf(tensor)])
    .sort(),
});

describe('the format', () => {
  test('decode undoes encode, bit for bit', () => {
    fc.assert(
      fc.property(tensorFile, (file) => {
        const decoded = decodeSafetensors(encodeSafetensors(file), 'f');
        expect(E.isRight(decoded) && bits(decoded.right)).toEqual(bits(file));
      }),
    );
  });

  test('tensors are aligned, and equal contents give equal bytes whatever their order', () => {
    const a: HostTensor = { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) };
    const b: HostTensor = { dtype: 'f64', shape: [], data: Float64Array.of(0.5) };
    const bytes = encodeSafetensors({ tensors: { a, b }, metadata: { format: 'x' } });
    expect(bytes).toEqual(encodeSafetensors({ tensors: { b, a }, metadata: { format: 'x' } }));
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))).toEqual({
      __metadata__: { format: 'x' },
      b: { dtype: 'F64', shape: [], data_offsets: [0, 8] },
      a: { dtype: 'BOOL', shape: [3], data_offsets: [8, 11] },
    });
  });

  test('any cut of a file is refused', () => {
    const whole = encodeSafetensors({
      tensors: { w: { dtype: 'f32', shape: [2], data: Float32Array.of(1, 2) } },
      metadata: {},
    });
    for (let length = 0; length < whole.length; length++) {
      const decoded = decodeSafetensors(whole.slice(0, length), 'f');
      expect(E.isLeft(decoded) && decoded.left.code).toBe('safetensors-truncated');
    }
  });

  const entry = (fields: string): string => `{"w":{${fields}}}`;
  test.each([
    ['no JSON', safetensorsBytes('{'), 'safetensors-header', 'f: not a safetensors file: its header is not JSON'],
    [
      'no object',
      safetensorsBytes('[]'),
      'safetensors-header',
      'f: not a safetensors file: its header is not a JSON object',
    ],
    [
      'an absurd header',
      Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0),
      'safetensors-header',
      'f: not a safetensors file: its header would be 1099511627776 bytes long',
    ],
    [
      'float8',
      safetensorsBytes(entry('"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]'), [0]),
      'safetensors-dtype',
      'f: tensor "w" has dtype F8_E4M3; dtypes that can be read are F64, F32, U32, I32, F16, U16, I16, I8, U8, BOOL, BF16, I64, U64',
    ],
    [
      'an integer that does not fit 32 bits',
      safetensorsBytes(entry('"dtype":"I64","shape":[1],"data_offsets":[0,8]'), [0, 0, 0, 0, 1, 0, 0, 0]),
      'safetensors-range',
      'f: tensor "w" holds i64, for which there is i32 here: element 0, 4294967296, does not fit',
    ],
    [
      'a negative size',
      safetensorsBytes(entry('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), [0, 0, 0, 0]),
      'safetensors-header',
      'f: tensor "w": its shape is not a list of sizes',
    ],
    [
      'no offsets',
      safetensorsBytes(entry('"dtype":"F32","shape":[1]'), [0, 0, 0, 0]),
      'safetensors-header',
      'f: tensor "w": its data_offsets are not a pair of sizes',
    ],
    [
      'offsets that do not fit the shape',
      safetensorsBytes(entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), [0, 0, 0, 0]),
      'safetensors-layout',
      'f: tensor "w": F32[2] takes 8 bytes, its data_offsets span 4',
    ],
    [
      'a hole',
      safetensorsBytes(entry('"dtype":"F32","shape":[1],"data_offsets":[1,5]'), [0, 0, 0, 0, 0]),
      'safetensors-layout',
      'f: tensor "w" starts at byte 1 of the data, not at 0',
    ],
    [
      'bytes at the end',
      safetensorsBytes('{}', [0]),
      'safetensors-layout',
      'f: its tensors take 0 bytes, the file has 1 for them: there are bytes that no tensor owns',
    ],
    [
      'metadata that is no text',
      safetensorsBytes('{"__metadata__":{"step":1}}'),
      'safetensors-header',
      'f: __metadata__ is not an object of strings',
    ],
  ])('refuses %s', (_, bytes, code, message) => {
    expect(decodeSafetensors(bytes, 'f')).toEqual(E.left(expect.objectContaining({ code, message }) as unknown));
  });

  test('refuses to write what would not be read', () => {
    const data = Float32Array.of(1, 2);
    expect(() => encodeSafetensors({ tensors: { w: { dtype: 'f32', shape: [3], data } }, metadata: {} })).toThrow(
      'tensor w: f32[3] does not hold 2 elements of a Float32Array',
    );
    expect(() => encodeSafetensors({ tensors: { w: { dtype: 'i32', shape: [2], data } }, metadata: {} })).toThrow(
      'tensor w: i32[2] does not hold 2 elements of a Float32Array',
    );
    expect(() =>
      encodeSafetensors({ tensors: { __metadata__: { dtype: 'f32', shape: [2], data } }, metadata: {} }),
    ).toThrow("a tensor can't be called __metadata__");
  });
});

describe('files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pullback-safetensors-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const file = (value: number): TensorFile => ({
    tensors: { w: { dtype: 'f32', shape: [1], data: Float32Array.of(value) } },
    metadata: { model: 'cnn' },
  });

  test('what was saved is loaded, a later save replaces it, and nothing else is left in the folder', async () => {
    const path = join(folder, 'w.safetensors');
    await saveSafetensors(path, file(1));
    await saveSafetensors(path, file(2));
    expect(await loadSafetensors(path)).toEqual(file(2));
    expect(await readdir(folder)).toEqual(['w.safetensors']);
  });

  test('files that can be neither written nor read are named, with the reason', async () => {
    const missing = join(folder, 'nowhere', 'w.safetensors');
    await expect(saveSafetensors(missing, file(1))).rejects.toThrow(`cannot write ${missing}: no such file or folder`);
    await expect(loadSafetensors(missing)).rejects.toThrow(`cannot read ${missing}: no such file or folder`);
    await expect(loadSafetensors(folder)).rejects.toThrow(`cannot read ${folder}: it is a folder`);
  });

  test('a damaged file is named', async () => {
    const path = join(folder, 'w.safetensors');
    await writeFile(path, 'short');
    await expect(loadSafetensors(path)).rejects.toThrow(`${path}: a safetensors file has 8 bytes at least, this one 5`);
  });
});
