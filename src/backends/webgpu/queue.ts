import { DeviceError } from '../../kernel/device.ts';
import type { PullbackError } from '../../util/error.ts';

/** Something to do on the device, in the order of the calls. */
export interface Job {
  /** False while something it needs is not there yet, such as a pipeline. */
  readonly ready: () => boolean;
  /** Does it, or begins to: then it returns a promise, which must settle, and the next job starts after that. */
  readonly start: () => Promise<void> | null;
  /** Called instead of `start` when the device is lost first. */
  readonly fail: (error: PullbackError) => void;
}

/** How many submits may be unfinished before further ones wait, so that running ahead takes no memory. */
const maxInFlight = 16;

/**
 * Work in the order of the calls. A call starts its job at once when nothing is before it; otherwise the job waits
 * here, without any device memory of its own, and the call returns all the same.
 */
export class JobQueue {
  readonly #gpu: GPUDevice;
  readonly #waiting: Job[] = [];
  readonly #wantRoom: (() => void)[] = [];
  #head = 0;
  #inFlight = 0;
  /** Has a job begun that is not done? */
  #busy = false;
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
    while (!this.#busy) {
      const job = this.#waiting[this.#head];
      if (job === undefined) break;
      if (this.lost === null && (!this.hasRoom || !job.ready())) break;
      this.#head += 1;
      if (this.lost === null) this.#begin(job);
      else job.fail(this.lost);
    }
    if (this.#head === this.#waiting.length || this.#head > 1024) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
  }

  #begin(job: Job): void {
    const rest = job.start();
    if (rest === null) return;
    this.#busy = true;
    const end = (): void => {
      this.#busy = false;
      this.pump();
    };
    rest.then(end, end);
  }

  /** May a job submit more? */
  get hasRoom(): boolean {
    return this.#inFlight < maxInFlight;
  }

  /** Resolves when a job may submit more. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.#wantRoom.push(resolve));
  }

  /** Counts a submit as unfinished until the device is done with it. */
  submitted(): void {
    this.#inFlight += 1;
    const done = (): void => {
      this.#inFlight -= 1;
      if (this.hasRoom) this.#wantRoom.splice(0).forEach((resolve) => resolve());
      this.pump();
    };
    this.#gpu.queue.onSubmittedWorkDone().then(done, done);
  }
}
