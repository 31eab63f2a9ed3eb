import { expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { statementExpressions } from '../../src/kernel/procedure.ts';
import { runSteps } from '../../src/kernel/program.ts';
import { range } from '../../src/util/array.ts';
import { randomProcedure } from './random-procedures.ts';
import { randomProgram } from './random-programs.ts';
import { runCase, runProgram } from './run-case.ts';

const reference = createReferenceDevice();

test('random procedures stay within their operands, end, and use f64 only where it is allowed', () => {
  for (const seed of range(300)) {
    expect(runCase(reference, randomProcedure(seed))).toEqual(runCase(reference, randomProcedure(seed)));
    const { kernel } = randomProcedure(seed, { dtypes: ['f32', 'i32'], exact: true });
    expect(kernel.kind === 'procedure' && statementExpressions(kernel.body).some((e) => e.dtype === 'f64')).toBe(false);
  }
});

test('random programs end and run kernels inside loops and branches', async () => {
  let nested = 0;
  for (const seed of range(300)) {
    const c = randomProgram(seed);
    expect(await runProgram(reference, c)).toEqual(await runProgram(reference, c));
    if (runSteps(c.program.steps).length > c.program.steps.length + 3) nested += 1;
  }
  expect(nested).toBeGreaterThan(30);
});
