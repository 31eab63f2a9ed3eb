import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { grad, hessian, jit, nn, numpy as np, optim, random, tree, valueAndGrad, vmap } from '../../../src/index.ts';

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

describe('second derivatives', () => {
  const loss = (p: { w: NDArray; b: NDArray }, x: NDArray, y: NDArray): NDArray =>
    x.matmul(p.w).add(p.b).sub(y).pow(2).add(p.w.pow(3).sum()).mean();
  const params = { b: np.array(0.5), w: np.array([1, -2]) };
  const [x, y] = [np.array([[1, 2], [3, -1], [0, 1]]), np.array([1, 0, 2])]; // prettier-ignore
  // By the flat vector (b, w₀, w₁).
  const flatLoss = (v: NDArray): NDArray => loss({ b: v.slice(0), w: v.slice([1, null]) }, x, y);
  const flat = np.array([0.5, 1, -2]);
  const full = hessian(flatLoss)(flat);
  const close = (a: NDArray, b: NDArray) => expect(np.allclose(a, b, { rtol: 1e-4, atol: 1e-5 }).itemSync()).toBe(1);

  test('hvp is a product with the Hessian', () => {
    const v = np.array([1, 2, -1]);
    const { b, w } = optim.hvp(loss, v, params, x, y);
    close(np.concatenate([b.reshape([1]), w]), full.matmul(v));
  });

  test('hessianDiag is its diagonal, fisherDiag the squared gradient', () => {
    close(optim.hessianDiag(loss, params, x, y), np.diagonal(full));
    close(optim.fisherDiag(loss, params, x, y), grad(flatLoss)(flat).pow(2));
  });
});

describe('treeGet and treeSet', () => {
  const params = { w: np.array([1, 2]) };
  const optimizer = optim.chain(optim.clip(1), optim.injectHyperparams(optim.adam)(0.1, { b1: 0.9 }));
  const state = optimizer.init(params);

  test('find values wherever they stand', () => {
    expect((optim.treeGet(state, 'learningRate') as NDArray).itemSync()).toBeCloseTo(0.1, 6);
    expect(optim.treeGet(state, 'nothing')).toBeNull();
    expect(optim.treeGet(state, 'nothing', 7)).toBe(7);
    const filtering = (path: readonly (string | number)[]) => path.includes('innerState');
    expect((optim.treeGet(state, 'count', null, { filtering }) as NDArray).itemSync()).toBe(0);
    expect(optim.treeGetAllWithPath(state, 'count').map(([path]) => path.join('.'))).toEqual([
      '1.count',
      '1.innerState.0.count',
    ]);
  });

  test('replace them, in the same types', () => {
    const changed = optim.treeSet(state, { learningRate: 0.5, count: np.array(3, { dtype: 'i32' }) });
    expect((optim.treeGet(changed, 'learningRate') as NDArray).itemSync()).toBe(0.5);
    expect(tree.structure(changed)).toEqual(tree.structure(state));
    expect(optim.treeGetAllWithPath(changed, 'count').map(([, x]) => (x as NDArray).itemSync())).toEqual([3, 3]);
  });
});

test('snapshot and monitor remember what passes', () => {
  const params = { w: np.array([3, 4]) };
  const optimizer = optim.chain(
    optim.snapshot('before', optim.globalNorm),
    optim.scale(0.5),
    optim.monitor({ after: optim.globalNorm, mean: optim.ema(0.5) }),
  );
  const first = optimizer.init(params);
  const [, state] = optimizer.update(params, first, params);
  const found = (name: string) => optim.treeGet(state, name);
  expect([found('before'), found('after')].map((x) => (x as NDArray).itemSync())).toEqual([5, 2.5]);
  expect(list((found('mean') as typeof params).w)).toEqual([1.5, 2]);
  expect(tree.structure(state)).toEqual(tree.structure(first));
});

test('scheduleFreeEvalParams gives the mean of what descent finds', () => {
  let params = np.array(0);
  const optimizer = optim.scheduleFreeSgd(0.5, { b1: 0.9 });
  let state = optimizer.init(params);
  let z = 0;
  const zs = [1, -2, 4].map((g) => {
    const [updates, next] = optimizer.update(np.array(g), state, params);
    [params, state] = [optim.applyUpdates(params, updates), next];
    return (z -= 0.5 * g);
  });
  const mean = zs.reduce((a, b) => a + b) / 3;
  expect(optim.scheduleFreeEvalParams([null, state], params).itemSync()).toBeCloseTo(mean, 5);
});

test('lbfgs minimizes in few steps, with value and gradient from its state', () => {
  const rosenbrock = (p: NDArray): NDArray =>
    p
      .slice([1, null])
      .sub(p.slice([0, -1]).pow(2))
      .pow(2)
      .mul(100)
      .add(p.slice([0, -1]).sub(1).pow(2))
      .sum();
  const optimizer = optim.lbfgs();
  let params = np.array([-1, 0.5, 2]);
  let state = optimizer.init(params);
  const step = jit((p: NDArray, s: typeof state) => {
    const [value, gradients] = optim.valueAndGradFromState(rosenbrock)(p, s);
    const [updates, next] = optimizer.update(gradients, s, p, { value, grad: gradients, valueFn: rosenbrock });
    return [optim.applyUpdates(p, updates), next] as const;
  });
  for (let i = 0; i < 60; i++) [params, state] = step(params, state);
  expect(rosenbrock(params).itemSync()).toBeLessThan(1e-8);
});

test('an optimizer trains a layer, by masks of its parameters', () => {
  const layer = nn.sequential(nn.dense(4), nn.relu, nn.dense(1));
  const { params, state } = layer.init(random.key(0), [3]);
  const x = random.normal(random.key(1), [16, 3]);
  const y = x.sum(1, { keepdims: true });
  const optimizer = optim.adamw(0.05, { mask: (p) => tree.map((leaf: NDArray) => leaf.ndim > 1, p) });
  const loss = (p: typeof params): NDArray => layer.apply(p, state, x, { training: true })[0].sub(y).pow(2).mean();
  const step = jit((p: typeof params, s: readonly unknown[]) => {
    const [value, g] = valueAndGrad(loss)(p);
    const [updates, next] = optimizer.update(g, s, p);
    return [optim.applyUpdates(p, updates), next, value] as const;
  });
  let [p, s, value] = step(params, optimizer.init(params));
  const first = value.itemSync();
  for (let i = 0; i < 50; i++) [p, s, value] = step(p, s);
  expect(value.itemSync()).toBeLessThan(first / 5);
});
