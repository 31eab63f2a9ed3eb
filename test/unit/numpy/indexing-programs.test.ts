import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, jvp, lax, numpy as np, vmap } from '../../../src/index.ts';

/** Random programs that read, update, sort and accumulate, one after the other, under every transformation. */

const [rows, columns] = [4, 3];

/** From [rows, columns] to the same, with positions that may be out of range. */
type Step = (x: NDArray, i: NDArray) => NDArray;

const steps: Readonly<Record<string, Step>> = {
  rows: (x, i) => x.slice(i),
  columns: (x, i) => x.slice([], i.slice([0, columns])),
  elements: (x, i) => x.slice(i.reshape([rows, 1]), i.slice([0, columns])),
  setRows: (x, i) => x.at(i.slice([0, 2])).set(x.slice([1, 3]).mul(2)),
  addRows: (x, i) => x.at(i).add(np.flip(x, 0)),
  scaleColumn: (x, i) => x.at([], i.slice(0)).mul(x.slice([], 1)),
  raisePart: (x, i) => x.at(i.slice([0, 2]), [1, 3]).max(x.slice([0, 2], [0, 2]).add(0.3)),
  setStrided: (x, i) => x.at([null, null, 2], [null, null, -1]).set(x.slice([1, 3]).mul(i.slice(0).astype('f64'))),
  moveWindow: (x, i) =>
    lax.dynamicUpdateSlice(x, lax.dynamicSlice(x, [i.slice(1), 0], [2, columns]).neg(), [i.slice(0), 0]),
  sort: (x) => np.sort(x, 0),
  sortDown: (x) => np.sort(x, 1, { descending: true }),
  sortByTaking: (x) => np.takeAlongAxis(x, np.argsort(x, 0), 0),
  take: (x, i) => np.take(x, i, 0, { mode: 'fill', fillValue: 0.5 }),
  cumsum: (x) => lax.cumsum(x, 0),
  cumprod: (x) => lax.cumprod(x.mul(0.7), 1, { reverse: true }),
  cummax: (x) => lax.cummax(x, 0),
  cumlogsumexp: (x) => lax.cumlogsumexp(x, 1),
  turn: (x) => x.reshape([columns, rows]).T,
  sin: (x) => np.sin(x),
  window: (x) => lax.reduceWindow(x, -Infinity, lax.max, [2, 1], [1, 1], [[1, 0], [0, 0]]), // prettier-ignore
};
const names = Object.keys(steps);

const programs = fc.record({
  names: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 6 }),
  data: fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: rows * columns, maxLength: rows * columns }),
  positions: fc.array(fc.integer({ min: -rows - 1, max: rows }), { minLength: rows, maxLength: rows }),
});

async function expectClose(actual: NDArray, expected: NDArray): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  const wanted = await expected.data();
  (await actual.data()).forEach((v, i) => {
    const w = wanted[i] as number;
    expect(Math.abs(v - w), `element ${i}: ${v} and ${w}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(w)));
  });
}

test('jit, grad, jvp and vmap agree on programs of indexing and ordering', async () => {
  const weights = np
    .arange(rows * columns)
    .reshape([rows, columns])
    .astype('f64');
  await fc.assert(
    fc.asyncProperty(programs, async (p) => {
      // No two elements are equal, so that extrema have one derivative.
      const x = np.array(p.data.map((v, k) => v / 500 + k * 1e-4), { dtype: 'f64' }).reshape([rows, columns]); // prettier-ignore
      const i = np.array(p.positions, { dtype: 'i32' });
      const f: Step = (a, j) => p.names.reduce((y, name) => (steps[name] as Step)(y, j), a);
      const loss: Step = (a, j) => f(a, j).mul(weights).sum();
      const g: Step = (a, j) => grad((b: NDArray) => loss(b, j))(a);
      const both = (h: Step): NDArray => np.stack([h(x, i), h(np.flip(x, 0), np.flip(i, 0))]);
      const [xs, is] = [np.stack([x, np.flip(x, 0)]), np.stack([i, np.flip(i, 0)])];
      for (const h of [f, g]) {
        await expectClose(jit(h)(x, i), h(x, i));
        await expectClose(jit(vmap(h))(xs, is), both(h));
      }
      await expectClose(vmap((j: NDArray) => f(x, j))(is), np.stack([f(x, i), f(x, np.flip(i, 0))]));
      const direction = np.cos(x);
      const [, tangent] = jvp((b: NDArray) => loss(b, i), [x], [direction]);
      await expectClose(tangent, g(x, i).mul(direction).sum());
    }),
    { numRuns: Number(process.env['LAW_RUNS'] ?? 20) },
  );
}, 60_000);
