import { isRecord } from './tree.ts';
import { firstDifference, flatten, TreeMismatchError, unflatten } from './tree.ts';

/** What type-level code takes for a leaf: arrays, and whatever is no object. */
type LeafLike =
  | { readonly shape: readonly number[]; readonly dtype: string }
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | ((...args: never[]) => unknown);

/** A tree with holes: each leaf may be `null`. */
export type WithHoles<T> = T extends LeafLike ? T | null : { readonly [K in keyof T]: WithHoles<T[K]> };

declare const whole: unique symbol;

/** Some leaves of a `T`, the others `null`; it remembers for {@link combine} what it is a part of. */
export type Part<T> = WithHoles<T> & { readonly [whole]?: T };

/** Which leaves: a test of a leaf, or a tree of tests and booleans that is a prefix of the tree. */
export type Filter = ((leaf: unknown) => boolean) | boolean | readonly Filter[] | { readonly [key: string]: Filter };

/**
 * The tree with every leaf that `spec` refuses replaced by `null`, which transformations pass over.
 *
 * @param spec a test of a leaf, or a tree of tests and booleans that is a prefix of the tree.
 * @throws TreeMismatchError when `spec` is no prefix of the tree.
 * @example
 * filter({ w, name: 'dense' }, (leaf) => leaf instanceof NDArray); // { w, name: null }
 */
export const filter = <T>(tree: T, spec: Filter): Part<T> => keep(tree, spec, true);

/**
 * Splits a tree into the leaves that `spec` accepts and all others, each with `null` in the other's places, so that one
 * part can be differentiated or traced and the other not. {@link combine} puts them together again.
 *
 * @throws TreeMismatchError when `spec` is no prefix of the tree.
 * @example
 * const [trained, fixed] = partition(model, (leaf) => leaf instanceof NDArray);
 * const gradient = grad((t: typeof trained) => loss(combine(t, fixed)))(trained);
 */
export const partition = <T>(tree: T, spec: Filter): [accepted: Part<T>, others: Part<T>] => [
  keep(tree, spec, true),
  keep(tree, spec, false),
];

/**
 * One tree from parts of it: each leaf from the first part that has it.
 *
 * @throws TreeMismatchError when the parts differ by more than holes.
 * @example
 * const [arrays, others] = partition({ w: np.ones([2]), name: 'dense' }, (leaf) => leaf instanceof NDArray);
 * combine(arrays, others).name; // 'dense'
 */
export function combine<T>(first: Part<T>, ...rest: readonly Part<T>[]): T {
  const isHole = (x: unknown): boolean => x === null;
  const [head, ...others] = [first, ...rest].map((part) => flatten(part, { isLeaf: isHole }));
  const { leaves, treedef } = head as ReturnType<typeof flatten>;
  others.forEach((o, i) => {
    const difference = firstDifference(treedef, o.treedef);
    if (difference === null) return;
    throw new TreeMismatchError(`tree.combine: parts 0 and ${i + 1} must be of one tree, but differ ${difference}`);
  });
  return unflatten<T>(
    treedef,
    leaves.map((l, i) => [l, ...others.map((o) => o.leaves[i])].find((x) => x !== null) ?? null),
  );
}

function keep<T>(tree: T, spec: Filter, wanted: boolean): Part<T> {
  const go = (x: unknown, f: Filter): unknown => {
    if (typeof f === 'boolean' || typeof f === 'function') {
      const { leaves, treedef } = flatten(x);
      return unflatten(
        treedef,
        leaves.map((l) => ((typeof f === 'boolean' ? f : f(l)) === wanted ? l : null)),
      );
    }
    const entries = f;
    if (Array.isArray(entries) && Array.isArray(x) && entries.length === x.length) {
      return x.map((child, i) => go(child, (entries as readonly Filter[])[i] as Filter));
    }
    if (isRecord(entries) && isRecord(x) && sameKeys(entries, x)) {
      return Object.fromEntries(Object.keys(x).map((k) => [k, go(x[k], entries[k] as Filter)]));
    }
    throw new TreeMismatchError(
      'tree.filter: the filter must be a test, a boolean, or a prefix of the tree made of them',
    );
  };
  return go(tree, spec) as Part<T>;
}

const sameKeys = (a: object, b: object): boolean =>
  Object.keys(a).sort().join('\n') === Object.keys(b).sort().join('\n');
