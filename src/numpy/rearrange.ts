import { asPositions } from '../lax/casts.ts';
import { movePermutation } from '../lax/rules.ts';
import * as lax from '../lax/index.ts';
import { sliceAlong } from '../lax/pieces.ts';
import { isInteger } from '../kernel/dtype.ts';
import { add, rem, sub } from '../lax/elementwise.ts';
import { indexInDim, pad as padBy } from '../lax/reshaping.ts';
import { showAval } from '../trace/aval.ts';
import { asArray, fromTyped } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import { staticNumber } from '../trace/static.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { axesOf } from './reduce.ts';
import { take } from './taking.ts';

/** Moving, repeating and padding: the same elements, elsewhere or more than once. */

type OneOrMore = number | readonly number[];
const listOf = (n: OneOrMore): readonly number[] => (Array.isArray(n) ? (n as readonly number[]) : [n as number]);

/** Axis numbers in [0, ndim), in the order given. */
const axisList = (name: string, x: NDArray, axes: OneOrMore): readonly number[] =>
  listOf(axes).map((a) => axesOf(name, x, a)[0] as number);

/**
 * Moves axes `source` to positions `destination`; the others keep their order.
 *
 * @example
 * np.moveaxis(np.ones([2, 3, 4]), 0, -1).shape; // [3, 4, 2]
 */
export function moveaxis(x: ArrayLike, source: OneOrMore, destination: OneOrMore): NDArray {
  const a = asArray(x);
  const [from, to] = [axisList('moveaxis', a, source), axisList('moveaxis', a, destination)];
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length) {
    throw new ArgumentError(
      `[moveaxis] needs as many different destinations as sources; got ${from.length} and ${to.length}`,
    );
  }
  const [only, place] = [from[0], to[0]];
  if (from.length === 1 && only !== undefined && place !== undefined) {
    return lax.transpose(a, movePermutation(a.ndim, only, place));
  }
  const others = range(a.ndim).filter((i) => !from.includes(i));
  let next = 0;
  return lax.transpose(
    a,
    range(a.ndim).map((i) => (to.includes(i) ? at(from, to.indexOf(i)) : at(others, next++))),
  );
}

/**
 * Shifts elements along axes, those that fall off coming in at the other end; without an axis, over the flattened array.
 *
 * @param shift one for all axes, or one for each; known while tracing (numbers) or not (arrays).
 * @example
 * np.roll(np.array([1, 2, 3]), 1); // [3, 1, 2]
 */
export function roll(x: ArrayLike, shift: OneOrMore | NDArray, axis: OneOrMore | null = null): NDArray {
  const a = asArray(x);
  if (axis === null) return lax.reshape(roll(lax.reshape(a, [a.size]), shift, 0), a.shape);
  const axes = axisList('roll', a, axis);
  const shifts: readonly (number | NDArray)[] = shift instanceof NDArray ? shiftsIn(shift) : listOf(shift);
  if (shifts.length !== axes.length && shifts.length !== 1 && axes.length !== 1) {
    throw new ArgumentError(`[roll] ${shifts.length} shifts for ${axes.length} axes`);
  }
  return range(Math.max(axes.length, shifts.length)).reduce((y, i) => {
    const along = at(axes, axes.length === 1 ? 0 : i);
    const by = at(shifts, shifts.length === 1 ? 0 : i);
    return by instanceof NDArray ? rolledBy(y, by, along) : rolled(y, staticNumber(by, '[roll] the shift'), along);
  }, a);
}

/** The shifts of an array: itself, or its elements. */
function shiftsIn(shift: NDArray): readonly NDArray[] {
  if (shift.ndim > 1) throw new ArgumentError(`[roll] needs one shift or a vector, got ${showAval(shift.aval)}`);
  return shift.ndim === 0 ? [shift] : range(shift.size).map((i) => indexInDim(shift, i, 0, false));
}

/** As {@link rolled}, by a number that is not known while tracing. */
function rolledBy(x: NDArray, shift: NDArray, axis: number): NDArray {
  const n = at(x.shape, axis);
  if (n === 0) return x;
  const by = isInteger(shift.dtype) ? asPositions(shift) : lax.convertElementType(shift, 'i32');
  const less = lax.convertElementType(rem(by, n), 'i32');
  const positions = rem(add(sub(lax.broadcastedIota('i32', [n], 0), less), n), n);
  return take(x, positions, axis, { mode: 'clip' });
}

function rolled(x: NDArray, shift: number, axis: number): NDArray {
  const n = at(x.shape, axis);
  const k = n === 0 ? 0 : ((shift % n) + n) % n;
  return k === 0 ? x : lax.concatenate([sliceAlong(x, axis, n - k, n), sliceAlong(x, axis, 0, n - k)], axis);
}

/**
 * Repeats each element along an axis (null, the default: of the flattened array): as often for all, or so often for each.
 *
 * @param repeats a number, or numbers for each position along the axis, in a list or an integer array; known while tracing.
 * @throws ArgumentError for a negative count, or not one count for each position.
 * @example
 * np.repeat(np.array([5, 6, 7]), [2, 0, 1]); // [5, 5, 7]
 */
export function repeat(
  x: ArrayLike,
  repeats: number | readonly number[] | NDArray,
  axis: number | null = null,
): NDArray {
  const given = asArray(x);
  const a = axis === null ? lax.reshape(given, [given.size]) : given;
  const [along] = axesOf('repeat', a, axis ?? 0) as readonly [number];
  const counts = countsOf(repeats);
  if (counts.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ArgumentError(`[repeat] counts must be whole and not negative, got [${counts.join(', ')}]`);
  }
  if (counts.length === 1) return repeatAll(a, at(counts, 0), along);
  const n = at(a.shape, along);
  if (counts.length !== n) {
    throw new ArgumentError(
      `[repeat] needs one count, or ${n}, one for each position along axis ${along} of ${showAval(a.aval)}; got ${counts.length}`,
    );
  }
  const positions = counts.flatMap((count, i) => Array.from({ length: count }, () => i));
  return take(a, fromTyped(Int32Array.from(positions), [positions.length], 'repeat'), along, { mode: 'clip' });
}

const countsOf = (repeats: number | readonly number[] | NDArray): readonly number[] => {
  if (Array.isArray(repeats)) return (repeats as readonly unknown[]).map((n) => staticNumber(n, '[repeat] a count'));
  if (!(repeats instanceof NDArray) || repeats.size === 1) return [staticNumber(repeats, '[repeat] the count')];
  return [...repeats].map((n) => staticNumber(n, '[repeat] a count'));
};

function repeatAll(a: NDArray, times: number, along: number): NDArray {
  const wide = [...a.shape.slice(0, along + 1), times, ...a.shape.slice(along + 1)];
  const spread = lax.broadcastInDim(
    a,
    wide,
    range(wide.length).filter((i) => i !== along + 1),
  );
  return lax.reshape(
    spread,
    a.shape.map((n, i) => (i === along ? n * times : n)),
  );
}

/**
 * Repeats the whole array `reps` times along each axis; new axes come in front.
 *
 * @example
 * np.tile(np.array([1, 2]), 2); // [1, 2, 1, 2]
 */
export function tile(x: ArrayLike, reps: OneOrMore): NDArray {
  const a = asArray(x);
  const counts = listOf(reps).map((n) => staticNumber(n, '[tile] a count'));
  const ndim = Math.max(a.ndim, counts.length);
  const shape = [...range(ndim - a.ndim).map(() => 1), ...a.shape];
  const times = [...range(ndim - counts.length).map(() => 1), ...counts];
  const grown = shape.flatMap((n, i) => [at(times, i), n]);
  const own = range(ndim).map((i) => 2 * i + 1);
  return lax.reshape(
    lax.broadcastInDim(lax.reshape(a, shape), grown, own),
    shape.map((n, i) => n * at(times, i)),
  );
}

/** What {@link pad} puts around an array. */
export interface PadOptions {
  /**
   * `constant` (default); `edge`: the outermost element; `reflect`: mirrored without it; `symmetric`: mirrored with it;
   * `wrap`: from the other end.
   */
  readonly mode?: 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap';
  /** For `constant`; default 0. */
  readonly constantValues?: number;
}

type Widths = readonly (readonly [before: number, after: number])[];

/**
 * Pads each axis by [before, after] elements.
 *
 * @param width one number or pair for all axes, or a pair for each.
 * @throws ArgumentError when there is not one pair for each axis, or a mirrored axis has too few elements.
 * @example
 * np.pad(np.array([1, 2]), 1); // [0, 1, 2, 0]
 */
export function pad(
  x: ArrayLike,
  width: number | readonly [number, number] | Widths,
  options: PadOptions = {},
): NDArray {
  const a = asArray(x);
  const widths = widthsOf(a, width);
  const mode = options.mode ?? 'constant';
  if (mode === 'constant') return padBy(a, options.constantValues ?? 0, widths.map(([low, high]) => [low, high, 0])); // prettier-ignore
  return widths.reduce((y, [before, after], axis) => extended(y, axis, before, after, mode), a);
}

function widthsOf(a: NDArray, width: number | readonly [number, number] | Widths): Widths {
  const pair = (w: number | readonly [number, number]): readonly [number, number] => {
    const [before, after] = (Array.isArray(w) ? w : [w, w]) as readonly [number, number];
    return [staticNumber(before, '[pad] a width'), staticNumber(after, '[pad] a width')];
  };
  const whole = !Array.isArray(width) || !Array.isArray(width[0]);
  if (whole) return a.shape.map(() => pair(width as number | readonly [number, number]));
  const widths = width as Widths;
  if (widths.length === 1 && a.ndim > 1) return a.shape.map(() => pair(at(widths, 0)));
  if (widths.length === a.ndim) return widths.map(pair);
  throw new ArgumentError(`[pad] ${showAval(a.aval)} needs ${a.ndim} pairs, got ${widths.length}`);
}

function extended(
  x: NDArray,
  axis: number,
  before: number,
  after: number,
  mode: Exclude<NonNullable<PadOptions['mode']>, 'constant'>,
): NDArray {
  if (before === 0 && after === 0) return x;
  const n = at(x.shape, axis);
  if (n === 0)
    throw new ArgumentError(`[pad] ${showAval(x.aval)} has no elements along axis ${axis} to pad with (${mode})`);
  const source = (i: number): number => {
    if (mode === 'edge') return Math.min(Math.max(i, 0), n - 1);
    const period = mode === 'wrap' ? n : mode === 'symmetric' ? 2 * n : Math.max(1, 2 * n - 2);
    const k = ((i % period) + period) % period;
    if (k < n) return k;
    return mode === 'symmetric' ? 2 * n - 1 - k : 2 * n - 2 - k;
  };
  return lax.concatenate(
    runs(range(before + n + after).map((i) => source(i - before))).map((run) => taken(x, axis, run)),
    axis,
  );
}

interface Run {
  readonly first: number;
  readonly count: number;
  readonly step: 0 | 1 | -1;
}

/** Positions as stretches that rise, fall or stay, so that each is one slice. */
function runs(positions: readonly number[]): readonly Run[] {
  const out: Run[] = [];
  for (const p of positions) {
    const last = out.at(-1);
    const step = last === undefined ? 0 : p - (last.first + last.step * (last.count - 1));
    const goesOn = last !== undefined && Math.abs(step) <= 1 && (last.count === 1 || step === last.step);
    if (goesOn) out[out.length - 1] = { first: last.first, count: last.count + 1, step: step as 0 | 1 | -1 };
    else out.push({ first: p, count: 1, step: 0 });
  }
  return out;
}

function taken(x: NDArray, axis: number, { first, count, step }: Run): NDArray {
  if (step === 0) return repeat(sliceAlong(x, axis, first, first + 1), count, axis);
  if (step === 1) return sliceAlong(x, axis, first, first + count);
  return lax.rev(sliceAlong(x, axis, first - count + 1, first + 1), [axis]);
}
