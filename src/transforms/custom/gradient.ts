import { bindOpen } from '../../trace/context.ts';
import { CustomRuleError } from '../../trace/errors.ts';
import { interned } from '../../trace/intern.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { unflatten } from '../../tree/tree.ts';
import { toldByParts } from '../../util/key.ts';
import type { Flags } from '../jaxpr-rules.ts';
import { nonNull, spread } from '../jaxpr-rules.ts';
import { standsFor } from '../makings.ts';
import { nameOf } from '../trees.ts';
import type { AnyRule, CallSignature } from './arguments.ts';
import { functionOf, pairOf, ResultTypes, runRule, splitArguments, tangentsFor } from './arguments.ts';
import type { Forward } from './vjp-call.ts';
import { openVjp } from './vjp-call.ts';
import type { Backward } from './vjp-linear.ts';
import type { Cotangents } from './vjp.ts';

/**
 * A function that comes with its own pullback: `f` returns its result and a function from the result's cotangent to the
 * list of its arguments' cotangents (null: zero). The pullback may use what `f` has computed; it is traced, so a plain
 * `if` on a value does not work in it. See {@link customVjp} for rules that stand apart from the function.
 *
 * @throws CustomRuleError when cotangents do not have the structure, shapes and dtypes of the arguments.
 * @throws GradientError in forward mode.
 * @example
 * const clippedLog = customGradient((x: NDArray) => [np.log(x), (ct) => [np.clip(ct.div(x), -10, 10)]]);
 */
export function customGradient<A extends readonly unknown[], R>(
  f: (...args: A) => readonly [out: R, pullback: (ct: R) => Cotangents<A>],
): (...args: A) => R {
  const name = nameOf(f);
  const parts = `[result, pullback]`;
  const value = (...args: A): unknown => pairOf(f(...args), name, parts)[0];
  const custom = (...args: A): R => {
    const { signature, leaves } = splitArguments(args, [], name);
    const types = new ResultTypes(name);
    const outs = bindOpen(
      openVjp({
        name,
        run: functionOf(value, signature, types),
        forward: forwardOf(f as unknown as AnyRule, signature, types),
        jvp: null,
      }),
      leaves,
    );
    return unflatten<R>(types.type.treedef, outs);
  };
  return standsFor(custom, f, 'customGradient');
}

const forwardOf = (f: AnyRule, signature: CallSignature, types: ResultTypes): Forward =>
  toldByParts(
    (primals) => {
      const [result, pullback] = pairOf(
        runRule(f, signature.join(primals), signature.name),
        signature.name,
        '[result, pullback]',
      );
      if (typeof pullback !== 'function') {
        throw new CustomRuleError(`${signature.name} must return [result, pullback], but the pullback is no function`);
      }
      const { leaves } = types.ofRule(result, signature.name);
      const { jaxpr, constants, flowing } = stagePullback(pullback as AnyRule, signature, types);
      return { outs: leaves, residuals: constants, backward: backwardOf(interned(jaxpr), flowing) };
    },
    () => ['gradient', f, signature.key()],
  );

/** The pullback as a Jaxpr, so that what it closes over are residuals. */
function stagePullback(
  pullback: AnyRule,
  { name, differentiated, leafName }: CallSignature,
  types: ResultTypes,
): { readonly jaxpr: Jaxpr; readonly constants: readonly NDArray[]; readonly flowing: Flags } {
  const called = `the pullback of ${name}`;
  let flowing: Flags = [];
  const { treedef, avals } = types.type;
  const closed = stage(
    called,
    (...cts) => {
      const given = runRule(pullback, [unflatten(treedef, cts)], called);
      if (!Array.isArray(given))
        throw new CustomRuleError(`${called} must return a list with a cotangent for each argument`);
      const tangents = tangentsFor(given, differentiated, called, 'cotangent', leafName);
      flowing = tangents.map((t) => t !== null);
      return nonNull(tangents);
    },
    avals,
  );
  return { ...closed, flowing };
}

// Apart, so that it keeps no array.
const backwardOf = (jaxpr: Jaxpr, flowing: Flags): Backward =>
  toldByParts(
    (residuals, cts) => spread(evalJaxpr(jaxpr, residuals, cts), flowing),
    () => ['pullback', jaxpr, flowing],
  );
