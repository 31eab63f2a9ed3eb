import { describe, expect, test } from 'vitest';
import type { DType, NDArray } from '../../../src/index.ts';
import { defaultDevice, grad, jit, jvp, lax, numpy as np, random, vmap } from '../../../src/index.ts';
import { halfBits, halfNumber } from '../../../src/kernel/half.ts';
import { roundToHalf } from '../../../src/kernel/semantics.ts';

/** Half precision and integers of 8 and 16 bits, where a user meets them. What they compute is compared with JAX's elsewhere. */

const half = (x: number | readonly number[]): NDArray => np.array(x, { dtype: 'f16' });

describe('from and to the host', () => {
  test('typed arrays have the dtype that their type means', () => {
    const given: readonly (readonly [Parameters<typeof np.array>[0], DType])[] = [
      [Int8Array.of(-1, 2), 'i8'], [Uint8Array.of(1, 255), 'u8'], [Uint8ClampedArray.of(1, 255), 'u8'],
      [Int16Array.of(-300, 2), 'i16'], [Uint16Array.of(65535, 2), 'u16'], [Int32Array.of(-5, 2), 'i32'],
      [Uint32Array.of(5, 2), 'u32'], [Float32Array.of(0.5, 2), 'f32'], [Float64Array.of(0.1, 2), 'f64'],
    ]; // prettier-ignore
    for (const [x, dtype] of given) {
      const made = np.array(x);
      expect(made.dtype).toBe(dtype);
      expect(made.tolistSync()).toEqual(Array.from(x as Float64Array));
    }
    expect(np.array(Uint8Array.of(0, 1, 7), { dtype: 'bool' }).tolistSync()).toEqual([false, true, true]);
  });

  test('arrays of half precision are taken where the engine has them', () => {
    const Half = (globalThis as { readonly Float16Array?: new (x: readonly number[]) => Float32Array }).Float16Array;
    if (Half === undefined) return;
    expect(np.array(new Half([0.1, 2])).dtype).toBe('f16');
  });

  test('half precision is read as the very numbers', async () => {
    const x = half([0.1, 1 / 3, 65519, 65520, -0]);
    expect(await x.data()).toEqual(Float32Array.of(0.0999755859375, 0.333251953125, 65504, Infinity, -0));
    expect(await x.mul(1).data()).toEqual(await x.data());
    expect(half(0.1).itemSync()).toBe(0.0999755859375);
  });

  test('numbers that do not fit wrap around', () => {
    expect(np.array([300, -1], { dtype: 'u8' }).tolistSync()).toEqual([44, 255]);
    expect(np.array([1, 2], { dtype: 'i8' }).add(127).tolistSync()).toEqual([-128, -127]);
  });

  test('printing has as many digits as the dtype', () => {
    expect(String(half([1 / 3, 2, 1.5]))).toBe('[0.3333, 2, 1.5]');
    expect(String(np.array(Int8Array.of(1, -2)))).toBe('[1, -2]');
  });

  test('they take as much memory as they have bits', async () => {
    await np.ones([8]).data();
    const before = defaultDevice().memory().liveBytes;
    const [a, b, c] = ['i8', 'u16', 'f16'].map((dtype) => jit(() => np.ones([1024], { dtype: dtype as DType }))());
    expect(defaultDevice().memory().liveBytes - before).toBe(1024 * 5);
    expect([a, b, c].map((x) => x?.dtype)).toEqual(['i8', 'u16', 'f16']);
  }); // prettier-ignore
});

test('every number of half precision has its bits', () => {
  for (let bits = 0; bits < 2 ** 16; bits++) {
    const x = halfNumber(bits);
    if (Number.isNaN(x)) continue;
    expect(halfBits(x)).toBe(bits);
    expect(Object.is(roundToHalf(x), x)).toBe(true);
    // Half way to the next one is rounded to the even one of both; a little less and a little more to either.
    const next = halfNumber(bits + 1);
    if (bits % 0x8000 >= 0x7bff) continue;
    expect(halfBits((x + next) / 2)).toBe(bits % 2 === 0 ? bits : bits + 1);
    expect(halfBits(x + (next - x) * 0.499)).toBe(bits);
    expect(halfBits(x + (next - x) * 0.501)).toBe(bits + 1);
  }
});

test('the device rounds every number of half precision, and between them, as the host does', async () => {
  const x = Float32Array.from({ length: 3 * 0x7c00 }, (_, i) => {
    const [a, b] = [halfNumber(Math.floor(i / 3)), halfNumber(Math.floor(i / 3) + 1)];
    return a + ((b === Infinity ? 65536 : b) - a) * ([0, 0.5, 0.75][i % 3] as number);
  });
  const signed = np.array(x).mul(np.where(np.remainder(np.arange(x.length), 2).eq(0), 1, -1));
  const got = await jit((v: NDArray) => v.astype('f16'))(signed).data();
  const want = (await signed.data()).map((v: number) => roundToHalf(v));
  expect(got).toEqual(want);
  // From doubles too, which are not rounded to f32 in between.
  const close = np.array([1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -11, 1 + 3 * 2 ** -11 - 2 ** -40], { dtype: 'f64' });
  expect(jit((v: NDArray) => v.astype('f16'))(close).tolistSync()).toEqual([1 + 2 ** -10, 1, 1 + 2 ** -10]);
});

test('limits', () => {
  expect(np.finfo('f16')).toMatchObject({ bits: 16, eps: 2 ** -10, max: 65504, tiny: 2 ** -14, smallestSubnormal: 2 ** -24 });
  expect(np.iinfo('i8')).toEqual({ dtype: 'i8', bits: 8, min: -128, max: 127 });
  expect(np.iinfo('u16')).toEqual({ dtype: 'u16', bits: 16, min: 0, max: 65535 });
  expect(np.issubdtype('u8', 'unsignedinteger') && np.issubdtype('i16', 'signedinteger')).toBe(true);
  expect(np.issubdtype('f16', 'floating')).toBe(true);
}); // prettier-ignore

describe('transformations', () => {
  test('gradients flow through half precision, and have its dtype', () => {
    const f = (x: NDArray): NDArray => np.sin(x).mul(x).sum();
    const x = half([0.5, 1, -2]);
    const g = grad(f)(x);
    expect(g.dtype).toBe('f16');
    const exact = grad(f)(x.astype('f64')).tolistSync() as readonly number[];
    (g.tolistSync() as readonly number[]).forEach((v, i) => expect(v).toBeCloseTo(exact[i] as number, 2));
    expect(jvp(f, [x], [np.onesLike(x)]).map((y) => y.dtype)).toEqual(['f16', 'f16']);
    expect(grad((y: NDArray) => y.astype('f16').mul(3).astype('f32').sum())(np.ones([2])).dtype).toBe('f32');
  });
  test.each(['i8', 'u8', 'i16', 'u16'] as const)('%s has no gradient', (dtype) => {
    expect(() => grad((x: NDArray) => x.sum())(np.ones([2], { dtype }))).toThrow(dtype);
  });
  test('loops carry them', () => {
    const powers = (dtype: DType): unknown =>
      lax.scan((c: NDArray) => [c.mul(3), c] as const, np.array(1, { dtype }), null, { length: 7 })[1].tolistSync();
    expect(powers('i8')).toEqual([1, 3, 9, 27, 81, -13, -39]);
    expect(powers('u8')).toEqual([1, 3, 9, 27, 81, 243, 217]);
    expect(lax.foriLoop(0, 20, (_, c: NDArray) => c.mul(2), half(1)).itemSync()).toBe(Infinity);
    const third = lax.whileLoop((c) => c.lt(100), (c) => c.mul(1.1), half(1)); // prettier-ignore
    expect(third.dtype).toBe('f16');
  });
  test('fused or not, every operation rounds', () => {
    const f = (x: NDArray): NDArray => x.mul(x).add(0.001).sub(x.mul(x));
    const x = np.linspace(1, 60, 100, { dtype: 'f16' });
    expect(jit(f)(x).tolistSync()).toEqual(f(x).tolistSync());
    expect(vmap(f)(x).tolistSync()).toEqual(f(x).tolistSync());
  });
});

test('indices of narrow integers reach all of an axis', () => {
  const x = np.arange(1000);
  const i = np.array(Uint8Array.of(255, 3));
  expect(np.take(x, i).tolistSync()).toEqual([255, 3]);
  expect(x.slice(np.array(Int8Array.of(-1, 5))).tolistSync()).toEqual([999, 5]);
  expect(lax.dynamicSliceInDim(x, np.array(200, { dtype: 'u8' }), 2).tolistSync()).toEqual([200, 201]);
  expect(
    np
      .roll(x, np.array(Int8Array.of(-3)).slice(0))
      .slice(0)
      .itemSync(),
  ).toBe(3);
});

test('bits are drawn in the dtype', () => {
  const k = random.key(1);
  const words = random.bits(k, [5]).tolistSync() as readonly number[];
  expect(random.bits(k, [5], { dtype: 'u8' }).tolistSync()).toEqual(words.map((w) => w & 255));
  expect(() => random.bits(k, [5], { dtype: 'i8' })).toThrow('[random.bits] draws unsigned integers');
  expect(() => random.bits(k, [5], { dtype: 'uint8' as never })).toThrow('u8, u16 or u32, got "uint8"');
  expect(() => random.randint(k, [5], 0, 9, { dtype: 'u8' } as never)).toThrow(
    '[random.randint] draws integers: dtype must be one of i8, u8, i16, u16, i32, u32, got {"dtype":"u8"}',
  );
});
