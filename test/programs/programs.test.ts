import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { disableJit, init, numpy as np } from '../../src/index.ts';
import { functionOf } from '../../src/testing/arb/interpret.ts';
import type { Program } from '../../src/testing/arb/program.ts';
import { program } from '../../src/testing/arb/program.ts';
import type { Transformation } from './stacks.ts';
import { byHand, composed, stack, transformed } from './stacks.ts';

/** Random programs under random stacks of transformations, against the same stacks composed by hand. */

const runs = Number(process.env['PROGRAM_RUNS'] ?? 300);

beforeAll(() => init({ device: 'wasm' }));

const point = (): NDArray => np.array([0.3, -0.8, 1.1], { dtype: 'f64' });

/** Largest difference relative to the larger of 1 and the value. Casts to f32 and their derivatives round in between. */
const tolerance = 2e-5;

async function agrees(p: Program, transformations: readonly Transformation[]): Promise<void> {
  const actual = await composed(transformed, transformations, functionOf(p))(point()).data();
  const expected = await disableJit(() => composed(byHand, transformations, functionOf(p))(point())).data();
  expect(actual.length).toBe(expected.length);
  actual.forEach((a, i) => {
    const e = expected[i] as number;
    const close =
      Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(a), Math.abs(e)) || (Number.isNaN(a) && Number.isNaN(e));
    if (!close) expect(a, `element ${i} of ${JSON.stringify([...actual])}`).toBe(e);
  });
}

/** Programs that went wrong once. */
const regressions: readonly (readonly [Program, readonly Transformation[]])[] = [
  [
    [
      { kind: 'binary', op: 'add', x: 0, y: 0 },
      { kind: 'unary', op: 'sin', x: 0 },
      { kind: 'unary', op: 'sin', x: 0 },
      { kind: 'binary', op: 'add', x: 0, y: 0 },
      { kind: 'block', op: 'scan', x: 0, y: 1, trips: 3, bodies: [[], []] },
      { kind: 'binary', op: 'add', x: 0, y: 0 },
      { kind: 'block', op: 'scan', x: 0, y: 0, trips: 0, bodies: [[], []] },
    ],
    ['grad', 'jit', 'jvp'],
  ],
  [
    [
      { kind: 'unary', op: 'sin', x: 0 },
      { kind: 'unary', op: 'sin', x: 5 },
      { kind: 'binary', op: 'add', x: 0, y: 0 },
      { kind: 'unary', op: 'sin', x: 0 },
      { kind: 'binary', op: 'add', x: 0, y: 0 },
      {
        kind: 'block',
        op: 'cond',
        x: 0,
        y: 1,
        trips: 0,
        bodies: [
          [
            { kind: 'unary', op: 'sin', x: 0 },
            {
              kind: 'block',
              op: 'cond',
              x: 0,
              y: 1,
              trips: 0,
              bodies: [[], [{ kind: 'unary', op: 'rescaled', x: 0 }]],
            },
          ],
          [],
        ],
      },
    ],
    ['vmap', 'grad', 'jit'],
  ],
  [
    [
      {
        kind: 'block',
        op: 'scan',
        x: 0,
        y: 0,
        trips: 0,
        bodies: [[], [{ kind: 'unary', op: 'sin', x: 0 }]],
      },
      { kind: 'unary', op: 'sin', x: 0 },
      { kind: 'block', op: 'checkpoint', x: 0, y: 0, trips: 0, bodies: [[{ kind: 'unary', op: 'max', x: 0 }], []] },
    ],
    ['grad', 'jit'],
  ],
  [
    [
      {
        kind: 'block',
        op: 'scan',
        x: 0,
        y: 0,
        trips: 2,
        bodies: [
          [],
          [
            { kind: 'binary', op: 'picked', x: 0, y: 0 },
            { kind: 'binary', op: 'gram', x: 0, y: 0 },
          ],
        ],
      },
    ],
    ['jit'],
  ],
];

test.each(regressions)('a program that went wrong once: %#', agrees);

test(
  `${runs} programs under stacks of transformations are what the stacks mean`,
  async () => {
    await fc.assert(fc.asyncProperty(program, stack, agrees), {
      numRuns: runs,
    });
  },
  30 * 60_000,
);

test('programs compiled as one are what their operations give one at a time', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (p) => {
      const compiled = await composed(transformed, ['jit'], functionOf(p))(point()).data();
      const stepwise = await disableJit(() => functionOf(p)(point())).data();
      compiled.forEach((a, i) => expect(Math.abs(a - (stepwise[i] as number))).toBeLessThan(tolerance));
    }),
    { numRuns: Math.ceil(runs / 3) },
  );
}, 600_000);
