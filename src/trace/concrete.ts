import type { Device, DeviceBuffer } from '../kernel/device.ts';
import { DeviceLostError, UnsupportedOnDeviceError } from '../kernel/device.ts';
import type { HostArray } from '../kernel/dtype.ts';
import type { Displayable, MimeBundle } from '../util/display.ts';
import { displayed, jupyterDisplay } from '../util/display.ts';
import { macrotask } from '../util/macrotask.ts';
import { notePressure, noteRelief } from '../util/pressure.ts';
import type { Aval } from './aval.ts';
import { showAval } from './aval.ts';
import { ArgumentError, DeletedArrayError, ReadError } from './errors.ts';
import type { Tally } from './live.ts';
import { countArray, namingLiveArrays, namingLiveArraysLater, uncountArray } from './live.ts';
import { NDArray, nest } from './value.ts';

/** Storage on a device. */
interface Storage {
  readonly device: Device;
  readonly buffer: DeviceBuffer;
}

/** Frees the storage of arrays that are gone. It must not hold their buffers: see {@link Device.finalizer}. */
const reclaimer = new FinalizationRegistry<() => void>((free) => free());

/** Arrays up to this many elements keep their host copy: scalars become literals, small reads cost nothing. */
const keepOnHost = 16;

/** Finalizers only run between macrotasks: a loop that awaits reads must let one happen from time to time. */
const readsPerMacrotask = 8;
let reads = 0;

/**
 * An array that holds numbers: on the host, on a device, or both. Host data moves to a device when a program first
 * needs it there.
 */
export class ConcreteArray extends NDArray implements Displayable {
  readonly aval: Aval;
  private host: HostArray | null;
  private storage: Storage | null;
  private deleted: (() => string) | null = null;
  /** Where the storage is counted. */
  private tally: Tally | null = null;

  private constructor(aval: Aval, host: HostArray | null, storage: Storage | null) {
    super();
    this.aval = aval;
    this.host = host;
    this.storage = storage;
    if (storage !== null) this.watch(storage);
  }

  /** An array of host data, which the array owns from now on. */
  static fromHost(aval: Aval, data: HostArray): ConcreteArray {
    return new ConcreteArray(aval, data, null);
  }

  /** An array that owns a device buffer from now on. */
  static fromDevice(aval: Aval, device: Device, buffer: DeviceBuffer): ConcreteArray {
    return new ConcreteArray(aval, null, { device, buffer });
  }

  override concrete(): this {
    return this;
  }

  /** Where the array lives, or null while it is only on the host. */
  get device(): Device | null {
    this.leaveLostDevice();
    return this.storage?.device ?? null;
  }

  /** The device that it can't leave by itself: small arrays have their elements on the host as well. */
  get boundTo(): Device | null {
    return this.host === null ? this.device : null;
  }

  /** A copy of the elements if they are on the host, as those of small arrays are, else null. */
  onHost(): HostArray | null {
    return this.host?.slice() ?? null;
  }

  /** The value of a scalar whose data is on the host, else null. */
  literal(): number | null {
    return this.host !== null && this.aval.shape.length === 0 ? (this.host[0] as number) : null;
  }

  /** The array's buffer on `device`, moved there from the host if need be. */
  bufferOn(device: Device): DeviceBuffer {
    this.requireAlive();
    this.leaveLostDevice();
    if (this.storage !== null && this.storage.device === device) return this.storage.buffer;
    if (this.storage === null || this.host !== null) {
      if (!device.target.dtypes.has(this.dtype)) {
        throw new UnsupportedOnDeviceError(
          `${device.name} has no ${this.dtype}: ${showAval(this.aval)} can't be put there; cast it first (x.astype('f32'))`,
        );
      }
      if (this.storage !== null) this.release(this.storage);
      const host = this.host as HostArray;
      const storage = { device, buffer: namingLiveArrays(device, () => device.write(this.dtype, host)) };
      this.storage = storage;
      this.watch(storage);
      if (this.size > keepOnHost) this.host = null;
      return storage.buffer;
    }
    throw new ArgumentError(
      `${showAval(this.aval)} is on ${this.storage.device.name}, but is used on ${device.name}: move it with devicePut`,
    );
  }

  /** A copy of the elements. */
  async read(): Promise<HostArray> {
    this.requireAlive();
    if (++reads % readsPerMacrotask === 0) await macrotask();
    if (this.host !== null) return this.host.slice();
    this.leaveLostDevice();
    const { device, buffer } = this.storage as Storage;
    return namingLiveArraysLater(device, () => device.read(buffer));
  }

  /** A copy of the elements at once. */
  readSync(): HostArray {
    this.requireAlive();
    if (this.host !== null) return this.host.slice();
    const { device, buffer } = this.storage as Storage;
    if (device.readSync === null) {
      throw new ReadError(
        `arrays on ${device.name} can't be read synchronously: use await x.data(), .item() or .tolist()`,
      );
    }
    return device.readSync(buffer);
  }

  /** This array, if it has one element. */
  sizeOne(): this {
    if (this.size !== 1) {
      throw new ArgumentError(
        `only an array with one element can be used as a JS number, not ${showAval(this.aval)}: ` +
          'compute with its methods (x.add(1), x.gt(0)), and reduce a condition (x.gt(0).all())',
      );
    }
    return this;
  }

  /** Gives the array up: its storage now belongs to whoever asked, and using it again is an error saying `why`. */
  donate(why: () => string): void {
    this.requireAlive();
    if (this.storage !== null) this.unwatch();
    this.storage = null;
    this.host = null;
    this.deleted = why;
  }

  /** Frees the storage now instead of when the array is collected. Using the array afterwards is an error. */
  dispose(why: () => string = disposed): void {
    if (this.deleted !== null) return;
    const storage = this.storage;
    this.donate(why);
    storage?.device.free(storage.buffer);
  }

  /** `using x = …` frees at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** As NumPy prints it where data is at hand, else dtype and shape. */
  override toString(): string {
    if (this.deleted !== null) return `Deleted<${showAval(this.aval)}>`;
    const readable = this.host !== null || this.storage?.device.readSync !== null;
    return readable && this.size <= 1000
      ? format(nest(this.readSync(), this.shape, this.dtype), this.dtype === 'f16' ? 4 : 7)
      : `Array<${showAval(this.aval)}>`;
  }

  /** How Node's console shows it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `${showAval(this.aval)} ${this.toString()}`;
  }

  /** How notebooks show it: as a table, a heat map or a picture, by its shape and values. */
  [jupyterDisplay](): Promise<MimeBundle> {
    return displayed.call(this);
  }

  /** Has it been given up, by `dispose` or by donation? */
  isDeleted(): boolean {
    return this.deleted !== null;
  }

  /** Throws unless the array still has its data. */
  requireAlive(): void {
    if (this.deleted !== null)
      throw new DeletedArrayError(`${showAval(this.aval)} can't be used any more: ${this.deleted()}`);
  }

  /** An array that has its elements on the host leaves a device that is lost; any other is lost with it. */
  private leaveLostDevice(): void {
    if (this.storage === null) return;
    const { lost, name } = this.storage.device;
    if (lost === null) return;
    if (this.host === null) {
      throw new DeviceLostError(`${showAval(this.aval)} was on ${name} and is gone with it: ${lost.message}`, {
        cause: lost,
      });
    }
    this.release(this.storage);
    this.storage = null;
  }

  private release({ device, buffer }: Storage): void {
    this.unwatch();
    device.free(buffer);
  }

  private watch({ device, buffer }: Storage): void {
    const free = device.finalizer(buffer);
    const tally = countArray(device, this.aval, buffer.bytes);
    this.tally = tally;
    const reclaim = (): void => {
      free();
      uncountArray(tally);
    };
    reclaimer.register(this, reclaim, this);
    notePressure(weightOf(device, buffer));
  }

  private unwatch(): void {
    reclaimer.unregister(this);
    if (this.tally === null || this.storage === null) return;
    uncountArray(this.tally);
    noteRelief(weightOf(this.storage.device, this.storage.buffer));
    this.tally = null;
  }
}

/** What the collector should take an array for. */
const weightOf = (device: Device, buffer: DeviceBuffer): number => Math.max(buffer.bytes, device.overheadBytes);

const disposed = (): string => 'it was disposed';

/** As many digits as tell a float from its neighbours, or nearly. */
function format(x: unknown, digits: number): string {
  if (Array.isArray(x)) return `[${x.map((e) => format(e, digits)).join(Array.isArray(x[0]) ? ',\n ' : ', ')}]`;
  return typeof x === 'number' && !Number.isInteger(x) ? String(Number(x.toPrecision(digits))) : String(x);
}
