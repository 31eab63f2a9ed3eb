import type { DType, HostArray } from '../../kernel/dtype.ts';
import { hostArray, storedBytes } from '../../kernel/dtype.ts';
import { roundUp } from '../../util/array.ts';
import { bytesInMemory, fromMemory } from '../../kernel/half.ts';
import type { DeviceBuffer, MemoryReport } from '../../kernel/device.ts';
import { OutOfMemoryError, UnsupportedOnDeviceError } from '../../kernel/device.ts';
import type { PullbackError } from '../../util/error.ts';

/**
 * Bytes that an array takes on the device: every element four, as bools and narrow integers are held as words; of half
 * precision two, and whole words together, as copies are of those.
 */
export const gpuBytes = (dtype: DType, length: number): number =>
  dtype === 'f16' ? roundUp(Math.max(length, 1) * 2, 4) : Math.max(length, 1) * 4;

/** A GPU buffer, which arrays use one after the other. */
export interface Storage {
  /** Unique, never reused: bind groups are found by it. */
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly size: number;
  /** Did the device have no room for it? That is known some time later only. */
  failed: boolean;
}

/** An array on the device. Its storage comes when the program that writes it is submitted. */
export class GpuArray implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  storage: Storage | null = null;
  /** Why there are no contents, if what should have written them failed. */
  failure: PullbackError | null = null;
  freed = false;
  /** How many jobs that read or write it are not over. */
  users = 0;
  /** The number of the job that wrote it. */
  job = 0;

  constructor(dtype: DType, length: number) {
    this.dtype = dtype;
    this.length = length;
  }

  get bytes(): number {
    return this.length * (this.dtype === 'f16' ? 2 : 4);
  }
}

/** What a buffer is for: arrays and scratch space, reading by the host, or the flags of `control.ts`. */
type Kind = 'storage' | 'staging' | 'flags';

const usage: { readonly [K in Kind]: number } = {
  storage: 0x4 | 0x8 | 0x80, // COPY_SRC | COPY_DST | STORAGE
  staging: 0x1 | 0x8, // MAP_READ | COPY_DST
  flags: 0x4 | 0x8 | 0x40 | 0x80, // COPY_SRC | COPY_DST | UNIFORM | STORAGE
};

/** Sizes are rounded up to four steps for each power of two, so that buffers fit other arrays later. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}

/** Freed storage beyond so many bytes, or so many buffers, and beyond what is in use, goes back to the system. */
const keptBytes = 64 * 2 ** 20;
const keptBuffers = 2048;

/** Called when a buffer is asked for; what it returns, when the device turns out to have no room beside what is taken. */
type Watch = () => (bytes: number, taken: number) => void;

/** Gives out GPU buffers and takes them back, for arrays, for scratch space and for reading. */
export class Memory {
  readonly #device: GPUDevice;
  readonly #watch: Watch;
  readonly #free = new Map<string, Storage[]>();
  #nextId = 0;
  #freeBytes = 0;
  #freeBuffers = 0;
  #reservedBytes = 0;
  #peakBytes = 0;
  liveBytes = 0;
  liveBuffers = 0;
  /** GPU buffers that exist, in use or not. */
  buffers = 0;

  constructor(device: GPUDevice, watch: Watch) {
    this.#device = device;
    this.#watch = watch;
  }

  /** Storage of at least `bytes` for arrays and scratch space. Throws {@link OutOfMemoryError} beyond the limits. */
  storage(bytes: number): Storage {
    return this.#take('storage', bytes);
  }

  /** A buffer that the host can map for reading. */
  staging(bytes: number): Storage {
    return this.#take('staging', bytes);
  }

  /** A buffer of flags. */
  flags(bytes: number): Storage {
    return this.#take('flags', bytes);
  }

  /** Takes back storage; what is submitted already may still use it, as work is done in order. */
  release(kind: Kind, storage: Storage): void {
    if (storage.failed) {
      this.destroy(storage);
      return;
    }
    const key = `${kind} ${storage.size}`;
    const list = this.#free.get(key);
    if (list === undefined) this.#free.set(key, [storage]);
    else list.push(storage);
    this.#freeBytes += storage.size;
    this.#freeBuffers += 1;
    this.#trim(Math.max(keptBytes, this.liveBytes), Math.max(keptBuffers, this.liveBuffers));
  }

  /** Destroys storage at once instead of keeping it for others. */
  destroy(storage: Storage): void {
    storage.buffer.destroy();
    this.#reservedBytes -= storage.size;
    this.buffers -= 1;
  }

  report(): MemoryReport {
    return {
      liveBytes: this.liveBytes,
      liveBuffers: this.liveBuffers,
      reservedBytes: this.#reservedBytes,
      peakBytes: this.#peakBytes,
    };
  }

  /** Throws {@link OutOfMemoryError} for a size that the device can't hold in one buffer; `what` needs it. */
  check(bytes: number, what: () => string): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (bytes <= limit) return;
    throw new OutOfMemoryError(
      `[webgpu] ${what()} takes ${bytes} bytes, more than this adapter allows for one buffer (${limit} bytes); ` +
        'the wasm device has no such limit',
    );
  }

  #take(kind: Kind, bytes: number): Storage {
    this.check(bytes, () => 'a buffer');
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const size = Math.min(sizeClass(bytes), maxBufferSize, Math.floor(maxStorageBufferBindingSize / 4) * 4);
    const list = this.#free.get(`${kind} ${size}`);
    const again = list?.pop();
    if (again !== undefined) {
      this.#freeBytes -= size;
      this.#freeBuffers -= 1;
      return again;
    }
    return this.#create(kind, size);
  }

  #create(kind: Kind, size: number): Storage {
    // What the host reads by is nobody's job: whoever reads looks at `failed`.
    const fail = kind === 'staging' ? null : this.#watch();
    const taken = this.#reservedBytes;
    this.#device.pushErrorScope('out-of-memory');
    const buffer = this.#device.createBuffer({ size, usage: usage[kind] });
    const storage: Storage = { id: this.#nextId++, buffer, size, failed: false };
    this.#device.popErrorScope().then(
      (error) => {
        if (error === null) return;
        storage.failed = true;
        fail?.(size, taken);
        // What is kept for later may be just what is missing; the buffer itself may be among it by now.
        this.#trim(0, 0);
      },
      () => undefined, // the device was lost, which is told elsewhere
    );
    this.#reservedBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#reservedBytes);
    this.buffers += 1;
    return storage;
  }

  /** Gives storage that is not in use back to the system until there are so many bytes and buffers of it: large ones first. */
  #trim(bytes: number, buffers: number): void {
    if (this.#freeBytes <= bytes && this.#freeBuffers <= buffers) return;
    const lists = [...this.#free].sort(([, a], [, b]) => (b[0]?.size ?? 0) - (a[0]?.size ?? 0));
    for (const [key, list] of lists) {
      while (this.#freeBytes > bytes || this.#freeBuffers > buffers) {
        const storage = list.shift();
        if (storage === undefined) break;
        this.#freeBytes -= storage.size;
        this.#freeBuffers -= 1;
        this.destroy(storage);
      }
      if (list.length === 0) this.#free.delete(key);
    }
  }
}

/** Words of a buffer. */
export type Words = Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Host data as the device stores it: bools and narrow integers widened to words, half precision as its bits. */
export function toGpu(dtype: DType, data: HostArray): Words {
  if (data instanceof Float64Array || dtype === 'f64') {
    throw new UnsupportedOnDeviceError('[webgpu] f64 arrays do not exist on WebGPU: use f32, or the wasm device');
  }
  if (dtype === 'f16') {
    const words = new Uint32Array(Math.ceil(data.length / 2));
    new Uint8Array(words.buffer).set(bytesInMemory(dtype, data));
    return words;
  }
  if (data instanceof Int32Array || data instanceof Uint32Array || data instanceof Float32Array) return data;
  return data instanceof Int8Array || data instanceof Int16Array ? Int32Array.from(data) : Uint32Array.from(data);
}

/** Device bytes as the host sees them: a copy. */
export function fromGpu(dtype: DType, bytes: ArrayBuffer, length: number): HostArray {
  if (dtype === 'f16' || storedBytes(dtype) === 4) return fromMemory(dtype, new Uint8Array(bytes), length);
  const out = hostArray[dtype](length);
  out.set(new Int32Array(bytes, 0, length));
  return out;
}
