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

/** `f32[2,>3<]`: with the axes marked that an error is about. */
export const showMarked = (a: Pick<Aval, 'shape' | 'dtype'>, ...axes: readonly (number | null)[]): string =>
  `${a.dtype}[${a.shape.map((n, i) => (axes.includes(i) ? `>${n}<` : String(n))).join(',')}]`;

/** The first axis at which shapes of one rank differ; null where the ranks do. */
export function firstDifferentAxis(shapes: readonly Shape[]): number | null {
  const [first = [], ...rest] = shapes;
  if (rest.some((s) => s.length !== first.length)) return null;
  const axis = first.findIndex((n, i) => rest.some((s) => s[i] !== n));
  return axis < 0 ? null : axis;
}

/** `[2, 3]`. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Equal shapes? */
export const sameShape = (a: Shape, b: Shape): boolean => sameElements(a, b);

/** Equal shape and dtype? Weak types do not matter. */
export const sameAval = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);
