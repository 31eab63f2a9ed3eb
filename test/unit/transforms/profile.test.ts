import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { jit, lax, numpy as np, profile, PullbackError, pureCallback, ShapeDtypeStruct } from '../../../src/index.ts';

test('on a CPU device a call is timed as a whole, and its kernels are counted', async () => {
  const f = jit(
    (x: NDArray, power: number) =>
      lax
        .foriLoop(0, 7, (_, v: NDArray) => np.sin(v), x)
        .pow(power)
        .sum(),
    {
      staticArgnums: 1,
    },
  );
  const { device, microseconds, kernels } = await profile(f, [np.ones([100]), 2]);
  expect(device).toContain('wasm');
  expect(microseconds).toBeGreaterThan(0);
  const sine = kernels.find((k) => k.name.includes('sin'));
  expect(sine).toMatchObject({ dispatches: 7, microseconds: null, flops: 700, bytesMoved: 7 * 800 });
  expect(sine?.source).toContain('sin f32[100]');
});

test('callbacks are called, and the kernels around them are told in order', async () => {
  let calls = 0;
  const f = (x: NDArray): NDArray => {
    const mid = pureCallback((v: NDArray) => ((calls += 1), v.dataSync()), new ShapeDtypeStruct([5], 'f32'), np.exp(x));
    return np.log(mid);
  };
  const { kernels } = await profile(f, [np.ones([5])]);
  expect(kernels.map((k) => k.name)).toEqual(['exp', 'log']);
  expect(calls).toBe(3);
});

test('what it can not profile it refuses', async () => {
  const text = async (run: () => unknown): Promise<string> => {
    try {
      await run();
    } catch (error) {
      if (error instanceof PullbackError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'none';
  };
  const wrong = profile as unknown as (f: unknown, args: unknown) => Promise<unknown>;
  expect(await text(() => wrong(3, []))).toContain(
    'invalid-argument: profile takes a function and the list of its arguments',
  );
  expect(await text(() => wrong(np.sin, np.ones([2])))).toContain('profile(f, [x, y])');
  expect(await text(() => jit((x: NDArray) => (void profile(np.sin, [x]), x))(np.ones([2])))).toContain(
    "tracer-conversion: profile runs functions, so it can't be used inside of one that is being traced",
  );
});
