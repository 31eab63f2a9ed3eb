import { MistakeError } from '../util/error.ts';
import { structuralKey } from '../util/key.ts';
import type { NodeType } from './node.ts';
import { nodeTypeOf } from './node.ts';

/**
 * Pytrees: nested tuples (JS arrays) and plain objects whose leaves are arrays, numbers or any other value. Object keys
 * are visited in sorted order, so that `{a, b}` and `{b, a}` are the same structure. `null` is a tree without leaves. Instances of registered classes are nodes as well.
 */
export type TreeDef =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'none' }
  | { readonly kind: 'tuple'; readonly children: readonly TreeDef[] }
  | { readonly kind: 'record'; readonly keys: readonly string[]; readonly children: readonly TreeDef[] }
  | { readonly kind: 'node'; readonly type: NodeType; readonly fixed: unknown; readonly children: readonly [TreeDef] };

/** Two trees that should have one structure differ; the message names the first path where they do. */
export class TreeMismatchError extends MistakeError {
  constructor(message: string) {
    super('tree-mismatch', message);
  }
}

const leaf: TreeDef = { kind: 'leaf' };
const none: TreeDef = { kind: 'none' };

/** Is `x` an object literal, that is, a node of a tree and not a leaf? */
export function isRecord(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== 'object' || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** What takes nodes for leaves. */
export interface LeafOptions {
  /** Says of a node, or of `null`, that it is a leaf here. */
  readonly isLeaf?: (x: unknown) => boolean;
}

/**
 * The leaves of a tree in order, and the structure that {@link unflatten} needs to put them back.
 *
 * @example
 * const { leaves, treedef } = tree.flatten({ w: [1, 2], b: 3, none: null });
 * leaves; // [3, 1, 2]
 */
export function flatten(
  tree: unknown,
  { isLeaf }: LeafOptions = {},
): { readonly leaves: readonly unknown[]; readonly treedef: TreeDef } {
  const leaves: unknown[] = [];
  const go = (x: unknown): TreeDef => {
    if (isLeaf?.(x) === true) {
      leaves.push(x);
      return leaf;
    }
    if (x === null || x === undefined) return none;
    if (Array.isArray(x)) return { kind: 'tuple', children: x.map(go) };
    if (isRecord(x)) {
      const keys = Object.keys(x).sort();
      return { kind: 'record', keys, children: keys.map((k) => go(x[k])) };
    }
    const type = typeof x === 'object' ? nodeTypeOf(x) : undefined;
    if (type !== undefined) {
      const { children, fixed } = type.flatten(x);
      return { kind: 'node', type, fixed, children: [go(children)] };
    }
    leaves.push(x);
    return leaf;
  };
  const treedef = go(tree);
  return { leaves, treedef };
}

/**
 * Builds the tree of structure `treedef` from its leaves.
 *
 * @throws TreeMismatchError when there are more leaves than places, or fewer.
 * @example
 * const { leaves, treedef } = tree.flatten({ w: [1, 2], b: 3 });
 * tree.unflatten(treedef, [30, 10, 20]); // { b: 30, w: [10, 20] }
 */
export function unflatten<T = unknown>(treedef: TreeDef, leaves: readonly unknown[]): T {
  let next = 0;
  const go = (d: TreeDef): unknown => {
    switch (d.kind) {
      case 'leaf':
        return leaves[next++];
      case 'none':
        return null;
      case 'tuple':
        return d.children.map(go);
      case 'record':
        return Object.fromEntries(d.keys.map((k, i) => [k, go(d.children[i] as TreeDef)]));
      case 'node':
        return d.type.unflatten(d.fixed, go(d.children[0]));
    }
  };
  const tree = go(treedef);
  if (next !== leaves.length) {
    throw new TreeMismatchError(`tree.unflatten: got ${leaves.length} leaves for a structure with places for ${next}`);
  }
  return tree as T;
}

/**
 * The leaves of a tree, in order.
 *
 * @example
 * tree.leaves({ w: [1, 2], b: 3 }); // [3, 1, 2]
 * tree.leaves([[1, 2], [3, 4, 5]], { isLeaf: (x) => Array.isArray(x) && typeof x[0] === 'number' }); // [[1, 2], [3, 4, 5]]
 */
export const leaves = (tree: unknown, options?: LeafOptions): readonly unknown[] => flatten(tree, options).leaves;

/**
 * The structure of a tree, without its leaves.
 *
 * @example
 * tree.structure([1, 2]); // { kind: 'tuple', children: [{ kind: 'leaf' }, { kind: 'leaf' }] }
 */
export const structure = (tree: unknown): TreeDef => flatten(tree).treedef;

/** A structure as text, equal exactly for equal structures: `{b: *, w: (*, *)}`. */
export function showTreeDef(d: TreeDef): string {
  switch (d.kind) {
    case 'leaf':
      return '*';
    case 'none':
      return 'null';
    case 'tuple':
      return `(${d.children.map(showTreeDef).join(', ')})`;
    case 'record':
      return `{${d.keys.map((k, i) => `${JSON.stringify(k)}: ${showTreeDef(d.children[i] as TreeDef)}`).join(', ')}}`;
    case 'node':
      return `${d.type.name}<${structuralKey(d.type)}:${fixedKey(d)}>(${showTreeDef(d.children[0])})`;
  }
}

/** Equal for equal fixed parts of nodes of one type. */
const fixedKey = ({ type, fixed }: TreeDef & { readonly kind: 'node' }): string => structuralKey(type.keyOf(fixed));

/** What `x` holds if it is a node like `d`, of one class and with an equal fixed part; null if it is not. */
export function nodeLike(d: TreeDef & { readonly kind: 'node' }, x: unknown): { readonly children: unknown } | null {
  if (typeof x !== 'object' || x === null || nodeTypeOf(x) !== d.type) return null;
  const { children, fixed } = d.type.flatten(x);
  return structuralKey(d.type.keyOf(fixed)) === fixedKey(d) ? { children } : null;
}

/** How many leaves a structure has. */
export function leafCount(d: TreeDef): number {
  switch (d.kind) {
    case 'leaf':
      return 1;
    case 'none':
      return 0;
    case 'tuple':
    case 'record':
    case 'node':
      return d.children.reduce((n, c) => n + leafCount(c), 0);
  }
}

/** A step from a tree's root towards a leaf. */
export type PathStep = string | number;

/**
 * A path as it would be written in code: `params.layers[0].w`.
 *
 * @example
 * tree.keystr(['layers', 0, 'w'], 'params'); // 'params.layers[0].w'
 */
export const keystr = (path: readonly PathStep[], root = ''): string =>
  root +
  path
    .map((k) => (typeof k === 'number' ? `[${k}]` : /^[A-Za-z_$][\w$]*$/.test(k) ? `.${k}` : `[${JSON.stringify(k)}]`))
    .join('');

/** The path of every leaf, in order. */
export function leafPaths(treedef: TreeDef): readonly (readonly PathStep[])[] {
  const paths: PathStep[][] = [];
  const go = (d: TreeDef, path: PathStep[]): void => {
    if (d.kind === 'leaf') paths.push(path);
    if (d.kind === 'tuple') d.children.forEach((c, i) => go(c, [...path, i]));
    if (d.kind === 'record') d.children.forEach((c, i) => go(c, [...path, d.keys[i] as string]));
    if (d.kind === 'node') go(d.children[0], path);
  };
  go(treedef, []);
  return paths;
}

/**
 * What a tree has in the place of each leaf of a structure, where `null` may stand for any part of it: then `null` for
 * each leaf in it.
 *
 * @param mismatch is told the first place where the tree does not fit.
 */
export function alignTo(
  treedef: TreeDef,
  tree: unknown,
  mismatch: (path: readonly PathStep[], needed: TreeDef, got: unknown) => never,
): readonly unknown[] {
  const aligned: unknown[] = [];
  const go = (d: TreeDef, x: unknown, path: readonly PathStep[]): void => {
    if (x === null || x === undefined) {
      for (let n = leafCount(d); n > 0; n--) aligned.push(null);
      return;
    }
    if (d.kind === 'leaf') {
      aligned.push(x);
      return;
    }
    const children = childrenLike(d, x) ?? mismatch(path, d, x);
    if (d.kind !== 'none')
      d.children.forEach((c, i) => {
        const step = d.kind === 'tuple' ? [i] : d.kind === 'record' ? [d.keys[i] as string] : [];
        go(c, children[i], [...path, ...step]);
      });
  };
  go(treedef, tree, []);
  return aligned;
}

/** The children of a tree whose root has the same structure; null where it has not. */
function childrenLike(d: Exclude<TreeDef, { kind: 'leaf' }>, x: unknown): readonly unknown[] | null {
  switch (d.kind) {
    case 'none':
      return null;
    case 'tuple':
      return Array.isArray(x) && x.length === d.children.length ? x : null;
    case 'record':
      return isRecord(x) && Object.keys(x).sort().join('\n') === d.keys.join('\n') ? d.keys.map((k) => x[k]) : null;
    case 'node': {
      if (typeof x !== 'object' || x === null || nodeTypeOf(x) !== d.type) return null;
      const { children, fixed } = d.type.flatten(x);
      return structuralKey(d.type.keyOf(fixed)) === fixedKey(d) ? [children] : null;
    }
  }
}

/** Where two structures first differ, for people; null where they are equal. */
export function firstDifference(a: TreeDef, b: TreeDef, path: readonly PathStep[] = []): string | null {
  const where = path.length === 0 ? 'at the root' : `at ${keystr(path)}`;
  if (a.kind !== b.kind) return `${where}: ${describeTree(a)} and ${describeTree(b)}`;
  if (a.kind === 'tuple' && b.kind === 'tuple') {
    if (a.children.length !== b.children.length) return `${where}: ${describeTree(a)} and ${describeTree(b)}`;
    return firstOf(a.children.map((c, i) => () => firstDifference(c, b.children[i] as TreeDef, [...path, i])));
  }
  if (a.kind === 'record' && b.kind === 'record') {
    const missing = a.keys.find((k) => !b.keys.includes(k));
    const extra = b.keys.find((k) => !a.keys.includes(k));
    if (missing !== undefined) return `${where}: key ${JSON.stringify(missing)} is only in the first`;
    if (extra !== undefined) return `${where}: key ${JSON.stringify(extra)} is only in the second`;
    return firstOf(
      a.children.map((c, i) => () => firstDifference(c, b.children[i] as TreeDef, [...path, a.keys[i] as string])),
    );
  }
  if (a.kind === 'node' && b.kind === 'node') {
    if (a.type !== b.type) return `${where}: ${describeTree(a)} and ${describeTree(b)}`;
    if (fixedKey(a) !== fixedKey(b)) return `${where}: two of ${a.type.name} whose fixed parts are not equal`;
    return firstDifference(a.children[0], b.children[0], path);
  }
  return null;
}

function firstOf(tries: readonly (() => string | null)[]): string | null {
  for (const attempt of tries) {
    const found = attempt();
    if (found !== null) return found;
  }
  return null;
}

/** A structure's root, for people: `a tuple of 2`. */
export function describeTree(d: TreeDef): string {
  switch (d.kind) {
    case 'leaf':
      return 'a leaf';
    case 'none':
      return 'null';
    case 'tuple':
      return `a tuple of ${d.children.length}`;
    case 'record':
      return `an object with keys {${d.keys.join(', ')}}`;
    case 'node':
      return `a node of type ${d.type.name}`;
  }
}

/**
 * Applies `f` to every leaf, or to the corresponding leaves of several trees of one structure.
 *
 * @throws TreeMismatchError when the structures differ, naming the first path where they do.
 * @example
 * map((w: number, g: number) => w - 0.1 * g, { w: 1, b: 2 }, { w: 10, b: 20 }); // { b: 0, w: 0 }
 */
export function map<L, T>(f: (leaf: L, ...rest: L[]) => unknown, tree: T, ...rest: readonly unknown[]): T {
  const first = flatten(tree);
  const others = rest.map((r, i) => {
    const other = flatten(r);
    const difference = firstDifference(first.treedef, other.treedef);
    if (difference !== null) {
      throw new TreeMismatchError(`tree.map: trees 0 and ${i + 1} must have one structure, but differ ${difference}`);
    }
    return other.leaves;
  });
  const mapped = first.leaves.map((l, i) => f(l as L, ...others.map((o) => o[i] as L)));
  return unflatten<T>(first.treedef, mapped);
}

/**
 * Like {@link map}, with the path of each leaf: `mapWithPath((path, leaf) => …, tree)`.
 *
 * @example
 * tree.mapWithPath((path, x: number) => path.length * x, { w: [1, 2], b: 3 }).w; // [2, 4]
 */
export function mapWithPath<L, T>(f: (path: readonly PathStep[], leaf: L) => unknown, tree: T): T {
  const { leaves: ls, treedef } = flatten(tree);
  const paths = leafPaths(treedef);
  return unflatten<T>(
    treedef,
    ls.map((l, i) => f(paths[i] as readonly PathStep[], l as L)),
  );
}

/**
 * Every leaf with its path, in order.
 *
 * @example
 * tree.leavesWithPath({ w: [1, 2], b: 3 })[2]?.[0].join('.'); // 'w.1'
 */
export const leavesWithPath = (
  tree: unknown,
  options?: LeafOptions,
): readonly (readonly [path: readonly PathStep[], leaf: unknown])[] => flattenWithPath(tree, options).leaves;

/**
 * Like {@link flatten}, with the path of each leaf: `leaves` is a list of `[path, leaf]`.
 *
 * @example
 * const { leaves } = tree.flattenWithPath({ w: [1, 2], b: 3 });
 * leaves.map(([path]) => tree.keystr(path)).join(' '); // '.b .w[0] .w[1]'
 */
export function flattenWithPath(
  tree: unknown,
  options?: LeafOptions,
): {
  readonly leaves: readonly (readonly [path: readonly PathStep[], leaf: unknown])[];
  readonly treedef: TreeDef;
} {
  const { leaves: ls, treedef } = flatten(tree, options);
  const paths = leafPaths(treedef);
  return { leaves: ls.map((l, i) => [paths[i] as readonly PathStep[], l] as const), treedef };
}

/**
 * Folds the leaves from left to right: `reduce((sum, leaf) => sum + leaf, { a: 1, b: 2 }, 0)` is 3.
 *
 * @example
 * tree.reduce((total: number, x: number) => total + x, { w: [1, 2], b: 3 }, 0); // 6
 */
export const reduce = <L, A>(f: (acc: A, leaf: L) => A, tree: unknown, initial: A): A =>
  (leaves(tree) as readonly L[]).reduce(f, initial);

/**
 * Is every leaf true? Numbers and arrays of one element are true unless they are 0.
 *
 * @throws TracerConversionError for arrays whose value is not known while tracing.
 * @example
 * all(map((x: NDArray) => np.isfinite(x).all(), gradients));
 */
export const all = (tree: unknown): boolean =>
  leaves(tree).every((l) => (typeof l === 'object' ? Number(l) !== 0 : Boolean(l)));
