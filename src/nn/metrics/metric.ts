import type { Monoid } from 'fp-ts/lib/Monoid.js';
import { div, like } from '../../lax/elementwise.ts';
import { select } from '../../lax/select.ts';
import { fill, zerosOf } from '../../lax/structural.ts';
import { convertElementType } from '../../lax/casts.ts';
import { broadcastTo } from '../../numpy/promote.ts';
import { showAval } from '../../trace/aval.ts';
import type { Shape } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { map } from '../../tree/tree.ts';
import type { Tree } from '../layer.ts';

/**
 * A metric is a value: how a summary of examples begins, grows, is joined with another one, and is read. The summary is a
 * plain tree of arrays, so that it goes through `jit`, `lax.scan` and files like everything else.
 *
 * Whatever batches examples come in, and in whatever order, the result is the same up to rounding, also where the mean of
 * the batches' results is not, as of a last batch that is smaller, or of precision.
 */
export interface Metric<S extends Tree, R, B extends readonly unknown[]> {
  /** For tables and errors. */
  readonly name: string;
  /** The summary of no examples. */
  readonly init: () => S;
  /** The summary with a batch more. */
  readonly update: (state: S, ...batch: B) => S;
  /** The summary of the examples of both. With `init()` it forms a monoid; see {@link metricMonoid}. */
  readonly merge: (a: S, b: S) => S;
  /** The result for all examples. */
  readonly compute: (state: S) => R;
}

/** A metric of predictions and targets. Weights say what each example counts: 0 leaves out what only fills a batch. */
export type PredictionMetric<S extends Tree, R = NDArray> = Metric<
  S,
  R,
  [predictions: ArrayLike, targets: ArrayLike, weights?: ArrayLike]
>;

/**
 * The monoid of a metric's summaries: merging is associative (up to rounding), and the summary of no examples is its unit.
 *
 * @example
 * const whole = [first, second, third].reduce(metricMonoid(metric).concat);
 */
export const metricMonoid = <S extends Tree, R, B extends readonly unknown[]>({
  init,
  merge,
}: Metric<S, R, B>): Monoid<S> => ({ empty: init(), concat: merge });

/** A metric whose summary is sums: merging adds. */
export function summed<S extends Tree, R, B extends readonly unknown[]>(
  name: string,
  init: () => S,
  measure: (...batch: B) => S,
  compute: (state: S) => R,
): Metric<S, R, B> {
  const merge = (a: S, b: S): S => map((x: NDArray, y) => x.add(y), a, b);
  return { name, init, merge, compute, update: (state, ...batch) => merge(state, measure(...batch)) };
}

/** Zeros to begin sums with. */
export const nothing = (shape: Shape = []): NDArray => fill(shape, 'f32', 0);

/** `a / b`, and 0 where b is 0: the result for no examples, as in Keras. */
export function ratio(a: NDArray, b: NDArray): NDArray {
  const none = b.eq(0);
  return select(none, zerosOf(a.aval), div(a, select(none, like(b, 1), b)));
}

/** Weights in f32 for examples of a shape: one each, or one for each of what its leading axes count. Default 1. */
export function weightsOf(name: string, shape: Shape, weights: ArrayLike | undefined): NDArray {
  if (weights === undefined) return fill(shape, 'f32', 1);
  const w = convertElementType(asArray(weights), 'f32');
  if (w.shape.length > shape.length || !w.shape.every((n, i) => n === shape[i])) {
    throw new ShapeMismatchError(
      `[nn.metrics.${name}] weights ${showAval(w.aval)} do not fit examples of shape [${shape.join(', ')}]: one each, ` +
        'or one for each of their leading axes',
    );
  }
  return broadcastTo(w.reshape([...w.shape, ...shape.slice(w.ndim).map(() => 1)]), shape);
}
