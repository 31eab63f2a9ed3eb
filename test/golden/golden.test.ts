import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, numpy } from '../../src/index.ts';
import { checkEager, checkJit, expectGolden } from './check.ts';
import type { Fn } from './functions.ts';
import { functionOf, later } from './functions.ts';
import { casesByFunction, GoldenArray, goldenFiles } from './read.ts';
import { closenessOf, terms, withinTolerance } from './tolerance.ts';

/** Values, vjp, jvp and vmap of the public functions against what JAX computed; of a sample also compiled. */

/** Every so many cases of a function are compiled too. */
const compiledEvery = 3;

const missing = (name: string): Fn => {
  throw new Error(`pullback has no ${name}`);
};

for (const file of goldenFiles.filter((f) => !f.startsWith('random'))) {
  describe(file, () => {
    for (const [name, cases] of casesByFunction(file)) {
      if (later.includes(name)) continue;
      test.each(cases.map((c, i) => [i, c] as const))(`${name} %i`, async (i, c) => {
        const f = functionOf(name) ?? missing(name);
        await checkEager(c, f, closenessOf(file, name));
        if (i % compiledEvery === 0) await checkJit(c, f, closenessOf(file, name));
      });
    }
  });
}

test('what is still to come is not there yet', () => {
  expect(later.filter((name) => functionOf(name) !== null)).toEqual([]);
});

test('a golden gradient can fail', async () => {
  const wrong = new GoldenArray('f32', [], new Float32Array([7]));
  const gradient = grad((x: NDArray) => x.mul(x))(numpy.array(3));
  await expect(expectGolden([gradient], [wrong], 'derivative', withinTolerance(terms), 'grad')).rejects.toThrow();
});
