import { asPositions } from '../lax/casts.ts';
import { isInteger } from '../kernel/dtype.ts';
import type { Shape } from '../trace/aval.ts';
import { aval, showAval, showShape } from '../trace/aval.ts';
import { ConcreteArray } from '../trace/concrete.ts';
import { ArgumentError, DTypeError, ShapeMismatchError, ValueDependentShapeError } from '../trace/errors.ts';
import type { Indexer } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { shown } from '../util/shown.ts';
import { broadcastShapesOrNull } from './promote.ts';

/** What the indexers of `x.slice(...)` and `x.at(...)` mean, by NumPy's rules. */

/** One indexer, of one axis of the array unless it says otherwise. */
export type Part =
  /** The positions low, low + |step|, … below `high`, in falling order when the step is negative. */
  | Range
  /** One position, known now. */
  | { readonly kind: 'position'; readonly axis: number; readonly position: number }
  /** Positions in an integer array. A null axis is a scalar mask, which is no axis of the array. */
  | Positions
  /** A new axis. */
  | { readonly kind: 'new' }
  /** A `'...'` that stands for no axis; it still separates arrays. */
  | { readonly kind: 'nothing' };

/** A slice of an axis, by rising positions. */
export interface Range {
  readonly kind: 'range';
  readonly axis: number;
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly count: number;
}

/** An array of positions along an axis. */
export interface Positions {
  readonly kind: 'positions';
  readonly axis: number | null;
  readonly array: NDArray;
}

/** How many axes of the array an indexer takes. */
const consumed = (i: Indexer): number => {
  if (i === null || i === '...') return 0;
  return i instanceof NDArray && i.dtype === 'bool' ? i.ndim : 1;
};

/**
 * The indexers as one part for each axis, and for each new one, in order.
 *
 * @throws ArgumentError for too many indexers, two ellipses, a position that is out of range, or a slice with step 0.
 * @throws DTypeError for an array that is neither of integers nor of bools.
 * @throws ShapeMismatchError for a mask whose shape is not that of its axes.
 * @throws ValueDependentShapeError for a mask whose value is not known while tracing.
 */
export function partsOf(name: string, x: NDArray, indexers: readonly Indexer[]): readonly Part[] {
  const known = indexers.reduce<number>((n, i) => n + consumed(i), 0);
  if (indexers.filter((i) => i === '...').length > 1) throw new ArgumentError(`[${name}] takes one "..." at most`);
  if (known > x.ndim) throw new ArgumentError(`[${name}] ${known} indices for ${showAval(x.aval)}`);
  const rest = x.ndim - known;
  const parts: Part[] = [];
  let axis = 0;
  const whole = (): Range => rangeOf(name, x, [], axis++);
  for (const i of indexers) {
    if (i === null) parts.push({ kind: 'new' });
    else if (i === '...') parts.push(...(rest === 0 ? [{ kind: 'nothing' } as const] : range(rest).map(whole)));
    else if (typeof i === 'number') parts.push(positionOf(name, x, i, axis++));
    else if (!(i instanceof NDArray)) parts.push(rangeOf(name, x, i, axis++));
    else if (i.dtype === 'bool') {
      parts.push(...maskPositions(name, x, i, axis));
      axis += i.ndim;
    } else parts.push({ kind: 'positions', axis, array: integers(name, x, i, axis++) });
  }
  return indexers.includes('...') ? parts : [...parts, ...range(rest).map(whole)];
}

function positionOf(name: string, x: NDArray, i: number, axis: number): Part {
  const n = at(x.shape, axis);
  const position = i < 0 ? i + n : i;
  if (Number.isInteger(i) && position >= 0 && position < n) return { kind: 'position', axis, position };
  throw new ArgumentError(`[${name}] index ${i} is out of range for axis ${axis} of ${showAval(x.aval)}`);
}

function rangeOf(name: string, x: NDArray, i: readonly (number | null)[], axis: number): Range {
  const given: unknown = i;
  if (!Array.isArray(given)) {
    throw new ArgumentError(
      `[${name}] takes numbers, ranges [start, stop, step], arrays, null and "..."; got ${shown(given)}`,
    );
  }
  const n = at(x.shape, axis);
  const step = i[2] ?? 1;
  if (step === 0 || i.length > 3 || i.some((e) => e !== null && !Number.isInteger(e))) {
    throw new ArgumentError(
      `[${name}] [${i.map(String).join(', ')}] must be [start, stop, step] of integers, step not 0; ` +
        "an array of positions is made with numpy.array([...], { dtype: 'i32' })",
    );
  }
  const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v < 0 ? v + n : v, low), high);
  if (step > 0) {
    const low = clamp(i[0] ?? 0, 0, n);
    const high = Math.max(low, clamp(i[1] ?? n, 0, n));
    return { kind: 'range', axis, low, high, step, count: Math.ceil((high - low) / step) };
  }
  const first = i[0] === undefined || i[0] === null ? n - 1 : clamp(i[0], -1, n - 1);
  const last = i[1] === undefined || i[1] === null ? -1 : clamp(i[1], -1, n - 1);
  const count = Math.max(0, Math.ceil((last - first) / step));
  const low = count === 0 ? 0 : first + (count - 1) * step;
  return { kind: 'range', axis, low, high: count === 0 ? 0 : first + 1, step, count };
}

function integers(name: string, x: NDArray, i: NDArray, axis: number): NDArray {
  if (isInteger(i.dtype)) return asPositions(i);
  throw new DTypeError(
    `[${name}] axis ${axis} of ${showAval(x.aval)} is indexed with ${showAval(i.aval)}: an array of positions must hold ` +
      "integers (x.astype('i32')), a mask bools",
  );
}

/** A mask as the positions of its true elements, one array for each of its axes; of a scalar one, only how many. */
function maskPositions(name: string, x: NDArray, mask: NDArray, axis: number): readonly Positions[] {
  const covered = x.shape.slice(axis, axis + mask.ndim);
  if (!mask.shape.every((n, i) => n === covered[i])) {
    throw new ShapeMismatchError(
      `[${name}] a mask ${showAval(mask.aval)} does not fit the axes ${showShape(covered)} of ${showAval(x.aval)} that it ` +
        'stands for: their extents must be equal',
    );
  }
  const value = mask.concrete();
  if (value === null) {
    throw new ValueDependentShapeError(
      `[${name}] the mask ${showAval(mask.aval)} is traced, so that it is not known how many elements it takes, and shapes are ` +
        'fixed when a function is traced. Use numpy.where(mask, x, y) to choose element by element, or compute the mask outside ' +
        'of the traced function.',
    );
  }
  const strides = mask.shape.map((_, i) => mask.shape.slice(i + 1).reduce((p, n) => p * n, 1));
  const found: number[] = [];
  value.readSync().forEach((v, i) => (v === 0 ? 0 : found.push(i)));
  const vector = (items: readonly number[]): NDArray =>
    ConcreteArray.fromHost(aval([items.length], 'i32'), Int32Array.from(items));
  if (mask.ndim === 0) return [{ kind: 'positions', axis: null, array: vector(found.map(() => 0)) }];
  return mask.shape.map((n, i) => ({
    kind: 'positions',
    axis: axis + i,
    array: vector(found.map((p) => Math.floor(p / at(strides, i)) % n)),
  }));
}

/** One axis of the result of indexing. */
export type ResultAxis =
  | { readonly kind: 'new' }
  | Range
  /** Axis number `axis` of the shape that all arrays of positions broadcast to. */
  | { readonly kind: 'broadcast'; readonly axis: number; readonly extent: number };

/** The arrays of positions among parts. */
export const arraysOf = (parts: readonly Part[]): readonly Positions[] =>
  parts.filter((p): p is Positions => p.kind === 'positions');

/** The shape that all arrays of positions broadcast to together. */
export function broadcastOf(name: string, x: NDArray, parts: readonly Part[]): Shape {
  const shapes = arraysOf(parts).map((p) => p.array.shape);
  const shape = broadcastShapesOrNull(shapes);
  if (shape !== null) return shape;
  throw new ShapeMismatchError(
    `[${name}] the arrays that ${showAval(x.aval)} is indexed with have shapes ${shapes.map(showShape).join(', ')}, which do ` +
      'not broadcast together',
  );
}

/**
 * The axes of the result, in order. What arrays index stands where the first of them is, or in front if anything but
 * arrays and numbers is between them (NumPy's rule for advanced indexing).
 */
export function resultAxes(parts: readonly Part[], broadcast: Shape): readonly ResultAxis[] {
  const block = broadcast.map((extent, axis): ResultAxis => ({ kind: 'broadcast', axis, extent }));
  const advanced = (p: Part): boolean => p.kind === 'positions' || p.kind === 'position';
  const [first, last] = [parts.findIndex(advanced), parts.findLastIndex(advanced)];
  const together = parts.slice(first, last + 1).every(advanced);
  const axes = parts.flatMap((p, i): readonly ResultAxis[] => {
    if (p.kind === 'range' || p.kind === 'new') return [p];
    return together && i === first ? block : [];
  });
  return together ? axes : [...block, ...axes];
}

/** The shape of the result. */
export const resultShape = (axes: readonly ResultAxis[]): Shape =>
  axes.map((a) => (a.kind === 'new' ? 1 : a.kind === 'range' ? a.count : a.extent));
