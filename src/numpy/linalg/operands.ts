import type { DType } from '../../kernel/dtype.ts';
import { isSquare, notSquare } from '../../lax/linalg/family.ts';
import { convertElementType } from '../../lax/casts.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';

/** What the functions of linear algebra ask of their operands. */

/** The dtype that is computed in: f32 but for f64. Half precision has too few digits for factorizations. */
export const floatDtype = (dtype: DType): 'f32' | 'f64' => (dtype === 'f64' ? 'f64' : 'f32');

/** An operand as f32 or f64; the results are of that dtype too. */
export function floats(x: ArrayLike): NDArray {
  const a = asArray(x);
  return convertElementType(a, floatDtype(a.dtype), a.weakType && a.dtype === floatDtype(a.dtype));
}

/** Matrices of floats, [..., m, n]. */
export function matrices(name: string, x: ArrayLike): NDArray {
  const a = floats(x);
  if (a.ndim >= 2) return a;
  throw new ShapeMismatchError(`[${name}] needs a matrix, or a batch of them [..., m, n]; got ${showAval(a.aval)}`);
}

/** Square matrices of floats, [..., n, n]. */
export function squares(name: string, x: ArrayLike): NDArray {
  const a = floats(x);
  if (isSquare(a.shape)) return a;
  throw notSquare(name, a.aval);
}

/** The distance from 1 to the next larger number. */
export const epsilon = (dtype: DType): number => (dtype === 'f64' ? 2 ** -52 : 2 ** -23);
