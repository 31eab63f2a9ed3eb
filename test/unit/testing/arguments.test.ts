import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { ArgumentError, init, numpy as np } from '../../../src/index.ts';
import { arb, checkProperty } from '../../../src/testing/arb/index.ts';
import {
  checkBackends,
  checkCustomRule,
  checkGrads,
  checkJit,
  checkTransposed,
  checkVmap,
  NothingCheckedError,
} from '../../../src/testing/index.ts';

/** Checks that are given what they can't work with say so. */

beforeAll(() => init({ device: 'wasm' }));

const sin = (x: NDArray): NDArray => np.sin(x);
const args: [NDArray] = [np.array([0.5])];

test.each<readonly [options: object, message: string]>([
  [{ modes: [] }, "modes must be a list of 'fwd', 'rev' or both, got []"],
  [{ modes: ['reverse'] }, "modes must be a list of 'fwd', 'rev' or both, got ['reverse']"],
  [{ step: 0 }, 'step must be a number above 0, got 0'],
  [{ step: Infinity }, 'step must be a number above 0, got Infinity'],
  [{ tolerance: NaN }, 'tolerance must be a number from 0 on, got NaN'],
  [{ order: 0 }, 'order must be a whole number from 1 on, got 0'],
  [{ order: '2' }, "order must be a whole number from 1 on, got '2'"],
  [{ seed: 0.5 }, 'seed must be a whole number, got 0.5'],
])('options %j', async (options, message) => {
  await expect(checkGrads(sin, args, options)).rejects.toThrow(`checkGrads: ${message}`);
});

test('functions, arguments and devices', async () => {
  const no = 3 as unknown as typeof sin;
  for (const check of [checkGrads, checkVmap, checkJit, checkBackends, checkCustomRule, checkTransposed]) {
    await expect(check(no, args)).rejects.toThrow(`${check.name}: the first argument must be the function that is checked, got 3`); // prettier-ignore
    await expect(check(sin, np.array(1) as never)).rejects.toThrow(`${check.name}: the second argument must be the list of the function’s arguments, got an object of type `); // prettier-ignore
  }
  await expect(checkBackends(sin, args, { devices: ['cuda' as never] })).rejects.toThrow("checkBackends: devices must be a list of 'wasm', 'webgpu', 'reference', got ['cuda']"); // prettier-ignore
});

test('properties', async () => {
  await expect(checkProperty(arb.array() as never, () => true)).rejects.toThrow('must be a list of arbitraries');
  await expect(checkProperty([3 as never], () => true)).rejects.toThrow('must be a list of arbitraries');
  await expect(checkProperty([arb.array()], true as never)).rejects.toThrow('the second argument must be a function');
});

test('values at which nothing can be checked are drawn again, and if there are no others it is said', async () => {
  const single = arb.array({ shape: [1], extremes: true });
  await checkProperty([single], (x) => checkGrads((y: NDArray) => np.abs(y), [x]), { seed: 1 });
  const never = checkProperty([single], (x) => checkGrads((y: NDArray) => np.log(y.mul(0)), [x]), { runs: 3 });
  await expect(never).rejects.toThrow(NothingCheckedError);
});

test('what arbitraries can not draw', () => {
  const refused = (draw: () => unknown): string => {
    try {
      draw();
    } catch (error) {
      expect(error).toBeInstanceOf(ArgumentError);
      return (error as Error).message;
    }
    return 'nothing is refused';
  };
  expect(refused(() => arb.array({ dtype: 'float32' as never }))).toContain('a dtype is one of bool, i8, u8, i16, u16, i32, u32, f16, f32, f64, got "float32"'); // prettier-ignore
  expect(refused(() => arb.dtype(['f32', 'int' as never]))).toContain('got "int"');
  expect(refused(() => arb.dtype([]))).toContain('needs a list of dtypes');
  expect(refused(() => arb.array({ shape: 3 as never }))).toContain('a shape consists of whole numbers from 0, got 3');
  expect(refused(() => arb.shape({ minRank: 5, maxRank: 4 }))).toContain('minRank ≤ maxRank, got 5 and 4');
  expect(refused(() => arb.shape({ minExtent: -1 }))).toContain('minExtent ≤ maxExtent, got -1 and 4');
  expect(refused(() => arb.symmetricPositiveDefinite({ size: -1 }))).toContain('a whole number of rows, got -1');
  expect(refused(() => arb.symmetricPositiveDefinite({ dtype: 'i32' }))).toContain('a float dtype, got "i32"');
  const drawn = (options: object): unknown => fc.sample(arb.array({ shape: [2], ...options }), 1);
  expect(refused(() => drawn({ dtype: 'i32', min: 0.2, max: 0.8 }))).toContain('there is no i32 from 0.2 to 0.8');
  expect(refused(() => drawn({ dtype: 'u8', min: 300 }))).toContain('there is no u8 from 300 to 255');
  expect(refused(() => drawn({ min: NaN }))).toContain('finite min and max, got NaN');
});

test('ranks and extents above the usual ones move those', () => {
  const shapes = fc.sample(arb.shape({ minRank: 5, minExtent: 6 }), { numRuns: 20, seed: 1 });
  expect(shapes.every((s) => s.length === 5 && s.every((n) => n === 6))).toBe(true);
});
