import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { detectFeatures } from '../../src/backends/wasm/features.ts';
import { randomContract, randomLargeReduce, randomMap, randomReduce, randomRowwise } from './random-kernels.ts';
import { randomProcedure } from './random-procedures.ts';
import { randomProgram } from './random-programs.ts';
import { expectSame, runProgram } from './run-case.ts';

const kinds = detectFeatures().relaxedSimd ? [true, false] : [false];
const reference = createReferenceDevice();
const seeds = fc.integer();
/**
 * A sum of n terms in f32 can be off by n/2 roundings of 2⁻²⁴ relative to it, all one way when the terms are equal. The
 * device adds at most 512 terms in a row in a reduction, 1,024 in a contraction, before it starts another partial sum.
 */
const summing = (terms: number, inARow: number): number => 1e-6 + (Math.min(terms, inARow) / 2) * 2 ** -24;
const runs = Number(process.env['RUNS'] ?? 400);

describe.each(kinds)(
  'random kernels against the reference device, relaxed SIMD %s',
  { timeout: 60_000 },
  (relaxedSimd) => {
    const device = createWasmDevice({ features: { relaxedSimd } });

    test('map', () => {
      const close = (dtype: string): { relative: number; absolute: number } =>
        dtype === 'f32'
          ? { relative: 5e-7, absolute: 1e-44 }
          : dtype === 'f64'
            ? { relative: 1e-12, absolute: 1e-300 }
            : { relative: 0, absolute: 0 };
      fc.assert(
        fc.property(seeds, (seed) => expectSame(device, randomMap(seed), close)),
        { numRuns: runs },
      );
    });

    const summed = (dtype: string, terms: number): { relative: number; absolute: number } =>
      dtype === 'f32'
        ? { relative: summing(terms, 512), absolute: 2e-3 }
        : dtype === 'f64'
          ? { relative: 1e-12, absolute: 1e-10 }
          : { relative: 0, absolute: 0 };

    test('reduce', () => {
      fc.assert(
        fc.property(seeds, (seed) => expectSame(device, randomReduce(seed), summed)),
        { numRuns: runs },
      );
    });

    test('reduce of much to little', () => {
      fc.assert(
        fc.property(seeds, (seed) => expectSame(device, randomLargeReduce(seed), summed)),
        { numRuns: Math.ceil(runs / 8) },
      );
    });

    test('rowwise', () => {
      fc.assert(
        fc.property(seeds, (seed) => expectSame(device, randomRowwise(seed, false), summed)),
        { numRuns: runs },
      );
    });

    test('contract', () => {
      const close = (dtype: string, terms: number): { relative: number; absolute: number } =>
        dtype === 'f32'
          ? { relative: summing(terms, 1024), absolute: 1e-3 }
          : dtype === 'f64'
            ? { relative: 1e-12, absolute: 1e-10 }
            : { relative: 0, absolute: 0 };
      fc.assert(
        fc.property(seeds, (seed) => expectSame(device, randomContract(seed), close)),
        { numRuns: runs },
      );
    });

    test('procedure', () => {
      const exactly = (): { relative: number; absolute: number } => ({ relative: 0, absolute: 0 });
      fc.assert(
        fc.property(seeds, (seed) => expectSame(device, randomProcedure(seed), exactly)),
        { numRuns: runs },
      );
    });

    test('programs with loops and branches', async () => {
      await fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          const c = randomProgram(seed);
          expect(await runProgram(device, c)).toEqual(await runProgram(reference, c));
        }),
        { numRuns: runs },
      );
    });
  },
);
