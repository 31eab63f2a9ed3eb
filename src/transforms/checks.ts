import { isFloat } from '../kernel/dtype.ts';
import type { Aval } from '../trace/aval.ts';
import { sameAval, showAval } from '../trace/aval.ts';
import { ArgumentError, GradientError, ShapeMismatchError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import type { PathStep, TreeDef } from '../tree/tree.ts';
import { firstDifference, keystr, leafPaths, TreeMismatchError } from '../tree/tree.ts';
import { at } from '../util/array.ts';
import type { ArrayTree } from './trees.ts';
import { flattenArrays } from './trees.ts';

/** What derivatives require of functions, arguments, tangents and cotangents. */

/** Names of leaves for messages, by path. */
type NameAt = (path: readonly PathStep[]) => string;

/** Throws unless all leaves are float. */
export function requireFloats(avals: readonly Aval[], treedef: TreeDef, name: string, nameAt: NameAt): void {
  const i = avals.findIndex((a) => !isFloat(a.dtype));
  if (i < 0) return;
  throw new GradientError(
    'integer-gradient',
    `${name}: ${nameAt(leafPaths(treedef)[i] ?? [])} is ${showAval(at(avals, i))}, and only float arrays have gradients. ` +
      "Cast it (x.astype('f32')), or differentiate by another argument (argnums).",
  );
}

/** A list of arguments at a path: `argument 1.w`. */
export const argumentName: NameAt = ([first, ...rest]) =>
  first === undefined ? 'the arguments' : keystr(rest, `argument ${first}`);

/** Throws unless tangents or cotangents have the structure, shapes and dtypes of the values that they belong to. */
export function requireLike(
  values: { readonly avals: readonly Aval[]; readonly treedef: TreeDef },
  others: ArrayTree,
  name: string,
  what: string,
): void {
  const difference = firstDifference(values.treedef, others.treedef);
  if (difference !== null) throw new TreeMismatchError(`${name}: values and ${what}s differ ${difference}`);
  values.avals.forEach((a, i) => {
    const t = at(others.leaves, i);
    if (sameAval(a, t.aval)) return;
    const path = keystr(leafPaths(values.treedef)[i] ?? []);
    throw new ShapeMismatchError(
      `${name}: the ${what}${path === '' ? '' : ` at ${path}`} is ${showAval(t.aval)}, but its value is ${showAval(a)}`,
    );
  });
}

/** The value and the auxiliary result of a function that returns both. */
export function splitAux(result: unknown, name: string): readonly [value: unknown, aux: unknown] {
  if (Array.isArray(result) && result.length === 2) return [result[0], result[1]];
  throw new ArgumentError(`${name}: with hasAux the function must return [value, aux]`);
}

/** A function's result as the one real number that a gradient is of. */
export function requireScalar(value: unknown, name: string, f: string): NDArray {
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
