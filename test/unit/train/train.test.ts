import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, lax, nn, numpy as np, optim, random, train, tree } from '../../../src/index.ts';

type Params = readonly nn.Tree[];
type Batch = { readonly x: NDArray; readonly y: NDArray };

/** A layer that adds noise of its key while training, and counts its calls. */
const noisy: nn.Layer<null, NDArray> = {
  name: 'noisy',
  init: (_, outputShape) => ({ params: null, state: np.zeros([], { dtype: 'i32' }), outputShape }),
  apply: (_, calls, x, { training, key }) => {
    if (!training) return [x, calls];
    if (key === undefined) throw new Error('no key');
    return [x.add(random.normal(key, x.shape).mul(0.1)), calls.add(1)];
  },
};

const network = nn.sequential(nn.dense(3), noisy, nn.tanh, nn.dense(1));
const optimizer = optim.adam(1e-2);

const loss: train.Loss<Params, Params, Batch> = (params, state, { x, y }, context) => {
  const [out, next] = network.apply(params, state, x, context);
  return [np.square(out.sub(y)).mean(), next];
};
const step = train.step(loss, optimizer);
const begin = () => train.init(network, optimizer, random.key(7), [2]);

const x = random.normal(random.key(1), [10, 2]);
const dataset: Batch = { x, y: x.sum(1, { keepdims: true }) };
const rows = (...at: number[]): Batch => tree.map((a: NDArray) => np.take(a, at, 0), dataset);
const lists = (value: unknown): Promise<unknown[]> =>
  Promise.all(tree.leaves(value).map((leaf) => (leaf as NDArray).tolist()));

describe('a step', () => {
  test('is gradient, update and layer state, with a key that follows from the count of steps', async () => {
    const state = begin();
    const [first, value] = step(state, rows(0, 1, 2));
    const context = { training: true, key: random.foldIn(state.key, 0) };
    const [expected] = loss(state.params, state.state, rows(0, 1, 2), context);
    expect(await value.item()).toBe(await expected.item());
    const gradients = grad((params: Params) => loss(params, state.state, rows(0, 1, 2), context)[0])(state.params);
    const [updates] = optimizer.update(gradients, state.optimizer, state.params);
    expect(await lists(first.params)).toEqual(await lists(optim.applyUpdates(state.params, updates)));
    expect(await first.step.item()).toBe(1);
    expect(await lists(first.state)).toEqual([1]);
    expect(await lists(first.key)).toEqual(await lists(state.key));
    const [, again] = step({ ...first, params: state.params }, rows(0, 1, 2));
    expect(await again.item()).not.toBe(await value.item());
  });

  test('compiled whole, with its state donated, gives what it gives as it stands', async () => {
    const compiled = jit(step, { donateArgnums: 0 });
    let [state, plain] = [begin(), begin()];
    for (let i = 0; i < 3; i++) {
      const [next, value] = compiled(state, rows(i, i + 1));
      const [plainNext, plainValue] = step(plain, rows(i, i + 1));
      expect(await value.item()).toBeCloseTo(await plainValue.item(), 5);
      [state, plain] = [next, plainNext];
    }
    expect(await state.step.item()).toBe(3);
  });
});

describe('an epoch', () => {
  test('is its steps in a loop', async () => {
    const order = np.array([[0, 5], [9, 1], [2, 2]], { dtype: 'i32' }); // prettier-ignore
    const [state, losses] = jit(train.epoch(step))(begin(), dataset, order);
    const compiled = jit(step);
    let one = begin();
    const values: number[] = [];
    for (const pair of [
      [0, 5],
      [9, 1],
      [2, 2],
    ]) {
      // prettier-ignore
      const [next, value] = compiled(one, rows(...pair));
      one = next;
      values.push(await value.item());
    }
    expect(losses.shape).toEqual([3]);
    ((await losses.tolist()) as number[]).forEach((value, i) => {
      expect(value).toBeCloseTo(values[i] ?? NaN, 5);
    });
    expect(await state.step.item()).toBe(3);
    const gaps = tree.map((a: NDArray, b: NDArray) => np.abs(a.sub(b)).max(), state.params, one.params);
    for (const gap of await lists(gaps)) expect(gap).toBeLessThan(1e-5);
  });

  test('learns', async () => {
    const order = lax.broadcastedIota('i32', [300, 10], 1);
    const [, losses] = jit(train.epoch(step))(begin(), dataset, order);
    expect(await losses.at(-1).get().item()).toBeLessThan(0.1 * (await losses.at(0).get().item()));
  });

  test('needs a batch axis in its order', () => {
    expect(() => train.epoch(step)(begin(), dataset, np.array([1, 2]))).toThrow(
      '[train.epoch] the order needs shape [steps, batchSize], got [2]: reshape it',
    );
  });
});

describe('an evaluation', () => {
  const score = (_: null, { x, y }: Batch) => ({ first: x.sum(1), second: { sum: y.sum(1) } });

  test.each([1, 3, 5, 7, 10, 500])('counts each example once in batches of %d', async (batchSize) => {
    const evaluate = jit(train.evaluation(score, { batchSize }));
    const mean = await dataset.x.sum(1).mean().item();
    const { first, second } = evaluate(null, dataset);
    expect([first.shape, second.sum.shape]).toEqual([[], []]);
    expect(await first.item()).toBeCloseTo(mean, 5);
    expect(await second.sum.item()).toBeCloseTo(mean, 5);
  });

  test('names data that do not belong together', () => {
    const evaluate = train.evaluation(score);
    expect(() => evaluate(null, { x: np.zeros([3, 2]), y: np.zeros([2, 1]) })).toThrow(
      '[train.evaluation] data.y has 2 examples, another array 3',
    );
    expect(() => evaluate(null, { x: np.zeros([0, 2]), y: np.zeros([0, 1]) })).toThrow(
      '[train.evaluation] data has no examples',
    );
    expect(() => train.evaluation(score, { batchSize: 0 })(null, dataset)).toThrow(
      '[train.evaluation] the batch size must be a whole number from 1, got 0',
    );
  });
});

describe('early stopping', () => {
  const after = (options: train.EarlyStoppingOptions, values: readonly number[]) => {
    const { init, update } = train.earlyStopping(options);
    return values.reduce(update, init);
  };

  test.each([
    [{ patience: 2 }, [3, 2, 2, 2], true],
    [{ patience: 2 }, [3, 2, 2.5, 1], false],
    [{ patience: 2, minDelta: 0.5 }, [3, 2.8, 2.6], true],
    [{ patience: 2, minDelta: 0.5 }, [3, 2.8, 2.4], false],
    [{ patience: 1, mode: 'max' }, [0.5, 0.6, 0.7], false],
    [{ patience: 1, mode: 'max' }, [0.5, 0.6, 0.6], true],
    [{ patience: 2 }, [NaN, NaN], true],
    [{ patience: 2 }, [NaN, 1, NaN], false],
    [{ patience: 1 }, [], false],
  ] as const)('%j after %j: %j', (options, values, stop) => {
    expect(after(options, values).stop).toBe(stop);
  });

  test('says when to keep the parameters', () => {
    expect(after({ patience: 3 }, [2, 1])).toEqual({ best: 1, waited: 0, improved: true, stop: false });
    expect(after({ patience: 3 }, [2, 1, 4])).toEqual({ best: 1, waited: 1, improved: false, stop: false });
  });

  test('refuses what can not be', () => {
    expect(() => train.earlyStopping({ patience: 0 })).toThrow('patience must be a whole number from 1, got 0');
    expect(() => train.earlyStopping({ patience: 1, minDelta: -1 })).toThrow('minDelta must be 0 or more, got -1');
  });
});
