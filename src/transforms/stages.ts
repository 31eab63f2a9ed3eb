import { compile } from '../compiler/compile.ts';
import type { MemoryUse, ProgramCost } from '../compiler/report.ts';
import { programsOf } from '../compiler/host-calls.ts';
import { memoryUse, programCost, totalCost, totalMemory } from '../compiler/report.ts';
import { defaultDevice } from '../compiler/runtime.ts';
import type { Compilation, Device, Executable } from '../kernel/device.ts';
import { printProgram } from '../kernel/print.ts';
import type { Program } from '../kernel/program.ts';
import { structOf } from '../trace/abstract.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { printJaxpr } from '../trace/print.ts';
import { donation, stableHloModule } from '../trace/stablehlo/module.ts';
import { unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { Displayable } from '../util/display.ts';
import { displayed, jupyterDisplay } from '../util/display.ts';
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
export type LoweredText = (typeof forms)[number];
const forms = ['jaxpr', 'kernels', 'wgsl', 'wasm', 'stablehlo'] as const;

/** What can be known of a function that has been lowered to kernels for a device. Notebooks draw it. */
export interface Inspection extends Displayable {
  /** The traced function, printable with `String(…)`. */
  readonly jaxpr: PrintableJaxpr;
  /** Its kernels and memory plan; the first of several where callbacks cut the function into programs. */
  readonly program: Program;
  /**
   * The function as a Jaxpr, as kernels with the memory plan (the default), as WGSL, as WebAssembly, or as StableHLO, which XLA
   * compiles for its devices.
   *
   * @throws ExportError for StableHLO where the function calls the host.
   */
  asText(form?: LoweredText): string;
  /** The same by JAX's name. */
  text(form?: LoweredText): string;
  /**
   * Floating-point operations, bytes moved and kernels of one call, in sum and kernel by kernel; on WebGPU also what its schedules
   * make of that: the traffic with the GPU's memory, beside what is unavoidable, and the operations for each byte.
   */
  costAnalysis(): ProgramCost;
  /** The bytes of arguments, results and temporaries of one call. */
  memoryAnalysis(): MemoryUse;
}

/** A function on its way to a device. */
export interface Lowered<A extends readonly unknown[], R> extends Inspection {
  /**
   * Compiles for the device, so that nothing is left to compile at the first call: on WebGPU all shaders at the same time,
   * while the page goes on; on the CPU devices at once.
   *
   * @throws DeviceError when the device refuses a shader, with the kernel's name and operations.
   * @throws DeviceLostError when the device is lost meanwhile.
   * @example
   * const compiled = await step.lower(params, batch).compile({
   *   onProgress: ({ done, total, kernel }) => console.log(`${done} of ${total}: ${kernel}`),
   * });
   */
  compile(options?: CompileOptions): Promise<Compiled<A, R>>;
}

/** Options of `compile`. */
export interface CompileOptions {
  /** Called each time that a part is compiled, the last time with `done` equal to `total`. */
  readonly onProgress?: (progress: CompileProgress) => void;
}

/** How far a compilation is. */
export interface CompileProgress {
  readonly done: number;
  readonly total: number;
  /** What has just been compiled: a kernel and the operations that it came from; the function, where all of it is one. */
  readonly kernel: string;
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
  compiled: (device: Device) => Loaded<A, R>,
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
      const finish = async ({ onProgress }: CompileOptions = {}): Promise<Compiled<A, R>> => {
        const { call, executables } = compiled(device);
        await allCompiled(name, executables, onProgress ?? (() => undefined));
        return withMembers(call, inspection);
      };
      return withMembers({ compile: finish }, inspection);
    },
  };
}

/** A function with the programs that it runs, which may still be compiling. */
export interface Loaded<A extends readonly unknown[], R> {
  readonly call: (...args: A) => R;
  readonly executables: readonly Executable[];
}

async function allCompiled(
  name: string,
  executables: readonly Executable[],
  onProgress: (progress: CompileProgress) => void,
): Promise<void> {
  // Programs that are compiled when they are loaded count as one part each.
  const parts = executables.flatMap(({ compiling }): readonly Compilation[] =>
    compiling.length > 0 ? compiling : [{ kernel: name, ready: Promise.resolve() }],
  );
  let done = 0;
  await Promise.all(
    parts.map(async ({ kernel, ready }) => {
      await ready;
      onProgress({ done: ++done, total: parts.length, kernel });
    }),
  );
}

/** Adds an inspection's members, `program` still made at first use. */
const withMembers = <T extends object>(target: T, inspection: Inspection): T & Inspection =>
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(inspection)) as T & Inspection;

function inspect(name: string, { closed, callable: { jaxpr }, donated }: CachedTrace, device: Device): Inspection {
  const parts = programsOf(jaxpr);
  const given = parts.length === 1 && parts[0] === jaxpr ? donated : [];
  let made: readonly Program[] | null = null;
  const programs = (): readonly Program[] => (made ??= parts.map((p) => compile(name, p, device.target, given)));
  const asText = (form: LoweredText = 'kernels'): string => {
    // Who writes plain JavaScript may ask for another one.
    if (!forms.includes(form)) {
      throw new ArgumentError(`there is no text form ${form as string}; there are: ${forms.join(', ')}`);
    }
    if (form === 'jaxpr') return printJaxpr(closed.jaxpr);
    if (form === 'kernels') return programs().map(printProgram).join('\n\n');
    if (form === 'stablehlo') return stableHloModule(name, closed, { main: { arguments: donated.map(donation) } });
    if (spell === null) throw new ArgumentError(`no backend is installed that writes ${form}`);
    const write = spell;
    return parts.map((p) => write(form, name, p, given)).join('\n\n');
  };
  return {
    jaxpr: printable(closed),
    get program() {
      return at(programs(), 0);
    },
    asText,
    text: asText,
    costAnalysis: () => totalCost(programs().map((p) => programCost(p, device))),
    memoryAnalysis: () => totalMemory(programs().map(memoryUse)),
    [jupyterDisplay]: displayed,
  };
}
