import type { Device, KernelTiming } from '../kernel/device.ts';
import type { ConcreteArray } from '../trace/concrete.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import type { NDArray } from '../trace/value.ts';
import { compile } from './compile.ts';
import { blockUntilReady } from './devices.ts';
import { callsHost } from '../trace/host-call.ts';
import { executeInParts } from './host-calls.ts';
import { bytesOf, flopsOf, runsOf } from './report.ts';
import { at } from '../util/array.ts';
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
export class Profile {
  /** The function. */
  readonly name: string;
  /** For people: the device. */
  readonly device: string;
  /** From the call until all results are there, by the clock on the wall, with nothing to compile any more. */
  readonly microseconds: number;
  /** In the order in which they first ran. */
  readonly kernels: readonly KernelProfile[];

  constructor(name: string, device: string, microseconds: number, kernels: readonly KernelProfile[]) {
    this.name = name;
    this.device = device;
    this.microseconds = microseconds;
    this.kernels = kernels;
  }

  /**
   * A table, what took longest first: time, share, dispatches, floating-point operations and bytes, and billions of them a
   * second. Shares are of the time in kernels, which the head says, as well as that of the call as a whole.
   */
  toString(): string {
    const total = this.kernels.reduce((sum, k) => sum + (k.microseconds ?? 0), 0);
    const rows = [...this.kernels].sort((a, b) => (b.microseconds ?? 0) - (a.microseconds ?? 0));
    const each = (n: number, { microseconds: us }: KernelProfile): string =>
      us === null || us === 0 || n === 0 ? '' : (n / us / 1000).toFixed(1);
    const lines = rows.map((k) => [
      k.microseconds?.toFixed(1) ?? '',
      k.microseconds === null || total === 0 ? '' : `${((100 * k.microseconds) / total).toFixed(1)} %`,
      String(k.dispatches),
      short(k.flops),
      short(k.bytesMoved),
      each(k.flops, k),
      each(k.bytesMoved, k),
      k.name,
      k.source,
    ]);
    const all = [['µs', 'share', 'dispatches', 'flops', 'bytes', 'GFLOP/s', 'GB/s', 'kernel', 'from'], ...lines];
    const width = (i: number): number => Math.max(...all.map((row) => at(row, i).length));
    const cell = (text: string, i: number): string =>
      i < 7 ? text.padStart(width(i)) : i === 7 ? text.padEnd(width(i)) : text;
    const inKernels = total === 0 ? '' : `${total.toFixed(1)} µs in kernels, `;
    const head = `${this.name} on ${this.device}: ${inKernels}${this.microseconds.toFixed(1)} µs for the whole call`;
    return [head, ...all.map((row) => row.map(cell).join('  ').trimEnd())].join('\n');
  }

  /**
   * The same as a trace in Chrome's JSON format, which Perfetto (ui.perfetto.dev) and chrome://tracing show: the call, and
   * under it the kernels one after the other, each with all its dispatches together.
   */
  trace(): string {
    const event = (name: string, tid: number, ts: number, dur: number, args: object): object => ({ ph: 'X', pid: 1, tid, name, ts, dur, args }); // prettier-ignore
    const named = (name: string, tid: number): object => ({
      ph: 'M',
      pid: 1,
      tid,
      name: 'thread_name',
      args: { name },
    });
    let from = 0;
    const kernels = this.kernels.map(({ name, microseconds, ...args }) => {
      const duration = microseconds ?? 0;
      from += duration;
      return event(name, 2, from - duration, duration, args);
    });
    const traceEvents = [
      { ph: 'M', pid: 1, name: 'process_name', args: { name: this.device } },
      named('call', 1),
      named('kernels', 2),
      event(this.name, 1, 0, this.microseconds, {}),
      ...kernels,
    ];
    return JSON.stringify({ traceEvents, displayTimeUnit: 'ms' });
  }
}

/** A count in at most four digits: `1024`, `4.23M`. */
function short(n: number): string {
  const step = ['', 'k', 'M', 'G', 'T', 'P'].map((unit, i) => ({ unit, size: 1000 ** i }));
  const { unit, size } = step.findLast((s) => n >= s.size && n >= 1e4) ?? { unit: '', size: 1 };
  return size === 1 ? String(n) : `${Number((n / size).toPrecision(3))}${unit}`;
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
  return new Profile(name, device.description, microseconds, await kernelProfiles(name, jaxpr, arrays, device));
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
