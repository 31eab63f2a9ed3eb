import type { Monoid } from 'fp-ts/lib/Monoid.js';
import { convertElementType } from '../lax/casts.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { at } from '../util/array.ts';

/**
 * A gradient transformation, as in optax: a pair of pure functions, the first of which makes the state that the second
 * carries from step to step. `updates` come in as gradients and leave as what {@link applyUpdates} adds; both have the
 * structure of the parameters, and so do `params`, which only some transformations need.
 */
export interface GradientTransformation<S = unknown> {
  init(params: unknown): S;
  update<P>(updates: P, state: S, params?: P): readonly [updates: P, state: S];
}

/** Transformations one after the other. Its state is the tuple of theirs. */
export interface Chain extends GradientTransformation<readonly unknown[]> {
  readonly links: readonly GradientTransformation[];
}

const isChain = (t: GradientTransformation): t is Chain => 'links' in t;

/**
 * Applies transformations in order, each to the updates of the one before. Chains within chains are taken apart, so that
 * grouping makes no difference, to the state either.
 */
export function chain(...transformations: readonly GradientTransformation[]): Chain {
  const links = transformations.flatMap((t) => (isChain(t) ? t.links : [t]));
  return {
    links,
    init: (params) => links.map((link) => link.init(params)),
    update(updates, state, params) {
      if (state.length !== links.length) {
        throw new ArgumentError(`[optim.chain] a chain of ${links.length} got a state of ${state.length}: call init`);
      }
      let current = updates;
      const states = links.map((link, i) => {
        const [next, after] = link.update(current, at(state, i), params);
        current = next;
        return after;
      });
      return [current, states];
    },
  };
}

/** Leaves updates as they are: the chain of nothing. */
export const identity = (): Chain => chain();

/** Chains form a monoid: `chain` is associative and {@link identity} is its unit. */
export const chainMonoid: Monoid<Chain> = { empty: identity(), concat: (first, second) => chain(first, second) };

/** A transformation of each leaf by itself, without state. */
export const stateless = (f: (update: NDArray) => NDArray): GradientTransformation<null> => ({
  init: () => null,
  update: (updates, state) => [tree.map(f, updates), state],
});

/** Multiplies updates by a number: `u ↦ factor · u`. */
export const scale = (factor: number): GradientTransformation<null> => stateless((u) => u.mul(factor));

/**
 * Adds a multiple of the parameters: `u ↦ u + decay · p`. As `optax.add_decayed_weights`.
 *
 * @throws ArgumentError when `update` gets no parameters.
 */
export const addDecayedWeights = (decay: number): GradientTransformation<null> => ({
  init: () => null,
  update(updates, state, params) {
    if (params === undefined) {
      throw new ArgumentError('[optim.addDecayedWeights] needs the parameters: update(updates, state, params)');
    }
    return [tree.map((u: NDArray, p: NDArray) => u.add(p.mul(decay)), updates, params), state];
  },
});

/** Turns a direction of ascent into a step of descent: `u ↦ −learningRate · u`. */
export const scaleByLearningRate = (learningRate: number): GradientTransformation<null> => scale(-learningRate);

/**
 * The parameters after a step: `p + u` for each leaf, in the dtype of `p`.
 *
 * @throws TreeMismatchError when the trees differ in structure.
 */
export const applyUpdates = <P>(params: P, updates: P): P =>
  tree.map((p: NDArray, u: NDArray) => cast(p.add(u), p), params, updates);

const cast = (x: NDArray, like: NDArray): NDArray => (x.dtype === like.dtype ? x : convertElementType(x, like.dtype));
