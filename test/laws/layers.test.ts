import { beforeAll, describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, jit, nn, random, tree, vmap } from '../../src/index.ts';

/** One row a layer: what it makes of examples of a shape, and of its parameters. */
interface Contract {
  readonly layer: nn.Layer;
  /** Of one example. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** The shapes of the parameters, by path. */
  readonly params: Readonly<Record<string, readonly number[]>>;
}

const contracts: readonly Contract[] = [
  { layer: nn.dense(4), input: [3], output: [4], params: { '.kernel': [3, 4], '.bias': [4] } },
  { layer: nn.dense(2), input: [5, 3], output: [5, 2], params: { '.kernel': [3, 2], '.bias': [2] } },
  { layer: nn.dense(4, { bias: false }), input: [3], output: [4], params: { '.kernel': [3, 4] } },
  {
    layer: nn.conv2d(3, [3, 2]),
    input: [5, 4, 2],
    output: [3, 3, 3],
    params: { '.kernel': [3, 2, 2, 3], '.bias': [3] },
  },
  {
    layer: nn.conv2d(2, 3, { strides: 2, padding: 'SAME', bias: false }),
    input: [5, 4, 1],
    output: [3, 2, 2],
    params: { '.kernel': [3, 3, 1, 2] },
  },
  { layer: nn.conv2d(1, 1, { padding: [[1, 0], [0, 2]] }), input: [2, 2, 1], output: [3, 4, 1], params: { '.kernel': [1, 1, 1, 1], '.bias': [1] } }, // prettier-ignore
  { layer: nn.maxPool(2), input: [5, 4, 3], output: [2, 2, 3], params: {} },
  { layer: nn.maxPool([3, 2], { strides: [2, 1], padding: 'SAME' }), input: [5, 4, 1], output: [3, 4, 1], params: {} },
  { layer: nn.flatten(), input: [2, 3, 4], output: [24], params: {} },
  { layer: nn.flatten(), input: [], output: [1], params: {} },
  { layer: nn.lambda(nn.relu), input: [4], output: [4], params: {} },
  { layer: nn.lambda(nn.softmax), input: [4], output: [4], params: {} },
  {
    layer: nn.sequential(nn.conv2d(2, 2), nn.relu, nn.maxPool(2), nn.flatten(), nn.dense(3)),
    input: [5, 5, 1],
    output: [3],
    params: { '[0].kernel': [2, 2, 1, 2], '[0].bias': [2], '[4].kernel': [8, 3], '[4].bias': [3] },
  },
  { layer: nn.sequential(), input: [2, 3], output: [2, 3], params: {} },
];

const values = async (x: unknown): Promise<unknown> =>
  Promise.all(tree.leaves(x).map(async (leaf) => [...(await (leaf as NDArray).data())]));

const toF64 = <T>(x: T): T => tree.map((leaf: NDArray) => leaf.astype('f64'), x);

/** ⟨a, b⟩ over all leaves. */
const inner = (a: unknown, b: unknown): NDArray =>
  tree
    .leaves(a)
    .map((leaf, i) => (leaf as NDArray).mul(tree.leaves(b)[i] as NDArray).sum())
    .reduce((sum, term) => sum.add(term));

const randomLike = <T>(key: NDArray, x: T): T => {
  let count = 0;
  return tree.map((leaf: NDArray) => random.uniform(random.foldIn(key, count++), leaf.shape, { minval: -1 }), x);
};

describe.each(contracts)('$layer.name of $input', ({ layer, input, output, params: shapes }) => {
  const batch = 3;
  const context = { training: true };
  let params: nn.Tree = null;
  let state: nn.Tree = null;
  let outputShape: readonly number[] = [];
  let x: NDArray;
  const apply = (p: nn.Tree, images: NDArray): NDArray => layer.apply(p, state, images, context)[0];

  beforeAll(() => {
    const [initKey, paramKey, xKey] = [...random.split(random.key(7), 3)] as [NDArray, NDArray, NDArray];
    const made = layer.init(initKey, input);
    // Biases begin at zero, where a mistake in them would not show.
    params = randomLike(paramKey, made.params);
    ({ state, outputShape } = made);
    x = random.uniform(xKey, [batch, ...input], { minval: -1 });
  });

  test('the shapes are as init says', () => {
    expect(outputShape).toEqual(output);
    expect(apply(params, x).shape).toEqual([batch, ...output]);
    const found = tree.leavesWithPath(params).map(([path, leaf]) => [tree.keystr(path), (leaf as NDArray).shape]);
    expect(Object.fromEntries(found)).toEqual(shapes);
  });

  test('the same key gives the same parameters, and the dtype is kept', async () => {
    const [one, two] = [layer.init(random.key(3), input), layer.init(random.key(3), input)];
    expect(await values(one.params)).toEqual(await values(two.params));
    expect(apply(params, x).dtype).toBe('f32');
    expect(apply(toF64(params), x.astype('f64')).dtype).toBe('f64');
  });

  test('jit gives what eager evaluation gives', async () => {
    const [eager] = (await values(apply(params, x))) as [number[]];
    const [jitted] = (await values(jit(apply)(params, x))) as [number[]];
    jitted.forEach((value, i) => {
      expect(value).toBeCloseTo(eager[i] ?? NaN, 5);
    });
  });

  test('vmap over examples gives what the batch gives', async () => {
    const one = (example: NDArray): NDArray => apply(params, example.reshape([1, ...input])).reshape(output);
    const [whole] = (await values(apply(params, x))) as [number[]];
    const [mapped] = (await values(vmap(one)(x))) as [number[]];
    mapped.forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i] ?? NaN, 5);
    });
  });

  test('gradients are the central differences in f64', async () => {
    const at = { params: toF64(params), x: x.astype('f64') };
    const along = toF64(randomLike(random.key(11), at));
    const weights = random.uniform(random.key(13), [batch, ...output], { minval: -1 }).astype('f64');
    const f = (point: typeof at): NDArray => apply(point.params, point.x).mul(weights).sum();
    const moved = (step: number): typeof at => tree.map((v: NDArray, d: NDArray) => v.add(d.mul(step)), at, along);
    const h = 1e-6;
    const numeric =
      (await f(moved(h))
        .sub(f(moved(-h)))
        .item()) /
      (2 * h);
    expect(await inner(grad(f)(at), along).item()).toBeCloseTo(numeric, 6);
  });
});
