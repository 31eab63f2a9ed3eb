import type { DType } from '../kernel/dtype.ts';
import { logicalAnd, logicalNot, remainder, where } from '../numpy/elementwise.ts';
import { showAval } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { squaredNorm } from './norms.ts';
import type { Scalar, Schedule } from './scalars.ts';
import { arrayOf, increment, over, wide, zeroCount } from './scalars.ts';
import type { GradientTransformation } from './transformation.ts';
import { either, zerosLike } from './trees.ts';
import { scalarOf } from '../lax/rules.ts';

/** What {@link multiSteps} remembers. */
export type MultiStepsState<S> = {
  /** `i32[]`: the gradients gathered since the last step. */
  readonly miniStep: NDArray;
  /** `i32[]`: the steps taken. */
  readonly gradientStep: NDArray;
  readonly innerOptState: S;
  /** The mean or sum of the gradients gathered. */
  readonly accGrads: unknown;
  /** What the function that skips gradients had to say last; null without one. */
  readonly skipState: unknown;
};

/**
 * Decides whether a gradient is passed over.
 *
 * @returns a bool scalar, and arrays to be remembered about it.
 */
export type ShouldSkipUpdate = (
  updates: unknown,
  gradientStep: NDArray,
  params: unknown,
) => readonly [skip: NDArray, state: unknown];

/** Options of {@link multiSteps}. */
export interface MultiStepsOptions {
  /** Takes the mean of the gradients, not their sum; default true. */
  readonly useGradMean?: boolean;
  /** Passes over gradients, such as {@link skipNotFinite}; default: over none. */
  readonly shouldSkipUpdateFn?: ShouldSkipUpdate;
  /** The dtype in which gradients are gathered; default that of each parameter, and f32 for f16. */
  readonly accumulatorDtype?: DType;
}

/** Gathers gradients, and steps once in a while. */
export interface MultiSteps<S> extends GradientTransformation<MultiStepsState<S>> {
  /** Did the last update take a step? A bool scalar. */
  hasUpdated(state: MultiStepsState<S>): NDArray;
}

/**
 * Gathers the gradients of `everyK` updates, and hands their mean to the inner transformation; the updates between are zero. A
 * batch that does not fit the memory is so computed in parts. As `optax.MultiSteps`.
 *
 * @param everyK a number, or a schedule of the count of steps taken.
 * @throws ArgumentError unless `everyK` is an integer, 1 or more; from `update`, when `shouldSkipUpdateFn` gives no bool scalar.
 * @example
 * const optimizer = multiSteps(adam(1e-3), 4);
 */
export function multiSteps<S>(
  inner: GradientTransformation<S>,
  everyK: number | Schedule,
  options: MultiStepsOptions = {},
): MultiSteps<S> {
  const { useGradMean = true, shouldSkipUpdateFn = skipNone, accumulatorDtype } = options;
  if (typeof everyK === 'number' && !(Number.isInteger(everyK) && everyK >= 1)) {
    throw new ArgumentError(`[optim.multiSteps] everyK must be an integer, 1 or more; got ${everyK}`);
  }
  const stepsAt = (count: NDArray): Scalar => (typeof everyK === 'number' ? everyK : everyK(count));
  const gatherOne = (g: NDArray, sum: NDArray, n: NDArray): NDArray =>
    useGradMean ? sum.add(over(g.sub(sum), n)) : sum.add(g);
  return {
    init: (params) => ({
      miniStep: zeroCount(),
      gradientStep: zeroCount(),
      innerOptState: inner.init(params),
      accGrads: tree.map((p: NDArray) => zerosLike(p, accumulatorDtype ?? wide(p.dtype)), params),
      skipState: shouldSkipUpdateFn(zerosLike(params), zeroCount(), params)[1],
    }),
    update(updates, state, params, extra) {
      const [skip, skipState] = decided(shouldSkipUpdateFn(updates, state.gradientStep, params));
      const k = arrayOf(stepsAt(state.gradientStep), 'i32');
      const n = state.miniStep.add(1);
      const gathered = tree.map((sum: NDArray, g: NDArray) => gatherOne(g, sum, n), state.accGrads, updates);
      const asUpdates = tree.map((g: NDArray, sum: NDArray) => sum.astype(g.dtype), updates, gathered);
      const [stepped, after] = inner.update(asUpdates, state.innerOptState, params, extra);
      const emit = logicalAnd(n.eq(k), logicalNot(skip));
      return [
        either(emit, stepped, zerosLike(stepped)),
        {
          miniStep: where(skip, state.miniStep, remainder(n, k)),
          gradientStep: where(emit, increment(state.gradientStep), state.gradientStep),
          innerOptState: either(emit, after, state.innerOptState),
          accGrads: either(skip, state.accGrads, either(emit, zerosLike(state.accGrads), gathered)),
          skipState,
        },
      ];
    },
    hasUpdated: (state) => logicalAnd(state.miniStep.eq(0), state.gradientStep.gt(0)),
  };
}

const skipNone: ShouldSkipUpdate = () => [scalarOf('bool', 0), null];

function decided(answer: ReturnType<ShouldSkipUpdate>): ReturnType<ShouldSkipUpdate> {
  const { aval } = answer[0];
  if (aval.dtype === 'bool' && aval.shape.length === 0) return answer;
  throw new ArgumentError(`[optim.multiSteps] shouldSkipUpdateFn must give a bool scalar, got ${showAval(aval)}`);
}

/**
 * For {@link multiSteps}: passes over gradients with NaN or infinities. As `optax.skip_not_finite`.
 *
 * @example
 * const optimizer = multiSteps(adam(1e-3), 4, { shouldSkipUpdateFn: skipNotFinite });
 * skipNotFinite(np.array([1, NaN]), np.array(0), null)[0]; // true
 */
export const skipNotFinite: ShouldSkipUpdate = (updates) => {
  const counts = (tree.leaves(updates) as readonly NDArray[]).map((u) => logicalNot(u.sub(u).eq(0)).sum());
  const numNotFinite = counts.reduce((a, b) => a.add(b), scalarOf('i32', 0));
  const shouldSkip = numNotFinite.gt(0);
  return [shouldSkip, { shouldSkip, numNotFinite }];
};

/**
 * For {@link multiSteps}: passes over gradients whose squared norm is not below a number. As `optax.skip_large_updates`.
 *
 * @example
 * const optimizer = multiSteps(adam(1e-3), 4, { shouldSkipUpdateFn: skipLargeUpdates(25) });
 * skipLargeUpdates(25)(np.array([3, 4]), np.array(0), null)[0]; // true
 */
export const skipLargeUpdates =
  (maxSquaredNorm: Scalar): ShouldSkipUpdate =>
  (updates) => {
    const normSquared = squaredNorm(updates);
    const shouldSkip = logicalNot(normSquared.lt(maxSquaredNorm));
    return [shouldSkip, { shouldSkip, normSquared }];
  };
