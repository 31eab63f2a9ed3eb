import * as fc from 'fast-check';
import type { HostTensor } from '../../../src/data/index.ts';
import { dtypes, storedBytes } from '../../../src/kernel/dtype.ts';
import { fromMemory } from '../../../src/kernel/half.ts';

/** Tensors of any dtype and bits. */
export const tensors: fc.Arbitrary<HostTensor> = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const bytes = length * storedBytes(dtype);
    return fc.uint8Array({ minLength: bytes, maxLength: bytes, max: dtype === 'bool' ? 1 : 255 }).map((raw) => {
      return { dtype, shape, data: fromMemory(dtype, raw, length) };
    });
  });

/** A tensor bit for bit, so that NaN payloads and −0 count. */
export const bitsOf = ({ dtype, shape, data }: HostTensor): unknown => [
  dtype,
  shape,
  [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
];

/** All that a file is when its end is missing. */
export const cutAt = (whole: Uint8Array<ArrayBuffer>): readonly Uint8Array<ArrayBuffer>[] =>
  Array.from(whole, (_, length) => whole.slice(0, length));

/** The codes of a text's characters. */
export const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));
