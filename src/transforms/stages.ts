import { compile } from '../compiler/compile.ts';
import type { MemoryUse, ProgramCost } from '../compiler/report.ts';
import { programsOf } from '../compiler/host-calls.ts';
import { memoryUse, programCost, totalCost, totalMemory } from '../compiler/report.ts';
import { defaultDevice } from '../compiler/runtime.ts';
import type { Device } from '../kernel/device.ts';
import { printProgram } from '../kernel/print.ts';
import type { Program } from '../kernel/program.ts';
import { structOf } from '../trace/abstract.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { printJaxpr } from '../trace/print.ts';
import { unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { PrintableJaxpr, ShapesOf } from './eval-shape.ts';
import { printable } from './eval-shape.ts';
import type { CachedTrace } from './trace-cache.ts';

/** The stages that a jitted function goes through, for looking into it and for compiling ahead of its first call. */

/** A function that has been traced for arguments of certain types. */
export interface Traced<A extends readonly unknown[], R> {
  /** The traced function, printable with `String(…)`. */
  readonly jaxpr: PrintableJaxpr;
  /** The types of its results. */
  readonly outInfo: ShapesOf<R>;
  lower(): Lowered<A, R>;
}

/** The texts that a {@link Lowered} function can be read as. */
export type LoweredText = 'jaxpr' | 'kernels' | 'wgsl' | 'wasm';

/** What can be known of a function that has been lowered to kernels for a device. */
export interface Inspection {
  /** The traced function, printable with `String(…)`. */
  readonly jaxpr: PrintableJaxpr;
  /** Its kernels and memory plan; the first of several where callbacks cut the function into programs. */
  readonly program: Program;
  /** The function as a Jaxpr, as kernels with the memory plan (the default), as WGSL, or as WebAssembly. */
  asText(form?: LoweredText): string;
  /** Floating-point operations, bytes moved and kernels of one call. */
  costAnalysis(): ProgramCost;
  /** The bytes of arguments, results and temporaries of one call. */
  memoryAnalysis(): MemoryUse;
}

/** A function on its way to a device. */
export interface Lowered<A extends readonly unknown[], R> extends Inspection {
  /** Generates the device's code now. */
  compile(): Compiled<A, R>;
}

/**
 * A function compiled for arguments of certain types. It is called like the original, static arguments included, and
 * never traces: arguments of other types are an error.
 */
export interface Compiled<A extends readonly unknown[], R> extends Inspection {
  (...args: A): R;
}

type Spell = (form: 'wgsl' | 'wasm', name: string, jaxpr: Jaxpr, donated: readonly boolean[]) => string;
let spell: Spell | null = null;

/** Says how programs are spelled as WGSL and Wasm; called once, by the index. */
export function installSpelling(how: Spell): void {
  spell = how;
}

/** A traced function, to be looked into. `compiled` gives what calls it on a device with arguments that it was traced for. */
export function tracedOf<A extends readonly unknown[], R>(
  name: string,
  entry: CachedTrace,
  on: Device | null,
  compiled: (device: Device) => (...args: A) => R,
): Traced<A, R> {
  return {
    jaxpr: printable(entry.closed),
    outInfo: unflatten<ShapesOf<R>>(
      entry.outTree,
      entry.callable.jaxpr.outputs.map((o) => structOf(o.aval)),
    ),
    lower: () => {
      const device = on ?? defaultDevice();
      const inspection = inspect(name, entry, device);
      return withMembers({ compile: () => withMembers(compiled(device), inspection) }, inspection);
    },
  };
}

/** Adds an inspection's members, `program` still made at first use. */
const withMembers = <T extends object>(target: T, inspection: Inspection): T & Inspection =>
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(inspection)) as T & Inspection;

function inspect(name: string, { closed, callable: { jaxpr }, donated }: CachedTrace, device: Device): Inspection {
  const parts = programsOf(jaxpr);
  const given = parts.length === 1 && parts[0] === jaxpr ? donated : [];
  let made: readonly Program[] | null = null;
  const programs = (): readonly Program[] => (made ??= parts.map((p) => compile(name, p, device.target, given)));
  return {
    jaxpr: printable(closed),
    get program() {
      return at(programs(), 0);
    },
    asText: (form = 'kernels') => {
      if (form === 'jaxpr') return printJaxpr(closed.jaxpr);
      if (form === 'kernels') return programs().map(printProgram).join('\n\n');
      if (spell === null) throw new ArgumentError(`no backend is installed that writes ${form}`);
      const write = spell;
      return parts.map((p) => write(form, name, p, given)).join('\n\n');
    },
    costAnalysis: () => totalCost(programs().map(programCost)),
    memoryAnalysis: () => totalMemory(programs().map(memoryUse)),
  };
}
