import * as TE from 'fp-ts/lib/TaskEither.js';
import { FileError } from './errors.ts';
import type { Platform } from './platform.ts';

/** The platform of browsers: paths are URLs, relative ones to the page; what is fetched is only read. */
export const webPlatform: Platform = {
  readFile: (url) =>
    TE.tryCatch(
      async () => new Uint8Array(await (await fetched(url)).arrayBuffer()),
      (cause) => unreadable(url, cause),
    ),
  async *pieces(url) {
    try {
      const reader = ((await fetched(url)).body as ReadableStream<Uint8Array> | null)?.getReader();
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) yield next.value;
    } catch (cause) {
      throw unreadable(url, cause);
    }
  },
  writeFile: (path) =>
    noFiles(`cannot write ${path}`, 'make the bytes (encodeSafetensors, encodeNpz, …) and offer them for download'),
  removeFile: (path) => noFiles(`cannot remove ${path}`, 'remove it where there is one'),
  makeFolder: (path) => noFiles(`cannot make the folder ${path}`, 'make it where there is one'),
  packageFile: () => null,
  join: (folder, name) => `${folder.replace(/\/$/, '')}/${name}`,
};

const noFiles = (what: string, instead: string): TE.TaskEither<FileError, never> =>
  TE.left(new FileError('files-unavailable', `${what}: there is no file system here; ${instead}`));

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
  return response;
}

const unreadable = (url: string, cause: unknown): FileError =>
  new FileError('file-unreadable', `cannot read ${url}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
