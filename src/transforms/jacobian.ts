import { isFloat } from '../kernel/dtype.ts';
import { broadcastedIota, convertElementType, reshape } from '../lax/structural.ts';
import { showAval } from '../trace/aval.ts';
import { ArgumentError, GradientError } from '../trace/errors.ts';
import { NDArray } from '../trace/value.ts';
import { grad, jvp, vjp } from './grad.ts';
import { nameOf } from './trees.ts';
import { vmap } from './vmap.ts';

type Fn<X> = (x: X) => NDArray;

/** The unit vectors of an array's space: [size, ...shape]. */
function basis(x: NDArray): NDArray {
  const n = x.size;
  const rows = broadcastedIota('i32', [n, n], 0);
  const columns = broadcastedIota('i32', [n, n], 1);
  return reshape(convertElementType(rows.eq(columns), x.dtype), [n, ...x.shape]);
}

function requireFloatArray(x: unknown, what: string): NDArray {
  if (!(x instanceof NDArray)) throw new ArgumentError(`${what} takes a function of one array`);
  if (!isFloat(x.dtype))
    throw new GradientError('integer-gradient', `${what} needs a float array, got ${showAval(x.aval)}`);
  return x;
}

/**
 * The Jacobian of a function of one array, by forward mode, a column at a time: best for few inputs.
 *
 * `f`: [...in] → [...out]; the result is [...out, ...in].
 *
 * @throws GradientError for an argument that is not float.
 * @example
 * jacfwd((x: NDArray) => x.mul(x))(np.array([1, 2])); // [[2, 0], [0, 4]]
 */
export function jacfwd(f: Fn<NDArray>): Fn<NDArray> {
  return (x) => {
    const at = requireFloatArray(x, `jacfwd of ${nameOf(f)}`);
    const columns = vmap((t: NDArray) => jvp(f, [at], [t])[1], 0, { outAxes: -1 })(basis(at));
    return reshape(columns, [...columns.shape.slice(0, -1), ...at.shape]);
  };
}

/**
 * The Jacobian of a function of one array, by reverse mode, a row at a time: best for few results.
 *
 * `f`: [...in] → [...out]; the result is [...out, ...in].
 *
 * @throws GradientError for an argument that is not float.
 */
export function jacrev(f: Fn<NDArray>): Fn<NDArray> {
  return (x) => {
    const at = requireFloatArray(x, `jacrev of ${nameOf(f)}`);
    const [y, pullback] = vjp(f, at);
    const rows = vmap((ct: NDArray) => pullback(ct)[0])(basis(y));
    return reshape(rows, [...y.shape, ...at.shape]);
  };
}

/** As {@link jacrev}. */
export const jacobian: (f: Fn<NDArray>) => Fn<NDArray> = jacrev;

/**
 * The Hessian of a scalar function of one array, forward over reverse: [...in, ...in].
 *
 * @example
 * hessian((x: NDArray) => x.pow(3).sum())(np.array([1, 2])); // [[6, 0], [0, 12]]
 */
export const hessian = (f: Fn<NDArray>): Fn<NDArray> => jacfwd(grad(f));

/** The product of the Hessian of a scalar function with `v`, without making the Hessian: both like `x`. */
export const hvp = (f: Fn<NDArray>, x: NDArray, v: NDArray): NDArray => jvp(grad(f), [x], [v])[1];
