import { fill, zerosOf } from '../lax/structural.ts';
import type { NDArray } from '../trace/value.ts';
import { unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { Argnums, ArgnumsOf, ArgumentAt, ByNumber, DynamicArgnum, First, GradientOf } from './argnums.ts';
import { atChosen } from './at-point.ts';
import { requireScalar } from './checks.ts';
import { linearizeFlat } from './linearize.ts';
import { madeOf } from './makings.ts';
import { transposeLinear } from './transpose.ts';
import { nameOf } from './trees.ts';
import type { HasAux, MayHaveAux } from './with-aux.ts';

/** Which arguments to differentiate by. */
export interface GradOptions<N = Argnums> {
  /** A position, or a list of them, for which the gradient is a list as well. Default 0. */
  readonly argnums?: N;
}

type Fn<A extends readonly unknown[], R> = (...args: A) => R;

/** {@link GradientOf} where it is by no number alone: then it can be of a type parameter's type. */
type PlainGradientOf<A extends readonly unknown[], N> = N extends readonly unknown[]
  ? GradientOf<A, N>
  : ArgumentAt<A, N>;

/**
 * The gradient of a scalar function with respect to one argument (the first, unless `argnums` says otherwise) or several,
 * each any tree of float arrays. The gradient is a tree of the same structure, or the list of those.
 *
 * With `hasAux` the function returns `[value, aux]`, and its gradient function `[gradient, aux]`.
 *
 * @throws GradientError when `f` does not return one real number, or the argument holds integers.
 * @example
 * const f = (x: NDArray) => x.mul(x).sum();
 * await grad(f)(np.array([1, 2, 3])).tolist(); // [2, 4, 6]
 * grad((x: NDArray, y: NDArray) => x.mul(y), { argnums: 1 })(np.array(3), np.array(4)); // 3
 * const [gradient, largest] = grad((x: NDArray) => [f(x), x.max()] as const, { hasAux: true })(np.array([3, 4]));
 */
export function grad<A extends readonly unknown[], X, const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, readonly [NDArray, X]> & ByNumber<A, N>,
  options: GradOptions<N> & HasAux,
): Fn<A, [gradient: NDArray, aux: X]>;
export function grad<A extends readonly unknown[], const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, NDArray> & ByNumber<A, N>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): Fn<A, NDArray>;
export function grad<A extends readonly unknown[], X, const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, readonly [NDArray, X]>,
  options: GradOptions<N> & HasAux,
): Fn<A, [gradient: PlainGradientOf<A, N>, aux: X]>;
export function grad<A extends readonly unknown[], const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, NDArray>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): Fn<A, PlainGradientOf<A, N>>;
export function grad<A extends readonly unknown[], N>(
  f: Fn<A, NDArray>,
  options?: GradOptions<DynamicArgnum<A, N>> & { readonly hasAux?: false },
): Fn<A, A[number]>;
export function grad(
  f: Fn<readonly unknown[], unknown>,
  options: GradOptions & MayHaveAux = {},
): Fn<readonly unknown[], unknown> {
  const gradientOf: Fn<readonly unknown[], unknown> = (...args) => {
    const { gradient, aux } = valueAndGradOf('grad', f, args, options);
    return options.hasAux === true ? [gradient, aux] : gradient;
  };
  return madeOf(gradientOf, f, 'grad', options);
}

/**
 * Like {@link grad}, with the function's value: `[value, gradient]`, or `[[value, aux], gradient]` with `hasAux`.
 *
 * @throws GradientError when `f` does not return one real number, or the argument holds integers.
 * @example
 * const [loss, gradients] = valueAndGrad(lossOf)(params, batch);
 * const f = (x: NDArray) => x.mul(x).sum();
 * const [[value, aux], slope] = valueAndGrad((x: NDArray) => [f(x), x] as const, { hasAux: true })(np.array(3));
 */
export function valueAndGrad<A extends readonly unknown[], X, const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, readonly [NDArray, X]> & ByNumber<A, N>,
  options: GradOptions<N> & HasAux,
): Fn<A, [value: [NDArray, X], gradient: NDArray]>;
export function valueAndGrad<A extends readonly unknown[], const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, NDArray> & ByNumber<A, N>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): Fn<A, [value: NDArray, gradient: NDArray]>;
export function valueAndGrad<A extends readonly unknown[], X, const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, readonly [NDArray, X]>,
  options: GradOptions<N> & HasAux,
): Fn<A, [value: [NDArray, X], gradient: PlainGradientOf<A, N>]>;
export function valueAndGrad<A extends readonly unknown[], const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, NDArray>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): Fn<A, [value: NDArray, gradient: PlainGradientOf<A, N>]>;
export function valueAndGrad<A extends readonly unknown[], N>(
  f: Fn<A, NDArray>,
  options?: GradOptions<DynamicArgnum<A, N>> & { readonly hasAux?: false },
): Fn<A, [value: NDArray, gradient: A[number]]>;
export function valueAndGrad(
  f: Fn<readonly unknown[], unknown>,
  options: GradOptions & MayHaveAux = {},
): Fn<readonly unknown[], unknown> {
  const both: Fn<readonly unknown[], unknown> = (...args) => {
    const { value, gradient, aux } = valueAndGradOf('valueAndGrad', f, args, options);
    return [options.hasAux === true ? [value, aux] : value, gradient];
  };
  return madeOf(both, f, 'valueAndGrad', options);
}

interface ValueAndGrad {
  readonly value: NDArray;
  readonly gradient: unknown;
  readonly aux: unknown;
}

function valueAndGradOf(
  transformation: string,
  f: Fn<readonly unknown[], unknown>,
  args: readonly unknown[],
  { argnums = 0, hasAux = false }: GradOptions & MayHaveAux,
): ValueAndGrad {
  const { name, leaves, treedef, ...flat } = atChosen(transformation, f, args, argnums, hasAux);
  const scalar = (...xs: readonly NDArray[]): readonly NDArray[] => {
    const outs = flat.run(...xs);
    requireScalar(unflatten(flat.outTree(), outs.slice(0, flat.values())), name, nameOf(f));
    return outs;
  };
  const { primals, linear, depends } = linearizeFlat(
    name,
    scalar,
    leaves,
    leaves.map(() => true),
  );
  const value = at(primals, 0);
  const cts = depends.flatMap((d, i) => (d ? [i === 0 ? fill([], value.dtype, 1) : null] : []));
  const gradients = depends[0] === true ? transposeLinear(linear.jaxpr, linear.constants, cts) : leaves.map(() => null);
  return {
    value,
    gradient: unflatten(
      treedef,
      gradients.map((g, i) => g ?? zerosOf(at(leaves, i).aval)),
    ),
    aux: flat.auxOf(primals),
  };
}
