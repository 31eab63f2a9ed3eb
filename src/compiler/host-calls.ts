import type { Device } from '../kernel/device.ts';
import { UnsupportedOnDeviceError } from '../kernel/device.ts';
import { withoutDeadCode } from '../trace/dead-code.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { withTrace } from '../trace/context.ts';
import { ReadError } from '../trace/errors.ts';
import type { HostFunction } from '../trace/host-call.ts';
import { callsHost, hostFunctionOf } from '../trace/host-call.ts';
import { readAtom } from '../trace/interpret.ts';
import type { Atom, Equation, Jaxpr } from '../trace/jaxpr.ts';
import { subJaxprs, Var } from '../trace/jaxpr.ts';
import type { NDArray } from '../trace/value.ts';
import { at, zipExact } from '../util/array.ts';
import { InternalError } from '../util/error.ts';
import { withOrigin } from '../util/origin.ts';
import { inlineCalls } from './flatten.ts';

/**
 * Functions that call the host. Such a Jaxpr is cut into parts: a program that computes all that does not wait for a
 * host call, those calls, the next program, and so on. A call without results (printing) does not cut: its operands
 * become further results of the program before it. Host calls run in the order of the user's program, each once.
 *
 * Loops and branches that call the host are interpreted by the host, operation by operation.
 */

/** A program and the host calls that follow it. */
interface Part {
  /** Without constants. */
  readonly jaxpr: Jaxpr;
  /** The variables that the program needs. */
  readonly reads: readonly Var[];
  /** Those that it gives to what follows: its first results. The last program's others are the whole's. */
  readonly made: readonly Var[];
  readonly calls: readonly Equation[];
}

const parts = new WeakMap<Jaxpr, readonly Part[]>();

/** The programs that a Jaxpr without constants is made of: itself, unless it calls the host. */
export const programsOf = (jaxpr: Jaxpr): readonly Jaxpr[] =>
  callsHost(jaxpr) ? partsOf(jaxpr).map((p) => p.jaxpr) : [jaxpr];

function partsOf(jaxpr: Jaxpr): readonly Part[] {
  let cut = parts.get(jaxpr);
  if (cut === undefined) parts.set(jaxpr, (cut = cutAtCalls(jaxpr)));
  return cut;
}

/** Which part an equation belongs to: the first that has all of its operands; host calls keep their order. */
function cutAtCalls(jaxpr: Jaxpr): readonly Part[] {
  const flat = withoutDeadCode(inlineCalls(jaxpr));
  const ready = new Map<Atom, number>();
  const programs: Equation[][] = [[]];
  const calls: Equation[][] = [[]];
  let lastCall = 0;
  const put = (into: Equation[][], part: number, e: Equation): void => {
    while (programs.length <= part) {
      programs.push([]);
      calls.push([]);
    }
    (into[part] as Equation[]).push(e);
  };
  for (const e of flat.equations) {
    const part = Math.max(0, ...e.inputs.map((a) => ready.get(a) ?? 0));
    const call = isHostCall(e);
    if (call) lastCall = Math.max(part, lastCall);
    put(call ? calls : programs, call ? lastCall : part, e);
    e.outputs.forEach((v) => ready.set(v, call ? lastCall + 1 : part));
  }
  // What comes from a last call is handed on by one more program.
  const last = Math.max(programs.length - 1, ...flat.outputs.map((a) => ready.get(a) ?? 0));
  while (programs.length <= last) {
    programs.push([]);
    calls.push([]);
  }
  return programs.map((equations, i) => {
    const later = [...calls.slice(i).flat(), ...programs.slice(i + 1).flat()].flatMap((e) => e.inputs);
    const wanted = new Set<Atom>(i < last ? [...later, ...flat.outputs] : later);
    const made = equations.flatMap((e) => e.outputs).filter((v) => wanted.has(v));
    const gives = i < last ? made : [...made, ...flat.outputs];
    const own = new Set<Atom>(equations.flatMap((e) => e.outputs));
    const read = [...equations.flatMap((e) => e.inputs), ...gives];
    const reads = [...new Set(read.filter((a): a is Var => a instanceof Var && !own.has(a)))];
    return { jaxpr: { constants: [], inputs: reads, equations, outputs: gives }, reads, made, calls: at(calls, i) };
  });
}

const isHostCall = (e: Equation): boolean => hostFunctionOf(e.params) !== null || subJaxprs(e.params).some(callsHost);

/** Runs one program; what the runtime does with a Jaxpr that does not call the host. */
type Run = (jaxpr: Jaxpr, inputs: readonly NDArray[]) => readonly NDArray[];

/** Runs a Jaxpr that calls the host, without constants, on concrete arrays. */
export function executeInParts(
  jaxpr: Jaxpr,
  inputs: readonly NDArray[],
  run: Run,
  standard: Device,
): readonly NDArray[] {
  const values = new Map<Var, NDArray>(zipExact(jaxpr.inputs, inputs));
  const passing: NDArray[] = [];
  let outputs: readonly NDArray[] = [];
  partsOf(jaxpr).forEach((part) => {
    const given = part.jaxpr.outputs.length === 0 ? [] : run(part.jaxpr, part.reads.map((v) => readAtom(values, v))); // prettier-ignore
    const hidden = part.made.length;
    given.slice(0, hidden).forEach((x, k) => {
      values.set(at(part.made, k), x);
      passing.push(x);
    });
    outputs = given.slice(hidden);
    for (const e of part.calls) {
      const operands = e.inputs.map((a) => readAtom(values, a));
      const host = hostFunctionOf(e.params);
      const results = host === null ? interpret(e, operands) : callHost(host, operands, standard);
      if (host !== null) passing.push(...results);
      for (const [v, x] of zipExact(e.outputs, results)) values.set(v, x);
    }
  });
  for (const x of passing) if (x instanceof ConcreteArray) x.dispose();
  return outputs;
}

/** Runs a loop or a branch that calls the host, one operation after the other. */
function interpret(e: Equation, operands: readonly NDArray[]): readonly NDArray[] {
  const { derivative, name } = e.primitive;
  if (derivative.kind !== 'structural') throw new InternalError(`${name} holds Jaxprs, but is not structural`);
  const { rules } = derivative;
  try {
    return withOrigin(e.origin ?? null, () => rules.evaluate(operands, e.params));
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    throw new UnsupportedOnDeviceError(
      `${name} with a callback in it runs step by step on the host, which has to read whether to go on, and arrays on ` +
        'this device can be read asynchronously only. Take the callback out of it, use scan or foriLoop with fixed ' +
        'bounds, or a CPU device (wasm, reference)',
      { cause: error },
    );
  }
}

// ---------------------------------------------------------------------------------------------------- one call

/** Host calls that have not been made yet, on devices that work while the host goes on. */
const pending = new Set<Promise<void>>();

/**
 * Calls a host function with concrete arrays, in the order of what their device does.
 *
 * @param standard the device whose order counts where all operands are on the host.
 */
export function callHost(host: HostFunction, operands: readonly NDArray[], standard: Device): readonly NDArray[] {
  const arrays = operands.map((x) => {
    if (x instanceof ConcreteArray) return x;
    throw new InternalError(`a tracer reached the host function ${host.name}`);
  });
  // User code: nobody's transformation, nobody's line.
  const call = (ins: readonly NDArray[]): readonly NDArray[] =>
    withTrace(null, () => withOrigin(null, () => host.call(ins)));
  const own = arrays.find((a) => a.device !== null)?.device ?? null;
  if (own === null && standard.readSync !== null) return call(arrays);
  const device = own ?? standard;
  const { outputs, done } = device.hostCall(
    arrays.map((a) => a.bufferOn(device)),
    host.results.map((a) => ({ dtype: a.dtype, length: a.shape.reduce((n, m) => n * m, 1) })),
    (data) => call(data.map((d, i) => ConcreteArray.fromHost(at(arrays, i).aval, d))).map((x) => x.dataSync()),
  );
  if (done !== null) {
    // An error of a call with results is told by whoever reads them.
    const heard = host.results.length === 0 ? done : done.catch(() => undefined);
    const settled = heard.finally(() => pending.delete(settled));
    pending.add(settled);
  }
  return zipExact(host.results, outputs).map(([a, buffer]) => ConcreteArray.fromDevice(a, device, buffer));
}

/**
 * Waits until every callback of the calls made so far has run: on devices that work while the host goes on (webgpu),
 * `debug.print` prints later than the call returns.
 *
 * @example
 * jit((x: NDArray) => (debug.print('the sum is {}', x.sum()), x.mul(2)))(np.ones([3]));
 * await effectsBarrier(); // now it has been printed
 */
export async function effectsBarrier(): Promise<void> {
  await Promise.all(pending);
}
