import type { Context } from '../nn/index.ts';
import type { GradientTransformation } from '../optim/index.ts';
import { applyUpdates } from '../optim/index.ts';
import { foldIn } from '../random/index.ts';
import type { NDArray } from '../trace/value.ts';
import { valueAndGrad } from '../transforms/grad.ts';
import type { TrainState } from './state.ts';

/**
 * How far parameters are from what they should be, on a batch: a scalar to make small, and the layers' state after it.
 * The context is that of training, with the step's own key. `B` is any tree of arrays.
 */
export type Loss<P, S, B> = (
  params: P,
  state: S,
  batch: B,
  context: Required<Context>,
) => readonly [loss: NDArray, state: S];

/** A pure step of training: the state after it, and the loss before. */
export type Step<T, B> = (state: T, batch: B) => readonly [state: T, loss: NDArray];

/**
 * The training step of a loss and an optimizer: a pure function, for `jit`, which compiles it whole, or {@link epoch}.
 *
 * @example
 * const loss: train.Loss<Params, State, Batch> = (params, state, { images, labels }, context) => {
 *   const [logits, next] = network.apply(params, state, images, context);
 *   return [nn.softmaxCrossEntropyWithIntegerLabels(logits, labels).mean(), next];
 * };
 * const step = jit(train.step(loss, optim.adam(1e-3)), { donateArgnums: 0 });
 * [state, value] = step(state, { images, labels });
 */
export const step =
  <P, S, B, O>(loss: Loss<P, S, B>, optimizer: GradientTransformation<O>): Step<TrainState<P, S, O>, B> =>
  (before, batch) => {
    const context = { training: true, key: foldIn(before.key, before.step) };
    const objective = (params: P): readonly [NDArray, S] => loss(params, before.state, batch, context);
    const [[value, state], gradients] = valueAndGrad(objective, { hasAux: true })(before.params);
    const [updates, memory] = optimizer.update(gradients, before.optimizer, before.params);
    const params = applyUpdates(before.params, updates);
    return [{ params, state, optimizer: memory, key: before.key, step: before.step.add(1) }, value];
  };
