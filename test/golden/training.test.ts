import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { data, jit, nn, numpy as np, optim, random, tree, valueAndGrad } from '../../src/index.ts';
import { GoldenArray, readGolden } from './read.ts';

/** Optimizers, the order of batches, and the whole network of the training command, against optax and JAX. */

/** The array, of a dtype of ours. */
const toArray = ({ data, shape, dtype }: GoldenArray): NDArray => np.array(data, { shape, dtype });

/** The largest error, relative to the larger of 1 and the value. */
function error(found: NDArray, wanted: GoldenArray): number {
  expect(found.shape).toEqual(wanted.shape);
  return Math.max(
    0,
    ...Array.from(wanted.data, (w, i) => Math.abs((found.dataSync()[i] ?? NaN) - w) / Math.max(1, Math.abs(w))),
  );
}

const optimizers: Readonly<Record<string, (rate: number, options?: object) => optim.Chain>> = {
  'optim.sgd': optim.sgd,
  'optim.adam': optim.adam,
  'optim.adamw': optim.adamw,
};

describe.each(readGolden('optimizers'))('$fn $options', ({ fn, args, options, params: first, grads, out }) => {
  test('ten steps are those of optax', () => {
    const optimizer = optimizers[fn]?.(args[0] ?? NaN, options);
    if (optimizer === undefined) throw new Error(`there is no ${fn}`);
    let params = Object.fromEntries(Object.entries(first).map(([name, x]) => [name, toArray(x)]));
    let state = optimizer.init(params);
    grads.forEach((gradients, step) => {
      const given = Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, toArray(x)]));
      const [updates, next] = optimizer.update(given, state, params);
      state = next;
      params = optim.applyUpdates(params, updates);
      for (const [name, wanted] of Object.entries(out[step] ?? {})) {
        expect(error(params[name] ?? np.array(NaN), wanted)).toBeLessThan(2e-6);
      }
    });
  });
});

const permutations = readGolden('random-f32').filter(
  ({ fn, args }) => fn === 'random.permutation' && typeof args[1] === 'number',
);
test.each(permutations)('shuffledOrder of $args is jax.random.permutation', async ({ args: [key, count], out }) => {
  if (!(key instanceof GoldenArray) || typeof count !== 'number') throw new Error('a key and a count');
  if (!(out[0] instanceof GoldenArray)) throw new Error('an order');
  expect([...(await data.shuffledOrder(toArray(key), count))]).toEqual([...out[0].data]);
});

const [network] = readGolden('network');
test('the network of the training command computes, differentiates and learns as in JAX', { timeout: 60_000 }, () => {
  if (network === undefined) throw new Error('no network');
  const { layers, labels, learningRate, out, logits, grads, loss: firstLoss } = network;
  const model = nn.sequential(
    nn.conv2d(32, 3),
    nn.relu,
    nn.maxPool(2),
    nn.conv2d(64, 3),
    nn.relu,
    nn.maxPool(2),
    nn.flatten(),
    nn.dense(64),
    nn.relu,
    nn.dense(10),
  );
  const { params: own, state } = model.init(random.key(0), [28, 28, 1]);
  const keys = [...random.split(random.key(network.paramsSeed), layers.length)];
  const made = layers.map(({ shape }, i) => ({
    kernel: nn.initializers.glorotUniform()(keys[i] ?? random.key(0), shape),
    bias: np.zeros(shape.slice(-1)),
  }));
  let params = tree.unflatten<typeof own>(tree.structure(own), tree.leaves(made));
  const images = random.uniform(random.key(network.imagesSeed), [labels.length, 28, 28, 1]);
  const scores = (p: typeof own): NDArray => model.apply(p, state, images, { training: true })[0];
  const loss = (p: typeof own): NDArray => nn.softmaxCrossEntropyWithIntegerLabels(scores(p), labels).mean();
  expect(error(jit(scores)(params), logits)).toBeLessThan(1e-5);

  const gradient = jit(valueAndGrad(loss));
  const [value, gradients] = gradient(params);
  expect(error(value, firstLoss)).toBeLessThan(1e-5);
  const byLayer = tree.unflatten<typeof made>(tree.structure(made), tree.leaves(gradients));
  layers.forEach(({ name }, i) => {
    for (const leaf of ['kernel', 'bias'] as const) {
      const found = (byLayer[i]?.[leaf] ?? np.array(NaN)).ravel().dataSync();
      const { every, values, norm } = grads[`${name}.${leaf}`] ?? { every: 1, values: firstLoss, norm: firstLoss };
      const picked = np.array(Float32Array.from(found.filter((_, at) => at % every === 0)));
      expect(error(picked, values)).toBeLessThan(1e-5);
      expect(Math.hypot(...found)).toBeCloseTo(norm.data[0] ?? NaN, 4);
    }
  });

  const optimizer = optim.adam(learningRate);
  let memory = optimizer.init(params);
  const losses = out[0].data.map(() => {
    const [now, slope] = gradient(params);
    const [updates, next] = optimizer.update(slope, memory, params);
    memory = next;
    params = optim.applyUpdates(params, updates);
    return now.itemSync();
  });
  losses.forEach((x, i) => {
    expect(x).toBeCloseTo(out[0].data[i] ?? NaN, 3);
  });
});
