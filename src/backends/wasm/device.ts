import type { Device, DeviceBuffer, Executable } from '../../kernel/device.ts';
import { DeviceError, DeviceUnavailableError, hostCallAtOnce } from '../../kernel/device.ts';
import type { DType, HostArray } from '../../kernel/dtype.ts';
import { dtypes, hostArray } from '../../kernel/dtype.ts';
import type { Program } from '../../kernel/program.ts';
import { at } from '../../util/array.ts';
import { invariant, present } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import { storageBytes } from './evaluator.ts';
import { detectFeatures, hasSimd } from './features.ts';
import type { Home, MemoryOptions } from './memory.ts';
import { LinearMemory } from './memory.ts';
import { layOut, Workspace } from './workspace.ts';
import type { WasmFeatures, WasmProgram } from './program.ts';
import { emitWasm } from './program.ts';
import { availableThreads, hasThreads } from './platform.ts';
import type { TeamProgram, TeamRun } from './pool.ts';
import { Pool } from './pool.ts';
import { maxThreads } from './control.ts';
import type { Sharing } from './sharing.ts';
import { usualSharing } from './sharing.ts';

export interface WasmOptions extends Omit<MemoryOptions, 'shared'> {
  /** What generated code may use; found out from the engine when not given. */
  readonly features?: WasmFeatures;
  /** Threads to run on, the calling one included; by default as many as run at once here. One where there are none. */
  readonly threads?: number;
  /** What is worth sharing between threads. */
  readonly sharing?: Sharing;
}

/** An array of the device; its home says where its bytes are. */
class WasmBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  readonly home: Home;

  constructor(dtype: DType, length: number, home: Home) {
    this.dtype = dtype;
    this.length = length;
    this.home = home;
  }

  get bytes(): number {
    return this.home.bytes;
  }
}

const homeOf = (buffer: DeviceBuffer): Home => {
  if (buffer instanceof WasmBuffer) return buffer.home;
  throw new InternalError('a buffer of another device reached the wasm device');
};

/**
 * The WebAssembly device: every program is one module of SIMD code over one linear memory. Calls run to their end
 * before they return.
 */
export function createWasmDevice(options: WasmOptions = {}): Device {
  if (typeof WebAssembly !== 'object' || !hasSimd()) {
    throw new DeviceUnavailableError('this JavaScript engine has no WebAssembly SIMD: use the reference device');
  }
  const features = options.features ?? detectFeatures();
  const { memory, pool } = memoryAndPool(options);
  const workspace = new Workspace(memory);
  const sharing = pool === null ? null : (options.sharing ?? usualSharing);

  const readSync = (buffer: DeviceBuffer): HostArray => {
    const data = hostArray[buffer.dtype](buffer.length);
    new Uint8Array(data.buffer).set(memory.view(homeOf(buffer)));
    return data;
  };
  const write = (dtype: DType, data: HostArray): WasmBuffer => {
    const home = memory.create(data.length * storageBytes[dtype]);
    memory.view(home).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    memory.unpin(home);
    return new WasmBuffer(dtype, data.length, home);
  };
  return {
    name: 'wasm',
    get description() {
      const threads = this.threads === 1 ? '1 thread' : `${this.threads} threads`;
      return `wasm (${threads}, ${features.relaxedSimd ? 'relaxed SIMD' : 'SIMD'})`;
    },
    get threads() {
      return pool?.threads ?? 1;
    },
    target: { device: 'wasm', dtypes: new Set(dtypes), maxOperands: 64 },
    write,
    read: (buffer) => new Promise((resolve) => resolve(readSync(buffer))),
    readSync,
    free: (buffer) => memory.release(homeOf(buffer).claim),
    finalizer: (buffer) => {
      const { claim } = homeOf(buffer);
      return () => memory.release(claim);
    },
    hostCall: (inputs, outputs, f) => hostCallAtOnce({ readSync, write }, inputs, outputs, f),
    load: (program) => new WasmExecutable(program, { memory, workspace, pool }, emitWasm(program, features, sharing)),
    memory: () => memory.report(),
    close: () => pool?.close() ?? Promise.resolve(),
  };
}

/** A program as the text of a module, as it would run on the threads of a device. */
export const wasmText = (program: Program, { threads }: Device): string =>
  emitWasm(program, detectFeatures(), threads > 1 ? usualSharing : null).text();

/** The memory, shared between threads where there are to be several and can be. */
function memoryAndPool(options: WasmOptions): { readonly memory: LinearMemory; readonly pool: Pool | null } {
  const threads = hasThreads() ? Math.min(options.threads ?? availableThreads(), maxThreads) : 1;
  if (threads > 1) {
    try {
      const memory = new LinearMemory({ ...options, shared: true });
      return { memory, pool: new Pool(memory.memory, threads) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { memory: new LinearMemory({ ...options, shared: false }), pool: null };
}

/** What a program's module exports; with more parameters where it is for several threads. */
type Run = TeamRun & ((table: number) => void);

/** What the programs of a device have in common. */
interface Shared {
  readonly memory: LinearMemory;
  readonly workspace: Workspace;
  /** The threads that there are besides the caller's, if any. */
  readonly pool: Pool | null;
}

/** A loaded program: its module's instance, and blocks for its constants and address table. */
class WasmExecutable implements Executable {
  private readonly program: Program;
  private readonly memory: LinearMemory;
  private readonly workspace: Workspace;
  private readonly emitted: WasmProgram;
  private readonly pool: Pool | null;
  /** The program as the pool knows it, where it is for several threads. */
  private readonly team: TeamProgram | null;
  private readonly call: Run;
  private readonly blocks: { readonly free: () => void }[] = [];
  /** The addresses of the buffers and of the kernels' working memory; 0 for buffers that differ from run to run. */
  private readonly addresses: Uint32Array;
  /** Which of them are in the workspace, and where in it. */
  private readonly placed: readonly (readonly [position: number, offset: number])[];
  private readonly workBytes: number;
  /** Where the workspace was when the addresses were written. */
  private workAt = -1;
  private readonly table: number;
  private readonly inputs: readonly number[];
  private readonly freshOutputs: readonly number[];

  constructor(program: Program, { memory, workspace, pool }: Shared, emitted: WasmProgram) {
    this.program = program;
    this.memory = memory;
    this.workspace = workspace;
    this.emitted = emitted;
    this.pool = pool;
    this.call = instantiate(program.name, emitted.bytes, memory.memory);
    const { buffers, slots } = program;
    const scratchBytes = emitted.scratchBytes * (emitted.team ? present(pool, 'pool').threads : 1);
    const { offsets, bytes } = layOut([...slots, scratchBytes, emitted.sharedBytes]);
    this.workBytes = bytes;
    this.placed = [
      ...buffers.flatMap(({ place }, b) => (place.kind === 'temporary' ? [[b, at(offsets, place.slot)] as const] : [])),
      [buffers.length, at(offsets, slots.length)],
      [buffers.length + 1, at(offsets, slots.length + 1)],
    ];
    try {
      this.addresses = new Uint32Array(buffers.length + 2);
      buffers.forEach(({ place }, b) => {
        if (place.kind === 'constant') this.addresses[b] = this.constant(place.data);
      });
      this.table = this.block(this.addresses.byteLength);
      this.team = this.share();
    } catch (error) {
      this.free();
      throw error;
    }
    this.inputs = program.inputs;
    const bound = new Set(program.inputs);
    this.freshOutputs = program.outputs.filter((b) => !bound.has(b));
  }

  private block(bytes: number): number {
    const block = this.memory.fixed(bytes);
    this.blocks.push(block);
    return block.address;
  }

  /** Makes room for what the program needs while it runs. */
  private enter(): void {
    const start = this.workspace.reserve(this.workBytes);
    if (start === this.workAt) return;
    for (const [position, offset] of this.placed) this.addresses[position] = start + offset;
    this.workAt = start;
  }

  private constant(data: HostArray): number {
    return this.copied(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  private copied(bytes: Uint8Array): number {
    const address = this.block(bytes.byteLength);
    this.memory.at(address, bytes.byteLength).set(bytes);
    return address;
  }

  /** Gives the module to the other threads, if it has something to do for them. */
  private share(): TeamProgram | null {
    const { bytes, team } = this.emitted;
    if (!team || this.pool === null) return null;
    return this.pool.load(this.copied(bytes), bytes.byteLength, this.call);
  }

  run(inputs: readonly DeviceBuffer[]): readonly DeviceBuffer[] {
    const { program, memory } = this;
    invariant(inputs.length === this.inputs.length, `${program.name} takes ${this.inputs.length} inputs`);
    const homes = new Map<number, Home>();
    const pinned: Home[] = [];
    const created: Home[] = [];
    try {
      this.enter();
      inputs.forEach((input, i) => {
        const home = homeOf(input);
        memory.pin(home);
        pinned.push(home);
        homes.set(at(this.inputs, i), home);
      });
      for (const b of this.freshOutputs) {
        const { dtype, length } = at(program.buffers, b);
        const home = memory.create(length * storageBytes[dtype]);
        pinned.push(home);
        created.push(home);
        homes.set(b, home);
      }
      const table = new Uint32Array(memory.memory.buffer, this.table, this.addresses.length);
      table.set(this.addresses);
      for (const [b, home] of homes) table[b] = present(home.address, 'address');
      if (this.team !== null) this.pool?.run(this.team, this.table);
      else this.call(this.table);
    } catch (error) {
      created.forEach((home) => memory.release(home.claim));
      throw error instanceof WebAssembly.RuntimeError
        ? new DeviceError(`the program ${program.name} failed on the wasm device: ${error.message}`, { cause: error })
        : error;
    } finally {
      pinned.forEach((home) => memory.unpin(home));
    }
    return this.handOver(inputs, homes);
  }

  /** New buffers for the outputs; a donated input's storage goes to its output or is given back. */
  private handOver(inputs: readonly DeviceBuffer[], homes: ReadonlyMap<number, Home>): readonly DeviceBuffer[] {
    const { program, memory } = this;
    const outputs = program.outputs.map((b) => {
      const { dtype, length } = at(program.buffers, b);
      const home = present(homes.get(b), `output ${b}`);
      return new WasmBuffer(dtype, length, this.inputs.includes(b) ? memory.transfer(home) : home);
    });
    for (const b of program.donated) memory.release(homeOf(at(inputs, this.inputs.indexOf(b))).claim);
    return outputs;
  }

  text(): string {
    return this.emitted.text();
  }

  free(): void {
    if (this.blocks.length > 0 && this.team !== null) this.pool?.free(this.team);
    this.blocks.forEach((b) => b.free());
    this.blocks.length = 0;
  }
}

function instantiate(name: string, bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Run {
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return instance.exports['run'] as Run;
  } catch (error) {
    throw new DeviceError(`the engine refuses the code of ${name}: ${String(error)}`, { cause: error });
  }
}
