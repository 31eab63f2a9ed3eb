import type { DType } from '../kernel/dtype.ts';
import { isFloat, isUnsigned, storedBytes } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastInDim } from '../lax/structural.ts';
import { scalarOf } from '../lax/rules.ts';
import type { Shape } from '../trace/aval.ts';
import { sameShape, showMarked } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ShapeMismatchError } from '../trace/errors.ts';
import { staticShape } from '../trace/static.ts';
import type { ArrayLike } from '../trace/value.ts';
import type { NDArray } from '../trace/value.ts';

/**
 * Promotion and broadcasting: what NumPy does implicitly and `lax` does not. Dtypes combine as in JAX without 64-bit
 * integers: bool < integers < f16 < f32 < f64; a signed with an unsigned integer is the narrowest signed one that holds
 * both, at most i32. A JS number adapts to the array that it meets, unless it has a fraction and the array holds integers:
 * then the result is f32.
 */

const signed: readonly DType[] = ['i8', 'i16', 'i32'];

/**
 * The dtype of an operation on arrays of these two dtypes.
 *
 * @example
 * np.promoteTypes('i32', 'f16'); // 'f16'
 */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === 'bool' || b === 'bool') return a === 'bool' ? b : a;
  if (isFloat(a) !== isFloat(b)) return isFloat(a) ? a : b;
  if (isFloat(a) || isUnsigned(a) === isUnsigned(b)) return storedBytes(a) >= storedBytes(b) ? a : b;
  const [s, u] = isUnsigned(a) ? [b, a] : [a, b];
  // The narrowest signed integer that holds both; what would take 64 bits is an i32.
  const bytes = Math.max(storedBytes(s), 2 * storedBytes(u));
  return signed.find((d) => storedBytes(d) >= bytes) ?? 'i32';
}

/** What promotion needs to know of an operand. */
interface Kind {
  readonly dtype: DType;
  readonly weak: boolean;
}

/** An operand as an array, but for a JS number, which adapts. */
type Given = NDArray | number;

const givenOf = (x: ArrayLike): Given => (typeof x === 'number' ? x : asArray(x));

const kindOf = (x: Given): Kind =>
  typeof x === 'number'
    ? { dtype: Number.isInteger(x) ? 'i32' : 'f32', weak: true }
    : { dtype: x.dtype, weak: x.weakType };

/**
 * The dtype that operands combine to.
 *
 * @example
 * np.resultType(np.ones([2]), np.arange(3)); // 'f32'
 */
export const resultType = (...operands: readonly ArrayLike[]): DType =>
  combined(operands.map((x) => kindOf(givenOf(x))));

function combined(kinds: readonly Kind[]): DType {
  const strong = kinds.filter((k) => !k.weak);
  if (strong.length === 0) return 'f32';
  const base = strong.map((k) => k.dtype).reduce(promoteTypes);
  const weak = kinds.filter((k) => k.weak).map((k) => k.dtype);
  // A weak operand only matters when it is of a higher category: bool < integer < float.
  return weak.reduce((d, w) => (category(w) > category(d) ? w : d), base);
}

const category = (d: DType): number => (d === 'bool' ? 0 : isFloat(d) ? 2 : 1);

/** An operand as an array of `dtype`; JS numbers become literals of it. */
export function toDtype(x: ArrayLike, dtype: DType, weak = false): NDArray {
  if (typeof x === 'number') return scalarOf(dtype, x, weak);
  return convertElementType(asArray(x), dtype, weak);
}

/** What sums and products are of: bools and narrow integers are added up as i32 or u32. */
export function summable(x: NDArray): NDArray {
  if (isFloat(x.dtype)) return x;
  return convertElementType(x, isUnsigned(x.dtype) ? 'u32' : 'i32', x.weakType && x.dtype !== 'bool');
}

/** The shape that all shapes broadcast to, or null. */
export function broadcastShapesOrNull(shapes: readonly Shape[]): Shape | null {
  const ndim = Math.max(0, ...shapes.map((s) => s.length));
  const out: number[] = [];
  for (let i = 1; i <= ndim; i++) {
    const sizes = shapes.map((s) => s[s.length - i] ?? 1).filter((n) => n !== 1);
    const size = sizes[0] ?? 1;
    if (sizes.some((n) => n !== size)) return null;
    out.unshift(size);
  }
  return out;
}

/**
 * Broadcasts an array to a shape by NumPy's rule: axes are aligned from the last.
 *
 * @example
 * np.broadcastTo(np.array([1, 2]), [2, 2]); // [[1, 2], [1, 2]]
 */
export function broadcastTo(x: ArrayLike, to: Shape): NDArray {
  const a = asArray(x);
  const shape = staticShape(to, '[broadcastTo] the shape');
  if (sameShape(a.shape, shape)) return a;
  const offset = shape.length - a.ndim;
  const fits = offset >= 0 && a.shape.every((n, i) => n === 1 || n === shape[offset + i]);
  if (!fits) {
    const bad = a.shape.findLastIndex((n, i) => n !== 1 && n !== shape[offset + i]);
    throw new ShapeMismatchError(
      `[broadcastTo] ${showMarked(a.aval, bad)} does not broadcast to [${shape.join(', ')}]: aligned from the last axis, ` +
        'each extent must be equal or 1',
    );
  }
  return broadcastInDim(
    a,
    shape,
    a.shape.map((_, i) => offset + i),
  );
}

/** Operands as arrays of the dtype that they combine to, or of a given one. */
export function alike(operands: readonly ArrayLike[], dtype?: DType): readonly NDArray[] {
  const given = operands.map(givenOf);
  const kinds = given.map(kindOf);
  const to = dtype ?? combined(kinds);
  const weak = dtype === undefined && kinds.every((k) => k.weak);
  return given.map((x) => toDtype(x, to, weak));
}

/**
 * Operands as arrays of one dtype and one shape.
 *
 * @throws ShapeMismatchError marking the first axis (from the last) where the shapes do not fit.
 */
export function promoted(name: string, operands: readonly ArrayLike[], dtype?: DType): readonly NDArray[] {
  const arrays = alike(operands, dtype);
  const shape = broadcastShapes(name, arrays);
  return arrays.map((a) => broadcastTo(a, shape));
}

/** The shape that arrays broadcast to together; throws as {@link promoted} does. */
export function broadcastShapes(name: string, arrays: readonly NDArray[]): Shape {
  const shape = broadcastShapesOrNull(arrays.map((a) => a.shape));
  if (shape === null) throw mismatch(name, arrays);
  return shape;
}

/** The first axis, counted from the last (1), at which shapes do not broadcast. */
export function firstBadAxis(shapes: readonly Shape[]): number {
  const ndim = Math.max(...shapes.map((s) => s.length));
  let bad = 1;
  while (bad < ndim && broadcastShapesOrNull(shapes.map((s) => s.slice(-bad))) !== null) bad++;
  return bad;
}

function mismatch(name: string, arrays: readonly NDArray[]): ShapeMismatchError {
  const bad = firstBadAxis(arrays.map((a) => a.shape));
  const marked = arrays.map((a) => showMarked(a.aval, a.ndim - bad));
  return new ShapeMismatchError(
    `[${name}] the shapes ${marked.join(' and ')} do not broadcast: at axis -${bad} the extents must be equal or 1. ` +
      'Reshape an operand, or add an axis (x.slice("...", null)).',
  );
}

/** Operands promoted to a float dtype, for functions that have no integer results. */
export function promotedFloats(name: string, operands: readonly ArrayLike[]): readonly NDArray[] {
  const given = operands.map(givenOf);
  return promoted(name, given, isFloat(resultType(...given)) ? undefined : 'f32');
}
