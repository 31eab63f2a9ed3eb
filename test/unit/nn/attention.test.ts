import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, lax, nn, numpy as np, random, tree } from '../../../src/index.ts';

const eager = { training: false };
const numbers = (x: unknown): readonly number[] =>
  tree.leaves(x).flatMap((leaf) => Array.from((leaf as NDArray).dataSync(), Number));
const expectClose = (found: NDArray, wanted: NDArray): void => {
  expect(found.shape).toEqual(wanted.shape);
  const right = numbers(wanted);
  numbers(found).forEach((x, i) => expect(x).toBeCloseTo(right[i] ?? NaN, 5));
};

const layers = [
  ['multiHeadAttention', nn.multiHeadAttention(2, { isCausal: true })],
  ['with rope', nn.multiHeadAttention(2, { isCausal: true, rope: true })],
  ['groupedQueryAttention', nn.groupedQueryAttention(4, 2, { isCausal: true, rope: 100, size: 2 })],
  ['transformerBlock', nn.transformerBlock(2, { isCausal: true, groups: 1 })],
  ['decoder', nn.decoder(2, 2, { rope: true })],
] as unknown as readonly (readonly [string, nn.DecodingLayer<nn.Tree, nn.Tree>])[];

describe.each(layers)('decoding with %s', (_, layer) => {
  const { params } = layer.init(random.key(0), [5, 8]);
  const x = random.normal(random.key(1), [2, 5, 8]);
  const [whole] = layer.apply(params, null, x, eager);

  test('one element at a time, compiled as one loop, gives what all at once give', () => {
    const run = jit((p: nn.Tree, xs: NDArray) => {
      const step = (cache: nn.Tree, now: NDArray): readonly [nn.Tree, NDArray] => {
        const [y, next] = layer.decode(p, cache, now.reshape([2, 1, 8]));
        return [next, y.reshape([2, 8])];
      };
      return lax.scan(step, layer.cache(p, 2, 7), np.transpose(xs, [1, 0, 2]))[1];
    });
    expectClose(np.transpose(run(params, x), [1, 0, 2]), whole);
  });

  test('a prompt, and then the rest', () => {
    const [first, cache] = layer.decode(params, layer.cache(params, 2, 5), x.slice([], [0, 3]));
    const [second] = layer.decode(params, cache, x.slice([], [3]));
    expectClose(np.concatenate([first, second], 1), whole);
  });
});

describe('masks', () => {
  const layer = nn.multiHeadAttention(2);
  const { params } = layer.init(random.key(0), [4, 4]);
  const x = random.normal(random.key(1), [2, 4, 4]);

  test('causal, with an offset that may be an array', () => {
    expect(nn.causalMask(2, 3).tolistSync()).toEqual([[true, false, false], [true, true, false]]); // prettier-ignore
    expect(nn.causalMask(2, 3, 1).tolistSync()).toEqual([[true, true, false], [true, true, true]]); // prettier-ignore
    const traced = jit((offset: NDArray) => nn.causalMask(1, 3, offset))(np.array(Int32Array.of(1), { shape: [] }));
    expect(traced.tolistSync()).toEqual([[true, true, false]]);
    const causal = nn.multiHeadAttention(2, { isCausal: true }).apply(params, null, x, eager)[0];
    expectClose(layer.attend(params, x, x, { mask: nn.causalMask(4) }), causal);
  });

  test('what is padding makes no difference', () => {
    const valid = np.array([[1, 1, 1, 0], [1, 1, 1, 0]]).ne(0); // prettier-ignore
    const masked = layer.attend(params, x, x, { mask: nn.paddingMask(valid) });
    const other = x.at([], 3).set(100);
    const short = layer.attend(params, x.slice([], [0, 3]), x.slice([], [0, 3]));
    expectClose(layer.attend(params, x, other, { mask: nn.paddingMask(valid) }), masked);
    expectClose(masked.slice([], [0, 3]), short);
  });
});

test('rope: products of turned vectors depend on the distance only', () => {
  const [q, k] = [random.normal(random.key(1), [1, 1, 6]), random.normal(random.key(2), [1, 1, 6])];
  const turned = (v: NDArray, position: number): NDArray => nn.ropeEmbedding(v, { positions: [position] });
  const product = (a: number, b: number): number => turned(q, a).mul(turned(k, b)).sum().itemSync();
  expect(product(7, 4)).toBeCloseTo(product(3, 0), 4);
  expect(Math.abs(product(7, 3) - product(3, 0))).toBeGreaterThan(0.01);
});

test('the gradient of an embedding goes to the rows that were read, twice where they were read twice', () => {
  const layer = nn.embedding(4, 2);
  const words = np.array(Int32Array.of(2, 0, 2), { shape: [1, 3] });
  const f = (p: nn.Embedding): NDArray => layer.apply(p, null, words, eager)[0].sum();
  const { embedding } = grad(f)({ embedding: np.zeros([4, 2]) });
  expect(embedding.tolistSync()).toEqual([[1, 1], [0, 0], [2, 2], [0, 0]]); // prettier-ignore
  const first = layer.init(random.key(0), [3]).params.embedding;
  expect(numbers(first).every((v) => Math.abs(v) <= 0.05)).toBe(true);
});
