import * as fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { createWasmDevice } from '../../src/backends/wasm/device.ts';
import { draws } from './random.ts';
import { randomHugeReduce, randomLargeConvolution, randomLargeMap, randomLargeProduct } from './random-large.ts';
import { expectSameAt } from './sampled.ts';
import { configurations, nearly, patience, runs, startWorkers, sums } from './wasm-configurations.ts';

/** Kernels of the sizes that are divided into blocks and parts, at some of their points. */
describe.each(configurations)('large random kernels, $name', ({ options }) => {
  const device = createWasmDevice(options);
  afterAll(() => device.close());
  const numRuns = Math.ceil(runs / 20);

  const kinds = {
    map: [randomLargeMap, nearly],
    reduce: [randomHugeReduce, sums(512)],
    product: [randomLargeProduct, sums(1024)],
    convolution: [randomLargeConvolution, sums(1024)],
  } as const;
  test.each(Object.entries(kinds))('%s', { timeout: patience }, async (_, [make, tolerance]) => {
    await startWorkers(device);
    fc.assert(
      fc.property(draws, (source) => {
        const c = make(source);
        expectSameAt(device, c, c.r, tolerance);
      }),
      { numRuns },
    );
  });
});
