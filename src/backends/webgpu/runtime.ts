import type { DeviceBuffer } from '../../kernel/device.ts';
import { DeviceError, OutOfMemoryError } from '../../kernel/device.ts';
import type { PullbackError } from '../../util/error.ts';
import { InternalError } from '../../util/error.ts';
import type { WgslTarget } from './emit.ts';
import { GpuArray, Memory } from './memory.ts';
import { Pipelines } from './pipelines.ts';
import { JobQueue } from './queue.ts';
import type { Schedule } from './schedule.ts';
import type { Winners } from './tuning/winners.ts';

/** What a device has done so far. */
export interface Counters {
  dispatches: number;
  passes: number;
  /** Submits of programs; reads are counted apart. */
  submits: number;
  bindGroups: number;
  /** Copies of arrays to the host. */
  reads: number;
  /** Times that a program waited for the host to decide how it goes on. */
  decisions: number;
}

/** Jobs `first … last` may have had a hand in an error, so what they wrote counts as failed. */
interface FailedJobs {
  readonly first: number;
  readonly last: number;
  readonly error: PullbackError;
}

/** What the parts of the device share. */
export class Runtime {
  readonly gpu: GPUDevice;
  readonly wgslTarget: WgslTarget;
  readonly queue: JobQueue;
  readonly memory: Memory;
  readonly pipelines: Pipelines;
  readonly counters: Counters = { dispatches: 0, passes: 0, submits: 0, bindGroups: 0, reads: 0, decisions: 0 };
  readonly #failed: FailedJobs[] = [];
  #job = 0;
  #doing = '';

  constructor(gpu: GPUDevice, schedule: Schedule, winners: Winners) {
    this.gpu = gpu;
    this.wgslTarget = {
      maxWorkgroupsPerDimension: gpu.limits.maxComputeWorkgroupsPerDimension,
      schedule,
      chosen: (kernel) => winners.scheduleFor(kernel),
    };
    this.queue = new JobQueue(gpu);
    this.pipelines = new Pipelines(gpu, this.queue);
    this.memory = new Memory(gpu, () => {
      const [job, doing] = [this.#job, this.#doing];
      return (bytes, taken) => this.#fail(job, outOfMemory(doing, bytes, taken));
    });
    gpu.onuncapturederror = (event) => {
      event.preventDefault();
      this.#fail(this.#job, new DeviceError(`[webgpu] ${event.error.message}`));
    };
  }

  /** The number of the job that starts now; `doing` says in messages what it does. */
  nextJob(doing: string): number {
    this.#doing = doing;
    return ++this.#job;
  }

  /** Makes something for a job, whose errors are told as the job's. */
  watched<T>(job: number, what: string, make: () => T): T {
    this.gpu.pushErrorScope('validation');
    try {
      return make();
    } finally {
      void this.watchScope(job, what);
    }
  }

  /**
   * Pops the error scope of a job; an error in it makes all that was written since then count as failed. Resolves when
   * that is known.
   */
  watchScope(job: number, what: string): Promise<void> {
    return this.queue.whileUsable(this.gpu.popErrorScope()).then(
      (error) => {
        if (error !== null) this.#fail(job, new DeviceError(`[webgpu] ${what} failed: ${error.message}`));
      },
      () => undefined, // the device was lost, which is told elsewhere
    );
  }

  #fail(first: number, error: PullbackError): void {
    const failed = { first, last: this.#job, error };
    if (this.#failed.length >= rememberedFailures) this.#failed.shift();
    // Commands that use a buffer that there was no room for fail as well, and may be heard of first.
    if (error instanceof OutOfMemoryError) this.#failed.unshift(failed);
    else this.#failed.push(failed);
  }

  /** What is known to have failed in a job, or null. */
  failureIn(job: number): PullbackError | null {
    return this.#failed.find(({ first, last }) => first <= job && job <= last)?.error ?? null;
  }

  /** Why an array has no contents, or null. */
  failureOf(array: GpuArray): PullbackError | null {
    return array.failure ?? this.failureIn(array.job);
  }

  ensureUsable(): void {
    if (this.queue.lost !== null) throw this.queue.lost;
  }

  arrayOf(buffer: DeviceBuffer): GpuArray {
    if (!(buffer instanceof GpuArray)) throw new InternalError('a buffer of another device reached the webgpu device');
    if (buffer.freed) throw new InternalError('a freed or donated buffer was used on the webgpu device');
    return buffer;
  }

  /** Counts a new array as live. */
  adopt(array: GpuArray): void {
    this.memory.liveBytes += array.bytes;
    this.memory.liveBuffers += 1;
  }

  /** Counts an array as gone; its storage goes back when the jobs that use it are over. */
  retire(array: GpuArray): void {
    array.freed = true;
    this.memory.liveBytes -= array.bytes;
    this.memory.liveBuffers -= 1;
    this.#giveBack(array);
  }

  /** Notes that a job will read or write the arrays; `release` ends that. */
  use(arrays: readonly GpuArray[]): void {
    arrays.forEach((a) => (a.users += 1));
  }

  /** Notes that a job has done, or handed over, what it does with the arrays. */
  release(arrays: readonly GpuArray[]): void {
    for (const a of arrays) {
      a.users -= 1;
      this.#giveBack(a);
    }
  }

  #giveBack(array: GpuArray): void {
    if (!array.freed || array.users > 0 || array.storage === null) return;
    this.memory.release('storage', array.storage);
    array.storage = null;
  }
}

/** What {@link Runtime.failureIn} remembers. */
const rememberedFailures = 64;

export const outOfMemory = (doing: string, bytes: number, taken: number): OutOfMemoryError =>
  new OutOfMemoryError(
    `[webgpu] ${doing}: the device has no room for a buffer of ${bytes} bytes beside the ${taken} bytes that it holds`,
  );
