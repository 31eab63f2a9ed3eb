import type { DType, HostArray } from '../../kernel/dtype.ts';
import { hostArray } from '../../kernel/dtype.ts';
import type { Device, DeviceBuffer } from '../../kernel/device.ts';
import { DeviceError, DeviceUnavailableError } from '../../kernel/device.ts';
import { InternalError } from '../../util/error.ts';
import type { WgslTarget } from './emit.ts';
import { LoadedProgram } from './loaded.ts';
import { hostCall } from './host-call.ts';
import { fromGpu, GpuArray, gpuBytes, toGpu } from './memory.ts';
import { platformAdapter, platformGpu } from './platform.ts';
import type { Counters } from './runtime.ts';
import { Runtime } from './runtime.ts';
import type { Schedule } from './schedule.ts';
import { scheduleFor } from './schedule.ts';

/** How a device is made; everything has a default. */
export interface WebGpuOptions {
  /** The entry to WebGPU instead of the platform's own. */
  readonly gpu?: GPU;
  /** The layout of kernels instead of the one chosen for the adapter. */
  readonly schedule?: Schedule;
}

/** A snapshot of {@link Counters} with what the caches hold. */
export interface CounterReport extends Readonly<Counters> {
  readonly pipelines: number;
  /** GPU buffers that exist: arrays, scratch space, and those kept for later. */
  readonly buffers: number;
}

/** The WebGPU device, with what tests and people can see of it. */
export interface WebGpuDevice extends Device {
  counters(): CounterReport;
  readonly wgslTarget: WgslTarget;
}

/**
 * The WebGPU device: in browsers and Deno the platform's own, in Node through the optional package `webgpu`. Throws
 * {@link DeviceUnavailableError} that says what is missing.
 */
export async function createWebGpuDevice(options: WebGpuOptions = {}): Promise<WebGpuDevice> {
  const adapter = await platformAdapter(options.gpu ?? (await platformGpu()));
  const gpu = await openAdapter(adapter);
  const { info } = adapter;
  const runtime = new Runtime(gpu, options.schedule ?? scheduleFor(info));
  const named = [info.description, `${info.vendor} ${info.architecture}`.trim(), 'unknown adapter'];
  const name = named.find((s) => s !== '');
  return {
    name: 'webgpu',
    description: `webgpu (${name}, ${runtime.wgslTarget.schedule.name} schedule)`,
    threads: 1,
    target: {
      device: 'webgpu',
      dtypes: new Set<DType>(['bool', 'i32', 'u32', 'f32']),
      maxOperands: gpu.limits.maxStorageBuffersPerShaderStage,
    },
    wgslTarget: runtime.wgslTarget,
    write: (dtype, data) => write(runtime, dtype, data),
    read: (buffer) => read(runtime, buffer),
    runsAhead: true,
    readSync: null,
    free: (buffer) => free(runtime, buffer),
    finalizer: (buffer) => () => free(runtime, buffer),
    hostCall: (inputs, outputs, f) => hostCall(runtime, inputs, outputs, f, (array) => copyOut(runtime, array)),
    load: (program) => {
      runtime.ensureUsable();
      return new LoadedProgram(runtime, program);
    },
    memory: () => runtime.memory.report(),
    counters: () => ({ ...runtime.counters, pipelines: runtime.pipelines.created, buffers: runtime.memory.buffers }),
    close: () => close(runtime),
  };
}

async function openAdapter(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage };
  try {
    return await adapter.requestDevice({ requiredLimits });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceUnavailableError(`[webgpu] the adapter refused to open a device: ${text}`, { cause });
  }
}

function write(runtime: Runtime, dtype: DType, data: HostArray): GpuArray {
  runtime.ensureUsable();
  const words = toGpu(dtype, data);
  const array = new GpuArray(dtype, data.length);
  // At once, though earlier jobs may still wait: they hold no claim on storage that is free now.
  array.job = runtime.nextJob();
  array.storage = runtime.memory.storage(gpuBytes(data.length));
  if (words.length > 0) runtime.gpu.queue.writeBuffer(array.storage.buffer, 0, words);
  runtime.adopt(array);
  return array;
}

function read(runtime: Runtime, buffer: DeviceBuffer): Promise<HostArray> {
  return new Promise((resolve, reject) => {
    const array = runtime.arrayOf(buffer);
    runtime.queue.add({
      ready: () => true,
      start: () => {
        void copyOut(runtime, array).then(resolve, reject);
        return null;
      },
      fail: reject,
    });
  });
}

async function copyOut(runtime: Runtime, array: GpuArray): Promise<HostArray> {
  const { gpu, memory, counters } = runtime;
  const storage = array.storage;
  const before = runtime.failureOf(array);
  if (before !== null) throw before;
  if (storage === null) throw new InternalError('a buffer was read that nothing has written');
  const bytes = gpuBytes(array.length);
  const staging = memory.staging(bytes);
  try {
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(storage.buffer, 0, staging.buffer, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    counters.reads += 1;
    await staging.buffer.mapAsync(0x1, 0, bytes);
  } catch (cause) {
    memory.destroy(staging);
    // Errors of the job that wrote the array come first; give their reports a turn.
    await Promise.resolve();
    const failure = runtime.failureOf(array) ?? runtime.queue.lost;
    if (failure !== null) throw failure;
    throw new DeviceError(`[webgpu] reading failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  const host =
    array.length === 0
      ? hostArray[array.dtype](0)
      : fromGpu(array.dtype, staging.buffer.getMappedRange(0, bytes), array.length);
  staging.buffer.unmap();
  memory.release('staging', staging);
  const failure = runtime.failureOf(array);
  if (failure !== null) throw failure;
  return host;
}

function free(runtime: Runtime, buffer: DeviceBuffer): void {
  if (!(buffer instanceof GpuArray)) throw new InternalError('a buffer of another device reached the webgpu device');
  if (buffer.freed) return;
  runtime.retire(buffer);
  // In its turn: programs that read or write it may still wait to be submitted.
  const release = (): null => {
    if (buffer.storage !== null) runtime.memory.release('storage', buffer.storage);
    return (buffer.storage = null);
  };
  runtime.queue.add({ ready: () => true, start: release, fail: () => undefined });
}

async function close(runtime: Runtime): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): null => {
      resolve();
      return null;
    };
    runtime.queue.add({ ready: () => true, start: end, fail: end });
  });
  if (runtime.queue.lost === null) await runtime.gpu.queue.onSubmittedWorkDone();
  runtime.gpu.destroy();
  await runtime.gpu.lost;
}
