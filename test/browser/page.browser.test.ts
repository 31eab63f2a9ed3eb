import { afterEach, describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { databaseStore } from '../../src/backends/webgpu/tuning/store.ts';
import { grad, init, jit, lax, nn, numpy as np, optim, random, tree, tune } from '../../src/index.ts';

/** What only a page can show: it must not stand still, and both devices are there. */

afterEach(() => init({ device: 'wasm' }));

/** Some work that takes a while: products of matrices, one after the other. */
const chain = jit((x: NDArray, w: NDArray) =>
  lax.foriLoop(0, 300, (_: NDArray, y: NDArray) => np.tanh(np.matmul(y, w)), x),
);
const operands = (n: number): readonly [NDArray, NDArray] => [
  random.normal(random.key(1), [n, n]),
  random.normal(random.key(2), [n, n]).div(Math.sqrt(n)),
]; // prettier-ignore

/** How long a call takes, the longest pause of the page, and until the result is there. */
interface Timing {
  readonly called: number;
  readonly pause: number;
  readonly whole: number;
}

/** The longest time between two turns of the event loop until a promise is settled, in milliseconds. */
async function longestPause(work: Promise<unknown>): Promise<number> {
  const state = { over: false };
  void work.finally(() => (state.over = true));
  let [longest, last] = [0, performance.now()];
  while (!state.over) {
    await new Promise((resolve) => setTimeout(resolve));
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

describe("the page's database", () => {
  /** A database of its own for each test. */
  const named = (name: string): string => `pullback-${name}-${Math.random()}`;

  test('holds what was stored, for others that open it', async () => {
    const name = named('stored');
    const store = databaseStore(indexedDB, name);
    expect(await store.load()).toBeUndefined();
    await store.update((before) => ({ before: before ?? null, n: 1 }));
    expect(await databaseStore(indexedDB, name).load()).toEqual({ before: null, n: 1 });
    await store.update((before) => ({ before, n: 2 }));
    expect(await store.load()).toEqual({ before: { before: null, n: 1 }, n: 2 });
  });

  test('loses nothing where two write at the same time', async () => {
    const name = named('both');
    const [one, other] = [databaseStore(indexedDB, name), databaseStore(indexedDB, name)];
    const add = (before: unknown): unknown => (typeof before === 'number' ? before : 0) + 1;
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).update(add)));
    expect(await one.load()).toBe(20);
  });

  test('that can not be opened has nothing, and says so when something is to be stored', async () => {
    const name = named('later');
    // A later version of the database is there already.
    const later = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(name, 2);
      request.onsuccess = () => resolve(request.result);
    });
    later.close();
    expect(await databaseStore(indexedDB, name).load()).toBeUndefined();
    await expect(databaseStore(indexedDB, name).update(() => 1)).rejects.toThrow();
  });

  test('keeps what the tuner has found', async () => {
    await init({ device: 'webgpu' });
    const layer = (x: NDArray, w: NDArray): NDArray => np.tanh(np.matmul(x, w));
    const [x, w] = operands(64);
    const first = await tune(layer, [x, w], { candidates: 2, again: true });
    expect(first.saved).toBe('the database pullback');
    expect(first.products).toHaveLength(1);
    const stored = await databaseStore(indexedDB, 'pullback').load();
    expect(JSON.stringify(stored)).toContain(first.products[0]?.product);
    expect((await tune(layer, [x, w])).products).toEqual([]);
  });
});

test('the page is isolated, so that it has threads', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
});

describe.each(['wasm', 'webgpu'] as const)('%s', (device) => {
  const start = (): Promise<{ readonly threads: number; readonly description: string }> =>
    init(device === 'wasm' ? { device, threads: 2 } : { device });

  test('long calls do not block the page, and always give the same', async () => {
    const { threads } = await start();
    if (device === 'wasm') expect(threads).toBe(2);
    const [x, w] = operands(192);
    const wanted = await chain(x, w).data();
    const timed = async (): Promise<Timing> => {
      const begun = performance.now();
      const y = chain(x, w);
      const called = performance.now() - begun;
      const data = y.data();
      const pause = await longestPause(data);
      expect(await data).toEqual(wanted);
      return { called, pause, whole: performance.now() - begun };
    };
    // Threads take part when they have come up, some time after the first call.
    let found = await timed();
    for (let i = 0; i < 20 && found.called > found.whole / 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      found = await timed();
    }
    const { called, pause, whole } = found;
    expect(whole, 'the work is too little to tell').toBeGreaterThan(100);
    expect(called).toBeLessThan(whole / 2);
    expect(pause).toBeLessThan(whole / 2);
  });

  test('a small network learns', async () => {
    await start();
    const x = random.normal(random.key(3), [64, 8]);
    const labels = x.slice([], 0).mul(2).sub(x.slice([], 1));
    const model = nn.sequential(nn.dense(16), nn.relu, nn.dense(1));
    const { params: first, state } = model.init(random.key(4), [8]);
    const loss = (p: typeof first): NDArray => {
      const error = model.apply(p, state, x, { training: true })[0].reshape([64]).sub(labels);
      return error.mul(error).mean();
    };
    const optimizer = optim.adam(0.02);
    const step = jit((p: typeof first, s: ReturnType<typeof optimizer.init>) => {
      const [updates, next] = optimizer.update(grad(loss)(p), s, p);
      return [optim.applyUpdates(p, updates), next] as const;
    });
    let params = first;
    let memory = optimizer.init(first);
    const before = await loss(params).item();
    for (let i = 0; i < 60; i++) [params, memory] = step(params, memory);
    expect(await loss(params).item()).toBeLessThan(before / 5);
    expect(tree.leaves(params)).toHaveLength(4);
  });

  test('devices agree with the reference', async () => {
    const f = jit((x: NDArray, w: NDArray) => [nn.softmax(np.matmul(x, w)), np.sort(x), x.sum(0), np.cumsum(x, 1)] as const);
    const run = async (): Promise<readonly (readonly number[])[]> => {
      const [x, w] = operands(33);
      return Promise.all(f(x, w).map(async (y) => [...(await y.data())]));
    };
    await init({ device: 'reference' });
    const wanted = await run();
    await start();
    const got = await run();
    wanted.forEach((values, i) =>
      values.forEach((v, k) => expect(Math.abs(v - (got[i]?.[k] ?? NaN))).toBeLessThan(1e-4 * Math.max(1, Math.abs(v)))),
    );
  }); // prettier-ignore
});
