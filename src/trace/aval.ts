import type { DType } from '../kernel/dtype.ts';
import { product, sameElements } from '../util/array.ts';

/** The extent of each axis. */
export type Shape = readonly number[];

/**
 * An abstract value: all that a trace knows of an array. A weakly typed one came from a JS number and adopts the dtype
 * of what it meets.
 */
export interface Aval {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly weakType: boolean;
}

/** An abstract value; strongly typed unless said otherwise. */
export const aval = (shape: Shape, dtype: DType, weakType = false): Aval => ({ shape, dtype, weakType });

/** How many elements an array of this shape has. */
export const sizeOf = (shape: Shape): number => product(shape);

/** `f32[2,3]`. */
export const showAval = (a: Pick<Aval, 'shape' | 'dtype'>): string => `${a.dtype}[${a.shape.join(',')}]`;

/** `[2, 3]`. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Equal shapes? */
export const sameShape = (a: Shape, b: Shape): boolean => sameElements(a, b);

/** Equal shape and dtype? Weak types do not matter. */
export const sameAval = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);
