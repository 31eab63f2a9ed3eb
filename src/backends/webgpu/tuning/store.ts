import { hasFiles } from '../platform.ts';

/** Where the choices of the tuner outlive the process: one JSON value. */
export interface TuningStore {
  /** For people. */
  readonly place: string;
  /** The value; undefined where there is none that can be read. */
  load(): Promise<unknown>;
  /** Replaces the value at once, whatever happens meanwhile. */
  update(change: (before: unknown) => unknown): Promise<void>;
}

/**
 * A file in Node and Deno (by default in the user's folder for caches), a database of the page's origin in browsers, null
 * where there is neither.
 */
export async function tuningStore(path?: string): Promise<TuningStore | null> {
  if (hasFiles()) {
    const { defaultPath, fileStore } = await import('./store-file.ts');
    return fileStore(path ?? defaultPath());
  }
  const { indexedDB } = globalThis as { readonly indexedDB?: IDBFactory };
  return indexedDB === undefined ? null : databaseStore(indexedDB, path ?? 'pullback');
}

const table = 'tuning';
const key = 'choices';

/** A database in the browser. */
export function databaseStore(factory: IDBFactory, name: string): TuningStore {
  const open = (): Promise<IDBDatabase> => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table);
    return resultOf(request);
  };
  return {
    place: `the database ${name}`,
    load: async () => {
      try {
        const database = await open();
        const value = await resultOf<unknown>(database.transaction(table).objectStore(table).get(key));
        database.close();
        return value;
      } catch {
        return undefined; // a page that may not store
      }
    },
    update: async (change) => {
      const database = await open();
      // One transaction: nobody writes between the two.
      const values = database.transaction(table, 'readwrite').objectStore(table);
      await resultOf(values.put(change(await resultOf<unknown>(values.get(key))), key));
      database.close();
    },
  };
}

const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database failed'));
  });
