import { convP } from '../../lax/conv.ts';
import { dotGeneralP } from '../../lax/dot.ts';
import type { Aval } from '../../trace/aval.ts';

/** An operation of a checkpointed function, as policies see it. */
export interface SaveableOperation {
  /** The primitive's name, as the Jaxpr prints it: `dotGeneral`, `tanh`. */
  readonly primitive: string;
  readonly params: unknown;
  /** The types of its operands. */
  readonly inputs: readonly Aval[];
}

/** Says of an operation whether its results may be saved for the backward pass, where they are needed there. */
export type CheckpointPolicy = (operation: SaveableOperation) => boolean;

const nameIn = (params: unknown): unknown =>
  typeof params === 'object' && params !== null && 'name' in params ? params.name : undefined;

const namedValue = ({ primitive, params }: SaveableOperation, accepts: (name: string) => boolean): boolean => {
  const name = nameIn(params);
  return primitive === 'name' && typeof name === 'string' && accepts(name);
};

/** Does a contraction match axes of its operands, besides summing over some? */
const hasBatchAxes = (params: unknown): boolean => {
  const { batch } = params as { readonly batch: readonly [readonly number[], readonly number[]] };
  return batch[0].length > 0;
};

/**
 * What `checkpoint` may save of what the backward pass needs; everything else is computed again. The arguments of the
 * checkpointed function are always kept.
 *
 * @example
 * const layer = (w: NDArray, x: NDArray) => np.tanh(checkpointName(x.matmul(w), 'product'));
 * const block = checkpoint(layer, { policy: checkpointPolicies.saveOnlyTheseNames('product') });
 * const { dotsSaveable, saveFromBothPolicies, saveOnlyTheseNames } = checkpointPolicies;
 * const either = saveFromBothPolicies(dotsSaveable, saveOnlyTheseNames('product'));
 */
export const checkpointPolicies = {
  /** Everything that the backward pass needs, as without `checkpoint`. */
  everythingSaveable: (): boolean => true,
  /** Nothing: all is computed again from the arguments. The default. */
  nothingSaveable: (): boolean => false,
  /** Results of matrix products and convolutions. */
  dotsSaveable: ({ primitive }: SaveableOperation): boolean => [dotGeneralP.name, convP.name].includes(primitive),
  /** Results of matrix products without batch axes: those with weights, not those of attention. */
  dotsWithNoBatchDimsSaveable: ({ primitive, params }: SaveableOperation): boolean =>
    primitive === dotGeneralP.name && !hasBatchAxes(params),
  /** Values that {@link checkpointName} gave one of these names. */
  saveOnlyTheseNames:
    (...names: readonly string[]): CheckpointPolicy =>
    (operation) =>
      namedValue(operation, (name) => names.includes(name)),
  /** Values that {@link checkpointName} gave any name but these. */
  saveAnyNamesButThese:
    (...names: readonly string[]): CheckpointPolicy =>
    (operation) =>
      namedValue(operation, (name) => !names.includes(name)),
  /** What either policy saves. */
  saveFromBothPolicies:
    (first: CheckpointPolicy, second: CheckpointPolicy): CheckpointPolicy =>
    (operation) =>
      first(operation) || second(operation),
} as const;
