import { beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { init, jit, numpy as np, random } from '../../src/index.ts';

beforeAll(() => init({ device: 'webgpu' }));

/** Sums of floats depend on their order: equal bits mean that it is always the same one. */
test('adding at positions that collide gives the same bits every time', async () => {
  const [updates, rows, width] = [3000, 7, 5];
  const positions = random.randint(random.key(1), [updates], 0, rows);
  // Of many magnitudes, so that another order shows in the last bits.
  const values = np.exp(random.normal(random.key(2), [updates, width]).mul(6));
  const add = jit((i: NDArray, x: NDArray) => np.zeros([rows, width]).at(i).add(x));
  const bitsOf = async (i: NDArray, x: NDArray): Promise<readonly number[]> => {
    const sums = (await add(i, x).data()) as Float32Array<ArrayBuffer>;
    return [...new Uint32Array(sums.buffer, sums.byteOffset, sums.length)];
  };
  const first = await bitsOf(positions, values);
  for (let again = 0; again < 30; again++) expect(await bitsOf(positions, values)).toEqual(first);
  // The order does matter: this test could fail.
  const reversed = np.arange(updates - 1, -1, -1);
  expect(await bitsOf(np.take(positions, reversed, 0), np.take(values, reversed, 0))).not.toEqual(first);
});
