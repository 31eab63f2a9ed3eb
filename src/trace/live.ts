import type { Device, DeviceName } from '../kernel/device.ts';
import { OutOfMemoryError } from '../kernel/device.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Aval, Shape } from './aval.ts';
import { showAval } from './aval.ts';

/** Arrays of one type on one device that hold memory there. */
export interface LiveArrays {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: DeviceName;
  readonly count: number;
  /** Of all of them together. */
  readonly bytes: number;
}

/** How many there are of a type; it holds none of them. */
export interface Tally {
  readonly device: Device;
  readonly aval: Aval;
  /** Bytes of each. */
  readonly each: number;
  count: number;
}

const tallies = new Map<Device, Map<Aval, Tally>>();

/** Counts an array. */
export function countArray(device: Device, aval: Aval, bytes: number): Tally {
  let ofDevice = tallies.get(device);
  if (ofDevice === undefined) tallies.set(device, (ofDevice = new Map<Aval, Tally>()));
  let tally = ofDevice.get(aval);
  if (tally === undefined) ofDevice.set(aval, (tally = { device, aval, each: bytes, count: 0 }));
  tally.count += 1;
  return tally;
}

/** Counts an array as gone. */
export function uncountArray(tally: Tally): void {
  tally.count -= 1;
  if (tally.count === 0) tallies.get(tally.device)?.delete(tally.aval);
}

/**
 * The arrays that hold memory on devices at present, by type, those that take most first. An array counts until it is
 * disposed of, donated, or collected as garbage, which happens some time after nobody holds it any more.
 *
 * @example
 * console.table(liveArrays());
 */
export function liveArrays(): readonly LiveArrays[] {
  const byType = new Map<string, LiveArrays>();
  for (const { device, aval, count, each } of [...tallies.values()].flatMap((t) => [...t.values()])) {
    if (device.lost !== null) continue;
    const key = `${device.name} ${showAval(aval)}`;
    const before = byType.get(key) ?? { count: 0, bytes: 0 };
    const { shape, dtype } = aval;
    byType.set(key, {
      shape,
      dtype,
      device: device.name,
      count: before.count + count,
      bytes: before.bytes + count * each,
    });
  }
  return [...byType.values()].sort((a, b) => b.bytes - a.bytes);
}

const mostNamed = 5;

/** Does `work`; where a device has no room for it, the error names the live arrays that take most there. */
export function namingLiveArrays<T>(device: Device, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withLiveArrays(device, error);
  }
}

/** The same for work whose outcome is known later. */
export async function namingLiveArraysLater<T>(device: Device, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withLiveArrays(device, error);
  }
}

function withLiveArrays(device: Device, error: unknown): unknown {
  if (!(error instanceof OutOfMemoryError)) return error;
  const largest = liveArrays().filter((l) => l.device === device.name);
  const named = largest
    .slice(0, mostNamed)
    .map((l) => `${l.count === 1 ? '' : `${l.count} of `}${showAval(l)} (${l.bytes} bytes)`);
  const list = named.length === 0 ? 'no arrays are live there' : `the largest live arrays: ${named.join(', ')}`;
  return new OutOfMemoryError(
    `${error.message}; ${list}. Let go of arrays that are not needed any more (dispose(), or donateArgnums of jit), ` +
      'or work on smaller batches.',
    { cause: error },
  );
}
