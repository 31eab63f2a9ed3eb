import { MistakeError } from '../util/error.ts';

/** Shapes that an operation can't combine; the message has the operation, the shapes, the requirement. */
export class ShapeMismatchError extends MistakeError {
  constructor(message: string) {
    super('shape-mismatch', message);
  }
}

/** Dtypes that an operation can't take or combine. */
export class DTypeError extends MistakeError {
  constructor(message: string) {
    super('dtype-mismatch', message);
  }
}

/** An argument that is wrong in itself: an axis out of range, a negative size, a tree where an array is needed. */
export class ArgumentError extends MistakeError {
  constructor(message: string) {
    super('invalid-argument', message);
  }
}

/** A tracer was used after the transformation that made it had ended. */
export class EscapedTracerError extends MistakeError {
  constructor(message: string) {
    super('escaped-tracer', message);
  }
}

/** The value of a tracer was asked for: by `if`, a comparison, arithmetic in JS, or a read. */
export class TracerConversionError extends MistakeError {
  constructor(message: string) {
    super('tracer-conversion', message);
  }
}

/** A gradient was asked for where there is none: of a result that is no real scalar, or to an integer argument. */
export class GradientError extends MistakeError {}

/** A derivative rule of the user's own does not fit its function: wrong results, or values that it can't know. */
export class CustomRuleError extends MistakeError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('custom-rule', message, options);
  }
}

/** A loop's body gave back something of another structure, shape or dtype than what it carries. */
export class CarryTypeError extends MistakeError {
  constructor(message: string) {
    super('carry-type', message);
  }
}

/** The branches of a conditional give results of different structures, shapes or dtypes. */
export class BranchTypeError extends MistakeError {
  constructor(message: string) {
    super('branch-type', message);
  }
}

/** `vmap` got arguments whose mapped axes have different sizes, or axes that do not fit the arguments. */
export class BatchError extends MistakeError {
  constructor(message: string) {
    super('vmap-axes', message);
  }
}

/** A collective over an axis that no surrounding `vmap` has named. */
export class UnboundAxisError extends MistakeError {
  constructor(message: string) {
    super('unbound-axis', message);
  }
}

/** A function can't be exported as it is: it calls the host, or what was given with it does not fit. */
export class ExportError extends MistakeError {
  constructor(message: string) {
    super('export', message);
  }
}

/** An array was used after `jit` had been allowed to reuse its storage, or after `dispose()`. */
export class DeletedArrayError extends MistakeError {
  constructor(message: string) {
    super('deleted-array', message);
  }
}

/** An array was read in a way that its device can't do, such as synchronously on WebGPU. */
export class ReadError extends MistakeError {
  constructor(message: string) {
    super('sync-read', message);
  }
}

/** A size, an axis or a count depends on the value of a traced array; shapes are fixed when a function is traced. */
export class ValueDependentShapeError extends MistakeError {
  constructor(message: string) {
    super('value-dependent-shape', message);
  }
}

/** An argument of `jit` is marked static that can't be, or the marks do not fit the function. */
export class StaticArgumentError extends MistakeError {
  constructor(message: string) {
    super('static-argument', message);
  }
}

/** A function was traced more often than `assertMaxTraces` allows. */
export class TooManyTracesError extends MistakeError {
  constructor(message: string) {
    super('too-many-traces', message);
  }
}

/** An operation gave NaN or an infinity while `debugNans` or `debugInfs` looked for them. */
export class NonFiniteError extends MistakeError {
  constructor(message: string) {
    super('non-finite', message);
  }
}

/** A random key was used twice while `debugKeyReuse` looked for it. */
export class KeyReuseError extends MistakeError {
  constructor(message: string) {
    super('key-reuse', message);
  }
}
