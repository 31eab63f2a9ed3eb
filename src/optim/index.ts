/** Gradient transformations with optax's names and formulas, chained as a monoid. */
export { adam, adamw, amsgrad, nadam, nadamw, scaleByAdam, scaleByAmsgrad } from './adam.ts';
export type { AdamOptions, AdamState, AdamWOptions, AmsgradOptions, AmsgradState } from './adam.ts';
export {
  centralize,
  scale,
  scaleByLearningRate,
  scaleBySchedule,
  scaleBySign,
  setToZero,
  stateless,
  statelessWithTreeMap,
} from './basic.ts';
export type { CountState } from './basic.ts';
export { adaptiveGradClip, clip, clipByBlockRms, clipByGlobalNorm, perExampleGlobalNormClip } from './clipping.ts';
export type { AdaptiveGradClipOptions } from './clipping.ts';
export { injectHyperparams } from './hyperparams.ts';
export type { Injected, InjectHyperparamsState, InjectOptions } from './hyperparams.ts';
export {
  cosineOnecycleSchedule,
  joinSchedules,
  linearOnecycleSchedule,
  piecewiseInterpolateSchedule,
  sgdrSchedule,
  warmupCosineDecaySchedule,
  warmupExponentialDecaySchedule,
} from './joined-schedules.ts';
export type { CosineCycle, LinearOnecycleOptions, OnecycleOptions, WarmupCosineOptions } from './joined-schedules.ts';
export { lion, scaleByLion } from './lion.ts';
export type { LionOptions, LionState, ScaleByLionOptions } from './lion.ts';
export { masked } from './masking.ts';
export type { Mask, MaskedOptions, MaskedState } from './masking.ts';
export { multiSteps, skipLargeUpdates, skipNotFinite } from './multi-steps.ts';
export type { MultiSteps, MultiStepsOptions, MultiStepsState, ShouldSkipUpdate } from './multi-steps.ts';
export { globalNorm } from './norms.ts';
export { freeze, multiTransform, partition } from './partition.ts';
export type { Labels, PartitionState } from './partition.ts';
export type { Marker, Prefix, PrefixOf } from './prefix.ts';
export { adagrad, rmsprop, scaleByRms, scaleByRss, scaleByStddev } from './rms.ts';
export type { AdagradOptions, RmsOptions, RmspropOptions, RmsState, RssState, StddevState } from './rms.ts';
export type { Scalar, ScalarOrSchedule, Schedule } from './scalars.ts';
export {
  constantSchedule,
  cosineDecaySchedule,
  exponentialDecay,
  linearSchedule,
  piecewiseConstantSchedule,
  polynomialSchedule,
  warmupConstantSchedule,
} from './schedules.ts';
export type {
  BoundariesAndScales,
  CosineDecayOptions,
  CountSchedule,
  ExponentialDecayOptions,
  TransitionOptions,
} from './schedules.ts';
export { ema, sgd, signSgd, trace } from './sgd.ts';
export type { EmaOptions, EmaState, SgdOptions, TraceOptions, TraceState } from './sgd.ts';
export { chain, chainMonoid, identity, namedChain, withExtraArgs } from './transformation.ts';
export type { Chain, ExtraArgs, GradientTransformation } from './transformation.ts';
export { applyUpdates, incrementalUpdate, periodicUpdate } from './updates.ts';
export { addDecayedWeights } from './weight-decay.ts';
