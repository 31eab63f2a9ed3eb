import { isFloat, isInteger } from '../../kernel/dtype.ts';
import { asPositions, convertElementType } from '../../lax/casts.ts';
import { where as whereOf } from '../../numpy/elementwise.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray, fromNested } from '../../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, Axis } from '../../trace/value.ts';
import { NDArray } from '../../trace/value.ts';
import { sameElements } from '../../util/array.ts';

/** What losses take: floats that fit together, and labels. */

/** An array of floats: integers and bools become f32. */
export const floats = (x: ArrayLike): NDArray => {
  const a = asArray(x);
  return isFloat(a.dtype) ? a : convertElementType(a, 'f32');
};

/** Predictions and targets in the dtype of the predictions; a number is a target for all. */
export function pair(what: string, predictions: ArrayLike, targets: ArrayLike): readonly [NDArray, NDArray] {
  const p = floats(predictions);
  const t = typeof targets === 'number' ? p.mul(0).add(targets) : convertElementType(asArray(targets), p.dtype);
  if (sameElements(p.shape, t.shape)) return [p, t];
  throw new ShapeMismatchError(
    `[nn.${what}] predictions and targets must have one shape, got ${showAval(p.aval)} and ${showAval(t.aval)}: ` +
      'broadcasting them is nearly always a mistake; reshape one of them',
  );
}

/** What sums go over. */
export interface LossOptions {
  /** Bool, false where an element does not count; broadcasts to the predictions. */
  readonly where?: ArrayLike;
}

/** The sum along `axis` of the elements that count. */
export const sumOf = (x: NDArray, axis: Axis, { where }: LossOptions): NDArray =>
  (where === undefined ? x : whereOf(where, x, 0)).sum(axis);

/** The labels as an array, if there is an integer for every row of scores. Plain JS numbers become i32. */
export function integerLabels(what: string, logits: NDArray, given: ArrayLike): NDArray {
  const labels = given instanceof NDArray ? given : fromNested(given, 'i32', what);
  if (!isInteger(labels.dtype)) {
    throw new ArgumentError(
      `[nn.${what}] labels must be integers, got ${labels.dtype}: cast them, as in labels.astype('i32')`,
    );
  }
  if (logits.ndim > 0 && sameElements(logits.shape.slice(0, -1), labels.shape)) return asPositions(labels);
  throw new ShapeMismatchError(
    `[nn.${what}] logits [${logits.shape.join(', ')}] need labels [${logits.shape.slice(0, -1).join(', ')}], ` +
      `got [${labels.shape.join(', ')}]`,
  );
}
