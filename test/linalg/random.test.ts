import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createReferenceDevice } from '../../src/backends/reference/device.ts';
import { defaultDevice, setDefaultDevice } from '../../src/compiler/runtime.ts';
import type { Device } from '../../src/kernel/device.ts';
import { checkEigh, checkLu, checkQr, checkSvd } from './factorizations.ts';
import type { Rows } from './matrices.ts';
import { symmetric } from './matrices.ts';

/**
 * Factorizations of random matrices with many zeros and equal elements: there vectors are parallel, orthogonal or zero
 * exactly, which no matrix of independent random numbers shows.
 */

const element = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0, 0, 1, -1, 2) },
  { weight: 2, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(1e-8, -1e-17, 1e8) },
);

const matrix = (m: number, n: number): fc.Arbitrary<Rows> =>
  fc.array(fc.array(element, { minLength: n, maxLength: n }), { minLength: m, maxLength: m });

const extent = fc.integer({ min: 1, max: 6 });
const rectangles = fc.tuple(extent, extent).chain(([m, n]) => matrix(m, n));
const squares = extent.chain((n) => matrix(n, n));

const runs = { numRuns: Number(process.env['LAW_RUNS'] ?? 3) * 50 };
const allowed = (a: Rows): number => 6 * 2 ** -52 * Math.max(a.length, a[0]?.length ?? 0);

describe('factorizations of random matrices with structure', () => {
  let before: Device;
  beforeAll(() => {
    before = defaultDevice();
    setDefaultDevice(createReferenceDevice());
  });
  afterAll(() => setDefaultDevice(before));

  test('lu', () =>
    fc.assert(
      fc.asyncProperty(rectangles, (a) => checkLu(a, 'f64', allowed(a) * 4)),
      runs,
    ));
  test('qr', () =>
    fc.assert(
      fc.asyncProperty(rectangles, (a) => checkQr(a, 'f64', allowed(a))),
      runs,
    ));
  test('svd', () =>
    fc.assert(
      fc.asyncProperty(rectangles, (a) => checkSvd(a, 'f64', allowed(a))),
      runs,
    ));
  test('eigh', () =>
    fc.assert(
      fc.asyncProperty(squares, (a) => checkEigh(symmetric(a), 'f64', allowed(a))),
      runs,
    ));
});
