import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import type { WebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import type { HostArray } from '../../src/kernel/dtype.ts';
import { printProgram } from '../../src/kernel/print.ts';
import { at } from '../../src/util/array.ts';
import type { Source } from './random.ts';
import { draws } from './random.ts';
import {
  randomContract,
  randomLargeReduce,
  randomMap,
  randomReduce,
  randomRowwise,
  randomTranspose,
} from './random-kernels.ts';
import { randomProcedure } from './random-procedures.ts';
import type { ProgramCase } from './random-programs.ts';
import { randomProgram } from './random-programs.ts';
import { elementsWritten, programOf, runProgram } from './run-case.ts';

const reference = createReferenceDevice();

/** So many times the usual number of draws, in the long form. */
const times = Number(process.env['WEBGPU_RUNS'] ?? 1);
const runs = (usual: number): number => usual * times;
const timeout = 120_000 * times;

let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

/** The first difference between results where they are written; a subnormal may be flushed to zero. */
function difference(got: HostArray, wanted: HostArray, written: HostArray | undefined): string | null {
  const i = wanted.findIndex((w, k) => {
    const g = got[k] as number;
    if (written !== undefined && written[k] !== 1) return false;
    return g !== w && !(Number.isNaN(g) && Number.isNaN(w)) && !(g === 0 && Math.abs(w) < 2 ** -126);
  });
  if (got.length !== wanted.length) return `${got.length} elements instead of ${wanted.length}`;
  return i < 0 ? null : `element ${i}: ${got[i]} instead of ${wanted[i]}`;
}

async function agree(c: ProgramCase, written: readonly HostArray[] = []): Promise<void> {
  const [got, wanted] = [await runProgram(device, c), await runProgram(reference, c)];
  wanted.forEach((w, i) => {
    const found = difference(at(got, i), w, written[i]);
    if (found === null) return;
    expect.fail(`result ${i}, ${found}\n${printProgram(c.program)}\n${device.load(c.program).text()}`);
  });
}

test('random procedures compute what the reference computes', { timeout }, async () => {
  const check = (source: Source): Promise<void> => {
    const c = randomProcedure(source, { dtypes: ['f32', 'i32', 'u32', 'bool'], exact: true });
    const program = programOf(c);
    return agree({ program, inputs: program.inputs.map((b) => at(c.data, b)) });
  };
  await fc.assert(fc.asyncProperty(draws, check), { numRuns: runs(150) });
});

/** The generators of the WebAssembly device's suite. */
const kernels = {
  maps: [randomMap, 60],
  'maps in another order': [randomTranspose, 8],
  reductions: [randomReduce, 60],
  'reductions of much to little': [randomLargeReduce, 3],
  contractions: [randomContract, 40],
  'row-wise kernels': [randomRowwise, 150],
} as const;

test.each(Object.entries(kernels))(
  'random %s compute what the reference computes',
  { timeout },
  async (_, [make, usual]) => {
    const check = (source: Source): Promise<void> => {
      const c = make(source, true);
      fc.pre(c.kernel.operands.length <= device.target.maxOperands);
      const program = programOf(c);
      return agree({ program, inputs: program.inputs.map((b) => at(c.data, b)) }, elementsWritten(c));
    };
    await fc.assert(fc.asyncProperty(draws, check), { numRuns: runs(usual) });
  },
);

test('random programs compute what the reference computes', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(draws, (source) => agree(randomProgram(source))),
    { numRuns: runs(60) },
  );
});
