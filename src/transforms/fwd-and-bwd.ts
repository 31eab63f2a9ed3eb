import { zerosOf } from '../lax/structural.ts';
import type { Aval } from '../trace/aval.ts';
import { interned } from '../trace/intern.ts';
import type { Jaxpr } from '../trace/jaxpr.ts';
import type { Tangent } from '../trace/primitive.ts';
import type { NDArray } from '../trace/value.ts';
import { registerNode } from '../tree/node.ts';
import type { TreeDef } from '../tree/tree.ts';
import { unflatten } from '../tree/tree.ts';
import type { ArgnumsOf, First, GradientOf } from './argnums.ts';
import { atChosen } from './at-point.ts';
import { requireLike } from './checks.ts';
import type { GradOptions } from './grad.ts';
import type { Flags } from './jaxpr-rules.ts';
import { linearizeFlat } from './linearize.ts';
import { transposeLinear } from './transpose.ts';
import { flattenArrays } from './trees.ts';
import type { HasAux, MayHaveAux } from './with-aux.ts';

/** What a backward pass does with the values that were kept for it. */
interface BackwardPass {
  readonly name: string;
  /** The derivative, from the kept values and tangents. */
  readonly linear: Jaxpr;
  readonly depends: Flags;
  readonly argument: { readonly treedef: TreeDef; readonly avals: readonly Aval[] };
  readonly result: { readonly treedef: TreeDef; readonly avals: readonly Aval[] };
}

/** What a forward pass keeps for the backward pass: a node of trees, so it can be returned from jitted functions. */
export class Residuals {
  /** The arrays that are kept. */
  readonly arrays: readonly NDArray[];
  /** @internal */
  readonly pass: BackwardPass;

  /** @internal */
  constructor(arrays: readonly NDArray[], pass: BackwardPass) {
    this.arrays = arrays;
    this.pass = pass;
  }
}
registerNode(
  Residuals,
  (r) => [r.arrays, r.pass],
  (pass, arrays) => new Residuals(arrays, pass),
);

type Fn<A extends readonly unknown[], R> = (...args: A) => R;

/**
 * Reverse mode as two functions, which can be jitted apart: `fwd(...args)` gives the value and what is kept for the
 * backward pass, `bwd(residuals, ct)` the cotangents of the arguments that `argnums` names (by default the first), as
 * `grad` would.
 *
 * With `hasAux` the function returns `[value, aux]`, and `fwd` gives `[value, residuals, aux]`.
 *
 * @throws GradientError when an argument to differentiate by holds integers.
 * @example
 * const [fwd, bwd] = fwdAndBwd(layer, { argnums: [0, 1] });
 * const [y, residuals] = jit(fwd)(params, x);
 * const [ctParams, ctX] = jit(bwd)(residuals, ct);
 */
export function fwdAndBwd<A extends readonly unknown[], R, X, const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, readonly [R, X]>,
  options: GradOptions<N> & HasAux,
): [fwd: Fn<A, [value: R, residuals: Residuals, aux: X]>, bwd: (residuals: Residuals, ct: R) => GradientOf<A, N>];
export function fwdAndBwd<A extends readonly unknown[], R, const N extends ArgnumsOf<A> = First<A>>(
  f: Fn<A, R>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): [fwd: Fn<A, [value: R, residuals: Residuals]>, bwd: (residuals: Residuals, ct: R) => GradientOf<A, N>];
export function fwdAndBwd(
  f: Fn<readonly unknown[], unknown>,
  { argnums = 0, hasAux = false }: GradOptions & MayHaveAux = {},
): readonly [unknown, unknown] {
  const fwd = (...args: readonly unknown[]): unknown[] => {
    const { name, leaves, avals, treedef, ...flat } = atChosen('fwdAndBwd', f, args, argnums, hasAux);
    const all = leaves.map(() => true);
    const { primals, linear, depends } = linearizeFlat(name, flat.run, leaves, all);
    const values = primals.slice(0, flat.values());
    const residuals = new Residuals(linear.constants, {
      name,
      linear: interned(linear.jaxpr),
      depends,
      argument: { treedef, avals },
      result: { treedef: flat.outTree(), avals: values.map((x) => x.aval) },
    });
    const result = [unflatten(flat.outTree(), values), residuals];
    return hasAux ? [...result, flat.auxOf(primals)] : result;
  };
  return [fwd, backward];
}

function backward({ arrays, pass }: Residuals, ct: unknown): unknown {
  const cts = flattenArrays(ct, 'the cotangent');
  requireLike(pass.result, cts, pass.name, 'cotangent');
  const flowing = pass.depends.flatMap((d, i): Tangent[] => (d ? [cts.leaves[i] ?? null] : []));
  const back = transposeLinear(pass.linear, arrays, flowing);
  return unflatten(
    pass.argument.treedef,
    back.map((b, i) => b ?? zerosOf(pass.argument.avals[i] as Aval)),
  );
}
