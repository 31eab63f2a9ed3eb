import type { DeviceBuffer, Executable } from '../../kernel/device.ts';
import type { Program } from '../../kernel/program.ts';
import { LoadedProgram } from './loaded.ts';
import type { Runtime } from './runtime.ts';

/** Frees what is on the device for executables that were dropped without `free`, as caches of them are. */
const dropped = new FinalizationRegistry<LoadedProgram>((loaded) => loaded.free());

/** A program on the device, as its users hold it: nothing that the device still does refers to it. */
export class WebGpuExecutable implements Executable {
  readonly #loaded: LoadedProgram;

  constructor(runtime: Runtime, program: Program) {
    this.#loaded = new LoadedProgram(runtime, program);
    dropped.register(this, this.#loaded);
  }

  run(inputs: readonly DeviceBuffer[]): readonly DeviceBuffer[] {
    return this.#loaded.run(inputs);
  }

  text(): string {
    return this.#loaded.text();
  }

  free(): void {
    this.#loaded.free();
  }
}
