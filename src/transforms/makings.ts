/** Which functions transformations made, and of what: for what shows a user's function as text. */

import { named, requireFunction } from './trees.ts';

type AnyFunction = (...args: never[]) => unknown;

/** How a function was made. */
export interface Making {
  /** The user's function. */
  readonly of: AnyFunction;
  /** The transformation, if `call(of)` makes such a function; null where it takes more than that. */
  readonly call: string | null;
  /** The positions of arguments that its rules do not differentiate by. */
  readonly nondiff: readonly number[];
}

const makings = new WeakMap<object, Making>();

/**
 * Remembers that `g` was made of `of` and computes something else; it has no name then. `options` are what the transformation
 * was given besides, if anything.
 */
export const madeOf = <G extends AnyFunction>(g: G, of: AnyFunction, call: string | null, options: object = {}): G =>
  remember(g, of, '', call, options, []);

/**
 * Remembers that `g` stands for `of`, whose name it has.
 *
 * @param call null where it has more than the text of `of` says, as rules of its own.
 */
export const standsFor = <G extends AnyFunction>(
  g: G,
  of: AnyFunction,
  call: string | null,
  options: object = {},
  nondiff: readonly number[] = [],
): G => remember(g, of, of.name, call, options, nondiff);

function remember<G extends AnyFunction>(
  g: G,
  of: AnyFunction,
  name: string,
  call: string | null,
  options: object,
  nondiff: readonly number[],
): G {
  requireFunction(of, call ?? 'transformation');
  makings.set(g, { of, call: Object.keys(options).length === 0 ? call : null, nondiff });
  return named(g, name);
}

/** How a function was made; null if no transformation made it. */
export const makingOf = (f: AnyFunction): Making | null => makings.get(f) ?? null;
