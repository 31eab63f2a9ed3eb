import { beforeAll, describe, expect, test } from 'vitest';
import { init } from '../../../src/index.ts';
import { BrokenLawError, checkGrads, checkVmap } from '../../../src/testing/index.ts';
import type { Mutant, Program } from './mutants.ts';
import { customMutants, customPrograms, doneBy, primitiveMutants, programs } from './mutants.ts';

/**
 * The checks find a rule that is wrong, and blame it. Mutants are drawn from all that can be made; MUTANTS=all takes every
 * one.
 */

const all = [...primitiveMutants(), ...customMutants()];
const wanted = process.env['MUTANTS'] ?? '60';
/** Every n-th of a list whose neighbours are alike. */
const every = (n: number): readonly Mutant[] => all.filter((_, i) => i % n === Math.floor(n / 2));
const chosen = wanted === 'all' ? all : every(Math.max(1, Math.floor(all.length / Number(wanted))));
/** How many were blamed. */
let found = 0;
const seeds = Number(process.env['MUTANT_SEEDS'] ?? 3);

beforeAll(() => init({ device: 'wasm' }));

const lawOf = (rule: Mutant['rule'], program: Program, seed: number): Promise<unknown> =>
  rule === 'batch'
    ? checkVmap(program.f, program.at(seed))
    : checkGrads(program.f, program.at(seed), {
        seed,
        ...(program.modes === undefined ? {} : { modes: program.modes }),
      });

/** What a check says of a program: nothing, or what is wrong. */
async function saying(check: Promise<unknown>): Promise<BrokenLawError | null> {
  try {
    await check;
    return null;
  } catch (error) {
    if (error instanceof BrokenLawError) return error;
    throw error;
  }
}

describe(`${chosen.length} of ${all.length} mutants`, () => {
  test('there are enough of them, of every kind', () => {
    expect(chosen.length).toBeGreaterThanOrEqual(30);
    for (const rule of ['jvp', 'transpose', 'batch']) expect(chosen.some((m) => m.rule === rule)).toBe(true);
  });

  test.for(chosen.map((m) => [m.name, m] as const))('%s', async ([, mutant], { skip }) => {
    const [before, after] = [
      await doneBy(mutant.right, mutant.rule),
      await mutant.during((p) => doneBy(p, mutant.rule)),
    ];
    if (after.every((v, i) => Math.abs(v - (before[i] ?? 0)) < 1e-9)) skip('it does the same');
    const error = await mutant.during((program) => saying(lawOf(mutant.rule, program, 1)));
    expect(error, 'the check fails').not.toBeNull();
    expect({ rule: error?.blame?.rule, blamed: error?.blame?.custom ?? error?.blame?.primitive }).toEqual({
      rule: mutant.rule,
      blamed: mutant.blamed,
    });
    found += 1;
  });

  test('many of them differ from what is right', () => expect(found).toBeGreaterThanOrEqual(chosen.length * 0.8));
});

describe(`what is right passes with ${seeds} seeds`, () => {
  const right = [
    // What stopGradient does is what the checks are to find.
    ...programs().flatMap(([p, program]) => (p.name === 'stopGradient' ? [] : [[p.name, program] as const])),
    ...customPrograms().map((program, i) => [`rules of one’s own ${i}`, program] as const),
  ];
  test.each(right)(
    '%s',
    async (_, program) => {
      for (let seed = 0; seed < seeds; seed++) {
        await lawOf('jvp', program, seed);
        await lawOf('batch', program, seed);
      }
    },
    600_000,
  );
});
