import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { evalShape, jit, lax, numpy as np, optim, tree, vmap } from '../../../src/index.ts';
import type { Params } from './rows.ts';
import { parametersOf, stepOf as rowStep, transformations } from './rows.ts';

/** What holds for every transformation: it is pure, and its state keeps its structure, shapes and dtypes. */

type Dtype = 'f16' | 'f32' | 'f64';
const steps = 4;

const draw = (seed: number, shape: readonly number[], dtype: Dtype): NDArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Float64Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + seed) * 1.5);
  return np.array(numbers, { dtype, shape });
};
const paramsOf = (seed: number, dtype: Dtype = 'f32'): Params => ({
  b: draw(seed, [3], dtype),
  s: draw(seed + 1, [], dtype),
  w: draw(seed + 2, [4, 3], dtype),
});
const gradsOf = (seed: number): readonly Params[] =>
  Array.from({ length: steps }, (_, i) => paramsOf(seed + 3 + 5 * i));

const stack = <T>(trees: readonly T[]): T =>
  tree.map((...leaves: NDArray[]) => np.stack(leaves), trees[0], ...trees.slice(1)) as T;
const numbers = (x: unknown): number[] =>
  tree.leaves(x).flatMap((leaf) => [...(leaf as NDArray).dataSync()].map(Number));
const types = (x: unknown): readonly string[] => {
  const leaves = tree.leaves(x) as readonly NDArray[];
  return leaves.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`);
};

/** Equal but for rounding. */
function expectClose(found: unknown, wanted: unknown): void {
  expect(types(found)).toEqual(types(wanted));
  const [x, y] = [numbers(found), numbers(wanted)];
  x.forEach((a, i) => {
    expect(Math.abs(a - (y[i] ?? NaN))).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(a)));
  });
}

type Carry = readonly [params: Params, state: unknown];

/** One step, as everybody writes it. */
const stepOf =
  (optimizer: optim.GradientTransformation) =>
  ([params, state]: Carry, gradients: Params): Carry => {
    const [updates, next] = optimizer.update(gradients, state, params);
    return [optim.applyUpdates(params, updates), next];
  };

describe.each(Object.entries(transformations))('%s', (title, make) => {
  const optimizer = make();
  const one = rowStep(title, optimizer);
  const step = ([params, state]: Carry, gradients: Params): Carry => one(params, state, gradients, gradients.s);
  const beginning = (seed: number, dtype: Dtype = 'f32') => parametersOf(title, paramsOf(seed, dtype));
  const start = (seed: number): Carry => [beginning(seed), optimizer.init(beginning(seed))];
  const loop = (seed: number): Carry => gradsOf(seed).reduce(step, start(seed));

  test.each(['f16', 'f32', 'f64'] as const)('updates keep %s, and the state its structure and types', (dtype) => {
    const params = beginning(1, dtype);
    const state = optimizer.init(params);
    tree.leaves(state).forEach((leaf) => expect(leaf).toBeInstanceOf(np.NDArray));
    const run = (g: Params, s: unknown, p: Params): Carry => step([p, s], g);
    const [moved, next] = evalShape(run, paramsOf(2, dtype), state as object, params) as Carry;
    expect(types(moved)).toEqual(types(params));
    if (!title.includes('objective')) {
      const update = (g: Params, s: unknown, p: Params) => optimizer.update(g, s, p, { value: g.s });
      const [updates] = evalShape(update, paramsOf(2, dtype), state as object, params) as ReturnType<typeof update>;
      expect(types(updates)).toEqual(types(params));
    }
    expect(tree.structure(next)).toEqual(tree.structure(state));
    expect(types(next)).toEqual(types(state));
  });

  test('compiled, and as the body of a scan, it gives what a loop gives', () => {
    const wanted = loop(7);
    expectClose(gradsOf(7).reduce(jit(step), start(7)), wanted);
    const scanned = jit((carry: Carry, grads: Params) =>
      lax.scan((c: Carry, g: Params) => [step(c, g), null], carry, grads),
    )(start(7), stack(gradsOf(7)));
    expectClose(scanned[0], wanted);
  });

  test('under vmap, each example gets what it gets alone', () => {
    const seeds = [3, 11];
    const carries = stack(seeds.map((seed) => loop(seed)));
    const gradients = stack(seeds.map((seed) => paramsOf(seed + 50)));
    const found = vmap(step)(carries, gradients);
    expectClose(found, stack(seeds.map((seed) => step(loop(seed), paramsOf(seed + 50)))));
  });
});

/** Everything that takes a learning rate. */
const rated: Readonly<Record<string, (rate: optim.Scalar) => optim.GradientTransformation>> = {
  adam: optim.adam,
  adamw: optim.adamw,
  adagrad: optim.adagrad,
  amsgrad: optim.amsgrad,
  lion: optim.lion,
  nadam: optim.nadam,
  nadamw: optim.nadamw,
  rmsprop: optim.rmsprop,
  scale: optim.scale,
  scaleByLearningRate: optim.scaleByLearningRate,
  sgd: optim.sgd,
  adabelief: optim.adabelief,
  adadelta: optim.adadelta,
  adafactor: optim.adafactor,
  adamax: optim.adamax,
  adamaxw: optim.adamaxw,
  lamb: optim.lamb,
  lars: optim.lars,
  muon: optim.muon,
  noisySgd: (rate) => optim.noisySgd(rate, 1),
  novograd: optim.novograd,
  optimisticGradientDescent: optim.optimisticGradientDescent,
  radam: optim.radam,
  rprop: optim.rprop,
  scheduleFreeAdamw: optim.scheduleFreeAdamw,
  scheduleFreeSgd: optim.scheduleFreeSgd,
  yogi: optim.yogi,
  signSgd: optim.signSgd,
};

describe.each(Object.entries(rated))('%s', (_, make) => {
  const rates = [0.1, 0.01, 0.3];
  const train = (rate: optim.Scalar): Params => {
    const optimizer = make(rate);
    return gradsOf(5).reduce<Carry>(stepOf(optimizer), [paramsOf(5), optimizer.init(paramsOf(5))])[0];
  };

  test('many learning rates at once give what each gives alone', () => {
    expectClose(vmap(train)(np.array(rates)), stack(rates.map(train)));
  });

  test('the learning rate may be a traced scalar, and a part of the state', () => {
    const injected = optim.injectHyperparams(make);
    const states = vmap((rate: NDArray) => injected(rate).init(paramsOf(5)))(np.array(rates));
    const one = injected(0);
    const trainFrom = (state: ReturnType<typeof one.init>): Params =>
      gradsOf(5).reduce<Carry>(stepOf(one), [paramsOf(5), state])[0];
    expectClose(jit(vmap(trainFrom))(states), stack(rates.map(train)));
  });

  test('a rate in f32 leaves f16 and f64 what they are', () => {
    for (const dtype of ['f16', 'f64'] as const) {
      const optimizer = make(np.array([0.1]).reshape([]));
      const [updates] = optimizer.update(paramsOf(1, dtype), optimizer.init(paramsOf(1, dtype)), paramsOf(2, dtype));
      expect(types(updates)).toEqual(types(paramsOf(1, dtype)));
    }
  });
});
