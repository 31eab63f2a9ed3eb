/** The element types that arrays can have. `bool` holds 0 or 1. */
export const dtypes = ['bool', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'f16', 'f32', 'f64'] as const;

/**
 * An element type: `f32` is the default. `f64` exists on the CPU devices, `f16` there and on WebGPU adapters that have
 * `shader-f16`; the narrow integers wrap around as the wide ones do.
 */
export type DType = (typeof dtypes)[number];

/** The dtypes that scalar expressions are computed in: what is stored in fewer bits is computed in one of these. */
export type ScalarType = 'bool' | 'i32' | 'u32' | 'f32' | 'f64';

/** The floating-point dtypes: those that gradients flow through. */
export type FloatType = 'f16' | 'f32' | 'f64';

/** The signed and unsigned integer dtypes. */
export type IntegerType = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32';

interface DTypeInfo {
  /** Bytes of an element in a device's memory, where it can address single ones. */
  readonly bytes: number;
  readonly computedIn: ScalarType;
}

const table = {
  bool: { bytes: 1, computedIn: 'bool' },
  i8: { bytes: 1, computedIn: 'i32' },
  u8: { bytes: 1, computedIn: 'u32' },
  i16: { bytes: 2, computedIn: 'i32' },
  u16: { bytes: 2, computedIn: 'u32' },
  i32: { bytes: 4, computedIn: 'i32' },
  u32: { bytes: 4, computedIn: 'u32' },
  f16: { bytes: 2, computedIn: 'f32' },
  f32: { bytes: 4, computedIn: 'f32' },
  f64: { bytes: 8, computedIn: 'f64' },
} as const satisfies Readonly<Record<DType, DTypeInfo>>;

/** Bytes that one element takes where a device can address single ones. */
export const storedBytes = (dtype: DType): number => table[dtype].bytes;

/**
 * The dtype that an element is computed in. What is stored in fewer bits is widened where it is read, and narrowed again
 * (see `narrow` in `expr.ts`) where an operation is complete.
 */
export const computedIn = (dtype: DType): ScalarType => table[dtype].computedIn;

/** What a host sees when it reads an array of each dtype; of f16 the exact values, as not every engine has such arrays. */
export interface HostArrays {
  readonly bool: Uint8Array<ArrayBuffer>;
  readonly i8: Int8Array<ArrayBuffer>;
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly i16: Int16Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly f16: Float32Array<ArrayBuffer>;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
}

/** A typed array that holds the elements of some dtype on the host. */
export type HostArray = HostArrays[DType];

/** Makes a zeroed host array of `length` elements. */
export const hostArray: { readonly [D in DType]: (length: number) => HostArrays[D] } = {
  bool: (length) => new Uint8Array(length),
  i8: (length) => new Int8Array(length),
  u8: (length) => new Uint8Array(length),
  i16: (length) => new Int16Array(length),
  u16: (length) => new Uint16Array(length),
  i32: (length) => new Int32Array(length),
  u32: (length) => new Uint32Array(length),
  f16: (length) => new Float32Array(length),
  f32: (length) => new Float32Array(length),
  f64: (length) => new Float64Array(length),
};

/** Is `dtype` a floating-point type, one that gradients flow through? */
export const isFloat = (dtype: DType): dtype is FloatType => dtype === 'f16' || dtype === 'f32' || dtype === 'f64';

/** Is `dtype` a signed or unsigned integer type? */
export const isInteger = (dtype: DType): dtype is IntegerType => integers.has(dtype);

const integers: ReadonlySet<DType> = new Set(dtypes.filter((dtype) => dtype !== 'bool' && !isFloat(dtype)));

/** Is `dtype` an integer type without negative numbers? */
export const isUnsigned = (dtype: DType): dtype is 'u8' | 'u16' | 'u32' =>
  isInteger(dtype) && computedIn(dtype) === 'u32';

/** Is `dtype` stored in fewer bits than it is computed in, so that results have to be narrowed? (A bool is 0 or 1 anyway.) */
export const isNarrow = (dtype: DType): dtype is 'f16' | 'i8' | 'u8' | 'i16' | 'u16' =>
  dtype !== 'bool' && computedIn(dtype) !== dtype;

/** The least and the greatest value; of a float the infinities, of a bool 0 and 1. */
export function boundsOf(dtype: DType): { readonly min: number; readonly max: number } {
  if (isFloat(dtype)) return { min: -Infinity, max: Infinity };
  if (dtype === 'bool') return { min: 0, max: 1 };
  const bits = 8 * storedBytes(dtype);
  return isUnsigned(dtype) ? { min: 0, max: 2 ** bits - 1 } : { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 };
}
