import type { Compilation, DeviceBuffer, Executable, KernelTiming } from '../../kernel/device.ts';
import { DeviceError, UnsupportedOnDeviceError } from '../../kernel/device.ts';
import type { BufferSpec, Program } from '../../kernel/program.ts';
import { runSteps } from '../../kernel/program.ts';
import { present } from '../../util/assert.ts';
import { at, range } from '../../util/array.ts';
import { InternalError, PullbackError } from '../../util/error.ts';
import { free } from './arrays.ts';
import { flagBytes } from './control.ts';
import type { Binding, Dispatch, Flow, While } from './flow.ts';
import { flowOf } from './flow.ts';
import type { Storage } from './memory.ts';
import { GpuArray, gpuBytes, toGpu } from './memory.ts';
import { drive, perform } from './perform.ts';
import type { Compiled } from './pipelines.ts';
import type { Recordable } from './recorder.ts';
import { Recorder } from './recorder.ts';
import type { Runtime } from './runtime.ts';
import type { Shader } from './shader.ts';
import { Timer } from './timer.ts';

/** Bind groups that one dispatch remembers: arrays come from a pool, so the same buffers come back soon. */
const rememberedBindGroups = 32;

/** One dispatch with its shader and the bind groups made for it so far. */
interface BoundDispatch {
  readonly dispatch: Dispatch;
  readonly compiled: Compiled;
  readonly groups: Map<string, GPUBindGroup>;
}

/** What a program holds on the device from its first run on. */
interface Own {
  /** Of temporaries, by slot. */
  readonly slots: readonly Storage[];
  /** By buffer. */
  readonly constants: ReadonlyMap<number, Storage>;
  readonly flags: Storage | null;
  /** What binds each flag to a guarded shader. */
  readonly flagGroups: readonly GPUBindGroup[];
}

/**
 * A program on the device: its shaders, its bind groups, and storage for what lives only inside it. Whoever loaded it frees
 * it; nothing that the device still does refers to it.
 */
export class LoadedProgram implements Executable {
  readonly #runtime: Runtime;
  readonly #program: Program;
  readonly #flow: Flow;
  readonly #compiled: readonly Compiled[];
  readonly #dispatches: readonly BoundDispatch[];
  readonly #lastTrips = new Map<While, number>();
  #pipelines: ReadonlyMap<Compiled, GPUComputePipeline> | null = null;
  #failure: PullbackError | null = null;
  #own: Own | null = null;
  #freed = false;

  constructor(runtime: Runtime, program: Program) {
    if (program.buffers.some((b) => b.dtype === 'f64')) {
      throw new UnsupportedOnDeviceError(
        `[webgpu] ${program.name} uses f64, which WebGPU does not have: use f32, or the wasm device`,
      );
    }
    program.buffers.forEach((spec, b) =>
      runtime.memory.check(gpuBytes(spec.dtype, spec.length), () => describe(program, b)),
    );
    this.#runtime = runtime;
    this.#program = program;
    this.#flow = flowOf(program, runtime.wgslTarget);
    const compiled = new Map<Shader, Compiled>();
    for (const shader of this.#flow.shaders) {
      if (shader.dispatch !== null) compiled.set(shader, runtime.pipelines.acquire(shader));
    }
    this.#compiled = [...compiled.values()];
    this.#dispatches = this.#flow.dispatches.map((dispatch) => ({
      dispatch,
      compiled: present(compiled.get(dispatch.shader), 'a compiled shader'),
      groups: new Map(),
    }));
    void this.#compile();
  }

  get compiling(): readonly Compilation[] {
    return this.#compiled.map(({ shader, pipeline }) => ({ kernel: shader.label, ready: pipeline }));
  }

  async #compile(): Promise<void> {
    try {
      const ready = await Promise.all(this.#compiled.map(async (c) => [c, await c.pipeline] as const));
      this.#pipelines = new Map(ready);
    } catch (error) {
      this.#failure = asPullbackError(error, '[webgpu] compilation failed');
    }
    this.#runtime.queue.pump();
  }

  run(inputs: readonly DeviceBuffer[]): readonly DeviceBuffer[] {
    return this.#enqueue(inputs, null, () => undefined);
  }

  async timed(inputs: readonly DeviceBuffer[]): Promise<readonly KernelTiming[]> {
    if (this.#program.donated.length > 0) throw new InternalError('a program that takes its inputs was to be timed');
    const { gpu, queue } = this.#runtime;
    const timer = new Timer(gpu, queue);
    let outputs: readonly GpuArray[] = [];
    await new Promise<void>((resolve, reject) => {
      outputs = this.#enqueue(inputs, timer, (error) => (error === null ? resolve() : reject(error)));
    });
    try {
      await queue.whileUsable(gpu.queue.onSubmittedWorkDone());
      const timings = await timer.timings();
      const failure = outputs.map((a) => this.#runtime.failureOf(a)).find((f) => f !== null) ?? null;
      if (failure !== null) throw failure;
      return timings;
    } finally {
      outputs.forEach((a) => free(this.#runtime, a));
    }
  }

  /** Starts a run now or when its turn comes; `over` is called when all of it has been submitted, or with why it failed. */
  #enqueue(
    inputs: readonly DeviceBuffer[],
    timer: Timer | null,
    over: (error: PullbackError | null) => void,
  ): readonly GpuArray[] {
    const runtime = this.#runtime;
    runtime.ensureUsable();
    if (this.#failure !== null) throw this.#failure;
    const arrays = inputs.map((b) => runtime.arrayOf(b));
    const outputs = this.#program.outputs.map((b) => {
      const spec = this.#spec(b);
      return new GpuArray(spec.dtype, spec.length);
    });
    const donated = this.#program.donated.map((b) =>
      present(arrays[this.#program.inputs.indexOf(b)], `donated input ${b}`),
    );
    const used = [...arrays, ...outputs];
    runtime.use(used);
    donated.forEach((a) => runtime.retire(a));
    outputs.forEach((a) => runtime.adopt(a));
    const end = (error: PullbackError | null): void => {
      if (error !== null) outputs.forEach((a) => (a.failure = error));
      // What an output took over is not the donated array's to give back.
      const kept = new Set(outputs.map((a) => a.storage));
      donated.forEach((a) => (a.storage = kept.has(a.storage) ? null : a.storage));
      runtime.release(used);
      over(error);
    };
    runtime.queue.add({
      ready: () => this.#pipelines !== null || this.#failure !== null,
      start: () => this.#start(arrays, outputs, timer, end),
      fail: end,
    });
    return outputs;
  }

  text(): string {
    return this.#flow.shaders.map((s) => s.wgsl).join('\n');
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    const end = (): null => {
      const { memory, pipelines } = this.#runtime;
      this.#compiled.forEach((c) => pipelines.release(c));
      this.#dispatches.forEach((d) => d.groups.clear());
      const own = this.#own;
      if (own !== null) [...own.slots, ...own.constants.values()].forEach((s) => memory.release('storage', s));
      if (own?.flags != null) memory.release('flags', own.flags);
      return (this.#own = null);
    };
    this.#runtime.queue.add({ ready: () => true, start: end, fail: () => undefined });
  }

  #spec(b: number): BufferSpec {
    return present(this.#program.buffers[b], `buffer ${b}`);
  }

  /** The job of one run: done when this returns null, else when the promise settles. */
  #start(
    inputs: readonly GpuArray[],
    outputs: readonly GpuArray[],
    timer: Timer | null,
    end: (error: PullbackError | null) => void,
  ): Promise<void> | null {
    const failed = (error: unknown): void => {
      end(asPullbackError(error, `[webgpu] running ${this.#program.name} failed`));
    };
    try {
      const failure = this.#failure ?? inputs.map((a) => this.#runtime.failureOf(a)).find((f) => f !== null) ?? null;
      if (failure !== null) throw failure;
      const rest = this.#perform(inputs, outputs, timer);
      if (rest !== null) return rest.then(() => end(null), failed);
      end(null);
    } catch (error) {
      failed(error);
    }
    return null;
  }

  #perform(inputs: readonly GpuArray[], outputs: readonly GpuArray[], timer: Timer | null): Promise<void> | null {
    const runtime = this.#runtime;
    const what = `running ${this.#program.name}`;
    const job = runtime.nextJob(what);
    outputs.forEach((a) => (a.job = job));
    const own = (this.#own ??= runtime.watched(job, what, () => this.#allocateOwn()));
    const storages = this.#bind(inputs, outputs, own);
    const { nodes } = this.#flow;
    if (nodes.length === 0) return null;
    // Only what a new bind group brings can be invalid; the same dispatches were fine before.
    const known = this.#dispatches.map((d) => d.groups.get(groupKey(d.dispatch, storages)) ?? null);
    const watch = known.includes(null);
    const groups = watch
      ? runtime.watched(job, what, () => known.map((g, i) => g ?? this.#group(at(this.#dispatches, i), storages, own)))
      : known;
    const ready = groups.map((g, i) => this.#ready(at(this.#dispatches, i), present(g, 'a bind group'), own));
    const recorder = new Recorder(runtime, job, what, watch, timer);
    const program = this.#program.name;
    const { flags } = own;
    return drive(
      perform(nodes, { runtime, program, job, recorder, ready, storages, flags, lastTrips: this.#lastTrips }),
    );
  }

  #ready({ dispatch, compiled }: BoundDispatch, group: GPUBindGroup, own: Own): Recordable {
    const { workgroups, microseconds, flag, kernel } = dispatch;
    return {
      pipeline: present(this.#pipelines?.get(compiled), 'a pipeline'),
      group,
      flag: flag === null ? null : at(own.flagGroups, flag),
      workgroups,
      microseconds,
      kernel,
    };
  }

  /** The storage of every buffer of the program. Outputs get theirs here. */
  #bind(inputs: readonly GpuArray[], outputs: readonly GpuArray[], own: Own): readonly Storage[] {
    const { memory } = this.#runtime;
    const { inputs: inputNumbers, outputs: outputNumbers } = this.#program;
    return this.#program.buffers.map(({ place, dtype, length }, b) => {
      const input = inputNumbers.indexOf(b);
      const output = outputs[outputNumbers.indexOf(b)];
      if (input >= 0) {
        const storage = present(inputs[input]?.storage, `storage of input ${input}`);
        if (output !== undefined) output.storage = storage;
        return storage;
      }
      if (output !== undefined) return (output.storage = memory.storage(gpuBytes(dtype, length)));
      if (place.kind === 'constant') return present(own.constants.get(b), `constant ${b}`);
      if (place.kind === 'temporary') return present(own.slots[place.slot], `slot ${place.slot}`);
      throw new DeviceError(`[webgpu] buffer ${b} of ${this.#program.name} has no storage`);
    });
  }

  #allocateOwn(): Own {
    const { memory, gpu } = this.#runtime;
    const sizes = this.#program.slots.map(() => 0);
    const constants = new Map<number, Storage>();
    this.#program.buffers.forEach(({ place, dtype, length }, b) => {
      if (place.kind === 'temporary') sizes[place.slot] = Math.max(sizes[place.slot] ?? 0, gpuBytes(dtype, length));
      if (place.kind !== 'constant') return;
      const storage = memory.storage(gpuBytes(dtype, length));
      if (length > 0) gpu.queue.writeBuffer(storage.buffer, 0, toGpu(dtype, place.data));
      constants.set(b, storage);
    });
    return { slots: sizes.map((bytes) => memory.storage(bytes)), constants, ...this.#allocateFlags() };
  }

  #allocateFlags(): Pick<Own, 'flags' | 'flagGroups'> {
    const { memory, gpu, pipelines, counters } = this.#runtime;
    const count = this.#flow.flags;
    if (count === 1) return { flags: null, flagGroups: [] };
    const flags = memory.flags(count * flagBytes);
    gpu.queue.writeBuffer(flags.buffer, 0, new Uint32Array([1]));
    counters.bindGroups += count;
    const flagGroups = range(count).map((flag) =>
      gpu.createBindGroup({
        layout: pipelines.flagLayout,
        entries: [{ binding: 0, resource: { buffer: flags.buffer, offset: flag * flagBytes, size: 16 } }],
      }),
    );
    return { flags, flagGroups };
  }

  #group({ dispatch, compiled, groups }: BoundDispatch, storages: readonly Storage[], own: Own): GPUBindGroup {
    const resource = (b: Binding): GPUBufferBinding => {
      if (b.kind === 'buffer') return { buffer: at(storages, b.buffer).buffer };
      const { buffer } = present(own.flags, 'flags');
      return { buffer, offset: b.first * flagBytes, size: b.count * flagBytes };
    };
    const group = this.#runtime.gpu.createBindGroup({
      label: dispatch.shader.label,
      layout: compiled.layout,
      entries: dispatch.bindings.map((b, i) => ({ binding: i, resource: resource(b) })),
    });
    this.#runtime.counters.bindGroups += 1;
    groups.set(groupKey(dispatch, storages), group);
    const [oldest] = groups.keys();
    if (groups.size > rememberedBindGroups && oldest !== undefined) groups.delete(oldest);
    return group;
  }
}

const groupKey = ({ bindings }: Dispatch, storages: readonly Storage[]): string =>
  bindings.map((b) => (b.kind === 'buffer' ? (storages[b.buffer]?.id ?? -1) : 'flags')).join(',');

/** A buffer of a program for messages, with the kernel that writes it. */
function describe({ name, buffers, steps }: Program, b: number): string {
  const { dtype, length, place } = at(buffers, b);
  const maker = runSteps(steps).find(({ kernel, args }) =>
    args.some((arg, i) => arg === b && at(kernel.operands, i).access !== 'read'),
  );
  const by = maker === undefined ? '' : ` of kernel ${maker.kernel.name} (${maker.kernel.source})`;
  return `${name}: the ${place.kind} of ${length} ${dtype}${by}`;
}

const asPullbackError = (error: unknown, message: string): PullbackError =>
  error instanceof PullbackError ? error : new DeviceError(message, { cause: error });
