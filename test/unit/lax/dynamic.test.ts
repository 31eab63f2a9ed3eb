import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { jit, lax, numpy as np, vmap } from '../../../src/index.ts';
import { createReferenceDevice } from '../../../src/backends/reference/device.ts';
import { setDefaultDevice } from '../../../src/compiler/runtime.ts';

setDefaultDevice(createReferenceDevice());

const x = np.arange(12).reshape([3, 4]).astype('f32');
const i32 = (value: number): NDArray => np.array(value, { dtype: 'i32' });

describe('dynamicSlice', () => {
  test.each([
    ['inside', 1, [[6, 7]]],
    ['moved to fit', 7, [[10, 11]]],
    ['from the end', -2, [[6, 7]]],
    ['far below', -9, [[2, 3]]],
  ])('a start %s, known and unknown, gives the same', async (_, start, expected) => {
    const sizes = [1, 2];
    const f = (i: NDArray): NDArray => lax.dynamicSlice(x, [i, 2], sizes);
    expect(await lax.dynamicSlice(x, [start, 2], sizes).tolist()).toEqual(expected);
    expect(await f(i32(start)).tolist()).toEqual(expected);
    expect(await jit(f)(i32(start)).tolist()).toEqual(expected);
    const all = np.array([start, 2], { dtype: 'i32' });
    expect(await lax.dynamicSlice(x, all, sizes).tolist()).toEqual(expected);
    const many = vmap(f)(np.array([start, 0], { dtype: 'i32' }));
    expect(await many.tolist()).toEqual([expected, [[2, 3]]]);
  });

  test('unsigned starts beyond the range of i32 are moved to the end', async () => {
    const far = np.array(4e9, { dtype: 'u32' });
    expect(await lax.dynamicSlice(x, [far, far], [1, 1]).tolist()).toEqual([[11]]);
    expect(await lax.dynamicSlice(x, [far, i32(0)], [1, 1]).tolist()).toEqual([[8]]);
  });

  test('along one axis, and one position of it', async () => {
    expect(await lax.dynamicSliceInDim(x, i32(1), 2, -1).tolist()).toEqual([[1, 2], [5, 6], [9, 10]]); // prettier-ignore
    expect(await lax.dynamicIndexInDim(x, i32(-1)).tolist()).toEqual([[8, 9, 10, 11]]);
    expect(await lax.dynamicIndexInDim(x, i32(1), 1, false).tolist()).toEqual([1, 5, 9]);
  });

  test('a slice along one axis is one kernel', () => {
    const text = jit((i: NDArray) => lax.dynamicIndexInDim(x, i, 0, false).add(1))
      .lower(i32(0))
      .asText('kernels');
    expect(text.match(/^map/gm)).toHaveLength(1);
  });
});

describe('dynamicUpdateSlice', () => {
  const update = np.array([[-1, -2]]);

  test.each([
    ['inside', 1, [[0, 1, 2, 3], [4, -1, -2, 7], [8, 9, 10, 11]]], // prettier-ignore
    ['moved to fit', 5, [[0, 1, 2, 3], [4, 5, 6, 7], [8, -1, -2, 11]]], // prettier-ignore
    ['from the end', -3, [[0, -1, -2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]], // prettier-ignore
  ])('a start %s', async (_, start, expected) => {
    const f = (i: NDArray): NDArray => lax.dynamicUpdateSlice(x, update, [i, 1]);
    expect(await lax.dynamicUpdateSlice(x, update, [start, 1]).tolist()).toEqual(expected);
    expect(await f(i32(start)).tolist()).toEqual(expected);
    expect(await jit(f)(i32(start)).tolist()).toEqual(expected);
    expect(await vmap(f)(np.array([start], { dtype: 'i32' })).tolist()).toEqual([expected]);
  });

  test('an update that is computed from what it overwrites sees the old elements', async () => {
    const f = (a: NDArray, i: NDArray): NDArray =>
      lax.dynamicUpdateSlice(a, np.flip(lax.dynamicSliceInDim(a, i, 2, 0), 0), [i, 0]);
    const swapped = [[4, 5, 6, 7], [0, 1, 2, 3], [8, 9, 10, 11]]; // prettier-ignore
    expect(await jit(f, { donateArgnums: [0] })(x.add(0), i32(0)).tolist()).toEqual(swapped);
  });

  test('along one axis, and one position of it', async () => {
    const v = np.array([1, 2, 3]);
    expect(await lax.dynamicUpdateSliceInDim(v, np.array([7, 8]), i32(5), 0).tolist()).toEqual([1, 7, 8]);
    expect(await lax.dynamicUpdateIndexInDim(v, np.array(9), i32(1), 0).tolist()).toEqual([1, 9, 3]);
  });
});
