import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';

/** From errors that are values to errors that are thrown: what public functions do last. */

/** The value, or throws the error. */
export function orThrow<A>(result: E.Either<Error, A>): A {
  if (E.isLeft(result)) throw result.left;
  return result.right;
}

/** Runs the task; resolves to its value, or rejects with its error. */
export const runOrThrow = async <A>(task: TE.TaskEither<Error, A>): Promise<A> => orThrow(await task());
