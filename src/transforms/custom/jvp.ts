import { add } from '../../lax/elementwise.ts';
import { bindOpen } from '../../trace/context.ts';
import { CustomRuleError } from '../../trace/errors.ts';
import type { JvpResult } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import { map, unflatten } from '../../tree/tree.ts';
import { toldByParts } from '../../util/key.ts';
import { merged } from '../arguments.ts';
import type { Positions } from '../argnums.ts';
import { standsFor } from '../makings.ts';
import { nameOf } from '../trees.ts';
import type { AnyRule, CallSignature, CustomRuleOptions, Picked, Without } from './arguments.ts';
import { asList, functionOf, pairOf, ResultTypes, runRule, splitArguments, tangentsFor } from './arguments.ts';
import type { JvpRule } from './jvp-call.ts';
import { openJvp } from './jvp-call.ts';

/**
 * A forward rule: from values and tangents of the differentiated arguments (lists of them) to the result and its tangent,
 * which may be null for zero.
 */
export type CustomJvpRule<A extends readonly unknown[], R, N extends number> = (
  ...args: [...Picked<A, N>, primals: Without<A, N>, tangents: Without<A, N>]
) => readonly [out: R, tangent: R | null];

/** One rule for each differentiated argument: from its tangent to what that adds to the result's; null adds nothing. */
export type CustomJvpRules<Fixed extends readonly unknown[], D extends readonly unknown[], R> = {
  readonly [K in keyof D]: ((...args: [...Fixed, tangent: D[K], out: R, ...primals: D]) => R) | null;
};

/** A function that is called like the original and differentiated by a rule of its own. */
export interface CustomJvp<A extends readonly unknown[], R, N extends number = never> {
  (...args: A): R;
  /** Says how the function is differentiated, in both modes: reverse mode transposes what the rule does to tangents. */
  defjvp(rule: CustomJvpRule<A, R, N>): this;
  /** The same by one rule for each argument, whose tangents are added. */
  defjvps(...rules: CustomJvpRules<Picked<A, N>, Without<A, N>, R>): this;
}

/**
 * A function with a derivative rule of your own, used in the place of the derivative of what it computes, by every
 * transformation, also inside of functions that are jitted or batched. The rule must be linear in the tangents.
 *
 * What the function reads from outside can't be differentiated: pass it as an argument.
 *
 * @throws CustomRuleError when the rule is missing, or gives a result or tangent of another structure, shape or dtype.
 * @example
 * // log(1 + eˣ), whose derivative by itself is NaN for large x
 * const softplus = customJvp((x: NDArray) => np.log(np.exp(x).add(1))).defjvp(([x], [t]) => [
 *   softplus(x),
 *   t.mul(np.divide(1, np.exp(x.neg()).add(1))),
 * ]);
 */
export function customJvp<A extends readonly unknown[], R, const N extends Positions<A> = never>(
  f: (...args: A) => R,
  { nondiffArgnums = [] }: CustomRuleOptions<N> = {},
): CustomJvp<A, R, N> {
  const name = nameOf(f);
  let defined: AnyRule | null = null;
  const wrapped = (...args: A): R => {
    if (defined === null) {
      throw new CustomRuleError(
        `${name} has no derivative rule yet: give it one with .defjvp(rule) before it is called`,
      );
    }
    const { signature, leaves } = splitArguments(args, nondiffArgnums, name);
    const types = new ResultTypes(name);
    const run = functionOf(f, signature, types);
    const outs = bindOpen(openJvp({ name, run, rule: jvpRuleOf(defined, signature, types) }), leaves);
    return unflatten<R>(types.type.treedef, outs);
  };
  const defjvp = (rule: AnyRule): typeof wrapped => {
    defined = rule;
    return custom;
  };
  const defjvps = (...rules: readonly (AnyRule | null)[]): typeof wrapped =>
    defjvp(summed(wrapped as AnyRule, rules, new Set(asList(nondiffArgnums))));
  const custom = standsFor(Object.assign(wrapped, { defjvp, defjvps }), f, null, {}, asList(nondiffArgnums));
  return custom as unknown as CustomJvp<A, R, N>;
}

/** A user's forward rule on flat lists, with what it gives checked. */
export const jvpRuleOf = (rule: AnyRule, signature: CallSignature, types: ResultTypes): JvpRule =>
  toldByParts(
    (primals, tangents): JvpResult => {
      const called = `the forward rule of ${signature.name}`;
      const { fixed } = signature;
      const given = runRule(rule, [...fixed, signature.unflatten(primals), signature.unflatten(tangents)], called);
      const [result, tangent] = pairOf(given, called, '[result, tangent]');
      const out = types.ofRule(result, called);
      return { primals: out.leaves, tangents: tangentsFor(tangent, types.type, called, 'tangent', types.leafName) };
    },
    () => ['jvp', rule, signature.key()],
  );

/** The rule that adds up what one rule for each argument gives. */
const summed =
  (f: AnyRule, rules: readonly (AnyRule | null)[], nondiff: ReadonlySet<number>): AnyRule =>
  (...args) => {
    const fixed = args.slice(0, -2);
    const [primals, tangents] = args.slice(-2) as [readonly unknown[], readonly unknown[]];
    const out = f(...merged(fixed, primals, nondiff));
    const parts = rules.flatMap((rule, i) => (rule === null ? [] : [rule(...fixed, tangents[i], out, ...primals)]));
    const [first, ...rest] = parts;
    return [out, first === undefined ? null : rest.reduce((a, b) => map((x: NDArray, y: NDArray) => add(x, y), a, b), first)]; // prettier-ignore
  };
