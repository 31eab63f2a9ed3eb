import { boundsOf, isFloat } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import type { Shape } from '../trace/aval.ts';
import { bind1 } from '../trace/context.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { Primitive } from '../trace/primitive.ts';
import { asArray } from '../trace/asarray.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import type { ScatterParams } from './indexing.ts';
import { gatherFilled, gatherWindows, scatterAddP, scatterP } from './indexing.ts';
import { scatterMaxP, scatterMinP, scatterMulP } from './scatter.ts';
import { asPositions, convertElementType } from './casts.ts';
import { numberLike } from './structural.ts';
import type { OutOfBounds, WindowsAt } from './windows-at.ts';

/** gather and scatter as JAX has them, with XLA's dimension numbers. */

/** Which axes of `gather`'s operands and result correspond. The result's other axes are those of the indices but its last. */
export interface GatherDimensionNumbers {
  /** The result's axes that run through a window, rising. */
  readonly offsetDims: readonly number[];
  /** The operand's axes along which the window has extent 1 and no axis in the result. */
  readonly collapsedSliceDims: readonly number[];
  /** Component `k` of an index vector is the start along this axis of the operand. */
  readonly startIndexMap: readonly number[];
  /** The operand's axes that go along with an axis of the indices; default none. */
  readonly operandBatchingDims?: readonly number[];
  /** Those axes of the indices, in the same order. */
  readonly startIndicesBatchingDims?: readonly number[];
}

/** Which axes of the scatters' operands correspond. The updates' other axes are those of the indices but its last. */
export interface ScatterDimensionNumbers {
  /** The updates' axes that run through a window, rising. */
  readonly updateWindowDims: readonly number[];
  /** The operand's axes along which the window has extent 1 and no axis in the updates. */
  readonly insertedWindowDims: readonly number[];
  /** Component `k` of an index vector is the start along this axis of the operand. */
  readonly scatterDimsToOperandDims: readonly number[];
  /** The operand's axes that go along with an axis of the indices; default none. */
  readonly operandBatchingDims?: readonly number[];
  /** Those axes of the indices, in the same order. */
  readonly scatterIndicesBatchingDims?: readonly number[];
}

/**
 * What happens to windows that do not fit: `fill` reads a fill value and `drop` writes nothing (two names of one mode), `clip`
 * moves them inside, `promiseInBounds` says that there are none (a broken promise reads as `clip` and writes as `drop`).
 */
export type GatherScatterMode = 'fill' | 'drop' | 'clip' | 'promiseInBounds';

/** Promises about indices, and what happens outside. */
export interface ScatterOptions {
  /** Indices rise; accepted, not needed. */
  readonly indicesAreSorted?: boolean;
  /** No element is named twice; makes some gradients cheaper. Breaking the promise makes those wrong. */
  readonly uniqueIndices?: boolean;
  /** Default `promiseInBounds`, which reads as `clip` and writes as `drop`. */
  readonly mode?: GatherScatterMode;
}

/** Options of {@link gather}. */
export interface GatherOptions extends ScatterOptions {
  /** What `fill` reads; default NaN for floats, the least signed integer, the greatest unsigned one, true. */
  readonly fillValue?: number;
}

const modes: readonly string[] = ['fill', 'drop', 'clip', 'promiseInBounds'] satisfies readonly GatherScatterMode[];

function checkMode(name: string, mode: GatherScatterMode): GatherScatterMode {
  if (modes.includes(mode)) return mode;
  throw new ArgumentError(`[${name}] mode must be one of ${modes.join(', ')}; got ${mode as string}`);
}

/** What is read outside of an array unless a value is given. */
export function defaultFill(dtype: DType): number {
  if (isFloat(dtype)) return NaN;
  const { min, max } = boundsOf(dtype);
  return min < 0 ? min : max;
}

/**
 * Windows of `operand` at starts that data decides, all in one array: XLA's gather. `numpy.take` and indexing with arrays
 * (`x.slice(indices)`) are easier to use.
 *
 * @param startIndices [..., k]: index vectors along the last axis.
 * @param sliceSizes the windows' extents, one for each axis of the operand.
 * @throws ShapeMismatchError when the dimension numbers do not fit the operands.
 * @example
 * const dimensionNumbers = { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] };
 * const rows = np.array([[2], [0]], { dtype: 'i32' });
 * lax.gather(np.array([[1, 2], [3, 4], [5, 6]]), rows, dimensionNumbers, [1, 2]); // [[5, 6], [1, 2]]
 */
export function gather(
  operand: ArrayLike,
  startIndices: ArrayLike,
  dimensionNumbers: GatherDimensionNumbers,
  sliceSizes: Shape,
  options: GatherOptions = {},
): NDArray {
  const windows: WindowsAt = {
    offsetDims: dimensionNumbers.offsetDims,
    collapsedDims: dimensionNumbers.collapsedSliceDims,
    indexMap: dimensionNumbers.startIndexMap,
    operandBatchingDims: dimensionNumbers.operandBatchingDims ?? [],
    indicesBatchingDims: dimensionNumbers.startIndicesBatchingDims ?? [],
  };
  const x = asArray(operand, 'gather');
  return gatherMode('gather', x, indicesOf('gather', startIndices), { ...windows, sizes: sliceSizes }, options);
}

/** Lists of JS numbers are f32 elsewhere; as indices they are i32. */
const indicesOf = (name: string, indices: ArrayLike): NDArray =>
  indices instanceof NDArray ? asPositions(indices) : convertElementType(asArray(indices, name), 'i32');

/** Gathers windows with JAX's modes. */
export function gatherMode(
  name: string,
  x: NDArray,
  indices: NDArray,
  p: WindowsAt & { readonly sizes: Shape },
  options: GatherOptions,
): NDArray {
  const mode = checkMode(name, options.mode ?? 'promiseInBounds');
  if (mode === 'clip' || mode === 'promiseInBounds') return gatherWindows(x, indices, { ...p, mode: 'clip' });
  const value = options.fillValue ?? defaultFill(x.dtype);
  return value === 0 ? gatherWindows(x, indices, { ...p, mode: 'fill' }) : gatherFilled(x, indices, p, value);
}

type Scatter = (
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options?: ScatterOptions,
) => NDArray;

/** A scatter with JAX's modes. */
export type ScatterWindows = (
  x: NDArray,
  indices: NDArray,
  updates: NDArray,
  windows: WindowsAt,
  options: ScatterOptions,
) => NDArray;

/** A scatter primitive over windows, with JAX's modes. */
export const scatterMode =
  (p: Primitive<ScatterParams, 3>): ScatterWindows =>
  (x, indices, updates, windows, options) => {
    const mode: OutOfBounds = checkMode(p.name, options.mode ?? 'drop') === 'clip' ? 'clip' : 'fill';
    return bind1(p, [x, indices, updates], { ...windows, mode, uniqueIndices: options.uniqueIndices ?? false });
  };

const scatterBy = (p: Primitive<ScatterParams, 3>): Scatter => {
  const write = scatterMode(p);
  return (operand, scatterIndices, updates, dimensionNumbers, options = {}) => {
    const windows: WindowsAt = {
      offsetDims: dimensionNumbers.updateWindowDims,
      collapsedDims: dimensionNumbers.insertedWindowDims,
      indexMap: dimensionNumbers.scatterDimsToOperandDims,
      operandBatchingDims: dimensionNumbers.operandBatchingDims ?? [],
      indicesBatchingDims: dimensionNumbers.scatterIndicesBatchingDims ?? [],
    };
    const x = asArray(operand, p.name);
    const indices = indicesOf(p.name, scatterIndices);
    return write(x, indices, numberLike(p.name, updates, x.aval), windows, options);
  };
};

/**
 * `operand` with windows at `scatterIndices` replaced by `updates`: XLA's scatter. `x.at(...).set(y)` is easier to use.
 *
 * Where windows overlap, the last one in row-major order of the indices stays.
 *
 * @param scatterIndices [..., k]: index vectors along the last axis.
 * @throws ShapeMismatchError when the dimension numbers do not fit the operands.
 * @example
 * const elements = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * const places = np.array([[1], [1]], { dtype: 'i32' });
 * lax.scatter(np.array([1, 2, 3]), places, np.array([5, 7]), elements); // [1, 7, 3]
 */
export const scatter = scatterBy(scatterP);
/**
 * `operand` with `updates` added at `scatterIndices`; as {@link scatter} otherwise.
 *
 * @example
 * const elements = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * const places = np.array([[1], [1]], { dtype: 'i32' });
 * lax.scatterAdd(np.array([1, 2, 3]), places, np.array([5, 7]), elements); // [1, 14, 3]
 */
export const scatterAdd = scatterBy(scatterAddP);
/**
 * `operand` multiplied by `updates` at `scatterIndices`; as {@link scatter} otherwise.
 *
 * @example
 * const elements = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * const places = np.array([[1], [1]], { dtype: 'i32' });
 * lax.scatterMul(np.array([1, 2, 3]), places, np.array([5, 7]), elements); // [1, 70, 3]
 */
export const scatterMul = scatterBy(scatterMulP);
/**
 * The smaller of `operand` and `updates` at `scatterIndices`; as {@link scatter} otherwise. NaN if either is.
 *
 * @example
 * const elements = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * const places = np.array([[1], [1]], { dtype: 'i32' });
 * lax.scatterMin(np.array([1, 2, 3]), places, np.array([5, 0]), elements); // [1, 0, 3]
 */
export const scatterMin = scatterBy(scatterMinP);
/**
 * The larger of `operand` and `updates` at `scatterIndices`; as {@link scatter} otherwise. NaN if either is.
 *
 * @example
 * const elements = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * const places = np.array([[1], [1]], { dtype: 'i32' });
 * lax.scatterMax(np.array([1, 2, 3]), places, np.array([5, 0]), elements); // [1, 5, 3]
 */
export const scatterMax = scatterBy(scatterMaxP);
