import type { DType } from '../kernel/dtype.ts';
import { dtypes, isInteger } from '../kernel/dtype.ts';
import { shown } from '../util/shown.ts';
import type { Shape } from './aval.ts';
import { showAval } from './aval.ts';
import { ArgumentError, DTypeError, ValueDependentShapeError } from './errors.ts';
import { NDArray, Tracer } from './value.ts';

/**
 * Numbers that shapes are made of: sizes, axes, counts, positions. They must be known while a function is traced, so
 * JS numbers and integer arrays with a known value will do, and traced arrays will not.
 */

/**
 * The JS number that a size, axis or count is.
 *
 * @param what how error messages call it: `[zeros] the shape`.
 * @throws ValueDependentShapeError for an array whose value is not known while tracing.
 * @throws ArgumentError for what is no number.
 */
export function staticNumber(x: unknown, what: string): number {
  if (typeof x === 'number') return x;
  if (!(x instanceof NDArray)) throw new ArgumentError(`${what} must be a number, but is ${shown(x)}`);
  const value = x.concrete();
  if (value === null) {
    throw new ValueDependentShapeError(
      `${what} depends on the value of a traced array, ${showAval(x.aval)}${x instanceof Tracer ? ` (traced by ${x.trace.name})` : ''}, ` +
        'but shapes are fixed when a function is traced. Take sizes from x.shape, pass them as static arguments ' +
        '(staticArgnums) or let the function capture them; to leave out elements by value, keep the full shape and mask ' +
        'them with numpy.where.',
    );
  }
  if (value.size !== 1 || !isInteger(value.dtype)) {
    throw new ArgumentError(`${what} must be a number or an integer scalar, but is ${showAval(value.aval)}`);
  }
  return value.readSync()[0] as number;
}

/**
 * The extents of a shape, or of one axis when a number is given. {@link staticNumber} says what they may be.
 *
 * @throws ArgumentError when an extent is no integer, or negative.
 */
export function staticShape(shape: Shape | number, what: string): Shape {
  const given: readonly unknown[] = Array.isArray(shape) ? (shape as readonly unknown[]) : [shape];
  const extents = given.every((n) => typeof n === 'number')
    ? given
    : given.map((n, i) => staticNumber(n, Array.isArray(shape) ? `${what}[${i}]` : what));
  if (extents.every((n) => Number.isInteger(n) && n >= 0)) return extents;
  throw new ArgumentError(`${what} must have integer extents, 0 or more; got [${extents.join(', ')}]`);
}

/**
 * The dtype, where it is one: a user without types, or of another library, may have written `float32`.
 *
 * @throws DTypeError when it is none.
 */
export function requireDType(dtype: DType, what: string): DType {
  if (dtypes.includes(dtype)) return dtype;
  throw new DTypeError(`[${what}] the dtype must be one of ${dtypes.join(', ')}; got ${shown(dtype)}`);
}
