import { scalarOf } from '../lax/rules.ts';
import type { Layer, Tree } from '../nn/index.ts';
import type { GradientTransformation } from '../optim/index.ts';
import type { Shape } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { split } from '../random/index.ts';
import { at } from '../util/array.ts';

/** All that a training carries from step to step: a plain tree, so that it is saved, moved and batched like any other. */
export type TrainState<P = Tree, S = Tree, O = unknown> = {
  /** What is learned. */
  readonly params: P;
  /** What layers remember, such as running statistics. */
  readonly state: S;
  /** What the optimizer remembers. */
  readonly optimizer: O;
  /** `u32[2]`: where the randomness of every step comes from. It stays as it is; a step uses `foldIn(key, step)`. */
  readonly key: NDArray;
  /** `i32[]`: the steps taken. */
  readonly step: NDArray;
};

/**
 * What a training of a layer begins with: fresh parameters and layer state for inputs of `inputShape` (one example's,
 * without the batch axis), and the optimizer's beginning.
 *
 * @example
 * let state = train.init(network, optim.adam(1e-3), random.key(0), [28, 28, 1]);
 */
export function init<P extends Tree, S extends Tree, O>(
  layer: Layer<P, S>,
  optimizer: GradientTransformation<O>,
  key: NDArray,
  inputShape: Shape,
): TrainState<P, S, O> {
  const keys = [...split(key)];
  const { params, state } = layer.init(at(keys, 0), inputShape);
  return { params, state, optimizer: optimizer.init(params), key: at(keys, 1), step: scalarOf('i32', 0) };
}
