import { dynamicIndexInDim, dynamicUpdateIndexInDim } from '../lax/dynamic.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { stopGradient } from '../lax/stop-gradient.ts';
import { fill } from '../lax/structural.ts';
import { minimum, remainder, sqrt, where } from '../numpy/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { scan } from '../transforms/control/scan.ts';
import * as tree from '../tree/tree.ts';
import { scale, scaleByLearningRate } from './basic.ts';
import { scaleByZoomLinesearch } from './linesearch.ts';
import { squaredNorm, vdot } from './norms.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { asLike, increment, inDtype, times, wide, widestFloat, zeroCount } from './scalars.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain, needParams } from './transformation.ts';
import { castLike, zerosLike } from './trees.ts';

/** What {@link scaleByLbfgs} remembers: the last parameters and gradients, and the differences before. */
export type LbfgsState = {
  readonly count: NDArray;
  readonly params: unknown;
  readonly updates: unknown;
  readonly diffParamsMemory: unknown;
  readonly diffUpdatesMemory: unknown;
  readonly weightsMemory: NDArray;
};

/** Options of {@link scaleByLbfgs}. */
export interface ScaleByLbfgsOptions {
  /** How many steps are remembered; default 10. */
  readonly memorySize?: number;
  /** Scales the first guess of the inverse Hessian by the last step; default true. */
  readonly scaleInitPrecond?: boolean;
}

/** `a + s·b` for each leaf, in the dtypes of `a`. */
const addScaled = <P>(a: P, s: NDArray, b: unknown): P =>
  tree.map((x: NDArray, y: NDArray) => asLike(x.add(times(y, s)), x), a, b);

/** The inverse Hessian, as the remembered differences tell it, times updates: two loops over the memory. */
function preconditioned<P>(updates: P, state: Omit<LbfgsState, 'count'>, identityScale: Scalar, oldest: NDArray): P {
  const { diffParamsMemory, diffUpdatesMemory, weightsMemory } = state;
  const size = weightsMemory.size;
  const positions = remainder(broadcastedIota('i32', [size], 0).add(oldest), size);
  const pick = (memory: unknown, i: NDArray): unknown =>
    tree.map((m: NDArray) => dynamicIndexInDim(m, i, 0, false), memory);
  const backwards = (vector: P, i: NDArray): readonly [P, NDArray] => {
    const weight = dynamicIndexInDim(weightsMemory, i, 0, false);
    const alpha = weight.mul(inDtype(vdot(pick(diffParamsMemory, i), vector), weight.dtype));
    return [addScaled(vector, alpha.neg(), pick(diffUpdatesMemory, i)), alpha];
  };
  const [inner, alphas] = scan(backwards, updates, positions, { reverse: true });
  const scaled = tree.map((u: NDArray) => times(u, identityScale), inner);
  const forwards = (vector: P, [i, alpha]: readonly [NDArray, NDArray]): readonly [P, null] => {
    const weight = dynamicIndexInDim(weightsMemory, i, 0, false);
    const beta = weight.mul(inDtype(vdot(pick(diffUpdatesMemory, i), vector), weight.dtype));
    return [addScaled(vector, alpha.sub(beta), pick(diffParamsMemory, i)), null];
  };
  return scan(forwards, scaled, [positions, alphas] as const)[0];
}

/**
 * Multiplies updates, which must be gradients, by an estimate of the inverse Hessian from the last steps. Nocedal, Wright:
 * Numerical Optimization (1999), algorithm 7.4; as `optax.scale_by_lbfgs`.
 *
 * @throws ArgumentError unless `memorySize` is an integer, 1 or more; from `update`, when it gets no parameters.
 * @example
 * const newton = scaleByLbfgs(); // to the minimum of 2x², from 1 and then from ½
 * const [, after] = newton.update(np.array([4]), newton.init(np.array([1])), np.array([1]));
 * newton.update(np.array([2]), after, np.array([0.5]))[0]; // [0.5]
 */
export function scaleByLbfgs(options: ScaleByLbfgsOptions = {}): GradientTransformation<LbfgsState> {
  const { memorySize = 10, scaleInitPrecond = true } = options;
  if (!(Number.isInteger(memorySize) && memorySize >= 1)) {
    throw new ArgumentError(`[optim.scaleByLbfgs] memorySize must be an integer, 1 or more; got ${memorySize}`);
  }
  const stacked = (params: unknown): unknown =>
    tree.map((p: NDArray) => fill([memorySize, ...p.shape], p.dtype, 0), params);
  return {
    init: (params) => ({
      count: zeroCount(),
      params: zerosLike(params),
      updates: zerosLike(params),
      diffParamsMemory: stacked(params),
      diffUpdatesMemory: stacked(params),
      weightsMemory: fill([memorySize], wide(widestFloat(params)), 0),
    }),
    update(updates, state, given) {
      const params = needParams('scaleByLbfgs', given);
      const later = state.count.gt(0);
      const difference = (x: NDArray, before: NDArray): NDArray => where(later, asLike(x, before).sub(before), 0);
      const diffParams = tree.map(difference, params, state.params);
      const diffUpdates = tree.map(difference, updates, state.updates);
      const curvature = inDtype(vdot(diffUpdates, diffParams), state.weightsMemory.dtype);
      const flat = curvature.eq(0);
      const weight = where(flat, 0, where(flat, 1, curvature).pow(-1));
      const newest = remainder(state.count.sub(1), memorySize);
      const put = (memory: NDArray, x: NDArray): NDArray => dynamicUpdateIndexInDim(memory, x, newest, 0);
      const memory = {
        params: castLike(params, state.params),
        updates: castLike(updates, state.updates),
        diffParamsMemory: tree.map(put, state.diffParamsMemory, diffParams),
        diffUpdatesMemory: tree.map(put, state.diffUpdatesMemory, diffUpdates),
        weightsMemory: put(state.weightsMemory, weight),
      };
      const identityScale = scaleInitPrecond ? firstScale(updates, diffUpdates, curvature, later) : 1;
      const oldest = remainder(state.count, memorySize);
      return [preconditioned(updates, memory, identityScale, oldest), { count: increment(state.count), ...memory }];
    },
  };
}

/** The first guess of the inverse Hessian: what the last step says; at the first step, 1, or 1/‖g‖ for large gradients. */
function firstScale(updates: unknown, diffUpdates: unknown, curvature: NDArray, later: NDArray): NDArray {
  const square = inDtype(squaredNorm(diffUpdates), curvature.dtype);
  const some = square.gt(0);
  const ratio = where(some, curvature.div(where(some, square, 1)), 1);
  const norm = inDtype(stopGradient(sqrt(squaredNorm(updates))), curvature.dtype);
  return where(later, ratio, minimum(norm.pow(-1), 1));
}

/** Options of {@link lbfgs}. */
export interface LbfgsOptions extends ScaleByLbfgsOptions {
  /** What finds the size of steps, null for nothing; default `scaleByZoomLinesearch(20, { initialGuessStrategy: 'one' })`. */
  readonly linesearch?: GradientTransformation | null;
}

/**
 * L-BFGS: {@link scaleByLbfgs}, downwards, then a search along the line. For losses without noise; `update` needs the loss, its
 * gradient and its value. Liu, Nocedal: On the limited memory BFGS method (1989); as `optax.lbfgs`.
 *
 * @param learningRate null for none: the search finds the size of steps.
 * @example
 * const optimizer = lbfgs();
 * const [value, gradients] = valueAndGradFromState(loss)(params, state);
 * const [updates, next] = optimizer.update(gradients, state, params, { value, grad: gradients, valueFn: loss });
 */
export function lbfgs(learningRate: ScalarOrSchedule | null = null, options: LbfgsOptions = {}): Chain {
  const { linesearch = scaleByZoomLinesearch(20, { initialGuessStrategy: 'one' }), ...lbfgsOptions } = options;
  return chain(
    scaleByLbfgs(lbfgsOptions),
    learningRate === null ? scale(-1) : scaleByLearningRate(learningRate),
    ...(linesearch === null ? [] : [linesearch]),
  );
}
