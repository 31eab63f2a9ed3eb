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

/** A fault of pullback's own. A user never meets one for bad input; its text starts with `internal:`. */
export class InternalError extends PullbackError {
  constructor(message: string) {
    super('internal', `internal: ${message}`);
  }
}
