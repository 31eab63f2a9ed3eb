import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
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
import { randomParallel } from './random-parallel.ts';
import { randomProcedure } from './random-procedures.ts';
import { randomProgram } from './random-programs.ts';
import { expectSame, runProgram } from './run-case.ts';
import { configurations, exactly, nearly, patience, runs, sums } from './wasm-configurations.ts';

const reference = createReferenceDevice();

/**
 * Every kind of kernel, whole, on one thread. `wasm-large.test.ts` has those too large for that, and
 * `wasm-threads.test.ts` compares several threads with one.
 */
describe.each(configurations.filter((c) => c.options.threads === 1))('random kernels, $name', ({ options }) => {
  const device = createWasmDevice(options);

  const kinds = {
    map: [randomMap, nearly, runs],
    'map in another order': [randomTranspose, exactly, Math.ceil(runs / 4)],
    reduce: [randomReduce, sums(512), runs],
    'reduce of much to little': [randomLargeReduce, sums(512), Math.ceil(runs / 16)],
    'row-wise': [(source: Source) => randomRowwise(source, false), sums(512), Math.ceil(runs / 3)],
    contract: [randomContract, sums(1024), runs],
    procedure: [randomProcedure, exactly, runs],
    parallel: [randomParallel, sums(512), Math.ceil(runs / 10)],
  } as const;
  test.each(Object.entries(kinds))('%s', { timeout: patience }, (_, [make, tolerance, numRuns]) => {
    fc.assert(
      fc.property(draws, (source) => expectSame(device, make(source), tolerance)),
      { numRuns },
    );
  });

  test('programs with loops and branches', { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(draws, async (source) => {
        const c = randomProgram(source);
        expect(await runProgram(device, c)).toEqual(await runProgram(reference, c));
      }),
      { numRuns: runs },
    );
  });
});
