import { DeviceLostError } from '../../../kernel/device.ts';
import { hostArray } from '../../../kernel/dtype.ts';
import type { ContractKernel } from '../../../kernel/kernel.ts';
import { present } from '../../../util/assert.ts';
import { emitKernel } from '../emit-kernel.ts';
import type { Storage } from '../memory.ts';
import { gpuBytes, toGpu } from '../memory.ts';
import type { Compiled } from '../pipelines.ts';
import type { Runtime } from '../runtime.ts';
import type { WgslTarget } from '../shader.ts';
import { Timer } from '../timer.ts';

/** A sample takes at least about so long: clocks are coarse, and submits cost something. */
const sampleMicroseconds = 2000;
const mostRepetitions = 1000;
/** What takes so many times as long as the best so far is dropped after one sample. */
const hopeless = 3;
const samples = 3;
/** Runs that tell how long one takes. */
const probes = 8;

/** The time of a product under different schedules, on data of its own. */
export class Bench {
  readonly #runtime: Runtime;
  readonly #kernel: ContractKernel;
  readonly #storages: readonly Storage[];
  #best = Infinity;

  constructor(runtime: Runtime, kernel: ContractKernel) {
    this.#runtime = runtime;
    this.#kernel = kernel;
    this.#storages = kernel.operands.map(({ dtype, length }) => {
      const storage = runtime.memory.storage(gpuBytes(dtype, length));
      // Floats like a network's; integers, which may be positions, are 0.
      const data = hostArray[dtype](length);
      if (data instanceof Float32Array) data.forEach((_, i) => (data[i] = Math.sin(i)));
      if (length > 0) runtime.gpu.queue.writeBuffer(storage.buffer, 0, toGpu(dtype, data));
      return storage;
    });
  }

  free(): void {
    this.#storages.forEach((s) => this.#runtime.memory.release('storage', s));
  }

  /** Microseconds of one run, the least of some samples; Infinity where it is hopeless, null where the device refuses it. */
  async measure(target: WgslTarget): Promise<number | null> {
    const { pipelines } = this.#runtime;
    const shader = emitKernel(this.#kernel, target, false);
    const compiled = pipelines.acquire(shader);
    try {
      const run = await this.#runner(compiled);
      const repetitions = await repetitionsOf(run);
      let least = (await run(repetitions)) / repetitions;
      if (least > hopeless * this.#best) return Infinity;
      for (let i = 1; i < samples; i++) least = Math.min(least, (await run(repetitions)) / repetitions);
      this.#best = Math.min(this.#best, least);
      return least;
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      return null;
    } finally {
      pipelines.release(compiled);
    }
  }

  /** What runs the product so many times in one submit, and says how long that took. */
  async #runner({ shader, layout, pipeline: ready }: Compiled): Promise<(times: number) => Promise<number>> {
    const { gpu, queue } = this.#runtime;
    const pipeline = await ready;
    const group = gpu.createBindGroup({
      label: shader.label,
      layout,
      entries: this.#storages.map(({ buffer }, binding) => ({ binding, resource: { buffer } })),
    });
    const [x, y] = present(shader.dispatch, 'a dispatch');
    return async (times) => {
      const timer = new Timer(gpu, queue);
      gpu.pushErrorScope('validation');
      const start = performance.now();
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass(timer.next(this.#kernel));
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let i = 0; i < times; i++) pass.dispatchWorkgroups(x, y);
      pass.end();
      const read = timer.end(encoder);
      gpu.queue.submit([encoder.finish()]);
      read();
      const invalid = await queue.whileUsable(gpu.popErrorScope());
      if (invalid !== null) throw new Error(invalid.message);
      await queue.whileUsable(gpu.queue.onSubmittedWorkDone());
      const elapsed = (performance.now() - start) * 1000;
      const [timing] = await timer.timings();
      return timing?.microseconds ?? elapsed;
    };
  }
}

/** How many runs make a sample. What the submit itself takes, which is much where there is only the clock on the wall, does not count. */
async function repetitionsOf(run: (times: number) => Promise<number>): Promise<number> {
  const once = await run(1);
  if (once > 10 * sampleMicroseconds) return 1;
  const each = ((await run(1 + probes)) - once) / probes;
  return Math.min(mostRepetitions, Math.max(1, Math.ceil(sampleMicroseconds / Math.max(each, 1))));
}
