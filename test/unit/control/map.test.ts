import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, lax, numpy as np, tree, vmap } from '../../../src/index.ts';
import { expectClose } from './close.ts';

const f64 = (shape: readonly number[], seed = 1): NDArray => {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
  return np.array(values, { dtype: 'f64' }).reshape(shape);
};

describe('map', () => {
  const f = ({ x, y }: { x: NDArray; y: NDArray }) => ({ s: np.sin(x).sum().mul(y), t: x.mul(y) });
  const xs = { x: f64([7, 3]), y: f64([7], 2) };

  test.each([undefined, 1, 2, 3, 7, 10])('with batchSize %s', async (batchSize) => {
    const options = batchSize === undefined ? {} : { batchSize };
    await expectClose(lax.map(f, xs, options), vmap(f)(xs));
    const loss = (m: typeof lax.map) => (p: typeof xs) => {
      const { s, t } = m(f, p, options);
      return s.mul(s).sum().add(np.cos(t).sum());
    };
    const expected = grad(loss(((g: typeof f, p: typeof xs) => vmap(g)(p)) as never))(xs);
    await expectClose(grad(loss(lax.map))(xs), expected);
    await expectClose(jit(grad(loss(lax.map)))(xs), expected);
  });

  test('of nothing', () => {
    expect(lax.map((x: NDArray) => x.sum(), np.zeros([0, 3])).shape).toEqual([0]);
  });
});

describe('associativeScan', () => {
  const prefixes = <E>(fn: (a: E, b: E) => E, n: number, at: (i: number) => E): E => {
    const all: E[] = [];
    for (let i = 0; i < n; i++) all.push(i === 0 ? at(0) : fn(all[i - 1] as E, at(i)));
    const first = all[0] as E;
    const leaves = tree.leaves(first).map((_, k) => np.stack(all.map((e) => tree.leaves(e)[k] as NDArray)));
    return tree.unflatten<E>(tree.structure(first), leaves);
  };

  /** Composition of affine maps x ↦ a x + b: associative, and not commutative. */
  interface Affine {
    readonly a: NDArray;
    readonly b: NDArray;
  }
  const compose = (f: Affine, g: Affine): Affine => ({ a: g.a.mul(f.a), b: g.a.mul(f.b).add(g.b) });

  test.each([0, 1, 2, 3, 4, 5, 8, 9, 13])('of %i elements', async (n) => {
    const e: Affine = { a: f64([n, 2]), b: f64([n, 2], 5) };
    if (n === 0) {
      await expectClose(lax.associativeScan(compose, e), e);
      return;
    }
    const expected = prefixes(compose, n, (i) => tree.map((x: NDArray) => x.slice(i), e));
    await expectClose(lax.associativeScan(compose, e), expected);
    await expectClose(jit((v: Affine) => lax.associativeScan(compose, v))(e), expected);
    const backwards = prefixes(compose, n, (i) => tree.map((x: NDArray) => x.slice(n - 1 - i), e));
    const flipped = tree.map((x: NDArray) => lax.rev(x, [0]), backwards);
    await expectClose(lax.associativeScan(compose, e, { reverse: true }), flipped);
    const turned = tree.map((x: NDArray) => x.T, e);
    await expectClose(
      lax.associativeScan(compose, turned, { axis: -1 }),
      tree.map((x: NDArray) => x.T, expected),
    );
  });

  test('is the scan of the same operation, with its derivatives', async () => {
    const e: Affine = { a: f64([6, 2]), b: f64([6, 2], 5) };
    const loss = (s: (v: Affine) => Affine) => (v: Affine) => np.sin(s(v).b).sum();
    const sequential = (v: Affine): Affine => {
      const one = { a: np.ones([2], { dtype: 'f64' }), b: np.zeros([2], { dtype: 'f64' }) };
      return lax.scan((c: Affine, x: Affine) => [compose(c, x), compose(c, x)] as const, one, v)[1];
    };
    const parallel = (v: Affine): Affine => lax.associativeScan(compose, v);
    await expectClose(grad(loss(parallel))(e), grad(loss(sequential))(e));
    await expectClose(jit(grad(loss(parallel)))(e), grad(loss(sequential))(e));
    const many = tree.map((x: NDArray) => np.stack([x, x.mul(0.5)]), e);
    await expectClose(vmap(parallel)(many), vmap(sequential)(many));
  });
});
