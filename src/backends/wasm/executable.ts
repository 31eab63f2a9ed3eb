import type { DeviceBuffer, Executable, KernelTiming } from '../../kernel/device.ts';
import { DeviceError } from '../../kernel/device.ts';
import type { DType } from '../../kernel/dtype.ts';
import { storedBytes } from '../../kernel/dtype.ts';
import { bytesInMemory } from '../../kernel/half.ts';
import type { Program } from '../../kernel/program.ts';
import type { TimedDevice } from '../../kernel/timed-steps.ts';
import { timeSteps } from '../../kernel/timed-steps.ts';
import { at } from '../../util/array.ts';
import { invariant, present } from '../../util/assert.ts';
import { InternalError } from '../../util/error.ts';
import type { Home, LinearMemory } from './memory.ts';
import type { Pool, TeamProgram, TeamRun } from './pool.ts';
import type { WasmFeatures, WasmProgram } from './program.ts';
import { emitWasm } from './program.ts';
import type { Sharing } from './sharing.ts';
import type { Workspace } from './workspace.ts';
import { layOut } from './workspace.ts';

/** An array of the device; its home says where its bytes are. */
export class WasmBuffer implements DeviceBuffer {
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

export const homeOf = (buffer: DeviceBuffer): Home => {
  if (buffer instanceof WasmBuffer) return buffer.home;
  throw new InternalError('a buffer of another device reached the wasm device');
};

/** What a program's module exports; with more parameters where it is for several threads. */
type Run = TeamRun & ((table: number) => void);

/** What the programs of a device have in common. */
export interface Shared {
  readonly memory: LinearMemory;
  readonly workspace: Workspace;
  /** The threads that there are besides the caller's, if any, and what is worth giving to them. */
  readonly pool: Pool | null;
  readonly sharing: Sharing | null;
  /** What generated code may use. */
  readonly features: WasmFeatures;
  /** The device, for taking the time of a program's steps. */
  readonly device: () => TimedDevice;
}

/**
 * A loaded program: its module's instance, and blocks for its constants and address table. The code it was made from is not
 * kept, being many times as large; it is written again for who wants to read it.
 */
export class WasmExecutable implements Executable {
  readonly compiling = [];
  private readonly program: Program;
  private readonly shared: Shared;
  /** Whether there is something in it for several threads. */
  private readonly forTeam: boolean;
  /** The program as the pool knows it, where it is for other threads too. */
  private readonly team: TeamProgram | null;
  /** Whether it takes less time than telling them about it. */
  private readonly brief: boolean;
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
  /** Outputs that are no inputs too. */
  private readonly freshOutputs: ReadonlySet<number>;

  constructor(program: Program, shared: Shared) {
    const { memory, pool, sharing, features } = shared;
    const emitted = emitWasm(program, features, sharing);
    this.program = program;
    this.shared = shared;
    this.forTeam = emitted.team;
    this.brief = emitted.work < (sharing?.program ?? Infinity);
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
      buffers.forEach(({ dtype, place }, b) => {
        if (place.kind === 'constant') this.addresses[b] = this.copied(bytesInMemory(dtype, place.data));
      });
      this.table = this.block(this.addresses.byteLength);
      this.team = this.share(emitted);
    } catch (error) {
      this.free();
      throw error;
    }
    const bound = new Set(program.inputs);
    this.freshOutputs = new Set(program.outputs.filter((b) => !bound.has(b)));
  }

  private block(bytes: number): number {
    const block = this.shared.memory.fixed(bytes);
    this.blocks.push(block);
    return block.address;
  }

  /** Makes room for what the program needs while it runs. */
  private enter(): void {
    const start = this.shared.workspace.reserve(this.workBytes);
    if (start === this.workAt) return;
    for (const [position, offset] of this.placed) this.addresses[position] = start + offset;
    this.workAt = start;
  }

  private copied(bytes: Uint8Array): number {
    const address = this.block(bytes.byteLength);
    this.shared.memory.at(address, bytes.byteLength).set(bytes);
    return address;
  }

  /** Gives the module to the other threads, if it has something to do for them. */
  private share({ bytes, team }: WasmProgram): TeamProgram | null {
    const { pool } = this.shared;
    if (pool === null || !(team || pool.ahead)) return null;
    return pool.load(this.copied(bytes), bytes.byteLength, this.call);
  }

  run(inputs: readonly DeviceBuffer[]): readonly DeviceBuffer[] {
    const { program } = this;
    const { memory } = this.shared;
    invariant(inputs.length === program.inputs.length, `${program.name} takes ${program.inputs.length} inputs`);
    const homes = new Map<number, Home>();
    const pinned: Home[] = [];
    const created: Home[] = [];
    let command: number | null;
    try {
      this.enter();
      inputs.forEach((input, i) => {
        const home = homeOf(input);
        this.requireWritten(home);
        memory.pin(home);
        pinned.push(home);
        homes.set(at(program.inputs, i), home);
      });
      for (const b of this.freshOutputs) {
        const { dtype, length } = at(program.buffers, b);
        const home = memory.create(length * storedBytes(dtype));
        pinned.push(home);
        created.push(home);
        homes.set(b, home);
      }
      for (const b of program.donated) memory.serveReaders(present(homes.get(b), 'donated input'));
      command = this.start(homes);
    } catch (error) {
      created.forEach((home) => memory.release(home.claim));
      throw error instanceof WebAssembly.RuntimeError
        ? new DeviceError(`the program ${program.name} failed on the wasm device: ${error.message}`, { cause: error })
        : error;
    } finally {
      pinned.forEach((home) => memory.unpin(home));
    }
    return this.handOver(homes, command ?? -1);
  }

  /** Runs with these arrays, or has it done by others: gives the number of the command then. */
  private start(homes: ReadonlyMap<number, Home>): number | null {
    const { team } = this;
    const { pool } = this.shared;
    const command = pool !== null && team !== null && pool.ahead ? this.enqueue(pool, team, homes) : null;
    if (command !== null) return command;
    const table = this.written(this.table, homes);
    if (pool === null || team === null) this.call(table);
    else if (pool.ahead) pool.runAlone(team, table);
    else pool.run(team, table);
    return null;
  }

  /** Gives it to the workers; null if there are none yet, or it takes less time than telling them about it. */
  private enqueue(pool: Pool, team: TeamProgram, homes: ReadonlyMap<number, Home>): number | null {
    if (this.brief && pool.passed() === pool.given) return null;
    // Runs that are outstanding have tables of their own.
    const block = this.shared.memory.fixed(this.addresses.byteLength);
    const command = pool.enqueue(team, this.written(block.address, homes), this.forTeam);
    block.free();
    return command;
  }

  /** Writes a table of addresses. */
  private written(table: number, homes: ReadonlyMap<number, Home>): number {
    const words = new Uint32Array(this.shared.memory.memory.buffer, table, this.addresses.length);
    words.set(this.addresses);
    for (const [b, home] of homes) words[b] = present(home.address, 'address');
    return table;
  }

  /** Nothing is computed from what a failed program left. */
  private requireWritten(home: Home): void {
    const text = home.written < 0 ? null : (this.shared.pool?.failureOf(home.written) ?? null);
    if (text !== null)
      throw new DeviceError(`a program failed on the wasm device, whose result ${this.program.name} needs: ${text}`);
  }

  /** New buffers for the outputs; a donated input's storage goes to its output or is given back. */
  private handOver(homes: ReadonlyMap<number, Home>, command: number): readonly DeviceBuffer[] {
    const { program } = this;
    const { memory } = this.shared;
    const outputs = program.outputs.map((b) => {
      const { dtype, length } = at(program.buffers, b);
      const bound = present(homes.get(b), `output ${b}`);
      const home = this.freshOutputs.has(b) ? bound : memory.transfer(bound);
      home.written = command;
      return new WasmBuffer(dtype, length, home);
    });
    for (const b of program.donated) memory.release(present(homes.get(b), 'donated input').claim);
    return outputs;
  }

  timed(inputs: readonly DeviceBuffer[]): Promise<readonly KernelTiming[]> {
    return timeSteps(this.program, inputs, this.shared.device());
  }

  text(): string {
    const { features, sharing } = this.shared;
    return emitWasm(this.program, features, sharing).text();
  }

  free(): void {
    if (this.blocks.length > 0 && this.team !== null) this.shared.pool?.free(this.team);
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
