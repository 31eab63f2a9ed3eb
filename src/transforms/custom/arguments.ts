import { isFloat } from '../../kernel/dtype.ts';
import type { Aval } from '../../trace/aval.ts';
import { sameAval, showAval } from '../../trace/aval.ts';
import { ArgumentError, CustomRuleError, EscapedTracerError } from '../../trace/errors.ts';
import type { Tangent } from '../../trace/primitive.ts';
import type { NDArray } from '../../trace/value.ts';
import type { PathStep, TreeDef } from '../../tree/tree.ts';
import {
  alignTo,
  describeTree,
  firstDifference,
  flatten,
  keystr,
  leafPaths,
  showTreeDef,
  unflatten,
} from '../../tree/tree.ts';
import { present } from '../../util/assert.ts';
import { at, range } from '../../util/array.ts';
import { withOrigin } from '../../util/origin.ts';
import { merged } from '../arguments.ts';
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

/** The structure of a tree of arrays, and their types. */
export interface TreeType {
  readonly treedef: TreeDef;
  readonly avals: readonly Aval[];
}

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

/**
 * How a call's arguments are split into what rules get as it is and what is differentiated. Rules live as long as the
 * traces that they are in, so it holds no array that is differentiated.
 */
export class CallSignature {
  readonly name: string;
  readonly fixed: readonly unknown[];
  /** The structure and types of the list of differentiated arguments. */
  readonly differentiated: TreeType;
  private readonly positions: ReadonlySet<number>;

  constructor(name: string, fixed: readonly unknown[], positions: ReadonlySet<number>, differentiated: TreeType) {
    this.name = name;
    this.fixed = fixed;
    this.positions = positions;
    this.differentiated = differentiated;
  }

  /** The differentiated arguments that these arrays are. */
  unflatten(xs: readonly NDArray[]): readonly unknown[] {
    return unflatten(this.differentiated.treedef, xs);
  }

  /** All arguments, in order. */
  join(xs: readonly NDArray[]): readonly unknown[] {
    return merged(this.fixed, this.unflatten(xs), this.positions);
  }

  /** What of it decides what a rule does. */
  key(): unknown {
    const { treedef, avals } = this.differentiated;
    const types = avals.map((a) => [showAval(a), a.weakType]);
    return [this.name, this.fixed, [...this.positions], showTreeDef(treedef), types];
  }

  /** How messages call a leaf of the differentiated arguments, or what is `steps` of its path deep: `argument 1.w`. */
  readonly leafName = (i: number, steps?: number): string =>
    nameArgument((leafPaths(this.differentiated.treedef)[i] ?? []).slice(0, steps), this.positions);
}

/** `argument 2.w`, from a path in the list of arguments that are not at `fixed`. */
function nameArgument([first, ...rest]: readonly PathStep[], fixed: ReadonlySet<number>): string {
  if (typeof first !== 'number') return 'the arguments';
  const places = range(first + fixed.size + 1).filter((i) => !fixed.has(i));
  return keystr(rest, `argument ${at(places, first)}`);
}

/** One position or several, as a list. */
export const asList = (n: number | readonly number[]): readonly number[] => (typeof n === 'number' ? [n] : n);

/** Splits the arguments of a call. */
export function splitArguments(
  args: readonly unknown[],
  nondiffArgnums: number | readonly number[],
  name: string,
): { readonly signature: CallSignature; readonly leaves: readonly NDArray[] } {
  const given = asList(nondiffArgnums);
  const wrong = given.find((n) => !Number.isInteger(n) || n < 0 || n >= args.length);
  if (wrong !== undefined) {
    throw new ArgumentError(`${name}: nondiffArgnums has ${wrong}, but the function got ${args.length} arguments`);
  }
  const fixed = new Set(given);
  const { leaves, treedef } = flattenArrays(
    args.filter((_, i) => !fixed.has(i)),
    (path) => `${nameArgument(path, fixed)} of ${name}`,
    'Name arguments that are no arrays in nondiffArgnums.',
  );
  const values = args.filter((_, i) => fixed.has(i));
  return { signature: new CallSignature(name, values, fixed, { treedef, avals: avalsOf(leaves) }), leaves };
}

const avalsOf = (xs: readonly NDArray[]): readonly Aval[] => xs.map((x) => x.aval);

/** A rule of any types. */
export type AnyRule = (...args: readonly unknown[]) => unknown;

/** A function of the arrays in its differentiated arguments. */
export const functionOf =
  <A extends readonly unknown[]>(f: (...args: A) => unknown, signature: CallSignature, types: ResultTypes) =>
  (...xs: readonly NDArray[]): readonly NDArray[] =>
    types.ofFunction(withOrigin(null, () => f(...(signature.join(xs) as unknown as A))));

/** Runs a user's rule. One that is staged runs later than its function, when what it closes over may be gone. */
export function runRule(rule: AnyRule, args: readonly unknown[], called: string): unknown {
  try {
    return withOrigin(null, () => rule(...args));
  } catch (error) {
    if (!(error instanceof EscapedTracerError)) throw error;
    throw new CustomRuleError(
      `${called} reads an outer value of a transformation that had ended when the rule was needed: pass it as an argument, ` +
        'or, for bwd, have fwd return it among the residuals',
      { cause: error },
    );
  }
}

/** The two things that a rule must give. */
export function pairOf(result: unknown, rule: string, parts: string): readonly [unknown, unknown] {
  if (Array.isArray(result) && result.length === 2) return [result[0], result[1]];
  const got = Array.isArray(result) ? `a list of ${result.length}` : 'something else';
  throw new CustomRuleError(`${rule} must return ${parts}, but returned ${got}`);
}

/** What kind of result a call of a function has: the function and its rules say so, and must agree. */
export class ResultTypes {
  private readonly name: string;
  private noted: TreeType | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get type(): TreeType {
    return present(this.noted, 'a result');
  }

  /** How messages call a leaf of the result, or what is `steps` of its path deep. */
  readonly leafName = (i: number, steps?: number): string =>
    keystr((leafPaths(this.type.treedef)[i] ?? []).slice(0, steps), 'the result');

  /** Notes what the function returned, as arrays. */
  ofFunction(result: unknown): readonly NDArray[] {
    const { leaves, treedef } = flattenArrays(result, `the result of ${this.name}`);
    this.noted = { treedef, avals: avalsOf(leaves) };
    return leaves;
  }

  /** What a rule computed in the function's stead, which must be of the same kind. */
  ofRule(result: unknown, rule: string): ArrayTree {
    const out = flattenArrays(result, `the result of ${rule}`);
    this.noted ??= { treedef: out.treedef, avals: avalsOf(out.leaves) };
    const { treedef, avals } = this.type;
    const difference = firstDifference(treedef, out.treedef);
    if (difference !== null) {
      throw new CustomRuleError(`${rule} must return what ${this.name} does, but their results differ ${difference}`);
    }
    out.leaves.forEach((x, i) => {
      const e = at(avals, i);
      if (sameAval(x.aval, e)) return;
      throw new CustomRuleError(
        `${rule} must return what ${this.name} does, but ${this.leafName(i)} is ${showAval(x.aval)}, and ${showAval(e)} in ${this.name}`,
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
  type: TreeType,
  rule: string,
  what: string,
  nameOf: (i: number, steps?: number) => string,
): readonly Tangent[] {
  const aligned = alignTo(type.treedef, tree, (path, needed, got) => {
    const i = leafPaths(type.treedef).findIndex((p) => path.every((step, k) => p[k] === step));
    throw new CustomRuleError(
      `${rule}: the ${what} of ${nameOf(i, path.length)} must have the structure of its value, ${describeTree(needed)}, ` +
        `or be null for zero, but is ${describeTree(flatten(got).treedef)}`,
    );
  });
  return aligned.map((x, i) => {
    const aval = at(type.avals, i);
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
