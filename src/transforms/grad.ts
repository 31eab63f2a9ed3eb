import { isFloat } from '../kernel/dtype.ts';
import { fill, zerosOf } from '../lax/structural.ts';
import { sameAval, showAval } from '../trace/aval.ts';
import { ArgumentError, GradientError, ShapeMismatchError } from '../trace/errors.ts';
import type { Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import type { TreeDef } from '../tree/tree.ts';
import { firstDifference, keystr, leafPaths, TreeMismatchError, unflatten } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import { jvpFlat } from './jvp.ts';
import { linearizeFlat } from './linearize.ts';
import { transposeLinear } from './transpose.ts';
import { flatFunction, flattenArrays, nameOf } from './trees.ts';

/** Which argument to differentiate by; `hasAux` says that the function returns `[value, aux]`. */
export interface GradOptions<N extends number = number> {
  /** Default 0. */
  readonly argnums?: N;
}

type Fn<A extends readonly unknown[], R> = (...args: A) => R;

/** A gradient has the structure and types of its argument. */
export type GradientOf<A extends readonly unknown[], N extends number> = A[N];

/**
 * The gradient of a scalar function with respect to one argument (the first, unless `argnums` says otherwise), which may
 * be any tree of float arrays. The result is a tree of the same structure.
 *
 * @throws GradientError when `f` does not return one real number, or the argument holds integers.
 * @example
 * const f = (x: NDArray) => x.mul(x).sum();
 * await grad(f)(np.array([1, 2, 3])).tolist(); // [2, 4, 6]
 */
export function grad<A extends readonly unknown[], N extends number = 0>(
  f: Fn<A, NDArray>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): Fn<A, GradientOf<A, N>>;
export function grad<A extends readonly unknown[], X, N extends number = 0>(
  f: Fn<A, readonly [NDArray, X]>,
  options: GradOptions<N> & { readonly hasAux: true },
): Fn<A, [gradient: GradientOf<A, N>, aux: X]>;
export function grad(
  f: Fn<readonly unknown[], unknown>,
  options: GradOptions & { readonly hasAux?: boolean } = {},
): Fn<readonly unknown[], unknown> {
  return (...args) => {
    const { gradient, aux } = valueAndGradOf('grad', f, args, options);
    return options.hasAux === true ? [gradient, aux] : gradient;
  };
}

/**
 * Like {@link grad}, with the function's value: `[value, gradient]`, or `[[value, aux], gradient]` with `hasAux`.
 *
 * @throws GradientError when `f` does not return one real number, or the argument holds integers.
 * @example
 * const [loss, gradients] = valueAndGrad(lossOf)(params, batch);
 */
export function valueAndGrad<A extends readonly unknown[], N extends number = 0>(
  f: Fn<A, NDArray>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): Fn<A, [value: NDArray, gradient: GradientOf<A, N>]>;
export function valueAndGrad<A extends readonly unknown[], X, N extends number = 0>(
  f: Fn<A, readonly [NDArray, X]>,
  options: GradOptions<N> & { readonly hasAux: true },
): Fn<A, [value: [NDArray, X], gradient: GradientOf<A, N>]>;
export function valueAndGrad(
  f: Fn<readonly unknown[], unknown>,
  options: GradOptions & { readonly hasAux?: boolean } = {},
): Fn<readonly unknown[], unknown> {
  return (...args) => {
    const { value, gradient, aux } = valueAndGradOf('valueAndGrad', f, args, options);
    return [options.hasAux === true ? [value, aux] : value, gradient];
  };
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
  { argnums = 0, hasAux = false }: GradOptions & { readonly hasAux?: boolean },
): ValueAndGrad {
  const name = `${transformation} of ${nameOf(f)}`;
  if (!Number.isInteger(argnums) || argnums < 0 || argnums >= args.length) {
    throw new ArgumentError(`${name}: argnums is ${argnums}, but the function got ${args.length} arguments`);
  }
  const primal = flattenArrays(args[argnums], `argument ${argnums} of ${nameOf(f)}`);
  requireFloats(primal.leaves, primal.treedef, name);
  let auxTree: TreeDef = { kind: 'none' };
  const out = linearizeFlat(
    name,
    (...xs) => {
      const arg = unflatten(primal.treedef, xs);
      const result = f(...args.map((a, i) => (i === argnums ? arg : a)));
      const [value, aux] = hasAux ? splitAux(result, name) : [result, null];
      const flatAux = flattenArrays(aux, `the auxiliary result of ${nameOf(f)}`);
      auxTree = flatAux.treedef;
      return [requireScalar(value, name, nameOf(f)), ...flatAux.leaves];
    },
    primal.leaves,
    primal.leaves.map(() => true),
  );
  const value = at(out.primals, 0);
  const depends = out.depends[0] === true;
  const cts = out.depends.flatMap((d, i): Tangent[] => (d ? [i === 0 ? fill([], value.dtype, 1) : null] : []));
  const gradients = depends
    ? transposeLinear(out.linear.jaxpr, out.linear.constants, cts)
    : primal.leaves.map(() => null);
  const leaves = gradients.map((g, i) => g ?? zerosOf(at(primal.leaves, i).aval));
  return {
    value,
    gradient: unflatten(primal.treedef, leaves),
    aux: unflatten(auxTree, out.primals.slice(1)),
  };
}

function splitAux(result: unknown, name: string): readonly [unknown, unknown] {
  if (Array.isArray(result) && result.length === 2) return [result[0], result[1]];
  throw new ArgumentError(`${name}: with hasAux the function must return [value, aux]`);
}

function requireScalar(value: unknown, name: string, f: string): NDArray {
  const { leaves, treedef } = flattenArrays(value, `the result of ${f}`);
  const [x] = leaves;
  if (treedef.kind !== 'leaf' || x === undefined || x.ndim !== 0) {
    const got = treedef.kind === 'leaf' && x !== undefined ? showAval(x.aval) : `a tree with ${leaves.length} leaves`;
    throw new GradientError(
      'non-scalar-gradient',
      `${name} needs a function with a scalar result, but ${f} returned ${got}. ` +
        'Reduce it (x.sum(), x.mean()), or use vjp or a Jacobian; to return more than the value, use { hasAux: true }.',
    );
  }
  if (!isFloat(x.dtype)) {
    throw new GradientError('integer-gradient', `${name} needs a real result, but ${f} returned ${showAval(x.aval)}`);
  }
  return x;
}

function requireFloats(leaves: readonly NDArray[], treedef: TreeDef, name: string): void {
  const i = leaves.findIndex((x) => !isFloat(x.dtype));
  if (i < 0) return;
  const path = keystr(leafPaths(treedef)[i] ?? []);
  throw new GradientError(
    'integer-gradient',
    `${name}: the argument${path === '' ? '' : ` at ${path}`} is ${showAval(at(leaves, i).aval)}, and only float arrays have gradients. ` +
      "Cast it (x.astype('f32')), or differentiate by another argument (argnums).",
  );
}

/**
 * The value of `f` at `primals` and the product of its Jacobian with `tangents` (forward mode).
 *
 * @returns `[value, tangent]`, both of the structure of the function's result.
 * @throws ShapeMismatchError when a tangent's type is not its primal's.
 * @example
 * const [y, dy] = jvp((x: NDArray) => np.sin(x), [x], [dx]);
 */
export function jvp<A extends readonly unknown[], R>(f: Fn<A, R>, primals: A, tangents: A): [value: R, tangent: R] {
  const name = `jvp of ${nameOf(f)}`;
  const flat = flattenArrays(primals, 'primals');
  const directions = flattenArrays(tangents, 'tangents');
  requireLike(flat, directions, name, 'tangent');
  requireFloats(flat.leaves, flat.treedef, name);
  const g = flatFunction(f, flat.treedef);
  const out = jvpFlat(name, g.run, flat.leaves, directions.leaves);
  const ts = out.tangents.map((t, i) => t ?? zerosOf(at(out.primals, i).aval));
  return [unflatten<R>(g.outTree(), out.primals), unflatten<R>(g.outTree(), ts)];
}

/**
 * The value of `f` and a function from a cotangent of its result to cotangents of its arguments (reverse mode).
 *
 * @returns `[value, pullback]`; `pullback(ct)` is a list with one tree for each argument.
 * @example
 * const [y, pullback] = vjp((x: NDArray) => np.sin(x), x);
 * const [ctX] = pullback(np.onesLike(y));
 */
export function vjp<A extends readonly unknown[], R>(f: Fn<A, R>, ...primals: A): [value: R, pullback: (ct: R) => A] {
  const name = `vjp of ${nameOf(f)}`;
  const flat = flattenArrays(primals, 'primals');
  const g = flatFunction(f, flat.treedef);
  const out = linearizeFlat(
    name,
    g.run,
    flat.leaves,
    flat.leaves.map((x) => isFloat(x.dtype)),
  );
  // By position: one array may be given for two arguments.
  const varied = flat.leaves.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  const pullback = (ct: R): A => {
    const cts = flattenArrays(ct, 'the cotangent');
    requireLike({ leaves: out.primals, treedef: g.outTree() }, cts, name, 'cotangent');
    const flowing = cts.leaves.filter((_, i) => out.depends[i] === true);
    const back = transposeLinear(out.linear.jaxpr, out.linear.constants, flowing);
    const leaves = flat.leaves.map((x, i) => back[varied.indexOf(i)] ?? zerosOf(x.aval));
    return unflatten<A>(flat.treedef, leaves);
  };
  return [unflatten<R>(g.outTree(), out.primals), pullback];
}

interface Flat {
  readonly leaves: readonly NDArray[];
  readonly treedef: TreeDef;
}

function requireLike(primals: Flat, others: Flat, name: string, what: string): void {
  const difference = firstDifference(primals.treedef, others.treedef);
  if (difference !== null) throw new TreeMismatchError(`${name}: values and ${what}s differ ${difference}`);
  primals.leaves.forEach((x, i) => {
    const t = at(others.leaves, i);
    if (sameAval(x.aval, t.aval)) return;
    const path = keystr(leafPaths(primals.treedef)[i] ?? []);
    throw new ShapeMismatchError(
      `${name}: the ${what}${path === '' ? '' : ` at ${path}`} is ${showAval(t.aval)}, but its value is ${showAval(x.aval)}`,
    );
  });
}
