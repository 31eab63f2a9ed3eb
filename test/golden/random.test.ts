import { describe, expect, test } from 'vitest';
import type { DType } from '../../src/index.ts';
import { checkEager, checkJit } from './check.ts';
import { functionOf } from './functions.ts';
import { casesByFunction } from './read.ts';
import type { Close, Context } from './tolerance.ts';
import { withinUlps } from './tolerance.ts';

/**
 * The samplers give the numbers of `jax.random`: bits, integers, orders and truths exactly; floats within 4 units in the
 * last place.
 */
const units = 4;

/**
 * Units are those of the value, but no less than those of 1 where the formula crosses 0 by cancelling terms near 1: in
 * -log(-log u) near u = 1/e, and where a uniform number between erf(lower) and erf(upper) is near 0.
 */
const crossing: readonly string[] = ['random.gumbel', 'random.truncatedNormal'];

/** In doubles the polynomials of erf⁻¹ (of either library) are themselves wrong by up to 30 units, near |x| = 0.9. */
const inverse: readonly string[] = ['random.normal', 'random.truncatedNormal'];
const inverseUnits = 40;

const closenessOf = (name: string, file: string): Close =>
  withinUlps(file === 'random-f64' && inverse.includes(name) ? inverseUnits : units, crossing.includes(name) ? 1 : 0);

for (const file of ['random-f32', 'random-f64', 'random-narrow']) {
  describe(file, () => {
    for (const [name, cases] of casesByFunction(file)) {
      test.each(cases.map((c, i) => [i, c] as const))(`${name} %i`, async (i, c) => {
        const f = functionOf(name);
        if (f === null) throw new Error(`pullback has no ${name}`);
        await checkEager(c, f, closenessOf(name, file));
        if (i % 4 === 0) await checkJit(c, f, closenessOf(name, file));
      });
    }
  });
}

test('units in the last place are measured', () => {
  const close = withinUlps(4, 0);
  const of = (dtype: DType): Context => ({ dtype, kind: 'value', largest: 8 });
  expect(close(1 + 4 * 2 ** -23, 1, of('f32'))).toBe(true);
  expect(close(1 + 5 * 2 ** -23, 1, of('f32'))).toBe(false);
  expect(close(2 ** -30 + 2 ** -50, 2 ** -30, of('f32'))).toBe(false);
  expect(close(8 - 4 * 2 ** -49, 8, of('f64'))).toBe(true);
  expect(close(8 - 5 * 2 ** -49, 8, of('f64'))).toBe(false);
  expect(close(3, 4, of('i32'))).toBe(false);
});
