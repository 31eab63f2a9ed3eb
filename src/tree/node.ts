/**
 * Classes as nodes of trees. An instance of a class that nobody registered is a leaf.
 */
export interface NodeType {
  /** The class's name, for messages. */
  readonly name: string;
  /** What of the instance are leaves, as a tree, and what is fixed. */
  flatten(x: object): { readonly children: unknown; readonly fixed: unknown };
  unflatten(fixed: unknown, children: unknown): object;
  /** Instances have one structure if this is structurally equal for their fixed parts. */
  keyOf(fixed: unknown): unknown;
}

/** A class, abstract ones and those with private constructors too. */
export interface ClassOf<T extends object> {
  readonly name: string;
  readonly prototype: T;
}

const types = new Map<object, NodeType>();

/** How to take an object apart, if its class was registered. */
export const nodeTypeOf = (x: object): NodeType | undefined =>
  types.size === 0 ? undefined : types.get(Object.getPrototypeOf(x) as object);

/**
 * Makes instances of a class nodes of trees, so that transformations see the arrays in them.
 *
 * @param flatten gives `[children, fixed]`: a tree (a list, an object) of what is differentiated, batched and traced, and
 *   what is part of the structure. Two instances have one structure if their `fixed` are structurally equal: plain values
 *   by value, functions and class instances by identity.
 * @param unflatten makes an instance from the two. Transformations call it with tracers, or anything else, in the place
 *   of arrays, so it should check nothing.
 * @example
 * class Dense {
 *   constructor(readonly w: NDArray, readonly activation: (x: NDArray) => NDArray) {}
 * }
 * registerNode(Dense, (d) => [{ w: d.w }, d.activation], (activation, { w }) => new Dense(w, activation));
 */
export function registerNode<T extends object, C, F>(
  type: ClassOf<T>,
  flatten: (x: T) => readonly [children: C, fixed: F],
  unflatten: (fixed: F, children: C) => T,
): void {
  types.set(type.prototype, {
    name: type.name,
    flatten: (x) => {
      const [children, fixed] = flatten(x as T);
      return { children, fixed };
    },
    unflatten: (fixed, children) => unflatten(fixed as F, children as C),
    keyOf: (fixed) => fixed,
  });
}

/**
 * Makes instances of a class nodes without leaves: they go through transformations as they are, as part of the structure.
 * A jitted function is traced again for an instance of another structure.
 *
 * @param key what of an instance matters: instances whose keys are structurally equal have one structure. Default: the
 *   instance itself, by identity.
 * @example
 * registerStatic(Config, (c) => [c.heads, c.causal]);
 */
export function registerStatic<T extends object>(type: ClassOf<T>, key: (x: T) => unknown = (x) => x): void {
  types.set(type.prototype, {
    name: type.name,
    flatten: (x) => ({ children: null, fixed: x }),
    unflatten: (fixed) => fixed as object,
    keyOf: (fixed) => key(fixed as T),
  });
}
