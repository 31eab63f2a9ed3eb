import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { expect, test } from 'vitest';
import { databaseStore } from '../../../src/backends/webgpu/tuning/store.ts';
import { defaultPath, fileStore } from '../../../src/backends/webgpu/tuning/store-file.ts';
import type { NDArray } from '../../../src/index.ts';
import { jit, numpy as np, PullbackError, tune } from '../../../src/index.ts';

test('on a CPU device there is nothing to choose, and nothing runs', async () => {
  let runs = 0;
  const f = jit((a: NDArray, b: NDArray) => ((runs += 1), np.matmul(a, b)));
  const { device, products, saved } = await tune(f, [np.ones([30, 20]), np.ones([20, 10])]);
  expect([device.startsWith('wasm'), products, saved, runs]).toEqual([true, [], null, 1]);
});

test('bad input is refused', async () => {
  const text = async (run: () => unknown): Promise<string> => {
    try {
      await run();
    } catch (error) {
      if (error instanceof PullbackError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'none';
  };
  const wrong = tune as unknown as (f: unknown, args: unknown, options?: unknown) => Promise<unknown>;
  expect(await text(() => wrong('f', []))).toContain(
    'invalid-argument: tune takes a function and the list of its arguments: tune(f, [x, y])',
  );
  expect(await text(() => wrong(np.sin, np.ones([2])))).toContain('tune takes a function and the list');
  for (const candidates of [0, -1, NaN]) {
    expect(await text(() => tune(np.sin, [np.ones([2])], { candidates }))).toContain(
      `invalid-argument: tune: options.candidates is ${candidates}, and has to be at least 1`,
    );
  }
});

test('a file is made with its folders, replaced as a whole, and read again', async () => {
  expect(isAbsolute(defaultPath())).toBe(true);
  expect(defaultPath()).toMatch(/pullback.tuning\.json$/);
  const folder = await mkdtemp(join(tmpdir(), 'pullback-store-'));
  const path = join(folder, 'a', 'b.json');
  const store = fileStore(path);
  expect([store.place, await store.load()]).toEqual([path, undefined]);
  await store.update((before) => ({ before: before ?? null, n: 1 }));
  await fileStore(path).update((before) => ({ before, n: 2 }));
  expect(await store.load()).toEqual({ before: { before: null, n: 1 }, n: 2 });
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(await store.load());
  await rm(folder, { recursive: true });
});

/** As much of IndexedDB as is used: requests that answer in a later task, stores by database. */
function fakeFactory(): IDBFactory {
  const databases = new Map<string, Map<string, Map<string, unknown>>>();
  const answer = <T>(result: T, before?: (request: Record<string, unknown>) => void): unknown => {
    const request: Record<string, unknown> = { result };
    setTimeout(() => {
      before?.(request);
      (request['onsuccess'] as (() => void) | undefined)?.();
    });
    return request;
  };
  const open = (name: string): unknown => {
    const isNew = !databases.has(name);
    const stores = databases.get(name) ?? new Map<string, Map<string, unknown>>();
    databases.set(name, stores);
    const database = {
      createObjectStore: (store: string) => stores.set(store, new Map()),
      close: () => undefined,
      transaction: (store: string, mode = 'readonly') => ({
        objectStore: () => {
          const values = stores.get(store) as Map<string, unknown>;
          return {
            get: (key: string) => answer(values.get(key)),
            put: (value: unknown, key: string) => {
              if (mode !== 'readwrite') throw new Error('a readonly transaction');
              values.set(key, structuredClone(value));
              return answer(key);
            },
          };
        },
      }),
    };
    return answer(database, (request) => {
      if (isNew) (request['onupgradeneeded'] as (() => void) | undefined)?.();
    });
  };
  return { open } as unknown as IDBFactory;
}

test('a database keeps the same', async () => {
  const factory = fakeFactory();
  const store = databaseStore(factory, 'mine');
  expect([store.place, await store.load()]).toEqual(['the database mine', undefined]);
  await store.update(() => ({ n: 1 }));
  await databaseStore(factory, 'mine').update((before) => ({ before, n: 2 }));
  expect(await store.load()).toEqual({ before: { n: 1 }, n: 2 });
  expect(await databaseStore(factory, 'another').load()).toBeUndefined();
});

test('a page that may not store reads nothing and fails to update', async () => {
  const refusing = { open: () => { throw new Error('not allowed'); } } as unknown as IDBFactory; // prettier-ignore
  expect(await databaseStore(refusing, 'mine').load()).toBeUndefined();
  await expect(databaseStore(refusing, 'mine').update(() => 1)).rejects.toThrow('not allowed');
});
