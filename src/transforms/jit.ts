import type { Device } from '../kernel/device.ts';
import { printProgram } from '../kernel/print.ts';
import type { Program } from '../kernel/program.ts';
import { compile } from '../compiler/compile.ts';
import type { ProgramCost } from '../compiler/report.ts';
import { programCost } from '../compiler/report.ts';
import { defaultDevice, execute } from '../compiler/runtime.ts';
import type { Aval } from '../trace/aval.ts';
import { currentTrace, namedAxes } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import { printJaxpr } from '../trace/print.ts';
import { stage } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { flatten, showTreeDef, unflatten } from '../tree/tree.ts';
import { structuralKey } from '../util/key.ts';
import type { Callable } from './jaxpr-rules.ts';
import { call } from './call.ts';
import { hasEnded, toCallable } from './jaxpr-rules.ts';
import { flatFunction, flattenArrays, nameOf } from './trees.ts';

/** Options of {@link jit}. */
export interface JitOptions {
  /** Arguments that are ordinary JS values, known while tracing; each new value is compiled anew. */
  readonly staticArgnums?: number | readonly number[];
  /** Arguments whose arrays are given up: results are written over them, and using them again is an error. */
  readonly donateArgnums?: number | readonly number[];
}

/** A compiled function: called like the original, and open to inspection. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** What the function becomes for arguments like these; nothing is run. */
  lower(...args: A): Lowered;
}

/** The texts that a {@link Lowered} function can be read as. */
export type LoweredText = 'jaxpr' | 'kernels' | 'wgsl' | 'wasm';

/** A function on its way to a device. */
export interface Lowered {
  /** The traced function, printable with `String(...)`. */
  readonly jaxpr: { readonly jaxpr: Jaxpr; toString(): string };
  /** Its kernels and memory plan. */
  readonly program: Program;
  /** The function as a Jaxpr, as kernels with the memory plan, as WGSL, or as WebAssembly. */
  text(form: LoweredText): string;
  /** Floating-point operations, bytes moved, memory and kernels of one call. */
  cost(): ProgramCost;
}

let spell: ((form: 'wgsl' | 'wasm', name: string, jaxpr: Jaxpr, donated: readonly boolean[]) => string) | null = null;

/** Says how programs are spelled as WGSL and Wasm; called once, by the index. */
export function installSpelling(how: NonNullable<typeof spell>): void {
  spell = how;
}

interface Traced {
  readonly callable: Callable;
  readonly outTree: TreeDef;
  readonly donated: readonly boolean[];
}

const asList = (n: number | readonly number[] | undefined): readonly number[] =>
  n === undefined ? [] : typeof n === 'number' ? [n] : n;

/**
 * Compiles a function: it is traced once for each combination of argument types, and from then on runs as one program
 * on the device (one WebAssembly call, or one WebGPU submit).
 *
 * The function must be pure. Arguments are trees of arrays and numbers; other values must be static.
 *
 * @throws TracerConversionError when the function branches on the value of an argument.
 * @example
 * const step = jit((w: NDArray, x: NDArray) => np.tanh(x.matmul(w)), { donateArgnums: [] });
 * const y = step(w, x);
 * console.log(step.lower(w, x).text('kernels'));
 */
export function jit<A extends readonly unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  const name = nameOf(f);
  const statics = new Set(asList(options.staticArgnums));
  const donate = new Set(asList(options.donateArgnums));
  for (const i of donate) {
    if (statics.has(i)) throw new ArgumentError(`jit of ${name}: argument ${i} is static and can't be donated`);
  }
  const cache = new Map<string, Traced>();

  const prepare = (args: A): { readonly traced: Traced; readonly leaves: readonly NDArray[] } => {
    const dynamic = args.filter((_, i) => !statics.has(i));
    const flat = flattenArrays(dynamic, `arguments of ${name}`);
    const key = cacheKey(flat.leaves, flat.treedef, args, statics);
    let traced = cache.get(key);
    if (traced === undefined || hasEnded(traced.callable)) {
      traced = trace(
        f,
        name,
        args,
        statics,
        donate,
        flat.treedef,
        flat.leaves.map((x) => x.aval),
      );
      cache.set(key, traced);
    }
    return { traced, leaves: flat.leaves };
  };

  const jitted = (...args: A): R => {
    const { traced, leaves } = prepare(args);
    const { callable, outTree, donated } = traced;
    const inputs = [...callable.constants, ...leaves];
    const direct = currentTrace() === null && inputs.every((x) => !(x instanceof Tracer));
    const outs = direct ? execute(name, callable.jaxpr, inputs, donated) : call(name, callable, leaves);
    return unflatten<R>(outTree, outs);
  };
  const lower = (...args: A): Lowered => {
    const { callable, donated } = prepare(args).traced;
    return describe(name, callable.jaxpr, donated, defaultDevice());
  };
  return Object.assign(jitted, { lower });
}

/** Equal keys mean that one trace serves: same structure, types and static values. */
function cacheKey(
  leaves: readonly NDArray[],
  treedef: TreeDef,
  args: readonly unknown[],
  statics: ReadonlySet<number>,
): string {
  let key = '';
  for (const { aval: a } of leaves) key += `${a.dtype}${a.weakType ? '*' : ''}${a.shape.join(',')};`;
  key += showTreeDef(treedef);
  for (const i of statics) key += `|${structuralKey(args[i])}`;
  // Collectives are traced for the sizes of the axes that they are over.
  for (const { name, size } of namedAxes()) key += `@${name}:${size}`;
  return key;
}

function trace<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  name: string,
  args: A,
  statics: ReadonlySet<number>,
  donate: ReadonlySet<number>,
  treedef: TreeDef,
  avals: readonly Aval[],
): Traced {
  let outTree: TreeDef = { kind: 'none' };
  const closed = stage(
    `jit of ${name}`,
    (...xs) => {
      const dynamic = unflatten<unknown[]>(treedef, xs);
      let next = 0;
      const all = args.map((a, i) => (statics.has(i) ? a : dynamic[next++]));
      const result = flattenArrays(f(...(all as unknown as A)), `the result of ${name}`);
      outTree = result.treedef;
      return result.leaves;
    },
    avals,
  );
  const callable = toCallable(closed);
  const perArgument = args.flatMap((a, i) => (statics.has(i) ? [] : flatten(a).leaves.map(() => donate.has(i))));
  return { callable, outTree, donated: [...callable.constants.map(() => false), ...perArgument] };
}

function describe(name: string, jaxpr: Jaxpr, donated: readonly boolean[], device: Device): Lowered {
  let program: Program | null = null;
  const compiled = (): Program => (program ??= compile(name, jaxpr, device.target, donated));
  const text = (form: LoweredText): string => {
    if (form === 'jaxpr') return printJaxpr(jaxpr);
    if (form === 'kernels') return printProgram(compiled());
    if (spell === null) throw new ArgumentError(`no backend is installed that writes ${form}`);
    return spell(form, name, jaxpr, donated);
  };
  return {
    jaxpr: { jaxpr, toString: () => printJaxpr(jaxpr) },
    get program() {
      return compiled();
    },
    text,
    cost: () => programCost(compiled()),
  };
}

/**
 * The Jaxpr of a function for arguments like these, in JAX's notation.
 *
 * @example
 * console.log(String(makeJaxpr((x: NDArray) => np.sin(x).mul(2))(x)));
 * // { lambda ; a:f32[3]. let b:f32[3] = sin a … in (c,) }
 */
export function makeJaxpr<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
): (...args: A) => { readonly jaxpr: Jaxpr; readonly constants: readonly NDArray[]; toString(): string } {
  const name = nameOf(f);
  return (...args) => {
    const flat = flattenArrays(args, `arguments of ${name}`);
    const closed = stage(
      `makeJaxpr of ${name}`,
      flatFunction(f, flat.treedef).run,
      flat.leaves.map((x) => x.aval),
    );
    return { ...closed, toString: () => printJaxpr(closed.jaxpr) };
  };
}
