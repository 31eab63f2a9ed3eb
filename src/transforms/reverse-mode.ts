import { zerosOf } from '../lax/structural.ts';
import type { Tangent } from '../trace/primitive.ts';
import { stage } from '../trace/stage.ts';
import { unflatten } from '../tree/tree.ts';
import { linearizedAt } from './at-point.ts';
import { argumentName, requireFloats, requireLike } from './checks.ts';
import type { OrShapes } from './eval-shape.ts';
import { outputAvals, spread } from './jaxpr-rules.ts';
import { transposeLinear } from './transpose.ts';
import { flatFunction, flattenArrays, flattenAvals, nameOf } from './trees.ts';
import type { HasAux } from './with-aux.ts';

type Fn<A extends readonly unknown[], R> = (...args: A) => R;

/**
 * The value of `f` and a function from a cotangent of its result to cotangents of its arguments (reverse mode), which may
 * be called many times.
 *
 * Arguments that are not float get zeros. With `hasAux` as the last argument the function returns `[value, aux]`.
 *
 * @returns `[value, pullback]`, or `[value, pullback, aux]`; `pullback(ct)` is a list with one tree for each argument.
 * @throws ShapeMismatchError from `pullback`, when a cotangent's type is not its value's.
 * @example
 * const [y, pullback] = vjp((x: NDArray) => np.sin(x), x);
 * const [ctX] = pullback(np.onesLike(y));
 * vjp((x: NDArray) => x.pow(2), np.array([3, 4]))[1](np.array([1, 10]))[0]; // [6, 80]
 */
export function vjp<A extends readonly unknown[], R, X>(
  f: Fn<A, readonly [R, X]>,
  ...primals: NoInfer<[...primals: A, options: HasAux]>
): [value: R, pullback: (ct: R) => A, aux: X];
export function vjp<A extends readonly unknown[], R>(
  f: Fn<A, R>,
  ...primals: NoInfer<A>
): [value: R, pullback: (ct: R) => A];
export function vjp(f: Fn<readonly unknown[], unknown>, ...args: readonly unknown[]): unknown[] {
  const { name, linear, depends, avals, treedef, varied, outAvals, outTree, value, aux } = linearizedAt('vjp', f, args);
  const pullback = (ct: unknown): unknown => {
    const cts = flattenArrays(ct, 'the cotangent');
    requireLike({ avals: outAvals, treedef: outTree }, cts, name, 'cotangent');
    // Results of aux have no cotangent.
    const flowing = depends.flatMap((d, i): Tangent[] => (d ? [cts.leaves[i] ?? null] : []));
    const back = spread(transposeLinear(linear.jaxpr, linear.constants, flowing), varied);
    return unflatten(
      treedef,
      avals.map((a, i) => back[i] ?? zerosOf(a)),
    );
  };
  return [value, pullback, ...aux];
}

/**
 * The transpose of a function that is linear in all of its arguments: from a cotangent of its result to cotangents of
 * its arguments. The values of `primals` are not used: shapes and dtypes will do.
 *
 * @returns a function whose result is a list with one tree for each argument.
 * @throws GradientError with code `not-linear` from that function, when `f` is not linear.
 * @example
 * const [ct] = linearTranspose((x: NDArray) => x.matmul(w), new ShapeDtypeStruct([3, 4], 'f32'))(y);
 */
export function linearTranspose<A extends readonly unknown[], R>(
  f: Fn<A, R>,
  ...primals: { [K in keyof A]: OrShapes<A[K]> }
): (ct: R) => A {
  const name = `linearTranspose of ${nameOf(f)}`;
  const { avals, treedef } = flattenAvals(primals, `arguments of ${nameOf(f)}`);
  requireFloats(avals, treedef, name, argumentName);
  const g = flatFunction(f, treedef);
  const { jaxpr, constants } = stage(name, g.run, avals);
  const outTree = g.outTree();
  return (ct) => {
    const cts = flattenArrays(ct, 'the cotangent');
    requireLike({ avals: outputAvals(jaxpr), treedef: outTree }, cts, name, 'cotangent');
    const back = transposeLinear(jaxpr, constants, cts.leaves);
    return unflatten<A>(
      treedef,
      avals.map((a, i) => back[i] ?? zerosOf(a)),
    );
  };
}
