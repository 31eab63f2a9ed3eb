import { asArray } from '../../trace/asarray.ts';
import { showAval } from '../../trace/aval.ts';
import { bind } from '../../trace/context.ts';
import { ArgumentError } from '../../trace/errors.ts';
import { interned } from '../../trace/intern.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import type { Jaxpr } from '../../trace/jaxpr.ts';
import { disableJit } from '../../trace/switches.ts';
import type { ArrayLike, NDArray } from '../../trace/value.ts';
import { unflatten } from '../../tree/tree.ts';
import { at } from '../../util/array.ts';
import { inIteration } from '../../util/origin.ts';
import type { Callable } from '../jaxpr-rules.ts';
import { select, spread } from '../jaxpr-rules.ts';
import { flattenArrays, nameOf, withArrays } from '../trees.ts';
import type { CarryTypes } from './body.ts';
import { likeCarry, settleCarry, stageBody } from './body.ts';
import { cond } from './cond.ts';
import { cut } from './edit.ts';
import { noteWhile } from './keys.ts';
import { scan } from './scan.ts';
import { whileP } from './while-primitive.ts';

/** Options of {@link whileLoop}. */
export interface WhileOptions {
  /**
   * The loop ends after this many trips, even if the condition still holds. A loop that is bounded so has a reverse mode.
   */
  readonly maxSteps?: number;
}

/**
 * Applies `bodyFun` again and again while `condFun` holds, as one compiled loop.
 *
 * In plain code it is `let c = init; while (condFun(c)) c = bodyFun(c); return c;`. Under `vmap` the loop runs until it
 * has ended for all examples; those that ended earlier keep what they had.
 *
 * It has forward mode. Reverse mode needs `maxSteps`: then the loop makes that many trips, of which those after the end
 * do nothing, and what the backward pass needs is stored for each of them.
 *
 * @param condFun from the carried value to a bool scalar.
 * @param bodyFun from the carried value to the next one, of the same structure, shapes and dtypes. Both are traced once.
 * @throws CarryTypeError when `bodyFun` gives back another structure, shape or dtype.
 * @throws ArgumentError when `condFun` does not return a bool scalar.
 * @throws GradientError in reverse mode without `maxSteps`.
 * @example
 * // The first power of 2 that is at least n.
 * const power = (n: NDArray) => lax.whileLoop((x) => x.lt(n), (x) => x.mul(2), np.array(1, { dtype: 'i32' }));
 */
export function whileLoop<C>(
  condFun: (carry: C) => ArrayLike,
  bodyFun: (carry: C) => C,
  init: C,
  options: WhileOptions = {},
): C {
  const { maxSteps } = options;
  if (maxSteps !== undefined && !(Number.isInteger(maxSteps) && maxSteps >= 0)) {
    throw new ArgumentError(`[whileLoop] maxSteps must be an integer, 0 or more; got ${maxSteps}`);
  }
  const start = flattenArrays(init, '[whileLoop] init');
  if (disableJit.on && maxSteps === undefined) {
    const direct = whileDirectly(condFun, bodyFun, unflatten<C>(start.treedef, start.leaves));
    if (direct !== null) return direct.last;
  }
  const { init: first, staged } = settleCarry('whileLoop', start, (avals) =>
    stageBody(
      `whileLoop of ${nameOf(bodyFun)}`,
      (xs): readonly [readonly NDArray[], CarryTypes] => {
        const carry = flattenArrays(bodyFun(unflatten<C>(start.treedef, xs)), `the result of ${nameOf(bodyFun)}`);
        const types = { treedef: carry.treedef, avals: carry.leaves.map((o) => o.aval) };
        return [likeCarry(carry.leaves, avals), types];
      },
      avals,
    ),
  );
  const condition = stageBody(
    `whileLoop of ${nameOf(condFun)}`,
    (xs): readonly [readonly NDArray[], null] => [
      [requireBool(condFun(unflatten<C>(start.treedef, xs)), nameOf(condFun))],
      null,
    ],
    first.map((x) => x.aval),
  );
  if (maxSteps !== undefined) {
    return unflatten<C>(start.treedef, boundedLoop(condition.callable, staged.callable, first, maxSteps));
  }
  const last = whileFlat(condition.callable, staged.callable, first);
  if (condition.keyUses !== null && staged.keyUses !== null) {
    noteWhile(`whileLoop of ${nameOf(bodyFun)}`, condition.keyUses, staged.keyUses, first, last);
  }
  return unflatten<C>(start.treedef, last);
}

/** Carried values that the body gives back as they are become constants. */
function whileFlat(condition: Callable, body: Callable, init: readonly NDArray[]): readonly NDArray[] {
  const [c, b] = [condition.constants.length, body.constants.length];
  const varies = init.map((_, i) => body.jaxpr.outputs[i] !== body.jaxpr.inputs[b + i]);
  const fixed = varies.map((v) => !v);
  const reordered = (jaxpr: Jaxpr, constants: number): Jaxpr => {
    const [given, carried] = cut(jaxpr.inputs, constants);
    return { ...jaxpr, inputs: [...given, ...select(carried, fixed), ...select(carried, varies)] };
  };
  const constant = select(init, fixed);
  const test = interned(reordered(condition.jaxpr, c));
  const step = interned({ ...reordered(body.jaxpr, b), outputs: select(body.jaxpr.outputs, varies) });
  const outs = bind(
    whileP,
    [...condition.constants, ...constant, ...body.constants, ...constant, ...select(init, varies)],
    { condition: test, conditionConstants: c + constant.length, body: step, bodyConstants: b + constant.length },
  );
  return spread(outs, varies).map((x, i) => x ?? at(init, i));
}

function requireBool(x: ArrayLike, f: string): NDArray {
  const p = asArray(x, `the result of ${f}`);
  if (p.ndim === 0 && p.dtype === 'bool') return p;
  throw new ArgumentError(
    `[whileLoop] ${f} must return a bool scalar, but returned ${showAval(p.aval)}. ` +
      'Compare (x.lt(limit)); for a condition on all or any of several elements use x.all() or x.any().',
  );
}

/** The plain loop, if the condition's value is known. */
function whileDirectly<C>(condFun: (c: C) => ArrayLike, bodyFun: (c: C) => C, init: C): { readonly last: C } | null {
  let carry = init;
  for (let n = 0; ; n++) {
    const holds = requireBool(condFun(carry), nameOf(condFun));
    if (holds.concrete() === null) return null;
    if (Number(holds) === 0) return { last: carry };
    carry = inIteration(n, () => withArrays(bodyFun(carry), `the result of ${nameOf(bodyFun)}`));
  }
}

/** A loop of `maxSteps` trips, which do nothing once the condition does not hold any more. */
function boundedLoop(
  condition: Callable,
  body: Callable,
  init: readonly NDArray[],
  maxSteps: number,
): readonly NDArray[] {
  const apply = ({ jaxpr, constants }: Callable, carry: readonly NDArray[]): readonly NDArray[] =>
    evalJaxpr(jaxpr, [], [...constants, ...carry]);
  const trip = (carry: readonly NDArray[]): readonly [readonly NDArray[], null] => [
    cond(
      at(apply(condition, carry), 0),
      (c: readonly NDArray[]) => apply(body, c),
      (c: readonly NDArray[]) => c,
      carry,
    ),
    null,
  ];
  return scan(trip, init, null, { length: maxSteps })[0];
}
