import { DeviceLostError } from '../../kernel/device.ts';
import { macrotask } from '../../util/macrotask.ts';

/** Something to do on the device, in the order of the calls. */
export interface Job {
  /** False while something it needs is not there yet, such as a pipeline. */
  readonly ready: () => boolean;
  /** Does it, or begins to: then it returns a promise, which must settle, and the next job starts after that. */
  readonly start: () => Promise<void> | null;
  /** Called instead of `start` when the device is lost first. */
  readonly fail: (error: DeviceLostError) => void;
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
  /** What ends the waits that are going on when the device is lost. */
  readonly #pending = new Set<(error: DeviceLostError) => void>();
  #head = 0;
  #inFlight = 0;
  /** Has a job begun that is not done? */
  #busy = false;
  /** Why the device can't be used any more. */
  lost: DeviceLostError | null = null;
  /** Is the device being closed by us? */
  closing = false;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    void gpu.lost.then(({ reason, message }) => {
      const closed = this.closing ? 'it was closed' : 'it was destroyed';
      const why = reason === 'destroyed' ? closed : `it was lost${message === '' ? '' : `: ${message}`}`;
      this.#lose(new DeviceLostError(`[webgpu] the device can't be used any more: ${why}; ${renewal}`));
    });
  }

  /** Ends all that waits, each with an error. */
  #lose(error: DeviceLostError): void {
    if (this.lost !== null) return;
    this.lost = error;
    for (const end of [...this.#pending]) end(error);
    this.#wantRoom.splice(0).forEach((resolve) => resolve());
    this.pump();
  }

  /**
   * What `work`, something that the device does, resolves to. Rejects with {@link lost} when the device is lost,
   * whatever becomes of `work` then: implementations leave such promises open, or reject them before they tell of the loss.
   */
  whileUsable<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => void this.#pending.delete(reject);
      this.#pending.add(reject);
      work.then(
        (value) => {
          end();
          resolve(value);
        },
        async (cause: unknown) => {
          if (this.lost === null) await macrotask();
          end();
          reject(this.lost ?? (cause instanceof Error ? cause : new Error(String(cause))));
        },
      );
      if (this.lost !== null) reject(this.lost);
    });
  }

  /** Is nothing before a job that is added now? */
  get idle(): boolean {
    return !this.#busy && this.#head === this.#waiting.length && this.hasRoom;
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

  /** Resolves when a job may submit more, and when the device is lost. */
  room(): Promise<void> {
    if (this.hasRoom || this.lost !== null) return Promise.resolve();
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

const renewal =
  "await init({ device: 'webgpu' }) starts a new one. Arrays that have their elements on the host move there by " +
  'themselves; the others are gone, so read (x.data()) or save from time to time what must survive';
