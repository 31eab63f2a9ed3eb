/**
 * pullback: pure functions over arrays, differentiated, batched and compiled.
 *
 * This is the one file that knows every folder; devices.ts knows every backend.
 *
 * @module pullback
 */
export * as numpy from './numpy/index.ts';
export * as lax from './lax.ts';
export * as random from './random/index.ts';
export * as tree from './numpy/tree.ts';
export * as nn from './nn/index.ts';
export * as optim from './optim/index.ts';
export * as data from './data/index.ts';
export * as train from './train/index.ts';
export { NDArray } from './trace/value.ts';
export type {
  ArrayAt,
  ArrayLike,
  Axis,
  Indexer,
  NestedList,
  NestedNumbers,
  ReadOptions,
  ReduceOptions,
  UpdateOptions,
} from './trace/value.ts';
export type { DType, FloatType, HostArray } from './kernel/dtype.ts';
export type { Shape } from './trace/aval.ts';
export type { DeviceName, MemoryReport } from './kernel/device.ts';
export type { VmapMethod } from './lax/callback.ts';
export { grad, valueAndGrad } from './transforms/grad.ts';
export type { GradOptions } from './transforms/grad.ts';
export type { GradientOf } from './transforms/argnums.ts';
export type { TreeOf } from './trace/tree-of.ts';
export { jvp, linearize } from './transforms/forward-mode.ts';
export { linearTranspose, vjp } from './transforms/reverse-mode.ts';
export type { HasAux } from './transforms/with-aux.ts';
export { hessian, jacfwd, jacobian, jacrev } from './transforms/jacobian.ts';
export type { JacobianOf } from './transforms/jacobian.ts';
export { hvp } from './transforms/hvp.ts';
export { fwdAndBwd } from './transforms/fwd-and-bwd.ts';
export type { Residuals } from './transforms/fwd-and-bwd.ts';
export { checkpoint, remat } from './transforms/checkpoint/checkpoint.ts';
export type { CheckpointOptions } from './transforms/checkpoint/checkpoint.ts';
export { checkpointName } from './transforms/checkpoint/name.ts';
export { checkpointPolicies } from './transforms/checkpoint/policies.ts';
export type { CheckpointPolicy, SaveableOperation } from './transforms/checkpoint/policies.ts';
export { customJvp } from './transforms/custom/jvp.ts';
export type { CustomJvp, CustomJvpRule, CustomJvpRules } from './transforms/custom/jvp.ts';
export { customVjp } from './transforms/custom/vjp.ts';
export type { Cotangents, CustomVjp } from './transforms/custom/vjp.ts';
export { customGradient } from './transforms/custom/gradient.ts';
export { closureConvert } from './transforms/custom/closure-convert.ts';
export type { CustomRuleOptions } from './transforms/custom/arguments.ts';
export { vmap } from './transforms/vmap.ts';
export type { Axes, VmapOptions } from './transforms/vmap.ts';
export { jit } from './transforms/jit.ts';
export type { ArgumentShapes, Jitted, JitOptions } from './transforms/jit.ts';
export type {
  Compiled,
  CompileOptions,
  CompileProgress,
  Inspection,
  Lowered,
  LoweredText,
  Traced,
} from './transforms/stages.ts';
export { evalShape, makeJaxpr } from './transforms/eval-shape.ts';
export type { OrShapes, PrintableJaxpr, ShapesOf } from './transforms/eval-shape.ts';
export { ShapeDtypeStruct, typeOf } from './trace/abstract.ts';
export { assertMaxTraces } from './transforms/max-traces.ts';
export * as debug from './transforms/debug.ts';
export { pureCallback } from './transforms/pure-callback.ts';
export type { ArraysOf, HostResult, PureCallbackOptions } from './transforms/pure-callback.ts';
export { effectsBarrier } from './compiler/host-calls.ts';
export { liveArrays } from './trace/live.ts';
export type { LiveArrays } from './trace/live.ts';
export { checkTracerLeaks } from './trace/leaks.ts';
export { namedScope } from './transforms/named-scope.ts';
export { clearCaches, debugInfs, debugKeyReuse, debugNans, disableJit, explainCacheMisses } from './trace/switches.ts';
export type { Switch } from './trace/switches.ts';
export { explainNan } from './transforms/explain-nan.ts';
export type { NanReport, NanStep } from './transforms/nan/report.ts';
export { show } from './display/show.ts';
export type { ShowOptions } from './display/show.ts';
export type { Displayable, MimeBundle } from './util/display.ts';
export { profile } from './transforms/profile.ts';
export { tune } from './transforms/tune.ts';
export type { TuneOptions, TuneReport } from './transforms/tune.ts';
export type { TunedProduct, TuneProgress } from './kernel/device.ts';
export type { KernelProfile, Profile } from './compiler/profile.ts';
export type { KernelCost, MemoryUse, ProgramCost, Traffic } from './compiler/report.ts';
export { stopGradient } from './lax/stop-gradient.ts';
export { makeMesh, Mesh, NamedSharding, P, PartitionSpec, ShardingError } from './sharding/index.ts';
export type { MeshAxis, Sharding, Shardings, SpecEntry } from './sharding/index.ts';
export { exportStableHlo } from './transforms/export.ts';
export type { ExportedArray, ExportOptions, StableHlo } from './transforms/export.ts';
export { saveBundle } from './bundle/index.ts';
export type { BundledStep, BundleOptions, ColumnUse } from './bundle/index.ts';
export type { BundleArray, BundleColumn, BundleFile, BundleShard, BundleStep } from './bundle/index.ts';
export { withShardingConstraint } from './lax/sharding.ts';
export { blockUntilReady, deviceGet } from './compiler/devices.ts';
export { MistakeError, PullbackError } from './util/error.ts';
export { TreeMismatchError } from './tree/tree.ts';
export {
  ArgumentError,
  BatchError,
  BranchTypeError,
  CarryTypeError,
  CustomRuleError,
  DeletedArrayError,
  DTypeError,
  EscapedTracerError,
  ExportError,
  GradientError,
  KeyReuseError,
  NonFiniteError,
  ReadError,
  ShapeMismatchError,
  StaticArgumentError,
  TooManyTracesError,
  TracerConversionError,
  UnboundAxisError,
  ValueDependentShapeError,
} from './trace/errors.ts';
export {
  CallbackError,
  DeviceError,
  DeviceLostError,
  DeviceUnavailableError,
  OutOfMemoryError,
  UnsupportedOnDeviceError,
} from './kernel/device.ts';

export { defaultDevice, devicePut, devices, init } from './devices.ts';
export type { DeviceInfo, InitOptions } from './devices.ts';
