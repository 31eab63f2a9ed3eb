import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TuningStore } from './store.ts';

/** The file in the user's folder for caches, where the system says that such is. */
export function defaultPath(): string {
  const { env, platform } = process;
  const home = homedir() === '' ? tmpdir() : homedir();
  const usual = { darwin: join(home, 'Library', 'Caches'), win32: join(home, 'AppData', 'Local') } as const;
  const named = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME'];
  const standard = platform === 'darwin' || platform === 'win32' ? usual[platform] : join(home, '.cache');
  return join(named === undefined || named === '' ? standard : named, 'pullback', 'tuning.json');
}

let writes = 0;

/** A JSON file. */
export function fileStore(path: string): TuningStore {
  const load = async (): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as unknown;
    } catch {
      return undefined; // none yet, or none that can be used: the next update makes one
    }
  };
  return {
    place: path,
    load,
    update: async (change) => {
      await mkdir(dirname(path), { recursive: true });
      // Beside it, then renamed: readers see the old text or the new.
      const aside = `${path}.${process.pid}-${writes++}.tmp`;
      try {
        await writeFile(aside, `${JSON.stringify(change(await load()), null, 2)}\n`);
        await rename(aside, path);
      } catch (error) {
        await rm(aside, { force: true });
        throw error;
      }
    },
  };
}
