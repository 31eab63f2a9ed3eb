import { InternalError } from './error.ts';

/** Throws an {@link InternalError} unless `condition` holds. For our own invariants, never for user input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (condition !== true) throw new InternalError(message);
}

/** Makes a `switch` exhaustive at compile time. */
export function assertNever(value: never): never {
  throw new InternalError(`unexpected case ${String(value)}`);
}

/** The value, or an {@link InternalError} saying what was missing. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InternalError(`missing ${what}`);
  return value;
}
