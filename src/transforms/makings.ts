/** Which functions transformations made, and of what: for what shows a user's function as text. */

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

/** Remembers that `g` was made of `of`; `options` are what the transformation was given besides, if anything. */
export function madeOf<G extends object>(g: G, of: AnyFunction, call: string, options: object = {}): G {
  makings.set(g, { of, call: Object.keys(options).length === 0 ? call : null, nondiff: [] });
  return g;
}

/** Remembers that `g` is `of` with more than its text says: rules of its own, a limit. */
export function standsFor<G extends object>(g: G, of: AnyFunction, nondiff: readonly number[] = []): G {
  makings.set(g, { of, call: null, nondiff });
  return g;
}

/** How a function was made; null if no transformation made it. */
export const makingOf = (f: AnyFunction): Making | null => makings.get(f) ?? null;
