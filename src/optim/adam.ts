import { pow, sqrt } from '../lax/elementwise.ts';
import { scalarOf } from '../lax/rules.ts';
import { convertElementType } from '../lax/casts.ts';
import { zerosOf } from '../lax/structural.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { addDecayedWeights, chain, scaleByLearningRate } from './transformation.ts';

/** The numbers of {@link scaleByAdam}. */
export interface AdamOptions {
  /** Decay of the mean of gradients; default 0.9. */
  readonly b1?: number;
  /** Decay of the mean of squared gradients; default 0.999. */
  readonly b2?: number;
  /** Added to the root; default 1e-8. */
  readonly eps?: number;
  /** Added under the root; default 0. */
  readonly epsRoot?: number;
}

/** What {@link scaleByAdam} remembers. `mu` and `nu` have the structure of the parameters. */
export type AdamState = {
  /** `i32[]`: the steps taken. */
  readonly count: NDArray;
  /** The mean of gradients. */
  readonly mu: unknown;
  /** The mean of squared gradients. */
  readonly nu: unknown;
};

/**
 * Rescales updates as Adam does:
 *
 *     μ ← b1·μ + (1 − b1)·g        ν ← b2·ν + (1 − b2)·g²
 *     u = μ/(1 − b1ᵗ) / (√(ν/(1 − b2ᵗ) + epsRoot) + eps)
 *
 * with t from 1. Kingma, Ba: Adam: A Method for Stochastic Optimization (ICLR 2015); as `optax.scale_by_adam`.
 */
export function scaleByAdam(options: AdamOptions = {}): GradientTransformation<AdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0 } = options;
  const zeros = (params: unknown): unknown => tree.map((p: NDArray) => zerosOf(p.aval), params);
  return {
    init: (params) => ({ count: scalarOf('i32', 0), mu: zeros(params), nu: zeros(params) }),
    update(updates, state) {
      const count = state.count.add(1);
      const mu = tree.map((g: NDArray, m: NDArray) => g.mul(1 - b1).add(m.mul(b1)), updates, state.mu);
      const nu = tree.map(
        (g: NDArray, v: NDArray) =>
          g
            .mul(g)
            .mul(1 - b2)
            .add(v.mul(b2)),
        updates,
        state.nu,
      );
      const rescale = (m: NDArray, v: NDArray): NDArray =>
        unbiased(m, b1, count).div(sqrt(unbiased(v, b2, count).add(epsRoot)).add(eps));
      return [tree.map(rescale, mu, nu), { count, mu, nu }];
    },
  };
}

/** A decaying mean that started at zero, freed of that bias: `mean / (1 − decay ^ count)`. */
function unbiased(mean: NDArray, decay: number, count: NDArray): NDArray {
  const weight = pow(scalarOf(mean.dtype, decay), convertElementType(count, mean.dtype));
  return mean.div(weight.neg().add(1));
}

/** Adam: {@link scaleByAdam}, then a step down of `learningRate`. As `optax.adam`. */
export const adam = (learningRate: number, options: AdamOptions = {}): Chain =>
  chain(scaleByAdam(options), scaleByLearningRate(learningRate));

/** Adam with decoupled decay of the parameters towards zero. */
export interface AdamWOptions extends AdamOptions {
  /** Default 1e-4. */
  readonly weightDecay?: number;
}

/**
 * Adam with the decay of weights apart from the gradients: {@link scaleByAdam}, plus `weightDecay · p`, then a step down.
 * Loshchilov, Hutter: Decoupled Weight Decay Regularization (ICLR 2019); as `optax.adamw`.
 */
export const adamw = (learningRate: number, { weightDecay = 1e-4, ...options }: AdamWOptions = {}): Chain =>
  chain(scaleByAdam(options), addDecayedWeights(weightDecay), scaleByLearningRate(learningRate));
