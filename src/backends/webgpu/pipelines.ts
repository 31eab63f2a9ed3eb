import { DeviceError, DeviceLostError } from '../../kernel/device.ts';
import type { JobQueue } from './queue.ts';
import type { Shader } from './shader.ts';

/** A shader on the device: its layout at once, its pipeline when it is compiled. */
export interface Compiled {
  readonly shader: Shader;
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: Promise<GPUComputePipeline>;
}

interface Entry {
  readonly compiled: Compiled;
  users: number;
  failed: boolean;
}

/** Pipelines that no program uses at present are kept for others, the last so many. */
const keptUnused = 256;

const computeStage = 0x4;

/** Compiled shaders, shared by all programs that have the same but for names and comments. */
export class Pipelines {
  readonly #gpu: GPUDevice;
  readonly #queue: JobQueue;
  readonly #entries = new Map<string, Entry>();
  /** The keys of those without users, the longest unused first. */
  readonly #unused = new Set<string>();
  /** The layout of a guarded shader's group 1: its flag. */
  readonly flagLayout: GPUBindGroupLayout;
  /** How many pipelines were ever compiled. */
  created = 0;

  constructor(gpu: GPUDevice, queue: JobQueue) {
    this.#gpu = gpu;
    this.#queue = queue;
    this.flagLayout = gpu.createBindGroupLayout({
      label: 'flag',
      entries: [{ binding: 0, visibility: computeStage, buffer: { type: 'uniform' } }],
    });
  }

  /** Starts compiling a shader unless that was done before. Give it back with `release`. */
  acquire(shader: Shader): Compiled {
    const entry = this.#entries.get(shader.key) ?? this.#create(shader);
    this.#unused.delete(shader.key);
    entry.users += 1;
    return entry.compiled;
  }

  release({ shader: { key } }: Compiled): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#unused.add(key);
    const [oldest] = this.#unused;
    if (entry.failed) this.#forget(key);
    else if (this.#unused.size > keptUnused && oldest !== undefined) this.#forget(oldest);
  }

  #forget(key: string): void {
    this.#unused.delete(key);
    this.#entries.delete(key);
  }

  #create(shader: Shader): Entry {
    const entry: Entry = { compiled: this.#compile(shader), users: 0, failed: false };
    entry.compiled.pipeline.catch(() => (entry.failed = true)); // whoever runs the program hears of it
    this.#entries.set(shader.key, entry);
    return entry;
  }

  #compile(shader: Shader): Compiled {
    this.created += 1;
    const { label } = shader;
    this.#gpu.pushErrorScope('validation');
    const layout = this.#gpu.createBindGroupLayout({
      label,
      entries: shader.bindings.map((type, i) => ({ binding: i, visibility: computeStage, buffer: { type } })),
    });
    const module = this.#gpu.createShaderModule({ label, code: shader.wgsl });
    const pipeline = this.#gpu.createComputePipelineAsync({
      label,
      layout: this.#gpu.createPipelineLayout({
        bindGroupLayouts: shader.guarded ? [layout, this.flagLayout] : [layout],
      }),
      compute: { module, entryPoint: shader.entry },
    });
    const scope = this.#gpu.popErrorScope();
    const named = this.#queue.whileUsable(Promise.all([pipeline, scope])).then(
      ([ready, error]) => {
        if (error !== null) throw compileError(shader, error.message);
        return ready;
      },
      async (cause: unknown) => {
        if (cause instanceof DeviceLostError) throw cause;
        const info = await this.#queue.whileUsable(module.getCompilationInfo()).catch(() => null);
        const first = info?.messages.find((m) => m.type === 'error');
        const text =
          first === undefined ? (cause instanceof Error ? cause.message : String(cause)) : messageText(first);
        throw compileError(shader, text);
      },
    );
    return { shader, layout, pipeline: named };
  }
}

const messageText = (m: GPUCompilationMessage): string => `line ${m.lineNum}: ${m.message}`;

const compileError = (shader: Shader, text: string): DeviceError =>
  new DeviceError(`[webgpu] the shader of kernel ${shader.label} was refused: ${text}`);
