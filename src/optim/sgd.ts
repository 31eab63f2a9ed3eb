import { zerosOf } from '../lax/structural.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain, scaleByLearningRate } from './transformation.ts';

/** What {@link trace} remembers: a tree of the structure of the parameters. */
export type TraceState = { readonly trace: unknown };

/**
 * Momentum: a decaying sum of updates,
 *
 *     t ← g + decay·t        u = t, or g + decay·t once more with `nesterov`.
 *
 * Polyak 1964; Nesterov 1983, in the form of Sutskever et al.: On the importance of initialization and momentum in deep
 * learning (ICML 2013); as `optax.trace`.
 */
export function trace(
  decay: number,
  options: { readonly nesterov?: boolean } = {},
): GradientTransformation<TraceState> {
  const add = (g: NDArray, t: NDArray): NDArray => g.add(t.mul(decay));
  return {
    init: (params) => ({ trace: tree.map((p: NDArray) => zerosOf(p.aval), params) }),
    update(updates, state) {
      const next = tree.map(add, updates, state.trace);
      return [options.nesterov === true ? tree.map(add, updates, next) : next, { trace: next }];
    },
  };
}

/** Stochastic gradient descent: `u = −learningRate · g`, with momentum if asked for. As `optax.sgd`. */
export const sgd = (
  learningRate: number,
  { momentum, nesterov = false }: { readonly momentum?: number; readonly nesterov?: boolean } = {},
): Chain =>
  momentum === undefined
    ? chain(scaleByLearningRate(learningRate))
    : chain(trace(momentum, { nesterov }), scaleByLearningRate(learningRate));
