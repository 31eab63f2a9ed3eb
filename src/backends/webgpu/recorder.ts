import type { Runtime } from './runtime.ts';

/** A submit is handed over when it has this many dispatches, so that the device has work while the host records on… */
const dispatchesInSubmit = 1024;
/** …or takes about this long, as a page stutters, and a driver gives up, when one submit takes seconds. */
const microsecondsInSubmit = 100_000;

/** A dispatch with all that it needs. */
export interface Recordable {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** The flag that guards it. */
  readonly flag: GPUBindGroup | null;
  readonly workgroups: readonly [x: number, y: number];
  readonly microseconds: number;
}

/** Bytes to copy after the dispatches of a submit. */
export interface Copy {
  readonly from: GPUBuffer;
  readonly offset: number;
  readonly to: GPUBuffer;
  readonly bytes: number;
}

/** Records the dispatches of one job: all in one pass, or in several submits where they are many. */
export class Recorder {
  readonly #runtime: Runtime;
  readonly #job: number;
  readonly #what: string;
  readonly #watch: boolean;
  #open: { readonly encoder: GPUCommandEncoder; readonly pass: GPUComputePassEncoder } | null = null;
  #pipeline: GPUComputePipeline | null = null;
  #flag: GPUBindGroup | null = null;
  #dispatches = 0;
  #microseconds = 0;

  /** `watch`: may what is recorded be invalid? Then errors are told as those of the job, `what` says which. */
  constructor(runtime: Runtime, job: number, what: string, watch: boolean) {
    this.#runtime = runtime;
    this.#job = job;
    this.#what = what;
    this.#watch = watch;
  }

  /** Is it time to submit? */
  get full(): boolean {
    return this.#dispatches >= dispatchesInSubmit || this.#microseconds >= microsecondsInSubmit;
  }

  dispatch(d: Recordable): void {
    const { pass } = (this.#open ??= this.#begin());
    if (d.pipeline !== this.#pipeline) pass.setPipeline((this.#pipeline = d.pipeline));
    pass.setBindGroup(0, d.group);
    if (d.flag !== null && d.flag !== this.#flag) pass.setBindGroup(1, (this.#flag = d.flag));
    pass.dispatchWorkgroups(d.workgroups[0], d.workgroups[1]);
    this.#dispatches += 1;
    this.#microseconds += d.microseconds;
  }

  /** Hands over what is recorded. Resolves when it is known whether it was valid. */
  submit(copy: Copy | null = null): Promise<void> {
    if (this.#open === null && copy === null) return Promise.resolve();
    const { encoder, pass } = this.#open ?? this.#begin();
    const { gpu, counters, queue } = this.#runtime;
    pass.end();
    if (copy !== null) encoder.copyBufferToBuffer(copy.from, copy.offset, copy.to, 0, copy.bytes);
    gpu.queue.submit([encoder.finish()]);
    counters.passes += 1;
    counters.submits += 1;
    counters.dispatches += this.#dispatches;
    queue.submitted();
    this.#open = null;
    this.#dispatches = 0;
    this.#microseconds = 0;
    return this.#watch ? this.#runtime.watchScope(this.#job, this.#what) : Promise.resolve();
  }

  #begin(): { readonly encoder: GPUCommandEncoder; readonly pass: GPUComputePassEncoder } {
    const { gpu } = this.#runtime;
    if (this.#watch) gpu.pushErrorScope('validation');
    const encoder = gpu.createCommandEncoder();
    this.#pipeline = null;
    this.#flag = null;
    return { encoder, pass: encoder.beginComputePass() };
  }
}
