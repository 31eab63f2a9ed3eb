import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { FileError } from './errors.ts';
import { platform } from './platform.ts';
import { runOrThrow } from './throwing.ts';

/**
 * Writes a file in one stroke: whoever reads it finds the old contents or the new, never a part.
 *
 * @example
 * const written = await data.writeBytes('seed.bin', Uint8Array.of(4, 2))();
 * written._tag; // 'Right'
 */
export const writeBytes = (path: string, bytes: Uint8Array): TE.TaskEither<FileError, void> =>
  pipe(
    platform,
    TE.flatMap((files) => files.writeFile(path, bytes)),
  );

/**
 * {@link writeBytes} that throws a {@link FileError}.
 *
 * @example
 * await data.saveBytes('seed.bin', Uint8Array.of(4, 2));
 */
export const saveBytes = (path: string, bytes: Uint8Array): Promise<void> => runOrThrow(writeBytes(path, bytes));

/**
 * {@link saveBytes} of a text, as UTF-8.
 *
 * @example
 * await data.saveText('notes.txt', 'η = 0.1\n');
 */
export const saveText = (path: string, text: string): Promise<void> => saveBytes(path, new TextEncoder().encode(text));

/** Makes a folder, and those around it, unless it is there. Throws a {@link FileError}. */
export const makeFolder = (path: string): Promise<void> =>
  runOrThrow(
    pipe(
      platform,
      TE.flatMap((files) => files.makeFolder(path)),
    ),
  );

/** Removes a file, if it is there. Throws a {@link FileError}. */
export const removeFile = (path: string): Promise<void> =>
  runOrThrow(
    pipe(
      platform,
      TE.flatMap((files) => files.removeFile(path)),
    ),
  );

/** The text of a file; null if there is none. Throws a {@link FileError}. */
export async function textIfThere(path: string): Promise<string | null> {
  const read = pipe(
    platform,
    TE.flatMap((files) => files.readFile(path)),
  );
  try {
    return new TextDecoder().decode(await runOrThrow(read));
  } catch (error) {
    const cause = error instanceof FileError ? error.cause : null;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw error;
  }
}

/** The path of a file in a folder. */
export const pathIn = (folder: string, file: string): Promise<string> =>
  runOrThrow(
    pipe(
      platform,
      TE.map((files) => files.join(folder, file)),
    ),
  );
