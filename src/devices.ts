/** The devices there are, and how they start. */
import { loadedWasm, loadedWebGpu, loadWasm, loadWebGpu } from './backends-now.ts';
import { devicePut as putOn } from './compiler/devices.ts';
import {
  defaultDevice as currentDefault,
  forgetCompiled,
  installDefaultDevice,
  installDevices,
  setDefaultDevice,
} from './compiler/runtime.ts';
import type { Device, DeviceLostError, DeviceName, MemoryReport } from './kernel/device.ts';
// Arrays have their methods from it, whichever entry is imported.
import './numpy/index.ts';
import { ArgumentError } from './trace/errors.ts';
import { installSpelling } from './transforms/stages.ts';
import { renderLazily } from './display/show.ts';
import { installDisplay } from './util/display.ts';

/** A device as users see it. */
export interface DeviceInfo {
  readonly name: DeviceName;
  /** For people: the adapter, or the number of threads and the instructions that are used. */
  readonly description: string;
  readonly threads: number;
  /** What it holds at present. */
  memory(): MemoryReport;
  /** Why it can't be used any more, such as a reset of the GPU's driver; null as long as it can. */
  readonly lost: DeviceLostError | null;
}

/** Options of {@link init}. */
export interface InitOptions {
  /** Default `wasm`. */
  readonly device?: DeviceName;
  /**
   * How many threads the wasm device runs programs on, the calling one included: by default as many as the computer runs
   * at once. With 1 its memory is an ordinary one. Where threads can't share memory (pages that are not cross-origin
   * isolated) there is one, whatever is asked for; the device's `threads` says how many there are.
   */
  readonly threads?: number;
  /**
   * Where the webgpu device keeps what `tune` has measured: the path of a JSON file in Node and Deno, the name of a
   * database in browsers. By default a file in the user's folder for caches, or the database `pullback`; null keeps
   * nothing.
   */
  readonly tuning?: string | null;
}

type WasmDevice = ReturnType<ReturnType<typeof loadedWasm>['createWasmDevice']>;

/** One for the process: it starts by itself when the first array needs a device. */
let wasm: { readonly device: WasmDevice; readonly asked: number | undefined } | null = null;

function wasmDevice(asked?: number): WasmDevice {
  wasm ??= { device: loadedWasm().createWasmDevice(asked === undefined ? {} : { threads: asked }), asked };
  const { device } = wasm;
  if (asked !== undefined && asked !== wasm.asked && asked !== device.threads) {
    throw new ArgumentError(
      `init({ threads: ${asked} }): the wasm device has started already, with threads: ${wasm.asked ?? device.threads}, ` +
        'and keeps that number. Call init before anything makes an array.',
    );
  }
  return device;
}

const started = new Map<DeviceName, Promise<Device>>();
/** Those that have come up. */
const running = new Map<DeviceName, Device>();

const factories: { readonly [D in DeviceName]: () => Promise<Device> } = {
  reference: async () => (await import('./backends/reference/device.ts')).createReferenceDevice(),
  wasm: async () => {
    await loadWasm();
    return wasmDevice();
  },
  webgpu: async () => (await loadWebGpu()).startWebGpu(tuning),
};

/** Where the webgpu device keeps what it has measured; undefined for the usual place. */
let tuning: string | null | undefined;

function start(name: DeviceName): Promise<Device> {
  const before = running.get(name);
  if (before !== undefined && before.lost !== null) {
    started.delete(name);
    running.delete(name);
    forgetCompiled(before);
  }
  let device = started.get(name);
  if (device === undefined) {
    device = factories[name]();
    started.set(name, device);
    // A device that could not be had may be there at the next try.
    void device.then(
      (d) => running.set(name, d),
      () => started.delete(name),
    );
  }
  return device;
}

/**
 * Starts a device, makes it the one that new arrays go to, and describes it. Without it, `wasm` starts by itself when
 * it is first needed; applications that are bundled for browsers call `init` first, which fetches the parts of the device.
 *
 * A GPU can be lost: its driver is reset, the adapter goes away, the computer sleeps. All that waits for it then fails
 * with a {@link DeviceLostError}, and so do later calls. Another `init` starts a new device. Functions are compiled anew
 * for it, and arrays that have their elements on the host go on there: those that no program has used yet, and those made
 * of at most 16 numbers. What was computed, or moved to the device, is gone with it, so a long training run reads its
 * parameters from time to time (`await x.data()`, or `data.saveSafetensors`) and makes arrays of them again
 * (`np.array(…)`).
 *
 * @throws DeviceUnavailableError when the device can't be had here; the message says what is missing.
 * @throws ArgumentError for options that can't be, or are not those of the device that has started already.
 * @example
 * const device = await init({ device: 'webgpu' });
 * console.log(device.description);
 * @example
 * try {
 *   await trainFor(100);
 * } catch (error) {
 *   if (!(error instanceof DeviceLostError)) throw error;
 *   await init({ device: 'webgpu' });
 *   await restore();
 * }
 */
export async function init({ device = 'wasm', threads, tuning: place }: InitOptions = {}): Promise<DeviceInfo> {
  if (threads !== undefined) {
    requireThreads(device, threads, (await loadWasm()).maxThreads);
    wasmDevice(threads);
  }
  if (place !== undefined) {
    requireTuning(device, place);
    tuning = place;
  }
  const made = await start(device);
  setDefaultDevice(made);
  return made;
}

function requireThreads(device: DeviceName, threads: number, maxThreads: number): void {
  if (device !== 'wasm') {
    throw new ArgumentError(`init({ device: '${device}', threads: ${threads} }): only the wasm device takes threads`);
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads) {
    throw new ArgumentError(`init({ threads: ${threads} }): needs a whole number from 1 to ${maxThreads}`);
  }
}

function requireTuning(device: DeviceName, place: string | null): void {
  if (device !== 'webgpu') {
    throw new ArgumentError(`init({ device: '${device}', tuning: … }): only the webgpu device keeps measurements`);
  }
  if (place === '') throw new ArgumentError("init({ tuning: '' }): needs the path of a file, or null to keep nothing");
  const before = started.has('webgpu') && running.get('webgpu')?.lost === null;
  if (before && place !== tuning) {
    throw new ArgumentError(
      `init({ tuning: ${String(place)} }): the webgpu device has started already, with ` +
        `${tuning === undefined ? 'the usual place' : String(tuning)}, and keeps that`,
    );
  }
}

/**
 * The device that new arrays go to.
 *
 * @example
 * console.log(defaultDevice().memory().liveBytes);
 */
export const defaultDevice = (): DeviceInfo => currentDefault();

/**
 * The devices that have been started.
 *
 * @example
 * const names = (await devices()).map((d) => d.name);
 */
export const devices = async (): Promise<readonly DeviceInfo[]> =>
  (await Promise.all(started.values())).filter((d) => d.lost === null);

/**
 * Copies every array of a tree to a device (default: the default device).
 *
 * @throws DeviceUnavailableError when the device can't be had here.
 * @example
 * const moved = await devicePut({ w: np.ones([3]) }, 'reference');
 */
export const devicePut = async <T>(value: T, device?: DeviceName): Promise<T> =>
  putOn(value, device === undefined ? currentDefault() : await start(device));

installDisplay(renderLazily);
installDefaultDevice(() => wasmDevice());
installDevices((name) => running.get(name) ?? (name === 'wasm' ? wasmDevice() : null), start);
installSpelling((form, name, jaxpr, donated) =>
  form === 'wgsl'
    ? loadedWebGpu().spellWgsl(name, jaxpr, donated)
    : loadedWasm().spellWasm(wasmDevice(), name, jaxpr, donated),
);
