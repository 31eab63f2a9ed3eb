import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { lax, nn, numpy as np, random } from '../../../src/index.ts';
import { assertAllclose, checkGrads } from '../../../src/testing/index.ts';

test('right gradients of a network pass', async () => {
  const f = (p: { w: NDArray; b: NDArray }, x: NDArray): NDArray => nn.logSoftmax(x.matmul(p.w).add(p.b)).mul(x).sum();
  const w = random.normal(random.key(1), [4, 4]);
  await checkGrads(f, [{ w, b: np.zeros(4) }, random.normal(random.key(2), [3, 4])]);
});

test('a value through which no gradient flows is caught in both modes', async () => {
  const f = (x: NDArray): NDArray => lax.stopGradient(x).mul(x).sum();
  const x = np.array([1, 2, 3]);
  await expect(checkGrads(f, [x], { modes: ['fwd'] })).rejects.toThrow(/forward mode/);
  await expect(checkGrads(f, [x], { modes: ['rev'] })).rejects.toThrow(/reverse mode/);
});

test('what is not close is named', async () => {
  await assertAllclose(np.array([1, 2]), [1, 2.000001]);
  await assertAllclose({ a: np.array([NaN]) }, { a: np.array([NaN]) });
  await expect(assertAllclose({ a: np.array([1, 2]) }, { a: np.array([1, 3]) })).rejects.toThrow(
    'actual.a differs at flat position 1: 2, expected 3 (1 of 2',
  );
  await expect(assertAllclose({ a: np.array(1) }, { b: np.array(1) })).rejects.toThrow(/key "a"/);
});

test('nothing finite is close to an infinity', async () => {
  await assertAllclose(np.array([Infinity, -Infinity]), [Infinity, -Infinity]);
  for (const [actual, expected] of [
    [1, Infinity],
    [-Infinity, Infinity],
    [Infinity, 1],
  ] as const) {
    await expect(assertAllclose(np.array([actual]), [expected])).rejects.toThrow(
      `position 0: ${actual}, expected ${expected}`,
    );
  }
});

test('plain numbers are as precise as what they are compared with', async () => {
  const third = np.array([1 / 3], { dtype: 'f64' });
  await assertAllclose(third, [1 / 3]);
  await assertAllclose([1 / 3], third);
  await assertAllclose(third.slice(0), 1 / 3);
  await expect(assertAllclose(third, [0.33333334])).rejects.toThrow('0.33333334');
});
