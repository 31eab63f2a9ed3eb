import { firstDifference, flatten, structure, unflatten } from '../tree/tree.ts';
import type { MarkKind, PrefixOf } from './prefix.ts';
import { choose, marksOf } from './prefix.ts';
import type { ExtraArgs, GradientTransformation } from './transformation.ts';

/**
 * Which parameters: a tree of booleans that is a prefix of the parameters (`true` for a subtree means all of it), or a function
 * of the parameters (or updates) that gives such a tree.
 */
export type Mask = PrefixOf<boolean>;

/** What {@link masked} remembers: the state of the inner transformation, `null` in place of what it does not see. */
export type MaskedState<S> = { readonly innerState: S };

/** Options of {@link masked} and `partition`. */
export interface MaskedOptions {
  /** Extra arguments that have the structure of the parameters are masked as well; default false. */
  readonly maskCompatibleExtraArgs?: boolean;
}

const booleans: MarkKind<boolean> = { kind: 'a boolean', is: (x) => typeof x === 'boolean' };

/**
 * Applies a transformation to some parameters only; the updates of the others pass as they are. As `optax.masked`.
 *
 * The inner transformation sees trees in which `null` stands for what is masked out, and keeps no state for it.
 *
 * @param mask booleans, true where `inner` applies.
 * @throws TreeMismatchError when the mask is no prefix of the parameters.
 * @example
 * masked(addDecayedWeights(1e-4), { w: true, b: false });
 * masked(addDecayedWeights(1e-4), (params: Params) => tree.map((p: NDArray) => p.ndim > 1, params));
 */
export function masked<S>(
  inner: GradientTransformation<S>,
  mask: Mask,
  { maskCompatibleExtraArgs = false }: MaskedOptions = {},
): GradientTransformation<MaskedState<S>> {
  const chosenOf = (tree: unknown): readonly boolean[] => marksOf('masked', 'the mask', mask, tree, booleans);
  return {
    init: (params) => ({ innerState: inner.init(choose(params, chosenOf(params))) }),
    update(updates, { innerState }, params, extra) {
      const chosen = chosenOf(updates);
      const seen = maskCompatibleExtraArgs ? maskedExtra(extra, updates, chosen) : extra;
      const seenParams = params === undefined ? undefined : choose(params, chosen);
      const [changed, state] = inner.update(choose(updates, chosen), innerState, seenParams, seen);
      return [merge(updates, changed, chosen), { innerState: state }];
    },
  };
}

/** The updates where what was chosen is replaced by the leaves of `changed`, in order. */
function merge<P>(updates: P, changed: P, chosen: readonly boolean[]): P {
  const { leaves, treedef } = flatten(updates);
  const replacements = flatten(changed).leaves;
  let next = 0;
  return unflatten<P>(
    treedef,
    leaves.map((old, i) => (chosen[i] === true ? replacements[next++] : old)),
  );
}

/** The extra arguments, those that are trees like the updates with holes. */
function maskedExtra<P>(
  extra: ExtraArgs<P> | undefined,
  updates: P,
  chosen: readonly boolean[],
): ExtraArgs<P> | undefined {
  if (extra === undefined) return undefined;
  const needed = structure(updates);
  const alike = (x: unknown): boolean => firstDifference(structure(x), needed) === null;
  return Object.fromEntries(Object.entries(extra).map(([name, x]) => [name, alike(x) ? choose(x, chosen) : x]));
}
