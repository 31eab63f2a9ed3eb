import type { Device, DeviceName } from '../kernel/device.ts';
import type { DType, FloatType } from '../kernel/dtype.ts';
import { isFloat } from '../kernel/dtype.ts';
import type { NDArray } from '../trace/value.ts';

/** How near numbers of a dtype are, computed in different orders on a device. */

// f16 has 11 bits (5e-4). f32 has 24 bits (6e-8); sums of some hundred products in different orders stay within 1e-5. f64 has 53 bits (1e-16).
const usual: { readonly [D in FloatType]: number } = { f16: 5e-3, f32: 1e-5, f64: 1e-10 };

/** GPUs multiply and add in one step, divide and take exponentials to a few units in the last place, and sum in other orders. */
const onGpu: { readonly [D in FloatType]: number } = { f16: 1e-2, f32: 1e-4, f64: 1e-10 };

/** The tolerance for a dtype on a device: 0 for integers and bools. */
export const toleranceOf = (dtype: DType, device: DeviceName | null): number =>
  isFloat(dtype) ? (device === 'webgpu' ? onGpu : usual)[dtype] : 0;

/** How closely results are compared. */
export interface CompareOptions {
  /** Largest error relative to max(1, |value|); default by dtype and device, as in {@link assertAllclose}. */
  readonly tolerance?: number;
}

/** The tolerance for each array that was computed on a device: what was asked for, or the usual one. */
export const nearness =
  (tolerance: number | undefined, { name }: Device) =>
  ({ dtype }: NDArray): number =>
    tolerance ?? toleranceOf(dtype, name);
