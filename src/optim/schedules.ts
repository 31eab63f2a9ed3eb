import { clip, cos, floor, maximum, minimum, power, subtract, where } from '../numpy/elementwise.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import type { Scalar } from './scalars.ts';
import { minus, oneMinus, product } from './scalars.ts';

/** A schedule of this library: it takes a JS number as well, and gives an array without axes. */
export type CountSchedule = (count: Scalar) => NDArray;

/**
 * The same value always. As `optax.constant_schedule`.
 *
 * @example
 * constantSchedule(0.1)(100); // 0.1
 */
export const constantSchedule =
  (value: Scalar): CountSchedule =>
  () =>
    asArray(value);

/** The count of steps since `begin`, from 0 to `steps`, as a fraction of `steps`. */
const progress = (count: Scalar, begin: number, steps: number): NDArray =>
  clip(subtract(count, Math.max(begin, 0)), 0, steps).div(steps);

/** Options of {@link polynomialSchedule} and {@link linearSchedule}. */
export interface TransitionOptions {
  /** The steps before the transition begins; default 0. */
  readonly transitionBegin?: number;
}

/**
 * From one value to another along a power of the time that is left:
 *
 *     (init − end)·(1 − (count − transitionBegin)/transitionSteps)^power + end
 *
 * with `init` before and `end` after. As `optax.polynomial_schedule`; without steps of transition it stays at `init`.
 *
 * @example
 * polynomialSchedule(1, 0.01, 2, 100)(50); // 0.2575
 */
export function polynomialSchedule(
  initValue: Scalar,
  endValue: Scalar,
  exponent: Scalar,
  transitionSteps: number,
  { transitionBegin = 0 }: TransitionOptions = {},
): CountSchedule {
  if (transitionSteps <= 0) return constantSchedule(initValue);
  return (count) => {
    // Where the quotient is rounded up, which compilers may do, it would be below 0 in the end.
    const left = maximum(progress(count, transitionBegin, transitionSteps).neg().add(1), 0);
    return power(left, exponent).mul(minus(initValue, endValue)).add(endValue);
  };
}

/**
 * From one value to another in a straight line: {@link polynomialSchedule} with power 1. As `optax.linear_schedule`.
 *
 * @example
 * adam(linearSchedule(1e-3, 0, 10_000));
 */
export const linearSchedule = (
  initValue: Scalar,
  endValue: Scalar,
  transitionSteps: number,
  options: TransitionOptions = {},
): CountSchedule => polynomialSchedule(initValue, endValue, 1, transitionSteps, options);

/**
 * A warm-up and then the same value: {@link linearSchedule}. As `optax.warmup_constant_schedule`.
 *
 * @example
 * const rate = warmupConstantSchedule(0, 0.1, 10);
 * rate(5); // 0.05
 * rate(100); // 0.1
 */
export const warmupConstantSchedule = (initValue: Scalar, peakValue: Scalar, warmupSteps: number): CountSchedule =>
  linearSchedule(initValue, peakValue, warmupSteps);

/** Options of {@link exponentialDecay}. */
export interface ExponentialDecayOptions extends TransitionOptions {
  /** Decays at every multiple of `transitionSteps` only; default false. */
  readonly staircase?: boolean;
  /** Where the decay ends: the least value, or the largest one for a `decayRate` of 1 or more. Default: nowhere. */
  readonly endValue?: Scalar;
}

/**
 * Exponential decay: `init · decayRate ^ ((count − transitionBegin)/transitionSteps)`, and `init` before. As
 * `optax.exponential_decay`; without steps of transition, or with a rate of 0, it stays at `init`.
 *
 * @example
 * exponentialDecay(1, 10, 0.5)(20); // 0.25
 */
export function exponentialDecay(
  initValue: Scalar,
  transitionSteps: number,
  decayRate: number,
  { transitionBegin = 0, staircase = false, endValue }: ExponentialDecayOptions = {},
): CountSchedule {
  if (transitionSteps <= 0 || decayRate === 0) return constantSchedule(initValue);
  const bound = decayRate < 1 ? maximum : minimum;
  return (count) => {
    const since = subtract(count, Math.max(transitionBegin, 0));
    const exponent = since.div(transitionSteps);
    const decayed = power(decayRate, staircase ? floor(exponent) : exponent).mul(initValue);
    const value = where(since.le(0), initValue, decayed);
    return endValue === undefined ? value : bound(value, endValue);
  };
}

/** Options of {@link cosineDecaySchedule}. */
export interface CosineDecayOptions {
  /** The least factor; default 0. */
  readonly alpha?: Scalar;
  /** The power that the falling cosine is raised to; default 1. */
  readonly exponent?: Scalar;
}

/**
 * Half a wave of cosine: `init · ((1 − alpha)·(½ + ½cos(π·count/decaySteps))^exponent + alpha)`, constant after `decaySteps`.
 * Loshchilov, Hutter: SGDR: Stochastic Gradient Descent with Warm Restarts (ICLR 2017); as `optax.cosine_decay_schedule`.
 *
 * @throws ArgumentError unless `decaySteps` is positive.
 * @example
 * sgd(cosineDecaySchedule(0.1, 1000), { momentum: 0.9 });
 */
export function cosineDecaySchedule(
  initValue: Scalar,
  decaySteps: number,
  { alpha = 0, exponent = 1 }: CosineDecayOptions = {},
): CountSchedule {
  if (!(decaySteps > 0)) {
    throw new ArgumentError(`[optim.cosineDecaySchedule] decaySteps must be positive, got ${decaySteps}`);
  }
  return (count) => {
    const fraction = minimum(count, decaySteps).mul(Math.PI).div(decaySteps);
    const wave = cos(fraction).add(1).mul(0.5);
    return power(wave, exponent).mul(oneMinus(alpha)).add(alpha).mul(initValue);
  };
}

/** Counts of steps, each with a factor that is not negative: `{ 100: 0.1, 200: 0.5 }`. */
export type BoundariesAndScales = Readonly<Record<number, number>>;

/** Boundaries in order. */
export function sortedBoundaries(
  name: string,
  boundaries: BoundariesAndScales,
): readonly (readonly [number, number])[] {
  const sorted = Object.entries(boundaries).map(([at, factor]) => [Number(at), factor] as const);
  for (const [at, factor] of sorted) {
    if (!Number.isFinite(at) || !(factor >= 0)) {
      throw new ArgumentError(
        `[optim.${name}] needs counts of steps with factors of 0 or more, such as { 100: 0.1 }; got ${factor} at ${at}`,
      );
    }
  }
  return [...sorted].sort(([a], [b]) => a - b);
}

/**
 * Constant but for jumps: from each of the counts on, the value is multiplied by its factor, and by those before. As
 * `optax.piecewise_constant_schedule`.
 *
 * @throws ArgumentError for a negative factor.
 * @example
 * piecewiseConstantSchedule(1, { 100: 0.1, 200: 0.5 })(250); // 0.05
 */
export function piecewiseConstantSchedule(
  initValue: Scalar,
  boundariesAndScales: BoundariesAndScales = {},
): CountSchedule {
  const sorted = sortedBoundaries('piecewiseConstantSchedule', boundariesAndScales);
  return (count) => {
    const at = asArray(count);
    let value = initValue;
    const steps = sorted.map(([boundary, factor]) => [boundary, (value = product(value, factor))] as const);
    return steps.reduce((before, [boundary, after]) => where(at.ge(boundary), after, before), asArray(initValue));
  };
}
