import { bind } from '../../trace/context.ts';
import { interned } from '../../trace/intern.ts';
import { stage } from '../../trace/stage.ts';
import { disableJit } from '../../trace/switches.ts';
import type { TreeDef } from '../../tree/tree.ts';
import { unflatten } from '../../tree/tree.ts';
import { marksOf, merged, resolveMarks } from '../arguments.ts';
import { toCallable } from '../jaxpr-rules.ts';
import { standsFor } from '../makings.ts';
import { flattenArrays, nameOf } from '../trees.ts';
import { checkpointP } from './call.ts';
import type { CheckpointPolicy } from './policies.ts';
import { checkpointPolicies } from './policies.ts';

/** Options of {@link checkpoint}. */
export interface CheckpointOptions {
  /** What may be saved for the backward pass; default: nothing but the arguments. See {@link checkpointPolicies}. */
  readonly policy?: CheckpointPolicy;
  /**
   * Keeps the compiler from merging what is computed again with what was computed before, which would save the work but
   * not the memory. Default true; false is for functions inside of `scan`, where nothing could be merged.
   */
  readonly preventCse?: boolean;
  /** Arguments that are ordinary JS values, known while tracing. */
  readonly staticArgnums?: number | readonly number[];
}

/**
 * The function with less memory and more work in its gradient: intermediate values that the backward pass needs are
 * computed again there from the arguments, except for those that `policy` saves. Values and gradients do not change.
 *
 * The function is traced, also outside of `jit`: a plain `if` on the value of an argument needs `staticArgnums`.
 *
 * @throws StaticArgumentError when `staticArgnums` does not fit the call.
 * @example
 * const block = checkpoint(layer, { policy: checkpointPolicies.dotsSaveable });
 * const loss = (params: Params, x: NDArray) => params.reduce((h, p) => block(p, h), x).sum();
 * const gradient = jit(grad(loss));
 */
export function checkpoint<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: CheckpointOptions = {},
): (...args: A) => R {
  const { policy = checkpointPolicies.nothingSaveable, preventCse = true, staticArgnums } = options;
  const name = nameOf(f);
  const marks = marksOf(`checkpoint of ${name}`, staticArgnums, undefined);
  const again = (...args: A): R => {
    const statics = new Set(resolveMarks(`checkpoint of ${name}`, marks, args.length).statics);
    const flat = flattenArrays(
      args.filter((_, i) => !statics.has(i)),
      `arguments of ${name}`,
      'Name arguments that are no arrays in staticArgnums, or let the function capture them.',
    );
    const fixed = args.filter((_, i) => statics.has(i));
    let outTree: TreeDef = { kind: 'none' };
    const body: Parameters<typeof stage>[1] = (...xs) => {
      const all = merged(fixed, unflatten<unknown[]>(flat.treedef, xs), statics);
      const result = flattenArrays(f(...(all as unknown as A)), `the result of ${name}`);
      outTree = result.treedef;
      return result.leaves;
    };
    if (disableJit.on) {
      const leaves = body(...flat.leaves);
      return unflatten<R>(outTree, leaves);
    }
    const closed = stage(`checkpoint of ${name}`, body, flat.leaves.map((x) => x.aval)); // prettier-ignore
    const { jaxpr, constants } = toCallable(closed);
    const params = { name, jaxpr: interned(jaxpr), policy, preventCse, again: false };
    return unflatten<R>(outTree, bind(checkpointP, [...constants, ...flat.leaves], params));
  };
  return standsFor(again, f, 'checkpoint', options);
}

/**
 * As {@link checkpoint}.
 *
 * @example
 * const block = remat(layer);
 * grad((p: NDArray) => block(p, np.array([[0.5]])).sum())(np.array([[2]])); // [[0.209987]]
 */
export const remat: typeof checkpoint = checkpoint;
