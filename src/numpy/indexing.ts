import { add, like, lt, min } from '../lax/elementwise.ts';
import { dynamicSlice } from '../lax/dynamic.ts';
import type { GatherOptions } from '../lax/gather-scatter.ts';
import { gatherMode } from '../lax/gather-scatter.ts';
import { convertElementType } from '../lax/casts.ts';
import { concatenate, rev, slice } from '../lax/pieces.ts';
import { select } from '../lax/select.ts';
import { broadcastInDim, fill, reshape, zerosOf } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { ArrayLike, Indexer, NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import type { Part, Positions, Range } from './indexers.ts';
import { arraysOf, broadcastOf, partsOf, resultAxes, resultShape } from './indexers.ts';

/** Reading by position: what `x.slice(...)` does. */

/**
 * NumPy's basic and advanced indexing. Of positions that are arrays, those out of range read the nearest element, unless
 * `options` say otherwise.
 */
export function index(x: ArrayLike, indexers: readonly Indexer[], options: GatherOptions = {}): NDArray {
  const a = asArray(x);
  const parts = partsOf('slice', a, indexers);
  const arrays = arraysOf(parts);
  const broadcast = broadcastOf('slice', a, parts);
  const axes = resultAxes(parts, broadcast);
  const sliced = sliceParts(a, parts);
  const shape = resultShape(axes);
  if (arrays.length === 0) return reshape(sliced, shape);
  const plain = options.mode === undefined && options.fillValue === undefined;
  if (plain && broadcast.length === 0) return reshape(sliceAt(sliced, parts), shape);
  return reshape(gatherParts(sliced, parts, broadcast, options), shape);
}

/** The axes of the array without those at single positions. */
const keptAxes = (parts: readonly Part[]): readonly (Range | Positions)[] =>
  parts.filter((p): p is Range | Positions => p.kind === 'range' || (p.kind === 'positions' && p.axis !== null));

/** What is known now: slices and single positions, whose axes disappear. Axes with arrays stay whole. */
function sliceParts(x: NDArray, parts: readonly Part[]): NDArray {
  const start = x.shape.map(() => 0);
  const limit = [...x.shape];
  const strides = x.shape.map(() => 1);
  for (const p of parts) {
    if (p.kind === 'range') [start[p.axis], limit[p.axis], strides[p.axis]] = [p.low, p.high, Math.abs(p.step)];
    if (p.kind === 'position') [start[p.axis], limit[p.axis]] = [p.position, p.position + 1];
  }
  const sliced = slice(x, start, limit, strides);
  const backwards = parts.flatMap((p) => (p.kind === 'range' && p.step < 0 ? [p.axis] : []));
  const single = parts.flatMap((p) => (p.kind === 'position' ? [p.axis] : []));
  return reshape(rev(sliced, backwards), sliced.shape.filter((_, a) => !single.includes(a))); // prettier-ignore
}

/** Single positions that are scalar arrays: one window. */
function sliceAt(x: NDArray, parts: readonly Part[]): NDArray {
  const kept = keptAxes(parts);
  kept.forEach((p, a) => requireElements(x, p, a));
  return dynamicSlice(
    x,
    kept.map((p) => (p.kind === 'range' ? 0 : p.array)),
    kept.map((p, a) => (p.kind === 'range' ? at(x.shape, a) : 1)),
  );
}

/** All windows at arrays of positions, with the axes of the result but for new ones. */
function gatherParts(x: NDArray, parts: readonly Part[], broadcast: Shape, options: GatherOptions): NDArray {
  const kept = keptAxes(parts);
  const axes = resultAxes(parts, broadcast).filter((a) => a.kind !== 'new');
  const shape = resultShape(axes);
  if (shape.includes(0)) return fill(shape, x.dtype, 0);
  kept.forEach((p, a) => requireElements(x, p, a));
  const indexed = range(kept.length).filter((a) => at(kept, a).kind === 'positions');
  const batch = range(broadcast.length);
  const components = indexed.map((a) =>
    broadcastToEnd(countedFromEnd((at(kept, a) as Positions).array, at(x.shape, a)), broadcast, batch),
  );
  return gatherMode(
    'slice',
    x,
    indexVectors(components, broadcast),
    {
      offsetDims: range(shape.length).filter((a) => at(axes, a).kind === 'range'),
      collapsedDims: indexed,
      indexMap: indexed,
      operandBatchingDims: [],
      indicesBatchingDims: [],
      sizes: kept.map((p, a) => (p.kind === 'range' ? at(x.shape, a) : 1)),
    },
    { ...options, mode: options.mode ?? (options.fillValue === undefined ? 'promiseInBounds' : 'fill') },
  );
}

function requireElements(x: NDArray, p: Part, axis: number): void {
  if (p.kind === 'positions' && x.shape[axis] === 0) {
    throw new ArgumentError(`[slice] an array of positions along an axis without elements, of ${showAval(x.aval)}`);
  }
}

/** Positions as i32, those below 0 counted from the end of an axis of `n` elements. */
export function countedFromEnd(positions: NDArray, n: number): NDArray {
  if (positions.dtype === 'u32') {
    // What i32 can't hold is out of range anyway.
    return convertElementType(min(positions, like(positions, 2 ** 31 - 1)), 'i32');
  }
  const known = positions.concrete()?.onHost();
  if (known?.every((i) => i >= 0) === true) return positions;
  return select(lt(positions, zerosOf(positions.aval)), add(positions, like(positions, n)), positions);
}

/** An array of positions in the shape of all; `axes` are those of that shape that its last axes stand for. */
export function broadcastToEnd(positions: NDArray, shape: Shape, axes: readonly number[]): NDArray {
  return broadcastInDim(positions, shape, axes.slice(axes.length - positions.ndim));
}

/** Index vectors from their components, each in the shape of all. */
export function indexVectors(components: readonly NDArray[], shape: Shape): NDArray {
  if (components.length === 0) return fill([...shape, 0], 'i32', 0);
  return concatenate(
    components.map((c) => reshape(c, [...shape, 1])),
    shape.length,
  );
}
