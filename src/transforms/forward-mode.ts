import { zerosOf } from '../lax/structural.ts';
import { evalJaxpr } from '../trace/interpret.ts';
import { unflatten } from '../tree/tree.ts';
import { linearizedAt } from './at-point.ts';
import { argumentName, requireFloats, requireLike } from './checks.ts';
import { select, spread } from './jaxpr-rules.ts';
import { jvpFlat } from './jvp.ts';
import { flattenArrays, nameOf } from './trees.ts';
import type { HasAux, MayHaveAux } from './with-aux.ts';
import { flatWithAux } from './with-aux.ts';

type Fn<A extends readonly unknown[], R> = (...args: A) => R;

/**
 * The value of `f` at `primals` and the product of its Jacobian with `tangents` (forward mode).
 *
 * With `hasAux` the function returns `[value, aux]`.
 *
 * @returns `[value, tangent]`, both of the structure of the function's result, or `[value, tangent, aux]`.
 * @throws ShapeMismatchError when a tangent's type is not its primal's.
 * @example
 * const [y, dy] = jvp((x: NDArray) => np.sin(x), [x], [dx]);
 * jvp((x: NDArray, y: NDArray) => x.mul(y), [np.array(3), np.array(4)], [np.array(1), np.array(10)])[1]; // 34
 */
export function jvp<A extends readonly unknown[], R, X>(
  f: Fn<A, readonly [R, X]>,
  primals: NoInfer<A>,
  tangents: NoInfer<A>,
  options: HasAux,
): [value: R, tangent: R, aux: X];
export function jvp<A extends readonly unknown[], R>(
  f: Fn<A, R>,
  primals: NoInfer<A>,
  tangents: NoInfer<A>,
): [value: R, tangent: R];
export function jvp(
  f: Fn<readonly unknown[], unknown>,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  { hasAux = false }: MayHaveAux = {},
): unknown[] {
  const name = `jvp of ${nameOf(f)}`;
  const { leaves, treedef } = flattenArrays(primals, (path) => `${argumentName(path)} of ${nameOf(f)}`);
  const directions = flattenArrays(tangents, 'tangents');
  const avals = leaves.map((x) => x.aval);
  requireLike({ avals, treedef }, directions, name, 'tangent');
  requireFloats(avals, treedef, name, argumentName);
  const flat = flatWithAux((...xs) => f(...unflatten<unknown[]>(treedef, xs)), f, hasAux, name);
  const out = jvpFlat(name, flat.run, leaves, directions.leaves);
  const values = out.primals.slice(0, flat.values());
  const ts = values.map((x, i) => out.tangents[i] ?? zerosOf(x.aval));
  const result = [unflatten(flat.outTree(), values), unflatten(flat.outTree(), ts)];
  return hasAux ? [...result, flat.auxOf(out.primals)] : result;
}

/**
 * The value of `f` at `primals` and its derivative there, as a linear function of tangents, which may be called many
 * times: what depends on the primals is computed once.
 *
 * Primals that are not float have no tangent: what is given for theirs is not looked at. With `hasAux` as the last
 * argument the function returns `[value, aux]`.
 *
 * @returns `[value, linear]`, or `[value, linear, aux]`; `linear(...tangents)` is of the structure of the result.
 * @throws ShapeMismatchError from `linear`, when a tangent's type is not its primal's.
 * @example
 * const [y, df] = linearize((x: NDArray) => np.sin(x), x);
 * const dy = df(dx);
 * linearize((x: NDArray) => x.pow(2), np.array(3))[1](np.array(0.5)); // 3
 */
export function linearize<A extends readonly unknown[], R, X>(
  f: Fn<A, readonly [R, X]>,
  ...primals: NoInfer<[...primals: A, options: HasAux]>
): [value: R, linear: Fn<A, R>, aux: X];
export function linearize<A extends readonly unknown[], R>(
  f: Fn<A, R>,
  ...primals: NoInfer<A>
): [value: R, linear: Fn<A, R>];
export function linearize(f: Fn<readonly unknown[], unknown>, ...args: readonly unknown[]): unknown[] {
  const { linear, depends, avals, treedef, varied, outAvals, outTree, value, aux } = linearizedAt('linearize', f, args);
  const derivative = (...tangents: readonly unknown[]): unknown => {
    const directions = flattenArrays(tangents, 'tangents');
    // Of what has no tangent anything is accepted.
    const types = avals.map((a, i) => (varied[i] === true ? a : (directions.leaves[i]?.aval ?? a)));
    requireLike({ avals: types, treedef }, directions, `the derivative of ${nameOf(f)}`, 'tangent');
    const ts = spread(evalJaxpr(linear.jaxpr, linear.constants, select(directions.leaves, varied)), depends);
    return unflatten(
      outTree,
      outAvals.map((a, i) => ts[i] ?? zerosOf(a)),
    );
  };
  return [value, derivative, ...aux];
}
