import type { NDArray } from '../trace/value.ts';
import { jvp } from './forward-mode.ts';
import { grad } from './grad.ts';

/**
 * The product of the Hessian of a scalar function, by its first argument, with `v`, without making the Hessian: forward
 * over reverse mode, which costs a few evaluations of the function. `x`, `v` and the result are trees of one structure;
 * `rest` are the function's other arguments.
 *
 * @throws GradientError when `f` does not return one real number, or `x` holds integers.
 * @example
 * hvp((x: NDArray) => x.pow(3).sum(), np.array([1, 2]), np.array([1, -1])); // [6, -12]
 */
export function hvp<X, Rest extends readonly unknown[]>(
  f: (x: X, ...rest: Rest) => NDArray,
  x: NoInfer<X>,
  v: NoInfer<X>,
  ...rest: NoInfer<Rest>
): X {
  const gradient = (y: X): X => grad((z: X) => f(z, ...rest))(y);
  return jvp(gradient, [x], [v])[1];
}
