import { bindOpen } from '../../trace/context.ts';
import { CustomRuleError } from '../../trace/errors.ts';
import { NDArray } from '../../trace/value.ts';
import type { TreeDef } from '../../tree/tree.ts';
import { flatten, showTreeDef, unflatten } from '../../tree/tree.ts';
import { toldByParts } from '../../util/key.ts';
import type { Positions } from '../argnums.ts';
import { standsFor } from '../makings.ts';
import { nameOf } from '../trees.ts';
import type { AnyRule, CallSignature, CustomRuleOptions, Picked, Without } from './arguments.ts';
import { asList, functionOf, pairOf, ResultTypes, runRule, splitArguments, tangentsFor } from './arguments.ts';
import type { CustomJvpRule } from './jvp.ts';
import { jvpRuleOf } from './jvp.ts';
import type { Forward } from './vjp-call.ts';
import { openVjp } from './vjp-call.ts';
import type { Backward } from './vjp-linear.ts';

/** Cotangents of a list of arguments: each a tree like its argument, or null for zero. */
export type Cotangents<D extends readonly unknown[]> = { readonly [K in keyof D]: D[K] | null };

/** A function that is called like the original and differentiated by rules of its own. */
export interface CustomVjp<A extends readonly unknown[], R, N extends number = never> {
  (...args: A): R;
  /**
   * Says how the function is differentiated backwards.
   *
   * @param fwd is given all arguments; returns the result and residuals: any tree, whose arrays are kept for `bwd`.
   * @param bwd is given the arguments of `nondiffArgnums`, the residuals and the result's cotangent; returns the list of
   *   cotangents of the other arguments. It must be linear in the cotangent.
   */
  defvjp<Res>(
    fwd: (...args: A) => readonly [out: R, residuals: Res],
    bwd: (...args: [...Picked<A, N>, residuals: Res, ct: R]) => Cotangents<Without<A, N>>,
  ): this;
  /** Says how the function is differentiated in forward mode, which is an error without this rule. */
  defjvp(rule: CustomJvpRule<A, R, N>): this;
}

/**
 * A function with a backward rule of your own, which reverse mode uses in the place of the derivative of what the
 * function computes, also inside of functions that are jitted or batched. Of arguments that a whole batch shares, `vmap`
 * adds up the cotangents. Cotangents of integer arguments are ignored.
 *
 * What the function reads from outside can't be differentiated: pass it as an argument.
 *
 * @throws CustomRuleError when the rules are missing, or give results of another structure, shape or dtype.
 * @throws GradientError in forward mode, unless a forward rule is given too (`.defjvp`).
 * @example
 * // The identity, whose gradients are clipped to [-1, 1].
 * const clipGradient = customVjp((x: NDArray) => x).defvjp(
 *   (x) => [x, null],
 *   (_, ct) => [np.clip(ct, -1, 1)],
 * );
 */
export function customVjp<A extends readonly unknown[], R, const N extends Positions<A> = never>(
  f: (...args: A) => R,
  { nondiffArgnums = [] }: CustomRuleOptions<N> = {},
): CustomVjp<A, R, N> {
  const name = nameOf(f);
  let rules: { readonly fwd: AnyRule; readonly bwd: AnyRule } | null = null;
  let jvp: AnyRule | null = null;
  const wrapped = (...args: A): R => {
    if (rules === null) {
      throw new CustomRuleError(
        `${name} has no derivative rules yet: give them with .defvjp(fwd, bwd) before it is called`,
      );
    }
    const { signature, leaves } = splitArguments(args, nondiffArgnums, name);
    const types = new ResultTypes(name);
    const { fwd, bwd } = rules;
    const outs = bindOpen(
      openVjp({
        name,
        run: functionOf(f, signature, types),
        forward: forwardOf(fwd, bwd, signature, types),
        jvp: jvp === null ? null : jvpRuleOf(jvp, signature, types),
      }),
      leaves,
    );
    return unflatten<R>(types.type.treedef, outs);
  };
  const defvjp = (fwd: AnyRule, bwd: AnyRule): typeof wrapped => {
    rules = { fwd, bwd };
    return custom;
  };
  const defjvp = (rule: AnyRule): typeof wrapped => {
    jvp = rule;
    return custom;
  };
  const custom = standsFor(Object.assign(wrapped, { defvjp, defjvp }), f, null, {}, asList(nondiffArgnums));
  return custom as unknown as CustomVjp<A, R, N>;
}

/** A user's pair of rules on flat lists, with what they give checked. */
export const forwardOf = (fwd: AnyRule, bwd: AnyRule, signature: CallSignature, types: ResultTypes): Forward =>
  toldByParts(
    (primals) => {
      const called = `the fwd rule of ${signature.name}`;
      const given = runRule(fwd, signature.join(primals), called);
      const [result, residuals] = pairOf(given, called, '[result, residuals]');
      const out = types.ofRule(result, called);
      const { arrays, ...rest } = residualsOf(residuals);
      return { outs: out.leaves, residuals: arrays, backward: backwardOf(bwd, rest, signature, types) };
    },
    () => ['vjp', fwd, bwd, signature.key()],
  );

/** A tree of residuals without its arrays: its other leaves stay as they are. */
interface ResidualTree {
  readonly treedef: TreeDef;
  readonly kept: readonly ({ readonly value: unknown } | null)[];
}

function residualsOf(residuals: unknown): ResidualTree & { readonly arrays: readonly NDArray[] } {
  const { leaves, treedef } = flatten(residuals);
  return {
    treedef,
    arrays: leaves.filter((l) => l instanceof NDArray),
    kept: leaves.map((l) => (l instanceof NDArray ? null : { value: l })),
  };
}

// Apart, so that it does not keep the arrays.
const backwardOf = (
  bwd: AnyRule,
  { treedef, kept }: ResidualTree,
  signature: CallSignature,
  types: ResultTypes,
): Backward =>
  toldByParts(
    (residuals, cts) => {
      const arrays = residuals.values();
      const leaves = kept.map((k): unknown => (k === null ? arrays.next().value : k.value));
      return cotangents(bwd, unflatten(treedef, leaves), cts, signature, types);
    },
    () => ['bwd', bwd, showTreeDef(treedef), kept, signature.key()],
  );

function cotangents(
  bwd: AnyRule,
  residuals: unknown,
  cts: readonly NDArray[],
  { name, fixed, differentiated, leafName }: CallSignature,
  types: ResultTypes,
): ReturnType<Backward> {
  const called = `the bwd rule of ${name}`;
  const given = runRule(bwd, [...fixed, residuals, unflatten(types.type.treedef, cts)], called);
  if (!Array.isArray(given)) {
    throw new CustomRuleError(`${called} must return a list with a cotangent for each differentiated argument`);
  }
  return tangentsFor(given, differentiated, called, 'cotangent', leafName);
}
