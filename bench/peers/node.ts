import { inputsOf } from '../inputs.ts';
import type { Library, LibraryOptions } from './library.ts';
import { moments, refusing } from './library.ts';

/** What the machine can do: a copy of a typed array by the engine itself, on one thread. */
export const start = (_options: LibraryOptions): Promise<Library> =>
  Promise.resolve({
    version: process.version,
    backend: 'the engine',
    threads: 1,
    tasks: {
      ...refusing('is here to copy'),
      copy(task) {
        const source = inputsOf(task)[0]?.data ?? new Float32Array();
        const target = new Float32Array(task.length);
        const run = (): void => target.set(source);
        return {
          run,
          check() {
            run();
            return Promise.resolve(moments(target));
          },
          release: () => undefined,
        };
      },
    },
  });
