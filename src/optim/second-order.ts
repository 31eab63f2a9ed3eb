import { ravelPytree } from '../numpy/tree.ts';
import { eye } from '../numpy/create.ts';
import type { NDArray } from '../trace/value.ts';
import { jvp } from '../transforms/forward-mode.ts';
import { grad } from '../transforms/grad.ts';
import { vmap } from '../transforms/vmap.ts';

/** Second derivatives of losses, over all parameters as one vector. */

/** A loss of parameters, inputs and targets. */
export type LossFn<P, X, Y> = (params: P, inputs: X, targets: Y) => NDArray;

/**
 * The product of a loss's Hessian with a vector, of which the parameters are the elements in order; as a tree. As
 * `optax.second_order.hvp`.
 *
 * @param v as long as all parameters together.
 * @example
 * hvp(loss, v, params, images, labels);
 */
export function hvp<P, X, Y>(loss: LossFn<P, X, Y>, v: NDArray, params: P, inputs: X, targets: Y): P {
  const [, unravel] = ravelPytree(params);
  const gradient = (p: P): P => grad((q: P) => loss(q, inputs, targets))(p);
  return jvp(gradient, [params], [unravel(v)])[1];
}

/**
 * The diagonal of a loss's Hessian, as a vector: as many products as there are parameters. As `optax.second_order.hessian_diag`.
 *
 * @example
 * const squares = (p: NDArray, x: NDArray, y: NDArray) => p.mul(x).sub(y).pow(2).sum();
 * hessianDiag(squares, np.array([1, 2]), np.array([3, 4]), np.array([2, 2])); // [18, 32]
 */
export function hessianDiag<P, X, Y>(loss: LossFn<P, X, Y>, params: P, inputs: X, targets: Y): NDArray {
  const [flat] = ravelPytree(params);
  const entry = (v: NDArray): NDArray =>
    ravelPytree(hvp(loss, v, params, inputs, targets))[0]
      .mul(v)
      .sum();
  return vmap(entry)(eye(flat.size, flat.size, 0, { dtype: flat.dtype }));
}

/**
 * The diagonal of the empirical Fisher information, as a vector: the squared gradient of a negative log-likelihood. As
 * `optax.second_order.fisher_diag`.
 *
 * @example
 * const squares = (p: NDArray, x: NDArray, y: NDArray) => p.mul(x).sub(y).pow(2).sum();
 * fisherDiag(squares, np.array([1, 2]), np.array([3, 4]), np.array([2, 2])); // [36, 2304]
 */
export function fisherDiag<P, X, Y>(negativeLogLikelihood: LossFn<P, X, Y>, params: P, inputs: X, targets: Y): NDArray {
  const gradient = grad((p: P) => negativeLogLikelihood(p, inputs, targets))(params);
  const [flat] = ravelPytree(gradient);
  return flat.mul(flat);
}
