import type { DType } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { concatenate, slice } from '../lax/pieces.ts';
import { fill, reshape } from '../lax/structural.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval, sizeOf } from '../trace/aval.ts';
import { asArray, isNestedNumbers } from '../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import { NDArray } from '../trace/value.ts';
import type { PathStep } from '../tree/tree.ts';
import { flattenWithPath, keystr, mapWithPath, unflatten } from '../tree/tree.ts';
import { promoteTypes } from './promote.ts';

/**
 * The public `tree` namespace: what trees can do by themselves, and what needs to know arrays.
 */
export {
  all,
  flatten,
  flattenWithPath,
  keystr,
  leaves,
  leavesWithPath,
  map,
  mapWithPath,
  reduce,
  structure,
  unflatten,
} from '../tree/tree.ts';
export type { LeafOptions, PathStep, TreeDef } from '../tree/tree.ts';
export { combine, filter, partition } from '../tree/filter.ts';
export type { Filter, Part, WithHoles } from '../tree/filter.ts';
export { registerNode, registerStatic } from '../tree/node.ts';
export type { ClassOf } from '../tree/node.ts';

function arrayAt(leaf: unknown, path: readonly PathStep[], what: string): NDArray {
  if (leaf instanceof NDArray) return leaf;
  if (isNestedNumbers(leaf)) return asArray(leaf);
  throw new ArgumentError(
    `tree.${what}: ${keystr(path, 'the leaf')} must be an array or a number, but is a ${typeof leaf}`,
  );
}

/** Options of {@link zerosLike} and {@link onesLike}. */
export interface LikeOptions {
  /** Of all results; default: that of each leaf. */
  readonly dtype?: DType;
}

function filled<T>(tree: T, value: number, { dtype }: LikeOptions, what: string): T {
  return mapWithPath((path, leaf) => {
    const x = arrayAt(leaf, path, what);
    return fill(x.shape, dtype ?? x.dtype, value);
  }, tree);
}

/**
 * A tree of zeros with the shapes and dtypes of a tree of arrays: an optimizer's first moments.
 *
 * @throws ArgumentError for leaves that are no arrays or numbers.
 * @example
 * tree.zerosLike({ w: np.ones([2]), step: 3 }).w; // [0, 0]
 */
export const zerosLike = <T>(tree: T, options: LikeOptions = {}): T => filled(tree, 0, options, 'zerosLike');

/**
 * A tree of ones with the shapes and dtypes of a tree of arrays.
 *
 * @throws ArgumentError for leaves that are no arrays or numbers.
 * @example
 * tree.onesLike({ w: np.zeros([2, 1]) }, { dtype: 'i32' }).w; // [[1], [1]]
 */
export const onesLike = <T>(tree: T, options: LikeOptions = {}): T => filled(tree, 1, options, 'onesLike');

/**
 * Every array of a tree converted to a dtype.
 *
 * @throws ArgumentError for leaves that are no arrays or numbers.
 * @example
 * tree.cast({ w: np.array([1.5, 2.5]) }, 'i32').w; // [1, 2]
 */
export const cast = <T>(tree: T, dtype: DType): T =>
  mapWithPath((path, leaf) => convertElementType(arrayAt(leaf, path, 'cast'), dtype), tree);

/**
 * All elements of a tree's arrays in one vector, and the function that makes such a tree of such a vector.
 *
 * The vector has the dtype that the arrays' dtypes promote to; `unravel` converts back. Both can be transformed.
 *
 * @throws ShapeMismatchError from `unravel`, for a vector of another length.
 * @example
 * const [flat, unravel] = ravelPytree({ w: np.ones([2, 3]), b: np.zeros(3) }); // flat: f32[9]
 * unravel(flat.mul(2)).w.shape; // [2, 3]
 */
export function ravelPytree<T>(tree: T): [flat: NDArray, unravel: (flat: NDArray) => T] {
  const { leaves, treedef } = flattenWithPath(tree);
  const arrays = leaves.map(([path, leaf]) => arrayAt(leaf, path, 'ravelPytree'));
  const types = arrays.map(({ shape, dtype }) => ({ shape, dtype }));
  const dtype = types.map((t) => t.dtype).reduce((a, b) => promoteTypes(a, b), types[0]?.dtype ?? 'f32');
  const parts = arrays.map((x) => reshape(convertElementType(x, dtype), [x.size]));
  const flat = parts.length === 0 ? fill([0], dtype, 0) : concatenate(parts, 0);
  const { size } = flat;
  return [flat, (vector) => unflatten<T>(treedef, pieces(vector, size, types))];
}

/** The arrays of the given types whose elements a vector holds one after another. */
function pieces(
  vector: NDArray,
  size: number,
  types: readonly { readonly shape: Shape; readonly dtype: DType }[],
): readonly NDArray[] {
  if (vector.ndim !== 1 || vector.size !== size) {
    throw new ShapeMismatchError(
      `[unravel] needs a vector of ${size} elements, as ravelPytree gave, got ${showAval(vector.aval)}`,
    );
  }
  let start = 0;
  return types.map(({ shape, dtype }) => {
    const stop = start + sizeOf(shape);
    const piece = slice(vector, [start], [stop], [1]);
    start = stop;
    return convertElementType(reshape(piece, shape), dtype);
  });
}
