import type { Device, DeviceName, Executable } from '../kernel/device.ts';
import { DeviceUnavailableError, UnsupportedOnDeviceError } from '../kernel/device.ts';
import type { Aval } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { installEvaluator } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import { callsHost, hostFunctionOf } from '../trace/host-call.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { clearInterned } from '../trace/intern.ts';
import { isJaxpr, subJaxprs, Var } from '../trace/jaxpr.ts';
import type { Primitive } from '../trace/primitive.ts';
import { resultTypes } from '../trace/context.ts';
import { namingLiveArrays } from '../trace/live.ts';
import { onClearCaches } from '../trace/switches.ts';
import type { NDArray } from '../trace/value.ts';
import { InternalError } from '../util/error.ts';
import { zipExact } from '../util/array.ts';
import { structuralKey } from '../util/key.ts';
import { captureOrigin, currentOrigin } from '../util/origin.ts';
import { compile } from './compile.ts';
import { Executables } from './executables.ts';
import { checkFinite, checksFinite } from './finite.ts';
import { callHost, executeInParts } from './host-calls.ts';

/** Where programs run when nothing says otherwise. The index installs how to make it; it starts at first use. */
let makeDefault: (() => Device) | null = null;
let defaultOne: Device | null = null;

/** Says which device starts by itself; called once, by the index. */
export function installDefaultDevice(make: () => Device): void {
  makeDefault = make;
}

/** The device that arrays from the host go to; starts it on first use. */
export function defaultDevice(): Device {
  if (defaultOne === null) {
    if (makeDefault === null) {
      throw new DeviceUnavailableError("no device is installed: import 'pullback' itself somewhere, which brings them");
    }
    defaultOne = makeDefault();
  }
  return defaultOne;
}

let atOnce: ((name: DeviceName) => Device | null) | null = null;
let inTime: ((name: DeviceName) => Promise<Device>) | null = null;

/** Says which devices have been started or start at once, and how the others start; called once, by the index. */
export function installDevices(
  find: (name: DeviceName) => Device | null,
  start: (name: DeviceName) => Promise<Device>,
): void {
  atOnce = find;
  inTime = start;
}

/**
 * A device by its name, started if it has not been.
 *
 * @throws DeviceUnavailableError (the promise rejects) when it can't be had here.
 */
export async function startDevice(name: DeviceName): Promise<Device> {
  if (inTime !== null) return inTime(name);
  throw new DeviceUnavailableError("no device is installed: import 'pullback' itself somewhere, which brings them");
}

/**
 * A device by its name.
 *
 * @throws DeviceUnavailableError when it takes time to start and has not been started.
 */
export function deviceNamed(name: DeviceName): Device {
  const device = atOnce?.(name) ?? null;
  if (device !== null) return device;
  throw new DeviceUnavailableError(`${name} has not been started: await init({ device: '${name}' }) first`);
}

/** Makes `device` the default from now on. Arrays on other devices stay where they are. */
export function setDefaultDevice(device: Device): void {
  defaultOne = device;
}

/** More programs than any training loop has; a program holds its code, its constants and its temporaries. */
const compiled = new Executables(1024);

/** Forgets what was compiled for a device; what is called again is compiled anew. */
export const forgetCompiled = (device: Device): void => compiled.clearOf(device);

/** The executable of a Jaxpr on a device; compiled once for each set of donated inputs. */
export function executableFor(name: string, jaxpr: Jaxpr, device: Device, donated: readonly boolean[]): Executable {
  const key = donated.includes(true) ? donated.map(Number).join('') : '';
  return compiled.get(jaxpr, device, key, () => {
    requireDtypes(jaxpr, device);
    return device.load(compile(name, jaxpr, device.target, donated));
  });
}

function requireDtypes(jaxpr: Jaxpr, device: Device): void {
  jaxpr.equations.flatMap((e) => subJaxprs(e.params)).forEach((inner) => requireDtypes(inner, device));
  const results = jaxpr.equations.flatMap((e) => e.outputs);
  const bad = [...jaxpr.inputs, ...results].find((v) => !device.target.dtypes.has(v.aval.dtype));
  if (bad === undefined) return;
  const maker = jaxpr.equations.find((e) => e.outputs.includes(bad))?.primitive.name ?? 'an argument';
  throw new UnsupportedOnDeviceError(
    `${device.name} can't compute in ${bad.aval.dtype}, which ${maker} has (${showAval(bad.aval)}): ` +
      'use f32, or a CPU device (wasm, reference)',
  );
}

/**
 * Compiles (once) and runs a Jaxpr without constants on concrete arrays. Donated inputs are dead afterwards.
 *
 * @param on the device to run on; without it, where the arrays are.
 */
export function execute(
  name: string,
  jaxpr: Jaxpr,
  inputs: readonly NDArray[],
  donated: readonly boolean[] = [],
  on: Device | null = null,
): readonly NDArray[] {
  const arrays = concreteArrays(inputs);
  const device = on ?? deviceOf(arrays);
  const donates = donated.includes(true);
  if (donates) requireSingleUse(name, arrays, donated);
  if (!callsHost(jaxpr) && !checksFinite()) return runProgram(name, jaxpr, arrays, donated, device);
  // The arguments are needed until the end, so nothing is written over them.
  const outs = withDefault(device, () =>
    callsHost(jaxpr)
      ? executeInParts(jaxpr, arrays, (part, ins) => execute(name, part, ins, [], device), device)
      : checkFinite(name, jaxpr, arrays, runProgram(name, jaxpr, arrays, [], device)),
  );
  if (donates) {
    const why = donation(name);
    arrays.forEach((a, i) => donated[i] === true && a.dispose(why));
  }
  return outs;
}

function runProgram(
  name: string,
  jaxpr: Jaxpr,
  arrays: readonly ConcreteArray[],
  donated: readonly boolean[],
  device: Device,
): readonly ConcreteArray[] {
  const inputs = arrays.map((a) => a.bufferOn(device));
  const buffers = namingLiveArrays(device, () => executableFor(name, jaxpr, device, donated).run(inputs));
  if (donated.includes(true)) {
    const why = donation(name);
    arrays.forEach((a, i) => donated[i] === true && a.donate(why));
  }
  return zipExact(jaxpr.outputs, buffers).map(([atom, buffer]) => ConcreteArray.fromDevice(atom.aval, device, buffer));
}

/** Runs `body` with what has no device yet going to `device`, so that what is interpreted stays on one device. */
export function withDefault<T>(device: Device, body: () => T): T {
  const before = defaultOne;
  defaultOne = device;
  try {
    return body();
  } finally {
    defaultOne = before;
  }
}

/** Where a program runs: where arguments are that can't move by themselves, else where any are, else the default. */
export const deviceOf = (arrays: readonly ConcreteArray[]): Device =>
  arrays.find((a) => a.boundTo !== null)?.device ?? arrays.find((a) => a.device !== null)?.device ?? defaultDevice();

/** Says, when somebody asks, to which call arrays were given up. */
function donation(name: string): () => string {
  const origin = currentOrigin() ?? captureOrigin(donation);
  return () => {
    const line = origin.line();
    return `it was donated to ${name} (donateArgnums)${line === null ? '' : ` ${line}`}, which reused its storage`;
  };
}

/** A donated array may be given once only: its storage is written over. */
function requireSingleUse(name: string, arrays: readonly ConcreteArray[], donated: readonly boolean[]): void {
  const uses = new Map<ConcreteArray, number>();
  for (const a of arrays) uses.set(a, (uses.get(a) ?? 0) + 1);
  const twice = arrays.find((a, i) => donated[i] === true && (uses.get(a) ?? 0) > 1);
  if (twice === undefined) return;
  throw new ArgumentError(
    `${name} was given one array of ${showAval(twice.aval)} more than once, and donates it (donateArgnums): ` +
      'its storage would be written while it is still read. Make a copy (x.add(0)) or do not donate it.',
  );
}

/** Arrays as what they are where nothing is being traced. */
export const concreteArrays = (inputs: readonly NDArray[]): readonly ConcreteArray[] => inputs.map(requireConcrete);

function requireConcrete(x: NDArray): ConcreteArray {
  if (x instanceof ConcreteArray) return x;
  throw new InternalError(`a tracer of ${showAval(x.aval)} reached execution`);
}

// ------------------------------------------------------------------------------------- one primitive at a time

/** Single-equation Jaxprs of eager operations, least recently used first. */
const eager = new Map<string, Jaxpr>();
const maxEager = 2048;

function evaluate(primitive: Primitive, inputs: readonly NDArray[], params: unknown): readonly NDArray[] {
  const host = hostFunctionOf(params);
  if (host !== null) return callHost(host, inputs, defaultDevice());
  const whole = wholeJaxpr(params);
  if (whole !== null) return execute(nameOf(params) ?? primitive.name, whole, inputs);
  const avals = inputs.map((x) => x.aval);
  const key = `${primitive.name} ${structuralKey(params)} ${avals.map(signature).join(' ')}`;
  let jaxpr = eager.get(key);
  if (jaxpr === undefined) {
    jaxpr = oneEquation(primitive, avals, params);
    if (eager.size >= maxEager) eager.delete(eager.keys().next().value as string);
  } else {
    eager.delete(key);
  }
  eager.set(key, jaxpr);
  return execute(primitive.name, jaxpr, inputs);
}

const signature = (a: Aval): string => `${showAval(a)}${a.weakType ? '*' : ''}`;

/** The Jaxpr that a call applies, if that is what the parameters say. */
const wholeJaxpr = (params: unknown): Jaxpr | null =>
  typeof params === 'object' && params !== null && 'jaxpr' in params && isJaxpr(params.jaxpr) ? params.jaxpr : null;

const nameOf = (params: unknown): string | null =>
  typeof params === 'object' && params !== null && 'name' in params && typeof params.name === 'string'
    ? params.name
    : null;

function oneEquation(primitive: Primitive, avals: readonly Aval[], params: unknown): Jaxpr {
  const inputs = avals.map((a) => new Var(a));
  const outputs = resultTypes(primitive, avals, params).map((a) => new Var(a));
  return { constants: [], inputs, equations: [{ primitive, params, inputs, outputs }], outputs };
}

installEvaluator(evaluate);
onClearCaches(() => {
  compiled.clear();
  eager.clear();
  clearInterned();
});
