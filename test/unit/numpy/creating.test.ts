import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { BatchError, grad, jit, numpy as np, random, ShapeMismatchError, vmap } from '../../../src/index.ts';

/** Arrays made of arrays, traced ones too. Values are JAX's. */

const int = (x: number | readonly number[]): NDArray => np.array(x, { dtype: 'i32' });
const facts = (x: NDArray): unknown => [x.tolistSync(), x.dtype];

describe('full and its like', () => {
  const f = np.array([1, 2, 3]);
  test('of arrays, which broadcast', () => {
    expect(facts(np.full([2, 3], np.arange(3)))).toEqual([[[0, 1, 2], [0, 1, 2]], 'i32']); // prettier-ignore
    expect(facts(np.full([2], np.array(2.75), { dtype: 'i32' }))).toEqual([[2, 2], 'i32']);
    expect(facts(np.full([2], true))).toEqual([[true, true], 'bool']);
    expect(facts(np.full([2, 2], [1, 2]))).toEqual([[[1, 2], [1, 2]], 'f32']); // prettier-ignore
    expect(facts(np.fullLike(f, np.array([1, 2, 3])))).toEqual([[1, 2, 3], 'f32']);
  });
  test('of traced values', () => {
    expect(jit((v: NDArray) => np.full([2], v))(np.array(3)).tolistSync()).toEqual([3, 3]);
    expect(grad((v: NDArray) => np.full([2, 3], v).sum())(np.array(3)).tolistSync()).toBe(6);
  });
  test('with another dtype and shape', () => {
    expect(facts(np.zerosLike(f, { dtype: 'i32' }))).toEqual([[0, 0, 0], 'i32']);
    expect(facts(np.onesLike(f, { shape: [2] }))).toEqual([[1, 1], 'f32']);
    expect(facts(np.fullLike(int([1, 2, 3]), 2.7))).toEqual([[2, 2, 2], 'i32']);
    expect(facts(np.fullLike(int([1]), 2, { dtype: 'bool', shape: 2 }))).toEqual([[true, true], 'bool']);
  });
});

describe('linspace', () => {
  test('between arrays', () => {
    expect(np.linspace([0, 1], [1, 3], 3).tolistSync()).toEqual([[0, 1], [0.5, 2], [1, 3]]); // prettier-ignore
    expect(np.linspace([0, 1], 10, 3, { axis: 1 }).tolistSync()).toEqual([[0, 5, 10], [1, 5.5, 10]]); // prettier-ignore
    expect(np.linspace([0, 1], 10, 3, { axis: -1 }).shape).toEqual([2, 3]);
    expect(np.linspace(np.array(2), 5, 1).tolistSync()).toEqual([2]);
    expect(np.linspace(np.array(2), 5, 0).tolistSync()).toEqual([]);
    expect(np.linspace(np.array(0), 1, 4, { endpoint: false }).tolistSync()).toEqual([0, 0.25, 0.5, 0.75]);
    expect(np.linspace(np.array(3), 1, 1, { endpoint: false }).tolistSync()).toEqual([3]);
    const tenths = [0.1, 0.20000000298023224, 0.30000001192092896, 0.4, 0.5, 0.6, 0.7].map(Math.fround);
    const found = np.linspace(np.array(0.1), np.array(0.7), 7).tolistSync() as readonly number[];
    found.forEach((v, n) => expect(v).toBeCloseTo(tenths[n] ?? NaN, 6));
    expect(() => np.linspace([0, 1], 1, 3, { axis: 2 })).toThrow('[linspace] axis 2 is out of range');
  });
  test('of integers rounds down', () => {
    expect(facts(np.linspace(0, 5, 4, { dtype: 'i32' }))).toEqual([[0, 1, 3, 5], 'i32']);
    expect(facts(np.linspace(0, -5, 4, { dtype: 'i32' }))).toEqual([[0, -2, -4, -5], 'i32']);
    expect(facts(np.linspace(int(0), int(-5), 4, { dtype: 'i32' }))).toEqual([[0, -2, -4, -5], 'i32']);
    expect(np.linspace(int(0), int(1), 2).dtype).toBe('f32');
  });
  test('between traced ends', () => {
    expect(jit((a: NDArray, b: NDArray) => np.linspace(a, b, 5))(np.array(0), np.array(1)).tolistSync()).toEqual([0, 0.25, 0.5, 0.75, 1]); // prettier-ignore
    const g = grad((a: NDArray) => np.linspace(a, 3, 4).slice(1))(np.array(0));
    expect(g.itemSync()).toBeCloseTo(2 / 3, 6);
  });
});

describe('roll by a traced shift', () => {
  const rolled = jit((x: NDArray, s: NDArray) => np.roll(x, s));
  const m = np.arange(6).reshape([2, 3]);
  test('along one axis, several, or all', () => {
    expect(rolled(np.arange(5), int(2)).tolistSync()).toEqual([3, 4, 0, 1, 2]);
    expect(rolled(np.arange(5), int(-13)).tolistSync()).toEqual([3, 4, 0, 1, 2]);
    expect(rolled(np.arange(5), np.array(7, { dtype: 'u32' })).tolistSync()).toEqual([3, 4, 0, 1, 2]);
    expect(rolled(m, int(2)).tolistSync()).toEqual([[4, 5, 0], [1, 2, 3]]); // prettier-ignore
    expect(rolled(np.zeros([0]), int(2)).tolistSync()).toEqual([]);
    expect(jit((s: NDArray) => np.roll(m, s, 1))(int(-4)).tolistSync()).toEqual([[1, 2, 0], [4, 5, 3]]); // prettier-ignore
    expect(jit((s: NDArray) => np.roll(m, s, [0, 1]))(int([1, 2])).tolistSync()).toEqual([[4, 5, 3], [1, 2, 0]]); // prettier-ignore
    expect(jit((s: NDArray) => np.roll(m, s, [0, 1]))(int(1)).tolistSync()).toEqual([[5, 3, 4], [2, 0, 1]]); // prettier-ignore
    expect(np.roll(np.arange(5), int([1, 2]), 0).tolistSync()).toEqual([2, 3, 4, 0, 1]);
  });
  test('differentiates and batches', () => {
    const x = np.array([1, 2, 3]);
    const g = jit(grad((a: NDArray, s: NDArray) => np.roll(a, s).mul(x).sum()))(x, int(1));
    expect(g.tolistSync()).toEqual([2, 3, 1]);
    expect(vmap((s: NDArray) => np.roll(x, s))(int([0, 1])).tolistSync()).toEqual([[1, 2, 3], [3, 1, 2]]); // prettier-ignore
    expect(() => np.roll(x, np.zeros([1, 1]))).toThrow('[roll] needs one shift or a vector, got f32[1,1]');
  });
});

test('meshgrid takes vectors one by one, and options last', () => {
  const [a, b] = np.meshgrid(int([1, 2]), int([3, 4, 5])) as [NDArray, NDArray];
  expect(a.tolistSync()).toEqual([[1, 2], [1, 2], [1, 2]]); // prettier-ignore
  expect(b.tolistSync()).toEqual([[3, 3], [4, 4], [5, 5]]); // prettier-ignore
  const grids = np.meshgrid([1, 2], [3], [4, 5], { indexing: 'ij', sparse: true });
  expect(grids.map((g) => g.tolistSync())).toEqual([[[[1]], [[2]]], [[[3]]], [[[4, 5]]]]);
  expect(np.meshgrid([1, 2, 3]).map((g) => g.tolistSync())).toEqual([[1, 2, 3]]);
  expect(np.meshgrid()).toEqual([]);
});

describe('keys of arrays', () => {
  const words = (k: NDArray): unknown => k.tolistSync();
  test('traced seeds', () => {
    expect(words(vmap(random.key)(int([0, 1, -1, 7])))).toEqual([[0, 0], [0, 1], [0, 4294967295], [0, 7]]); // prettier-ignore
    expect(words(jit(random.key)(int(-(2 ** 31))))).toEqual([0, 2 ** 31]);
    expect(words(random.key(np.array(2 ** 32 - 1, { dtype: 'u32' })))).toEqual([0, 4294967295]);
    expect(words(random.key(int(5)))).toEqual(words(random.key(5)));
  });
  test('what is no seed', () => {
    expect(() => random.key(np.array(1))).toThrow('[random.key] needs an integer seed, got f32[]');
    expect(() => random.key(int([1, 2]))).toThrow('[random.key] needs one seed, got i32[2]: vmap(random.key) makes many keys'); // prettier-ignore
    expect(() => random.key(1.5)).toThrow('[random.key] needs an integer seed, got 1.5');
  });
});

test('texts of errors', () => {
  expect(() => np.tril(np.array([1, 2]))).toThrow(ShapeMismatchError);
  expect(() => np.tril(np.array([1, 2]))).toThrow('[tril] needs a matrix or a batch of them, got f32[2]');
  expect(() => np.triu(3)).toThrow('[triu] needs a matrix');
  const constant = (outAxes: number): (() => unknown) => () => vmap((_: NDArray) => np.zeros([2]), 0, { outAxes })(np.ones([3])); // prettier-ignore
  expect(constant(5)).toThrow(BatchError);
  expect(constant(5)).toThrow('outAxes is 5 for a result of which one example is f32[2]: it must be from -2 to 1');
  expect(constant(-3)).toThrow(BatchError);
  const mapped =
    (outAxes: number): (() => unknown) =>
    () =>
      vmap((x: NDArray) => x, 0, { outAxes })(np.ones([3]));
  expect(mapped(1)).toThrow('outAxes is 1 for a result of which one example is f32[]: it must be from -1 to 0');
  expect(vmap((_: NDArray) => np.zeros([2]), 0, { outAxes: -1 })(np.ones([3])).shape).toEqual([2, 3]);
});
