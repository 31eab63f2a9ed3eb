import type { Kernel } from '../../kernel/kernel.ts';
import type { Runtime } from './runtime.ts';
import type { Timer } from './timer.ts';

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
  /** Whose it is; null for what control flow adds. */
  readonly kernel: Kernel | null;
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
  readonly #timer: Timer | null;
  #open: Recording | null = null;
  #pipeline: GPUComputePipeline | null = null;
  #flag: GPUBindGroup | null = null;
  #dispatches = 0;
  #microseconds = 0;

  /** `watch`: may what is recorded be invalid? Then errors are told as those of the job, `what` says which. */
  constructor(runtime: Runtime, job: number, what: string, watch: boolean, timer: Timer | null) {
    this.#runtime = runtime;
    this.#job = job;
    this.#what = what;
    this.#watch = watch;
    this.#timer = timer;
  }

  /** Is it time to submit? */
  get full(): boolean {
    const timesFull = this.#timer?.full ?? false;
    return timesFull || this.#dispatches >= dispatchesInSubmit || this.#microseconds >= microsecondsInSubmit;
  }

  dispatch(d: Recordable): void {
    const open = (this.#open ??= this.#begin());
    const pass = (open.pass ??= this.#pass(open.encoder, d.kernel));
    if (d.pipeline !== this.#pipeline) pass.setPipeline((this.#pipeline = d.pipeline));
    pass.setBindGroup(0, d.group);
    if (d.flag !== null && d.flag !== this.#flag) pass.setBindGroup(1, (this.#flag = d.flag));
    pass.dispatchWorkgroups(d.workgroups[0], d.workgroups[1]);
    this.#dispatches += 1;
    this.#microseconds += d.microseconds;
    if (this.#timer !== null) endPass(open);
  }

  /** Hands over what is recorded. Resolves when it is known whether it was valid. */
  submit(copy: Copy | null = null): Promise<void> {
    if (this.#open === null && copy === null) return Promise.resolve();
    const open = this.#open ?? this.#begin();
    const { encoder } = open;
    const { gpu, counters, queue } = this.#runtime;
    endPass(open);
    const timed = this.#timer?.end(encoder);
    if (copy !== null) encoder.copyBufferToBuffer(copy.from, copy.offset, copy.to, 0, copy.bytes);
    gpu.queue.submit([encoder.finish()]);
    timed?.();
    counters.submits += 1;
    counters.dispatches += this.#dispatches;
    queue.submitted();
    this.#open = null;
    this.#dispatches = 0;
    this.#microseconds = 0;
    return this.#watch ? this.#runtime.watchScope(this.#job, this.#what) : Promise.resolve();
  }

  #begin(): Recording {
    const { gpu } = this.#runtime;
    if (this.#watch) gpu.pushErrorScope('validation');
    return { encoder: gpu.createCommandEncoder(), pass: null };
  }

  #pass(encoder: GPUCommandEncoder, kernel: Kernel | null): GPUComputePassEncoder {
    this.#pipeline = null;
    this.#flag = null;
    this.#runtime.counters.passes += 1;
    return encoder.beginComputePass(this.#timer?.next(kernel));
  }
}

/** What is being recorded; null between two passes. */
interface Recording {
  readonly encoder: GPUCommandEncoder;
  pass: GPUComputePassEncoder | null;
}

function endPass(open: Recording): void {
  open.pass?.end();
  open.pass = null;
}
