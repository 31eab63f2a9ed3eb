import { asArray, isNestedNumbers } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { NDArray as NDArrayClass } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { flatten, keystr, leafPaths, unflatten } from '../tree/tree.ts';

/** What trees of arrays and functions over them have in common for all transformations. */

/** A tree's leaves as arrays: numbers and booleans become scalars. */
export interface ArrayTree {
  readonly leaves: readonly NDArray[];
  readonly treedef: TreeDef;
}

/**
 * Flattens a tree whose leaves must be arrays, numbers or booleans.
 *
 * @param what how error messages call the tree: `argument 0 of loss`.
 */
export function flattenArrays(tree: unknown, what: string): ArrayTree {
  const { leaves, treedef } = flatten(tree);
  const arrays = leaves.map((leaf, i): NDArray => {
    if (leaf instanceof NDArrayClass) return leaf;
    if (isNestedNumbers(leaf)) return asArray(leaf, what);
    const path = keystr(leafPaths(treedef)[i] ?? [], what);
    throw new ArgumentError(
      `${path} must be an array, a number or a boolean, but is ${describe(leaf)}. ` +
        'Under jit, pass such values as static arguments (staticArgnums), or let the function capture them.',
    );
  });
  return { leaves: arrays, treedef };
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

/** A function's name for messages. */
export const nameOf = (f: { readonly name: string }): string => (f.name === '' ? 'the function' : f.name);
