import { programsOf } from '../compiler/host-calls.ts';
import { deviceNamed, execute, executableFor } from '../compiler/runtime.ts';
import type { Device, DeviceName } from '../kernel/device.ts';
import { currentTrace, namedAxes } from '../trace/context.ts';
import { ArgumentError, TracerConversionError } from '../trace/errors.ts';
import type { ClosedJaxpr, Jaxpr } from '../trace/jaxpr.ts';
import { applyKeyUses, keyRegions, recordKeyUses, setRegion } from '../trace/key-uses.ts';
import { stage } from '../trace/stage.ts';
import { debugKeyReuse, disableJit, explainCacheMisses } from '../trace/switches.ts';
import type { NDArray } from '../trace/value.ts';
import { Tracer } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { leafCount, unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import { InternalError } from '../util/error.ts';
import { captureOrigin, withoutScopes } from '../util/origin.ts';
import type { Marks } from './arguments.ts';
import { marksOf, resolveMarks, staticKey, staticTexts } from './arguments.ts';
import { call } from './call.ts';
import type { OrShapes } from './eval-shape.ts';
import { explainMiss } from './explain.ts';
import { toCallable } from './jaxpr-rules.ts';
import { standsFor } from './makings.ts';
import type { Loaded, Lowered, Traced } from './stages.ts';
import { tracedOf } from './stages.ts';
import type { CachedTrace, TraceKey } from './trace-cache.ts';
import { describeDifferences, neededModes, TraceCache } from './trace-cache.ts';
import { flattenArrays, flattenAvals, nameOf, requireFunction, withArrays } from './trees.ts';

/** Options of {@link jit}. */
export interface JitOptions {
  /** Arguments that are ordinary JS values, known while tracing; each new value is compiled anew. */
  readonly staticArgnums?: number | readonly number[];
  /** Arguments whose arrays are given up: results are written over them, and using them again is an error. */
  readonly donateArgnums?: number | readonly number[];
  /**
   * Where to run; without it, calls run where their arguments are. Arguments that live on another device must be moved
   * first (`devicePut`). A call inside another jitted function runs where that one does.
   */
  readonly device?: DeviceName;
}

/** Arguments like those of the function, where arrays may be given by shape and dtype only. */
export type ArgumentShapes<A extends readonly unknown[]> = { [K in keyof A]: OrShapes<A[K]> };

/** A compiled function: called like the original, and open to inspection. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** The function traced for arguments like these; nothing is compiled or run. */
  trace(...args: ArgumentShapes<A>): Traced<A, R>;
  /** What the function becomes for arguments like these on the default device; nothing is run. */
  lower(...args: ArgumentShapes<A>): Lowered<A, R>;
}

/** Traces are shared by all that `jit` made of one function with the same options. */
const caches = new WeakMap<object, Map<string, TraceCache>>();

function cacheOf(f: object, { statics, donated }: Marks): TraceCache {
  const key = `${statics.join(',')};${donated.join(',')}`;
  let byMarks = caches.get(f);
  if (byMarks === undefined) caches.set(f, (byMarks = new Map<string, TraceCache>()));
  let cache = byMarks.get(key);
  if (cache === undefined) byMarks.set(key, (cache = new TraceCache()));
  return cache;
}

/**
 * Compiles a function: it is traced once for each combination of argument types, and from then on runs as one program
 * on the device (one WebAssembly call, or one WebGPU submit).
 *
 * The function must be pure. Arguments are trees of arrays and numbers; other values must be static.
 *
 * @throws TracerConversionError when the function branches on the value of an argument.
 * @throws StaticArgumentError when a static argument is an array, or can't be compared.
 * @throws DeviceUnavailableError at a call, when `options.device` has not been started.
 * @example
 * const step = jit((w: NDArray, x: NDArray) => np.tanh(x.matmul(w)), { donateArgnums: [] });
 * const y = step(w, x);
 * console.log(step.lower(w, x).asText('kernels'));
 */
export function jit<A extends readonly unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  requireFunction(f, 'jit');
  const name = nameOf(f);
  const marks = marksOf(`jit of ${name}`, options.staticArgnums, options.donateArgnums);
  const on = (): Device | null => (options.device === undefined ? null : deviceNamed(options.device));
  const cache = cacheOf(f, marks);
  const place = explainCacheMisses.on ? captureOrigin(jit).settled() : null;

  /** The trace that serves, made if there is none, and the arrays to run it with, filled into `leaves`. */
  const prepare = (args: readonly unknown[], leaves: NDArray[]): CachedTrace => {
    const { statics, donated } = resolveMarks(`jit of ${name}`, marks, args.length);
    const key = (statics.length === 0 ? '' : staticKey(`jit of ${name}`, args, statics)) + axesKey();
    const dynamic = statics.length === 0 ? args : args.filter((_, i) => !statics.includes(i));
    const known = cache.find(dynamic, key, leaves);
    if (known !== null) return known;
    const { avals, treedef, arrays } = flattenAvals(dynamic, `arguments of ${name}`);
    const wanted: TraceKey = { treedef, avals, statics: key, told: staticTexts(args, statics) };
    if (explainCacheMisses.on) {
      const positions = args.map((_, i) => i).filter((i) => !statics.includes(i));
      explainMiss(name, cache.lists().flat(), wanted, positions, place);
    }
    const entry = traceFor(f, name, args, { statics, donated }, wanted);
    cache.add(entry);
    leaves.push(...arrays);
    return entry;
  };

  const jitted = (...args: A): R => {
    if (disableJit.on) return uncompiled(f, name, args, marks);
    const leaves: NDArray[] = [];
    return run<R>(name, prepare(args, leaves), leaves, on());
  };
  const trace = (...args: ArgumentShapes<A>): Traced<A, R> => {
    const entry = prepare(args, []);
    return tracedOf(name, entry, on(), (device) => ahead<A, R>(name, entry, marks, device));
  };
  const lower = (...args: ArgumentShapes<A>): Lowered<A, R> => trace(...args).lower();
  const made = standsFor(Object.assign(jitted, { trace, lower }), f, marks.statics.length === 0 ? 'jit' : null);
  jittedWith.set(made, marks);
  prepared.set(made, (args) => {
    const leaves: NDArray[] = [];
    const { callable } = prepare(args, leaves);
    return { name, jaxpr: callable.jaxpr, inputs: [...callable.constants, ...leaves], device: on() };
  });
  return made;
}

/** A call of a function, compiled as by `jit`, with nothing run yet. */
export interface PreparedCall {
  readonly name: string;
  /** Without constants. */
  readonly jaxpr: Jaxpr;
  /** Of the Jaxpr: what the function closes over, then the arguments. */
  readonly inputs: readonly NDArray[];
  /** Where it runs, if the function says so. */
  readonly device: Device | null;
}

/** Of each jitted function, what `jit` was told of its arguments. */
const jittedWith = new WeakMap<object, Marks>();

/** Which arguments of a function are static because `jit` was told so. */
export const staticsOf = (f: object, name: string, count: number): readonly number[] =>
  resolveMarks(name, jittedWith.get(f) ?? { statics: [], donated: [] }, count).statics;

/** Of each jitted function, how its calls are prepared. */
const prepared = new WeakMap<object, (args: readonly unknown[]) => PreparedCall>();

/** Prepares a call of a function, which is jitted if it is not; `asked` is who wants to know. */
export function preparedCall<A extends readonly unknown[]>(
  asked: string,
  f: (...args: A) => unknown,
  args: A,
): PreparedCall {
  if (typeof f !== 'function' || !Array.isArray(args)) {
    throw new ArgumentError(`${asked} takes a function and the list of its arguments: ${asked}(f, [x, y])`);
  }
  const call = (prepared.get(f) ?? prepared.get(jit(f)))?.(args);
  if (call === undefined) throw new InternalError('a jitted function that can not be prepared');
  if (call.inputs.some((x) => x instanceof Tracer)) {
    throw new TracerConversionError(`${asked} runs functions, so it can't be used inside of one that is being traced`);
  }
  return call;
}

/** Collectives are traced for the sizes of the axes that they are over. */
function axesKey(): string {
  let key = '';
  for (const { name, size } of namedAxes()) key += `@${name}:${size}`;
  return key;
}

function run<R>(
  name: string,
  { callable, outTree, donated, keyUses }: CachedTrace,
  leaves: readonly NDArray[],
  on: Device | null,
): R {
  const inputs = callable.constants.length === 0 ? leaves : [...callable.constants, ...leaves];
  const direct = currentTrace() === null && !inputs.some((x) => x instanceof Tracer);
  const keys =
    keyUses !== null && debugKeyReuse.on ? applyKeyUses(keyUses, keyRegions(leaves), `jit of ${name}`) : null;
  const outs = direct ? execute(name, callable.jaxpr, inputs, donated, on) : call(name, callable, leaves);
  keys?.forEach((region, i) => region.length > 0 && setRegion(at(outs, i), region));
  return unflatten<R>(outTree, outs);
}

function traceFor<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  name: string,
  args: readonly unknown[],
  { statics, donated }: Marks,
  key: TraceKey,
): CachedTrace {
  let outTree: TreeDef = { kind: 'none' };
  const modes = neededModes();
  const body = (...xs: readonly NDArray[]): readonly NDArray[] => {
    const dynamic = unflatten<unknown[]>(key.treedef, xs);
    let next = 0;
    const all = args.map((a, i) => (statics.includes(i) ? a : dynamic[next++]));
    const result = flattenArrays(f(...(all as unknown as A)), `the result of ${name}`);
    outTree = result.treedef;
    return result.leaves;
  };
  let ends: { readonly inputs: readonly NDArray[]; readonly outputs: readonly NDArray[] } = { inputs: [], outputs: [] };
  const noted = (...xs: readonly NDArray[]): readonly NDArray[] => {
    const outputs = body(...xs);
    ends = { inputs: xs, outputs };
    return outputs;
  };
  const trace = (): ClosedJaxpr => withoutScopes(() => stage(`jit of ${name}`, noted, key.avals));
  const { result: closed, keyUses } = debugKeyReuse.on
    ? recordKeyUses(currentTrace(), trace, () => ends)
    : { result: trace(), keyUses: null };
  const callable = toCallable(closed);
  const given = args.map((_, i) => i).filter((i) => !statics.includes(i));
  const children = key.treedef.kind === 'tuple' ? key.treedef.children : [];
  const perLeaf = children.flatMap((d, n) =>
    Array.from({ length: leafCount(d) }, () => donated.includes(given[n] as number)),
  );
  return {
    ...key,
    closed,
    callable,
    outTree,
    donated: [...callable.constants.map(() => false), ...perLeaf],
    modes,
    keyUses,
  };
}

/** The function itself, on arrays as `jit` would give them to it. */
function uncompiled<A extends readonly unknown[], R>(f: (...args: A) => R, name: string, args: A, marks: Marks): R {
  const { statics } = resolveMarks(`jit of ${name}`, marks, args.length);
  const arrays = args.map((a, i) => {
    if (statics.includes(i)) return a;
    return withArrays(a, `argument ${i} of ${name}`);
  });
  return withArrays(f(...(arrays as unknown as A)), `the result of ${name}`);
}

/** The function loaded on `device`; it takes arguments like those it was traced for only. */
function ahead<A extends readonly unknown[], R>(
  name: string,
  entry: CachedTrace,
  marks: Marks,
  device: Device,
): Loaded<A, R> {
  const { jaxpr } = entry.callable;
  const programs = programsOf(jaxpr);
  const whole = programs.length === 1 && programs[0] === jaxpr;
  const executables = programs.map((p) => executableFor(name, p, device, whole ? entry.donated : []));
  const call = (...args: A): R => {
    const { statics } = resolveMarks(`the compiled ${name}`, marks, args.length);
    const positions = args.map((_, i) => i).filter((i) => !statics.includes(i));
    const flat = flattenArrays(
      positions.map((i) => args[i]),
      `arguments of the compiled ${name}`,
    );
    const key: TraceKey = {
      treedef: flat.treedef,
      avals: flat.leaves.map((x) => x.aval),
      statics: staticKey(name, args, statics) + axesKey(),
      told: staticTexts(args, statics),
    };
    const differences = describeDifferences(entry, key, positions);
    if (differences.length > 0) {
      throw new ArgumentError(
        `the compiled ${name} takes arguments like those it was compiled for only: ${differences.join('; ')}. ` +
          'Call what jit returned, which compiles anew.',
      );
    }
    return run<R>(name, entry, flat.leaves, device);
  };
  return { call, executables };
}
