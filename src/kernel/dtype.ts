/** The element types that arrays can have. `bool` holds 0 or 1. */
export const dtypes = ['bool', 'i32', 'u32', 'f32', 'f64'] as const;

/** An element type: `f32` is the default; `f64` exists on the CPU devices. */
export type DType = (typeof dtypes)[number];

/** What a host sees when it reads an array of each dtype. */
export interface HostArrays {
  readonly bool: Uint8Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
}

/** A typed array that holds the elements of some dtype on the host. */
export type HostArray = HostArrays[DType];

/** Makes a zeroed host array of `length` elements, or a view of `buffer`. */
export const hostArray: { readonly [D in DType]: (length: number) => HostArrays[D] } = {
  bool: (length) => new Uint8Array(length),
  i32: (length) => new Int32Array(length),
  u32: (length) => new Uint32Array(length),
  f32: (length) => new Float32Array(length),
  f64: (length) => new Float64Array(length),
};

/** Bytes that one element takes on the host. */
export const hostBytes: { readonly [D in DType]: number } = { bool: 1, i32: 4, u32: 4, f32: 4, f64: 8 };

/** Is `dtype` a floating-point type, one that gradients flow through? */
export const isFloat = (dtype: DType): dtype is 'f32' | 'f64' => dtype === 'f32' || dtype === 'f64';

/** Is `dtype` a signed or unsigned integer type? */
export const isInteger = (dtype: DType): dtype is 'i32' | 'u32' => dtype === 'i32' || dtype === 'u32';
