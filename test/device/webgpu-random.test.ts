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
import { randomRowwise } from './random-kernels.ts';
import { randomProcedure } from './random-procedures.ts';
import type { ProgramCase } from './random-programs.ts';
import { randomProgram } from './random-programs.ts';
import { programOf, runProgram } from './run-case.ts';

const reference = createReferenceDevice();
let device: WebGpuDevice;
beforeAll(async () => {
  device = await createWebGpuDevice();
});
afterAll(() => device.close());

/** The first difference between results; a subnormal may be flushed to zero. */
function difference(got: HostArray, wanted: HostArray): string | null {
  const i = wanted.findIndex((w, k) => {
    const g = got[k] as number;
    return g !== w && !(Number.isNaN(g) && Number.isNaN(w)) && !(g === 0 && Math.abs(w) < 2 ** -126);
  });
  if (got.length !== wanted.length) return `${got.length} elements instead of ${wanted.length}`;
  return i < 0 ? null : `element ${i}: ${got[i]} instead of ${wanted[i]}`;
}

async function agree(c: ProgramCase): Promise<void> {
  const [got, wanted] = [await runProgram(device, c), await runProgram(reference, c)];
  wanted.forEach((w, i) => {
    const found = difference(at(got, i), w);
    if (found === null) return;
    expect.fail(`result ${i}, ${found}\n${printProgram(c.program)}\n${device.load(c.program).text()}`);
  });
}

test('random procedures compute what the reference computes', async () => {
  const check = (source: Source): Promise<void> => {
    const c = randomProcedure(source, { dtypes: ['f32', 'i32', 'u32', 'bool'], exact: true });
    const program = programOf(c);
    return agree({ program, inputs: program.inputs.map((b) => at(c.data, b)) });
  };
  await fc.assert(fc.asyncProperty(draws, check), { numRuns: 150 });
});

test('random row-wise kernels compute what the reference computes', async () => {
  const check = (source: Source): Promise<void> => {
    const c = randomRowwise(source, true);
    fc.pre(c.kernel.operands.length <= device.target.maxOperands);
    const program = programOf(c);
    return agree({ program, inputs: program.inputs.map((b) => at(c.data, b)) });
  };
  await fc.assert(fc.asyncProperty(draws, check), { numRuns: 150 });
});

test('random programs compute what the reference computes', async () => {
  await fc.assert(
    fc.asyncProperty(draws, (source) => agree(randomProgram(source))),
    { numRuns: 60 },
  );
});
