import { isFloat } from '../kernel/dtype.ts';
import { scalarOf } from '../lax/rules.ts';
import { sqrt } from '../numpy/elementwise.ts';
import type { NDArray } from '../trace/value.ts';
import { leaves } from '../tree/tree.ts';
import { inDtype, wide } from './scalars.ts';

/** Norms of arrays and trees; what is f16 is summed in f32, in which squares do not overflow. */

/** An array in the dtype that it is summed in. */
export const summed = (x: NDArray): NDArray => (isFloat(x.dtype) ? inDtype(x, wide(x.dtype)) : x);

/** The sum of squares of an array. */
export function squares(x: NDArray): NDArray {
  const w = summed(x);
  return w.mul(w).sum();
}

/** The sum of products of the elements of two trees of one structure. */
export function vdot(a: unknown, b: unknown): NDArray {
  const others = leaves(b) as readonly NDArray[];
  return total(
    (leaves(a) as readonly NDArray[]).map((x, i) =>
      summed(x)
        .mul(summed(others[i] as NDArray))
        .sum(),
    ),
  );
}

/** The sum of squares of all elements of a tree. */
export const squaredNorm = (tree: unknown): NDArray => total((leaves(tree) as readonly NDArray[]).map(squares));

const total = (terms: readonly NDArray[]): NDArray =>
  terms.length === 0 ? scalarOf('f32', 0) : terms.reduce((a, b) => a.add(b));

/**
 * The 2-norm of all elements of a tree together. As `optax.global_norm`.
 *
 * @example
 * globalNorm({ w: np.array([3, 0]), b: np.array(4) }); // 5
 */
export const globalNorm = (tree: unknown): NDArray => sqrt(squaredNorm(tree));
