import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { evalShape, jit, lax, linearTranspose, numpy as np, random, typeOf, vmap } from '../../src/index.ts';
import { assertAllclose, checkGrads } from '../../src/testing/index.ts';

/** The laws of the collectives, which exist inside of `vmap` only: of each as the function of a whole batch that it makes. */

type Fn = (x: NDArray) => NDArray;
const over = (f: Fn): Fn => vmap(f, 0, { axisName: 'i' });
const size = 3;

/** Each collective as a function of [3, 3, 2]; the references are written out. */
const collectives: readonly (readonly [name: string, f: Fn, reference: Fn])[] = [
  ['psum', over((x) => lax.psum(x, 'i')), (x) => np.broadcastTo(x.sum(0, { keepdims: true }), x.shape)],
  ['psum of what is the same for all', (x) => over(() => lax.psum(x.slice(0), 'i'))(x), (x) => np.stack([0, 1, 2].map(() => x.slice(0).mul(3)))],
  ['pmean', over((x) => lax.pmean(x, 'i')), (x) => np.broadcastTo(x.mean(0, { keepdims: true }), x.shape)],
  ['allGather', over((x) => lax.allGather(x, 'i')), (x) => np.stack([x, x, x])],
  ['allGather along axis 1', over((x) => lax.allGather(x, 'i', { axis: 1 })), (x) => np.stack([0, 1, 2].map(() => np.moveaxis(x, 0, 1)))],
  ['allGather, tiled', over((x) => lax.allGather(x, 'i', { tiled: true })), (x) => np.stack([0, 1, 2].map(() => x.reshape([9, x.shape[2] ?? 0])))],
  ['psumScatter', over((x) => lax.psumScatter(x, 'i')), (x) => x.sum(0)],
  ['ppermute', over((x) => lax.ppermute(x, 'i', [[0, 1], [1, 0]])), (x) => np.stack([x.slice(1), x.slice(0), x.slice(2).mul(0)])],
  ['axisIndex', over((x) => x.mul(lax.axisIndex('i'))), (x) => x.mul(np.arange(size).reshape([size, 1, 1]))],
]; // prettier-ignore

const draw = (seed: number, shape: readonly number[] = [size, size, 2]): NDArray =>
  random.normal(random.key(seed), shape, { dtype: 'f64' });

describe.each(collectives)('%s', (_, f, reference) => {
  const x = draw(1);
  test('is what is written out', () => assertAllclose(f(x), reference(x)));
  test('has the type of its result', () => {
    expect(String(evalShape(f, x))).toBe(String(typeOf(f(x))));
    const singles = x.astype('f32');
    expect(String(evalShape(f, singles))).toBe(String(typeOf(f(singles))));
  });
  test('jit = eager', () => assertAllclose(jit(f)(x), f(x)));
  test('is linear', () =>
    assertAllclose(
      f(x.mul(2).add(draw(2).mul(3))),
      f(x)
        .mul(2)
        .add(f(draw(2)).mul(3)),
      { rtol: 1e-12 },
    ));
  test('derivatives in both modes, and of the gradient', async () => {
    await checkGrads(f, [x]);
    await checkGrads((a: NDArray) => f(np.sin(a)), [x]);
    await checkGrads((ct: NDArray) => linearTranspose(f, x)(ct)[0], [f(draw(3))]);
  });
  test('vmap = a loop, over each axis', async () => {
    const batch = draw(4, [2, size, size, 2]);
    const looped = np.stack([f(batch.slice(0)), f(batch.slice(1))]);
    await assertAllclose(vmap(f)(batch), looped);
    await assertAllclose(vmap(f, 1)(np.moveaxis(batch, 0, 1)), looped);
    await assertAllclose(vmap(f, 3, { outAxes: 1 })(np.moveaxis(batch, 0, 3)), np.moveaxis(looped, 0, 1));
  });
  test('no elements', () => assertAllclose(f(x.slice([], [], [0, 0])), reference(x.slice([], [], [0, 0]))));
});

test('another axis may be batched inside', async () => {
  const x = draw(5);
  const inside = over((row: NDArray) => vmap((a: NDArray) => lax.psum(a, 'i'), 1, { outAxes: 1 })(row));
  await assertAllclose(inside(x), np.broadcastTo(x.sum(0, { keepdims: true }), x.shape));
});
