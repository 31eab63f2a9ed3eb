import type { DeviceBuffer } from '../../kernel/device.ts';
import { DeviceError } from '../../kernel/device.ts';
import type { DType, HostArray } from '../../kernel/dtype.ts';
import { hostArray } from '../../kernel/dtype.ts';
import { InternalError } from '../../util/error.ts';
import { fromGpu, GpuArray, gpuBytes, toGpu } from './memory.ts';
import type { Runtime } from './runtime.ts';
import { outOfMemory } from './runtime.ts';

/** Arrays between the host and the device. */

/** A new array of host data. It gets its storage in its turn, so that running ahead takes no memory of the device. */
export function write(runtime: Runtime, dtype: DType, data: HostArray): GpuArray {
  runtime.ensureUsable();
  runtime.memory.check(gpuBytes(dtype, data.length), () => `an array of ${data.length} ${dtype}`);
  const words = toGpu(dtype, data);
  // What the caller may change before then is copied.
  const kept = runtime.queue.idle || words !== data ? words : words.slice();
  const array = new GpuArray(dtype, data.length);
  runtime.adopt(array);
  runtime.use([array]);
  runtime.queue.add({
    ready: () => true,
    start: () => {
      fill(runtime, array, kept, 'copying an array to the device');
      runtime.release([array]);
      return null;
    },
    fail: (error) => {
      array.failure = error;
      runtime.release([array]);
    },
  });
  return array;
}

/** Gives an array its storage and its elements, as the device has them, as a job of its own. */
export function fill(runtime: Runtime, array: GpuArray, words: ReturnType<typeof toGpu>, doing: string): void {
  array.job = runtime.nextJob(doing);
  array.storage = runtime.memory.storage(gpuBytes(array.dtype, array.length));
  if (words.length > 0) runtime.gpu.queue.writeBuffer(array.storage.buffer, 0, words);
}

/** The elements of an array, as they are after the calls made so far. */
export function read(runtime: Runtime, buffer: DeviceBuffer): Promise<HostArray> {
  return new Promise((resolve, reject) => {
    const array = runtime.arrayOf(buffer);
    runtime.use([array]);
    runtime.queue.add({
      ready: () => true,
      start: () => {
        copyOut(runtime, array).then(resolve, reject);
        runtime.release([array]);
        return null;
      },
      fail: (error) => {
        runtime.release([array]);
        reject(error);
      },
    });
  });
}

/** Copies an array to the host, after what is submitted already. */
export async function copyOut(runtime: Runtime, array: GpuArray): Promise<HostArray> {
  const { gpu, memory, counters, queue } = runtime;
  const storage = array.storage;
  const before = runtime.failureOf(array);
  if (before !== null) throw before;
  if (storage === null) throw new InternalError('a buffer was read that nothing has written');
  const bytes = gpuBytes(array.dtype, array.length);
  const staging = memory.staging(bytes);
  try {
    // A buffer that there was no room for makes this invalid, which is told below.
    gpu.pushErrorScope('validation');
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(storage.buffer, 0, staging.buffer, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    gpu.popErrorScope().catch(() => null);
    counters.reads += 1;
    await queue.whileUsable(staging.buffer.mapAsync(0x1, 0, bytes));
  } catch (cause) {
    memory.destroy(staging);
    const failure = runtime.failureOf(array) ?? queue.lost;
    if (failure !== null) throw failure;
    if (staging.failed) throw outOfMemory('reading an array', bytes, memory.report().reservedBytes);
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

/** Gives an array up. Programs that read or write it may still wait to be submitted: its storage goes back after them. */
export function free(runtime: Runtime, buffer: DeviceBuffer): void {
  if (!(buffer instanceof GpuArray)) throw new InternalError('a buffer of another device reached the webgpu device');
  if (!buffer.freed) runtime.retire(buffer);
}
