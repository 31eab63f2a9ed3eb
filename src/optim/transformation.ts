import type { Monoid } from 'fp-ts/lib/Monoid.js';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';

/**
 * What `update` may be told beside gradients and parameters. Each transformation says which it needs; the others pass
 * them by. More names can be given, for transformations of one's own.
 */
export interface ExtraArgs<P = unknown> {
  /** The loss at the parameters, a scalar. */
  readonly value?: NDArray;
  /** The gradient at the parameters, where the updates are something else by now. */
  readonly grad?: P;
  /** The loss as a function of the parameters, for searches along a line. */
  readonly valueFn?: (params: P) => NDArray;
  /** The gradient as a function of parameters; `step` counts its calls within one update. */
  readonly gradFn?: (params: P, step: number) => P;
  readonly [name: string]: unknown;
}

/**
 * A gradient transformation, as in optax: a pair of pure functions, the first of which makes the state that the second
 * carries from step to step. `updates` come in as gradients and leave as what `applyUpdates` adds; both have the
 * structure of the parameters, and so do `params`, which only some transformations need.
 *
 * States are plain trees of arrays. Their structure, shapes and dtypes do not change from step to step, so that they can be
 * carried by loops, batched, donated and saved.
 */
export interface GradientTransformation<S = unknown> {
  init(params: unknown): S;
  update<P>(updates: P, state: S, params?: P, extra?: ExtraArgs<P>): readonly [updates: P, state: S];
}

/** Transformations one after the other. Its state is the tuple of theirs. */
export interface Chain extends GradientTransformation<readonly unknown[]> {
  readonly links: readonly GradientTransformation[];
}

const isChain = (t: GradientTransformation): t is Chain => 'links' in t;

/**
 * Applies transformations in order, each to the updates of the one before. Chains within chains are taken apart, so that
 * grouping makes no difference, to the state either. As `optax.chain`.
 *
 * @throws ArgumentError when `update` gets the state of another chain.
 * @example
 * const optimizer = chain(clipByGlobalNorm(1), adam(1e-3));
 */
export function chain(...transformations: readonly GradientTransformation[]): Chain {
  const links = transformations.flatMap((t) => (isChain(t) ? t.links : [t]));
  return {
    links,
    init: (params) => links.map((link) => link.init(params)),
    update(updates, state, params, extra) {
      if (state.length !== links.length) {
        throw new ArgumentError(`[optim.chain] a chain of ${links.length} got a state of ${state.length}: call init`);
      }
      let current = updates;
      const states = links.map((link, i) => {
        const [next, after] = link.update(current, at(state, i), params, extra);
        current = next;
        return after;
      });
      return [current, states];
    },
  };
}

/**
 * Leaves updates as they are: the chain of nothing. As `optax.identity`.
 *
 * @example
 * identity().update(np.array([1, 2]), [])[0]; // [1, 2]
 */
export const identity = (): Chain => chain();

/**
 * Chains form a monoid: `chain` is associative and {@link identity} is its unit.
 *
 * @example
 * const parts = [clipByGlobalNorm(1), adam(1e-3)].map((t) => chain(t));
 * const optimizer = parts.reduce(chainMonoid.concat, chainMonoid.empty);
 * optimizer.links.length; // 3
 */
export const chainMonoid: Monoid<Chain> = { empty: identity(), concat: (first, second) => chain(first, second) };

/**
 * As {@link chain}, with a name for each transformation: the state is an object of the states by name. As
 * `optax.named_chain`.
 *
 * @throws ArgumentError when two have one name, or `update` gets the state of another chain.
 * @example
 * const optimizer = namedChain(['clip', clip(1)], ['adam', scaleByAdam()], ['rate', scale(-1e-3)]);
 * optimizer.init(params).adam;
 */
export function namedChain(
  ...transformations: readonly (readonly [name: string, transformation: GradientTransformation])[]
): GradientTransformation<Readonly<Record<string, unknown>>> {
  const names = transformations.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ArgumentError(`[optim.namedChain] the name ${JSON.stringify(twice)} is there twice`);
  return {
    init: (params) => Object.fromEntries(transformations.map(([name, t]) => [name, t.init(params)])),
    update(updates, state, params, extra) {
      const missing = names.find((name) => !(name in state));
      if (missing !== undefined) {
        const has = Object.keys(state).join(', ');
        throw new ArgumentError(
          `[optim.namedChain] the state has no ${JSON.stringify(missing)}, only {${has}}: call init`,
        );
      }
      let current = updates;
      const states = transformations.map(([name, t]) => {
        const [next, after] = t.update(current, state[name], params, extra);
        current = next;
        return [name, after] as const;
      });
      return [current, Object.fromEntries(states)];
    },
  };
}

/**
 * The same transformation where extra arguments are given: it gets none of them. All transformations of this library take
 * extra arguments as they are; this is for one that does not, such as one that refuses names it does not know. As
 * `optax.with_extra_args_support`.
 *
 * @example
 * chain(withExtraArgs(adam(1e-3)), reduceOnPlateau({ factor: 0.5 }));
 */
export const withExtraArgs = <S>(transformation: GradientTransformation<S>): GradientTransformation<S> => ({
  init: (params) => transformation.init(params),
  update: (updates, state, params) => transformation.update(updates, state, params),
});

/**
 * The parameters that an `update` got.
 *
 * @throws ArgumentError when it got none.
 */
export function needParams<P>(name: string, params: P | undefined): P {
  if (params !== undefined) return params;
  throw new ArgumentError(`[optim.${name}] needs the parameters: update(updates, state, params)`);
}

/**
 * One of the extra arguments that an `update` got.
 *
 * @throws ArgumentError when it is not there.
 */
export function needExtra<P, K extends 'value' | 'grad' | 'valueFn' | 'gradFn'>(
  name: string,
  key: K,
  extra: ExtraArgs<P> | undefined,
): NonNullable<ExtraArgs<P>[K]> {
  const found = extra?.[key];
  if (found !== undefined && found !== null) return found;
  throw new ArgumentError(
    `[optim.${name}] needs ${meanings[key]}: update(updates, state, params, { ${key}: … })` +
      (extra === undefined ? '' : `, and got {${Object.keys(extra).join(', ')}}`),
  );
}

const meanings = {
  value: 'the loss at the parameters',
  grad: 'the gradient at the parameters',
  valueFn: 'the loss as a function of parameters',
  gradFn: 'the gradient as a function of parameters',
};
