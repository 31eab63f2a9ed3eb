import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { gpuSchedule, softwareSchedule } from '../../src/backends/webgpu/schedule.ts';
import type { Schedule } from '../../src/backends/webgpu/schedule.ts';
import { printKernel } from '../../src/kernel/print.ts';
import { matrixProduct } from './contractions.ts';
import { randomRowwise } from './random-kernels.ts';
import { sideBySide } from './random-parallel.ts';
import type { Case } from './webgpu-kernels.ts';
import {
  convolutionCases,
  mapCases,
  productCases,
  reduceCases,
  runCase,
  singleKernelProgram,
  sumCases,
} from './webgpu-kernels.ts';

const reference = createReferenceDevice();

const rowwiseCases = fc.integer().map((seed): Case => randomRowwise(seed, true));
const parallelCases = fc
  .tuple(
    fc.array(fc.oneof(mapCases, reduceCases, sumCases, rowwiseCases), { minLength: 1, maxLength: 2 }),
    fc.oneof(mapCases, productCases, convolutionCases),
    fc.nat(),
  )
  .map(([some, one, place]) => sideBySide(some.toSpliced(place % (some.length + 1), 0, one)));

describe.each([gpuSchedule, softwareSchedule])(
  'webgpu computes what the reference computes ($name schedule)',
  (schedule) => {
    let device: WebGpuDevice;
    beforeAll(async () => {
      device = await createWebGpuDevice({ schedule });
    });
    afterAll(() => device.close());

    const agree = async (c: Case): Promise<void> => {
      fc.pre(c.kernel.operands.length <= device.target.maxOperands);
      const [got, wanted] = [await runCase(device, c), await runCase(reference, c)];
      wanted.forEach((w, i) => {
        const g = got[i];
        const bad = w.findIndex((v, j) => v !== g?.[j] && !(Number.isNaN(v) && Number.isNaN(g?.[j])));
        if (bad < 0 && g?.length === w.length) return;
        const where = `result ${i}, element ${bad}: ${g?.[bad]} instead of ${w[bad]}`;
        const wgsl = device.load(singleKernelProgram(c.kernel)).text();
        expect.fail(`${where}\n${printKernel(c.kernel)}\n${wgsl}`);
      });
    };

    test.each([
      ['maps', mapCases, 150],
      ['reductions', reduceCases, 80],
      ['sums', sumCases, 20],
      ['products', productCases, 25],
      ['convolutions', convolutionCases, 20],
      ['row-wise kernels', rowwiseCases, 40],
      ['kernels side by side', parallelCases, 15],
    ] as const)(
      'random %s',
      async (_name, cases, numRuns) => {
        await fc.assert(fc.asyncProperty(cases, agree), {
          numRuns,
          interruptAfterTimeLimit: 90_000,
          markInterruptAsFailure: true,
        });
      },
      120_000,
    );
  },
);

/** As much as possible in vectors, and large tiles for small products. */
const vectorized: Schedule = {
  ...gpuSchedule,
  name: 'vectorized',
  manyPoints: 4,
  contract: { ...gpuSchedule.contract, shapes: gpuSchedule.contract.shapes.slice(0, 1), fewResults: 1 },
};

describe.each([gpuSchedule, softwareSchedule, vectorized])('neighbours four at a time ($name schedule)', (schedule) => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await createWebGpuDevice({ schedule });
  });
  afterAll(() => device.close());

  const sizes = [
    [36, 20, 68],
    [40, 52, 12],
    [70, 33, 66],
  ] as const;
  const layouts = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const));

  test.each(layouts)('products (transposed: %s, %s)', async (transposeA, transposeB) => {
    let vectors = 0;
    // SwiftShader takes long for large tiles with barriers.
    for (const [m, k, n] of schedule === vectorized ? sizes.slice(0, 2) : sizes) {
      for (const options of [{ batch: 2 }, { prologue: true, epilogue: true }]) {
        const c = matrixProduct(m, k, n, { ...options, transposeA, transposeB });
        vectors +=
          device
            .load(singleKernelProgram(c.kernel))
            .text()
            .match(/array<vec4<f32>, \d+>;$/gm)?.length ?? 0;
        expect((await runCase(device, c))[0], `${m} × ${k} × ${n}`).toEqual(c.want);
      }
    }
    expect(vectors).toBeGreaterThan(2);
  });

  test('maps in place and of bools', async () => {
    for (const c of fc.sample(mapCases, { numRuns: 30, seed: 4 })) {
      expect(await runCase(device, c)).toEqual(await runCase(reference, c));
    }
  });
});
