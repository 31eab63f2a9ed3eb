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
    'actual.a differs at [1]: 2, expected 3 (1 of 2',
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
      `differs at [0]: ${actual}, expected ${expected}`,
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

test('lists, bools and typed arrays stand for arrays, in trees, too', async () => {
  const matrix = np.array([[1, 2], [3, 4]]); // prettier-ignore
  await assertAllclose({ a: matrix, n: [np.array(3), 4] }, { a: [[1, 2], [3, 4]], n: [3, np.array(4)] }); // prettier-ignore
  await assertAllclose([[1, 2], [3, 4]], matrix); // prettier-ignore
  await assertAllclose(np.array([true, false]), [true, false]);
  await assertAllclose([true], np.array([true]));
  await assertAllclose(np.array([1, 2]), new Float32Array([1, 2]));
  await assertAllclose({ x: new Int32Array([1, 2]) }, { x: [1, 2] });
  await expect(assertAllclose([1, [2, 3]], [1, [2, 3]])).rejects.toThrow('nested arrays must be regular');
  await expect(assertAllclose({ a: matrix }, { a: [[1, 2], [3.5, 4]] })).rejects.toThrow('actual.a differs at [1, 0]: 3, expected 3.5 (1 of 4'); // prettier-ignore
  await expect(assertAllclose(np.array([true, false]), [true, true])).rejects.toThrow('differs at [1]: 0, expected 1');
  await expect(assertAllclose(np.array(1), 2)).rejects.toThrow('actual differs: 1, expected 2');
  await expect(assertAllclose([np.array([1])], [[1, 2]])).rejects.toThrow('actual[0] has shape [1], expected [2]');
});

test('the coarser of two dtypes says the tolerance, and numbers have none', async () => {
  const [f32, f64, i32] = (['f32', 'f64', 'i32'] as const).map((dtype) => np.array([3], { dtype })) as [NDArray, NDArray, NDArray]; // prettier-ignore
  for (const other of [f64, i32]) {
    await assertAllclose(f32.mul(1 + 1e-6), other);
    await assertAllclose(other, f32.mul(1 + 1e-6));
  }
  await expect(assertAllclose(f64.mul(1 + 1e-6), i32)).rejects.toThrow('rtol 1e-10');
  await expect(assertAllclose(i32, [3.0001])).rejects.toThrow('rtol 0');
  await assertAllclose(np.array([16777217], { dtype: 'i32' }), [16777217]);
  await expect(assertAllclose(np.array([16777217], { dtype: 'i32' }), [16777216])).rejects.toThrow('16777216');
  await assertAllclose(await np.array([1.1, 2.2]).tolist(), [1.1, 2.2]);
});
