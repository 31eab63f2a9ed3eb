import { startDevice } from '../compiler/runtime.ts';
import type { Device, DeviceName } from '../kernel/device.ts';
import { DeviceUnavailableError, UnsupportedOnDeviceError } from '../kernel/device.ts';
import type { NDArray } from '../trace/value.ts';
import { checkArguments } from './arguments.ts';
import { blameForDevice } from './blame.ts';
import { amplified, brokenLaw, optionsText } from './broken-law.ts';
import { differentArrays } from './derivatives.ts';
import type { Fn, Subject } from './subject.ts';
import { movable, on, onHost, subjectOf } from './subject.ts';
import type { CompareOptions } from './tolerance.ts';
import { toleranceOf } from './tolerance.ts';

/** What {@link checkBackends} compares. */
export interface CheckBackendsOptions extends CompareOptions {
  /** Default all that are at hand. */
  readonly devices?: readonly DeviceName[];
}

/** On which devices a function was run. */
export interface BackendsReport {
  /** Those that agree with the reference. */
  readonly devices: readonly DeviceName[];
  /** Why others were left out: they are not here, or lack a dtype. */
  readonly skipped: Readonly<Partial<Record<DeviceName, string>>>;
}

const others: readonly DeviceName[] = ['wasm', 'webgpu'];

/**
 * Checks that a function gives the same on all devices at hand as on the reference, an interpreter that does each operation
 * by the book. Devices are started for it; the default device stays what it is.
 *
 * @returns which devices agree, and why others were left out.
 * @throws BrokenLawError that names the operation that a device computes differently, and has a test to paste.
 * @throws DeviceUnavailableError when a device that `devices` names can't be had.
 * @example
 * const { devices } = await checkBackends((x: NDArray) => np.cumsum(np.tanh(x)), [np.array([1, 2, 3])]);
 */
export async function checkBackends<A extends readonly unknown[]>(
  f: Fn<A>,
  args: A,
  { tolerance, devices }: CheckBackendsOptions = {},
): Promise<BackendsReport> {
  checkArguments('checkBackends', f, args, { tolerance, devices });
  const reference = await startDevice('reference');
  const here = await movable(await subjectOf(f, args, reference));
  const expected = on(reference, () => here.run(...here.xs));
  const [agreeing, skipped]: [DeviceName[], Partial<Record<DeviceName, string>>] = [[], {}];
  for (const name of devices?.filter((d) => d !== 'reference') ?? others) {
    try {
      await agrees(await startDevice(name), here, f, args, expected, tolerance);
      agreeing.push(name);
    } catch (error) {
      const missing = error instanceof DeviceUnavailableError && devices === undefined;
      if (!missing && !(error instanceof UnsupportedOnDeviceError)) throw error;
      skipped[name] = error.message;
    }
  }
  return { devices: agreeing, skipped };
}

async function agrees<A extends readonly unknown[]>(
  device: Device,
  here: Subject,
  f: Fn<A>,
  args: A,
  expected: readonly NDArray[],
  tolerance: number | undefined,
): Promise<void> {
  const there = await movable(await subjectOf(f, args, device));
  const near = (x: NDArray): number => tolerance ?? Math.max(toleranceOf(x.dtype, device.name), leastTolerance(x));
  const why = await differentArrays(on(device, () => there.run(...there.xs)), expected, near); // prettier-ignore
  if (why === null) return;
  const options = optionsText({ tolerance, devices: [device.name] });
  throw await brokenLaw({
    check: 'checkBackends',
    subject: here,
    fault: `${device.name} gives something else than the reference: ${why}`,
    blame: await blameForDevice(here.run, here.xs, [here.device, device], (x) => onHost(x), near),
    options,
    alone: { check: 'checkBackends', options },
    otherwise: amplified,
  });
}

/** The reference computes in f64 and rounds once, devices round f32 at every step. */
const leastTolerance = (x: NDArray): number => (x.dtype === 'f32' ? 1e-4 : 0);
