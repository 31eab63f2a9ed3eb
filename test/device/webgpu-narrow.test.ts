import { describe, expect, test } from 'vitest';
import type { DType, NDArray } from '../../src/index.ts';
import { grad, jit, lax, nn, numpy as np, random, UnsupportedOnDeviceError } from '../../src/index.ts';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import { assertAllclose } from '../../src/testing/index.ts';

/** Dtypes that are stored in fewer bits than they are computed in, on WebGPU: half precision where the adapter has it. */

const device = await createWebGpuDevice();
const reference = createReferenceDevice();
const integers = ['i8', 'u8', 'i16', 'u16'] as const;
const hasHalf = device.target.dtypes.has('f16');

type Fn = (x: NDArray) => NDArray;

/** Runs a compiled function on both devices: what they give, as host data. */
async function both(f: Fn, x: () => NDArray): Promise<readonly (readonly number[])[]> {
  const results: (readonly number[])[] = [];
  for (const on of [device, reference]) {
    setDefaultDevice(on);
    results.push(Array.from(await jit(f)(x()).data()));
  }
  return results;
}

/** All bits that an array of 8 or 16 bits can start with, an odd number of elements. */
const everything = (dtype: DType): NDArray =>
  np
    .array(
      Array.from({ length: 517 }, (_, i) => i * 131 - 17_000),
      { dtype: 'i32' },
    )
    .astype(dtype);

const programs: readonly (readonly [string, Fn])[] = [
  ['elementwise', (x) => x.mul(3).add(x.mul(x)).sub(7)],
  ['comparisons and extremes', (x) => np.where(x.gt(5), np.maximum(x, 9), np.minimum(x, 3))],
  ['a sum', (x) => x.sum()],
  ['an extreme', (x) => np.max(x)],
  ['reversed', (x) => np.flip(x).add(x)],
  ['running totals', (x) => np.cumsum(x)],
  ['sorted', (x) => np.sort(x)],
  [
    'a product of matrices',
    (x) =>
      x
        .slice([0, 500])
        .reshape([20, 25])
        .matmul(x.slice([0, 500]).reshape([25, 20])),
  ],
  ['gathered', (x) => np.take(x, [0, 516, 5, 300, -1])],
];

describe.each(integers)('%s', (dtype) => {
  test.each(programs)('%s', async (_, f) => {
    const [got, wanted] = await both(f, () => everything(dtype));
    expect(got).toEqual(wanted);
  });
});

test('what the host gives comes back', async () => {
  setDefaultDevice(device);
  for (const data of [Int8Array.of(-128, 127, 3), Uint8Array.of(0, 255, 3), Int16Array.of(-32768, 5, 9), Uint16Array.of(65535)])
    expect(await jit((x: NDArray) => x)(np.array(data)).data()).toEqual(data);
}); // prettier-ignore

const halves = (): NDArray =>
  np.concatenate([
    np.array([0, -0, 1, 65504, -65504, 6.1e-5, 0.333, NaN, Infinity, -Infinity], { dtype: 'f16' }),
    np.linspace(-4, 4, 507, { dtype: 'f16' }),
  ]);
const finite = (): NDArray => np.linspace(-4, 4, 517, { dtype: 'f16' });

/** Half precision to a unit in the last place: both devices compute in f32, whose functions differ a little. */
function expectHalf(got: readonly number[] = [], wanted: readonly number[] = []): void {
  expect(got.length).toBe(wanted.length);
  wanted.forEach((w, i) => {
    const g = got[i] as number;
    if (Object.is(g, w) || g === w) return;
    expect(Math.abs(g - w), `element ${i}: ${g}, not ${w}`).toBeLessThanOrEqual(
      Math.max(2 ** -10 * Math.abs(w), 2 ** -14),
    );
  });
}

describe.skipIf(!hasHalf)('f16, which only some adapters have', () => {
  test('elements come back as they are, of any length', async () => {
    for (const n of [1, 2, 3, 517]) {
      const [got, wanted] = await both((x) => x.slice([0, n]), halves);
      expect(got).toEqual(wanted);
    }
  });
  test.each([
    ...programs.filter(([name]) => name !== 'running totals'),
    ['functions', (x: NDArray) => np.exp(x.mul(0.1)).add(np.tanh(x)).add(np.sin(x))],
    ['a softmax of rows', (x: NDArray) => nn.softmax(x.slice([0, 500]).reshape([20, 25]))],
    ['a gradient', grad((x: NDArray) => np.tanh(x).mul(x).sum())],
    ['f32 and back', (x: NDArray) => x.astype('f32').mul(1 / 3).astype('f16')],
    ['its bits', (x: NDArray) => lax.bitcastConvertType(x, 'i16')],
  ] as readonly (readonly [string, Fn])[])('%s', async (_, f) => {
    const [got, wanted] = await both(f, finite);
    expectHalf(got, wanted);
  }); // prettier-ignore
  test('overflow, infinities and NaN', async () => {
    const [got, wanted] = await both((x) => x.mul(2), halves);
    expectHalf(got, wanted);
  });
  test('accumulates in f32', async () => {
    setDefaultDevice(device);
    const x = np.full([4, 3000], 7, { dtype: 'f16' });
    await assertAllclose(jit((a: NDArray) => np.mean(a, 1))(x), np.full([4], 7, { dtype: 'f16' }));
    await assertAllclose(jit((a: NDArray) => a.matmul(np.full([3000, 3], 0.001, { dtype: 'f16' })))(x), np.full([4, 3], 21, { dtype: 'f16' }), { rtol: 2e-3 });
  }); // prettier-ignore
  test('draws', async () => {
    const [got, wanted] = await both(() => random.uniform(random.key(3), [64], { dtype: 'f16' }), finite);
    expect(got).toEqual(wanted);
  });
});

test.runIf(!hasHalf)('f16 on an adapter without it is refused', () => {
  setDefaultDevice(device);
  expect(() => np.ones([300], { dtype: 'f16' }).add(1)).toThrow(UnsupportedOnDeviceError);
});
