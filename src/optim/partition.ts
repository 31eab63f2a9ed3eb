import { ArgumentError } from '../trace/errors.ts';
import type { MaskedOptions, MaskedState } from './masking.ts';
import { masked } from './masking.ts';
import type { MarkKind, PrefixOf } from './prefix.ts';
import { marksOf } from './prefix.ts';
import type { GradientTransformation } from './transformation.ts';
import { setToZero } from './basic.ts';
import type { Mask } from './masking.ts';
import { structure, unflatten } from '../tree/tree.ts';

/**
 * Labels of parameters: a tree of strings that is a prefix of the parameters, or a function of the parameters (or updates) that
 * gives such a tree.
 */
export type Labels = PrefixOf<string>;

/** What {@link partition} remembers: by label, the state of its transformation. */
export type PartitionState = { readonly innerStates: Readonly<Record<string, MaskedState<unknown>>> };

const strings: MarkKind<string> = { kind: 'a label', is: (x) => typeof x === 'string' };

/**
 * Applies to each parameter the transformation that its label names. As `optax.partition`, also known as
 * `optax.multi_transform`.
 *
 * @throws ArgumentError for a label without a transformation; TreeMismatchError when the labels are no prefix of the parameters.
 * @example
 * partition({ train: adam(1e-3), freeze: setToZero() }, { encoder: 'freeze', head: 'train' });
 */
export function partition(
  transforms: Readonly<Record<string, GradientTransformation>>,
  paramLabels: Labels,
  options: MaskedOptions = {},
): GradientTransformation<PartitionState> {
  const entries = Object.entries(transforms);
  /** Each label's transformation, masked to where that label is. */
  const groupsOf = (tree: unknown): readonly (readonly [string, GradientTransformation<MaskedState<unknown>>])[] => {
    const labels = marksOf('partition', 'paramLabels', paramLabels, tree, strings);
    const unknown = labels.find((label) => !(label in transforms));
    if (unknown !== undefined) {
      throw new ArgumentError(
        `[optim.partition] the label ${JSON.stringify(unknown)} has no transformation: there are ` +
          `{${Object.keys(transforms).join(', ')}}`,
      );
    }
    const maskOf = (label: string): Mask => unflatten(structure(tree), labels.map((l) => l === label)); // prettier-ignore
    return entries.map(([label, inner]) => [label, masked(inner, maskOf(label), options)]);
  };
  return {
    init: (params) => ({
      innerStates: Object.fromEntries(groupsOf(params).map(([label, group]) => [label, group.init(params)])),
    }),
    update(updates, { innerStates }, params, extra) {
      let current = updates;
      const states = groupsOf(updates).map(([label, group]) => {
        const state = innerStates[label];
        if (state === undefined) {
          throw new ArgumentError(`[optim.partition] the state has nothing for ${JSON.stringify(label)}: call init`);
        }
        const [next, after] = group.update(current, state, params, extra);
        current = next;
        return [label, after] as const;
      });
      return [current, { innerStates: Object.fromEntries(states) }];
    },
  };
}

/**
 * The older name of {@link partition}.
 *
 * @example
 * multiTransform({ large: sgd(0.1), small: sgd(0.01) }, { w: 'large', b: 'small' });
 */
export const multiTransform: typeof partition = partition;

/**
 * Makes the updates of some parameters zero, so that those stay as they are. As `optax.transforms.freeze`.
 *
 * @param mask true for what is frozen.
 * @throws TreeMismatchError when the mask is no prefix of the parameters.
 * @example
 * chain(adam(1e-3), freeze({ encoder: true, head: false }));
 */
export const freeze = (mask: Mask): GradientTransformation<MaskedState<null>> => masked(setToZero(), mask);
