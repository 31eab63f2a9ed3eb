import type { DeviceBuffer, Executable } from '../../kernel/device.ts';
import { DeviceError, UnsupportedOnDeviceError } from '../../kernel/device.ts';
import type { BufferSpec, Program } from '../../kernel/program.ts';
import { runSteps } from '../../kernel/program.ts';
import { present } from '../../util/assert.ts';
import { PullbackError } from '../../util/error.ts';
import type { Shader } from './emit.ts';
import { emitWgsl } from './emit.ts';
import type { Storage } from './memory.ts';
import { GpuArray, gpuBytes, toGpu } from './memory.ts';
import type { Compiled } from './pipelines.ts';
import { kernelLabel } from './pipelines.ts';
import type { Runtime } from './runtime.ts';

/** Bind groups that one step remembers: arrays come from a pool, so the same buffers come back soon. */
const rememberedBindGroups = 32;

/** One dispatch: its shader, its buffers and the bind groups made for them so far. */
interface BoundStep {
  readonly compiled: Compiled;
  readonly dispatch: readonly [number, number];
  readonly args: readonly number[];
  readonly groups: Map<string, GPUBindGroup>;
}

/** A program on the device. */
export class WebGpuExecutable implements Executable {
  readonly #runtime: Runtime;
  readonly #program: Program;
  readonly #shaders: readonly Shader[];
  readonly #compiled: readonly Compiled[];
  readonly #steps: readonly BoundStep[];
  #pipelines: ReadonlyMap<Compiled, GPUComputePipeline> | null = null;
  #failure: PullbackError | null = null;
  /** Storage of temporaries by slot and of constants by buffer, from the first run on. */
  #own: { readonly slots: readonly Storage[]; readonly constants: ReadonlyMap<number, Storage> } | null = null;
  #freed = false;

  constructor(runtime: Runtime, program: Program) {
    if (program.buffers.some((b) => b.dtype === 'f64')) {
      throw new UnsupportedOnDeviceError(
        `[webgpu] ${program.name} uses f64, which WebGPU does not have: use f32, or the wasm device`,
      );
    }
    this.#runtime = runtime;
    this.#program = program;
    this.#shaders = emitWgsl(program, runtime.wgslTarget);
    const compiled = new Map<Shader, Compiled>();
    for (const shader of this.#shaders) {
      if (shader.dispatch !== null && !compiled.has(shader)) compiled.set(shader, runtime.pipelines.acquire(shader));
    }
    this.#compiled = [...compiled.values()];
    this.#steps = runSteps(program.steps).flatMap((step, i) => {
      const shader = present(this.#shaders[i], `shader ${i}`);
      if (shader.dispatch === null) return [];
      const own = present(compiled.get(shader), 'a compiled shader');
      return [{ compiled: own, dispatch: shader.dispatch, args: step.args, groups: new Map() }];
    });
    void this.#compile();
  }

  async #compile(): Promise<void> {
    try {
      const ready = await Promise.all(this.#compiled.map(async (c) => [c, await c.pipeline] as const));
      this.#pipelines = new Map(ready);
    } catch (error) {
      this.#failure =
        error instanceof PullbackError ? error : new DeviceError('[webgpu] compilation failed', { cause: error });
    }
    this.#runtime.queue.pump();
  }

  run(inputs: readonly DeviceBuffer[]): readonly DeviceBuffer[] {
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
    donated.forEach((a) => runtime.retire(a));
    outputs.forEach((a) => runtime.adopt(a));
    const fail = (error: PullbackError): void => outputs.forEach((a) => (a.failure = error));
    runtime.queue.add({
      ready: () => this.#pipelines !== null || this.#failure !== null,
      start: () => {
        const failure = this.#failure ?? arrays.map((a) => runtime.failureOf(a)).find((f) => f !== null) ?? null;
        if (failure !== null) fail(failure);
        else this.#submit(arrays, outputs, fail);
        const kept = new Set(outputs.map((a) => a.storage));
        for (const a of donated) {
          if (a.storage !== null && !kept.has(a.storage)) runtime.memory.release('storage', a.storage);
          a.storage = null;
        }
      },
      fail,
    });
    return outputs;
  }

  text(): string {
    return [...new Set(this.#shaders)].map((s) => s.wgsl).join('\n');
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    const end = (): void => {
      this.#compiled.forEach((c) => this.#runtime.pipelines.release(c));
      this.#steps.forEach((s) => s.groups.clear());
      const own = this.#own;
      if (own !== null)
        [...own.slots, ...own.constants.values()].forEach((s) => this.#runtime.memory.release('storage', s));
      this.#own = null;
    };
    this.#runtime.queue.add({ ready: () => true, start: end, fail: () => undefined });
  }

  #spec(b: number): BufferSpec {
    return present(this.#program.buffers[b], `buffer ${b}`);
  }

  /** One encoder, one pass, one submit. */
  #submit(inputs: readonly GpuArray[], outputs: readonly GpuArray[], fail: (error: PullbackError) => void): void {
    const { gpu, counters } = this.#runtime;
    const job = this.#runtime.nextJob();
    outputs.forEach((a) => (a.job = job));
    let storages: readonly Storage[];
    try {
      storages = this.#bind(inputs, outputs);
    } catch (error) {
      if (!(error instanceof PullbackError)) throw error;
      return fail(error);
    }
    if (this.#steps.length === 0) return;
    // Only what a new bind group brings can be invalid; the same dispatches were fine before.
    const groups = this.#steps.map((s) => s.groups.get(groupKey(s, storages)) ?? null);
    const watch = groups.includes(null);
    if (watch) gpu.pushErrorScope('validation');
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#steps.forEach((step, i) => {
      pass.setPipeline(present(this.#pipelines?.get(step.compiled), 'a pipeline'));
      pass.setBindGroup(0, groups[i] ?? this.#group(step, storages));
      pass.dispatchWorkgroups(step.dispatch[0], step.dispatch[1]);
    });
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    counters.passes += 1;
    counters.submits += 1;
    counters.dispatches += this.#steps.length;
    this.#runtime.queue.submitted();
    if (watch) this.#runtime.watchScope(job, `running ${this.#program.name}`);
  }

  /** The storage of every buffer of the program. Outputs get theirs here. */
  #bind(inputs: readonly GpuArray[], outputs: readonly GpuArray[]): readonly Storage[] {
    const { memory } = this.#runtime;
    const own = (this.#own ??= this.#allocateOwn());
    const { inputs: inputNumbers, outputs: outputNumbers } = this.#program;
    return this.#program.buffers.map(({ place, length }, b) => {
      const input = inputNumbers.indexOf(b);
      const output = outputs[outputNumbers.indexOf(b)];
      if (input >= 0) {
        const storage = present(inputs[input]?.storage, `storage of input ${input}`);
        if (output !== undefined) output.storage = storage;
        return storage;
      }
      if (output !== undefined) return (output.storage = memory.storage(gpuBytes(length)));
      if (place.kind === 'constant') return present(own.constants.get(b), `constant ${b}`);
      if (place.kind === 'temporary') return present(own.slots[place.slot], `slot ${place.slot}`);
      throw new DeviceError(`[webgpu] buffer ${b} of ${this.#program.name} has no storage`);
    });
  }

  #allocateOwn(): { readonly slots: readonly Storage[]; readonly constants: ReadonlyMap<number, Storage> } {
    const { memory, gpu } = this.#runtime;
    // The plan counts a bool as a byte; here it takes four.
    const sizes = this.#program.slots.map(() => 0);
    const constants = new Map<number, Storage>();
    this.#program.buffers.forEach(({ place, dtype, length }, b) => {
      if (place.kind === 'temporary') sizes[place.slot] = Math.max(sizes[place.slot] ?? 0, gpuBytes(length));
      if (place.kind !== 'constant') return;
      const storage = memory.storage(gpuBytes(length));
      if (length > 0) gpu.queue.writeBuffer(storage.buffer, 0, toGpu(dtype, place.data));
      constants.set(b, storage);
    });
    return { slots: sizes.map((bytes) => memory.storage(bytes)), constants };
  }

  #group(step: BoundStep, storages: readonly Storage[]): GPUBindGroup {
    const group = this.#runtime.gpu.createBindGroup({
      label: kernelLabel(step.compiled.shader.kernel),
      layout: step.compiled.layout,
      entries: step.args.map((b, i) => ({
        binding: i,
        resource: { buffer: present(storages[b], `storage ${b}`).buffer },
      })),
    });
    this.#runtime.counters.bindGroups += 1;
    step.groups.set(groupKey(step, storages), group);
    const [oldest] = step.groups.keys();
    if (step.groups.size > rememberedBindGroups && oldest !== undefined) step.groups.delete(oldest);
    return group;
  }
}

const groupKey = (step: BoundStep, storages: readonly Storage[]): string =>
  step.args.map((b) => storages[b]?.id ?? -1).join(',');
