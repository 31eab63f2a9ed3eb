import fc from 'fast-check';
import type { NDArray } from '../../src/index.ts';
import { checkpoint, grad, jit, jvp, lax, numpy as np, vmap } from '../../src/index.ts';
import { width } from '../../src/testing/arb/interpret.ts';

/**
 * Each transformation of functions from [3] to [3], twice: by the library, and by hand from what another part of the
 * library, or plain JavaScript, says that it means.
 */

export const transformationNames = ['jit', 'grad', 'jvp', 'vmap', 'checkpoint', 'scan'] as const;
export type Transformation = (typeof transformationNames)[number];

/** Up to four transformations, the innermost first. */
export const stack: fc.Arbitrary<readonly Transformation[]> = fc.array(fc.constantFrom(...transformationNames), {
  minLength: 1,
  maxLength: 4,
});

export type Fn = (x: NDArray) => NDArray;

const direction = (): NDArray => np.array([0.6, -0.3, 0.7], { dtype: 'f64' });
const weights = (): NDArray => np.array([0.5, 1, -0.75], { dtype: 'f64' });
const unit = (i: number): NDArray =>
  np.array(
    Array.from({ length: width }, (_, k) => (k === i ? 1 : 0)),
    { dtype: 'f64' },
  );
const examples = (x: NDArray): readonly NDArray[] => [x, x.mul(0.5), np.sin(x)];
const combined = (rows: NDArray): NDArray => rows.mul(np.array([[0.5], [1], [-0.5]], { dtype: 'f64' })).sum(0);
const squashed = (f: Fn, c: NDArray): NDArray => np.tanh(f(c));

/** By the library. */
export const transformed: { readonly [T in Transformation]: (f: Fn) => Fn } = {
  jit: (f) => jit(f),
  checkpoint: (f) => checkpoint(f),
  grad: (f) => grad((x: NDArray) => f(x).mul(weights()).sum()),
  jvp: (f) => (x) => jvp(f, [x], [direction()])[1],
  vmap: (f) => (x) => combined(vmap(f)(np.stack(examples(x)))),
  scan: (f) => (x) => {
    const [last, rows] = lax.scan((c: NDArray, _: null) => [squashed(f, c), c.mul(2)], x, null, { length: 2 });
    return last.add(rows.sum(0));
  },
};

/** By hand. Reverse mode is taken from forward mode and forward mode from reverse mode. */
export const byHand: { readonly [T in Transformation]: (f: Fn) => Fn } = {
  jit: (f) => f,
  checkpoint: (f) => f,
  grad: (f) => (x) => np.stack([0, 1, 2].map((i) => jvp((y: NDArray) => f(y).mul(weights()).sum(), [x], [unit(i)])[1])),
  jvp: (f) => (x) =>
    np.stack(
      [0, 1, 2].map((i) =>
        grad((y: NDArray) => f(y).slice(i))(x)
          .mul(direction())
          .sum(),
      ),
    ),
  vmap: (f) => (x) => combined(np.stack(examples(x).map(f))),
  scan: (f) => (x) => {
    let [c, total] = [x, x.mul(0)];
    for (let i = 0; i < 2; i++) [c, total] = [squashed(f, c), total.add(c.mul(2))];
    return c.add(total);
  },
};

export const composed = (
  table: { readonly [T in Transformation]: (f: Fn) => Fn },
  stack: readonly Transformation[],
  f: Fn,
): Fn => stack.reduce((g, t) => table[t](g), f);
