import { expect, test } from 'vitest';
import { GoldenArray, readGolden } from './read.ts';

test('golden arrays keep special values, signed zeros and shapes', () => {
  const [negative] = readGolden('elementwise-f32');
  const x = negative?.args[0];
  if (!(x instanceof GoldenArray)) throw new Error('an array');
  expect([...x.data.slice(0, 5)]).toEqual([0, -0, Infinity, -Infinity, NaN]);
  expect(negative?.out[0]?.data[0]).toBe(-0);
  expect(x.data).toBeInstanceOf(Float32Array);
  expect(x.shape).toEqual([x.data.length]);
});

test.each([
  'random',
  'structural',
  'whole',
  'contractions-f32',
  'contractions-f64',
  'reductions-f32',
  'activations-f64',
])('every array of %s has as many elements as its shape says', (file) => {
  const check = (value: unknown): number => {
    if (value instanceof GoldenArray) {
      expect(value.data.length).toBe(value.shape.reduce((a, b) => a * b, 1));
      return 1;
    }
    if (typeof value !== 'object' || value === null) return 0;
    return Object.values(value).reduce((n: number, v: unknown) => n + check(v), 0);
  };
  const cases = readGolden(file);
  expect(cases.every((c) => check(c.out) > 0)).toBe(true);
  expect(check(cases)).toBeGreaterThan(cases.length);
});

test('the network has gradients of all its leaves', () => {
  const [network] = readGolden('network');
  expect(Object.keys(network?.grads ?? {})).toHaveLength(8);
  expect(network?.out[0].data.length).toBe(4);
});
