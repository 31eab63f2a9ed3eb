import type { DType } from '../kernel/dtype.ts';
import { scalarOf } from '../lax/rules.ts';
import { maximum, minimum, where } from '../numpy/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import * as tree from '../tree/tree.ts';
import { squaredNorm } from './norms.ts';
import type { Scalar, ScalarOrSchedule } from './scalars.ts';
import { arrayOf, asLike, increment, inDtype, over, plus, times, wide, widestFloat, zeroCount } from './scalars.ts';
import { sgd } from './sgd.ts';
import type { Chain, GradientTransformation } from './transformation.ts';
import { chain, needExtra } from './transformation.ts';

/** Sizes of steps that follow the loss, which `update` is told as the extra argument `value`. */

/** The numbers of {@link reduceOnPlateau}. */
export interface PlateauOptions {
  /** What the scale is multiplied by, between 0 and 1; default 0.1. */
  readonly factor?: number;
  /** How many losses in a row may bring nothing; default 10. */
  readonly patience?: number;
  /** A loss is better when it is below `(1 − rtol)·best − atol`; default 1e-4. */
  readonly rtol?: number;
  /** Default 0. */
  readonly atol?: number;
  /** How many losses are not counted after a reduction; default 0. */
  readonly cooldown?: number;
  /** How many losses are averaged to one; default 1. */
  readonly accumulationSize?: number;
  /** Default 0. */
  readonly minScale?: number;
}

/** What {@link reduceOnPlateau} remembers. */
export type PlateauState = {
  readonly scale: NDArray;
  readonly bestValue: NDArray;
  readonly plateauCount: NDArray;
  readonly cooldownCount: NDArray;
  readonly count: NDArray;
  readonly avgValue: NDArray;
};

function checked(options: PlateauOptions): Required<PlateauOptions> {
  const { factor = 0.1, rtol = 1e-4, atol = 0 } = options;
  const wrong = (what: string): never => {
    throw new ArgumentError(`[optim.reduceOnPlateau] ${what}`);
  };
  if (!(factor > 0 && factor < 1)) wrong(`factor must be between 0 and 1, got ${factor}`);
  if (!(rtol >= 0 && rtol <= 1 && atol >= 0)) wrong(`needs 0 ≤ rtol ≤ 1 and atol ≥ 0, got ${rtol} and ${atol}`);
  if (rtol === 0 && atol === 0) wrong('rtol or atol must be above 0: no loss is a plateau otherwise');
  return { patience: 10, cooldown: 0, accumulationSize: 1, minScale: 0, ...options, factor, rtol, atol };
}

/**
 * Multiplies updates by a scale that is reduced when the loss does not get better any more. As
 * `optax.contrib.reduce_on_plateau`. `update` needs the loss: `update(updates, state, params, { value })`.
 *
 * @throws ArgumentError for numbers that can't be; from `update`, when it gets no `value`.
 * @example
 * const optimizer = chain(adam(1e-3), reduceOnPlateau({ factor: 0.5, patience: 5 }));
 * const [value, gradients] = valueAndGrad(loss)(params);
 * const [updates, next] = optimizer.update(gradients, state, params, { value });
 */
export function reduceOnPlateau(options: PlateauOptions = {}): GradientTransformation<PlateauState> {
  const numbers = checked(options);
  return {
    init(params) {
      const dtype = wide(widestFloat(params));
      return {
        scale: scalarOf(dtype, 1),
        bestValue: scalarOf(dtype, Infinity),
        plateauCount: zeroCount(),
        cooldownCount: zeroCount(),
        count: zeroCount(),
        avgValue: scalarOf(dtype, 0),
      };
    },
    update(updates, state, _params, extra) {
      const value = needExtra('reduceOnPlateau', 'value', extra);
      const count = increment(state.count);
      const sum = times(state.avgValue, state.count).add(asLike(value, state.avgValue));
      const seen = { ...state, count, avgValue: over(sum, count) };
      const full = count.eq(numbers.accumulationSize);
      const judged = afterLoss(seen, numbers);
      const next = tree.map((a: NDArray, b: NDArray) => where(full, asLike(a, b), b), judged, seen);
      return [tree.map((u: NDArray) => times(u, next.scale), updates), next];
    },
  };
}

/** The state after a mean of losses. */
function afterLoss(state: PlateauState, numbers: Required<PlateauOptions>): PlateauState {
  const { factor, patience, rtol, atol, cooldown, minScale } = numbers;
  const better = state.avgValue.lt(times(state.bestValue, 1 - rtol).sub(atol));
  const bad = where(better, 0, increment(state.plateauCount));
  const cooling = state.cooldownCount.gt(0);
  const reduce = bad.eq(patience);
  const reduced = maximum(where(reduce, times(state.scale, factor), state.scale), minScale);
  return {
    scale: where(cooling, state.scale, reduced),
    bestValue: where(better, state.avgValue, state.bestValue),
    plateauCount: where(cooling, 0, where(reduce, 0, bad)),
    cooldownCount: where(cooling, state.cooldownCount.sub(1), where(reduce, cooldown, 0)),
    count: zeroCount(),
    avgValue: scalarOf(state.avgValue.dtype, 0),
  };
}

/** The numbers of {@link scaleByPolyak}. */
export interface PolyakOptions {
  /** The least loss there is; default 0. */
  readonly fMin?: Scalar;
  /** The largest step; default 1. */
  readonly maxLearningRate?: Scalar;
  /** Added to the squared norm; default 0. */
  readonly eps?: Scalar;
  /** `sps+` takes no step where the loss is below `fMin`; default `sps`. */
  readonly variant?: 'sps' | 'sps+';
}

/**
 * Polyak's step: `u · min((value − fMin)/(‖u‖² + eps), maxLearningRate)`. Polyak: Introduction to Optimization (1987); Loizou et
 * al.: Stochastic Polyak Step-size for SGD (AISTATS 2021); as `optax.scale_by_polyak`.
 *
 * @throws ArgumentError when `update` gets no `value`.
 * @example
 * scaleByPolyak().update(np.array([3, 4]), null, np.zeros([2]), { value: np.array(5) })[0]; // [0.6, 0.8]
 */
export function scaleByPolyak(options: PolyakOptions = {}): GradientTransformation<null> {
  const { fMin = 0, maxLearningRate = 1, eps = 0, variant = 'sps' } = options;
  return {
    init: () => null,
    update(updates, state, _params, extra) {
      const norm = plus(squaredNorm(updates), eps);
      const dtype: DType = norm.dtype;
      const gap = inDtype(needExtra('scaleByPolyak', 'value', extra), dtype).sub(arrayOf(fMin, dtype));
      const step = minimum((variant === 'sps+' ? maximum(gap, 0) : gap).div(norm), arrayOf(maxLearningRate, dtype));
      const rate = where(norm.le(2 ** -23), 0, step);
      return [tree.map((u: NDArray) => times(u, rate), updates), state];
    },
  };
}

/** The numbers of {@link polyakSgd}. */
export interface PolyakSgdOptions extends Omit<PolyakOptions, 'maxLearningRate'> {
  /** A factor of every step; default 1. */
  readonly scaling?: ScalarOrSchedule;
}

/**
 * Descent by Polyak's step: {@link scaleByPolyak} of `sgd`. As `optax.polyak_sgd`.
 *
 * @example
 * const optimizer = polyakSgd();
 * const [value, gradient] = valueAndGrad((x: NDArray) => x.pow(2))(np.array(3));
 * optimizer.update(gradient, optimizer.init(np.array(3)), np.array(3), { value })[0]; // -1.5
 */
export const polyakSgd = (maxLearningRate: Scalar = 1, { scaling = 1, ...options }: PolyakSgdOptions = {}): Chain =>
  chain(sgd(scaling), scaleByPolyak({ ...options, maxLearningRate }));
