import { isFloat } from '../../kernel/dtype.ts';
import type { Aval } from '../../trace/aval.ts';
import { sameAval, showAval } from '../../trace/aval.ts';
import { ArgumentError, CustomRuleError } from '../../trace/errors.ts';
import type { Tangent } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import type { PathStep, TreeDef } from '../../tree/tree.ts';
import { alignTo, describeTree, firstDifference, flatten, keystr, leafPaths } from '../../tree/tree.ts';
import { present } from '../../util/assert.ts';
import { at, range } from '../../util/array.ts';
import type { ArrayTree } from '../trees.ts';
import { flattenArrays } from '../trees.ts';

/** What functions with rules of their own have in common: arguments, and checks of what rules give. */

/** Options of functions with rules of their own. */
export interface CustomRuleOptions<N extends number> {
  /**
   * Arguments that are not differentiated and need not be arrays: functions, sizes, names. Rules get them as they are, in
   * front of all else.
   */
  readonly nondiffArgnums?: N | readonly N[];
}

/** The positions of a list's elements. */
export type Positions<A extends readonly unknown[]> = number extends A['length']
  ? number
  : Extract<keyof A, `${number}`> extends infer K
    ? K extends `${infer I extends number}`
      ? I
      : never
    : never;

/** The elements of a list at positions `N`. */
export type Picked<A extends readonly unknown[], N extends number, Seen extends readonly unknown[] = []> = [N] extends [
  never,
]
  ? []
  : A extends readonly [infer H, ...infer T]
    ? Seen['length'] extends N
      ? [H, ...Picked<T, N, [...Seen, unknown]>]
      : Picked<T, N, [...Seen, unknown]>
    : [];

/** The elements of a list that are not at positions `N`. */
export type Without<A extends readonly unknown[], N extends number, Seen extends readonly unknown[] = []> = [
  N,
] extends [never]
  ? A
  : A extends readonly [infer H, ...infer T]
    ? Seen['length'] extends N
      ? Without<T, N, [...Seen, unknown]>
      : [H, ...Without<T, N, [...Seen, unknown]>]
    : A;

/** The elements of a list in order, those at `positions` from one list and the others from another. */
export function merged(
  fixed: readonly unknown[],
  others: readonly unknown[],
  positions: ReadonlySet<number>,
): readonly unknown[] {
  const [a, b] = [fixed.values(), others.values()];
  return range(fixed.length + others.length).map((i): unknown => (positions.has(i) ? a : b).next().value);
}

/** A call's arguments, split into what rules get as it is and what is differentiated. */
export interface SplitArguments {
  readonly fixed: readonly unknown[];
  /** The differentiated arguments, as a list. */
  readonly flat: ArrayTree;
  /** All arguments in order, with these in the place of the differentiated ones. */
  readonly join: (differentiated: readonly unknown[]) => readonly unknown[];
  /** How messages call leaf `i` of the differentiated arguments, or what is `steps` of its path deep: `argument 1.w`. */
  readonly nameOf: (i: number, steps?: number) => string;
}

/** One position or several, as a list. */
export const asList = (n: number | readonly number[]): readonly number[] => (typeof n === 'number' ? [n] : n);

/** Splits the arguments of a call. */
export function splitArguments(
  args: readonly unknown[],
  nondiffArgnums: number | readonly number[],
  name: string,
): SplitArguments {
  const given = asList(nondiffArgnums);
  const wrong = given.find((n) => !Number.isInteger(n) || n < 0 || n >= args.length);
  if (wrong !== undefined) {
    throw new ArgumentError(`${name}: nondiffArgnums has ${wrong}, but the function got ${args.length} arguments`);
  }
  const fixed = new Set(given);
  const positions = range(args.length).filter((i) => !fixed.has(i));
  const nameArgument = ([first, ...rest]: readonly PathStep[]): string =>
    first === undefined ? 'the arguments' : keystr(rest, `argument ${at(positions, first as number)}`);
  const flat = flattenArrays(
    positions.map((i) => args[i]),
    (path) => `${nameArgument(path)} of ${name}`,
    'Name arguments that are no arrays in nondiffArgnums.',
  );
  const values = args.filter((_, i) => fixed.has(i));
  return {
    fixed: values,
    flat,
    join: (differentiated) => merged(values, differentiated, fixed),
    nameOf: (i, steps) => nameArgument((leafPaths(flat.treedef)[i] ?? []).slice(0, steps)),
  };
}

/** The two things that a rule must give. */
export function pairOf(result: unknown, rule: string, parts: string): readonly [unknown, unknown] {
  if (Array.isArray(result) && result.length === 2) return [result[0], result[1]];
  const got = Array.isArray(result) ? `a list of ${result.length}` : 'something else';
  throw new CustomRuleError(`${rule} must return ${parts}, but returned ${got}`);
}

/** The structure and types of a result. */
export interface ResultType {
  readonly treedef: TreeDef;
  readonly avals: readonly Aval[];
}

/** What kind of result a call of a function has: the function and its rules say so, and must agree. */
export class ResultTypes {
  private readonly name: string;
  private type: ResultType | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get treedef(): TreeDef {
    return present(this.type, 'a result').treedef;
  }

  /** Notes what the function returned, as arrays. */
  ofFunction(result: unknown): readonly NDArray[] {
    const { leaves, treedef } = flattenArrays(result, `the result of ${this.name}`);
    this.type = { treedef, avals: leaves.map((x) => x.aval) };
    return leaves;
  }

  /** What a rule computed in the function's stead, which must be of the same kind. */
  ofRule(result: unknown, rule: string): ArrayTree {
    const out = flattenArrays(result, `the result of ${rule}`);
    this.type ??= { treedef: out.treedef, avals: out.leaves.map((x) => x.aval) };
    const { treedef, avals } = this.type;
    const difference = firstDifference(treedef, out.treedef);
    if (difference !== null) {
      throw new CustomRuleError(`${rule} must return what ${this.name} does, but their results differ ${difference}`);
    }
    out.leaves.forEach((x, i) => {
      const e = at(avals, i);
      if (sameAval(x.aval, e)) return;
      const path = keystr(leafPaths(treedef)[i] ?? [], 'the result');
      throw new CustomRuleError(
        `${rule} must return what ${this.name} does, but ${path} is ${showAval(x.aval)}, and ${showAval(e)} in ${this.name}`,
      );
    });
    return out;
  }
}

/**
 * The tangents or cotangents that a rule gave, one for each leaf of the values that they belong to. `null` in the place of
 * any part of the tree is zero. Those of integers mean nothing and may be anything.
 *
 * @param nameOf how messages call a leaf.
 */
export function tangentsFor(
  tree: unknown,
  values: ArrayTree,
  rule: string,
  what: string,
  nameOf: (i: number, steps?: number) => string,
): readonly Tangent[] {
  const aligned = alignTo(values.treedef, tree, (path, needed, got) => {
    const i = leafPaths(values.treedef).findIndex((p) => path.every((step, k) => p[k] === step));
    throw new CustomRuleError(
      `${rule}: the ${what} of ${nameOf(i, path.length)} must have the structure of its value, ${describeTree(needed)}, ` +
        `or be null for zero, but is ${describeTree(flatten(got).treedef)}`,
    );
  });
  return aligned.map((x, i) => {
    const { aval } = at(values.leaves, i);
    if (x === null || !isFloat(aval.dtype)) return null;
    const [t, ...more] = flattenArrays(
      x,
      `the ${what} of ${nameOf(i)} from ${rule}`,
      'Give an array, or null for zero.',
    ).leaves;
    if (t !== undefined && more.length === 0 && sameAval(t.aval, aval)) return t;
    const got = t === undefined || more.length > 0 ? `a tree of ${1 + more.length} leaves` : showAval(t.aval);
    throw new CustomRuleError(
      `${rule}: the ${what} of ${nameOf(i)} is ${got}, but its value is ${showAval(aval)}; they must have one shape and dtype`,
    );
  });
}
