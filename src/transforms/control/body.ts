import { isFloat } from '../../kernel/dtype.ts';
import { convertElementType } from '../../lax/casts.ts';
import type { Aval } from '../../trace/aval.ts';
import { aval, sameShape, showAval } from '../../trace/aval.ts';
import { CarryTypeError } from '../../trace/errors.ts';
import { currentTrace } from '../../trace/context.ts';
import { interned } from '../../trace/intern.ts';
import type { ClosedJaxpr } from '../../trace/jaxpr.ts';
import type { KeyUses } from '../../trace/key-uses.ts';
import { recordKeyUses } from '../../trace/key-uses.ts';
import { stage } from '../../trace/stage.ts';
import { debugKeyReuse } from '../../trace/switches.ts';
import type { NDArray } from '../../trace/value.ts';
import type { TreeDef } from '../../tree/tree.ts';
import { firstDifference, keystr, leafPaths } from '../../tree/tree.ts';
import { at } from '../../util/array.ts';
import type { Callable } from '../jaxpr-rules.ts';
import { toCallable } from '../jaxpr-rules.ts';
import type { ArrayTree } from '../trees.ts';

/** How bodies, conditions and branches become Jaxprs, and what loops ask of what their bodies give back. */

/** Results of a traced function, with whatever else its caller wants to know of them. */
export interface Staged<M> {
  readonly callable: Callable;
  readonly more: M;
  /** What it does with random keys, if that was asked for. */
  readonly keyUses: KeyUses | null;
}

/**
 * Traces a flat function. Equal functions become one Jaxpr, so that what is compiled of it is found again.
 *
 * @param what what error messages call the trace: `scan of step`.
 */
export function stageBody<M>(
  what: string,
  f: (xs: readonly NDArray[]) => readonly [outs: readonly NDArray[], more: M],
  avals: readonly Aval[],
): Staged<M> {
  const told: { readonly more: M; readonly inputs: readonly NDArray[]; readonly outputs: readonly NDArray[] }[] = [];
  const trace = (): ClosedJaxpr =>
    stage(
      what,
      (...inputs) => {
        const [outputs, more] = f(inputs);
        told.push({ more, inputs, outputs });
        return outputs;
      },
      avals,
    );
  const { result: closed, keyUses } = debugKeyReuse.on
    ? recordKeyUses(currentTrace(), trace, () => at(told, 0))
    : { result: trace(), keyUses: null };
  const { jaxpr, constants } = toCallable(closed);
  return { callable: { jaxpr: interned(jaxpr), constants }, more: at(told, 0).more, keyUses };
}

/** The types that a loop's body is given and gives back. */
export interface CarryTypes {
  /** Where the results are found: the structure and types that the body gave back. */
  readonly treedef: TreeDef;
  readonly avals: readonly Aval[];
}

/**
 * Traces a loop's body with the types of the first carried values. A weakly typed value, such as a JS number, takes the
 * dtype that the body gives it, for which the body is traced once more; any other change of type is an error.
 *
 * @param loop what error messages call the loop: `scan`.
 * @returns the first carried values in their final types, and the body for these.
 */
export function settleCarry<S extends { readonly more: CarryTypes }>(
  loop: string,
  init: ArrayTree,
  trace: (avals: readonly Aval[]) => S,
): { readonly init: readonly NDArray[]; readonly staged: S } {
  const staged = trace(init.leaves.map((x) => x.aval));
  requireTree(loop, init.treedef, staged.more.treedef);
  const adapted = init.leaves.map((x, i) => adapt(x, at(staged.more.avals, i)));
  if (adapted.every((x, i) => x === init.leaves[i])) {
    requireTypes(loop, init.treedef, adapted, staged.more.avals);
    return { init: adapted, staged };
  }
  const again = trace(adapted.map((x) => x.aval));
  requireTypes(loop, init.treedef, adapted, again.more.avals);
  return { init: adapted, staged: again };
}

/** A weakly typed value in the dtype that it meets; others as they are. */
function adapt(x: NDArray, out: Aval): NDArray {
  if (!x.weakType || (out.weakType && out.dtype === x.dtype) || !sameShape(x.shape, out.shape)) return x;
  const value = x.concrete()?.literal() ?? null;
  const holds = isFloat(out.dtype) || (value !== null && Number.isInteger(value) && out.dtype !== 'bool');
  return holds ? convertElementType(x, out.dtype, out.weakType) : x;
}

function requireTree(loop: string, given: TreeDef, back: TreeDef): void {
  const difference = firstDifference(given, back);
  if (difference === null) return;
  throw new CarryTypeError(
    `${loop} body changed the structure of the carry (first in, then out), ${difference}. ` +
      'What the body gives back is what it gets next: return a tree of the same structure.',
  );
}

function requireTypes(loop: string, treedef: TreeDef, init: readonly NDArray[], back: readonly Aval[]): void {
  const paths = leafPaths(treedef);
  const changes = init.flatMap((x, i) => {
    const out = at(back, i);
    if (x.dtype === out.dtype && sameShape(x.shape, out.shape)) return [];
    const path = keystr(paths[i] ?? []);
    return [`${path === '' ? '' : ` at ${path}`}: ${showAval(x.aval)} in, ${showAval(out)} out`];
  });
  if (changes.length === 0) return;
  const list = changes.length === 1 ? (changes[0] as string) : `\n${changes.map((c) => `  ${c.trim()}`).join('\n')}\n`;
  throw new CarryTypeError(
    `${loop} body changed the type of carry${list}. What the body gives back is what it gets next: ` +
      "give the initial value the type that the body returns, or cast there (x.astype('f32')).",
  );
}

/** What a body gives back, strongly typed where it got a strongly typed value. */
export const likeCarry = (outs: readonly NDArray[], types: readonly Aval[]): readonly NDArray[] =>
  outs.map((x, i) => {
    const type = types[i];
    return type === undefined || type.weakType || type.dtype !== x.dtype ? x : convertElementType(x, x.dtype, false);
  });

/** The type of one slice along axis 0. */
export const sliceAval = (a: Aval): Aval => aval(a.shape.slice(1), a.dtype, a.weakType);
