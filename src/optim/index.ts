/** Gradient transformations with optax's names and formulas, chained as a monoid. */
export { adam, adamw, amsgrad, nadam, nadamw, scaleByAdam, scaleByAmsgrad } from './adam.ts';
export type { AdamOptions, AdamState, AdamWOptions, AmsgradOptions, AmsgradState } from './adam.ts';
export { adafactor, scaleByFactoredRms } from './adafactor.ts';
export type { AdafactorOptions, FactoredRmsOptions, FactoredState } from './adafactor.ts';
export {
  adabelief,
  adamax,
  adamaxw,
  radam,
  scaleByAdamax,
  scaleByBelief,
  scaleByRadam,
  scaleByYogi,
  yogi,
} from './adam-family.ts';
export type {
  AdamaxOptions,
  AdamaxwOptions,
  BeliefOptions,
  RadamOptions,
  ScaleByYogiOptions,
  YogiOptions,
} from './adam-family.ts';
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
export { polyakSgd, reduceOnPlateau, scaleByPolyak } from './feedback.ts';
export type { PlateauOptions, PlateauState, PolyakOptions, PolyakSgdOptions } from './feedback.ts';
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
export { lamb, lars, novograd, scaleByNovograd, scaleByParamBlockRms, scaleByTrustRatio } from './layerwise.ts';
export type { LambOptions, LarsOptions, NovogradOptions, TrustRatioOptions } from './layerwise.ts';
export { lbfgs, scaleByLbfgs } from './lbfgs.ts';
export type { LbfgsOptions, LbfgsState, ScaleByLbfgsOptions } from './lbfgs.ts';
export { scaleByZoomLinesearch, valueAndGradFromState } from './linesearch.ts';
export type { ZoomLinesearchOptions, ZoomLinesearchState } from './linesearch.ts';
export { lion, scaleByLion } from './lion.ts';
export type { LionOptions, LionState, ScaleByLionOptions } from './lion.ts';
export { masked } from './masking.ts';
export type { Mask, MaskedOptions, MaskedState } from './masking.ts';
export { monitor, snapshot } from './monitoring.ts';
export type { Measurement, MonitorState, SnapshotState } from './monitoring.ts';
export { muon, scaleByMuon } from './muon.ts';
export type { MuonDimensionNumbers, MuonOptions, MuonState, ScaleByMuonOptions } from './muon.ts';
export { multiSteps, skipLargeUpdates, skipNotFinite } from './multi-steps.ts';
export type { MultiSteps, MultiStepsOptions, MultiStepsState, ShouldSkipUpdate } from './multi-steps.ts';
export { addNoise, noisySgd } from './noise.ts';
export type { AddNoiseState, NoisySgdOptions } from './noise.ts';
export { globalNorm } from './norms.ts';
export { freeze, multiTransform, partition } from './partition.ts';
export type { Labels, PartitionState } from './partition.ts';
export type { Marker, Prefix, PrefixOf } from './prefix.ts';
export { adagrad, rmsprop, scaleByRms, scaleByRss, scaleByStddev } from './rms.ts';
export type { AdagradOptions, RmsOptions, RmspropOptions, RmsState, RssState, StddevState } from './rms.ts';
export { normalize, sam } from './sam.ts';
export type { SamOptions, SamState } from './sam.ts';
export type { Scalar, ScalarOrSchedule, Schedule } from './scalars.ts';
export { scheduleFree, scheduleFreeAdamw, scheduleFreeEvalParams, scheduleFreeSgd } from './schedule-free.ts';
export type {
  ScheduleFreeAdamwOptions,
  ScheduleFreeOptions,
  ScheduleFreeSgdOptions,
  ScheduleFreeState,
} from './schedule-free.ts';
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
export { fisherDiag, hessianDiag, hvp } from './second-order.ts';
export type { LossFn } from './second-order.ts';
export { ema, sgd, signSgd, trace } from './sgd.ts';
export type { EmaOptions, EmaState, SgdOptions, TraceOptions, TraceState } from './sgd.ts';
export {
  adadelta,
  optimisticGradientDescent,
  rprop,
  scaleByAdadelta,
  scaleByOptimisticGradient,
  scaleByRprop,
} from './steps.ts';
export type {
  AdadeltaOptions,
  AdadeltaState,
  OptimisticOptions,
  OptimisticState,
  RpropOptions,
  RpropState,
} from './steps.ts';
export { chain, chainMonoid, identity, namedChain, withExtraArgs } from './transformation.ts';
export type { Chain, ExtraArgs, GradientTransformation } from './transformation.ts';
export { treeGet, treeGetAllWithPath, treeSet } from './tree-get.ts';
export type { PathFilter } from './tree-get.ts';
export { applyUpdates, incrementalUpdate, periodicUpdate } from './updates.ts';
export { addDecayedWeights } from './weight-decay.ts';
export { applyIfFinite, lookahead, lookaheadParams, zeroNans } from './wrappers.ts';
export type {
  ApplyIfFiniteState,
  Lookahead,
  LookaheadOptions,
  LookaheadParams,
  LookaheadState,
  ZeroNansState,
} from './wrappers.ts';
