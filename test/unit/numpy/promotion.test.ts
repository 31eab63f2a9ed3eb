import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, numpy as np, vmap } from '../../../src/index.ts';

/** Values and dtypes of mixed operands are JAX's. */

const f = np.array([1, 2, 3]);
const i = np.array([1, 2, 3], { dtype: 'i32' });
const u = np.array([1, 2, 3], { dtype: 'u32' });
const b = np.array([true, false, true]);
const bools = np.array([[true, false], [true, true]]); // prettier-ignore
const int = (x: number | readonly number[]): NDArray => np.array(x, { dtype: 'i32' });
const uint = (x: number | readonly number[]): NDArray => np.array(x, { dtype: 'u32' });

type Row = readonly [string, () => NDArray, unknown, string];
const check = (_: string, compute: () => NDArray, values: unknown, dtype: string): void => {
  const x = compute();
  expect([x.tolistSync(), x.dtype]).toEqual([values, dtype]);
  const compiled = jit(compute)();
  expect([compiled.tolistSync(), compiled.dtype]).toEqual([values, dtype]);
};

describe('power', () => {
  test.each<Row>([
    ['i32 ^ i32', () => np.power(i, i), [1, 4, 27], 'i32'],
    ['2 ^ i32', () => np.power(2, i), [2, 4, 8], 'i32'],
    ['-2 ^ i32', () => np.power(-2, i), [-2, 4, -8], 'i32'],
    ['i32 ^ 2', () => np.power(i, 2), [1, 4, 9], 'i32'],
    ['i32 ^ 100', () => np.power(i, 100), [1, 0, -818408495], 'i32'],
    ['2.5 ^ i32', () => np.power(2.5, i), [2.5, 6.25, 15.625], 'f32'],
    ['f32 ^ i32', () => np.power(f, i), [1, 4, 27], 'f32'],
    ['u32 ^ u32', () => np.power(u, u), [1, 4, 27], 'u32'],
    ['u32 ^ i32', () => np.power(u, i), [1, 4, 27], 'i32'],
    ['bool ^ bool', () => np.power(b, b), [1, 1, 1], 'i32'],
    ['bool ^ i32', () => np.power(b, i), [1, 0, 1], 'i32'],
    ['bool ^ 2', () => np.power(b, 2), [1, 0, 1], 'i32'],
    ['2 ^ bool', () => np.power(2, b), [2, 1, 2], 'i32'],
    ['f32 ^ bool', () => np.power(f, b), [1, 1, 3], 'f32'],
    ['i32 ^ true', () => np.power(i, true), [1, 2, 3], 'i32'],
    ['f32 ^ -3', () => np.power(f, -3), [1, 0.125, 0.03703703731298447], 'f32'],
    ['of numbers', () => np.power(2.5, 2), 6.25, 'f32'],
    ['method', () => i.pow(i), [1, 4, 27], 'i32'],
    ['wrapping', () => np.power(int([3, 7, -3, 2]), int([40, 13, 41, 33])), [689956897, -1895237401, -2069870691, 0], 'i32'], // prettier-ignore
    ['wrapping, u32', () => np.power(uint([3, 7]), uint([40, 13])), [689956897, 2399729895], 'u32'],
    ['beyond 64', () => np.power(int([3, 2, -1]), int([65, 64, 1001])), [Number(BigInt.asIntN(32, 3n ** 65n)), 0, -1], 'i32'], // prettier-ignore
    ['0 ^ 0', () => np.power(int([0]), int([0])), [1], 'i32'],
    [
      'negative exponents',
      () => np.power(int([1, -1, -1, 2, 0, 3]), int([-1, -1, -2, -1, -1, -3])),
      [1, -1, 1, 0, 0, -1197088493],
      'i32',
    ],
  ])('%s', check);

  test('of floats by integers differentiates at 0 and below', () => {
    const g = grad((x: NDArray) => np.power(x, int([2, 0, -1])).sum())(np.array([-2, 0, 3]));
    expect(g.tolistSync()).toEqual([-4, 0, Math.fround(-1 / 9)]);
  });
  test('of integers batches', () => {
    expect(vmap((n: NDArray) => np.power(i, n))(int([0, 3])).tolistSync()).toEqual([[1, 1, 1], [1, 8, 27]]); // prettier-ignore
  });
});

describe('joining', () => {
  test.each<Row>([
    ['stack i32, number', () => np.stack([int(3), 1]), [3, 1], 'i32'],
    ['stack i32, fraction', () => np.stack([int(3), 1.5]), [3, 1.5], 'f32'],
    ['stack bool, number', () => np.stack([np.array(true), 1]), [1, 1], 'i32'],
    ['stack u32, number', () => np.stack([uint(1), 1]), [1, 1], 'u32'],
    ['stack f32, number', () => np.stack([np.array(2, { dtype: 'f32' }), 1]), [2, 1], 'f32'],
    ['concatenate i32, u32', () => np.concatenate([i, u]), [1, 2, 3, 1, 2, 3], 'i32'],
    ['concatenate i32, f32', () => np.concatenate([i, f]), [1, 2, 3, 1, 2, 3], 'f32'],
    ['concatenate bool, i32', () => np.concatenate([b, i]), [1, 0, 1, 1, 2, 3], 'i32'],
    ['concatenate flattened with a number', () => np.concatenate([i, 4], null), [1, 2, 3, 4], 'i32'],
    ['hstack i32, number', () => np.hstack([i, 1]), [1, 2, 3, 1], 'i32'],
    ['vstack i32, number', () => np.vstack([int(2), 1]), [[2], [1]], 'i32'],
  ])('%s', check);
});

describe('products', () => {
  test.each<Row>([
    ['dot i32, number', () => np.dot(i, 2), [2, 4, 6], 'i32'],
    ['dot number, i32', () => np.dot(2, i), [2, 4, 6], 'i32'],
    ['dot i32, fraction', () => np.dot(i, 2.5), [2.5, 5, 7.5], 'f32'],
    ['dot bool, number', () => np.dot(b, 2), [2, 0, 2], 'i32'],
    ['dot bool, bool', () => np.dot(b, b), true, 'bool'],
    ['dot bool, true', () => np.dot(b, true), [true, false, true], 'bool'],
    ['dot i32, f32', () => np.dot(i, f), 14, 'f32'],
    ['dot bool, i32', () => np.dot(b, i), 4, 'i32'],
    ['dot u32, i32', () => np.dot(u, i), 14, 'i32'],
    ['dot f32, number', () => np.dot(f, 2), [2, 4, 6], 'f32'],
    ['matmul of bools', () => np.matmul(bools, bools), [[true, false], [true, true]], 'bool'], // prettier-ignore
    ['matmul bool, i32', () => np.matmul(bools, int([1, 2])), [1, 3], 'i32'],
    ['matmul bool, u32', () => np.matmul(bools, uint([1, 2])), [1, 3], 'u32'],
    ['matmul of a batch of bools', () => np.matmul(np.stack([bools, np.logicalNot(bools)]), bools), [[[true, false], [true, true]], [[true, true], [false, false]]], 'bool'], // prettier-ignore
    ['matmul of no bools', () => np.matmul(np.zeros([1, 0], { dtype: 'bool' }), np.zeros([0, 1], { dtype: 'bool' })), [[false]], 'bool'], // prettier-ignore
    ['einsum of bools', () => np.einsum('ij,jk->ik', bools, bools), [[true, false], [true, true]], 'bool'], // prettier-ignore
    ['einsum of one bool array', () => np.einsum('ij->i', bools), [true, true], 'bool'],
    ['outer of bools', () => np.outer([true, false], b), [[true, false, true], [false, false, false]], 'bool'], // prettier-ignore
    ['outer i32, number', () => np.outer(i, 2), [[2], [4], [6]], 'i32'],
  ])('%s', check);
  test('a sum of 2³² true products is true', () => {
    const n = 2 ** 16;
    const all = np.ones([n], { dtype: 'bool' });
    expect(np.einsum('i,j->', all, all).tolistSync()).toBe(true);
  });
});
