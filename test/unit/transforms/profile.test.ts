import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  defaultDevice,
  jit,
  lax,
  numpy as np,
  profile,
  PullbackError,
  pureCallback,
  ShapeDtypeStruct,
} from '../../../src/index.ts';

test('a call is told by its kernels: how often, how long, how much', async () => {
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
  expect(sine).toMatchObject({ dispatches: 7, flops: 700, bytesMoved: 7 * 800 });
  for (const k of kernels) expect(k.microseconds).toBeGreaterThan(0);
  expect(sine?.source).toContain('sin f32[100]');
});

test('whatever decides on the way, inputs stay, and what is timed computes the same', async () => {
  const f = jit(
    (x: NDArray, rows: NDArray) => {
      const grown = lax.whileLoop((v: NDArray) => np.less(v.sum(), 500), (v) => v.mul(2), x);
      const [last, ys] = lax.scan((c: NDArray, r: NDArray) => [c.add(r), c.mul(r)] as const, grown, rows);
      return lax.cond(np.greater(last.sum(), 0), (v: NDArray) => v.neg(), (v: NDArray) => v, ys);
    },
    { donateArgnums: [0] },
  ); // prettier-ignore
  const [x, rows] = [np.ones([8]), np.ones([5, 8])];
  const { kernels } = await profile(f, [x, rows]);
  const count = (name: RegExp): number => kernels.find((k) => name.test(k.name))?.dispatches ?? 0;
  // 8 elements grow from 1 to 64: that is 6 trips, and a seventh test.
  expect(count(/^mul$/)).toBe(6);
  expect(count(/reduceSum.*lt|less/)).toBe(7);
  expect(count(/neg/)).toBe(1);
  expect(await x.tolist()).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});

test('memory is what it was before', async () => {
  const f = jit((x: NDArray) => lax.foriLoop(0, 3, (_, v: NDArray) => v.matmul(x), x).sum());
  const x = np.ones([64, 64]);
  await f(x).item();
  const before = defaultDevice().memory();
  await profile(f, [x]);
  expect(defaultDevice().memory().liveBuffers).toBe(before.liveBuffers);
});

test('it prints as a table and as a trace', async () => {
  const report = await profile(jit(function layer(x: NDArray) { return np.tanh(x.matmul(x)).sum(); }), [np.ones([32, 32])]); // prettier-ignore
  const [head, names, ...lines] = String(report).split('\n');
  const [, inKernels] =
    /^layer on wasm \(.*\): (\d+\.\d) µs in kernels, \d+\.\d µs for the whole call$/.exec(head ?? '') ?? [];
  expect(Number(inKernels)).toBeCloseTo(
    report.kernels.reduce((sum, k) => sum + (k.microseconds ?? 0), 0),
    1,
  );
  const columns = ['µs', 'share', 'dispatches', 'flops', 'bytes', 'GFLOP/s', 'GB/s', 'kernel', 'from'];
  expect(names?.trim().split(/ {2,}/)).toEqual(columns);
  const product = lines
    .find((l) => l.includes('dotGeneral f32[32,32]'))
    ?.trim()
    .split(/ {2,}/);
  expect(product?.slice(2, 5)).toEqual(['1', '65.5k', '8192']);
  expect(lines.length).toBe(report.kernels.length);
  const times = lines.map((l) => Number(l.trim().split(/ +/)[0]));
  expect(times).toEqual([...times].sort((a, b) => b - a));
  const { traceEvents } = JSON.parse(report.trace()) as {
    traceEvents: { ph: string; name: string; ts: number; dur: number }[];
  };
  const spans = traceEvents.filter((e) => e.ph === 'X');
  expect(spans.map((e) => e.name)).toEqual(['layer', ...report.kernels.map((k) => k.name)]);
  spans.slice(2).forEach((e, i) => expect(e.ts).toBeCloseTo((spans[i + 1]?.ts ?? 0) + (spans[i + 1]?.dur ?? 0)));
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
