import { describe, expect, expectTypeOf, test } from 'vitest';
import type { DType, NDArray } from '../../src/index.ts';
import { grad, jit, nn, numpy as np, optim, random, tree, valueAndGrad } from '../../src/index.ts';

/** Mixed precision: parameters in one dtype, arithmetic in another one. */

const half = nn.policy({ params: 'f32', compute: 'f16', output: 'f32' });
const context = { training: true };
const [initKey, xKey, labelKey] = [...random.split(random.key(11), 3)] as [NDArray, NDArray, NDArray];
const dtypesIn = (x: unknown): readonly DType[] => [...new Set(tree.leaves(x).map((leaf) => (leaf as NDArray).dtype))];

const layers: readonly (readonly [nn.Layer, readonly number[]])[] = [
  [nn.dense(7), [5]],
  [nn.sequential(nn.dense(16), nn.relu, nn.dense(3), nn.softmax), [9]],
  [nn.sequential(nn.conv2d(4, 3), nn.gelu, nn.flatten(), nn.dense(3)), [8, 8, 2]],
  [nn.sequential(nn.batchNorm(), nn.dense(4), nn.tanh), [5]],
];

describe.each(layers)('$name', (layer, input) => {
  const wrapped = half(layer);
  const { params, state, outputShape } = wrapped.init(initKey, input);
  const x = random.normal(xKey, [6, ...input]);
  const loss =
    (of: nn.Layer) =>
    (p: nn.Tree): NDArray => {
      const [y] = of.apply(p, state, x, context);
      return y.mul(random.normal(labelKey, y.shape)).sum();
    };

  test('parameters, outputs and gradients have their dtypes', () => {
    expect(dtypesIn(params)).toEqual(['f32']);
    const [y] = wrapped.apply(params, state, x, context);
    expect(y.dtype).toBe('f32');
    expect(y.shape).toEqual([6, ...outputShape]);
    expect(dtypesIn(grad(loss(wrapped))(params))).toEqual(['f32']);
  });

  test('is the layer itself, to half precision', async () => {
    const pairs = [
      [wrapped.apply(params, state, x, context)[0], layer.apply(params, state, x, context)[0]],
      [jit(grad(loss(wrapped)))(params), grad(loss(layer))(params)],
    ] as const;
    for (const [got, wanted] of pairs) {
      for (const [i, leaf] of tree.leaves(wanted).entries()) {
        const [a, b] = [await (tree.leaves(got)[i] as NDArray).data(), await (leaf as NDArray).data()];
        const scale = Math.max(...Array.from(b, Math.abs));
        a.forEach((v, k) => expect(Math.abs(v - (b[k] as number))).toBeLessThanOrEqual(4e-3 * scale));
      }
    }
  });

  test('and rounds to it', () => {
    const jaxpr = jit(loss(wrapped)).lower(params).asText('jaxpr');
    expect(jaxpr).toContain(':f16[');
  });
});

test('the layer sees floats in the dtype of computation, and integers as they are', () => {
  const seen: DType[] = [];
  const spy = nn.policy({ compute: 'f16' })(
    nn.lambda((x) => {
      seen.push(x.dtype);
      return x;
    }, 'spy'),
  );
  expect(spy.name).toBe('spy in f16');
  const apply = (x: NDArray): DType => spy.apply(null, null, x, context)[0].dtype;
  expect(apply(np.ones([2, 3]))).toBe('f32');
  expect(apply(np.ones([2, 3], { dtype: 'u8' }))).toBe('u8');
  expect(seen).toEqual(['f16', 'u8']);
});

test('a state keeps its dtypes', () => {
  const counting: nn.Layer<null, NDArray> = {
    name: 'counting',
    init: (_, inputShape) => ({ params: null, state: np.zeros([]), outputShape: inputShape }),
    apply: (_, state, x) => [x, state.astype(x.dtype).add(x.sum())],
  };
  const [y, state] = half(counting).apply(null, np.zeros([]), np.ones([4]), context);
  expect([y.dtype, state.dtype]).toEqual(['f32', 'f32']);
});

test('what it makes has the types of the layer', () => {
  expectTypeOf(half(nn.dense(3))).toEqualTypeOf<nn.Layer<nn.Affine, null>>();
});

test('only floats can be computed in', () => {
  expect(() => nn.policy({ compute: 'i8' as 'f16' })).toThrow('[nn.policy] compute must be f16, f32 or f64, got i8');
});

test('a network learns in half precision what it learns in single precision', async () => {
  const network = nn.sequential(nn.dense(32), nn.relu, nn.dense(32), nn.relu, nn.dense(3));
  const x = random.normal(xKey, [240, 2]);
  const labels = np.argmax(np.stack([x.slice([], 0), x.slice([], 1), random.normal(labelKey, [240]).mul(0.1)], 1), 1);
  const train = async (layer: nn.Layer): Promise<readonly [first: number, last: number]> => {
    const { params: start, state } = layer.init(initKey, [2]);
    const loss = (params: nn.Tree): NDArray =>
      nn.softmaxCrossEntropyWithIntegerLabels(layer.apply(params, state, x, context)[0], labels).mean();
    const rule = optim.adam(1e-2);
    const step = jit((params: nn.Tree, moments: ReturnType<typeof rule.init>) => {
      const [value, gradients] = valueAndGrad(loss)(params);
      const [updates, next] = rule.update(gradients, moments, params);
      return [value, optim.applyUpdates(params, updates), next] as const;
    });
    let [params, moments] = [start, rule.init(start)];
    const losses: number[] = [];
    for (let i = 0; i < 80; i++) {
      const [value, after, next] = step(params, moments);
      [params, moments] = [after, next];
      losses.push(await value.item());
    }
    return [losses[0] as number, losses.at(-1) as number];
  };
  const [single, mixed] = [await train(network), await train(half(network))];
  expect(single[1]).toBeLessThan(single[0] / 4);
  expect(Math.abs(mixed[1] - single[1])).toBeLessThan(0.1 * single[1] + 0.01);
});
