import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, jit, numpy as np, optim, tree, vmap } from '../../../src/index.ts';

/** Functions beside transformations, and what rows do not show of single ones. */

const list = (x: NDArray): unknown => x.tolistSync();

test('globalNorm is the norm of everything together, of halves too', () => {
  expect(optim.globalNorm({ w: np.array([3, 0]), b: [np.array(4)] }).itemSync()).toBe(5);
  expect(optim.globalNorm({}).itemSync()).toBe(0);
  expect(optim.globalNorm([np.array([300, 400], { dtype: 'f16' })]).itemSync()).toBe(500);
});

test('incrementalUpdate and periodicUpdate follow', () => {
  const [now, old] = [{ w: np.array([1, 2]) }, { w: np.array([3, 6]) }];
  expect(list(optim.incrementalUpdate(now, old, 0.25).w)).toEqual([2.5, 5]);
  expect(list(optim.incrementalUpdate(now, old, np.array(0.25)).w)).toEqual([2.5, 5]);
  expect(list(optim.periodicUpdate(now, old, 6, 3).w)).toEqual([1, 2]);
  expect(list(optim.periodicUpdate(now, old, np.array(7), 3).w)).toEqual([3, 6]);
});

test('perExampleGlobalNormClip clips each example, and counts', () => {
  const loss = (p: { w: NDArray; b: NDArray }, x: NDArray): NDArray => p.w.mul(x).sum().add(p.b.mul(2));
  const params = { w: np.ones([2]), b: np.array(1) };
  const xs = np.array([[1, 2], [0, 0], [6, 7]]); // prettier-ignore
  const each = vmap(grad(loss), [null, 0])(params, xs);
  const [sum, count] = optim.perExampleGlobalNormClip(each, 3);
  // The norms of the gradients of the three examples are 3, 2 and √89.
  const factor = 3 / Math.sqrt(36 + 49 + 4);
  expect(sum.w.dataSync()[0]).toBeCloseTo(1 + 6 * factor, 5);
  expect(sum.w.dataSync()[1]).toBeCloseTo(2 + 7 * factor, 5);
  expect(sum.b.itemSync()).toBeCloseTo(2 * (2 + factor), 5);
  expect(count.itemSync()).toBe(1);
});

test('counts stop at the largest i32', () => {
  const schedule = optim.scaleBySchedule((count) => count);
  const late = { count: np.array(2 ** 31 - 1, { dtype: 'i32' }) };
  expect(schedule.update(np.array(1), late)[1].count.itemSync()).toBe(2 ** 31 - 1);
});

test('a mask of one boolean is for all, and holes in trees stay holes', () => {
  const params = { w: np.array([1, 2]), none: null };
  for (const mask of [true, false]) {
    const t = optim.masked(optim.scale(2), mask);
    const [updates] = t.update(params, t.init(params));
    expect(list(updates.w)).toEqual(mask ? [2, 4] : [1, 2]);
    expect(updates.none).toBeNull();
  }
  const nested = optim.masked(optim.masked(optim.adam(0.1), { a: true, b: [true, false] }), { a: false, b: true });
  const tree1 = { a: np.array(1), b: [np.array(1), np.array(1)] };
  const [moved] = nested.update(tree1, nested.init(tree1));
  expect(tree.leaves(moved).map((x) => Math.sign((x as NDArray).itemSync()))).toEqual([1, -1, 1]);
});

describe('multiSteps', () => {
  test('says when it has stepped', () => {
    const optimizer = optim.multiSteps(optim.sgd(1), 2);
    const params = np.array(0);
    let state = optimizer.init(params);
    const told = [1, 3, 5].map((g) => {
      const [update, next] = optimizer.update(np.array(g), state, params);
      state = next;
      return [update.itemSync() + 0, optimizer.hasUpdated(state).itemSync()];
    });
    expect(told).toEqual([[0, 0], [-2, 1], [0, 0]]); // prettier-ignore
  });
});

describe('injectHyperparams', () => {
  const params = { w: np.array([1, 2]) };
  const grads = { w: np.array([1, -1]) };

  test('keeps numbers in the state, where they can be replaced', () => {
    const optimizer = optim.injectHyperparams(optim.sgd)(0.5, { momentum: 0.9, nesterov: false });
    const state = optimizer.init(params);
    expect(Object.keys(state.hyperparams).sort()).toEqual(['learningRate', 'momentum']);
    expect(list(optimizer.update(grads, state)[0].w)).toEqual([-0.5, 0.5]);
    const faster = { ...state, hyperparams: { ...state.hyperparams, learningRate: np.array(2) } };
    expect(list(jit((s: typeof state) => optimizer.update(grads, s)[0].w)(faster))).toEqual([-2, 2]);
  });

  test('shows what schedules gave, and keeps static arguments as they are', () => {
    const optimizer = optim.injectHyperparams(
      (delta: number, rate: optim.ScalarOrSchedule) => {
        expect(delta).toBe(0.25);
        return optim.chain(optim.clip(delta), optim.scaleByLearningRate(rate));
      },
      { names: ['delta', 'rate'], staticArgs: 'delta' },
    )(0.25, optim.linearSchedule(1, 0, 4));
    let state = optimizer.init(params);
    const rates = [0, 1, 2].map(() => {
      [, state] = optimizer.update(grads, state);
      return state.hyperparams['rate']?.itemSync();
    });
    expect(rates).toEqual([1, 0.75, 0.5]);
    expect(Object.keys(state.hyperparams)).toEqual(['rate']);
  });

  test('the numbers have the dtype of the parameters, or the one that is asked for', () => {
    const half = { w: np.array([1], { dtype: 'f16' }) };
    const inject = (options: optim.InjectOptions) => optim.injectHyperparams(optim.sgd, options)(0.5).init(half);
    expect(inject({}).hyperparams['learningRate']?.dtype).toBe('f16');
    expect(inject({ hyperparamDtype: 'f32' }).hyperparams['learningRate']?.dtype).toBe('f32');
  });
});
