import { isFloat } from '../../kernel/dtype.ts';
import { evalJaxpr } from '../../trace/interpret.ts';
import { stage } from '../../trace/stage.ts';
import type { NDArray } from '../../trace/value.ts';
import { Tracer } from '../../trace/value.ts';
import { unflatten } from '../../tree/tree.ts';
import { requireLike } from '../checks.ts';
import { spread } from '../jaxpr-rules.ts';
import type { OrShapes } from '../eval-shape.ts';
import { flatFunction, flattenArrays, flattenAvals, nameOf } from '../trees.ts';

/** Could it be differentiated? */
const mayVary = (x: NDArray): boolean => x instanceof Tracer && isFloat(x.dtype);

/**
 * A function without the differentiated values that it closes over, and those values: what was captured becomes
 * arguments. A function that takes other functions and has derivative rules of its own can so differentiate by what those
 * close over.
 *
 * @param args arguments like those that the function will be called with; shapes and dtypes will do.
 * @returns `[converted, captured]`, where `converted(...args, ...captured)` is `f(...args)`.
 * @example
 * const [converted, captured] = closureConvert((x: NDArray) => x.mul(scale), x);
 * const y = converted(x, ...captured);
 */
export function closureConvert<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...args: { [K in keyof A]: OrShapes<A[K]> }
): [converted: (...args: [...A, ...NDArray[]]) => R, captured: readonly NDArray[]] {
  const { avals, treedef } = flattenAvals(args, `arguments of ${nameOf(f)}`);
  const g = flatFunction(f, treedef);
  const { jaxpr, constants } = stage(`closureConvert of ${nameOf(f)}`, g.run, avals);
  const outTree = g.outTree();
  const hoisted = constants.map(mayVary);
  const kept = constants.map((c, i) => (hoisted[i] === true ? null : c));
  const converted = (...all: readonly unknown[]): R => {
    const given = flattenArrays(all.slice(0, args.length), `arguments of ${nameOf(f)}`);
    requireLike({ avals, treedef }, given, `closureConvert of ${nameOf(f)}`, 'argument');
    const captured = spread(all.slice(args.length) as readonly NDArray[], hoisted);
    const values = kept.map((c, i) => (c ?? captured[i]) as NDArray);
    return unflatten<R>(outTree, evalJaxpr(jaxpr, values, given.leaves));
  };
  return [converted, constants.filter(mayVary)];
}
