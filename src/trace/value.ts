/// <reference lib="esnext.disposable" preserve="true" />
import type { DType, HostArray } from '../kernel/dtype.ts';
import type { Aval, Shape } from './aval.ts';
import { showAval, sizeOf } from './aval.ts';
import { ArgumentError, TracerConversionError } from './errors.ts';
import type { Origin } from '../util/origin.ts';
import { currentOrigin } from '../util/origin.ts';
import type { Trace } from './context.ts';
import type { ConcreteArray } from './concrete.ts';

/** Nested JS arrays of numbers or booleans. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/** What is accepted wherever an array is: an array, a number, a boolean, nested JS arrays of them. */
export type ArrayLike = NDArray | NestedNumbers;

/** Nested JS numbers (or booleans as `true`/`false`), as `tolist` gives them. */
export type NestedList = number | boolean | NestedList[];

/**
 * One position of `x.slice(...)`: an index, `[start, stop, step?]`, `[]` for all, `null` for a new axis, `'...'` for all
 * other axes, an integer array of positions, or a bool array as a mask.
 */
export type Indexer = number | readonly (number | null)[] | null | '...' | NDArray;

/** What happens where positions are out of range. */
export interface ReadOptions {
  /**
   * `clip` (default) reads the nearest element, `fill` reads `fillValue`; `promiseInBounds` says that none is out of range.
   */
  readonly mode?: 'clip' | 'fill' | 'promiseInBounds';
  /** Default NaN for floats, the least i32, the greatest u32, true; given, it makes `fill` the default mode. */
  readonly fillValue?: number;
  /** Positions rise; accepted, not needed. */
  readonly indicesAreSorted?: boolean;
  /** No element is named twice. */
  readonly uniqueIndices?: boolean;
}

/** What happens where positions are out of range, and promises about them. */
export interface UpdateOptions {
  /** `drop` (default) updates nothing, `clip` updates the nearest window; `promiseInBounds` says that none is out of range. */
  readonly mode?: 'drop' | 'clip' | 'promiseInBounds';
  /** Positions rise; accepted, not needed. */
  readonly indicesAreSorted?: boolean;
  /** No element is named twice: makes some gradients cheaper. Breaking the promise makes those wrong. */
  readonly uniqueIndices?: boolean;
}

/**
 * A place in an array, of which each method gives the array with that place updated (but `get`, which reads it). Values
 * broadcast to the shape of the place and are converted to the array's dtype.
 */
export interface ArrayAt {
  /** What is there. */
  get(options?: ReadOptions): NDArray;
  /** Replaces it; of several values for one element the last one stays. */
  set(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** Adds to it; all of several values for one element are added. */
  add(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** Subtracts from it. */
  sub(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** Multiplies it; by all of several values for one element. */
  mul(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** Divides it, in floats. */
  divide(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** Raises it to a power; several for one element multiply. */
  power(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** The smaller of what is there and the values. */
  min(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** The larger of what is there and the values. */
  max(value: ArrayLike, options?: UpdateOptions): NDArray;
  /** Replaces it by a function of it. No element may be named twice. */
  apply(f: (old: NDArray) => NDArray, options?: UpdateOptions): NDArray;
}

/**
 * An n-dimensional array: the one array type of pullback. A concrete array holds numbers on a device, a tracer stands
 * for one while a function is transformed; code that computes with arrays can't tell and need not.
 *
 * Arrays are values: no operation changes one. Their memory is freed by the garbage collector.
 */
export abstract class NDArray {
  /** Shape, dtype and weak type. */
  abstract readonly aval: Aval;

  /** The concrete array behind this one, or null while its value is not known (under `jit` and `vmap`). */
  abstract concrete(): ConcreteArray | null;

  get shape(): Shape {
    return this.aval.shape;
  }

  get dtype(): DType {
    return this.aval.dtype;
  }

  /** Does the dtype come from a JS number and adapt to what it meets? */
  get weakType(): boolean {
    return this.aval.weakType;
  }

  /** The number of axes. */
  get ndim(): number {
    return this.aval.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.aval.shape);
  }

  /** The array with its axes reversed. */
  get T(): NDArray {
    return operations().transpose(this);
  }

  /** Swaps the last two axes. */
  get mT(): NDArray {
    return operations().swapaxes(this, -2, -1);
  }

  /** Elementwise sum, with NumPy's broadcasting and promotion. */
  add(other: ArrayLike): NDArray {
    return operations().add(this, other);
  }

  /** Elementwise difference, with NumPy's broadcasting and promotion. */
  sub(other: ArrayLike): NDArray {
    return operations().subtract(this, other);
  }

  /** Elementwise product, with NumPy's broadcasting and promotion. */
  mul(other: ArrayLike): NDArray {
    return operations().multiply(this, other);
  }

  /** Elementwise true division, with NumPy's broadcasting and promotion. */
  div(other: ArrayLike): NDArray {
    return operations().divide(this, other);
  }

  /** Elementwise power. */
  pow(other: ArrayLike): NDArray {
    return operations().power(this, other);
  }

  /** Elementwise negation. */
  neg(): NDArray {
    return operations().negative(this);
  }

  /** Elementwise absolute value. */
  abs(): NDArray {
    return operations().abs(this);
  }

  /** `x == other`, elementwise, as bool. */
  eq(other: ArrayLike): NDArray {
    return operations().equal(this, other);
  }

  /** `x != other`, elementwise, as bool. */
  ne(other: ArrayLike): NDArray {
    return operations().notEqual(this, other);
  }

  /** `x < other`, elementwise, as bool. */
  lt(other: ArrayLike): NDArray {
    return operations().less(this, other);
  }

  /** `x <= other`, elementwise, as bool. */
  le(other: ArrayLike): NDArray {
    return operations().lessEqual(this, other);
  }

  /** `x > other`, elementwise, as bool. */
  gt(other: ArrayLike): NDArray {
    return operations().greater(this, other);
  }

  /** `x >= other`, elementwise, as bool. */
  ge(other: ArrayLike): NDArray {
    return operations().greaterEqual(this, other);
  }

  /** Matrix product, as `numpy.matmul`. */
  matmul(other: ArrayLike): NDArray {
    return operations().matmul(this, other);
  }

  /** Dot product, as `numpy.dot`. */
  dot(other: ArrayLike): NDArray {
    return operations().dot(this, other);
  }

  /** Sum over `axis` (all axes when omitted). */
  sum(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().sum(this, axis, options);
  }

  /** Mean over `axis` (all axes when omitted). */
  mean(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().mean(this, axis, options);
  }

  /** Product over `axis` (all axes when omitted). */
  prod(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().prod(this, axis, options);
  }

  /** Maximum over `axis` (all axes when omitted); NaN if any element is. */
  max(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().max(this, axis, options);
  }

  /** Minimum over `axis` (all axes when omitted); NaN if any element is. */
  min(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().min(this, axis, options);
  }

  /** Are all elements true, over `axis` (all axes when omitted)? */
  all(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().all(this, axis, options);
  }

  /** Is any element true, over `axis` (all axes when omitted)? */
  any(axis?: Axis, options?: ReduceOptions): NDArray {
    return operations().any(this, axis, options);
  }

  /** Position of the first largest element along `axis`, or in the flattened array, as i32. */
  argmax(axis?: number | null, options?: ReduceOptions): NDArray {
    return operations().argmax(this, axis, options);
  }

  /** Position of the first smallest element along `axis`, or in the flattened array, as i32. */
  argmin(axis?: number | null, options?: ReduceOptions): NDArray {
    return operations().argmin(this, axis, options);
  }

  /** The same elements in another shape; one extent may be -1. */
  reshape(shape: Shape | number): NDArray {
    return operations().reshape(this, shape);
  }

  /** One axis with all elements. */
  ravel(): NDArray {
    return operations().reshape(this, [-1]);
  }

  /** Permutes the axes; reverses them when `axes` is omitted. */
  transpose(axes?: readonly number[]): NDArray {
    return operations().transpose(this, axes);
  }

  /** Removes axes of extent 1: all, or those named. */
  squeeze(axis?: Axis): NDArray {
    return operations().squeeze(this, axis);
  }

  /** Converts to another dtype. */
  astype(dtype: DType): NDArray {
    return operations().astype(this, dtype);
  }

  /**
   * NumPy's indexing, one indexer an axis: `x.slice(0)`, `x.slice([1, 5], [null, null, -1])`, `x.slice('...', null)`, and with
   * arrays of positions (which may be traced) and masks (which may not): `x.slice(np.array([2, 0], { dtype: 'i32' }))`,
   * `x.slice(x.gt(0))`. Arrays broadcast together. Positions in arrays that are out of range read the nearest element.
   *
   * @throws ArgumentError for a number that is out of range, or too many indexers.
   */
  slice(...indexers: readonly Indexer[]): NDArray {
    return operations().index(this, indexers);
  }

  /**
   * A place in this array, named as in {@link slice}, to be updated: `x.at(0).set(y)` is this array with its first subarray
   * replaced, `x.at(rows).add(y)` adds (repeated rows several times). Positions in arrays that are out of range are skipped.
   *
   * @example
   * ```ts
   * np.zeros([3]).at(np.array([0, 2, 2], { dtype: 'i32' })).add(1); // [1, 0, 2]
   * ```
   */
  at(...indexers: readonly Indexer[]): ArrayAt {
    return operations().at(this, indexers);
  }

  /** The subarrays along the first axis, so that `const [k1, k2] = random.split(key)` works. */
  *[Symbol.iterator](): Generator<NDArray, void, undefined> {
    const [length] = this.shape;
    if (length === undefined) throw new ArgumentError('a scalar array has no axis to iterate over');
    for (let i = 0; i < length; i++) yield operations().index(this, [i]);
  }

  /**
   * The elements in row-major order, as a typed array of the dtype; of bool a Uint8Array of 0 and 1, of f16 a Float32Array of
   * the very numbers, as not every engine has arrays of half precision. Works on every device.
   */
  data(): Promise<HostArray> {
    return this.known('data()').read();
  }

  /** The elements at once; on devices that can be read synchronously (wasm, reference). */
  dataSync(): HostArray {
    return this.known('dataSync()').readSync();
  }

  /** The value of an array with one element. */
  async item(): Promise<number> {
    this.requireOne('item()');
    return (await this.known('item()').read())[0] as number;
  }

  /** The value of an array with one element, at once. */
  itemSync(): number {
    this.requireOne('itemSync()');
    return this.known('itemSync()').readSync()[0] as number;
  }

  /** The elements as nested JS arrays. */
  async tolist(): Promise<NestedList> {
    return nest(await this.known('tolist()').read(), this.shape, this.dtype);
  }

  /** The elements as nested JS arrays, at once. */
  tolistSync(): NestedList {
    return nest(this.known('tolistSync()').readSync(), this.shape, this.dtype);
  }

  /** A JS number from an array with one known element, so that `if (x > 0)` works on values, and throws on tracers. */
  [Symbol.toPrimitive](hint: string): number | string {
    if (hint === 'string') return this.toString();
    return this.known('use as a JS number (an operator such as + or >, Number(x), Math.f(x))')
      .sizeOne()
      .readSync()[0] as number;
  }

  /** As NumPy prints it where data is at hand, else dtype and shape. */
  abstract toString(): string;

  /** For `JSON.stringify`: nested lists. */
  toJSON(): NestedList {
    return nest(this.known('JSON.stringify').readSync(), this.shape, this.dtype);
  }

  private requireOne(what: string): void {
    if (this.size !== 1) throw new ArgumentError(`${what} needs an array with one element, got ${showAval(this.aval)}`);
  }

  private known(what: string): ConcreteArray {
    const value = this.concrete();
    if (value !== null) return value;
    throw new TracerConversionError(
      `${what} on ${showAval(this.aval)}, whose value is not known yet: it is being traced${this.tracedBy()}. ` +
        'Compute with the methods of arrays (x.add(1), x.gt(0)); to choose by value use numpy.where or lax.cond, ' +
        'make the argument static (staticArgnums), or return the array and read it outside.',
    );
  }

  /** Where a tracer comes from, as a clause for error messages. */
  protected tracedBy(): string {
    return '';
  }
}

const watchers = new Set<(made: Tracer) => void>();

/** Tells of every tracer as it is made, until the function that it returns is called. */
export function watchTracers(watch: (made: Tracer) => void): () => void {
  watchers.add(watch);
  return () => void watchers.delete(watch);
}

/** Is somebody watching for tracers that are held too long? Then nothing else may hold one. */
export const tracersAreWatched = (): boolean => watchers.size > 0;

/** A stand-in for an array while a function is transformed. */
export abstract class Tracer extends NDArray {
  /** The trace that made it; it can be used only while that is alive. */
  readonly trace: Trace;
  /** The operation that it is a result of; null for an argument of the traced function. */
  readonly origin: Origin | null = currentOrigin();

  constructor(trace: Trace) {
    super();
    this.trace = trace;
    if (watchers.size > 0) watchers.forEach((watch) => watch(this));
  }

  override toString(): string {
    return `Traced<${showAval(this.aval)}>`;
  }

  /** The whole batch that it is one example of, for tracers of `vmap`. */
  batch(): { readonly value: NDArray; readonly axis: number } | null {
    return null;
  }

  protected override tracedBy(): string {
    return ` by ${this.trace.name}`;
  }
}

/** One axis, several, or all when omitted (or null). Negative ones count from the end. */
export type Axis = number | readonly number[] | null;

/** Options of a reduction. */
export interface ReduceOptions {
  /** Keep reduced axes with extent 1. */
  readonly keepdims?: boolean;
}

/** What the methods of {@link NDArray} do; `numpy` supplies it, as it stands to the right of `trace`. */
export interface ArrayOperations {
  add(x: ArrayLike, y: ArrayLike): NDArray;
  subtract(x: ArrayLike, y: ArrayLike): NDArray;
  multiply(x: ArrayLike, y: ArrayLike): NDArray;
  divide(x: ArrayLike, y: ArrayLike): NDArray;
  power(x: ArrayLike, y: ArrayLike): NDArray;
  negative(x: ArrayLike): NDArray;
  abs(x: ArrayLike): NDArray;
  equal(x: ArrayLike, y: ArrayLike): NDArray;
  notEqual(x: ArrayLike, y: ArrayLike): NDArray;
  less(x: ArrayLike, y: ArrayLike): NDArray;
  lessEqual(x: ArrayLike, y: ArrayLike): NDArray;
  greater(x: ArrayLike, y: ArrayLike): NDArray;
  greaterEqual(x: ArrayLike, y: ArrayLike): NDArray;
  matmul(x: ArrayLike, y: ArrayLike): NDArray;
  dot(x: ArrayLike, y: ArrayLike): NDArray;
  sum(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  mean(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  prod(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  max(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  min(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  all(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  any(x: ArrayLike, axis?: Axis, options?: ReduceOptions): NDArray;
  argmax(x: ArrayLike, axis?: number | null, options?: ReduceOptions): NDArray;
  argmin(x: ArrayLike, axis?: number | null, options?: ReduceOptions): NDArray;
  reshape(x: ArrayLike, shape: Shape | number): NDArray;
  transpose(x: ArrayLike, axes?: readonly number[]): NDArray;
  swapaxes(x: ArrayLike, a: number, b: number): NDArray;
  squeeze(x: ArrayLike, axis?: Axis): NDArray;
  astype(x: ArrayLike, dtype: DType): NDArray;
  index(x: ArrayLike, indexers: readonly Indexer[]): NDArray;
  at(x: ArrayLike, indexers: readonly Indexer[]): ArrayAt;
}

let installed: ArrayOperations | null = null;

/** Gives the array methods their meaning; called once, by `numpy`. */
export function installOperations(table: ArrayOperations): void {
  installed = table;
}

function operations(): ArrayOperations {
  if (installed === null) throw new ArgumentError('array methods need pullback/numpy to be loaded');
  return installed;
}

/** Nests a flat row-major list by shape. */
export function nest(data: HostArray, shape: Shape, dtype: DType): NestedList {
  let next = 0;
  const go = (axis: number): NestedList => {
    if (axis === shape.length) {
      const value = data[next++] as number;
      return dtype === 'bool' ? value !== 0 : value;
    }
    return Array.from({ length: shape[axis] as number }, () => go(axis + 1));
  };
  return go(0);
}
