import { scalarOf } from '../lax/rules.ts';
import {
  isfinite,
  isinf,
  isnan,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  sqrt,
  where,
} from '../numpy/elementwise.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { cond } from '../transforms/control/cond.ts';
import { whileLoop } from '../transforms/control/while.ts';
import { valueAndGrad } from '../transforms/grad.ts';
import * as tree from '../tree/tree.ts';
import { vdot } from './norms.ts';
import type { Scalar } from './scalars.ts';
import { arrayOf, asLike, inDtype, times, wide, widestFloat, zeroCount } from './scalars.ts';
import type { ExtraArgs, GradientTransformation } from './transformation.ts';
import { needExtra, needParams } from './transformation.ts';
import { castLike, either, zerosLike } from './trees.ts';
import { treeGet } from './tree-get.ts';

/** The numbers of {@link scaleByZoomLinesearch}. */
export interface ZoomLinesearchOptions {
  /** The largest step; default: any. */
  readonly maxLearningRate?: Scalar;
  /** How far the conditions may be missed; default 0. */
  readonly tol?: number;
  /** What steps are multiplied by while they are too short; default 2. */
  readonly increaseFactor?: number;
  /** How much of the decrease that the slope promises there must be; default 1e-4. */
  readonly slopeRtol?: number;
  /** How flat it must be in the end, as a part of the first slope; default 0.9. */
  readonly curvRtol?: number;
  /** How near to the first value a condition on slopes may stand in for that on values, null for never; default 1e-6. */
  readonly approxDecRtol?: number | null;
  /** The shortest interval; default 1e-5. */
  readonly stepsizePrecision?: number;
  /** Tries first a step of 1, or the last one; default `keep`. */
  readonly initialGuessStrategy?: 'one' | 'keep';
}

/** What {@link scaleByZoomLinesearch} remembers: the step, and value and gradient where it led. */
export type ZoomLinesearchState = {
  readonly learningRate: NDArray;
  readonly value: NDArray;
  readonly grad: unknown;
  readonly info: {
    readonly numLinesearchSteps: NDArray;
    readonly decreaseError: NDArray;
    readonly curvatureError: NDArray;
  };
};

/** A place on the line. */
type Point = { readonly step: NDArray; readonly value: NDArray; readonly slope: NDArray };

/** How far the search is. */
type Search = {
  readonly count: NDArray;
  /** The last place that was tried, with the gradient there. */
  readonly at: Point;
  readonly grad: unknown;
  readonly decreaseError: NDArray;
  readonly curvatureError: NDArray;
  /** Is there an interval with a good step in it? Its ends: `low` has the lower value. */
  readonly found: NDArray;
  readonly low: Point;
  readonly high: Point;
  /** A third place for the cubic. */
  readonly third: { readonly step: NDArray; readonly value: NDArray };
  /** The best place with enough decrease. */
  readonly safe: { readonly step: NDArray; readonly value: NDArray; readonly grad: unknown };
  readonly done: NDArray;
  readonly failed: NDArray;
};

type Numbers = Required<Omit<ZoomLinesearchOptions, 'maxLearningRate' | 'initialGuessStrategy'>> & {
  readonly maxSteps: number;
  readonly largest: Scalar | null;
};

/**
 * Finds how far to go along the updates, by Wolfe's conditions: enough decrease, and flat enough. Longer and longer steps are tried
 * until an interval is found, which is then narrowed by cubic and quadratic interpolation and bisection. Nocedal, Wright: Numerical
 * Optimization (1999), algorithms 3.5 and 3.6; Hager, Zhang: Algorithm 851 (2006); as `optax.scale_by_zoom_linesearch`.
 *
 * `update` needs `{ value, grad, valueFn }`, and updates that lead down.
 *
 * @throws ArgumentError from `update`, when it gets no parameters, value, gradient or function.
 * @example
 * const optimizer = chain(sgd(1), scaleByZoomLinesearch(15));
 * optimizer.update(gradients, state, params, { value, grad: gradients, valueFn: loss });
 */
export function scaleByZoomLinesearch(
  maxLinesearchSteps: number,
  options: ZoomLinesearchOptions = {},
): GradientTransformation<ZoomLinesearchState> {
  const { maxLearningRate = null, initialGuessStrategy = 'keep', ...rest } = options;
  const numbers: Numbers = { ...defaults, ...rest, maxSteps: maxLinesearchSteps, largest: maxLearningRate };
  return {
    init(params) {
      const scalar = (x: number): NDArray => scalarOf(wide(widestFloat(params)), x);
      return {
        learningRate: scalar(1),
        value: scalar(Infinity),
        grad: zerosLike(params),
        info: { numLinesearchSteps: zeroCount(), decreaseError: scalar(Infinity), curvatureError: scalar(Infinity) },
      };
    },
    update(updates, state, given, extra) {
      const params = needParams('scaleByZoomLinesearch', given);
      const guess = initialGuessStrategy === 'one' ? scalarOf(state.value.dtype, 1) : state.learningRate;
      const { at, grad, count, decreaseError, curvatureError } = search(updates, state, params, extra, guess, numbers);
      const next = { learningRate: at.step, value: at.value, grad: castLike(grad, state.grad) };
      const info = { numLinesearchSteps: count, decreaseError, curvatureError };
      return [tree.map((u: NDArray) => times(u, at.step), updates), { ...next, info }];
    },
  };
}

const defaults = {
  tol: 0,
  increaseFactor: 2,
  slopeRtol: 1e-4,
  curvRtol: 0.9,
  approxDecRtol: 1e-6,
  stepsizePrecision: 1e-5,
};

function search<P>(
  updates: P,
  state: ZoomLinesearchState,
  params: P,
  extra: ExtraArgs<P> | undefined,
  guess: NDArray,
  numbers: Numbers,
): Search {
  const name = 'scaleByZoomLinesearch';
  const { dtype } = state.value;
  const valueFn = needExtra(name, 'valueFn', extra);
  const grad = needExtra(name, 'grad', extra) as P;
  const slopeAt = (g: P): NDArray => inDtype(vdot(g, updates), dtype);
  const start: Point = {
    step: scalarOf(dtype, 0),
    value: inDtype(needExtra(name, 'value', extra), dtype),
    slope: slopeAt(grad),
  };
  const no = scalarOf('bool', 0);
  const infinite = scalarOf(dtype, Infinity);
  const initial: Search = {
    count: zeroCount(),
    at: start,
    grad,
    decreaseError: infinite,
    curvatureError: infinite,
    found: no,
    low: start,
    high: start,
    third: { step: start.step, value: start.value },
    safe: { step: start.step, value: start.value, grad },
    done: no,
    failed: no,
  };
  const body = (s: Search): Search => {
    const longer = longerStep(s, guess, numbers);
    const step = where(s.found, narrowerStep(s), longer.step);
    const tried = tree.map((p: NDArray, u: NDArray) => asLike(p.add(times(u, step)), p), params, updates);
    const [value, gradient] = valueAndGrad(valueFn)(tried) as unknown as readonly [NDArray, P];
    const at: Point = { step, value: inDtype(value, dtype), slope: slopeAt(gradient) };
    const trial = { ...judged(at, start, numbers), at, grad: castLike(gradient, grad) };
    const next = either(s.found, zoomed(s, trial, numbers), widened(s, trial, longer.last, numbers));
    return either(next.failed, safest(next), next);
  };
  return whileLoop<Search>((s) => logicalNot(logicalOr(s.done, s.failed)), body, initial);
}

/** A place that was tried, and by how much it misses the conditions. */
type Trial = Pick<Search, 'at' | 'grad' | 'decreaseError' | 'curvatureError'>;

/** By how much a place misses the conditions of decrease and of curvature; infinite where a value is NaN. */
function judged(at: Point, start: Point, numbers: Numbers): Pick<Search, 'decreaseError' | 'curvatureError'> {
  const { slopeRtol, curvRtol, approxDecRtol } = numbers;
  const gain = at.value.sub(start.value);
  const armijo = gain.sub(at.step.mul(start.slope).mul(slopeRtol));
  const decrease = approxDecRtol === null ? armijo : minimum(approximate(), armijo);
  const curvature = at.slope.abs().sub(start.slope.abs().mul(curvRtol));
  const missed = (x: NDArray): NDArray => where(isnan(x), Infinity, maximum(x, 0));
  return { decreaseError: missed(decrease), curvatureError: missed(curvature) };

  function approximate(): NDArray {
    const bySlope = at.slope.sub(start.slope.mul(2 * slopeRtol - 1));
    return maximum(bySlope, gain.sub(start.value.abs().mul(approxDecRtol ?? 0)));
  }
}

/** The next step before an interval is found; is it the largest one? */
function longerStep(s: Search, guess: NDArray, numbers: Numbers): { readonly step: NDArray; readonly last: NDArray } {
  const step = where(s.count.eq(0), guess, s.at.step.mul(numbers.increaseFactor));
  if (numbers.largest === null) return { step, last: scalarOf('bool', 0) };
  const largest = arrayOf(numbers.largest, step.dtype);
  return { step: minimum(step, largest), last: step.ge(largest) };
}

/** After a longer step: is there an interval now? */
function widened(s: Search, trial: Trial, last: NDArray, { tol, maxSteps }: Numbers): Search {
  const { at, decreaseError, curvatureError } = trial;
  const good = maximum(decreaseError, curvatureError).le(tol);
  const rises = logicalOr(decreaseError.gt(0), logicalAnd(at.value.ge(s.at.value), s.count.gt(0)));
  const turns = logicalAnd(at.slope.ge(0), logicalNot(rises));
  const found = logicalOr(logicalOr(rises, turns), good);
  const done = logicalOr(good, logicalAnd(last, logicalNot(found)));
  const low = either(turns, at, s.at);
  return {
    ...trial,
    count: s.count.add(1),
    found,
    low,
    high: either(turns, s.at, at),
    third: { step: low.step, value: low.value },
    safe: either(decreaseError.le(tol), { step: at.step, value: at.value, grad: trial.grad }, s.safe),
    done,
    failed: logicalAnd(s.count.add(1).ge(maxSteps), logicalNot(done)),
  };
}

/** The next step within the interval: where a cubic or a parabola has its minimum, or the middle. */
function narrowerStep({ low, high, third }: Search): NDArray {
  const [left, right] = [minimum(low.step, high.step), maximum(low.step, high.step)];
  const length = right.sub(left);
  const inside = (x: NDArray, margin: number): NDArray =>
    logicalAnd(x.gt(left.add(length.mul(margin))), x.lt(right.sub(length.mul(margin))));
  const [cubic, parabola] = [cubicMinimum(low, high, third), parabolaMinimum(low, high)];
  const middle = low.step.add(high.step).div(2);
  return where(inside(cubic, 0.2), cubic, where(inside(parabola, 0.1), parabola, middle));
}

/** The minimum of the cubic with the value and slope of one place, and the values of two others. */
function cubicMinimum(a: Point, b: Point, c: Search['third']): NDArray {
  const [db, dc] = [b.step.sub(a.step), c.step.sub(a.step)];
  const [rb, rc] = [b.value.sub(a.value).sub(a.slope.mul(db)), c.value.sub(a.value).sub(a.slope.mul(dc))];
  const denominator = db.mul(dc).pow(2).mul(db.sub(dc));
  const third = dc.pow(2).mul(rb).sub(db.pow(2).mul(rc)).div(denominator);
  const second = db.pow(3).mul(rc).sub(dc.pow(3).mul(rb)).div(denominator);
  const radical = second.mul(second).sub(third.mul(a.slope).mul(3));
  return a.step.add(sqrt(radical).sub(second).div(third.mul(3)));
}

/** The minimum of the parabola with the value and slope of one place, and the value of another. */
function parabolaMinimum(a: Point, b: Point): NDArray {
  const length = b.step.sub(a.step);
  const second = b.value.sub(a.value).sub(a.slope.mul(length)).div(length.pow(2));
  return a.step.sub(a.slope.div(second.mul(2)));
}

/** After a step within the interval: the narrower interval. */
function zoomed(s: Search, trial: Trial, { tol, maxSteps, stepsizePrecision }: Numbers): Search {
  const { at, decreaseError, curvatureError } = trial;
  const { low, high } = s;
  const done = maximum(decreaseError, curvatureError).le(tol);
  const better = logicalAnd(decreaseError.le(tol), at.value.lt(s.safe.value));
  const safe = either(better, { step: at.step, value: at.value, grad: trial.grad }, s.safe);
  const asHigh = logicalOr(decreaseError.gt(0), at.value.ge(low.value));
  const swap = logicalAnd(at.slope.mul(high.step.sub(low.step)).ge(0), logicalNot(asHigh));
  const gone = either(logicalOr(asHigh, swap), high, low);
  const short = high.step.sub(low.step).abs().le(stepsizePrecision);
  const over = logicalOr(s.count.add(1).ge(maxSteps), logicalAnd(short, safe.step.gt(0)));
  return {
    ...trial,
    count: s.count.add(1),
    found: s.found,
    low: either(asHigh, low, at),
    high: either(asHigh, at, either(swap, low, high)),
    third: { step: gone.step, value: gone.value },
    safe,
    done,
    failed: logicalAnd(over, logicalNot(done)),
  };
}

/** After a search that failed: the best place with enough decrease, if there was one; nowhere, if there are NaN. */
function safest(s: Search): Search {
  const back = logicalOr(s.safe.step.gt(0), isinf(s.decreaseError));
  const { step, value, grad } = either(back, s.safe, { step: s.at.step, value: s.at.value, grad: s.grad });
  return { ...s, at: { ...s.at, step, value }, grad };
}

/**
 * A function's value and gradient, taken from an optimizer's state where a search along a line has left them there; else computed.
 * As `optax.value_and_grad_from_state`.
 *
 * @throws ArgumentError when the state has no value and gradient.
 * @example
 * const [value, gradients] = valueAndGradFromState(loss)(params, state, images);
 */
export const valueAndGradFromState =
  <P, A extends readonly unknown[]>(valueFn: (params: P, ...args: A) => NDArray) =>
  (params: P, state: unknown, ...args: A): readonly [value: NDArray, grad: P] => {
    const [value, grad] = [treeGet(state, 'value') as NDArray | null, treeGet(state, 'grad') as P | null];
    if (value === null || grad === null) {
      throw new ArgumentError(
        '[optim.valueAndGradFromState] needs the state of an optimizer that keeps value and gradient',
      );
    }
    const compute = (p: P): readonly [NDArray, P] => {
      const [v, g] = valueAndGrad((q: P) => valueFn(q, ...args))(p) as unknown as readonly [NDArray, P];
      return [asLike(v, value), castLike(g, grad)];
    };
    return cond(isfinite(value), () => [value, grad] as const, compute, params);
  };
