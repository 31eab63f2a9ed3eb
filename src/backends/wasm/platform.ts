import type * as Os from 'node:os';
import type * as WorkerThreads from 'node:worker_threads';

/** A thread besides the caller's. */
export interface Helper {
  readonly terminate: () => Promise<void>;
}

/** Node's own modules; Deno and Bun have them too. Null in browsers, and in Node before 20.16. */
const nodeModule = <K extends 'node:os' | 'node:worker_threads'>(name: K): NodeModules[K] | null =>
  (globalThis as { readonly process?: Partial<NodeJS.Process> }).process?.getBuiltinModule?.(name) ?? null;

interface NodeModules {
  readonly 'node:os': typeof Os;
  readonly 'node:worker_threads': typeof WorkerThreads;
}

/** How many threads run at once here. */
export const availableThreads = (): number =>
  nodeModule('node:os')?.availableParallelism() ??
  (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ??
  1;

/** Can threads be started, and share memory? Browsers allow it to pages that are cross-origin isolated. */
export function hasThreads(): boolean {
  if (typeof SharedArrayBuffer !== 'function') return false;
  return nodeModule('node:worker_threads') !== null || (typeof Worker === 'function' && typeof Blob === 'function');
}

/** May the calling thread sleep? A browser's main thread may not. */
export function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when a word is another one, or some milliseconds later. */
export function changed(words: Int32Array, at: number, from: number): Promise<unknown> {
  const later = new Promise((resolve) => setTimeout(resolve, 4));
  // Not in all browsers yet, nor in the language version that the types are for.
  const { waitAsync } = Atomics as { waitAsync?: (words: Int32Array, at: number, from: number) => { value: unknown } };
  return waitAsync === undefined ? later : Promise.race([waitAsync(words, at, from).value, later]);
}

/**
 * Starts a thread that runs `source`, a script with the variable `data`. It does not keep the process alive.
 *
 * @param failed is called if it can't be started, or ends.
 */
export function startHelper(source: string, data: unknown, failed: () => void): Helper {
  const threads = nodeModule('node:worker_threads');
  if (threads !== null) {
    const script = `const data = process.getBuiltinModule('node:worker_threads').workerData;\n${source}`;
    const worker = new threads.Worker(script, {
      eval: true,
      workerData: data,
      execArgv: [],
      env: {},
      name: 'pullback',
    });
    worker.unref();
    worker.on('error', failed);
    worker.on('exit', failed);
    return { terminate: () => worker.terminate().then(() => undefined) };
  }
  const url = URL.createObjectURL(
    new Blob([`onmessage = ({ data }) => {\n${source}\n};`], { type: 'text/javascript' }),
  );
  const worker = new Worker(url, { name: 'pullback' });
  worker.onerror = failed;
  worker.postMessage(data);
  return {
    terminate: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
      return Promise.resolve();
    },
  };
}
