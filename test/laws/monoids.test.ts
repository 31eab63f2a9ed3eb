import type { Monoid } from 'fp-ts/lib/Monoid.js';
import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { nn, numpy as np, optim, random, tree } from '../../src/index.ts';

const read = (x: unknown): unknown =>
  JSON.stringify(tree.map((leaf: NDArray) => leaf.tolistSync() as unknown as NDArray, x));

/** Associativity and unit of a monoid whose values are told apart by `observe`. */
function monoidLaws<A>({ empty, concat }: Monoid<A>, [a, b, c]: readonly [A, A, A], observe: (a: A) => unknown): void {
  test('is associative', () => {
    expect(observe(concat(concat(a, b), c))).toEqual(observe(concat(a, concat(b, c))));
  });
  test('has a unit', () => {
    expect(observe(concat(empty, a))).toEqual(observe(a));
    expect(observe(concat(a, empty))).toEqual(observe(a));
  });
  test('tells its values apart', () => {
    expect(observe(concat(a, b))).not.toEqual(observe(concat(b, a)));
  });
}

describe('sequential', () => {
  const x = np.array([[1, -2, 3]]);
  monoidLaws(
    nn.sequentialMonoid,
    [nn.sequential(nn.dense(2)), nn.sequential(nn.relu, nn.dense(3)), nn.sequential(nn.flatten())],
    (layer) => {
      const { params, state, outputShape } = layer.init(random.key(1), [3]);
      return [outputShape, read(params), read(layer.apply(params, state, x, { training: true }))];
    },
  );
});

describe('chain', () => {
  const params = { w: np.array([1, 2]), b: np.array(3) };
  const gradients = { w: np.array([0.5, -0.25]), b: np.array(2) };
  monoidLaws(
    optim.chainMonoid,
    [optim.chain(optim.scaleByAdam()), optim.chain(optim.scale(2), optim.trace(0.9)), optim.sgd(0.1)],
    (transformation) => {
      const state = transformation.init(params);
      return [read(state), read(transformation.update(gradients, state, params))];
    },
  );
});
