import { like, log } from '../../lax/elementwise.ts';
import { select } from '../../lax/select.ts';
import { array } from '../../numpy/create.ts';
import { maximum } from '../../numpy/elementwise.ts';
import { convertElementType } from '../../lax/casts.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { range } from '../../util/array.ts';
import { pair } from '../losses/operands.ts';
import type { PredictionMetric } from './metric.ts';
import { nothing, ratio, summed, weightsOf } from './metric.ts';

/** How many positives and negatives were above each threshold, f32[thresholds], and how many there are. */
export type CurveState = {
  readonly truePositives: NDArray;
  readonly falsePositives: NDArray;
  readonly positives: NDArray;
  readonly negatives: NDArray;
};

/** Options of {@link rocAuc} and {@link prAuc}. */
export interface CurveOptions {
  /** How many, evenly from 0 to 1; default 200. */
  readonly thresholds?: number;
}

function curve(
  name: string,
  { thresholds = 200 }: CurveOptions,
  area: (state: CurveState) => NDArray,
): PredictionMetric<CurveState> {
  if (!Number.isInteger(thresholds) || thresholds < 2) {
    throw new ArgumentError(`[nn.metrics.${name}] needs two thresholds or more, got ${thresholds}`);
  }
  // The ends are a little beyond 0 and 1, so that all is above the first and nothing above the last.
  const at = range(thresholds).map((i) => (i === 0 ? -1e-7 : i === thresholds - 1 ? 1 + 1e-6 : i / (thresholds - 1)));
  const init = (): CurveState => ({
    truePositives: nothing([thresholds]),
    falsePositives: nothing([thresholds]),
    positives: nothing(),
    negatives: nothing(),
  });
  const measure = (predictions: ArrayLike, targets: ArrayLike, weights?: ArrayLike): CurveState => {
    const [p, t] = pair(`metrics.${name}`, predictions, targets);
    const w = weightsOf(name, p.shape, weights).ravel();
    const yes = convertElementType(t.ravel().ne(0), 'f32').mul(w);
    const above = convertElementType(
      convertElementType(p, 'f32')
        .reshape([1, -1])
        .gt(array(at, { dtype: 'f32' }).reshape([-1, 1])),
      'f32',
    );
    const no = w.sub(yes);
    return {
      truePositives: above.matmul(yes),
      falsePositives: above.matmul(no),
      positives: yes.sum(),
      negatives: no.sum(),
    };
  };
  return summed(name, init, measure, area);
}

const head = (x: NDArray): NDArray => x.slice([0, -1]);
const tail = (x: NDArray): NDArray => x.slice([1]);

/**
 * The area under the curve of the true positive rate over the false positive rate: the probability that a positive example
 * has a higher prediction than a negative one, up to the width of the thresholds.
 *
 * update(state, predictions: probabilities `f[...]`, targets: 0 or 1 `[...]`, weights?) · result: `f32[]`. As
 * `keras.metrics.AUC(curve='ROC')`: trapezoids between fixed thresholds, so that summaries can be merged.
 *
 * @throws ArgumentError for less than two thresholds.
 * @example
 * const metric = nn.metrics.rocAuc();
 * metric.compute(metric.update(metric.init(), [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])); // 0.75
 */
export const rocAuc = (options: CurveOptions = {}): PredictionMetric<CurveState> =>
  curve('rocAuc', options, ({ truePositives, falsePositives, positives, negatives }) => {
    const heights = head(truePositives).add(tail(truePositives)).mul(0.5);
    const widths = head(falsePositives).sub(tail(falsePositives));
    return ratio(heights.mul(widths).sum(), positives.mul(negatives));
  });

/**
 * The area under the curve of precision over recall.
 *
 * Arguments as {@link rocAuc}. As `keras.metrics.AUC(curve='PR')`, with the interpolation between fixed thresholds of Davis
 * and Goadrich, 2006: true and false positives are linear between two thresholds, so that precision is not.
 *
 * @throws ArgumentError for less than two thresholds.
 * @example
 * const metric = nn.metrics.prAuc();
 * metric.compute(metric.update(metric.init(), [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])); // 0.797267
 */
export const prAuc = (options: CurveOptions = {}): PredictionMetric<CurveState> =>
  curve('prAuc', options, ({ truePositives, falsePositives, positives }) => {
    const called = truePositives.add(falsePositives);
    const [more, calledMore] = [head(truePositives).sub(tail(truePositives)), head(called).sub(tail(called))];
    const slope = ratio(more, maximum(calledMore, 0));
    const intercept = tail(truePositives).sub(slope.mul(tail(called)));
    const some = tail(called).gt(0);
    const growth = select(some, ratio(head(called), tail(called)), like(slope, 1));
    const areas = slope.mul(more.add(intercept.mul(log(growth))));
    return ratio(areas.sum(), positives);
  });
