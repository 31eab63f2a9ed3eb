import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import {
  grad,
  hessian,
  jit,
  jvp,
  lax,
  makeJaxpr,
  numpy as np,
  tree,
  valueAndGrad,
  vjp,
  vmap,
} from '../../../src/index.ts';
import { checkGrads } from '../../../src/testing/index.ts';
import { transposeLinear } from '../../../src/transforms/transpose.ts';
import { expectClose } from './close.ts';

/** Scans against the plain loops that they stand for, under all transformations. */

const f64 = (shape: readonly number[], seed = 1): NDArray => {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
  return np.array(values, { dtype: 'f64' }).reshape(shape);
};

/** The plain loop. */
function loop<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  { reverse = false, length = 0 }: { reverse?: boolean; length?: number } = {},
): [C, Y] {
  const n = (tree.leaves(xs)[0] as NDArray | undefined)?.shape[0] ?? length;
  let carry = init;
  const ys: Y[] = [];
  for (let i = 0; i < n; i++) {
    const at = reverse ? n - 1 - i : i;
    const [next, y] = f(
      carry,
      tree.map((x: NDArray) => x.slice(at), xs),
    );
    carry = next;
    ys.push(y);
  }
  if (reverse) ys.reverse();
  const first = ys[0] as Y;
  const stacked = tree.unflatten<Y>(
    tree.structure(first),
    tree.leaves(first).map((_, k) => np.stack(ys.map((y) => tree.leaves(y)[k] as NDArray))),
  );
  return [carry, stacked];
}

interface Cell {
  readonly w: NDArray;
  readonly u: NDArray;
  readonly b: NDArray;
}
const cell: Cell = { w: f64([3, 3], 2), u: f64([2, 3], 3), b: f64([3], 4) };
const xs = f64([5, 2], 5);
const h0 = f64([3], 6);

type Scan = typeof loop;
const rnn =
  (scan: Scan) =>
  (p: Cell, h: NDArray, inputs: NDArray): { last: NDArray; ys: { h: NDArray; s: NDArray } } => {
    const [last, ys] = scan(
      (c: NDArray, x: NDArray) => {
        const next = np.tanh(c.matmul(p.w).add(x.matmul(p.u)).add(p.b));
        return [next, { h: next.mul(2), s: next.sum() }];
      },
      h,
      inputs,
    );
    return { last, ys };
  };
const lossOf =
  (scan: Scan) =>
  (p: Cell, h: NDArray, inputs: NDArray): NDArray => {
    const { last, ys } = rnn(scan)(p, h, inputs);
    return last.mul(last).sum().add(np.sin(ys.h).sum()).add(ys.s.mul(ys.s).sum());
  };
const scanned = lossOf(lax.scan);
const looped = lossOf(loop);

describe('values', () => {
  test.each([{}, { reverse: true }, { unroll: 2 }, { unroll: 3, reverse: true }, { unroll: true }, { unroll: 7 }])(
    'with %o',
    async (options: { reverse?: boolean; unroll?: number | boolean }) => {
      const f = (c: NDArray, x: NDArray): readonly [NDArray, NDArray] => [np.sin(c.add(x.sum())), c.mul(x)];
      const expected = loop(f, np.array(0.5, { dtype: 'f64' }), xs, options);
      await expectClose(lax.scan(f, np.array(0.5, { dtype: 'f64' }), xs, options), expected);
      await expectClose(jit((v: NDArray) => lax.scan(f, np.array(0.5, { dtype: 'f64' }), v, options))(xs), expected);
    },
  );

  test('trees of carries, xs and ys; null for none', async () => {
    const f = (c: { a: NDArray; n: [NDArray, null] }, x: { u: NDArray; v: [NDArray] }) => {
      const a = c.a.add(x.u.sum());
      return [
        { a, n: [c.n[0].mul(x.v[0]), null] as [NDArray, null] },
        { a, twice: [x.u.mul(2), null] },
      ] as const;
    };
    const init = { a: f64([]), n: [f64([2]), null] as [NDArray, null] };
    const inputs = { u: f64([4, 3]), v: [f64([4, 2])] as [NDArray] };
    await expectClose(lax.scan(f, init, inputs), loop(f, init, inputs));
    const counted = lax.scan((c: NDArray) => [c.mul(2), c] as const, np.array(1), null, { length: 4 });
    expect(await Promise.all(counted.map((y) => y.tolist()))).toEqual([16, [1, 2, 4, 8]]);
  });

  test('no iterations', async () => {
    const [c, ys] = lax.scan(
      (a: NDArray, x: NDArray) => [a.add(x), { y: x.mul(a) }] as const,
      np.array(3),
      np.zeros([0]),
    );
    expect(await c.item()).toBe(3);
    expect(ys.y.shape).toEqual([0]);
    const [d] = lax.scan((a: NDArray) => [a.add(1), null] as const, np.array(3), null, { length: 0 });
    expect(await d.item()).toBe(3);
    const g = grad((v: NDArray) => lax.scan((a: NDArray, x: NDArray) => [a.mul(x), a] as const, v, np.zeros([0]))[0]);
    expect(await g(np.array(3)).item()).toBe(1);
  });

  test('a weakly typed carry takes the dtype of what it meets; the body is traced again for that only', async () => {
    let traces = 0;
    const body = (c: NDArray, x: NDArray): readonly [NDArray, NDArray] => {
      traces++;
      return [c.add(x), c];
    };
    const [sum] = lax.scan(body, np.zeros([], { dtype: 'f64' }), f64([3]));
    expect(sum.dtype).toBe('f64');
    expect(traces).toBe(1);
    const [weak, ys] = lax.scan(body as never, 0, f64([3])) as unknown as [NDArray, NDArray];
    expect([weak.dtype, ys.dtype]).toEqual(['f64', 'f64']);
    expect(traces).toBe(3);
    const [count] = lax.scan(((c: NDArray) => [c.astype('i32').add(1), null]) as never, 0, null, { length: 5 });
    const n = count as unknown as NDArray;
    expect([n.dtype, await n.item()]).toEqual(['i32', 5]);
  });

  test('carries that exchange places, stay, or are forgotten', async () => {
    const f = (c: readonly NDArray[], x: NDArray): readonly [readonly NDArray[], NDArray] => [
      [c[1] as NDArray, c[0] as NDArray, c[2] as NDArray, x],
      (c[0] as NDArray).add(c[2] as NDArray),
    ];
    const init = [1, 2, 3, 4].map((v) => np.array(v, { dtype: 'f64' }));
    await expectClose(lax.scan(f, init, f64([3])), loop(f, init, f64([3])));
  });
});

describe('derivatives', () => {
  test('a recurrent network: values and gradients by everything, in any order with jit', async () => {
    const expected = valueAndGrad(looped)(cell, h0, xs);
    await expectClose(valueAndGrad(scanned)(cell, h0, xs), expected);
    await expectClose(jit(valueAndGrad(scanned))(cell, h0, xs), expected);
    await expectClose(valueAndGrad(jit(scanned))(cell, h0, xs), expected);
    for (const argnums of [1, 2]) {
      await expectClose(grad(scanned, { argnums })(cell, h0, xs), grad(looped, { argnums })(cell, h0, xs));
    }
  });

  test('checked against differences', () => checkGrads(scanned, [cell, h0, xs]));

  test('second derivatives, in all combinations of modes', async () => {
    const f = (l: typeof looped) => (h: NDArray) => l(cell, h, xs);
    const expected = hessian(f(looped))(h0);
    await expectClose(hessian(f(scanned))(h0), expected, 1e-8);
    await expectClose(jit(hessian(f(scanned)))(h0), expected, 1e-8);
    const along = f64([3], 9);
    const reverseReverse = (l: typeof looped) => grad((h: NDArray) => grad(f(l))(h).mul(along).sum())(h0);
    await expectClose(reverseReverse(scanned), reverseReverse(looped), 1e-8);
    const reverseForward = (l: typeof looped) => grad((h: NDArray) => jvp(f(l), [h], [along])[1])(h0);
    await expectClose(reverseForward(scanned), reverseForward(looped), 1e-8);
    const forwardForward = (l: typeof looped) => jvp((h: NDArray) => jvp(f(l), [h], [along])[1], [h0], [along]);
    await expectClose(forwardForward(scanned), forwardForward(looped), 1e-8);
    const byParameters = (l: typeof looped) =>
      grad((p: Cell) => {
        const g = grad((q: Cell) => l(q, h0, xs))(p);
        return g.w.mul(g.w).sum().add(g.b.sum());
      })(cell);
    await expectClose(byParameters(scanned), byParameters(looped), 1e-8);
  });

  test('only what is asked for has a derivative: counters, masks and keys go along', async () => {
    const f =
      (scan: Scan) =>
      (v: NDArray): NDArray => {
        const [c] = scan(
          (s: { i: NDArray; x: NDArray }, m: NDArray) => [
            { i: s.i.add(1), x: np.where(m, s.x.mul(s.i.astype('f64')), np.sin(s.x)) },
            s.i,
          ],
          { i: np.array(1, { dtype: 'i32' }), x: v },
          np.array([true, false, true, true]),
        );
        return c.x.sum();
      };
    const v = f64([3]);
    await expectClose(grad(f(lax.scan))(v), grad(f(loop))(v));
    await checkGrads(f(lax.scan), [v]);
  });

  test('cotangents of ys alone, of the carry alone, and of nothing that varies', async () => {
    const pick =
      (of: 'last' | 'h' | 's') =>
      (scan: Scan) =>
      (p: Cell): NDArray => {
        const { last, ys } = rnn(scan)(p, h0, xs);
        return (of === 'last' ? last : ys[of]).sum();
      };
    for (const of of ['last', 'h', 's'] as const) {
      await expectClose(grad(pick(of)(lax.scan))(cell), grad(pick(of)(loop))(cell));
    }
    const unused = grad((v: NDArray) => lax.scan((c: NDArray, x: NDArray) => [c.add(x), v] as const, np.array(0, { dtype: 'f64' }), f64([3]))[0].add(v)); // prettier-ignore
    expect(await unused(np.array(2, { dtype: 'f64' })).item()).toBe(1);
  });
});

describe('vmap', () => {
  const batch = f64([4, 5, 2], 11);
  const each = (l: typeof looped) => (x: NDArray) => l(cell, h0, x);

  test('over xs, over the carry, over what is closed over, and over all', async () => {
    await expectClose(vmap(each(scanned))(batch), vmap(each(looped))(batch));
    const hs = f64([4, 3], 12);
    await expectClose(vmap((h: NDArray) => scanned(cell, h, xs))(hs), vmap((h: NDArray) => looped(cell, h, xs))(hs));
    const cells = tree.map((x: NDArray) => np.stack([x, x.mul(2), x.add(0.5), x.neg()]), cell);
    await expectClose(vmap(scanned, [0, null, null])(cells, h0, xs), vmap(looped, [0, null, null])(cells, h0, xs));
    await expectClose(jit(vmap(scanned, [0, 0, 0]))(cells, hs, batch), vmap(looped, [0, 0, 0])(cells, hs, batch));
  });

  test('along other axes, twice, and with results along others', async () => {
    const swapped = batch.transpose([1, 2, 0]);
    await expectClose(vmap(each(scanned), -1)(swapped), vmap(each(looped))(batch));
    const ys = (scan: Scan) => (x: NDArray) => rnn(scan)(cell, h0, x).ys.h;
    await expectClose(vmap(ys(lax.scan), 0, { outAxes: 1 })(batch), vmap(ys(loop), 0, { outAxes: 1 })(batch));
    const twice = f64([2, 3, 5, 2], 13);
    await expectClose(vmap(vmap(each(scanned)))(twice), vmap(vmap(each(looped)))(twice));
  });

  test('of gradients, and gradients of it', async () => {
    const perExample = (l: typeof looped) => vmap(grad(l), [null, null, 0])(cell, h0, batch);
    await expectClose(perExample(scanned), perExample(looped));
    await expectClose(
      jit((b: NDArray) => vmap(grad(scanned), [null, null, 0])(cell, h0, b))(batch),
      perExample(looped),
    );
    const total = (l: typeof looped) => grad((p: Cell) => vmap(l, [null, null, 0])(p, h0, batch).sum())(cell);
    await expectClose(total(scanned), total(looped));
    const forward = (l: typeof looped) =>
      jvp((b: NDArray) => vmap(l, [null, null, 0])(cell, h0, b), [batch], [f64([4, 5, 2], 14)]);
    await expectClose(forward(scanned), forward(looped));
  });
});

describe('nested', () => {
  const outer =
    (scan: Scan) =>
    (v: NDArray, grid: NDArray): NDArray => {
      const [c, ys] = scan(
        (s: NDArray, row: NDArray) => {
          const [t, z] = scan((a: NDArray, x: NDArray) => [np.sin(a.mul(x)).add(s), a.mul(v)], s, row);
          return [t, z.sum()];
        },
        v,
        grid,
      );
      return c.add(np.cos(ys).sum());
    };
  const v = f64([]);
  const grid = f64([3, 4], 3);

  test('scan in scan', async () => {
    const [s, l] = [outer(lax.scan), outer(loop)];
    await expectClose(valueAndGrad(s)(v, grid), valueAndGrad(l)(v, grid));
    await expectClose(jit(grad(s, { argnums: 1 }))(v, grid), grad(l, { argnums: 1 })(v, grid));
    await expectClose(hessian((x: NDArray) => s(x, grid))(v), hessian((x: NDArray) => l(x, grid))(v), 1e-8);
    const vs = f64([3], 8);
    await expectClose(vmap(grad(s), [0, null])(vs, grid), vmap(grad(l), [0, null])(vs, grid));
    await checkGrads(s, [v, grid]);
  });

  test('gradients inside of the body', async () => {
    const descend = (scan: Scan) => (v0: NDArray) =>
      scan(
        (p: NDArray, x: NDArray) => {
          const [value, g] = valueAndGrad((q: NDArray) => np.sin(q.mul(x)).sum())(p);
          return [p.sub(g.mul(0.1)), value];
        },
        v0,
        f64([6]),
      );
    const p0 = f64([3]);
    await expectClose(descend(lax.scan)(p0), descend(loop)(p0));
    const meta = (scan: Scan) => grad((p: NDArray) => descend(scan)(p)[1].sum())(p0);
    await expectClose(meta(lax.scan), meta(loop), 1e-8);
  });

  test('vmap and vjp inside of the body', async () => {
    const f = (scan: Scan) => (w: NDArray) =>
      scan(
        (c: NDArray, x: NDArray) => {
          const rows = vmap((r: NDArray) => np.tanh(r.mul(x)).sum())(c);
          const [y, back] = vjp((q: NDArray) => np.cos(q), rows);
          return [c.add(back(y)[0].reshape([3, 1])), y];
        },
        w,
        f64([4]),
      )[1].sum();
    const w = f64([3, 2]);
    await expectClose(valueAndGrad(f(lax.scan))(w), valueAndGrad(f(loop))(w));
  });
});

test('a linear scan beside counters, masks and values that become linear is transposed', async () => {
  const v = f64([3]);
  const xs = f64([4, 3], 7);
  /** Linear in both arguments; `z` starts as zeros, `i` and `k` are not linear. */
  const f =
    (scan: Scan) =>
    (a: NDArray, rows: NDArray): readonly [NDArray, NDArray] => {
      const init = { c: a, i: np.array(1, { dtype: 'i32' }), k: f64([], 3), z: np.zeros([3], { dtype: 'f64' }) };
      const [end, ys] = scan(
        (s: typeof init, x: NDArray) => {
          const k = np.sin(s.k.add(v.sum()));
          const next = s.c.mul(s.i.astype('f64')).add(x.mul(np.exp(k)));
          const z = np.where(s.i.gt(2), s.z, next.add(s.z.mul(k)));
          return [{ c: next.add(s.z), i: s.i.add(1), k, z }, s.c.mul(k).add(z)];
        },
        init,
        rows,
      );
      return [end.c.add(end.z), ys];
    };
  const [last, ys] = f(lax.scan)(v, xs);
  const cts = [f64([3], 8), f64([4, 3], 9)] as const;
  await expectClose([last, ys], f(loop)(v, xs));
  const { jaxpr, constants } = makeJaxpr(f(lax.scan))(v, xs);
  const transposed = (): readonly NDArray[] =>
    transposeLinear(jaxpr, constants, cts).map((ct, i) => ct ?? np.zerosLike([v, xs][i] as NDArray));
  const expected = vjp(f(loop), v, xs)[1](cts);
  await expectClose(transposed(), expected);
  await expectClose(jit(() => transposed())(), expected);
});
