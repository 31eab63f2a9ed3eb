import type { DType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import { dynamicUpdateSlice } from '../lax/dynamic.ts';
import { add, mul, neg } from '../lax/elementwise.ts';
import type { ScatterWindows } from '../lax/gather-scatter.ts';
import { scatterMode } from '../lax/gather-scatter.ts';
import { scatterAddP, scatterP } from '../lax/indexing.ts';
import { scatterMaxP, scatterMinP, scatterMulP } from '../lax/scatter.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { padZeros, rev } from '../lax/pieces.ts';
import { select } from '../lax/select.ts';
import { fill, reshape } from '../lax/structural.ts';
import type { WindowsAt } from '../lax/windows-at.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval, showShape } from '../trace/aval.ts';
import { asArray, fromNested, isNestedNumbers } from '../trace/asarray.ts';
import { ArgumentError, DTypeError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayAt, ArrayLike, Indexer, NDArray, ReadOptions, UpdateOptions } from '../trace/value.ts';
import { at as element, range } from '../util/array.ts';
import { divide, maximum, minimum, power } from './elementwise.ts';
import type { Part, Positions, Range, ResultAxis } from './indexers.ts';
import { arraysOf, broadcastOf, partsOf, resultAxes, resultShape } from './indexers.ts';
import { broadcastToEnd, countedFromEnd, index, indexVectors } from './indexing.ts';
import { broadcastTo, resultType } from './promote.ts';

/** Updating by position: what `x.at(...)` does. */

/** How values are combined with what is there: at places that differ, and at any. */
interface Combination {
  readonly name: string;
  readonly once: (old: NDArray, value: NDArray) => NDArray;
  readonly scatter: ScatterWindows;
}

const set: Combination = { name: 'set', once: (_, value) => value, scatter: scatterMode(scatterP) };
const plus: Combination = { name: 'add', once: add, scatter: scatterMode(scatterAddP) };
const times: Combination = { name: 'mul', once: mul, scatter: scatterMode(scatterMulP) };
const least: Combination = { name: 'min', once: minimum, scatter: scatterMode(scatterMinP) };
const greatest: Combination = { name: 'max', once: maximum, scatter: scatterMode(scatterMaxP) };

/** The place that indexers name, to be read or updated. */
export function at(x: ArrayLike, indexers: readonly Indexer[]): ArrayAt {
  const a = asArray(x);
  const by =
    (how: Combination) =>
    (value: ArrayLike, options: UpdateOptions = {}): NDArray =>
      update(a, indexers, value, how, options);
  /** All ones, but the products of the values at their places. */
  const factors = (value: ArrayLike, options: UpdateOptions): NDArray => {
    const dtype = resultType(a, value);
    return update(fill(a.shape, dtype === 'bool' ? 'i32' : dtype, 1), indexers, value, times, options);
  };
  return {
    get: (options: ReadOptions = {}) => index(a, indexers, options),
    set: by(set),
    add: by(plus),
    sub: (value, options = {}) => by(plus)(negated(a, value), options),
    mul: by(times),
    min: by(least),
    max: by(greatest),
    divide: (value, options = {}) => divide(a, factors(value, options)),
    power: (value, options = {}) => power(a, factors(value, options)),
    apply: (f, options = {}) => {
      requireOnce(a, indexers, options);
      return by(set)(f(index(a, indexers)), { ...options, uniqueIndices: true });
    },
  };
}

function negated(x: NDArray, value: ArrayLike): NDArray {
  if (x.dtype === 'bool') throw new DTypeError(`[at.sub] of ${showAval(x.aval)}: bools are not subtracted`);
  return neg(updateValue('sub', x, value));
}

function update(
  x: NDArray,
  indexers: readonly Indexer[],
  value: ArrayLike,
  how: Combination,
  options: UpdateOptions,
): NDArray {
  if (x.dtype === 'bool' && how !== set) {
    const numbers = update(convertElementType(x, 'i32'), indexers, asArray(value).astype('i32'), how, options);
    return convertElementType(numbers, 'bool');
  }
  const parts = partsOf('at', x, indexers);
  const broadcast = broadcastOf('at', x, parts);
  const axes = resultAxes(parts, broadcast);
  const values = valuesFor(how.name, updateValue(how.name, x, value), resultShape(axes));
  if (values.size === 0) return x;
  if (arraysOf(parts).length > 0) return scatterParts(x, parts, broadcast, values, how, options);
  const region = reshape(values, regionShape(x, parts));
  return writeRegion(x, parts, how.once(reshape(index(x, indexers), region.shape), region));
}

/** A value in the dtype of what it is written to: of the same kind (bool < integer < float) or a lower one. */
function updateValue(name: string, x: NDArray, value: ArrayLike): NDArray {
  if (isNestedNumbers(value)) {
    const given = asArray(value);
    const numbers = [...(given.concrete()?.onHost() ?? [])];
    const exact = numbers.every((n) => (x.dtype === 'bool' ? n === 0 || n === 1 : Number.isInteger(n)));
    if (isFloat(x.dtype) || exact) return fromNested(value, x.dtype, `at.${name}`);
  }
  const v = asArray(value);
  if (kindOf(v.dtype) <= kindOf(x.dtype)) return convertElementType(v, x.dtype);
  throw new DTypeError(
    `[at.${name}] ${showAval(v.aval)} can't be written into ${showAval(x.aval)}, which keeps its dtype: convert one of ` +
      `them (x.astype('${v.dtype}'), or the value to '${x.dtype}')`,
  );
}

const kindOf = (dtype: DType): number => (dtype === 'bool' ? 0 : isFloat(dtype) ? 2 : 1);

function valuesFor(name: string, v: NDArray, shape: Shape): NDArray {
  const extra = v.ndim - shape.length;
  const fits =
    v.shape.slice(0, Math.max(0, extra)).every((n) => n === 1) &&
    v.shape.slice(Math.max(0, extra)).every((n, i) => n === 1 || n === shape[i + Math.max(0, -extra)]);
  if (!fits) {
    throw new ShapeMismatchError(
      `[at.${name}] ${showAval(v.aval)} does not broadcast to ${showShape(shape)}, the shape of what is indexed`,
    );
  }
  return broadcastTo(extra > 0 ? reshape(v, v.shape.slice(extra)) : v, shape);
}

// -------------------------------------------------------------------------------------- places that are known now

type Known = Extract<Part, { kind: 'range' | 'position' }>;

/** Slices and positions, one for each axis of the array. */
const knownParts = (parts: readonly Part[]): readonly Known[] =>
  parts.filter((p): p is Known => p.kind === 'range' || p.kind === 'position');

const regionShape = (x: NDArray, parts: readonly Part[]): Shape => {
  const known = knownParts(parts);
  return x.shape.map((_, a) => {
    const p = element(known, a);
    return p.kind === 'range' ? p.count : 1;
  });
};

/** `x` with a region, which slices and positions name, replaced. */
function writeRegion(x: NDArray, parts: readonly Part[], region: NDArray): NDArray {
  const known = knownParts(parts);
  const rising = rev(region, backwards(known));
  const low = known.map((p) => (p.kind === 'range' ? p.low : p.position));
  const strides = known.map((p) => (p.kind === 'range' && p.count > 1 ? Math.abs(p.step) : 1));
  if (strides.every((s) => s === 1)) return dynamicUpdateSlice(x, rising, low);
  const padding = {
    low,
    high: x.shape.map((n, a) => n - element(low, a) - (element(region.shape, a) - 1) * element(strides, a) - 1),
    interior: strides.map((s) => s - 1),
  };
  const inside = padZeros(fill(region.shape, 'bool', 1), padding);
  return select(inside, padZeros(rising, padding), x);
}

const backwards = (parts: readonly Part[]): readonly number[] =>
  parts.flatMap((p) => (p.kind === 'range' && p.step < 0 ? [p.axis] : []));

// ---------------------------------------------------------------------------------- places that arrays decide

/** A slice that is a window of its own: neighbours, in one direction or the other. */
const isWindow = (r: Range): boolean => Math.abs(r.step) === 1;

/** `x` updated at arrays of positions; slices with steps are arrays of positions too. */
function scatterParts(
  x: NDArray,
  parts: readonly Part[],
  broadcast: Shape,
  values: NDArray,
  how: Combination,
  options: UpdateOptions,
): NDArray {
  if (arraysOf(parts).some((p) => p.axis !== null && x.shape[p.axis] === 0)) return x;
  const axes = resultAxes(parts, broadcast).filter((a) => a.kind !== 'new');
  const windows = range(axes.length).filter((d) => inWindow(element(axes, d)));
  const starts = range(axes.length).filter((d) => !windows.includes(d));
  const shape = resultShape(axes);
  const batch = starts.map((d) => element(shape, d));
  const components = componentsOf(x, parts, axes, starts, batch);
  const description: WindowsAt = {
    offsetDims: windows,
    collapsedDims: range(x.ndim).filter((a) => !windows.some((d) => (element(axes, d) as Range).axis === a)),
    indexMap: components.map((c) => c.axis),
    operandBatchingDims: [],
    indicesBatchingDims: [],
  };
  const turned = windows.filter((d) => (element(axes, d) as Range).step < 0);
  const indices = indexVectors(components.map((c) => c.starts), batch); // prettier-ignore
  return how.scatter(x, indices, rev(reshape(values, shape), turned), description, {
    ...options,
    uniqueIndices: broadcast.length === 0 || options.uniqueIndices === true,
  });
}

const inWindow = (a: ResultAxis): boolean => a.kind === 'range' && isWindow(a);

/** The starts of windows along one axis of the array, in the shape of all starts. */
interface Component {
  readonly axis: number;
  readonly starts: NDArray;
}

/** The starts along each axis where windows do not lie at 0. */
function componentsOf(
  x: NDArray,
  parts: readonly Part[],
  axes: readonly ResultAxis[],
  starts: readonly number[],
  batch: Shape,
): readonly Component[] {
  const block = range(starts.length).filter((i) => element(axes, element(starts, i)).kind === 'broadcast');
  return parts.flatMap((p): readonly Component[] => {
    if (p.kind === 'position') return [{ axis: p.axis, starts: fill(batch, 'i32', p.position) }];
    if (p.kind === 'positions' && p.axis !== null) {
      const positions = countedFromEnd(p.array, element(x.shape, p.axis));
      return [{ axis: p.axis, starts: broadcastToEnd(positions, batch, block) }];
    }
    if (p.kind !== 'range') return [];
    if (isWindow(p)) return p.count === x.shape[p.axis] ? [] : [{ axis: p.axis, starts: fill(batch, 'i32', p.low) }];
    const along = starts.findIndex((d) => element(axes, d) === p);
    const first = p.step > 0 ? p.low : p.high - 1;
    const steps = mul(broadcastedIota('i32', batch, along), fill(batch, 'i32', p.step));
    return [{ axis: p.axis, starts: add(steps, fill(batch, 'i32', first)) }];
  });
}

/** Throws unless no element is named twice. */
function requireOnce(x: NDArray, indexers: readonly Indexer[], options: UpdateOptions): void {
  if (options.uniqueIndices === true) return;
  const parts = partsOf('at', x, indexers);
  const arrays = arraysOf(parts);
  if (arrays.every((p: Positions) => p.array.ndim === 0)) return;
  const numbers = reshape(broadcastedIota('i32', [x.size], 0), x.shape);
  const known = arrays.every((p) => p.array.concrete() !== null) ? index(numbers, indexers).concrete() : null;
  const named = known?.readSync();
  if (named !== undefined && new Set<number>(named).size === named.length) return;
  throw new ArgumentError(
    `[at.apply] ${named === undefined ? 'arrays of positions that are traced may name' : 'the arrays of positions name'} an ` +
      'element twice, and it is not said which of its values the function gets. Name each element once, and say so of traced ' +
      'positions: x.at(...).apply(f, { uniqueIndices: true })',
  );
}
