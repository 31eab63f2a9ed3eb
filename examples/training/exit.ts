import * as E from 'fp-ts/lib/Either.js';
import { PullbackError } from '../../src/index.ts';
import { UsageError } from './errors.ts';

/** How commands end. */

/** An error as one line: its code and text. Never a stack trace. */
export function oneLine(error: unknown): string {
  const code = error instanceof PullbackError ? ` (${error.code})` : '';
  const text = error instanceof Error ? error.message || error.name : String(error);
  return `error${code}: ${text.replace(/\s*\n\s*/g, ' ')}`;
}

/** The value, or throws the error. */
export function orThrow<Err extends Error, A>(result: E.Either<Err, A>): A {
  if (E.isLeft(result)) throw result.left;
  return result.right;
}

/** The exit code that a command gives; after an error, which is told in one line, 2 for a wrong call and 1 otherwise. */
export async function exitCode(stderr: NodeJS.WritableStream, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    stderr.write(`${oneLine(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
