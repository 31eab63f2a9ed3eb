import { isInteger } from '../kernel/dtype.ts';
import { add, like, lt, rem } from '../lax/elementwise.ts';
import type { GatherOptions } from '../lax/gather-scatter.ts';
import { defaultFill, gatherMode, scatterMode } from '../lax/gather-scatter.ts';
import { alongAxis, scatterP } from '../lax/indexing.ts';
import { asPositions, convertElementType } from '../lax/casts.ts';
import { select } from '../lax/select.ts';
import { fill, reshape } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, DTypeError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { countedFromEnd } from './indexing.ts';
import { broadcastShapesOrNull, broadcastTo, toDtype } from './promote.ts';
import { axesOf } from './reduce.ts';

/** Taking and putting elements at given positions along one axis. */

/** What positions beyond the array give. */
export interface TakeOptions {
  /** `fill` (default): `fillValue`; `clip`: the last (or first) element; `wrap`: counted around. */
  readonly mode?: 'fill' | 'clip' | 'wrap';
  /** Default NaN for floats, the lowest number for i32, the highest for u32, true for bool, as in JAX. */
  readonly fillValue?: number;
}

/** Positions below `n`: counted around in `wrap`, else from the end where they are negative. */
function resolved(positions: NDArray, n: number, mode: 'fill' | 'clip' | 'wrap'): NDArray {
  if (mode !== 'wrap') return countedFromEnd(positions, n);
  const i = convertElementType(positions, 'i32');
  const rest = rem(i, like(i, n));
  return select(lt(rest, like(i, 0)), add(rest, like(i, n)), rest);
}

function integers(name: string, indices: ArrayLike): NDArray {
  const a = asArray(indices);
  if (isInteger(a.dtype)) return asPositions(a);
  // Plain JS numbers and lists of them are f32; whole ones are positions.
  if (!(indices === a)) return convertElementType(a, 'i32');
  throw new DTypeError(`[${name}] indices must be integers, got ${showAval(a.aval)}: cast them (x.astype('i32'))`);
}

/**
 * The elements of `x` at `indices` along an axis (null, the default: of the flattened array). Negative indices count from
 * the end. The result has the indices' axes in the place of the axis.
 *
 * @throws DTypeError when indices are not integers.
 * @example
 * np.take(np.array([[1, 2], [3, 4]]), [1, 0, 1], 0); // [[3, 4], [1, 2], [3, 4]]
 */
export function take(x: ArrayLike, indices: ArrayLike, axis: number | null = null, options: TakeOptions = {}): NDArray {
  const given = asArray(x);
  const a = axis === null ? reshape(given, [given.size]) : given;
  const [along] = axesOf('take', a, axis ?? 0) as readonly [number];
  const n = at(a.shape, along);
  const mode = options.mode ?? 'fill';
  const positions = resolved(integers('take', indices), n, mode);
  const wanted = [...a.shape.slice(0, along), ...positions.shape, ...a.shape.slice(along + 1)];
  if (n === 0) return nothing('take', a, wanted, options);
  const windows = {
    offsetDims: range(wanted.length).filter((d) => d < along || d >= along + positions.ndim),
    collapsedDims: [along],
    indexMap: [along],
    operandBatchingDims: [],
    indicesBatchingDims: [],
    sizes: a.shape.map((e, d) => (d === along ? 1 : e)),
  };
  return gatherMode('take', a, reshape(positions, [...positions.shape, 1]), windows, gathering(options));
}

/** `wrap` leaves nothing out of range. */
const gathering = ({ mode = 'fill', fillValue }: TakeOptions): GatherOptions => ({
  mode: mode === 'fill' ? 'fill' : 'clip',
  ...(fillValue === undefined ? {} : { fillValue }),
});

/** What is taken from an axis without elements. */
function nothing(name: string, a: NDArray, wanted: Shape, { mode = 'fill', fillValue }: TakeOptions): NDArray {
  if (mode === 'fill' || wanted.includes(0)) return fill(wanted, a.dtype, fillValue ?? defaultFill(a.dtype));
  throw new ArgumentError(`[${name}] ${showAval(a.aval)} has no element to take with mode '${mode}'`);
}

/**
 * `result[…, i, …] = x[…, indices[…, i, …], …]` along an axis: positions for each line by itself, as `argsort` gives
 * them. All other axes broadcast. For null, both are flattened.
 *
 * @throws ShapeMismatchError when the other axes do not broadcast.
 * @example
 * np.takeAlongAxis(np.array([[1, 2], [3, 4]]), np.array([[1], [0]], { dtype: 'i32' }), 1); // [[2], [3]]
 */
export function takeAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null = -1,
  options: TakeOptions = {},
): NDArray {
  const [given, where] = [asArray(x), integers('takeAlongAxis', indices)];
  if (axis === null) return takeAlongAxis(reshape(given, [given.size]), reshape(where, [where.size]), 0, options);
  const [along] = axesOf('takeAlongAxis', given, axis) as readonly [number];
  const others = (s: readonly number[]): readonly number[] => s.map((e, d) => (d === along ? 1 : e));
  const outer = given.ndim === where.ndim ? broadcastShapesOrNull([others(given.shape), others(where.shape)]) : null;
  if (outer === null) {
    throw new ShapeMismatchError(
      `[takeAlongAxis] ${showAval(given.aval)} at ${showAval(where.aval)} along axis ${axis}: both need the same number of ` +
        'axes, and extents that broadcast on all but that axis',
    );
  }
  const n = at(given.shape, along);
  const sized = (length: number): Shape => outer.map((e, d) => (d === along ? length : e));
  const wanted = sized(at(where.shape, along));
  const a = broadcastTo(given, sized(n));
  if (n === 0) return nothing('takeAlongAxis', a, wanted, options);
  const positions = resolved(broadcastTo(where, wanted), n, options.mode ?? 'fill');
  if (wanted.includes(0)) return fill(wanted, a.dtype, 0);
  const windows = { ...alongAxis(a.ndim, along), sizes: a.shape.map(() => 1) };
  return gatherMode('takeAlongAxis', a, reshape(positions, [...wanted, 1]), windows, gathering(options));
}

/**
 * `x` with `values` at `indices` along an axis, positions for each line by itself: `result[…, indices[…, i, …], …] =
 * values[…, i, …]`. Indices and values broadcast to the lines of `x`. Positions out of range are skipped.
 *
 * @throws ShapeMismatchError when the other axes do not broadcast to those of `x`.
 * @example
 * np.putAlongAxis(np.zeros([2, 3]), [[2], [0]], 9, 1); // [[0, 0, 9], [9, 0, 0]]
 */
export function putAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  values: ArrayLike,
  axis: number | null,
  options: { readonly mode?: 'drop' | 'clip' } = {},
): NDArray {
  const [a, where] = [asArray(x), integers('putAlongAxis', indices)];
  if (axis === null) {
    const flat = putAlongAxis(reshape(a, [a.size]), reshape(where, [where.size]), values, 0, options);
    return reshape(flat, a.shape);
  }
  const [along] = axesOf('putAlongAxis', a, axis) as readonly [number];
  if (where.ndim !== a.ndim) {
    throw new ShapeMismatchError(
      `[putAlongAxis] ${showAval(a.aval)} at ${showAval(where.aval)}: both need the same number of axes`,
    );
  }
  const wanted = a.shape.map((e, d) => (d === along ? at(where.shape, along) : e));
  const n = at(a.shape, along);
  if (wanted.includes(0) || n === 0) return a;
  const positions = reshape(countedFromEnd(broadcastTo(where, wanted), n), [...wanted, 1]);
  const updates = broadcastTo(toDtype(values, a.dtype), wanted);
  return scatterMode(scatterP)(a, positions, updates, alongAxis(a.ndim, along), { mode: options.mode ?? 'drop' });
}
