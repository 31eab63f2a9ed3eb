import type { DType, HostArray } from './dtype.ts';
import type { Kernel } from './kernel.ts';
import type { Program } from './program.ts';
import { zipExact } from '../util/array.ts';
import { InternalError, PullbackError } from '../util/error.ts';

/** The devices that exist. */
export type DeviceName = 'reference' | 'wasm' | 'webgpu';

/** What the compiler needs to know of a device. */
export interface Target {
  readonly device: DeviceName;
  readonly dtypes: ReadonlySet<DType>;
  /** The most buffers that one kernel may be bound to. */
  readonly maxOperands: number;
  /** When a product of few results and much depth is better computed in parts of the depth; none where that is left to the device. */
  readonly splits?: Splits;
}

/** Products of few results leave most of a GPU idle: parts of the depth are computed by themselves, then added up in order. */
export interface Splits {
  /** So many results, those of all parts together, keep the device busy. */
  readonly results: number;
  /** Products of fewer results, or of less depth, are left as they are. */
  readonly leastResults: number;
  readonly leastDepth: number;
}

/** An array's storage on a device. Its contents never change once written, unless the caller donates it. */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
  /** What it takes on the device. */
  readonly bytes: number;
}

/** What a new buffer is to hold. */
export interface BufferType {
  readonly dtype: DType;
  /** In elements. */
  readonly length: number;
}

/** What a call of a host function gives. */
export interface HostCallResult {
  readonly outputs: readonly DeviceBuffer[];
  /** Settles when the function has been called, with the error that it threw; null if that was at once. */
  readonly done: Promise<void> | null;
}

/** {@link Device.hostCall} of devices that can be read at any time. */
export function hostCallAtOnce(
  { readSync, write }: Pick<Device, 'readSync' | 'write'>,
  inputs: readonly DeviceBuffer[],
  outputs: readonly BufferType[],
  f: (data: readonly HostArray[]) => readonly HostArray[],
): HostCallResult {
  if (readSync === null) throw new InternalError('a device without readSync called the host at once');
  const results = f(inputs.map(readSync));
  return { outputs: zipExact(outputs, results).map(([{ dtype }, data]) => write(dtype, data)), done: null };
}

/** An estimate of what one run of a kernel moves to and from the device's memory, in bytes. */
export interface KernelTraffic {
  /** As the kernel is laid out on the device: what several workgroups need is moved for each. */
  readonly bytes: number;
  /** Every element that it reads or writes, once. */
  readonly unavoidable: number;
}

/** What a device holds at present. */
export interface MemoryReport {
  /** Bytes of live arrays. */
  readonly liveBytes: number;
  /** Number of live arrays. */
  readonly liveBuffers: number;
  /** Bytes that the device has taken from the system, caches and scratch included. */
  readonly reservedBytes: number;
  /** The most that `reservedBytes` has been. */
  readonly peakBytes: number;
}

/**
 * Where arrays live and programs run. Calls return at once; work may go on afterwards, in the order of the calls, and
 * reading a buffer waits for what it depends on.
 */
export interface Device {
  readonly name: DeviceName;
  /** For people: `wasm (1 thread, relaxed SIMD)`. */
  readonly description: string;
  readonly threads: number;
  readonly target: Target;
  /**
   * What an array takes of the system beside its elements, in bytes: where that is much, many small arrays that nobody
   * holds any more must be collected as soon as a few large ones.
   */
  readonly overheadBytes: number;
  /** Why the device can't be used any more; null as long as it can. */
  readonly lost: DeviceLostError | null;
  /** Whether calls may return before their work is done, so that reading is the way to wait for it. */
  readonly runsAhead: boolean;
  /** Copies host data into a new buffer. */
  write(dtype: DType, data: HostArray): DeviceBuffer;
  /** A copy of the contents. Rejects with the error of the program that should have written it, if that failed. */
  read(buffer: DeviceBuffer): Promise<HostArray>;
  /** A copy of the contents at once, or null on a device that can only be read asynchronously. */
  readonly readSync: ((buffer: DeviceBuffer) => HostArray) | null;
  /** Gives the storage back. The buffer must not be used any more. Freeing twice does nothing. */
  free(buffer: DeviceBuffer): void;
  /**
   * A function that frees the buffer and does not keep it alive: what a finalizer may hold. A device can leave data to
   * the buffer object alone, to die with it by plain collection; whoever holds the buffer would prevent that.
   */
  finalizer(buffer: DeviceBuffer): () => void;
  /**
   * Calls a function of the host between programs, in the order of the calls: `f` is given copies of the inputs'
   * contents, and what it returns fills the new buffers. Devices that work while the host goes on call it later; if it
   * throws then, reading what it should have filled rejects.
   */
  hostCall(
    inputs: readonly DeviceBuffer[],
    outputs: readonly BufferType[],
    f: (data: readonly HostArray[]) => readonly HostArray[],
  ): HostCallResult;
  /** Prepares a program for running. */
  load(program: Program): Executable;
  /** What a kernel moves as it is laid out here; null on devices whose caches see to that. */
  readonly traffic: ((kernel: Kernel) => KernelTraffic) | null;
  /** Measures which schedules suit the programs' kernels and uses them for what is loaded later; null where there is no choice. */
  readonly tune: ((request: TuneRequest) => Promise<TuneResult>) | null;
  memory(): MemoryReport;
  /** Waits for all work to end and gives everything back. */
  close(): Promise<void>;
}

/** What a device is to choose schedules for. */
export interface TuneRequest {
  readonly programs: readonly Program[];
  /** Also for what has been measured before. */
  readonly again: boolean;
  /** At most how many ways are tried for each kind of kernel. */
  readonly candidates: number;
  readonly onProgress: (progress: TuneProgress) => void;
}

/** How far the tuner is, told for each candidate. */
export interface TuneProgress {
  readonly done: number;
  readonly total: number;
  /** What is computed, with the operations that it came from. */
  readonly kernel: string;
  /** Of one run with the candidate that has just been measured; null where it is hopeless or the device refuses it. */
  readonly microseconds: number | null;
}

/** A matrix product or convolution whose schedule was chosen by measurement. */
export interface TunedProduct {
  /** The first kernel of its kind. */
  readonly kernel: string;
  readonly source: string;
  /** The kind: extents (batch × rows × columns × depth), how operands lie in memory, and what is fused into it. */
  readonly product: string;
  /** How many candidates there were. */
  readonly candidates: number;
  /** Of one run without tuning. */
  readonly microsecondsBefore: number;
  /** Of one run with what was chosen. */
  readonly microseconds: number;
  /** What was chosen, for people. */
  readonly choice: string;
}

/** What a device has chosen. */
export interface TuneResult {
  readonly products: readonly TunedProduct[];
  /** Where it is kept for later processes; null where it is not. */
  readonly saved: string | null;
}

/** Something that is being compiled, whether anybody waits for it or not. */
export interface Compilation {
  /** For people: the kernel's name, and the operations that it came from. */
  readonly kernel: string;
  /** Settles when it is compiled, with the error if the device refuses it. */
  readonly ready: Promise<unknown>;
}

/** What a kernel took in one run of a program, over all times that it ran in it. */
export interface KernelTiming {
  /** Null for what control flow adds: which branch is taken, whether a loop goes on. */
  readonly kernel: Kernel | null;
  readonly dispatches: number;
  /** Null where the device has no clock. */
  readonly microseconds: number | null;
}

/** A program on its device. */
export interface Executable {
  /** What has to be compiled before the first run, all of it at the same time; runs wait for it. Nothing where loading did that. */
  readonly compiling: readonly Compilation[];
  /**
   * Runs once. `inputs` as in `program.inputs`; the result as in `program.outputs`. Donated inputs are dead afterwards,
   * whether an output took over their storage or not.
   */
  run(inputs: readonly DeviceBuffer[]): readonly DeviceBuffer[];
  /**
   * Runs once without giving anything up, and takes the time of each kernel; null on devices that can't look into a run.
   * The results are freed. Rejects like a read.
   */
  readonly timed: ((inputs: readonly DeviceBuffer[]) => Promise<readonly KernelTiming[]>) | null;
  /** What was generated for the device, as text a person can read. */
  text(): string;
  /** Gives back what it holds on the device. */
  free(): void;
}

/** A device that can't be had here; the message says what is missing and how to get it. */
export class DeviceUnavailableError extends PullbackError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('device-unavailable', message, options);
  }
}

/** A device was asked for something that it can't do, such as f64 on WebGPU. */
export class UnsupportedOnDeviceError extends PullbackError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('unsupported-on-device', message, options);
  }
}

/** An array or a program's temporaries do not fit into the device's memory. */
export class OutOfMemoryError extends PullbackError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('out-of-memory', message, options);
  }
}

/** A function of the host that a program calls (`pureCallback`, `debug.callback`) threw, on a device that called it later. */
export class CallbackError extends PullbackError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('callback-failed', message, options);
  }
}

/** A device failed while it compiled or ran a program: it was lost, or refused what was generated. */
export class DeviceError extends PullbackError {
  constructor(message: string, options?: { readonly cause?: unknown }, code = 'device-failed') {
    super(code, message, options);
  }
}

/**
 * A device is gone for good: its driver was reset, its adapter unplugged, or somebody closed it. `init` starts a new one;
 * arrays whose elements are on the host move there by themselves, all others are gone with the device.
 */
export class DeviceLostError extends DeviceError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options, 'device-lost');
  }
}
