import type { DType } from '../kernel/dtype.ts';
import { isFloat, isInteger } from '../kernel/dtype.ts';
import { add, ge, like, lt, and, rem } from '../lax/elementwise.ts';
import { gatherWindows } from '../lax/indexing.ts';
import { broadcastInDim, convertElementType, fill, reshape, select } from '../lax/structural.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { DTypeError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { iinfo } from './dtypes.ts';
import { broadcastShapesOrNull, broadcastTo } from './promote.ts';
import { axesOf } from './reduce.ts';

/** Taking elements at given positions along one axis. */

/** What positions beyond the array give. */
export interface TakeOptions {
  /** `fill` (default): `fillValue`; `clip`: the last (or first) element; `wrap`: counted around. */
  readonly mode?: 'fill' | 'clip' | 'wrap';
  /** Default NaN for floats, the lowest number for i32, the highest for u32, true for bool, as in JAX. */
  readonly fillValue?: number;
}

const defaultFill = (dtype: DType): number => {
  if (isFloat(dtype)) return NaN;
  if (dtype === 'bool') return 1;
  return dtype === 'i32' ? iinfo(dtype).min : iinfo(dtype).max;
};

/** Positions in [0, n), and which of them were inside (null: all). */
function resolved(
  positions: NDArray,
  n: number,
  mode: 'fill' | 'clip' | 'wrap',
): { readonly inside: NDArray | null; readonly positions: NDArray } {
  const i = positions.dtype === 'u32' && mode !== 'wrap' ? positions : convertElementType(positions, 'i32');
  const extent = like(i, n);
  const zero = like(i, 0);
  if (mode === 'wrap') {
    const rest = rem(i, extent);
    return { positions: select(lt(rest, zero), add(rest, extent), rest), inside: null };
  }
  const counted = i.dtype === 'i32' ? select(lt(i, zero), add(i, extent), i) : i;
  return { positions: counted, inside: mode === 'clip' ? null : and(ge(counted, zero), lt(counted, extent)) };
}

function integers(name: string, indices: ArrayLike): NDArray {
  const a = asArray(indices);
  if (isInteger(a.dtype)) return a;
  // Plain JS numbers and lists of them are f32; whole ones are positions.
  if (!(indices === a)) return convertElementType(a, 'i32');
  throw new DTypeError(
    `[${name}] indices must be integers (i32 or u32), got ${showAval(a.aval)}: cast them (x.astype('i32'))`,
  );
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
  const { positions, inside } = resolved(integers('take', indices), n, options.mode ?? 'fill');
  const wanted = [...a.shape.slice(0, along), ...positions.shape, ...a.shape.slice(along + 1)];
  const value = options.fillValue ?? defaultFill(a.dtype);
  if (n === 0) return fill(wanted, a.dtype, value);
  const taken = gatherWindows(a, reshape(positions, [...positions.shape, 1]), {
    offsetDims: range(wanted.length).filter((d) => d < along || d >= along + positions.ndim),
    collapsedDims: [along],
    indexMap: [along],
    operandBatchingDims: [],
    indicesBatchingDims: [],
    sizes: a.shape.map((e, d) => (d === along ? 1 : e)),
    mode: 'clip',
  });
  if (inside === null) return taken;
  const hit = broadcastInDim(
    inside,
    wanted,
    range(positions.ndim).map((d) => along + d),
  );
  return select(hit, taken, fill(wanted, a.dtype, value));
}

/**
 * `result[…, i, …] = x[…, indices[…, i, …], …]` along an axis: positions for each line by itself, as `argsort` gives
 * them. All other axes broadcast. For null, both are flattened.
 *
 * @throws ShapeMismatchError when the other axes do not broadcast.
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
  const sized = (length: number): readonly number[] => outer.map((e, d) => (d === along ? length : e));
  const a = broadcastTo(given, sized(n));
  const wanted = sized(at(where.shape, along));
  const { positions, inside } = resolved(broadcastTo(where, wanted), n, options.mode ?? 'fill');
  const value = options.fillValue ?? defaultFill(a.dtype);
  if (n === 0) return fill(wanted, a.dtype, value);
  const batching = range(a.ndim).filter((d) => d !== along);
  const taken = gatherWindows(a, reshape(positions, [...wanted, 1]), {
    offsetDims: [],
    collapsedDims: [along],
    indexMap: [along],
    operandBatchingDims: batching,
    indicesBatchingDims: batching,
    sizes: a.shape.map(() => 1),
    mode: 'clip',
  });
  return inside === null ? taken : select(inside, taken, fill(wanted, a.dtype, value));
}
