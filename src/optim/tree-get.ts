import { ArgumentError } from '../trace/errors.ts';
import { arrayOf } from './scalars.ts';
import { NDArray } from '../trace/value.ts';
import type { PathStep } from '../tree/tree.ts';
import { isRecord, keystr } from '../tree/tree.ts';

/** Which of several values of one name: by the path to it. */
export type PathFilter = (path: readonly PathStep[], value: unknown) => boolean;

type Found = readonly [path: readonly PathStep[], value: unknown];

/**
 * Everything in a tree that stands under a key, with the path to it. As `optax.tree_utils.tree_get_all_with_path`.
 *
 * @example
 * const optimizer = chain(scaleByAdam(), scaleBySchedule(linearSchedule(1, 0, 9)));
 * const counts = treeGetAllWithPath(optimizer.init(params), 'count');
 * counts.map(([path]) => path.join('.')).join(); // '0.count,1.count'
 */
export function treeGetAllWithPath(
  tree: unknown,
  key: string,
  { filtering }: { readonly filtering?: PathFilter } = {},
): readonly Found[] {
  const found: Found[] = [];
  const go = (x: unknown, path: readonly PathStep[]): void => {
    if (Array.isArray(x)) x.forEach((child, i) => go(child, [...path, i]));
    if (!isRecord(x)) return;
    for (const [name, child] of Object.entries(x)) {
      const here = [...path, name];
      if (name === key && filtering?.(here, child) !== false) found.push([here, child]);
      go(child, here);
    }
  };
  go(tree, []);
  return found;
}

/**
 * The one value in a tree that stands under a key, such as a learning rate somewhere in a state. As `optax.tree_utils.tree_get`.
 *
 * @param fallback what is given where there is none; default null.
 * @throws ArgumentError when there are several; `filtering` chooses among them.
 * @example
 * treeGet(state, 'count', null, { filtering: (path) => path.includes('adam') });
 */
export function treeGet(
  tree: unknown,
  key: string,
  fallback: unknown = null,
  options: { readonly filtering?: PathFilter } = {},
): unknown {
  const found = treeGetAllWithPath(tree, key, options);
  if (found.length > 1) {
    const paths = found.map(([path]) => keystr(path, 'tree')).join(', ');
    throw new ArgumentError(`[optim.treeGet] there are ${found.length} values of ${JSON.stringify(key)}: ${paths}`);
  }
  return found[0] === undefined ? fallback : found[0][1];
}

/**
 * The tree with other values under some keys, wherever they stand. A number in place of an array becomes a scalar of the array's
 * dtype, so that a state keeps its types. As `optax.tree_utils.tree_set`.
 *
 * @throws ArgumentError when a key is nowhere in the tree.
 * @example
 * const faster = treeSet(state, { learningRate: 0.01 });
 */
export function treeSet<T>(
  tree: T,
  values: Readonly<Record<string, unknown>>,
  { filtering }: { readonly filtering?: PathFilter } = {},
): T {
  const options = filtering === undefined ? {} : { filtering };
  const missing = Object.keys(values).find((key) => treeGetAllWithPath(tree, key, options).length === 0);
  if (missing !== undefined)
    throw new ArgumentError(`[optim.treeSet] there is no ${JSON.stringify(missing)} in the tree`);
  const go = (x: unknown, path: readonly PathStep[]): unknown => {
    if (Array.isArray(x)) return x.map((child, i) => go(child, [...path, i]));
    if (!isRecord(x)) return x;
    const entries = Object.entries(x).map(([name, child]): [string, unknown] => {
      const here = [...path, name];
      const replaced = Object.hasOwn(values, name) && filtering?.(here, child) !== false;
      return [name, replaced ? fitting(values[name], child) : go(child, here)];
    });
    return Object.fromEntries(entries);
  };
  return go(tree, []) as T;
}

const fitting = (value: unknown, before: unknown): unknown =>
  typeof value === 'number' && before instanceof NDArray && before.ndim === 0 ? arrayOf(value, before.dtype) : value;
