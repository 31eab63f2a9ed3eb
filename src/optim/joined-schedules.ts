import { cos, subtract, where } from '../numpy/elementwise.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import type { Scalar, Schedule } from './scalars.ts';
import { minus, product, quotient } from './scalars.ts';
import type { BoundariesAndScales, CountSchedule, ExponentialDecayOptions } from './schedules.ts';
import { cosineDecaySchedule, exponentialDecay, linearSchedule, sortedBoundaries } from './schedules.ts';

/**
 * Schedules one after the other, each counting from where it begins: the second from the first boundary on, and so forth. As
 * `optax.join_schedules`.
 *
 * @param boundaries counts of steps in rising order, one fewer than schedules.
 * @throws ArgumentError when there are too many or too few, or they do not rise.
 * @example
 * joinSchedules([linearSchedule(0, 1e-3, 100), cosineDecaySchedule(1e-3, 900)], [100]);
 */
export function joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): CountSchedule {
  const [first, ...rest] = schedules;
  if (first === undefined || rest.length !== boundaries.length) {
    throw new ArgumentError(
      `[optim.joinSchedules] ${schedules.length} schedules need ${Math.max(schedules.length - 1, 0)} boundaries between ` +
        `them, got ${boundaries.length}`,
    );
  }
  const falls = boundaries.findIndex((b, i) => i > 0 && b < at(boundaries, i - 1));
  if (falls !== -1) {
    throw new ArgumentError(
      `[optim.joinSchedules] boundaries must rise, but ${at(boundaries, falls)} comes after ` +
        `${at(boundaries, falls - 1)}: they count from the first step, not from one another`,
    );
  }
  return (count) => {
    const steps = typeof count === 'number' ? asArray([count]).astype('i32').reshape([]) : count;
    return rest.reduce<NDArray>(
      (value, schedule, i) => {
        const begin = at(boundaries, i);
        return where(steps.lt(begin), value, schedule(steps.sub(begin)));
      },
      asArray(first(steps)),
    );
  };
}

/** Options of {@link warmupCosineDecaySchedule}. */
export interface WarmupCosineOptions {
  /** Where it ends; default 0. */
  readonly endValue?: Scalar;
  /** As of `cosineDecaySchedule`; default 1. */
  readonly exponent?: Scalar;
}

/**
 * A linear warm-up, then half a wave of cosine. As `optax.warmup_cosine_decay_schedule`.
 *
 * @param decaySteps the length of the whole, the warm-up included.
 * @throws ArgumentError unless `decaySteps` is more than `warmupSteps`.
 * @example
 * adamw(warmupCosineDecaySchedule(0, 1e-3, 100, 10_000));
 */
export function warmupCosineDecaySchedule(
  initValue: Scalar,
  peakValue: Scalar,
  warmupSteps: number,
  decaySteps: number,
  { endValue = 0, exponent = 1 }: WarmupCosineOptions = {},
): CountSchedule {
  if (!(decaySteps > warmupSteps)) {
    throw new ArgumentError(
      `[optim.warmupCosineDecaySchedule] decaySteps counts the warm-up too, and must be more than warmupSteps: ` +
        `got ${decaySteps} and ${warmupSteps}`,
    );
  }
  const alpha = peakValue === 0 ? 0 : quotient(endValue, peakValue);
  return joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      cosineDecaySchedule(peakValue, decaySteps - warmupSteps, { alpha, exponent }),
    ],
    [warmupSteps],
  );
}

/**
 * A linear warm-up, then exponential decay. As `optax.warmup_exponential_decay_schedule`.
 *
 * @example
 * warmupExponentialDecaySchedule(0, 1e-3, 100, 1000, 0.5);
 */
export const warmupExponentialDecaySchedule = (
  initValue: Scalar,
  peakValue: Scalar,
  warmupSteps: number,
  transitionSteps: number,
  decayRate: number,
  options: ExponentialDecayOptions = {},
): CountSchedule =>
  joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      exponentialDecay(peakValue, transitionSteps, decayRate, options),
    ],
    [warmupSteps],
  );

/** One cycle of {@link sgdrSchedule}: the arguments of {@link warmupCosineDecaySchedule}. */
export interface CosineCycle extends WarmupCosineOptions {
  readonly initValue: Scalar;
  readonly peakValue: Scalar;
  readonly warmupSteps: number;
  /** The length of the cycle. */
  readonly decaySteps: number;
}

/**
 * Warm restarts: {@link warmupCosineDecaySchedule} again and again, each cycle with arguments of its own. Loshchilov, Hutter:
 * SGDR (ICLR 2017); as `optax.sgdr_schedule`.
 *
 * @throws ArgumentError when there is no cycle.
 * @example
 * sgdrSchedule([10, 20, 40].map((decaySteps) => ({ initValue: 0, peakValue: 1e-3, warmupSteps: 2, decaySteps })));
 */
export function sgdrSchedule(cosineKwargs: readonly CosineCycle[]): CountSchedule {
  const schedules = cosineKwargs.map(({ initValue, peakValue, warmupSteps, decaySteps, ...options }) =>
    warmupCosineDecaySchedule(initValue, peakValue, warmupSteps, decaySteps, options),
  );
  const ends = range(cosineKwargs.length - 1).map((i) =>
    cosineKwargs.slice(0, i + 1).reduce((sum, { decaySteps }) => sum + decaySteps, 0),
  );
  return joinSchedules(schedules, ends);
}

/**
 * Between counts of steps at which the value is multiplied by factors, the value goes from one to the next in a straight line
 * or along half a wave of cosine. As `optax.piecewise_interpolate_schedule`.
 *
 * @throws ArgumentError for a negative factor.
 * @example
 * piecewiseInterpolateSchedule('linear', 1, { 4: 0.1, 8: 0.01 })(2); // 0.55
 */
export function piecewiseInterpolateSchedule(
  interpolateType: 'linear' | 'cosine',
  initValue: Scalar,
  boundariesAndScales: BoundariesAndScales = {},
): CountSchedule {
  const sorted = sortedBoundaries('piecewiseInterpolateSchedule', boundariesAndScales);
  const between = interpolateType === 'linear' ? straight : alongCosine;
  return (count) => {
    let [begin, value] = [0, initValue];
    let result = asArray(initValue);
    for (const [boundary, factor] of sorted) {
      const next = product(value, factor);
      const fraction = subtract(count, begin).div(Math.max(boundary - begin, 1));
      result = where(asArray(count).ge(begin), between(value, next, fraction), result);
      [begin, value] = [boundary, next];
    }
    return where(asArray(count).ge(begin), value, result);
  };
}

const straight = (start: Scalar, end: Scalar, fraction: NDArray): NDArray => fraction.mul(minus(end, start)).add(start);

const alongCosine = (start: Scalar, end: Scalar, fraction: NDArray): NDArray =>
  cos(fraction.mul(Math.PI))
    .add(1)
    .mul(product(minus(start, end), 0.5))
    .add(end);

/** Options of {@link cosineOnecycleSchedule}. */
export interface OnecycleOptions {
  /** The part of the steps in which the value rises; default 0.3. */
  readonly pctStart?: number;
  /** It begins at `peakValue / divFactor`; default 25. */
  readonly divFactor?: number;
  /** It ends at the first value divided by this; default 1e4. */
  readonly finalDivFactor?: number;
}

/** Options of {@link linearOnecycleSchedule}. */
export interface LinearOnecycleOptions extends OnecycleOptions {
  /** The part of the steps after which the value is the first again, and falls further; default 0.85. */
  readonly pctFinal?: number;
}

const needSteps = (name: string, steps: number): void => {
  if (!(steps > 0)) throw new ArgumentError(`[optim.${name}] transitionSteps must be positive, got ${steps}`);
};

/**
 * One cycle in straight lines: up to the peak, down to where it began, and further down. Smith, Topin: Super-Convergence
 * (2018); as `optax.linear_onecycle_schedule`.
 *
 * @throws ArgumentError unless `transitionSteps` is positive.
 * @example
 * const rate = linearOnecycleSchedule(100, 1);
 * vmap(rate)(np.array([0, 15, 30, 85, 100])); // [0.04, 0.52, 1, 0.04, 0.000004]
 */
export function linearOnecycleSchedule(
  transitionSteps: number,
  peakValue: Scalar,
  { pctStart = 0.3, pctFinal = 0.85, divFactor = 25, finalDivFactor = 1e4 }: LinearOnecycleOptions = {},
): CountSchedule {
  needSteps('linearOnecycleSchedule', transitionSteps);
  return piecewiseInterpolateSchedule('linear', product(peakValue, 1 / divFactor), {
    [Math.trunc(pctStart * transitionSteps)]: divFactor,
    [Math.trunc(pctFinal * transitionSteps)]: 1 / divFactor,
    [transitionSteps]: 1 / finalDivFactor,
  });
}

/**
 * One cycle along waves of cosine: up to the peak, and down to nearly nothing. Smith, Topin: Super-Convergence (2018); as
 * `optax.cosine_onecycle_schedule`.
 *
 * @throws ArgumentError unless `transitionSteps` is positive.
 * @example
 * const rate = cosineOnecycleSchedule(100, 1);
 * vmap(rate)(np.array([0, 15, 30, 65, 100])); // [0.04, 0.52, 1, 0.5, 0.000004]
 */
export function cosineOnecycleSchedule(
  transitionSteps: number,
  peakValue: Scalar,
  { pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 }: OnecycleOptions = {},
): CountSchedule {
  needSteps('cosineOnecycleSchedule', transitionSteps);
  return piecewiseInterpolateSchedule('cosine', product(peakValue, 1 / divFactor), {
    [Math.trunc(pctStart * transitionSteps)]: divFactor,
    [transitionSteps]: 1 / (divFactor * finalDivFactor),
  });
}
