import type { KernelTiming } from '../../kernel/device.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { JobQueue } from './queue.ts';

/** The most queries of one set that WebGPU allows. */
const mostQueries = 4096;
const bytesOfQuery = 8;

const usage = { resolve: 0x200 | 0x4, staging: 0x1 | 0x8 }; // QUERY_RESOLVE | COPY_SRC, MAP_READ | COPY_DST

/** Counts the dispatches of a run, and takes their times where the device has timestamps: then each is a pass of its own. */
export class Timer {
  readonly #gpu: GPUDevice;
  readonly #queue: JobQueue;
  readonly #dispatches = new Map<Kernel | null, number>();
  readonly #microseconds = new Map<Kernel | null, number>();
  readonly #reads: Promise<void>[] = [];
  #set: GPUQuerySet | null = null;
  /** What the queries of the submit that is being recorded are of, two for each. */
  #open: (Kernel | null)[] = [];
  readonly #hasTimestamps: boolean;

  constructor(gpu: GPUDevice, queue: JobQueue) {
    this.#gpu = gpu;
    this.#queue = queue;
    this.#hasTimestamps = gpu.features.has('timestamp-query');
  }

  /** Notes a dispatch, and says how its pass takes the time. */
  next(kernel: Kernel | null): GPUComputePassDescriptor {
    this.#dispatches.set(kernel, (this.#dispatches.get(kernel) ?? 0) + 1);
    if (!this.#hasTimestamps) return {};
    const first = 2 * this.#open.length;
    this.#open.push(kernel);
    this.#set ??= this.#gpu.createQuerySet({ type: 'timestamp', count: mostQueries });
    return {
      timestampWrites: { querySet: this.#set, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 },
    };
  }

  /** Must what is recorded be submitted before there is another dispatch? */
  get full(): boolean {
    return 2 * this.#open.length >= mostQueries;
  }

  /** Ends the recording of a submit: its times are copied where the host can read them. What it returns is called after it. */
  end(encoder: GPUCommandEncoder): () => void {
    const kernels = this.#open;
    if (this.#set === null || kernels.length === 0) return () => undefined;
    this.#open = [];
    const bytes = 2 * kernels.length * bytesOfQuery;
    const resolved = this.#gpu.createBuffer({ size: bytes, usage: usage.resolve });
    const staging = this.#gpu.createBuffer({ size: bytes, usage: usage.staging });
    encoder.resolveQuerySet(this.#set, 0, 2 * kernels.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    return () => {
      const read = this.#read(staging, kernels).finally(() => {
        resolved.destroy();
        staging.destroy();
      });
      read.catch(() => undefined); // told by `timings`
      this.#reads.push(read);
    };
  }

  async #read(staging: GPUBuffer, kernels: readonly (Kernel | null)[]): Promise<void> {
    await this.#queue.whileUsable(staging.mapAsync(0x1));
    const times = new BigUint64Array(staging.getMappedRange());
    kernels.forEach((kernel, i) => {
      // Adapters whose clock is reset meanwhile go backwards.
      const nanoseconds = Math.max(0, Number((times[2 * i + 1] ?? 0n) - (times[2 * i] ?? 0n)));
      this.#microseconds.set(kernel, (this.#microseconds.get(kernel) ?? 0) + nanoseconds / 1000);
    });
    staging.unmap();
  }

  /** What was measured, when all of it is there: each kernel once, in the order in which they first ran. */
  async timings(): Promise<readonly KernelTiming[]> {
    await Promise.all(this.#reads);
    this.#set?.destroy();
    return [...this.#dispatches].map(([kernel, dispatches]) => {
      const microseconds = this.#hasTimestamps ? (this.#microseconds.get(kernel) ?? 0) : null;
      return { kernel, dispatches, microseconds };
    });
  }
}
