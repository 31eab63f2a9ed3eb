import { ShapeDtypeStruct } from '../trace/abstract.ts';
import { asArray, isNestedNumbers } from '../trace/asarray.ts';
import type { Aval } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { NDArray as NDArrayClass } from '../trace/value.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import { shown } from '../util/shown.ts';
import { flatten, keystr, leafPaths, unflatten } from '../tree/tree.ts';

/** What trees of arrays and functions over them have in common for all transformations. */

/** A tree's leaves as arrays: numbers and booleans become scalars. */
export interface ArrayTree {
  readonly leaves: readonly NDArray[];
  readonly treedef: TreeDef;
}

/** How error messages call a tree, `argument 0 of loss`, or what they call the leaf at a path. */
type Called = string | ((path: readonly PathStep[]) => string);

/**
 * Flattens a tree whose leaves must be arrays, numbers or booleans.
 *
 * @param advice what messages say to do with other values.
 */
export function flattenArrays(tree: unknown, what: Called, advice = underJit): ArrayTree {
  const { leaves, treedef } = flatten(tree);
  return { leaves: leaves.map((leaf, i) => toArray(leaf) ?? refuse(leaf, i, treedef, what, advice)), treedef };
}

/** The tree with its numbers and booleans as arrays. */
export function withArrays<T>(tree: T, what: string): T {
  const { leaves, treedef } = flattenArrays(tree, what);
  return unflatten<T>(treedef, leaves);
}

/** The types of a tree's leaves, which may be arrays, numbers, booleans or {@link ShapeDtypeStruct}s. */
export interface AvalTree {
  readonly avals: readonly Aval[];
  readonly treedef: TreeDef;
  /** Those leaves that are arrays, all of them if no type was given. */
  readonly arrays: readonly NDArray[];
}

/** As {@link flattenArrays}, for where only types matter. */
export function flattenAvals(tree: unknown, what: string): AvalTree {
  const { leaves, treedef } = flatten(tree);
  const typed = leaves.map((leaf, i) =>
    leaf instanceof ShapeDtypeStruct ? leaf : (toArray(leaf) ?? refuse(leaf, i, treedef, what, underJit)),
  );
  return {
    avals: typed.map((x) => (x instanceof NDArrayClass ? x.aval : aval(x.shape, x.dtype, x.weakType))),
    treedef,
    arrays: typed.filter((x) => x instanceof NDArrayClass),
  };
}

const toArray = (leaf: unknown): NDArray | null =>
  leaf instanceof NDArrayClass ? leaf : isNestedNumbers(leaf) ? asArray(leaf) : null;

const underJit = 'Under jit, pass such values as static arguments (staticArgnums), or let the function capture them.';

function refuse(leaf: unknown, i: number, treedef: TreeDef, what: Called, advice: string): never {
  const path = leafPaths(treedef)[i] ?? [];
  const called = typeof what === 'string' ? keystr(path, what) : what(path);
  throw new ArgumentError(
    `${called} must be an array, a number or a boolean, but is ${describe(leaf)}. ` +
      (leaf instanceof Promise ? 'Traced functions are not async: await before them, or after.' : advice),
  );
}

function describe(x: unknown): string {
  if (typeof x === 'object' && x !== null) {
    const { constructor } = x as { readonly constructor?: { readonly name?: string } };
    return `an object of type ${constructor?.name ?? 'unknown'}`;
  }
  return typeof x === 'string' ? `the string ${JSON.stringify(x)}` : `a ${typeof x}`;
}

/** A function of trees, as transformations run it: on flat lists of arrays. */
export interface FlatFunction {
  readonly run: (...xs: readonly NDArray[]) => readonly NDArray[];
  /** The structure of the latest result. */
  readonly outTree: () => TreeDef;
}

/** Turns a function whose list of arguments has structure `treedef` into one of their leaves. */
export function flatFunction<A extends readonly unknown[]>(f: (...args: A) => unknown, treedef: TreeDef): FlatFunction {
  let outTree: TreeDef = { kind: 'none' };
  return {
    run: (...xs) => {
      const result = flattenArrays(f(...unflatten<A>(treedef, xs)), `the result of ${nameOf(f)}`);
      outTree = result.treedef;
      return result.leaves;
    },
    outTree: () => outTree,
  };
}

/** @throws ArgumentError unless it is a function, as a user without types may have passed something else. */
export function requireFunction(f: unknown, transformation: string): void {
  if (typeof f !== 'function') throw new ArgumentError(`[${transformation}] needs a function; got ${shown(f)}`);
}

/** A function's name for messages. */
export const nameOf = (f: { readonly name: string }): string => (f.name === '' ? 'the function' : f.name);

/** The function itself, called so from now on: what stands for a user's function has its name. */
export const named = <F extends (...args: never[]) => unknown>(f: F, name: string): F =>
  Object.defineProperty(f, 'name', { value: name });
