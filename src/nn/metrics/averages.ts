import { exp } from '../../lax/elementwise.ts';
import { topK } from '../../lax/sort.ts';
import { convertElementType } from '../../lax/casts.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { correct, cosineSimilarity, softmaxCrossEntropyWithIntegerLabels } from '../losses/index.ts';
import { floats, integerLabels, pair } from '../losses/operands.ts';
import type { Metric, PredictionMetric } from './metric.ts';
import { nothing, ratio, summed, weightsOf } from './metric.ts';

/** A weighted mean on its way: `Σ weight · value` and `Σ weight`, both f32[]. */
export type AverageState = { readonly sum: NDArray; readonly weight: NDArray };

const zero = (): AverageState => ({ sum: nothing(), weight: nothing() });

function measured(name: string, values: NDArray, weights: ArrayLike | undefined): AverageState {
  const v = convertElementType(values, 'f32');
  const w = weightsOf(name, v.shape, weights);
  return { sum: v.mul(w).sum(), weight: w.sum() };
}

const read = ({ sum, weight }: AverageState): NDArray => ratio(sum, weight);

/** The mean of what a function makes of each example. */
const averageOf = (
  name: string,
  values: (predictions: ArrayLike, targets: ArrayLike) => NDArray,
  compute: (state: AverageState) => NDArray = read,
): PredictionMetric<AverageState> =>
  summed(name, zero, (p, t, w?: ArrayLike) => measured(name, values(p, t), w), compute);

/**
 * The weighted mean of numbers, such as losses: `Σ w x / Σ w`; 0 of none.
 *
 * update(state, values: `[...]`, weights?: `[...]`) · result: `f32[]`. As `keras.metrics.Mean`. Sums are f32, so that counts are
 * exact up to 2²⁴.
 *
 * @example
 * const mean = nn.metrics.average();
 * const state = mean.update(mean.init(), [1, 2, 6]);
 * mean.compute(state); // 3
 */
export const average = (): Metric<AverageState, NDArray, [values: ArrayLike, weights?: ArrayLike]> =>
  summed('average', zero, (values: ArrayLike, w?: ArrayLike) => measured('average', floats(values), w), read);

/**
 * The share of examples whose highest score is that of their label.
 *
 * update(state, logits: `f[..., classes]`, labels: integers `[...]`, weights?) · result: `f32[]`. As
 * `keras.metrics.SparseCategoricalAccuracy`.
 *
 * @example
 * const [metric, labels] = [nn.metrics.accuracy(), np.array([1, 1, 1], { dtype: 'i32' })];
 * metric.compute(metric.update(metric.init(), np.array([[0.1, 2], [3, 1], [0, 1]]), labels)); // 0.666667
 */
export const accuracy = (): PredictionMetric<AverageState> =>
  averageOf('accuracy', (logits, labels) => correct(floats(logits), labels));

/**
 * The share of examples whose label is among the k highest scores; of equal scores the first are the highest.
 *
 * update(state, logits: `f[..., classes]`, labels: integers `[...]`, weights?) · result: `f32[]`. As
 * `keras.metrics.SparseTopKCategoricalAccuracy`, but for ties, which Keras counts as hits.
 *
 * @throws ArgumentError unless k is a positive integer.
 * @example
 * const [metric, labels] = [nn.metrics.topKAccuracy(2), np.array([1, 2], { dtype: 'i32' })];
 * metric.compute(metric.update(metric.init(), np.array([[3, 2, 1], [3, 2, 1]]), labels)); // 0.5
 */
export function topKAccuracy(k: number): PredictionMetric<AverageState> {
  if (!Number.isInteger(k) || k < 1) {
    throw new ArgumentError(`[nn.metrics.topKAccuracy] k must be a positive integer, got ${k}`);
  }
  return averageOf('topKAccuracy', (logits, labels) => {
    const scores = floats(logits);
    const label = integerLabels('metrics.topKAccuracy', scores, labels);
    const [, positions] = topK(scores, Math.min(k, scores.shape.at(-1) ?? 1));
    return positions.eq(convertElementType(label, positions.dtype).reshape([...label.shape, 1])).any(-1);
  });
}

/** Options of metrics of binary decisions. */
export interface ThresholdOptions {
  /** Above it, a prediction means yes; default ½, for probabilities. For logits it is 0. */
  readonly threshold?: number;
}

/**
 * The share of binary decisions that are right: is the prediction above the threshold just where the target is 1?
 *
 * update(state, predictions: `f[...]`, targets: 0 or 1 `[...]`, weights?) · result: `f32[]`. As `keras.metrics.BinaryAccuracy`.
 *
 * @example
 * const metric = nn.metrics.binaryAccuracy({ threshold: 0.3 });
 * metric.compute(metric.update(metric.init(), [0.2, 0.4, 0.9], [0, 1, 0])); // 0.666667
 */
export const binaryAccuracy = ({ threshold = 0.5 }: ThresholdOptions = {}): PredictionMetric<AverageState> =>
  averageOf('binaryAccuracy', (predictions, targets) => {
    const [p, t] = pair('metrics.binaryAccuracy', predictions, targets);
    return p.gt(threshold).eq(t.ne(0));
  });

/**
 * The mean of squared errors, over all elements.
 *
 * update(state, predictions: `f[...]`, targets: `f[...]`, weights?) · result: `f32[]`. As `keras.metrics.MeanSquaredError`.
 *
 * @example
 * const metric = nn.metrics.meanSquaredError();
 * metric.compute(metric.update(metric.init(), [1, 5], [1, 2])); // 4.5
 */
export const meanSquaredError = (): PredictionMetric<AverageState> =>
  averageOf('meanSquaredError', (predictions, targets) => {
    const [p, t] = pair('metrics.meanSquaredError', predictions, targets);
    return p.sub(t).mul(p.sub(t));
  });

/**
 * The mean of absolute errors, over all elements.
 *
 * update(state, predictions: `f[...]`, targets: `f[...]`, weights?) · result: `f32[]`. As `keras.metrics.MeanAbsoluteError`.
 *
 * @example
 * const metric = nn.metrics.meanAbsoluteError();
 * metric.compute(metric.update(metric.init(), [1, 5], [1, 2])); // 1.5
 */
export const meanAbsoluteError = (): PredictionMetric<AverageState> =>
  averageOf('meanAbsoluteError', (predictions, targets) => {
    const [p, t] = pair('metrics.meanAbsoluteError', predictions, targets);
    return p.sub(t).abs();
  });

/**
 * The mean cosine of the angle between predictions and targets, vectors along the last axis; 0 for a vector of zeros.
 *
 * update(state, predictions: `f[..., d]`, targets: `f[..., d]`, weights?: `[...]`) · result: `f32[]`, in [−1, 1]. As
 * `keras.metrics.CosineSimilarity`.
 *
 * @example
 * const metric = nn.metrics.cosineProximity();
 * metric.compute(metric.update(metric.init(), [[1, 0], [3, 4]], [[0, 2], [6, 8]])); // 0.5
 */
export const cosineProximity = (): PredictionMetric<AverageState> =>
  averageOf('cosineProximity', (p, t) => cosineSimilarity(floats(p), floats(t), { epsilon: 1e-12 }));

/**
 * How many equally likely classes a model chooses between: `exp` of the mean cross entropy.
 *
 * update(state, logits: `f[..., classes]`, labels: integers `[...]`, weights?) · result: `f32[]`, 1 for certain and right. Give
 * weights of 0 to padding.
 *
 * @example
 * const metric = nn.metrics.perplexity();
 * metric.compute(metric.update(metric.init(), np.zeros([5, 8]), np.arange(5))); // 8
 */
export const perplexity = (): PredictionMetric<AverageState> =>
  averageOf(
    'perplexity',
    (logits, labels) => softmaxCrossEntropyWithIntegerLabels(floats(logits), labels),
    (state) => exp(read(state)),
  );
