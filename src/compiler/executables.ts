import type { Device, Executable } from '../kernel/device.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';

/** An executable that is remembered, and how it is forgotten. */
interface Entry {
  readonly device: Device;
  readonly executable: Executable;
  readonly forget: () => void;
}

type ByDevice = Map<Device, Map<string, Entry>>;

/**
 * The executables of Jaxprs on devices, at most `capacity` of them: the least recently used gives up what it holds on its
 * device and is compiled again if it should be needed. So a loop that makes new functions all the time, or calls one with
 * ever new shapes, stays within bounds, also where it is synchronous and no finalizer runs. Where they do run, the
 * executables of a Jaxpr that nobody holds any more go at once.
 */
export class Executables {
  private readonly capacity: number;
  private readonly byJaxpr = new WeakMap<Jaxpr, ByDevice>();
  /** Least recently used first. Entries know nothing of their Jaxprs, which would keep these alive. */
  private readonly recent = new Set<Entry>();
  private readonly dropped = new FinalizationRegistry<ByDevice>((byDevice) => this.freeAll(byDevice));

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** How many there are. */
  get size(): number {
    return this.recent.size;
  }

  /** The executable of a Jaxpr on a device, by a key for what else it depends on; `make` compiles it. */
  get(jaxpr: Jaxpr, device: Device, key: string, make: () => Executable): Executable {
    const byKey = this.keysOf(jaxpr, device);
    const found = byKey.get(key);
    if (found !== undefined) {
      this.recent.delete(found);
      this.recent.add(found);
      return found.executable;
    }
    const entry: Entry = { device, executable: make(), forget: () => byKey.delete(key) };
    byKey.set(key, entry);
    this.recent.add(entry);
    for (const oldest of this.recent) {
      if (this.recent.size <= this.capacity) break;
      this.free(oldest);
    }
    return entry.executable;
  }

  /** Forgets those of one device. */
  clearOf(device: Device): void {
    for (const entry of [...this.recent]) if (entry.device === device) this.free(entry);
  }

  /** Forgets all of them. */
  clear(): void {
    for (const entry of this.recent) this.free(entry);
  }

  private keysOf(jaxpr: Jaxpr, device: Device): Map<string, Entry> {
    let byDevice = this.byJaxpr.get(jaxpr);
    if (byDevice === undefined) {
      this.byJaxpr.set(jaxpr, (byDevice = new Map<Device, Map<string, Entry>>()));
      this.dropped.register(jaxpr, byDevice);
    }
    let byKey = byDevice.get(device);
    if (byKey === undefined) byDevice.set(device, (byKey = new Map<string, Entry>()));
    return byKey;
  }

  private freeAll(byDevice: ByDevice): void {
    for (const byKey of byDevice.values()) for (const entry of [...byKey.values()]) this.free(entry);
  }

  private free(entry: Entry): void {
    if (!this.recent.delete(entry)) return;
    entry.forget();
    entry.executable.free();
  }
}
