import { scalarOf } from '../lax/rules.ts';
import { isfinite, isnan, logicalAnd, logicalOr, remainder, where } from '../numpy/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import type { Scalar } from './scalars.ts';
import { asLike, increment, oneMinus, times, zeroCount } from './scalars.ts';
import type { ExtraArgs, GradientTransformation } from './transformation.ts';
import { needParams } from './transformation.ts';
import { either, zerosLike } from './trees.ts';

/** Transformations around another one, and a guard against NaN. */

/** What {@link zeroNans} remembers: for each leaf, whether the last update had a NaN. */
export type ZeroNansState = { readonly foundNan: unknown };

/**
 * Makes NaN in updates zero. As `optax.zero_nans`.
 *
 * @example
 * chain(zeroNans(), adam(1e-3));
 */
export const zeroNans = (): GradientTransformation<ZeroNansState> => ({
  init: (params) => ({ foundNan: tree.map(() => scalarOf('bool', 0), params) }),
  update: (updates) => [
    tree.map((u: NDArray) => where(isnan(u), 0, u), updates),
    { foundNan: tree.map((u: NDArray) => isnan(u).any(), updates) },
  ],
});

/** What {@link applyIfFinite} remembers. */
export type ApplyIfFiniteState<S> = {
  /** `i32[]`: the updates in a row that were not finite. */
  readonly notfiniteCount: NDArray;
  /** `bool[]`: was the last one finite? */
  readonly lastFinite: NDArray;
  /** `i32[]`: all updates that were not finite. */
  readonly totalNotfinite: NDArray;
  readonly innerState: S;
};

/**
 * Takes no step where an update has NaN or infinities; after more than `maxConsecutiveErrors` of them in a row it does, so that
 * the trouble is seen. As `optax.apply_if_finite`.
 *
 * @example
 * applyIfFinite(adam(1e-3), 5);
 */
export const applyIfFinite = <S>(
  inner: GradientTransformation<S>,
  maxConsecutiveErrors: Scalar,
): GradientTransformation<ApplyIfFiniteState<S>> => ({
  init: (params) => ({
    notfiniteCount: zeroCount(),
    lastFinite: scalarOf('bool', 1),
    totalNotfinite: zeroCount(),
    innerState: inner.init(params),
  }),
  update(updates, state, params, extra) {
    const finite = allFinite(updates);
    const notfiniteCount = where(finite, 0, increment(state.notfiniteCount));
    const apply = logicalOr(finite, notfiniteCount.gt(maxConsecutiveErrors));
    const [changed, after] = inner.update(updates, state.innerState, params, extra);
    return [
      either(apply, changed, zerosLike(changed)),
      {
        notfiniteCount,
        lastFinite: finite,
        totalNotfinite: where(finite, state.totalNotfinite, increment(state.totalNotfinite)),
        innerState: either(apply, after, state.innerState),
      },
    ];
  },
});

const allFinite = (updates: unknown): NDArray =>
  (tree.leaves(updates) as readonly NDArray[])
    .map((u) => isfinite(u).all())
    .reduce((a, b) => logicalAnd(a, b), scalarOf('bool', 1));

/** Parameters of {@link lookahead}: those that each step moves, and those that follow. */
export interface LookaheadParams<P> {
  readonly fast: P;
  readonly slow: P;
}

/**
 * Both copies from one. As `optax.LookaheadParams.init_synced`.
 *
 * @example
 * lookaheadParams({ w: np.array([1, 2]) }).slow.w; // [1, 2]
 */
export const lookaheadParams = <P>(params: P): LookaheadParams<P> => ({ fast: params, slow: params });

/** What {@link lookahead} remembers. */
export type LookaheadState<S> = {
  readonly fastState: S;
  /** `i32[]`: the steps since the slow parameters moved. */
  readonly stepsSinceSync: NDArray;
};

/** An optimizer of two copies of parameters: it takes gradients at the fast ones, and gives updates of both. */
export interface Lookahead<S> {
  init(params: unknown): LookaheadState<S>;
  update<P>(
    updates: P,
    state: LookaheadState<S>,
    params: LookaheadParams<P>,
    extra?: ExtraArgs<P>,
  ): readonly [updates: LookaheadParams<P>, state: LookaheadState<S>];
}

/** Options of {@link lookahead}. */
export interface LookaheadOptions {
  /** Begins the fast optimizer anew whenever the slow parameters have moved; default false. */
  readonly resetState?: boolean;
}

/**
 * Every `syncPeriod` steps of an optimizer, moves slow parameters a part of the way to where it came, and sends it back to them:
 * `slow ← slow + slowStepSize·(fast − slow)`, `fast ← slow`. Zhang et al.: Lookahead Optimizer (NeurIPS 2019); as
 * `optax.lookahead`.
 *
 * @throws ArgumentError unless `syncPeriod` is an integer, 1 or more.
 * @example
 * const optimizer = lookahead(adam(1e-3), 5, 0.5);
 * let params = lookaheadParams(initial);
 * let state = optimizer.init(params);
 * const [updates, next] = optimizer.update(grad(loss)(params.fast), state, params);
 * params = applyUpdates(params, updates);
 */
export function lookahead<S>(
  fastOptimizer: GradientTransformation<S>,
  syncPeriod: number,
  slowStepSize: Scalar,
  { resetState = false }: LookaheadOptions = {},
): Lookahead<S> {
  if (!(Number.isInteger(syncPeriod) && syncPeriod >= 1)) {
    throw new ArgumentError(`[optim.lookahead] syncPeriod must be an integer, 1 or more; got ${syncPeriod}`);
  }
  return {
    init: (params) => ({
      fastState: fastOptimizer.init(isPair(params) ? params.fast : params),
      stepsSinceSync: zeroCount(),
    }),
    update(updates, state, given, extra) {
      const params = pairOf(given);
      const [stepped, after] = fastOptimizer.update(updates, state.fastState, params.fast, extra);
      const sync = state.stepsSinceSync.eq(syncPeriod - 1);
      const ahead = tree.map(
        (f: NDArray, u: NDArray, s: NDArray) => f.add(u).sub(s),
        params.fast,
        stepped,
        params.slow,
      );
      const slow = tree.map((d: NDArray) => where(sync, times(d, slowStepSize), 0), ahead);
      const back = (u: NDArray, d: NDArray): NDArray =>
        u.sub(asLike(where(sync, times(d, oneMinus(slowStepSize)), 0), u));
      const fastState = resetState ? either(sync, fastOptimizer.init(params.fast), after) : after;
      return [
        { fast: tree.map(back, stepped, ahead), slow },
        { fastState, stepsSinceSync: remainder(state.stepsSinceSync.add(1), syncPeriod) },
      ];
    },
  };
}

const isPair = (x: unknown): x is LookaheadParams<unknown> =>
  tree.isRecord(x) && Object.keys(x).sort().join() === 'fast,slow';

function pairOf<P>(params: LookaheadParams<P> | undefined): LookaheadParams<P> {
  const given = needParams('lookahead', params);
  if (isPair(given)) return given;
  throw new ArgumentError('[optim.lookahead] needs both copies of the parameters: lookaheadParams(params) makes them');
}
