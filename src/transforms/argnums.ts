import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';

/** Which arguments a derivative is by, in types and at run time. */

/** The positions of a list's elements. */
export type Positions<A extends readonly unknown[]> = number extends A['length']
  ? number
  : Extract<keyof A, `${number}`> extends infer K
    ? K extends `${infer I extends number}`
      ? I
      : never
    : never;

/** Arguments to differentiate by: one by its position, or a list. */
export type Argnums = number | readonly number[];

/** The same where the function's arguments are known. */
export type ArgnumsOf<A extends readonly unknown[]> = Positions<A> | readonly Positions<A>[];

/** The position of the first argument. */
export type First<A extends readonly unknown[]> = Positions<A> & 0;

/** A position that is known at run time only; a literal must name an argument. */
export type DynamicArgnum<A extends readonly unknown[], N> = N extends number
  ? number extends N
    ? N
    : Positions<A>
  : readonly Positions<A>[];

/** What stands for an argument among gradients: an array for a number, its own type for a tree of arrays. */
type Differentiated<T> = T extends number ? NDArray : T;

/**
 * A gradient has the structure and types of its argument, and is an array for a number; by several arguments it is the list of
 * those.
 */
export type GradientOf<A extends readonly unknown[], N> = N extends readonly unknown[]
  ? { -readonly [K in keyof N]: N[K] extends keyof A ? Differentiated<A[N[K]]> : never }
  : Differentiated<ArgumentAt<A, N>>;

/** The argument that a derivative is by, where it is one. */
export type ArgumentAt<A extends readonly unknown[], N> = N extends keyof A ? A[N] : never;

/**
 * What an overload demands of a function besides its type, to be taken for a derivative by a number only. (A conditional result
 * type would do as well, but be of no use where the argument's type is a type parameter.)
 */
export type ByNumber<A extends readonly unknown[], N> = N extends keyof A
  ? A[N] extends number
    ? unknown
    : never
  : never;

/** Arguments split into those that a derivative is by and the others. */
export interface Chosen {
  /** What is differentiated by: the argument, or the list of arguments. */
  readonly tree: unknown;
  /** All arguments, with these in the place of the chosen ones. */
  readonly join: (tree: unknown) => readonly unknown[];
  /** How messages call the place at a path of `tree`: the argument's number and the rest of the path. */
  readonly argumentAt: (
    path: readonly (string | number)[],
  ) => readonly [argument: number, rest: readonly (string | number)[]];
}

/**
 * Chooses arguments.
 *
 * @throws ArgumentError for positions that the call does not have, or has twice.
 */
export function choose(args: readonly unknown[], argnums: number | readonly number[], name: string): Chosen {
  const list = typeof argnums === 'number' ? [argnums] : argnums;
  const bad = list.find((i, k) => !Number.isInteger(i) || i < 0 || i >= args.length || list.indexOf(i) !== k);
  if (bad !== undefined || list.length === 0) {
    const got = `argnums is ${typeof argnums === 'number' ? argnums : `[${argnums.join(', ')}]`}`;
    throw new ArgumentError(
      `${name}: ${got}, which must name arguments of the call, each once; it has ${args.length} argument${args.length === 1 ? '' : 's'}`,
    );
  }
  if (typeof argnums === 'number') {
    return {
      tree: args[argnums],
      join: (tree) => args.map((a, i) => (i === argnums ? tree : a)),
      argumentAt: (path) => [argnums, path],
    };
  }
  return {
    tree: list.map((i) => args[i]),
    join: (tree) => args.map((a, i) => (list.includes(i) ? (tree as readonly unknown[])[list.indexOf(i)] : a)),
    argumentAt: ([first, ...rest]) => [at(list, Number(first)), rest],
  };
}
