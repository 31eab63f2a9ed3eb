import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import type { Expr } from '../../src/kernel/expr.ts';
import { binary } from '../../src/kernel/expr.ts';
import { applyBinary } from '../../src/kernel/semantics.ts';
import { compute, specialFloats, specialIntegers } from '../numerics/measure.ts';
import { numericsOn } from '../numerics/suite.ts';

numericsOn({
  device: 'webgpu',
  make: () => createWebGpuDevice(),
  close: (device) => device.close(),
  flushes: true,
});

let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

test.each(['idiv', 'imod'] as const)('%s of i32 by positive numbers', async (op) => {
  const divisors = specialIntegers.filter((v) => v > 0);
  const x = specialIntegers.flatMap((a) => divisors.map(() => a));
  const y = specialIntegers.flatMap(() => divisors);
  const got = await compute(device, ['i32', 'i32'], [x, y], ([a, b]) => binary(op, a as Expr, b as Expr));
  expect(got).toEqual(x.map((v, i) => applyBinary(op, 'i32', v, y[i] ?? 1)));
});

test('a value minus itself keeps NaN and infinities', async () => {
  const got = await compute(device, ['f32', 'f32'], [specialFloats], ([a]) => binary('sub', a as Expr, a as Expr));
  expect(got).toEqual(specialFloats.map((v) => v - v));
});
