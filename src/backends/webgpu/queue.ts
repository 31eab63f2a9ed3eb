import { DeviceError } from '../../kernel/device.ts';
import type { PullbackError } from '../../util/error.ts';

/** Something to do on the device, in the order of the calls. */
export interface Job {
  /** False while something it needs is not there yet, such as a pipeline. */
  readonly ready: () => boolean;
  readonly start: () => void;
  /** Called instead of `start` when the device is lost first. */
  readonly fail: (error: PullbackError) => void;
}

/** How many submitted programs may be unfinished before further ones wait, so that running ahead takes no memory. */
const maxInFlight = 16;

/**
 * Work in the order of the calls. A call starts its job at once when nothing is before it; otherwise the job waits
 * here, without any device memory of its own, and the call returns all the same.
 */
export class JobQueue {
  readonly #gpu: GPUDevice;
  readonly #waiting: Job[] = [];
  #head = 0;
  #inFlight = 0;
  /** Why the device can't be used any more. */
  lost: DeviceError | null = null;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    void gpu.lost.then(({ reason, message }) => {
      const why = reason === 'destroyed' ? 'it was closed' : `it was lost: ${message}`;
      this.lost ??= new DeviceError(`[webgpu] the device can't be used any more: ${why}; initialize it again`);
      this.pump();
    });
  }

  /** Starts the job now or when its turn comes. */
  add(job: Job): void {
    this.#waiting.push(job);
    this.pump();
  }

  /** Starts all jobs whose turn it is. */
  pump(): void {
    for (;;) {
      const job = this.#waiting[this.#head];
      if (job === undefined) break;
      if (this.lost === null && (this.#inFlight >= maxInFlight || !job.ready())) break;
      this.#head += 1;
      if (this.lost === null) job.start();
      else job.fail(this.lost);
    }
    if (this.#head === this.#waiting.length || this.#head > 1024) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Counts a submitted program as unfinished until the device is done with it. */
  submitted(): void {
    this.#inFlight += 1;
    const done = (): void => {
      this.#inFlight -= 1;
      this.pump();
    };
    this.#gpu.queue.onSubmittedWorkDone().then(done, done);
  }
}
