import type { NDArray } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { isRecord, unflatten } from '../tree/tree.ts';
import { splitAux } from './checks.ts';
import { flattenArrays, nameOf } from './trees.ts';

/** Says that a function returns `[value, aux]`, of which only the value is differentiated. */
export interface HasAux {
  readonly hasAux: true;
}

/** The same option where it may be absent or false. */
export interface MayHaveAux {
  readonly hasAux?: boolean;
}

/** Primals given one by one, followed by options: are there options? */
export function splitOptions(args: readonly unknown[]): readonly [primals: readonly unknown[], options: MayHaveAux] {
  const last = args.at(-1);
  const isOptions = isRecord(last) && Object.keys(last).join() === 'hasAux' && typeof last['hasAux'] === 'boolean';
  return isOptions ? [args.slice(0, -1), last] : [args, {}];
}

/** A function of arrays whose results are those of its value and then of its auxiliary result. */
export interface FlatWithAux {
  readonly run: (...xs: readonly NDArray[]) => readonly NDArray[];
  /** The structure of the latest value. */
  readonly outTree: () => TreeDef;
  /** How many of the results are the value's. */
  readonly values: () => number;
  /** The auxiliary result, from all results. */
  readonly auxOf: (results: readonly NDArray[]) => unknown;
}

/**
 * Makes a function of trees one of arrays.
 *
 * @param apply the function, of the leaves of its arguments.
 */
export function flatWithAux(
  apply: (...xs: readonly NDArray[]) => unknown,
  f: { readonly name: string },
  hasAux: boolean,
  name: string,
): FlatWithAux {
  let outTree: TreeDef = { kind: 'none' };
  let auxTree: TreeDef = { kind: 'none' };
  let values = 0;
  return {
    run: (...xs) => {
      const result = apply(...xs);
      const [value, aux] = hasAux ? splitAux(result, name) : [result, null];
      const flat = flattenArrays(value, `the result of ${nameOf(f)}`);
      const more = flattenArrays(aux, `the auxiliary result of ${nameOf(f)}`);
      [outTree, auxTree, values] = [flat.treedef, more.treedef, flat.leaves.length];
      return [...flat.leaves, ...more.leaves];
    },
    outTree: () => outTree,
    values: () => values,
    auxOf: (results) => unflatten(auxTree, results.slice(values)),
  };
}
