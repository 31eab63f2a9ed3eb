import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { BatchError, lax, numpy as np, vmap } from '../../../src/index.ts';

/** Where vmap puts the batch in what comes out. */

test('outAxes null gives what is the same for all examples once', async () => {
  const sum = (x: NDArray): NDArray => lax.psum(x, 'i');
  const once = vmap(sum, 0, { axisName: 'i', outAxes: null })(np.array([[1, 2], [30, 40]])); // prettier-ignore
  expect(await once.tolist()).toEqual([31, 42]);
  const [scaled, total] = vmap((x: NDArray) => [x.mul(2), sum(x)] as const, 0, { axisName: 'i', outAxes: [0, null] })(
    np.array([1, 3]),
  );
  expect(await scaled.tolist()).toEqual([2, 6]);
  expect(await total.tolist()).toEqual(4);
});

test('outAxes null is refused for what depends on the batch', () => {
  const doubled = vmap((x: NDArray) => x.mul(2), 0, { outAxes: null });
  expect(() => doubled(np.array([1, 3]))).toThrow(BatchError);
  expect(() => doubled(np.array([1, 3]))).toThrow('outAxes is null for a result that depends on the batch (f32[2])');
});
