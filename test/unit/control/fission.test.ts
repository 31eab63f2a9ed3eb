import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { debug, disableJit, effectsBarrier, grad, jit, lax, numpy as np, vmap } from '../../../src/index.ts';
import { partsOf } from '../../../src/kernel/kernel.ts';
import type { Program, Step } from '../../../src/kernel/program.ts';
import { runSteps } from '../../../src/kernel/program.ts';
import { expectClose } from './close.ts';

/** Which products of a scan are computed for all iterations at once, and that results stay what they are. */

const noise = (shape: readonly number[], seed: number): NDArray => {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
  return np.array(values, { dtype: 'f64' }).reshape(shape);
};

const contractions = (steps: readonly Step[]): number =>
  runSteps(steps)
    .flatMap((s) => partsOf(s.kernel))
    .filter((k) => k.kind === 'contract').length;

/** How many contractions a program has inside of its loops, and in all. */
function counted({ steps }: Program): readonly [inLoops: number, all: number] {
  return [contractions(steps.filter((s) => s.kind === 'loop')), contractions(steps)];
}

type F = (...args: readonly NDArray[]) => unknown;

interface Row {
  readonly what: string;
  readonly f: F;
  readonly args: readonly NDArray[];
  /** Contractions inside loops, and in all. */
  readonly products: readonly [inLoops: number, all: number];
}

const [xs, w, u, b] = [noise([5, 3, 2], 1), noise([4, 4], 2), noise([2, 4], 3), noise([4], 4)];
const h0 = np.zeros([3, 4], { dtype: 'f64' });

const rnn =
  (options: { readonly reverse?: boolean; readonly unroll?: number | boolean } = {}): F =>
  (...[w, u, b, xs]) => {
    const [last, hs] = lax.scan(
      (h: NDArray, x: NDArray) => {
        const next = np.tanh(x.matmul(u as NDArray).add(h.matmul(w as NDArray)).add(b as NDArray)); // prettier-ignore
        return [next, next] as const;
      },
      h0,
      xs as NDArray,
      options,
    );
    return last.sum().add(hs.mul(hs).sum());
  };

const gradient =
  (f: F): F =>
  (...args) =>
    grad(f as (...args: NDArray[]) => NDArray, { argnums: [0, 1, 2, 3] })(...args);

/** Sums over iterations what `term` gives of a slice and the product of all that came before. */
const total =
  (term: (x: NDArray, c: NDArray, w: NDArray) => NDArray, shape: readonly number[]): F =>
  (xs, w) =>
    lax.scan(
      ([sum, c]: readonly [NDArray, NDArray], x: NDArray) =>
        [[sum.add(term(x, c, w)), np.sin(c.add(x))], null] as const,
      [np.ones(shape, { dtype: 'f64' }), np.zeros([3, 2], { dtype: 'f64' })] as const,
      xs,
    )[0];

const rows: readonly Row[] = [
  { what: 'a recurrent layer: inputs at once', f: rnn(), args: [w, u, b, xs], products: [1, 2] },
  { what: 'its gradients: only what is carried is left', f: gradient(rnn()), args: [w, u, b, xs], products: [2, 6] },
  { what: 'backwards', f: gradient(rnn({ reverse: true })), args: [w, u, b, xs], products: [2, 6] },
  {
    what: 'two iterations a trip, and one left',
    f: gradient(rnn({ unroll: 2 })),
    args: [w, u, b, xs],
    products: [4, 9],
  },
  {
    what: 'a whole network of the slices',
    f: (xs, u, w) =>
      lax.scan(
        (h: NDArray, x: NDArray) => {
          const y = np.tanh(x.matmul(u)).matmul(w);
          return [h.add(np.sin(y.mul(h))), y] as const;
        },
        h0,
        xs,
      ),
    args: [xs, u, w],
    products: [0, 2],
  },
  {
    what: 'a sum of products, one of them turned',
    f: total((x, c) => x.T.matmul(c).add(c.T.matmul(x).T.neg()), [2, 2]),
    args: [xs],
    products: [0, 2],
  },
  {
    what: 'a sum of products by batches',
    f: total((x, c) => lax.dotGeneral(x, c, { contracting: [[], []], batch: [[0], [0]] }), [3, 2, 2]),
    args: [xs],
    products: [0, 1],
  },
  {
    what: 'a layer after a recurrent one',
    f: (w, xs, u) =>
      lax.scan(
        (h: NDArray, x: NDArray) => {
          const next = np.tanh(x.add(h.matmul(w)));
          return [next, np.exp(next.matmul(u)).mul(x.sum())] as const;
        },
        h0,
        xs,
      ),
    args: [w, noise([5, 3, 4], 6), noise([4, 2], 8)],
    products: [1, 2],
  },
  {
    what: 'a product with what is the same each time stays',
    f: total((_, c, w) => c.matmul(w), [3, 2]),
    args: [xs, noise([2, 2], 5)],
    products: [1, 1],
  },
  {
    what: 'a sum that is read in the loop stays',
    f: (xs) =>
      lax.scan(
        (sum: NDArray, x: NDArray) => {
          const next = sum.add(x.T.matmul(x));
          return [next, np.max(next)] as const;
        },
        np.zeros([2, 2], { dtype: 'f64' }),
        xs,
      ),
    args: [xs],
    // The product of slices alone is made before.
    products: [0, 1],
  },
  {
    what: 'what is also scaled is no sum',
    f: (xs) =>
      lax.scan(
        ([sum, c]: readonly [NDArray, NDArray], x: NDArray) =>
          [[sum.mul(0.5).add(x.T.matmul(c)), np.sin(c.add(x))], null] as const,
        [np.zeros([2, 2], { dtype: 'f64' }), np.zeros([3, 2], { dtype: 'f64' })] as const,
        xs,
      )[0],
    args: [xs],
    products: [1, 1],
  },
  {
    what: 'two layers, whose gradients share a product',
    f: gradient((w, u, b, xs) =>
      lax
        .scan(
          (h: NDArray, x: NDArray) => {
            const y = np.tanh(x.matmul(u)).matmul(w);
            return [np.sin(h.add(y).add(b)), y.mul(h)] as const;
          },
          h0,
          xs,
        )
        .reduce((sum, y) => sum.add(y.sum()), np.zeros([], { dtype: 'f64' })),
    ),
    args: [w, u, b, xs],
    products: [0, 6],
  },
  {
    what: 'a row that another one keeps in the loop stays there',
    f: (w, xs) =>
      lax.scan(
        (h: NDArray, x: NDArray) => {
          const z = h.matmul(w);
          return [np.sin(h.add(x)), [z, np.sort(z)] as const] as const;
        },
        h0,
        xs,
      )[1],
    args: [w, noise([5, 3, 4], 9)],
    products: [1, 1],
  },
  { what: 'a single iteration', f: gradient(rnn()), args: [w, u, b, noise([1, 3, 2], 7)], products: [0, 5] },
];

describe.each(rows)('$what', ({ f, args, products }) => {
  test('the products are where they should be', () => {
    expect(counted((jit(f).lower(...args) as { readonly program: Program }).program)).toEqual(products);
  });

  test('compiled, batched and plain results are equal', async () => {
    const plain = await disableJit(() => f(...args));
    await expectClose(jit(f)(...args), plain);
    const twice = args.map((x) => np.stack([x, x.mul(0.5)]));
    const halves = args.map((x) => x.mul(0.5));
    const batched = jit(vmap(f as (...args: readonly NDArray[]) => NDArray))(...twice);
    await expectClose(batched, vmap((...xs: readonly NDArray[]) => f(...xs) as NDArray)(...twice));
    await expectClose(jit(f)(...halves), await disableJit(() => f(...halves)));
  });
});

test('products of large matrices, and stacks that would take much memory, stay in the loop', () => {
  const products = (size: number, length: number): number => {
    const f = (xs: NDArray, w: NDArray): NDArray =>
      lax.scan((h: NDArray, x: NDArray) => [np.sin(h.add(x.matmul(w))), null] as const, np.zeros([size, size]), xs)[0];
    const types = [np.zeros([length, size, size]), np.zeros([size, size])] as const;
    return counted((jit(f).lower(...types) as unknown as { readonly program: Program }).program)[0];
  };
  expect(products(64, 10)).toBe(0);
  expect(products(512, 2)).toBe(1);
  expect(products(256, 300)).toBe(1);
});

test('what only leads from one product to another counts as a stack, too', () => {
  const products = (width: number, make: 'row' | 'carry'): number => {
    const f = (xs: NDArray, u: NDArray, w: NDArray): unknown =>
      lax.scan(
        (h: NDArray, x: NDArray) => {
          const next = np.sin(h.add(x));
          const wide = (v: NDArray): NDArray => np.tanh(v.matmul(u)).matmul(w);
          return make === 'row' ? ([next, wide(next)] as const) : ([next.add(wide(x)), null] as const);
        },
        np.zeros([32, 4]),
        xs,
      );
    const types = [np.zeros([200, 32, 4]), np.zeros([4, width]), np.zeros([width, 4])] as const;
    return counted((jit(f).lower(...types) as unknown as { readonly program: Program }).program)[0];
  };
  for (const make of ['row', 'carry'] as const) {
    expect(products(64, make)).toBe(0);
    // 200 times 32 × 4096 numbers are 105 MB.
    expect(products(4096, make)).toBe(2);
  }
});

test('what reductions before a product take counts as a stack, too', () => {
  const inLoop = (points: number): number => {
    // The weighted sum of exp(−|x − y|²) over all points y, for one block of points x after the other.
    const f = (xs: NDArray, ys: NDArray, w: NDArray): NDArray =>
      lax.scan(
        (_: null, x: NDArray) =>
          [
            null,
            np
              .exp(
                np
                  .square(x.reshape([16, 1, 3]).sub(ys))
                  .sum(2)
                  .neg(),
              )
              .matmul(w),
          ] as const,
        null,
        xs,
      )[1];
    const types = [np.zeros([64, 16, 3]), np.zeros([points, 3]), np.zeros([points])] as const;
    return counted((jit(f).lower(...types) as unknown as { readonly program: Program }).program)[0];
  };
  expect(inLoop(32)).toBe(0);
  expect(inLoop(32_768)).toBe(1);
});

test.each(['carried', 'slice'] as const)('what is printed of each iteration (%s) is printed once', async (what) => {
  const seen: number[] = [];
  const f = jit(
    (w: NDArray, xs: NDArray) =>
      lax.scan(
        (h: NDArray, x: NDArray) => {
          const next = np.tanh(x.matmul(w).add(h));
          debug.callback((v: NDArray) => void seen.push(v.itemSync()), (what === 'slice' ? x : next).sum());
          return [next, null] as const;
        },
        np.zeros([2, 2]),
        xs,
      )[0],
  );
  const xs = np.array(Array.from({ length: 12 }, (_, i) => i)).reshape([3, 2, 2]);
  const total = await f(np.ones([2, 2]), xs)
    .sum()
    .item();
  await effectsBarrier();
  expect(seen).toHaveLength(3);
  if (what === 'slice') expect(seen).toEqual([6, 22, 38]);
  else expect(seen.at(-1)).toBeCloseTo(total);
});
