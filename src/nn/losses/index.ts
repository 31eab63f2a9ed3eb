/** Losses, one value an example unless their sources reduce them. */
export {
  accuracy,
  correct,
  nllLoss,
  polyLossCrossEntropy,
  rankingSoftmaxLoss,
  sigmoidBinaryCrossEntropy,
  sigmoidFocalLoss,
  smoothLabels,
  softmaxCrossEntropy,
  softmaxCrossEntropyWithIntegerLabels,
} from './classification.ts';
export type { FocalOptions, PolyLossOptions, RankingOptions, SmoothOptions } from './classification.ts';
export { ctcLoss } from './ctc.ts';
export type { CtcOptions } from './ctc.ts';
export { convexKlDivergence, klDivergence, klDivergenceWithLogTargets } from './divergence.ts';
export { hingeLoss, multiclassHingeLoss, ntxent, tripletMarginLoss } from './margin.ts';
export type { TripletOptions } from './margin.ts';
export type { LossOptions } from './operands.ts';
export {
  absoluteError,
  cosineDistance,
  cosineSimilarity,
  gaussianNll,
  huberLoss,
  l2Loss,
  logCosh,
  poissonNll,
  squaredError,
} from './regression.ts';
export type { CosineOptions, GaussianNllOptions, HuberOptions, PoissonNllOptions } from './regression.ts';
export { diceLoss } from './segmentation.ts';
export type { DiceOptions, Reduction } from './segmentation.ts';
