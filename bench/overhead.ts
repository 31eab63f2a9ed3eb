import type { NDArray } from '../src/index.ts';
import { grad, init, jit, makeJaxpr, nn, numpy as np, random } from '../src/index.ts';
import type { Benchmark, Suite } from './frame.ts';
import type { JaxArray } from './jax-js.ts';
import { jaxJs } from './jax-js.ts';

/** What the front costs: calling a function that is compiled already, and tracing one. */

interface Layer<T> {
  readonly w: T;
  readonly b: T;
}

const layers = 10;
const width = 4;

/** A tree of twenty small arrays. */
const twenty = <T>(make: (shape: readonly number[]) => T): readonly Layer<T>[] =>
  Array.from({ length: layers }, () => ({ w: make([width, width]), b: make([width]) }));

const oneResult: Benchmark = {
  name: 'jit cache hit: 20 leaves, 1 result',
  unit: 'µs',
  limit: 30,
  contenders: [
    {
      name: 'pullback',
      prepare: async () => {
        await init();
        const params = twenty((shape) => np.ones(shape));
        const f = jit((p: readonly Layer<NDArray>[]) => (p[0] as Layer<NDArray>).b.add((p[9] as Layer<NDArray>).b));
        return () => void f(params);
      },
    },
    {
      name: 'jax-js',
      prepare: async () => {
        const jax = await jaxJs();
        const params = twenty((shape) => jax.numpy['ones']?.(shape) as JaxArray);
        const f = jax.jit((p: readonly Layer<JaxArray>[]) => (p[0] as Layer<JaxArray>).b.add((p[9] as Layer<JaxArray>).b)); // prettier-ignore
        return () => f(jax.tree.ref(params)).dispose();
      },
    },
  ],
};

const manyResults: Benchmark = {
  name: 'jit cache hit: 20 leaves, 20 results',
  unit: 'µs',
  contenders: [
    {
      name: 'pullback',
      prepare: async () => {
        await init();
        const params = twenty((shape) => np.ones(shape));
        const f = jit((p: readonly Layer<NDArray>[]) => p.map(({ w, b }) => ({ w: w.mul(0.9), b: b.mul(0.9) })));
        return () => void f(params);
      },
    },
    {
      name: 'jax-js',
      prepare: async () => {
        const jax = await jaxJs();
        const params = twenty((shape) => jax.numpy['ones']?.(shape) as JaxArray);
        const f = jax.jit((p: readonly Layer<JaxArray>[]) => p.map(({ w, b }) => ({ w: w.mul(0.9), b: b.mul(0.9) })));
        return () => jax.tree.dispose(f(jax.tree.ref(params)));
      },
    },
  ],
};

const batch = 8;

/** The network of the training example: two convolutions with pooling, two dense layers. */
const tracing: Benchmark = {
  name: 'makeJaxpr(grad(cnnLoss))',
  unit: 'ms',
  limit: 50,
  contenders: [
    {
      name: 'pullback',
      prepare: async () => {
        await init();
        const network = nn.sequential(
          nn.conv2d(32, 3), nn.relu, nn.maxPool(2), nn.conv2d(64, 3), nn.relu, nn.maxPool(2),
          nn.flatten(), nn.dense(64), nn.relu, nn.dense(10),
        ); // prettier-ignore
        const state = network.layers.map(() => null);
        const { params } = network.init(random.key(0), [28, 28, 1]);
        const loss = (p: typeof params, images: NDArray, labels: NDArray): NDArray =>
          nn
            .softmaxCrossEntropyWithIntegerLabels(network.apply(p, state, images, { training: true })[0], labels)
            .mean();
        const [images, labels] = [np.zeros([batch, 28, 28, 1]), np.zeros([batch], { dtype: 'i32' })];
        const trace = makeJaxpr(grad(loss)) as (...args: readonly unknown[]) => unknown;
        return () => void trace(params, images, labels);
      },
    },
    { name: 'jax-js', prepare: jaxJsTracing },
  ],
};

/** The same network in jax-js, whose images are channels first; labels are one-hot. */
async function jaxJsTracing(): Promise<() => void> {
  const jax = await jaxJs();
  const make = (name: string, ...args: readonly unknown[]): JaxArray => jax.numpy[name]?.(...args) as JaxArray;
  const op = (family: 'lax' | 'nn', name: string, ...args: readonly unknown[]): JaxArray => jax[family][name]?.(...args) as JaxArray; // prettier-ignore
  const params = {
    c1: { w: make('ones', [32, 1, 3, 3]), b: make('zeros', [32, 1, 1]) },
    c2: { w: make('ones', [64, 32, 3, 3]), b: make('zeros', [64, 1, 1]) },
    d1: { w: make('ones', [1600, 64]), b: make('zeros', [64]) },
    d2: { w: make('ones', [64, 10]), b: make('zeros', [10]) },
  };
  const block = (x: JaxArray, { w, b }: Layer<JaxArray>): JaxArray => {
    const y = op('nn', 'relu', op('lax', 'conv', x, w, [1, 1], 'VALID').add(b));
    return op('lax', 'reduceWindow', y, (v: JaxArray) => jax.numpy['max']?.(v), [2, 2], [2, 2]);
  };
  const dense = (x: JaxArray, { w, b }: Layer<JaxArray>): JaxArray => make('matmul', x, w).add(b);
  const loss = (p: typeof params, images: JaxArray, labels: JaxArray): JaxArray => {
    const features = block(block(images, p.c1), p.c2).reshape([batch, 1600]);
    const scores = dense(op('nn', 'relu', dense(features, p.d1)), p.d2);
    return op('nn', 'logSoftmax', scores).mul(labels).sum(1).neg().mean();
  };
  const [images, labels] = [make('zeros', [batch, 1, 28, 28]), make('zeros', [batch, 10])];
  const gradient = jax.grad(loss);
  return () => jax.makeJaxpr(gradient)(jax.tree.ref(params), images.ref, labels.ref).jaxpr.dispose();
}

export const suite: Suite = { name: 'overhead', benchmarks: [oneResult, manyResults, tracing] };
