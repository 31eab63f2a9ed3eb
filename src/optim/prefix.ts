import { NDArray } from '../trace/value.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import {
  describeTree,
  flatten,
  isRecord,
  keystr,
  leafCount,
  structure,
  TreeMismatchError,
  unflatten,
} from '../tree/tree.ts';

/** Trees of marks (booleans, labels) that say of each part of another tree what it is. */

/** One mark for the whole, or a tree of marks for its parts. */
export type Prefix<L> = L | readonly Prefix<L>[] | { readonly [key: string]: Prefix<L> };

/** A function of a tree of parameters, whatever they are, that gives a tree of marks. */
export type Marker = { of(params: unknown): unknown }['of'];

/** A prefix of a tree of parameters, or a function that makes one of such a tree. */
export type PrefixOf<L> = Prefix<L> | Marker;

/** What marks are. */
export interface MarkKind<L> {
  /** For errors: `a boolean`. */
  readonly kind: string;
  readonly is: (x: unknown) => x is L;
}

/**
 * The mark of each leaf of `tree`, in order.
 *
 * @param name for errors: the function.
 * @param what for errors: its argument.
 * @throws TreeMismatchError when the prefix does not fit the tree, or has something else for a mark.
 */
export function marksOf<L>(
  name: string,
  what: string,
  prefix: PrefixOf<L>,
  tree: unknown,
  { kind, is }: MarkKind<L>,
): readonly L[] {
  const marks: L[] = [];
  const go = (p: unknown, d: TreeDef, path: readonly PathStep[]): void => {
    if (is(p)) {
      for (let n = leafCount(d); n > 0; n--) marks.push(p);
    } else if (Array.isArray(p) && d.kind === 'tuple' && p.length === d.children.length) {
      d.children.forEach((c, i) => go(p[i], c, [...path, i]));
    } else if (isRecord(p) && d.kind === 'record' && sameKeys(p, d.keys)) {
      d.children.forEach((c, i) => go(p[d.keys[i] ?? ''], c, [...path, d.keys[i] ?? '']));
    } else if (leafCount(d) > 0 || (p !== null && p !== undefined)) {
      const needs = d.kind === 'leaf' ? kind : `${kind}, or ${describeTree(d)}`;
      throw new TreeMismatchError(
        `[optim.${name}] ${what} does not fit the parameters at ${keystr(path, 'params')}: needs ${needs}, got ${show(p)}`,
      );
    }
  };
  go(typeof prefix === 'function' ? (prefix as Marker)(tree) : prefix, structure(tree), []);
  return marks;
}

const sameKeys = (x: object, keys: readonly string[]): boolean => Object.keys(x).sort().join('\n') === keys.join('\n');

function show(x: unknown): string {
  if (x instanceof NDArray) return `an array ${x.dtype}[${x.shape.join(', ')}]`;
  if (typeof x === 'object' && x !== null) return describeTree(structure(x));
  return typeof x === 'string' ? JSON.stringify(x) : String(x);
}

/** The tree with `null` for each leaf that is not chosen. */
export function choose<T>(tree: T, chosen: readonly boolean[]): T {
  const { leaves, treedef } = flatten(tree);
  return unflatten(
    treedef,
    leaves.map((leaf, i) => (chosen[i] === true ? leaf : null)),
  );
}
