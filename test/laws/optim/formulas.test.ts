import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { jit, numpy as np, optim, tree } from '../../../src/index.ts';

/** What an optimizer does to one number, step by step: an independent reading of its formula. */
type Scalar = (gradients: readonly number[]) => readonly number[];

const adamOf =
  (rate: number, b1 = 0.9, b2 = 0.999, eps = 1e-8): Scalar =>
  (gradients) => {
    let [m, v] = [0, 0];
    return gradients.map((g, i) => {
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      return (-rate * (m / (1 - b1 ** (i + 1)))) / (Math.sqrt(v / (1 - b2 ** (i + 1))) + eps);
    });
  };

const momentumOf =
  (rate: number, decay: number, nesterov: boolean): Scalar =>
  (gradients) => {
    let t = 0;
    return gradients.map((g) => {
      t = g + decay * t;
      return -rate * (nesterov ? g + decay * t : t);
    });
  };

/** One row an optimizer. */
const contracts: readonly { readonly name: string; readonly make: () => optim.Chain; readonly formula: Scalar }[] = [
  { name: 'identity', make: () => optim.identity(), formula: (gs) => gs },
  { name: 'scale', make: () => optim.chain(optim.scale(3)), formula: (gs) => gs.map((g) => 3 * g) },
  { name: 'sgd', make: () => optim.sgd(0.1), formula: (gs) => gs.map((g) => -0.1 * g) },
  { name: 'sgd, momentum', make: () => optim.sgd(0.1, { momentum: 0.9 }), formula: momentumOf(0.1, 0.9, false) },
  {
    name: 'sgd, Nesterov momentum',
    make: () => optim.sgd(0.1, { momentum: 0.8, nesterov: true }),
    formula: momentumOf(0.1, 0.8, true),
  },
  { name: 'adam', make: () => optim.adam(0.01), formula: adamOf(0.01) },
  {
    name: 'adam, other decays',
    make: () => optim.adam(0.01, { b1: 0.5, b2: 0.9, eps: 1e-3 }),
    formula: adamOf(0.01, 0.5, 0.9, 1e-3),
  },
];

describe.each(contracts)('$name', ({ make, formula }) => {
  const gradientsOf = (step: number): readonly number[] => [0.3 * step - 1, Math.sin(step), 0, -2];
  const steps = Array.from({ length: 10 }, (_, i) => i);
  const params = (dtype: 'f32' | 'f64') => ({ w: np.zeros([1, 3], { dtype }), b: np.zeros([], { dtype }) });
  const gradients = (step: number, dtype: 'f32' | 'f64') => {
    const [x, y, z, b] = gradientsOf(step) as [number, number, number, number];
    return { w: np.array([[x, y, z]], { dtype }), b: np.array(b, { dtype }) };
  };
  const expected = [0, 1, 2, 3].map((i) => formula(steps.map((step) => gradientsOf(step)[i] ?? NaN)));

  test('ten steps follow the formula, in the dtype of the parameters', async () => {
    for (const [dtype, digits] of [
      ['f64', 7],
      ['f32', 4],
    ] as const) {
      const optimizer = make();
      let state = optimizer.init(params(dtype));
      for (const step of steps) {
        const [updates, next] = optimizer.update(gradients(step, dtype), state, params(dtype));
        state = next;
        expect(updates.w.dtype).toBe(dtype);
        const found = [...((await updates.w.data()) as Iterable<number>), await updates.b.item()];
        found.forEach((u, i) => {
          expect(u).toBeCloseTo(expected[i]?.[step] ?? NaN, digits);
        });
      }
    }
  });

  test('the state keeps its structure and types, and a jitted step gives the same', async () => {
    const optimizer = make();
    const state = optimizer.init(params('f32'));
    const update = (g: ReturnType<typeof params>, s: readonly unknown[]) => optimizer.update(g, s, params('f32'));
    const [updates, next] = update(gradients(1, 'f32'), state);
    const types = (x: unknown): unknown => tree.leaves(x).map((leaf) => (leaf as NDArray).dtype);
    expect(tree.structure(next)).toEqual(tree.structure(state));
    expect(types(next)).toEqual(types(state));
    const [jitted] = jit(update)(gradients(1, 'f32'), state);
    expect(await jitted.w.tolist()).toEqual(await updates.w.tolist());
  });
});

test('applyUpdates adds, in the dtype of the parameters', async () => {
  const params = { w: np.array([1, 2]), n: np.array([3], { dtype: 'i32' }) };
  const moved = optim.applyUpdates(params, { w: np.array([0.5, -1]), n: np.array([1.5]) });
  expect(await moved.w.tolist()).toEqual([1.5, 1]);
  expect([moved.n.dtype, await moved.n.tolist()]).toEqual(['i32', [4]]);
  expect(() => optim.applyUpdates({ w: np.array(1) }, { v: np.array(1) } as never)).toThrow('differ at the root');
});

test('a state of another chain is refused', () => {
  expect(() => optim.adam(0.1).update(np.array(1), [])).toThrow('a chain of 2 got a state of 0: call init');
});
