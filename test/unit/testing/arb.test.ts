import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { customJvp, init, jit, numpy as np, random, tree } from '../../../src/index.ts';
import { arb, checkProperty, PropertyError } from '../../../src/testing/arb/index.ts';
import { checkGrads, checkJit, checkVmap } from '../../../src/testing/index.ts';

beforeAll(() => init({ device: 'wasm' }));

const draws = <T>(arbitrary: fc.Arbitrary<T>, n = 200): readonly T[] => fc.sample(arbitrary, { seed: 3, numRuns: n });
/** The simplest value that does not have a property. */
function simplest<T>(arbitrary: fc.Arbitrary<T>, holds: (x: T) => boolean): T {
  const { counterexample } = fc.check(fc.property(arbitrary, holds), { seed: 5, numRuns: 1000 });
  return counterexample?.[0] as T;
}
const numbersOf = (x: NDArray): readonly number[] => Array.from(x.dataSync());

describe('what is drawn', () => {
  test('arrays of the shapes, dtypes and numbers that were asked for', () => {
    for (const x of draws(arb.array({ shape: [2, 3], dtype: 'f32', min: 0.5, max: 3 }))) {
      expect([x.dtype, x.shape]).toEqual(['f32', [2, 3]]);
      expect(numbersOf(x).every((v) => v >= 0.5 && v <= 3)).toBe(true);
    }
    const shapes = draws(arb.array({ shape: arb.shape({ minRank: 1, maxRank: 2, minExtent: 0, maxExtent: 3 }) }));
    expect(new Set(shapes.map((x) => x.ndim))).toEqual(new Set([1, 2]));
    expect(shapes.some((x) => x.size === 0)).toBe(true);
    expect(new Set(draws(arb.array({ dtype: arb.dtype() })).map((x) => x.dtype)).size).toBe(5);
  });

  test('extremes only on demand', () => {
    const drawn = (extremes: boolean): Set<number> => new Set(draws(arb.array({ dtype: 'f32', extremes })).flatMap((x) => numbersOf(x))); // prettier-ignore
    const [usual, extreme] = [drawn(false), drawn(true)];
    for (const v of [88, -200, Math.fround(1e-38), Math.fround(1e-40)])
      expect([usual.has(v), extreme.has(v)]).toEqual([false, true]);
    const negativeZero = draws(arb.array({ extremes: true })).some((x) => numbersOf(x).some((v) => Object.is(v, -0)));
    expect(negativeZero).toBe(true);
    const tied = draws(arb.array({ shape: [6], extremes: true })).some((x) => new Set(numbersOf(x)).size < 6);
    expect(tied).toBe(true);
    expect(draws(arb.array({ dtype: 'i8', extremes: true })).some((x) => numbersOf(x).includes(-128))).toBe(true);
  });

  test('shapes that broadcast together', () => {
    const drawn = draws(arb.broadcastableShapes(3));
    for (const shapes of drawn)
      expect(() => shapes.map((s) => np.zeros([...s])).reduce((a, b) => a.add(b))).not.toThrow();
    expect(drawn.some(([a, b]) => a?.length !== b?.length)).toBe(true);
    expect(drawn.some(([a, b]) => a?.length === b?.length && a?.join() !== b?.join())).toBe(true);
  });

  test('symmetric positive definite matrices', () => {
    for (const a of draws(arb.symmetricPositiveDefinite(), 30)) {
      expect(a.T.tolistSync()).toEqual(a.tolistSync());
      expect(Math.min(...np.linalg.eigvalsh(a).dataSync())).toBeGreaterThan(0.99);
    }
  });

  test('keys and trees', () => {
    expect(random.normal(draws(arb.key(), 1)[0] as NDArray, [2]).shape).toEqual([2]);
    const trees = draws(arb.tree(arb.array({ shape: [2] })));
    for (const t of trees) expect(tree.leaves(t).every((x) => (x as NDArray).shape[0] === 2)).toBe(true);
    expect(trees.some((t) => Array.isArray(t))).toBe(true);
  });

  test('programs, whose functions are checked like any other', async () => {
    const [drawn] = draws(arb.program(), 1);
    expect(drawn?.f(np.array([0.1, 0.2, 0.3], { dtype: 'f64' })).shape).toEqual([3]);
    await checkProperty([arb.program(), arb.array({ shape: [3] })], ({ f }, x) => checkJit(f, [x]), { runs: 5 });
  });
});

describe('what fails shrinks', () => {
  test('shapes to small ones, numbers to round ones', () => {
    const array = simplest(arb.array({ max: 9 }), (x) => x.ndim < 2 || Math.max(...numbersOf(x)) <= 3.7);
    expect(array.size).toBeLessThanOrEqual(2);
    expect(array.ndim).toBe(2);
    expect(numbersOf(array).every((v) => String(v).length <= 3)).toBe(true);
    expect(fc.stringify(array)).toBe(`f64[${array.shape.join()}] [${numbersOf(array).join(', ')}]`);
    expect(numbersOf(simplest(arb.array({ shape: [2], min: 0.5 }), () => false))).toEqual([1, 1]);
    expect(simplest(arb.symmetricPositiveDefinite({ size: 2 }), () => false).tolistSync()).toEqual([[1, 0], [0, 1]]); // prettier-ignore
    expect(simplest(arb.dtype(), () => false)).toBe('f32');
  });
});

describe('properties', () => {
  // Right for x > 1 only.
  const wrong = customJvp((x: NDArray) => np.maximum(x, 1).mul(x)).defjvp(([x], [t]) => [
    np.maximum(x, 1).mul(x),
    x.mul(2).mul(t),
  ]);

  async function failing(options = {}): Promise<PropertyError> {
    const f = (x: NDArray): NDArray => jit((y: NDArray) => wrong(y).sum())(x);
    const checked = checkProperty([arb.array({ max: 5 })], (x) => checkGrads(f, [x]), options);
    const error: unknown = await checked.then(() => null, (e: unknown) => e); // prettier-ignore
    expect(error).toBeInstanceOf(PropertyError);
    return error as PropertyError;
  }

  test('a failure has the seed, the simplest values, the blame and a test', async () => {
    const error = await failing({ seed: 11 });
    expect(error.seed).toBe(11);
    expect((error.counterexample[0] as NDArray).shape).toEqual([]);
    expect(error.blame).toMatchObject({ rule: 'jvp', custom: 'the function' });
    expect(error.message).toMatch(
      /^a property failed in run \d+, and for simpler values after \d+ simplifications\n {2}value 0 = np\.array\(-?[\d.]+, \{ dtype: 'f64' \}\)\n/,
    );
    expect(error.message).toContain(`to try these again: { seed: 11, path: '${error.path}' }`);
    expect(error.message).toContain('to blame: the forward rule (defjvp) of the function');
    expect(error.test).toContain('await checkGrads(f, [np.array(');
    expect(error.message).toContain(String(error.test));
  });

  test('seed and path try the simplest values again', async () => {
    const first = await failing({ seed: 11 });
    const again = await failing({ seed: first.seed, path: first.path });
    expect(numbersOf(again.counterexample[0] as NDArray)).toEqual(numbersOf(first.counterexample[0] as NDArray));
  });

  test('false fails, too, and what holds passes', async () => {
    await expect(checkProperty([fc.nat()], (n) => n < 5, { seed: 1 })).rejects.toThrow('value 0 = 5');
    await checkProperty([arb.array({ dtype: 'f32', extremes: true })], (x) =>
      checkVmap((y: NDArray) => np.tanh(y), [x]),
    );
  });
});

test('bounds that leave out the usual numbers move them, and wrong ones are refused', () => {
  for (const dtype of ['f32', 'i32'] as const) {
    const drawn = fc.sample(arb.array({ dtype, shape: [4], min: 20 }), { numRuns: 50, seed: 1 }).flatMap(numbersOf);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(20);
    expect(new Set(drawn).size).toBeGreaterThan(5);
    const below = fc.sample(arb.array({ dtype, shape: [4], max: -20 }), { numRuns: 50, seed: 1 }).flatMap(numbersOf);
    expect(Math.max(...below)).toBeLessThanOrEqual(-20);
  }
  const inverted = arb.array({ shape: [2], min: 10, max: 5 });
  expect(() => fc.sample(inverted, 1)).toThrow('[arb] needs min ≤ max, got 10 and 5');
  expect(() => arb.array({ shape: [-3] })).toThrow('whole numbers from 0, got [-3]');
});

test('without fast-check an error says how to install it', async () => {
  vi.resetModules();
  vi.doMock('fast-check', () => {
    throw new Error("Cannot find package 'fast-check'");
  });
  const { loadArb } = await import('../../../src/testing/load-arb.ts');
  await expect(loadArb()).rejects.toThrow(
    'properties of random arrays need the package fast-check, version 4 or later, which could not be loaded: npm install --save-dev fast-check',
  );
  vi.doUnmock('fast-check');
});
