import type { DType } from '../kernel/dtype.ts';
import { hostArrayOf } from '../kernel/semantics.ts';
import { aval } from './aval.ts';
import { ConcreteArray } from './concrete.ts';
import { ArgumentError } from './errors.ts';
import { requireDType } from './static.ts';
import type { ArrayLike, NestedNumbers } from './value.ts';
import { NDArray } from './value.ts';

/** An array of half precision, where the engine has them. */
interface HalfArray extends ArrayLikeOfNumbers {
  readonly [Symbol.toStringTag]: 'Float16Array';
}
type ArrayLikeOfNumbers = globalThis.ArrayLike<number>;

/** The typed arrays that have a dtype of ours. */
export type Typed =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | HalfArray;

const typedDtypes: Readonly<Record<string, DType>> = {
  Float16Array: 'f16',
  Float32Array: 'f32',
  Float64Array: 'f64',
  Int8Array: 'i8',
  Int16Array: 'i16',
  Int32Array: 'i32',
  Uint8Array: 'u8',
  Uint8ClampedArray: 'u8',
  Uint16Array: 'u16',
  Uint32Array: 'u32',
};

/** The dtype that a typed array's own type means, whatever realm it is from; null for anything else. */
export const typedDtype = (x: unknown): DType | null =>
  ArrayBuffer.isView(x) ? (typedDtypes[(x as Partial<Typed>)[Symbol.toStringTag] ?? ''] ?? null) : null;

/** Is `x` a number, a boolean, or nested JS arrays? */
export const isNestedNumbers = (x: unknown): x is NestedNumbers =>
  typeof x === 'number' || typeof x === 'boolean' || Array.isArray(x);

/**
 * The array that a number, boolean, nested JS arrays, or an array is. Numbers become f32 unless `dtype` says otherwise;
 * a lone number is weakly typed.
 *
 * @throws ArgumentError when nested arrays are ragged, or hold anything but numbers or booleans.
 */
export function asArray(x: ArrayLike, what = 'asarray'): NDArray {
  if (x instanceof NDArray) return x;
  return fromNested(x, null, what);
}

/** A concrete array from nested numbers, of `dtype` or (null) bool for booleans and f32 for numbers. */
export function fromNested(x: NestedNumbers, dtype: DType | null, what: string): ConcreteArray {
  const shape: number[] = [];
  for (let level: NestedNumbers = x; Array.isArray(level); level = (level as readonly NestedNumbers[])[0] ?? 0) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const flat: number[] = [];
  const kinds = new Set<string>();
  const go = (value: NestedNumbers, axis: number): void => {
    if (Array.isArray(value)) {
      if (value.length !== shape[axis]) {
        throw new ArgumentError(
          `[${what}] nested arrays must be regular: axis ${axis} has ${shape[axis] ?? 'no'} elements first and ${value.length} later`,
        );
      }
      (value as readonly NestedNumbers[]).forEach((v) => go(v, axis + 1));
      return;
    }
    if ((typeof value !== 'number' && typeof value !== 'boolean') || axis !== shape.length) {
      throw new ArgumentError(
        `[${what}] needs numbers, booleans, or regular nested arrays of them; got ${axis === shape.length ? typeof value : 'a number among arrays'}`,
      );
    }
    kinds.add(typeof value);
    flat.push(Number(value));
  };
  go(x, 0);
  const resolved = dtype ?? (kinds.has('boolean') && !kinds.has('number') ? 'bool' : 'f32');
  const data = hostArrayOf(requireDType(resolved, what), flat);
  return ConcreteArray.fromHost(aval(shape, resolved, dtype === null && typeof x === 'number'), data);
}

/** A concrete array from a typed array, of the dtype that its type means. The data is copied. */
export function fromTyped(data: Typed, shape: readonly number[], what: string): ConcreteArray {
  const dtype = typedDtype(data);
  const size = shape.reduce((a, b) => a * b, 1);
  if (dtype === null) throw new ArgumentError(`[${what}] has no dtype for this kind of typed array`);
  if (size !== data.length) {
    throw new ArgumentError(`[${what}] ${data.length} elements do not fill shape [${shape.join(', ')}]`);
  }
  return ConcreteArray.fromHost(aval(shape, dtype), hostArrayOf(dtype, data));
}

/** Is `x` a typed array that has a dtype of ours? */
export const isTyped = (x: unknown): x is Typed => typedDtype(x) !== null;
