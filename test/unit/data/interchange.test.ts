import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../../src/data/index.ts';
import { decodeNpy, decodeNpz, decodeSafetensors, encodeNpy, encodeSafetensors } from '../../../src/data/index.ts';
import { dtypes } from '../../../src/kernel/dtype.ts';

/** Files that NumPy and safetensors wrote (tools/interchange/fixtures.py), and `expected.json`, which says what they hold. */
const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));

interface Expected {
  readonly shape: readonly number[];
  readonly values: readonly (number | boolean | string)[];
}
const expected = JSON.parse(new TextDecoder().decode(fixture('expected.json'))) as Readonly<Record<string, Expected>>;

/** Every dtype, a scalar, an array without elements. */
const all = [...dtypes, 'scalar', 'empty'];
const dtypeOf = (name: string): string => (name === 'scalar' || name === 'empty' ? 'f32' : name);

const right = <A>(result: E.Either<Error, A>): A => {
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

/** Is it what the other program says? */
function check(tensor: HostTensor | undefined, name: string, dtype: string): void {
  const { shape, values } = expected[name] as Expected;
  expect(tensor).toMatchObject({ dtype, shape });
  // What JSON has no numbers for is text there: nan, -inf, -0.0.
  const numbers = values.map((x) => (typeof x === 'string' ? Number(x.replace('inf', 'Infinity')) : Number(x)));
  expect([...(tensor as HostTensor).data]).toEqual(numbers);
}

describe('NumPy', () => {
  test.each(all)('%s.npy is read, and written as it was', (name) => {
    const bytes = fixture(`${name}.npy`);
    const tensor = right(decodeNpy(bytes, name));
    check(tensor, name, dtypeOf(name));
    expect(encodeNpy(tensor)).toEqual(bytes);
  });

  test.each([
    ['fortran', 'i16'],
    ['big', 'i32'],
    ['bigFloat', 'f64'],
    ['i64', 'i32'],
    ['u64', 'u32'],
  ])('%s.npy is read as %s', (name, dtype) => {
    check(right(decodeNpy(fixture(`${name}.npy`), name)), name, dtype);
  });

  test('wide.npy, which has an integer above 32 bits, is refused', () => {
    const message = 'f holds i64, for which there is i32 here: element 1, 2147483648, does not fit';
    expect(decodeNpy(fixture('wide.npy'), 'f')).toEqual(
      E.left(expect.objectContaining({ code: 'npy-range', message }) as unknown),
    );
  });

  test.each(['stored', 'deflated'])('%s.npz is read', async (file) => {
    const { long, ...tensors } = right(await decodeNpz(fixture(`${file}.npz`), file)());
    expect(Object.keys(tensors)).toEqual(expect.arrayContaining(all));
    for (const name of all) check(tensors[name], name, dtypeOf(name));
    expect(long?.data).toEqual(file === 'stored' ? undefined : new Uint8Array(5000));
  });
});

describe('safetensors', () => {
  test('all.safetensors is read, and written as it was', () => {
    const bytes = fixture('all.safetensors');
    const file = right(decodeSafetensors(bytes, 'all'));
    expect(Object.keys(file.tensors).sort()).toEqual([...all].sort());
    for (const name of all) check(file.tensors[name], name, dtypeOf(name));
    expect(file.metadata).toEqual({ 'made by': 'safetensors' });
    expect(encodeSafetensors(file)).toEqual(bytes);
  });

  test('bfloat16 and 64-bit integers are read as what they fit in', () => {
    const { tensors } = right(decodeSafetensors(fixture('foreign.safetensors'), 'foreign'));
    check(tensors.bf16, 'bf16', 'f32');
    check(tensors.i64, 'i64', 'i32');
    check(tensors.u64, 'u64', 'u32');
  });
});
