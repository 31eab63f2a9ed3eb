import * as TE from 'fp-ts/lib/TaskEither.js';
import { FileError } from './errors.ts';
import { webPlatform } from './platform-web.ts';

/** The files that loaders and savers reach: Node's (and Deno's) where it exists, what can be fetched in browsers. */
export interface Platform {
  /** The whole file. */
  readonly readFile: (path: string) => TE.TaskEither<FileError, Uint8Array<ArrayBuffer>>;
  /** The file piece by piece; the loop over it throws a {@link FileError}. */
  readonly pieces: (path: string) => AsyncIterable<Uint8Array>;
  /**
   * Replaces the file at once: readers see the old contents or the new, never a part, whatever happens meanwhile. The
   * bytes are on the disk when it resolves.
   */
  readonly writeFile: (path: string, bytes: Uint8Array) => TE.TaskEither<FileError, void>;
  /** Removes the file, if it is there. */
  readonly removeFile: (path: string) => TE.TaskEither<FileError, void>;
  /** Makes a folder, and those around it, unless it is there. */
  readonly makeFolder: (path: string) => TE.TaskEither<FileError, void>;
  /** The path of a file in an installed npm package, or null when the package is not installed. */
  readonly packageFile: (packageName: string, file: string) => string | null;
  /** Joins a folder and a file name. */
  readonly join: (folder: string, name: string) => string;
}

const hasNodeFiles = (): boolean => typeof process !== 'undefined' && typeof process.versions.node === 'string';

/**
 * The platform's files; those of the web where there is no Node. The module that needs Node is loaded only where Node is, so
 * that browser bundles do not need it.
 */
export const platform: TE.TaskEither<FileError, Platform> = TE.tryCatch(
  async () => {
    if (hasNodeFiles()) return (await import('./platform-node.ts')).nodePlatform;
    if (typeof fetch === 'function') return webPlatform;
    throw new Error('there is neither a file system nor fetch here');
  },
  (cause) =>
    new FileError(
      'files-unavailable',
      'files can be read in Node, Deno and browsers; elsewhere, get the bytes and parse those',
      {
        cause,
      },
    ),
);
