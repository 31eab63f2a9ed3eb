import type { DeviceName } from '../kernel/device.ts';
import { ArgumentError } from '../trace/errors.ts';

/** What every check is given, looked at before it starts. */

/** The options of all checks. */
interface AnyOptions {
  readonly tolerance?: number | undefined;
  readonly step?: number | undefined;
  readonly seed?: number | undefined;
  readonly order?: number | undefined;
  readonly modes?: readonly string[] | undefined;
  readonly devices?: readonly DeviceName[] | undefined;
}

const modes = ['fwd', 'rev'];
const devices: readonly string[] = ['wasm', 'webgpu', 'reference'] satisfies readonly DeviceName[];

/** What an option must be. */
const needs: { readonly [K in keyof AnyOptions]-?: readonly [what: string, holds: (value: unknown) => boolean] } = {
  tolerance: ['a number from 0 on', (x) => isNumber(x) && x >= 0],
  step: ['a number above 0', (x) => isNumber(x) && x > 0],
  seed: ['a whole number', Number.isInteger],
  order: ['a whole number from 1 on', (x) => Number.isInteger(x) && (x as number) >= 1],
  modes: ["a list of 'fwd', 'rev' or both", (x) => isListOf(x, modes)],
  devices: ["a list of 'wasm', 'webgpu', 'reference'", (x) => isListOf(x, devices)],
};

const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);
const isListOf = (x: unknown, members: readonly string[]): boolean =>
  Array.isArray(x) && x.length > 0 && x.every((m) => members.includes(m as string));

/** Throws an ArgumentError unless these can be the function, the arguments and the options of a check. */
export function checkArguments(check: string, f: unknown, args: unknown, options: AnyOptions): void {
  const refuse = (what: string, need: string, got: unknown): never => {
    throw new ArgumentError(`${check}: ${what} must be ${need}, got ${said(got)}`);
  };
  if (typeof f !== 'function') refuse('the first argument', 'the function that is checked', f);
  if (!Array.isArray(args)) refuse('the second argument', 'the list of the function’s arguments', args);
  for (const [name, [need, holds]] of Object.entries(needs)) {
    const value = options[name as keyof AnyOptions];
    if (value !== undefined && !holds(value)) refuse(name, need, value);
  }
}

const said = (x: unknown): string =>
  Array.isArray(x) ? `[${x.map(said).join(', ')}]` : typeof x === 'string' ? `'${x}'` : typeof x === 'object' && x !== null ? `an object of type ${x.constructor.name}` : String(x); // prettier-ignore
