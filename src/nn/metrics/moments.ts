import { like, sqrt } from '../../lax/elementwise.ts';
import { convertElementType } from '../../lax/casts.ts';
import { select } from '../../lax/select.ts';
import type { Shape } from '../../trace/aval.ts';
import { showAval } from '../../trace/aval.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { product, sameElements } from '../../util/array.ts';
import { floats, pair } from '../losses/operands.ts';
import type { Metric, PredictionMetric } from './metric.ts';
import { nothing, ratio, weightsOf } from './metric.ts';

/** Count f32[], mean and sum of squared distances from it, each of the shape of one value. */
export type MomentState = { readonly count: NDArray; readonly mean: NDArray; readonly m2: NDArray };

/** What {@link welford} gives: population variance and its root, of the shape of one value. */
export type Moments = { readonly mean: NDArray; readonly variance: NDArray; readonly std: NDArray };

const zero = (shape: Shape): MomentState => ({ count: nothing(), mean: nothing(shape), m2: nothing(shape) });

/** The moments of both: no sum of squares is taken, in which a small variance about a large mean would be lost. */
function joined(a: MomentState, b: MomentState): MomentState {
  const count = a.count.add(b.count);
  const apart = b.mean.sub(a.mean);
  const share = ratio(b.count, count);
  return {
    count,
    mean: a.mean.add(apart.mul(share)),
    m2: a.m2.add(b.m2).add(apart.mul(apart).mul(a.count.mul(share))),
  };
}

/** Moments of the rows of `values: [n, ...shape]`. */
function momentsOf(name: string, values: NDArray, weights: ArrayLike | undefined): MomentState {
  const v = convertElementType(values, 'f32');
  const [n = 0] = v.shape;
  const own = weightsOf(name, [n], weights);
  const w = own.reshape([n, ...v.shape.slice(1).map(() => 1)]);
  const count = own.sum();
  const total = v.mul(w).sum(0);
  const mean = total.mul(ratio(like(count, 1), count));
  const apart = v.sub(mean);
  return { count, mean, m2: apart.mul(apart).mul(w).sum(0) };
}

/**
 * Mean, variance and standard deviation of a stream of values, in one pass and without cancellation.
 *
 * update(state, values: `f[n, ...shape]`, weights?: `[n]`) · result: `{ mean, variance, std }`, each `f32[...shape]`; the variance is
 * that of the population (divided by n). Welford, 1962; joining two: Chan, Golub, LeVeque, 1979.
 *
 * @param shape of one value; default a number.
 * @example
 * const pixels = nn.metrics.welford([28, 28]);
 * const state = pixels.update(pixels.init(), np.ones([64, 28, 28]));
 */
export function welford(shape: Shape = []): Metric<MomentState, Moments, [values: ArrayLike, weights?: ArrayLike]> {
  return {
    name: 'welford',
    init: () => zero(shape),
    merge: joined,
    update(state, values, weights) {
      const v = floats(values);
      if (!sameElements(v.shape.slice(1), shape) || v.ndim === 0) {
        throw new ShapeMismatchError(
          `[nn.metrics.welford] needs values [${['n', ...shape].join(', ')}], got ${showAval(v.aval)}`,
        );
      }
      return joined(state, momentsOf('welford', v, weights));
    },
    compute({ count, mean, m2 }) {
      const variance = m2.mul(ratio(like(count, 1), count));
      return { mean, variance, std: sqrt(variance) };
    },
  };
}

/** Moments of the targets, and the sum of squared errors, f32[outputs]. */
export type R2State = { readonly targets: MomentState; readonly errors: NDArray };

/**
 * The share of the targets' variance that predictions explain: `1 − Σ (t − p)² / Σ (t − mean t)²`; 1 at best, 0 for the mean,
 * and below for worse. Of several outputs, the mean of theirs. An output whose targets are all equal has 0, unless predictions
 * are right: then 1.
 *
 * update(state, predictions: `f[n, outputs]` or `f[n]`, targets: the same, weights?: `[n]`) · result: `f32[]`. As
 * `keras.metrics.R2Score` and `sklearn.metrics.r2_score`.
 *
 * @param outputs how many numbers an example has; default 1.
 * @example
 * const metric = nn.metrics.r2Score();
 * metric.compute(metric.update(metric.init(), [1, 2, 4], [1, 2, 3])); // 0.5
 */
export function r2Score(outputs = 1): PredictionMetric<R2State> {
  const merge = (a: R2State, b: R2State): R2State => ({
    targets: joined(a.targets, b.targets),
    errors: a.errors.add(b.errors),
  });
  return {
    name: 'r2Score',
    init: () => ({ targets: zero([outputs]), errors: nothing([outputs]) }),
    merge,
    update(state, predictions, targets, weights) {
      const [p, t] = pair('metrics.r2Score', predictions, targets);
      const [n] = p.shape;
      if (n === undefined || product(p.shape.slice(1)) !== outputs) {
        throw new ShapeMismatchError(`[nn.metrics.r2Score] of ${outputs} outputs got predictions ${showAval(p.aval)}`);
      }
      const [given, wanted] = [p, t].map((x) => convertElementType(x, 'f32').reshape([n, outputs])) as [
        NDArray,
        NDArray,
      ];
      const w = weightsOf('r2Score', [n], weights).reshape([n, 1]);
      const apart = wanted.sub(given);
      const errors = apart.mul(apart).mul(w).sum(0);
      return merge(state, { targets: momentsOf('r2Score', wanted, weights), errors });
    },
    compute({ targets: { m2 }, errors }) {
      const none = m2.eq(0);
      const explained = ratio(errors, m2).neg().add(1);
      const flat = select(errors.eq(0), like(m2, 1), like(m2, 0));
      return select(none, flat, explained).mean();
    },
  };
}
