import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { FileError } from './errors.ts';
import type { Platform } from './platform.ts';

/** The platform of Node and Deno. */
export const nodePlatform: Platform = {
  readFile: (path) =>
    TE.tryCatch(
      async () => {
        const buffer = await readFile(path);
        return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      },
      (cause) => unreadable(path, cause),
    ),
  async *pieces(path) {
    try {
      for await (const piece of createReadStream(path)) yield piece as Uint8Array;
    } catch (cause) {
      throw unreadable(path, cause);
    }
  },
  writeFile: (path, bytes) =>
    TE.tryCatch(
      () => replaceFile(path, bytes),
      (cause) => new FileError('file-unwritable', `cannot write ${path}: ${reason(cause)}`, { cause }),
    ),
  removeFile: (path) =>
    TE.tryCatch(
      async () => {
        await rm(path, { force: true });
        await syncFolder(dirname(path));
      },
      (cause) => new FileError('file-unwritable', `cannot remove ${path}: ${reason(cause)}`, { cause }),
    ),
  makeFolder: (path) =>
    TE.tryCatch(
      async () => {
        await mkdir(path, { recursive: true });
      },
      (cause) => new FileError('file-unwritable', `cannot make the folder ${path}: ${reason(cause)}`, { cause }),
    ),
  packageFile,
  join,
};

const unreadable = (path: string, cause: unknown): FileError =>
  new FileError('file-unreadable', `cannot read ${path}: ${reason(cause)}`, { cause });

let writes = 0;

/** Writes beside the file, then renames over it: a rename within one folder is atomic. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${writes++}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the rename itself durable. Some systems can't sync a folder; the file is complete there all the same. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}

/** Looks from the working folder and from the started script, where a program's own dependencies are. */
function packageFile(packageName: string, file: string): string | null {
  const script = process.argv[1];
  for (const from of [process.cwd(), ...(script === undefined ? [] : [dirname(resolve(script))])]) {
    try {
      return createRequire(join(from, 'package.json')).resolve(`${packageName}/${file}`);
    } catch {
      continue;
    }
  }
  return null;
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file of that name',
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
};

/** The system's reason in words. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return reasons[code] ?? error.message;
}
