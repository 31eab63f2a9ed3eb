import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import type { IdxArray } from '../../../src/data/idx.ts';
import { encodeIdx, parseIdx, parseIdxAs } from '../../../src/data/idx.ts';
import { idxBytes } from './bytes.ts';

const parse = (...bytes: number[]): unknown => parseIdx(Uint8Array.from(bytes), 'f');
const failure = (code: string, message: string): unknown =>
  E.left(expect.objectContaining({ code, message }) as unknown);

describe('parseIdx', () => {
  test('reads every element type, big-endian', () => {
    expect(parse(0, 0, 0x08, 1, 0, 0, 0, 2, 1, 255)).toEqual(
      E.right({ type: 'u8', shape: [2], data: Uint8Array.of(1, 255) }),
    );
    expect(parse(0, 0, 0x09, 1, 0, 0, 0, 1, 255)).toEqual(E.right({ type: 'i8', shape: [1], data: Int8Array.of(-1) }));
    expect(parse(0, 0, 0x0b, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xff)).toEqual(
      E.right({ type: 'i16', shape: [2], data: Int16Array.of(258, -1) }),
    );
    expect(parse(0, 0, 0x0c, 1, 0, 0, 0, 1, 1, 2, 3, 4)).toEqual(
      E.right({ type: 'i32', shape: [1], data: Int32Array.of(0x01020304) }),
    );
    expect(parse(0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0)).toEqual(
      E.right({ type: 'f32', shape: [1], data: Float32Array.of(1) }),
    );
    expect(parse(0, 0, 0x0e, 1, 0, 0, 0, 1, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0)).toEqual(
      E.right({ type: 'f64', shape: [1], data: Float64Array.of(-1) }),
    );
  });

  test('reads any rank, zero-size axes included', () => {
    expect(parseIdx(idxBytes([2, 1, 2], [1, 2, 3, 4]), 'f')).toEqual(
      E.right({ type: 'u8', shape: [2, 1, 2], data: Uint8Array.of(1, 2, 3, 4) }),
    );
    expect(parseIdx(idxBytes([0, 3], []), 'f')).toEqual(E.right({ type: 'u8', shape: [0, 3], data: new Uint8Array() }));
    expect(parse(0, 0, 0x08, 0, 7)).toEqual(E.right({ type: 'u8', shape: [], data: Uint8Array.of(7) }));
  });

  test.each([
    ['nothing', [], 'idx-truncated', 'f: an IDX file starts with 4 bytes, this one ends after 0'],
    ['other magic', [1, 2, 3, 4], 'idx-magic', 'f: not an IDX file: starts with 01 02 03 04, not 00 00'],
    [
      'gzip',
      [0x1f, 0x8b, 8, 0],
      'idx-magic',
      'f: not an IDX file: starts with 1f 8b 08 00, not 00 00 (it is gzip-compressed: unpack it first)',
    ],
    ['unknown type', [0, 0, 0x0a, 1], 'idx-magic', 'f: not an IDX file: byte 2 is 0a, no element type'],
    ['half a header', [0, 0, 8, 2, 0, 0], 'idx-truncated', 'f: a header of 2 axes takes 12 bytes, the file has 6'],
    [
      'missing elements',
      [0, 0, 8, 1, 0, 0, 0, 3, 1, 2],
      'idx-truncated',
      'f: u8[3] takes 11 bytes, the file has 10: it is truncated',
    ],
    [
      'extra elements',
      [0, 0, 8, 1, 0, 0, 0, 1, 1, 2],
      'idx-trailing',
      'f: u8[1] takes 9 bytes, the file has 10: it has too many',
    ],
  ])('refuses %s', (_, bytes, code, message) => {
    expect(parse(...bytes)).toEqual(failure(code, message));
  });
});

describe('parseIdxAs', () => {
  const labels = { type: 'u8', rank: 1, what: 'labels' } as const;

  test('gives the array when it is what it should be', () => {
    expect(parseIdxAs(idxBytes([2], [3, 4]), 'f', labels)).toEqual(
      E.right({ type: 'u8', shape: [2], data: Uint8Array.of(3, 4) }),
    );
  });

  test('refuses another type or rank', () => {
    expect(parseIdxAs(Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), 'f', labels)).toEqual(
      failure('idx-type', 'f: labels are u8, this file holds f32 of rank 1'),
    );
    expect(parseIdxAs(idxBytes([1, 1, 1], [0]), 'f', labels)).toEqual(
      failure('idx-rank', 'f: labels are u8 of rank 1, this file holds u8 of rank 3'),
    );
  });
});

describe('encodeIdx', () => {
  const data = {
    u8: fc.uint8Array(),
    i8: fc.int8Array(),
    i16: fc.int16Array(),
    i32: fc.int32Array(),
    f32: fc.float32Array(),
    f64: fc.float64Array(),
  };
  const array = fc.constantFrom('u8', 'i8', 'i16', 'i32', 'f32', 'f64').chain((type) =>
    fc.tuple(data[type] as fc.Arbitrary<IdxArray['data']>, fc.boolean()).map(([data, flat]) => {
      return { type, shape: flat ? [data.length] : [1, data.length, 1], data };
    }),
  );

  test('is undone by parseIdx', () => {
    fc.assert(
      fc.property(array, (array) => {
        expect(parseIdx(encodeIdx(array), 'f')).toEqual(E.right(array));
      }),
    );
    expect(encodeIdx({ type: 'u8', shape: [1, 2], data: Uint8Array.of(7, 8) })).toEqual(idxBytes([1, 2], [7, 8]));
  });

  test('refuses what does not fit', () => {
    const raises = (message: string): Error => expect.objectContaining({ code: 'idx-layout', message }) as Error;
    expect(() => encodeIdx({ type: 'i16', shape: [3], data: Int16Array.of(1) })).toThrow(
      raises('i16[3] does not hold 1 elements of a Int16Array'),
    );
    expect(() => encodeIdx({ type: 'u8', shape: [0, 2 ** 32], data: new Uint8Array() })).toThrow(
      raises('an IDX file has no room for the shape [0,4294967296]'),
    );
  });
});
