/** Metrics: pure summaries of examples that grow by batches and merge. */
export {
  accuracy,
  average,
  binaryAccuracy,
  cosineProximity,
  meanAbsoluteError,
  meanSquaredError,
  perplexity,
  topKAccuracy,
} from './averages.ts';
export type { AverageState, ThresholdOptions } from './averages.ts';
export { collection } from './collection.ts';
export type { CollectionResult, CollectionState } from './collection.ts';
export { confusionMatrix, f1, iou, precision, recall } from './counts.ts';
export type { ClassAverage, ConfusionOptions, CountOptions, CountState } from './counts.ts';
export { prAuc, rocAuc } from './curves.ts';
export type { CurveOptions, CurveState } from './curves.ts';
export { metricMonoid } from './metric.ts';
export type { Metric, PredictionMetric } from './metric.ts';
export { r2Score, welford } from './moments.ts';
export type { Moments, MomentState, R2State } from './moments.ts';
