import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { DTypeError, grad, jit, lax, numpy as np, vmap } from '../../../src/index.ts';

/** Numbers and lists stand wherever arrays do, as for numpy's functions. */

const f = np.array([1, 2, 3]);
const i = np.array([1, 2, 3], { dtype: 'i32' });
const u = np.array([1, 2, 3], { dtype: 'u32' });
const b = np.array([true, false, true]);
const facts = (x: NDArray): unknown => [x.tolistSync(), x.dtype];

describe('a number takes the dtype of the array that it stands beside', () => {
  test.each<readonly [string, () => NDArray, unknown, string]>([
    ['add(f32, 1)', () => lax.add(f, 1), [2, 3, 4], 'f32'],
    ['add(1, f32)', () => lax.add(1, f), [2, 3, 4], 'f32'],
    ['add(f32, 1.5)', () => lax.add(f, 1.5), [2.5, 3.5, 4.5], 'f32'],
    ['add(i32, 1)', () => lax.add(i, 1), [2, 3, 4], 'i32'],
    ['shiftLeft(u32, 1)', () => lax.shiftLeft(u, 1), [2, 4, 6], 'u32'],
    ['and(bool, true)', () => lax.and(b, true), [true, false, true], 'bool'],
    ['lt(i32, 2)', () => lax.lt(i, 2), [true, false, false], 'bool'],
    ['max(f32, 2)', () => lax.max(f, 2), [2, 2, 3], 'f32'],
    ['pow(f32, 2)', () => lax.pow(f, 2), [1, 4, 9], 'f32'],
    ['add of an array without axes', () => lax.add(f, np.array(1)), [2, 3, 4], 'f32'],
    ['clamp(0, i32, 2)', () => lax.clamp(0, i, 2), [1, 2, 2], 'i32'],
    [
      'clamp of a number between arrays',
      () => lax.clamp(i, 2, np.array([5, 5, 5], { dtype: 'i32' })),
      [2, 2, 3],
      'i32',
    ],
    ['select(bool, i32, 0)', () => lax.select(b, i, 0), [1, 0, 3], 'i32'],
    ['select by a scalar', () => lax.select(np.array(false), f, f.add(1)), [2, 3, 4], 'f32'],
    ['select by true', () => lax.select(true, f, f.add(1)), [1, 2, 3], 'f32'],
    ['selectN by true', () => lax.selectN(true, f, f.add(1)), [2, 3, 4], 'f32'],
    ['dynamicUpdateIndexInDim', () => lax.dynamicUpdateIndexInDim(i, 5, 1, 0), [1, 5, 3], 'i32'],
    ['pad', () => lax.pad(i, 1, [[1, 0, 0]]), [1, 1, 2, 3], 'i32'],
  ])('%s', (_, compute, values, dtype) => expect(facts(compute())).toEqual([values, dtype]));

  test('and stays weakly typed among its like only', () => {
    expect(lax.add(1, 2).weakType).toBe(true);
    expect(lax.add(np.array(1), 2).weakType).toBe(true);
    expect(lax.add(f, 2).weakType).toBe(false);
  });

  test('so does a scalar condition under vmap and jit', () => {
    const choose = vmap((c: NDArray, x: NDArray) => lax.select(c, x, 0), 0);
    expect(jit(choose)(np.array([true, false]), np.array([[1, 2], [3, 4]])).tolistSync()).toEqual([[1, 2], [0, 0]]); // prettier-ignore
  });

  test('and gradients pass by it', () => {
    expect(grad((x: NDArray) => lax.mul(lax.add(x, 1), 3).sum())(f).tolistSync()).toEqual([3, 3, 3]);
    expect(grad((x: NDArray) => lax.mul(x, np.array(2)).sum())(f).tolistSync()).toEqual([2, 2, 2]);
    expect(grad((s: NDArray) => lax.mul(f, s).sum())(np.array(1)).tolistSync()).toBe(6);
  });

  test.each<readonly [string, () => NDArray, string]>([
    ['a fraction beside integers', () => lax.add(i, 1.5), '[add] 1.5 is no i32, which it stands beside (i32[3])'],
    ['a negative number beside u32', () => lax.add(u, -1), '[add] -1 is no u32'],
    ['a bool beside numbers', () => lax.max(i, true), '[max] true is no i32'],
    ['a number beside bools', () => lax.and(b, 1), '[and] 1 is no bool'],
    ['a number that is too large', () => lax.add(i, 2 ** 31), '[add] 2147483648 is no i32'],
  ])('%s is refused', (_, compute, text) => {
    expect(compute).toThrow(DTypeError);
    expect(compute).toThrow(text);
  });
});

describe('numbers and lists alone', () => {
  const m = [[4, 2], [2, 5]]; // prettier-ignore
  test.each<readonly [string, () => NDArray, unknown]>([
    ['exp', () => lax.exp(0), 1],
    ['neg', () => lax.neg([1, 2]), [-1, -2]],
    ['add', () => lax.add([1, 2], [3, 4]), [4, 6]],
    ['integerPow', () => lax.integerPow([2, 3], 3), [8, 27]],
    ['square', () => lax.square(3), 9],
    ['not', () => lax.not([true, false]), [false, true]],
    ['cumsum', () => lax.cumsum([1, 2]), [1, 3]],
    ['cumprod', () => lax.cumprod([2, 3]), [2, 6]],
    ['reduceSum', () => lax.reduceSum([1, 2], [0]), 3],
    ['reduceMax', () => lax.reduceMax([1, 2], [0]), 2],
    ['reduceProd', () => lax.reduceProd([3, 2], [0]), 6],
    ['reduceAnd', () => lax.reduceAnd([true, false], [0]), false],
    ['argmax', () => lax.argmax([1, 5, 2], 0), 1],
    ['argmin', () => lax.argmin([1, 5, 0], 0), 2],
    ['broadcastInDim', () => lax.broadcastInDim(1, [2], []), [1, 1]],
    ['reshape', () => lax.reshape([1, 2], [2, 1]), [[1], [2]]],
    ['transpose', () => lax.transpose([[1, 2]], [1, 0]), [[1], [2]]],
    ['slice', () => lax.slice([1, 2, 3], [1], [3]), [2, 3]],
    ['sliceInDim', () => lax.sliceInDim([1, 2, 3], 0, 2), [1, 2]],
    ['indexInDim', () => lax.indexInDim([1, 2, 3], -1, 0, false), 3],
    ['concatenate', () => lax.concatenate([[1], [2, 3]], 0), [1, 2, 3]],
    ['rev', () => lax.rev([1, 2], [0]), [2, 1]],
    ['pad', () => lax.pad([1], 0, [[0, 1, 0]]), [1, 0]],
    ['expandDims', () => lax.expandDims(1, [0]), [1]],
    ['squeeze', () => lax.squeeze([1], [0]), 1],
    ['collapse', () => lax.collapse([[1, 2]], 0), [1, 2]],
    ['convertElementType', () => lax.convertElementType([1.5], 'i32'), [1]],
    ['bitcastConvertType', () => lax.bitcastConvertType([1], 'i32'), [0x3f800000]],
    ['dotGeneral', () => lax.dotGeneral([1, 2], [3, 4], { contracting: [[0], [0]], batch: [[], []] }), 11],
    ['conv', () => lax.conv([[[1, 2, 3]]], [[[1, 1]]], [1], 'VALID'), [[[3, 5]]]],
    ['convTranspose', () => lax.convTranspose([[[1], [2]]], [[[1]]], [1], 'VALID'), [[[1], [2]]]],
    ['dynamicSlice', () => lax.dynamicSlice([1, 2, 3], [1], [2]), [2, 3]],
    ['dynamicSliceInDim', () => lax.dynamicSliceInDim([1, 2, 3], 1, 1), [2]],
    ['dynamicIndexInDim', () => lax.dynamicIndexInDim([1, 2, 3], 1, 0, false), 2],
    ['dynamicUpdateSlice', () => lax.dynamicUpdateSlice([1, 2, 3], [9], [1]), [1, 9, 3]],
    ['dynamicUpdateSliceInDim', () => lax.dynamicUpdateSliceInDim([1, 2, 3], [9], 1, 0), [1, 9, 3]],
    ['sort', () => lax.sort([3, 1, 2]), [1, 2, 3]],
    ['sortKeyVal', () => lax.sortKeyVal([3, 1], [10, 20])[1], [20, 10]],
    ['topK', () => lax.topK([3, 1, 2], 2)[0], [3, 2]],
    ['select', () => lax.select([true, false], [1, 2], [3, 4]), [1, 4]],
    [
      'gather',
      () => lax.gather([5, 6, 7], [[2], [0]], { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] }, [1]),
      [7, 5],
    ],
    [
      'scatterAdd',
      () =>
        lax.scatterAdd([0, 0, 0], [[2], [2]], [1, 2], {
          updateWindowDims: [],
          insertedWindowDims: [0],
          scatterDimsToOperandDims: [0],
        }),
      [0, 0, 3],
    ],
    ['cholesky', () => lax.linalg.cholesky(m), [[2, 0], [1, 2]]], // prettier-ignore
    ['det', () => lax.linalg.det(m), 16],
    ['triangularSolve', () => lax.linalg.triangularSolve([[2]], [[4]], { leftSide: true }), [[2]]],
    ['luSolve', () => lax.linalg.luSolve([[2]], [0], [[4]]), [[2]]],
  ])('%s', (_, compute, expected) => expect(compute().tolistSync()).toEqual(expected));

  test('decompositions', () => {
    expect(lax.linalg.eigh([[2, 0], [0, 1]])[1].tolistSync()).toEqual([1, 2]); // prettier-ignore
    expect(lax.linalg.lu([[2]])[0].tolistSync()).toEqual([[2]]);
    expect(lax.linalg.qr([[2]])[1].tolistSync()).toEqual([[2]]);
    expect(lax.linalg.svd([[2]])[1].tolistSync()).toEqual([2]);
  });
});
