import { hostArrayOf } from '../kernel/semantics.ts';
import type { HostArray } from '../kernel/dtype.ts';
import type { VmapMethod } from '../lax/callback.ts';
import { pureCallbackP } from '../lax/callback.ts';
import { ShapeDtypeStruct } from '../trace/abstract.ts';
import { fromNested, isNestedNumbers } from '../trace/asarray.ts';
import type { Aval } from '../trace/aval.ts';
import { aval, sameShape, showAval } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { bind } from '../trace/context.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import { HostFunction } from '../trace/host-call.ts';
import type { NestedNumbers } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { firstDifference, flatten, isRecord, keystr, leafPaths, TreeMismatchError, unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import { nameOf } from './trees.ts';

/** A tree of results: an array for each type. */
export type ArraysOf<S> = S extends ShapeDtypeStruct ? NDArray : { [K in keyof S]: ArraysOf<S[K]> };

/** What a host function may return for a result: an array with its values at hand, a typed array, numbers. */
export type HostResult<S> = S extends ShapeDtypeStruct
  ? NDArray | HostArray | NestedNumbers
  : { readonly [K in keyof S]: HostResult<S[K]> };

/** Options of {@link pureCallback}. */
export interface PureCallbackOptions {
  /** How `vmap` calls the function; default `sequential`: once for each example. */
  readonly vmapMethod: VmapMethod;
}

/**
 * The results of a function of the host, such as one of another library. It must depend on its arguments only: calls may
 * be left out when nothing needs the results, and repeated.
 *
 * A jitted function that calls the host is cut into several programs. The host function has no derivative: give it one
 * with `customJvp` or `customVjp`.
 *
 * @param f is called with arrays that hold their values and can be read at once (`x.dataSync()`).
 * @param result the shapes and dtypes of what it returns; of one example, unless `vmapMethod` says otherwise.
 * @param args trees of arrays, and last, optionally, `{ vmapMethod }`.
 * @throws GradientError where a derivative is asked for.
 * @throws ShapeMismatchError when `f` returns something else than it said.
 * @example
 * const solve = (a: NDArray) => pureCallback((m: NDArray) => lapack.eigenvalues(m.dataSync()), typeOf(a), a);
 */
export function pureCallback<A extends readonly unknown[], S>(
  f: (...args: NoInfer<A>) => HostResult<S>,
  result: S,
  ...args: A
): ArraysOf<S>;
export function pureCallback<A extends readonly unknown[], S>(
  f: (...args: NoInfer<A>) => HostResult<S>,
  result: S,
  ...args: readonly [...A, PureCallbackOptions]
): ArraysOf<S>;
export function pureCallback<S>(
  f: (...args: readonly unknown[]) => HostResult<S>,
  result: S,
  ...args: readonly unknown[]
): ArraysOf<S> {
  const last = args.at(-1);
  const options = isOptions(last) ? last : null;
  const given = options === null ? args : args.slice(0, -1);
  const { leaves, treedef } = flatten(given);
  const arrays = leaves.map((x, i) => {
    if (x instanceof NDArray) return x;
    if (isNestedNumbers(x)) return fromNested(x, null, 'pureCallback');
    throw new ArgumentError(
      `[pureCallback] ${keystr(at(leafPaths(treedef), i), 'arguments')} of ${nameOf(f)} must be an array or a number`,
    );
  });
  const types = flatten(result);
  const avals = types.leaves.map((t): Aval => {
    if (t instanceof ShapeDtypeStruct) return aval(t.shape, t.dtype, t.weakType);
    throw new ArgumentError('[pureCallback] needs the shapes and dtypes of the results: a tree of ShapeDtypeStruct');
  });
  const host = new HostFunction(nameOf(f), avals, (ins, wanted) =>
    checked(f(...unflatten<unknown[]>(treedef, ins)), wanted, types.treedef, nameOf(f)),
  );
  const outs = bind(pureCallbackP, arrays, { host, vmapMethod: options?.vmapMethod ?? 'sequential' });
  return unflatten<ArraysOf<S>>(types.treedef, outs);
}

const methods: readonly unknown[] = ['sequential', 'expandDims', 'broadcastAll'] satisfies readonly VmapMethod[];

function isOptions(x: unknown): x is PureCallbackOptions {
  if (!isRecord(x) || Object.keys(x).join() !== 'vmapMethod') return false;
  if (methods.includes(x['vmapMethod'])) return true;
  throw new ArgumentError(
    `[pureCallback] vmapMethod must be one of ${methods.join(', ')}; got ${JSON.stringify(x['vmapMethod'])}`,
  );
}

/** What a host function returned, as arrays of the types that it promised. */
function checked(value: unknown, wanted: readonly Aval[], treedef: TreeDef, name: string): readonly NDArray[] {
  // Nested numbers are one result each, as far down as the promised tree goes.
  const depth = new Set(leafPaths(treedef).map((path) => JSON.stringify(path)));
  const leaves: unknown[] = [];
  const actual = flatten(placeholders(value, [], depth, leaves)).treedef;
  const difference = firstDifference(treedef, actual);
  if (difference !== null) {
    throw new TreeMismatchError(
      `pureCallback of ${name}: it promised one structure and returned another ${difference}`,
    );
  }
  const paths = leafPaths(treedef);
  return leaves.map((leaf, i) =>
    toArray(leaf, at(wanted, i), `pureCallback of ${name}: ${keystr(at(paths, i), 'the result')}`),
  );
}

/** The tree with marks in the place of leaves, which are collected in order. */
function placeholders(
  x: unknown,
  path: readonly (string | number)[],
  stops: ReadonlySet<string>,
  leaves: unknown[],
): unknown {
  if (!stops.has(JSON.stringify(path))) {
    if (Array.isArray(x)) return x.map((v, i) => placeholders(v, [...path, i], stops, leaves));
    if (isRecord(x)) {
      const keys = Object.keys(x).sort();
      return Object.fromEntries(keys.map((k) => [k, placeholders(x[k], [...path, k], stops, leaves)]));
    }
    if (x === null || x === undefined) return null;
  }
  leaves.push(x);
  return 0;
}

function toArray(x: unknown, wanted: Aval, what: string): NDArray {
  const array = x instanceof NDArray ? x : isNestedNumbers(x) ? fromNested(x, wanted.dtype, what) : null;
  if (array !== null) {
    if (!sameShape(array.shape, wanted.shape) || array.dtype !== wanted.dtype) {
      throw new ShapeMismatchError(`${what} is ${showAval(array.aval)}, but ${showAval(wanted)} was promised`);
    }
    return ConcreteArray.fromHost(wanted, array.dataSync());
  }
  const size = wanted.shape.reduce((n, m) => n * m, 1);
  if (!ArrayBuffer.isView(x) || x instanceof DataView) {
    throw new ArgumentError(`${what} must be an array, a typed array or numbers; ${showAval(wanted)} was promised`);
  }
  const data = x as HostArray;
  if (data.length !== size) {
    throw new ShapeMismatchError(`${what} has ${data.length} elements, but ${showAval(wanted)} was promised`);
  }
  return ConcreteArray.fromHost(wanted, hostArrayOf(wanted.dtype, data));
}
