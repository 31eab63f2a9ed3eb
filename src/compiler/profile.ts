import type { Device, KernelTiming } from '../kernel/device.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import type { NDArray } from '../trace/value.ts';
import { compile } from './compile.ts';
import { blockUntilReady } from './devices.ts';
import { callsHost } from '../trace/host-call.ts';
import { executeInParts } from './host-calls.ts';
import { bytesOf, flopsOf, runsOf } from './report.ts';
import { concreteArrays, deviceOf, execute, executableFor } from './runtime.ts';

/** What one kernel took in a call of a function. */
export interface KernelProfile {
  /** Its name in `asText('kernels')` and in the device's code. */
  readonly name: string;
  /** The operations that it came from. */
  readonly source: string;
  /** How often it ran; where data decide how often a loop turns and the device can't tell, as for one trip. */
  readonly dispatches: number;
  /** On the device, of all its dispatches together; null where the device has no clock for that. */
  readonly microseconds: number | null;
  /** Floating-point operations of all its dispatches; a transcendental counts as one. */
  readonly flops: number;
  /** Bytes that all its dispatches read and write, each operand once a dispatch. */
  readonly bytesMoved: number;
}

/** Where the time of one call of a function goes. */
export interface Profile {
  /** For people: the device. */
  readonly device: string;
  /** From the call until all results are there, by the clock on the wall, with nothing to compile any more. */
  readonly microseconds: number;
  /** In the order in which they first ran. */
  readonly kernels: readonly KernelProfile[];
}

/** Profiles a Jaxpr without constants on concrete arrays, which stay as they are. It is called several times. */
export async function profileCall(
  name: string,
  jaxpr: Jaxpr,
  inputs: readonly NDArray[],
  on: Device | null,
): Promise<Profile> {
  const arrays = concreteArrays(inputs);
  const device = on ?? deviceOf(arrays);
  await settled(execute(name, jaxpr, arrays, [], device));
  const start = performance.now();
  await settled(execute(name, jaxpr, arrays, [], device));
  const microseconds = (performance.now() - start) * 1000;
  return { device: device.description, microseconds, kernels: await kernelProfiles(name, jaxpr, arrays, device) };
}

async function settled(results: readonly NDArray[]): Promise<void> {
  await blockUntilReady(results);
  results.forEach((r) => r.concrete()?.dispose());
}

async function kernelProfiles(
  name: string,
  jaxpr: Jaxpr,
  arrays: readonly ConcreteArray[],
  device: Device,
): Promise<readonly KernelProfile[]> {
  const timings: Promise<readonly KernelTiming[]>[] = [];
  const run = (part: Jaxpr, ins: readonly NDArray[]): readonly NDArray[] => {
    const timing = timingsOf(name, part, concreteArrays(ins), device);
    timing.catch(() => undefined); // told below, unless something else is told before
    timings.push(timing);
    return execute(name, part, ins, [], device);
  };
  await settled(callsHost(jaxpr) ? executeInParts(jaxpr, arrays, run, device) : run(jaxpr, arrays));
  return (await Promise.all(timings)).flat().map(profileOf);
}

function timingsOf(
  name: string,
  jaxpr: Jaxpr,
  arrays: readonly ConcreteArray[],
  device: Device,
): Promise<readonly KernelTiming[]> {
  const executable = executableFor(name, jaxpr, device, []);
  if (executable.timed !== null) return executable.timed(arrays.map((a) => a.bufferOn(device)));
  const runs = runsOf(compile(name, jaxpr, device.target));
  return Promise.resolve(runs.map(({ kernel, times }) => ({ kernel, dispatches: times, microseconds: null })));
}

function profileOf({ kernel, dispatches, microseconds }: KernelTiming): KernelProfile {
  if (kernel === null) {
    const source = 'whether a loop goes on, and which branch is taken';
    return { name: 'control', source, dispatches, microseconds, flops: 0, bytesMoved: 0 };
  }
  const { name, source } = kernel;
  const [flops, bytesMoved] = [dispatches * flopsOf(kernel), dispatches * bytesOf(kernel)];
  return { name, source, dispatches, microseconds, flops, bytesMoved };
}
