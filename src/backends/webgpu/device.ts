import { dtypes } from '../../kernel/dtype.ts';
import type { Device } from '../../kernel/device.ts';
import { DeviceUnavailableError } from '../../kernel/device.ts';
import { macrotask } from '../../util/macrotask.ts';
import { free, read, write } from './arrays.ts';
import type { WgslTarget } from './emit.ts';
import { LoadedProgram } from './loaded.ts';
import { hostCall } from './host-call.ts';
import { kept, platformAdapter, platformGpu } from './platform.ts';
import type { Counters } from './runtime.ts';
import { Runtime } from './runtime.ts';
import type { Schedule } from './schedule.ts';
import type { TuningStore } from './tuning/store.ts';
import { tuneProducts } from './tuning/tune.ts';
import { Winners } from './tuning/winners.ts';
import { scheduleFor, targetFor } from './schedule.ts';
import { trafficOf } from './traffic.ts';

/** How a device is made; everything has a default. */
export interface WebGpuOptions {
  /** The entry to WebGPU instead of the platform's own. */
  readonly gpu?: GPU;
  /** The layout of kernels instead of the one chosen for the adapter. */
  readonly schedule?: Schedule;
  /** Where the choices of the tuner are kept; without it they are forgotten with the device. */
  readonly tuning?: TuningStore | null;
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
  const schedule = options.schedule ?? scheduleFor(info);
  const named = [info.description, `${info.vendor} ${info.architecture}`.trim(), 'unknown adapter'];
  const name = named.find((s) => s !== '');
  const adapterKey = [info.vendor, info.architecture, info.device, info.description, schedule.name].join(' / ');
  const winners = new Winners(adapterKey, gpu.limits, schedule.contract, options.tuning ?? null);
  await winners.load();
  const runtime = new Runtime(gpu, schedule, winners);
  return {
    name: 'webgpu',
    description: `webgpu (${name}, ${runtime.wgslTarget.schedule.name} schedule)`,
    threads: 1,
    target: targetFor(schedule, {
      dtypes: new Set(gpuDTypes.filter((d) => d !== 'f16' || gpu.features.has('shader-f16'))),
      maxOperands: gpu.limits.maxStorageBuffersPerShaderStage,
    }),
    overheadBytes: arrayOverhead,
    get lost() {
      return runtime.queue.lost;
    },
    wgslTarget: runtime.wgslTarget,
    write: (dtype, data) => write(runtime, dtype, data),
    read: (buffer) => read(runtime, buffer),
    runsAhead: true,
    readSync: null,
    free: (buffer) => free(runtime, buffer),
    finalizer: (buffer) => () => free(runtime, buffer),
    hostCall: (inputs, outputs, f) => hostCall(runtime, inputs, outputs, f),
    load: (program) => {
      runtime.ensureUsable();
      return new LoadedProgram(runtime, program);
    },
    traffic: (kernel) => trafficOf(kernel, runtime.wgslTarget),
    tune: async (request) => {
      runtime.ensureUsable();
      const products = await tuneProducts(runtime, winners, request);
      return { products, saved: await winners.save() };
    },
    memory: () => runtime.memory.report(),
    counters: () => ({ ...runtime.counters, pipelines: runtime.pipelines.created, buffers: runtime.memory.buffers }),
    close: () => close(runtime),
  };
}

/** A GPU buffer is some kilobytes of the driver's and the browser's memory, and a process can have so many thousand only. */
const arrayOverhead = 32 * 2 ** 10;

/** What is used where the adapter has it. */
const wantedFeatures: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16'];

const gpuDTypes = dtypes.filter((d) => d !== 'f64');

async function openAdapter(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage };
  const requiredFeatures = wantedFeatures.filter((f) => adapter.features.has(f));
  let gpu: GPUDevice;
  try {
    gpu = await kept(adapter.requestDevice({ requiredLimits, requiredFeatures }), 'opening the GPU adapter');
  } catch (cause) {
    if (cause instanceof DeviceUnavailableError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceUnavailableError(`[webgpu] the adapter refused to open a device: ${text}`, { cause });
  }
  // An adapter that is gone gives a device that is lost from the beginning.
  const lost = await Promise.race([gpu.lost, macrotask()]);
  if (lost === undefined) return gpu;
  throw new DeviceUnavailableError(`[webgpu] the adapter is gone (${lost.message}): try again`);
}

async function close({ queue, gpu }: Runtime): Promise<void> {
  queue.closing = true;
  await new Promise<void>((resolve) => {
    const end = (): null => {
      resolve();
      return null;
    };
    queue.add({ ready: () => true, start: end, fail: end });
  });
  const lost = queue.lost !== null;
  if (!lost) await queue.whileUsable(gpu.queue.onSubmittedWorkDone()).catch(() => undefined);
  gpu.destroy();
  if (!lost) await gpu.lost;
}
