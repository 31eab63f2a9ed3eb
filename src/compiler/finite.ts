import type { HostArray } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { showAval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { bind } from '../trace/context.ts';
import { NonFiniteError } from '../trace/errors.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import type { Equation, Jaxpr } from '../trace/jaxpr.ts';
import { debugInfs, debugNans, explainsNan } from '../trace/switches.ts';
import type { NDArray } from '../trace/value.ts';
import { at, coordinateOf } from '../util/array.ts';
import { userLine, withOrigin } from '../util/origin.ts';

/** The search for NaN and infinities: `debugNans`, `debugInfs`. */

/** Are results to be checked at present? */
export const checksFinite = (): boolean => (debugNans.on || debugInfs.on) && !explainsNan.on;

/** What is looked for, and was found, among some elements. */
interface Finding {
  readonly what: string;
  readonly first: number;
  readonly count: number;
}

function find(data: HostArray, nans: boolean, infs: boolean): Finding | null {
  const bad = (v: number): boolean => (nans && Number.isNaN(v)) || (infs && Math.abs(v) === Infinity);
  const first = data.findIndex(bad);
  if (first < 0) return null;
  return { what: String(data[first]), first, count: Array.from(data).filter(bad).length };
}

/**
 * Checks the results of a program that has just run.
 *
 * @returns the results; on devices that can't be read synchronously, copies that fail when they are read.
 * @throws NonFiniteError that names the first operation, on the user's line.
 */
export function checkFinite(
  name: string,
  jaxpr: Jaxpr,
  inputs: readonly ConcreteArray[],
  outputs: readonly ConcreteArray[],
): readonly ConcreteArray[] {
  const [nans, infs] = [debugNans.on, debugInfs.on];
  if (outputs.some((x) => x.device !== null && x.device.readSync === null)) return checkLater(name, outputs);
  for (const x of outputs) {
    const found = isFloat(x.dtype) ? find(x.readSync(), nans, infs) : null;
    if (found === null) continue;
    const single = soleOperation(jaxpr);
    if (single === null) rerun(jaxpr, inputs);
    throw new NonFiniteError(
      `[${single ?? name}] ${describe(found, x)}` +
        (single === null
          ? '. Run operation by operation, it does not, so the order of the arithmetic matters'
          : inputs.map((y) => describeOperand(y)).join('')),
    );
  }
  return outputs;
}

/** The primitive of a Jaxpr with one equation that holds no further ones. */
function soleOperation({ equations }: Jaxpr): string | null {
  const [e] = equations;
  return e !== undefined && equations.length === 1 && e.primitive.derivative.kind !== 'structural'
    ? e.primitive.name
    : null;
}

function describe({ what, first, count }: Finding, x: NDArray): string {
  const where = x.ndim === 0 ? '' : `, first at [${coordinateOf(first, x.shape).join(', ')}]`;
  return `gave ${what}: ${count} of ${x.size} elements of ${showAval(x.aval)}${where}`;
}

function describeOperand(x: ConcreteArray): string {
  if (!isFloat(x.dtype) || x.size === 0) return `; an operand is ${showAval(x.aval)}`;
  const data = Array.from(x.readSync());
  const range = (): string =>
    `from ${data.reduce((a, b) => Math.min(a, b))} to ${data.reduce((a, b) => Math.max(a, b))}`;
  const bad = data.filter((v) => !Number.isFinite(v)).length;
  return `; an operand is ${showAval(x.aval)} ${bad === 0 ? range() : `with ${bad} elements that are not finite`}`;
}

/** Runs the equations one by one, each checked: throws at the first that gives what is looked for. */
function rerun(jaxpr: Jaxpr, inputs: readonly NDArray[]): void {
  evalJaxpr(jaxpr, [], inputs, (e, operands) => withOrigin(e.origin ?? null, () => runAlone(e, operands)));
}

function runAlone(e: Equation, operands: readonly NDArray[]): readonly NDArray[] {
  const { derivative } = e.primitive;
  return derivative.kind === 'structural'
    ? derivative.rules.evaluate(operands, e.params)
    : bind(e.primitive, operands, e.params);
}

/** Lets the results pass through the host, in the order of the device's work. */
function checkLater(name: string, outputs: readonly ConcreteArray[]): readonly ConcreteArray[] {
  const [nans, infs] = [debugNans.on, debugInfs.on];
  const line = userLine();
  return outputs.map((x) => {
    const { device } = x;
    if (device === null || !isFloat(x.dtype)) return x;
    const { outputs: checked, done } = device.hostCall(
      [x.bufferOn(device)],
      [{ dtype: x.dtype, length: x.size }],
      ([data]) => {
        const found = find(data as HostArray, nans, infs);
        if (found === null) return [data as HostArray];
        throw new NonFiniteError(`[${name}] ${describe(found, x)}${line === null ? '' : `, called ${line}`}`);
      },
    );
    // Whoever reads the result is told.
    done?.catch(() => undefined);
    const passed = ConcreteArray.fromDevice(x.aval, device, at(checked, 0));
    x.dispose();
    return passed;
  });
}
