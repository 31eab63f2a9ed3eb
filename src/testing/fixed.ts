import { makingOf } from '../transforms/makings.ts';
import { staticsOf } from '../transforms/jit.ts';
import { named, nameOf } from '../transforms/trees.ts';
import type { Fn } from './subject.ts';

/**
 * Arguments that need not be arrays: those that a function with rules of its own is not differentiated by (`nondiffArgnums`), and
 * static ones of a jitted function (`staticArgnums`).
 */

/** A call of which only some arguments are left open. */
export interface FixedCall {
  readonly of: Fn<never>;
  readonly all: readonly unknown[];
  /** The positions of those that are left open. */
  readonly open: readonly number[];
}

const fixedCalls = new WeakMap<object, FixedCall>();

/** The call that a function is, if {@link fixedCall} made it. */
export const fixedCallOf = (f: object): FixedCall | null => fixedCalls.get(f) ?? null;

/** A function of the arguments that are part of what is checked, the others being fixed, and these; null where all are. */
export function fixedCall(
  f: Fn<never>,
  all: readonly unknown[],
): { readonly f: Fn<never>; readonly args: readonly unknown[]; readonly open: readonly number[] } | null {
  const fixed = [...(makingOf(f)?.nondiff ?? []), ...staticsOf(f, nameOf(f), all.length)];
  if (fixed.length === 0) return null;
  const open = all.flatMap((_, i) => (fixed.includes(i) ? [] : [i]));
  const given = (...some: readonly unknown[]): unknown => {
    const args = [...all];
    open.forEach((position, i) => (args[position] = some[i]));
    return (f as (...xs: readonly unknown[]) => unknown)(...args);
  };
  const made = named(given, f.name) as Fn<never>;
  fixedCalls.set(made, { of: f, all, open });
  return { f: made, args: open.map((i) => all[i]), open };
}
