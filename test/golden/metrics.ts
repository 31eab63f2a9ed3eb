import type { ArrayLike, NDArray } from '../../src/index.ts';
import { nn } from '../../src/index.ts';

/** Metrics as functions of all examples, which come in two parts; tools/golden/metrics.py has the same ones, by the same names. */

const { metrics } = nn;

type Given = readonly (NDArray | object | undefined)[];
const isArray = (x: unknown): x is NDArray => typeof x === 'object' && x !== null && 'dtype' in x;

/** The first three examples make one summary, the rest another one, and both are merged. */
const inParts =
  <S extends nn.Tree, R>(make: (options: object | undefined) => nn.metrics.Metric<S, R, [...ArrayLike[]]>) =>
  (...given: Given): R => {
    const metric = make(given.find((x) => x !== undefined && !isArray(x)));
    const arrays = given.filter(isArray);
    const part = (at: readonly [number, number?]): S =>
      metric.update(metric.init(), ...arrays.map((x) => x.slice(at.length === 2 ? [at[0], at[1] as number] : [at[0]])));
    return metric.compute(metric.merge(part([0, 3]), part([3])));
  };

type Any = nn.metrics.Metric<nn.Tree, NDArray, [...ArrayLike[]]>;
const of = (metric: unknown): ((...given: Given) => NDArray) => inParts(() => metric as Any);
const withOptions = (make: (options: never) => unknown): ((...given: Given) => NDArray) =>
  inParts((options) => make((options ?? {}) as never) as Any);

export const accuracy = of(metrics.accuracy());
export const top2 = of(metrics.topKAccuracy(2));
export const meanSquaredError = of(metrics.meanSquaredError());
export const meanAbsoluteError = of(metrics.meanAbsoluteError());
export const cosineProximity = of(metrics.cosineProximity());
export const r2Score = of(metrics.r2Score(3));
export const binaryAccuracy = of(metrics.binaryAccuracy());
export const precision = withOptions(metrics.precision);
export const recall = withOptions(metrics.recall);
export const f1 = withOptions(metrics.f1);
export const rocAuc = of(metrics.rocAuc());
export const prAuc = of(metrics.prAuc());
export const rocAuc10 = of(metrics.rocAuc({ thresholds: 10 }));
export const prAuc10 = of(metrics.prAuc({ thresholds: 10 }));
export const iou = of(metrics.iou(4));
export const confusionMatrix = of(metrics.confusionMatrix(4));
export const perplexity = of(metrics.perplexity());
export const average = of(metrics.average());
export const welford = of(metrics.welford([2]));
