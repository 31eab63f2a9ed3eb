import { diagonal } from '../../numpy/matrices.ts';
import { convertElementType } from '../../lax/casts.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import { oneHot } from '../activations.ts';
import { floats, integerLabels, pair } from '../losses/operands.ts';
import type { ThresholdOptions } from './averages.ts';
import type { PredictionMetric } from './metric.ts';
import { nothing, ratio, summed, weightsOf } from './metric.ts';

/** Right and wrong decisions, f32[] or f32[classes]. */
export type CountState = {
  readonly truePositives: NDArray;
  readonly falsePositives: NDArray;
  readonly falseNegatives: NDArray;
};

/** How the results for several classes become one. */
export type ClassAverage = 'macro' | 'micro' | 'weighted' | 'none';

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface CountOptions extends ThresholdOptions {
  /** Of more than two classes, how many; predictions are then scores `[..., classes]` and targets integers `[...]`. */
  readonly classes?: number;
  /**
   * The mean of the classes' results (`macro`, default), or weighted by how many examples they have; the result of all their
   * decisions together (`micro`); or the result of each, `[classes]` (`none`).
   */
  readonly average?: ClassAverage;
}

/** Counts of binary decisions, or of those for and against each class. */
function counting(
  name: string,
  { threshold = 0.5, classes, average = 'macro' }: CountOptions,
  score: (counts: CountState) => NDArray,
): PredictionMetric<CountState> {
  const shape = classes === undefined ? [] : [checkedClasses(name, classes)];
  const init = (): CountState => ({
    truePositives: nothing(shape),
    falsePositives: nothing(shape),
    falseNegatives: nothing(shape),
  });
  const measure = (predictions: ArrayLike, targets: ArrayLike, weights?: ArrayLike): CountState => {
    const [yes, truth] =
      classes === undefined
        ? binary(name, predictions, targets, threshold)
        : decided(name, predictions, targets, classes);
    const examples = classes === undefined ? yes.shape : yes.shape.slice(0, -1);
    const w = weightsOf(name, examples, weights).reshape([-1, 1]);
    const [p, t] = [yes.reshape([-1, classes ?? 1]), truth.reshape([-1, classes ?? 1])];
    const total = (x: NDArray): NDArray => x.mul(w).sum(0).reshape(shape);
    return {
      truePositives: total(p.mul(t)),
      falsePositives: total(p.mul(t.neg().add(1))),
      falseNegatives: total(t.mul(p.neg().add(1))),
    };
  };
  return summed(name, init, measure, (state) => (classes === undefined ? score(state) : over(state, average, score)));
}

function over(state: CountState, average: ClassAverage, score: (counts: CountState) => NDArray): NDArray {
  switch (average) {
    case 'none':
      return score(state);
    case 'macro':
      return score(state).mean();
    case 'micro': {
      const { truePositives, falsePositives, falseNegatives } = state;
      return score({
        truePositives: truePositives.sum(),
        falsePositives: falsePositives.sum(),
        falseNegatives: falseNegatives.sum(),
      });
    }
    case 'weighted': {
      const support = state.truePositives.add(state.falseNegatives);
      return ratio(score(state).mul(support).sum(), support.sum());
    }
  }
}

function checkedClasses(name: string, classes: number): number {
  if (Number.isInteger(classes) && classes > 0) return classes;
  throw new ArgumentError(`[nn.metrics.${name}] the number of classes must be a positive integer, got ${classes}`);
}

/** Predicted and true answers, 0 or 1. */
function binary(
  name: string,
  predictions: ArrayLike,
  targets: ArrayLike,
  threshold: number,
): readonly [NDArray, NDArray] {
  const [p, t] = pair(`metrics.${name}`, predictions, targets);
  return [convertElementType(p.gt(threshold), 'f32'), convertElementType(t.ne(0), 'f32')];
}

/** One-hot predicted and true classes `[..., classes]`. */
function decided(
  name: string,
  predictions: ArrayLike,
  targets: ArrayLike,
  classes: number,
): readonly [NDArray, NDArray] {
  const scores = floats(predictions);
  const label = integerLabels(`metrics.${name}`, scores, targets);
  if (at(scores.shape, -1) !== classes) {
    throw new ArgumentError(
      `[nn.metrics.${name}] is of ${classes} classes, got scores of shape [${scores.shape.join(', ')}]`,
    );
  }
  return [oneHot(scores.argmax(-1), classes), oneHot(label, classes)];
}

/**
 * Of what was called positive, the share that is: `tp / (tp + fp)`; 0 where nothing was.
 *
 * update(state, predictions: `f[...]`, targets: 0 or 1 `[...]`, weights?) · result: `f32[]`. With `classes`, update(state, scores:
 * `f[..., classes]`, labels: integers `[...]`, weights?), and each class is a decision. As `keras.metrics.Precision`; averages as
 * `sklearn.metrics.precision_score`.
 *
 * @throws ArgumentError unless `classes` is a positive integer.
 * @example
 * const metric = nn.metrics.precision();
 * metric.compute(metric.update(metric.init(), [0.9, 0.8, 0.7, 0.1], [1, 0, 1, 1])); // 0.666667
 */
export const precision = (options: CountOptions = {}): PredictionMetric<CountState> =>
  counting('precision', options, ({ truePositives, falsePositives }) =>
    ratio(truePositives, truePositives.add(falsePositives)),
  );

/**
 * Of what is positive, the share that was called so: `tp / (tp + fn)`; 0 where nothing is. Arguments as {@link precision}. As
 * `keras.metrics.Recall`; averages as `sklearn.metrics.recall_score`.
 *
 * @throws ArgumentError unless `classes` is a positive integer.
 * @example
 * const metric = nn.metrics.recall();
 * metric.compute(metric.update(metric.init(), [0.9, 0.8, 0.7, 0.1], [1, 0, 1, 1])); // 0.666667
 */
export const recall = (options: CountOptions = {}): PredictionMetric<CountState> =>
  counting('recall', options, ({ truePositives, falseNegatives }) =>
    ratio(truePositives, truePositives.add(falseNegatives)),
  );

/**
 * The harmonic mean of precision and recall: `2 tp / (2 tp + fp + fn)`. Arguments as {@link precision}. As
 * `sklearn.metrics.f1_score`.
 *
 * @throws ArgumentError unless `classes` is a positive integer.
 * @example
 * const metric = nn.metrics.f1();
 * metric.compute(metric.update(metric.init(), [0.9, 0.8, 0.1, 0.1], [1, 0, 1, 1])); // 0.4
 */
export const f1 = (options: CountOptions = {}): PredictionMetric<CountState> =>
  counting('f1', options, ({ truePositives, falsePositives, falseNegatives }) => {
    const twice = truePositives.mul(2);
    return ratio(twice, twice.add(falsePositives).add(falseNegatives));
  });

/** How often each true class (row) was called each class (column). */
function confusion(name: string, classes: number, compute: (matrix: NDArray) => NDArray): PredictionMetric<NDArray> {
  const n = checkedClasses(name, classes);
  const measure = (predictions: ArrayLike, targets: ArrayLike, weights?: ArrayLike): NDArray => {
    const [p, t] = decided(name, predictions, targets, n);
    const w = weightsOf(name, p.shape.slice(0, -1), weights).reshape([-1, 1]);
    return t
      .reshape([-1, n])
      .mul(w)
      .T.matmul(p.reshape([-1, n]));
  };
  return summed(name, () => nothing([n, n]), measure, compute);
}

/** Options of {@link confusionMatrix}. */
export interface ConfusionOptions {
  /** Make rows (`true`) shares of the true classes; default `null`, counts. */
  readonly normalize?: 'true' | null;
}

/**
 * How often each true class (row) was called each class (column).
 *
 * update(state, scores: `f[..., classes]`, labels: integers `[...]`, weights?) · result: `f32[classes, classes]`. As
 * `sklearn.metrics.confusion_matrix`.
 *
 * @throws ArgumentError unless `classes` is a positive integer.
 * @example
 * const [metric, labels] = [nn.metrics.confusionMatrix(2), np.array([0, 0, 1], { dtype: 'i32' })];
 * metric.compute(metric.update(metric.init(), [[2, 1], [0, 1], [0, 1]], labels)); // [[1, 1], [0, 1]]
 */
export const confusionMatrix = (
  classes: number,
  { normalize = null }: ConfusionOptions = {},
): PredictionMetric<NDArray> =>
  confusion('confusionMatrix', classes, (matrix) =>
    normalize === null ? matrix : ratio(matrix, matrix.sum(1, { keepdims: true }).add(matrix.mul(0))),
  );

/**
 * Intersection over union, of what was called a class and what is one, `tp / (tp + fp + fn)`: the mean over the classes that
 * occur in either.
 *
 * update(state, scores: `f[..., classes]`, labels: integers `[...]`, weights?) · result: `f32[]`. As `keras.metrics.MeanIoU`.
 *
 * @throws ArgumentError unless `classes` is a positive integer.
 * @example
 * const [metric, labels] = [nn.metrics.iou(2), np.array([0, 0, 1], { dtype: 'i32' })];
 * metric.compute(metric.update(metric.init(), [[2, 1], [0, 1], [0, 1]], labels)); // 0.5
 */
export const iou = (classes: number): PredictionMetric<NDArray> =>
  confusion('iou', classes, (matrix) => {
    const both = diagonal(matrix);
    const either = matrix.sum(0).add(matrix.sum(1)).sub(both);
    return ratio(ratio(both, either).sum(), convertElementType(either.gt(0), 'f32').sum());
  });
