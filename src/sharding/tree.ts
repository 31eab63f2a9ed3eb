import type { PathStep, TreeDef } from '../tree/tree.ts';
import { describeTree, flatten, keystr, leafCount, nodeLike, isRecord } from '../tree/tree.ts';
import { ShardingError } from './errors.ts';
import type { Sharding } from './spec.ts';
import { isSharding } from './spec.ts';

/**
 * Shardings for a tree of arrays: one for all of it, or a tree of shardings of the same structure, in which one may stand for
 * any part. `null` says nothing about a part.
 */
export type Shardings = Sharding | null | readonly Shardings[] | { readonly [key: string]: Shardings };

/**
 * The sharding of each leaf of a structure, in order; null where nothing is said.
 *
 * @param name for errors: the function.
 * @param what for errors: what the shardings are called.
 * @throws ShardingError with the path of the first part that does not fit.
 */
export function shardingsFor(
  name: string,
  what: string,
  shardings: Shardings | undefined,
  treedef: TreeDef,
): readonly (Sharding | null)[] {
  const found: (Sharding | null)[] = [];
  const go = (d: TreeDef, s: unknown, path: readonly PathStep[]): void => {
    if (s === null || s === undefined || isSharding(s)) {
      for (let n = leafCount(d); n > 0; n--) found.push(s ?? null);
      return;
    }
    const parts = partsOf(d, s);
    if (parts === null) {
      const needs = d.kind === 'leaf' ? 'a sharding' : `a sharding, or ${describeTree(d)}`;
      throw new ShardingError('tree', `[${name}] ${keystr(path, what)} needs ${needs}, got ${described(s)}`);
    }
    parts.forEach(([child, part, step]) => go(child, part, [...path, ...step]));
  };
  go(treedef, shardings, []);
  return found;
}

/** Each part of a structure with what stands for it in another tree; null if that has another structure. */
function partsOf(
  d: TreeDef,
  s: unknown,
): readonly (readonly [part: TreeDef, sharding: unknown, step: readonly PathStep[]])[] | null {
  switch (d.kind) {
    case 'leaf':
    case 'none':
      return null;
    case 'tuple':
      return Array.isArray(s) && s.length === d.children.length ? d.children.map((c, i) => [c, s[i], [i]]) : null;
    case 'record': {
      if (!isRecord(s) || Object.keys(s).sort().join('\n') !== d.keys.join('\n')) return null;
      return d.children.map((c, i) => [c, s[d.keys[i] ?? ''], [d.keys[i] ?? '']]);
    }
    case 'node': {
      const like = nodeLike(d, s);
      return like === null ? null : [[d.children[0], like.children, []]];
    }
  }
}

const described = (x: unknown): string => {
  const { treedef } = flatten(x);
  return treedef.kind === 'leaf' ? (typeof x === 'string' ? JSON.stringify(x) : String(x)) : describeTree(treedef);
};
