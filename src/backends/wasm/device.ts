import type { Device, DeviceBuffer } from '../../kernel/device.ts';
import { DeviceError, DeviceUnavailableError, hostCallAtOnce } from '../../kernel/device.ts';
import type { DType, HostArray } from '../../kernel/dtype.ts';
import { dtypes, storedBytes } from '../../kernel/dtype.ts';
import { bytesInMemory, fromMemory } from '../../kernel/half.ts';
import type { Program } from '../../kernel/program.ts';
import { maxThreads } from './control.ts';
import { detectFeatures, hasSimd } from './features.ts';
import type { Shared } from './executable.ts';
import { homeOf, WasmBuffer, WasmExecutable } from './executable.ts';
import type { MemoryOptions } from './memory.ts';
import { LinearMemory } from './memory.ts';
import { availableThreads, hasThreads, maySleep } from './platform.ts';
import { Pool } from './pool.ts';
import type { WasmFeatures } from './program.ts';
import { emitWasm } from './program.ts';
import type { Sharing } from './sharing.ts';
import { usualSharing } from './sharing.ts';
import { Workspace } from './workspace.ts';

export interface WasmOptions extends Omit<MemoryOptions, 'shared'> {
  /** What generated code may use; found out from the engine when not given. */
  readonly features?: WasmFeatures;
  /** Threads to run on, the calling one included; by default as many as run at once here. One where there are none. */
  readonly threads?: number;
  /** What is worth sharing between threads. */
  readonly sharing?: Sharing;
  /**
   * Whether programs run on workers only, while the calling thread goes on, where there are several threads. By default
   * that is so where the calling thread is one that must not wait: the main thread of a page.
   */
  readonly ahead?: boolean;
}

/**
 * The WebAssembly device: every program is one module of SIMD code over one linear memory. Calls run to their end
 * before they return, except in the main thread of a page that has threads, where workers run what is more than a moment's
 * work, and reading waits for them.
 */
export function createWasmDevice(options: WasmOptions = {}): Device {
  if (typeof WebAssembly !== 'object' || !hasSimd()) {
    throw new DeviceUnavailableError('this JavaScript engine has no WebAssembly SIMD: use the reference device');
  }
  const features = options.features ?? detectFeatures();
  const { memory, pool } = memoryAndPool(options);
  const workspace = new Workspace(memory);
  const sharing = pool === null ? null : (options.sharing ?? usualSharing);

  const copy = (buffer: DeviceBuffer): HostArray => {
    const text = pool?.failureOf(homeOf(buffer).written) ?? null;
    if (text !== null) throw new DeviceError(`a program failed on the wasm device: ${text}`);
    return fromMemory(buffer.dtype, memory.view(homeOf(buffer)), buffer.length);
  };
  const readSync = (buffer: DeviceBuffer): HostArray => {
    pool?.finish(homeOf(buffer).written + 1);
    return copy(buffer);
  };
  const read = (buffer: DeviceBuffer): Promise<HostArray> => {
    const home = homeOf(buffer);
    if (pool === null || pool.passed() > home.written) return new Promise((resolve) => resolve(copy(buffer)));
    return new Promise((resolve, reject) => {
      const take = (): void => {
        home.readers = home.readers.filter((r) => r !== take);
        try {
          resolve(copy(buffer));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      home.readers = [...home.readers, take];
      void pool.finished(home.written + 1).then(() => home.readers.includes(take) && take());
    });
  };
  const write = (dtype: DType, data: HostArray): WasmBuffer => {
    const home = memory.create(data.length * storedBytes(dtype));
    memory.view(home).set(bytesInMemory(dtype, data));
    memory.unpin(home);
    return new WasmBuffer(dtype, data.length, home);
  };
  const device: Device = {
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
    overheadBytes: 0,
    lost: null,
    runsAhead: pool?.ahead ?? false,
    read,
    readSync,
    free: (buffer) => memory.release(homeOf(buffer).claim),
    finalizer: (buffer) => {
      const { claim } = homeOf(buffer);
      return () => memory.release(claim);
    },
    hostCall: (inputs, outputs, f) => hostCallAtOnce({ readSync, write }, inputs, outputs, f),
    load: (program) => new WasmExecutable(program, shared),
    traffic: null,
    tune: null,
    memory: () => memory.report(),
    close: () => pool?.close() ?? Promise.resolve(),
  };
  const settle = (): Promise<void> => pool?.finished() ?? Promise.resolve();
  const shared: Shared = {
    memory,
    workspace,
    pool,
    sharing,
    features,
    device: () => ({ ...device, read: readSync, settle }),
  };
  return device;
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
      const pool = new Pool(memory.memory, threads, options.ahead ?? !maySleep());
      if (pool.ahead) memory.follow(pool);
      return { memory, pool };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { memory: new LinearMemory({ ...options, shared: false }), pool: null };
}
