import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { gpuSchedule, softwareSchedule } from '../../src/backends/webgpu/schedule.ts';
import { printKernel } from '../../src/kernel/print.ts';
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
