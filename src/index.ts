/**
 * pullback: pure functions over arrays, differentiated, batched and compiled.
 *
 * This is the one file that knows every folder and every backend.
 */
import { createReferenceDevice } from './backends/reference/device.ts';
import { maxThreads } from './backends/wasm/control.ts';
import { createWasmDevice, wasmText } from './backends/wasm/device.ts';
import { createWebGpuDevice } from './backends/webgpu/device.ts';
import { wgslText } from './backends/webgpu/emit.ts';
import { gpuSchedule, targetFor } from './backends/webgpu/schedule.ts';
import { tuningStore } from './backends/webgpu/tuning/store.ts';
import { compile } from './compiler/compile.ts';
import { devicePut as putOn } from './compiler/devices.ts';
import {
  defaultDevice as currentDefault,
  forgetCompiled,
  installDefaultDevice,
  installDevices,
  setDefaultDevice,
} from './compiler/runtime.ts';
import { dtypes } from './kernel/dtype.ts';
import type { Device, DeviceLostError, DeviceName, MemoryReport } from './kernel/device.ts';
import { ArgumentError } from './trace/errors.ts';
import { installSpelling } from './transforms/stages.ts';

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
  ReadOptions,
  ReduceOptions,
  UpdateOptions,
} from './trace/value.ts';
export type { DType, HostArray } from './kernel/dtype.ts';
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
export { profile } from './transforms/profile.ts';
export { tune } from './transforms/tune.ts';
export type { TuneOptions, TuneReport } from './transforms/tune.ts';
export type { TunedProduct, TuneProgress } from './kernel/device.ts';
export type { KernelProfile, Profile } from './compiler/profile.ts';
export type { KernelCost, MemoryUse, ProgramCost, Traffic } from './compiler/report.ts';
export { stopGradient } from './lax/stop-gradient.ts';
export { makeMesh, Mesh, NamedSharding, P, PartitionSpec, ShardingError } from './sharding/index.ts';
export type { MeshAxis, Sharding, Shardings, SpecEntry } from './sharding/index.ts';
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

/** A device as users see it. */
export interface DeviceInfo {
  readonly name: DeviceName;
  /** For people: the adapter, or the number of threads and the instructions that are used. */
  readonly description: string;
  readonly threads: number;
  /** What it holds at present. */
  memory(): MemoryReport;
  /** Why it can't be used any more, such as a reset of the GPU's driver; null as long as it can. */
  readonly lost: DeviceLostError | null;
}

/** Options of {@link init}. */
export interface InitOptions {
  /** Default `wasm`. */
  readonly device?: DeviceName;
  /**
   * How many threads the wasm device runs programs on, the calling one included: by default as many as the computer runs
   * at once. With 1 its memory is an ordinary one. Where threads can't share memory (pages that are not cross-origin
   * isolated) there is one, whatever is asked for; the device's `threads` says how many there are.
   */
  readonly threads?: number;
  /**
   * Where the webgpu device keeps what `tune` has measured: the path of a JSON file in Node and Deno, the name of a
   * database in browsers. By default a file in the user's folder for caches, or the database `pullback`; null keeps
   * nothing.
   */
  readonly tuning?: string | null;
}

/** One for the process: it starts by itself when the first array needs a device. */
let wasm: { readonly device: Device; readonly asked: number | undefined } | null = null;

function wasmDevice(asked?: number): Device {
  wasm ??= { device: createWasmDevice(asked === undefined ? {} : { threads: asked }), asked };
  const { device } = wasm;
  if (asked !== undefined && asked !== wasm.asked && asked !== device.threads) {
    throw new ArgumentError(
      `init({ threads: ${asked} }): the wasm device has started already, with threads: ${wasm.asked ?? device.threads}, ` +
        'and keeps that number. Call init before anything makes an array.',
    );
  }
  return device;
}

const started = new Map<DeviceName, Promise<Device>>();
/** Those that have come up. */
const running = new Map<DeviceName, Device>();

const factories: { readonly [D in DeviceName]: () => Promise<Device> } = {
  reference: () => Promise.resolve(createReferenceDevice()),
  wasm: () => new Promise((resolve) => resolve(wasmDevice())),
  webgpu: async () => createWebGpuDevice({ tuning: tuning === null ? null : await tuningStore(tuning) }),
};

/** Where the webgpu device keeps what it has measured; undefined for the usual place. */
let tuning: string | null | undefined;

function start(name: DeviceName): Promise<Device> {
  const before = running.get(name);
  if (before !== undefined && before.lost !== null) {
    started.delete(name);
    running.delete(name);
    forgetCompiled(before);
  }
  let device = started.get(name);
  if (device === undefined) {
    device = factories[name]();
    started.set(name, device);
    // A device that could not be had may be there at the next try.
    void device.then(
      (d) => running.set(name, d),
      () => started.delete(name),
    );
  }
  return device;
}

/**
 * Starts a device, makes it the one that new arrays go to, and describes it. Without it, `wasm` starts by itself when
 * it is first needed.
 *
 * A GPU can be lost: its driver is reset, the adapter goes away, the computer sleeps. All that waits for it then fails
 * with a {@link DeviceLostError}, and so do later calls. Another `init` starts a new device. Functions are compiled anew
 * for it, and arrays that have their elements on the host go on there: those that no program has used yet, and those made
 * of at most 16 numbers. What was computed, or moved to the device, is gone with it, so a long training run reads its
 * parameters from time to time (`await x.data()`, or `data.saveSafetensors`) and makes arrays of them again
 * (`np.array(…)`).
 *
 * @throws DeviceUnavailableError when the device can't be had here; the message says what is missing.
 * @throws ArgumentError for options that can't be, or are not those of the device that has started already.
 * @example
 * const device = await init({ device: 'webgpu' });
 * console.log(device.description);
 * @example
 * try {
 *   await trainFor(100);
 * } catch (error) {
 *   if (!(error instanceof DeviceLostError)) throw error;
 *   await init({ device: 'webgpu' });
 *   await restore();
 * }
 */
export async function init({ device = 'wasm', threads, tuning: place }: InitOptions = {}): Promise<DeviceInfo> {
  if (threads !== undefined) {
    requireThreads(device, threads);
    wasmDevice(threads);
  }
  if (place !== undefined) {
    requireTuning(device, place);
    tuning = place;
  }
  const made = await start(device);
  setDefaultDevice(made);
  return made;
}

function requireThreads(device: DeviceName, threads: number): void {
  if (device !== 'wasm') {
    throw new ArgumentError(`init({ device: '${device}', threads: ${threads} }): only the wasm device takes threads`);
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads) {
    throw new ArgumentError(`init({ threads: ${threads} }): needs a whole number from 1 to ${maxThreads}`);
  }
}

function requireTuning(device: DeviceName, place: string | null): void {
  if (device !== 'webgpu') {
    throw new ArgumentError(`init({ device: '${device}', tuning: … }): only the webgpu device keeps measurements`);
  }
  if (place === '') throw new ArgumentError("init({ tuning: '' }): needs the path of a file, or null to keep nothing");
  const before = started.has('webgpu') && running.get('webgpu')?.lost === null;
  if (before && place !== tuning) {
    throw new ArgumentError(
      `init({ tuning: ${String(place)} }): the webgpu device has started already, with ` +
        `${tuning === undefined ? 'the usual place' : String(tuning)}, and keeps that`,
    );
  }
}

/** The device that new arrays go to. */
export const defaultDevice = (): DeviceInfo => currentDefault();

/** The devices that have been started. */
export const devices = async (): Promise<readonly DeviceInfo[]> =>
  (await Promise.all(started.values())).filter((d) => d.lost === null);

/**
 * Copies every array of a tree to a device (default: the default device).
 *
 * @throws DeviceUnavailableError when the device can't be had here.
 */
export const devicePut = async <T>(value: T, device?: DeviceName): Promise<T> =>
  putOn(value, device === undefined ? currentDefault() : await start(device));

/** What WebGPU devices have, some of them without f16; text for a device at hand may use more. */
const anyWebGpu = targetFor(gpuSchedule, { dtypes: new Set(dtypes.filter((d) => d !== 'f64')), maxOperands: 8 });

installDefaultDevice(() => wasmDevice());
installDevices((name) => running.get(name) ?? (name === 'wasm' ? wasmDevice() : null));
installSpelling((form, name, jaxpr, donated) =>
  form === 'wgsl'
    ? wgslText(compile(name, jaxpr, anyWebGpu, donated))
    : wasmText(compile(name, jaxpr, wasmDevice().target, donated), wasmDevice()),
);
