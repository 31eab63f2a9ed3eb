import { remainder, where } from '../numpy/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { range } from '../util/array.ts';
import { stateless } from './basic.ts';
import { globalNorm } from './norms.ts';
import { asLike, over, zeroCount } from './scalars.ts';
import type { ExtraArgs, GradientTransformation } from './transformation.ts';
import { needExtra, needParams } from './transformation.ts';
import { either } from './trees.ts';
import { applyUpdates } from './updates.ts';

/**
 * Divides updates by their norm, all together. As `optax.contrib.normalize`.
 *
 * @example
 * normalize().update({ w: np.array([3]), b: np.array([4]) }, null)[0].w; // [0.6]
 */
export const normalize = (): GradientTransformation<null> =>
  stateless((updates) => {
    const norm = globalNorm(updates);
    return tree.map((u: NDArray) => over(u, norm), updates);
  });

/** What {@link sam} remembers. */
export type SamState = {
  /** `i32[]`: the adversarial steps since the last step. */
  readonly stepsSinceSync: NDArray;
  readonly optState: unknown;
  readonly advState: unknown;
  /** The parameters before the adversarial steps; null in opaque mode. */
  readonly cache: unknown;
};

/** Options of {@link sam}. */
export interface SamOptions {
  /** A step is made of so many updates, all but the last of them upwards; default 2. */
  readonly syncPeriod?: number;
  /** Begins the adversarial optimizer anew after each step; default true. */
  readonly resetState?: boolean;
  /** Takes all steps upwards in one update, by the extra argument `gradFn`; default false. */
  readonly opaqueMode?: boolean;
}

/**
 * Sharpness-aware minimization: looks for the worst parameters nearby, and goes down by the gradient there. Foret et al.:
 * Sharpness-Aware Minimization (ICLR 2021); as `optax.contrib.sam`.
 *
 * By default every other update goes up by `advOptimizer`, and the next one down from where the first began, so that each takes
 * the gradient at the parameters there are then. With `opaqueMode`, one update does it all.
 *
 * @throws ArgumentError unless `syncPeriod` is an integer, 1 or more; from `update`, when it gets no parameters, or no `gradFn` in
 *   opaque mode.
 * @example
 * const optimizer = sam(sgd(0.1), chain(normalize(), sgd(0.05)), { opaqueMode: true });
 * optimizer.update(gradients, state, params, { gradFn: grad(loss) });
 */
export function sam(
  optimizer: GradientTransformation,
  advOptimizer: GradientTransformation,
  { syncPeriod = 2, resetState = true, opaqueMode = false }: SamOptions = {},
): GradientTransformation<SamState> {
  if (!(Number.isInteger(syncPeriod) && syncPeriod >= 1)) {
    throw new ArgumentError(`[optim.sam] syncPeriod must be an integer, 1 or more; got ${syncPeriod}`);
  }
  const init = (params: unknown): SamState => ({
    stepsSinceSync: zeroCount(),
    optState: optimizer.init(params),
    advState: advOptimizer.init(params),
    cache: opaqueMode ? null : params,
  });
  const oneOfMany = <P>(updates: P, state: SamState, params: P): readonly [P, SamState] => {
    const first = state.stepsSinceSync.eq(0);
    const last = state.stepsSinceSync.eq(syncPeriod - 1);
    const cache = either(first, params, state.cache as P);
    const [away, advState] = advOptimizer.update(updates, state.advState, params);
    const [down, optState] = optimizer.update(updates, state.optState, state.cache as P);
    const back = (c: NDArray, p: NDArray, u: NDArray): NDArray => c.sub(p).add(u);
    const home = tree.map(back, state.cache as P, params, down);
    const before = resetState ? advOptimizer.init(params) : state.advState;
    return [
      tree.map((d: NDArray, a: NDArray) => where(last, asLike(d, a), a.neg()), home, away),
      {
        stepsSinceSync: remainder(state.stepsSinceSync.add(1), syncPeriod),
        optState: either(last, optState, state.optState),
        advState: either(last, before, advState),
        cache,
      },
    ];
  };
  const allAtOnce = <P>(
    updates: P,
    state: SamState,
    params: P,
    extra: ExtraArgs<P> | undefined,
  ): readonly [P, SamState] => {
    const gradFn = needExtra('sam', 'gradFn', extra);
    let [gradients, advState, worst] = [updates, state.advState, params];
    for (const step of range(syncPeriod - 1)) {
      const [away, after] = advOptimizer.update(gradients, advState, worst);
      worst = applyUpdates(worst, tree.map((a: NDArray) => a.neg(), away)); // prettier-ignore
      [gradients, advState] = [gradFn(worst, step), after];
    }
    const [down, optState] = optimizer.update(gradients, state.optState, params);
    return [down, { ...state, optState, advState: resetState ? advOptimizer.init(params) : advState }];
  };
  return {
    init,
    update(updates, state, given, extra) {
      const params = needParams('sam', given);
      return opaqueMode ? allAtOnce(updates, state, params, extra) : oneOfMany(updates, state, params);
    },
  };
}
