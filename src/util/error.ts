import { userLine } from './origin.ts';

/**
 * The base of every error that pullback throws on purpose.
 *
 * `code` is stable across versions, so that programs can tell errors apart without reading their text.
 */
export class PullbackError extends Error {
  /** A stable identifier of the kind of mistake, such as `shape-mismatch`. */
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * A mistake in the program that uses pullback. Its text ends with the user's line where that can be told, however many
 * frames of ours are between: `[add] … [at loss (/home/me/train.ts:12:9)]`.
 */
export class MistakeError extends PullbackError {
  /** The user's line, as a stack would show it: `at loss (/home/me/train.ts:12:9)`. */
  readonly line: string | null;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    const line = userLine();
    super(code, line === null ? message : `${message} [${line}]`, options);
    this.line = line;
  }
}

/** A fault of pullback's own. A user never meets one for bad input; its text starts with `internal:`. */
export class InternalError extends PullbackError {
  constructor(message: string) {
    super('internal', `internal: ${message}`);
  }
}
