import type { Shape } from '../trace/aval.ts';
import { aval } from '../trace/aval.ts';
import { split } from '../random/index.ts';
import { stage } from '../trace/stage.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';

/** Parameters and state are plain pytrees of arrays. */
export type Tree = NDArray | null | readonly Tree[] | { readonly [name: string]: Tree };

/** What `apply` needs to know beside its input. */
export interface Context {
  /** Training, or using what was trained? Layers such as dropout differ in it. */
  readonly training: boolean;
  /** Randomness, for the layers that need some. */
  readonly key?: NDArray;
}

/** What `init` gives. */
export interface Initialized<P, S> {
  /** What training changes. */
  readonly params: P;
  /** What else a layer carries from call to call, such as running statistics; null where there is none. */
  readonly state: S;
  /** The shape of one output, without the batch axis. */
  readonly outputShape: Shape;
}

/**
 * A layer is a value: a pair of pure functions. All that it learns or remembers goes in and out as plain trees, so that
 * `grad`, `vmap` and `jit` see everything.
 */
export interface Layer<P extends Tree = Tree, S extends Tree = Tree> {
  /** For errors and tables: `dense(10)`. */
  readonly name: string;
  /** Fresh parameters for inputs of `inputShape`, the shape of one example, without the batch axis. */
  init(key: NDArray, inputShape: Shape): Initialized<P, S>;
  /** The outputs for a batch `x: [n, ...inputShape]`, and the state to go on with. */
  apply(params: P, state: S, x: NDArray, context: Context): readonly [y: NDArray, state: S];
}

/** What a layer made of others has: those that it applies to its own input, which tables show under it. */
export interface Branching {
  readonly branches: readonly Layer[];
}

/**
 * A layer without state: what `apply` computes depends on parameters and input only.
 *
 * @example
 * const scaled = nn.pure(
 *   'scaled',
 *   (_, inputShape) => ({ params: { factor: np.ones([]) }, outputShape: inputShape }),
 *   ({ factor }, x) => x.mul(factor),
 * );
 * const [y] = scaled.apply({ factor: np.array(3) }, null, np.array([[1, 2]]), { training: false });
 * y; // [[3, 6]]
 */
export const pure = <P extends Tree>(
  name: string,
  init: (key: NDArray, inputShape: Shape) => Omit<Initialized<P, null>, 'state'>,
  apply: (params: P, x: NDArray) => NDArray,
): Layer<P, null> => ({
  name,
  init: (key, inputShape) => ({ ...init(key, inputShape), state: null }),
  apply: (params, state, x) => [apply(params, x), state],
});

/**
 * Makes a layer without parameters of a function of a whole batch: `lambda(relu)`.
 *
 * The function is traced once on a batch of one to learn the shape of its outputs.
 *
 * @example
 * const rows = nn.lambda((images) => images.reshape([-1, 28, 28]), 'rows');
 */
export function lambda(f: (x: NDArray) => NDArray, name = f.name === '' ? 'lambda' : f.name): Layer<null, null> {
  return pure(
    name,
    (_, inputShape) => ({ params: null, outputShape: outputShapeOf(name, f, inputShape) }),
    (_, x) => f(x),
  );
}

/** The shape of what a function of batches makes of an example of each of these shapes. */
export function outputShapeOf(
  name: string,
  f: (...batches: readonly NDArray[]) => NDArray,
  ...shapes: readonly Shape[]
): Shape {
  const { jaxpr } = stage(`init of ${name}`, (...xs) => [f(...xs)], shapes.map((s) => aval([1, ...s], 'f32'))); // prettier-ignore
  return at(jaxpr.outputs, 0).aval.shape.slice(1);
}

/** A layer, or the function of a batch that one is made of. */
export type Part = Layer | ((x: NDArray) => NDArray);

/** A plain function, such as `relu`, stands for the layer {@link lambda} makes of it. */
export const layerOf = (part: Part): Layer => (typeof part === 'function' ? lambda(part) : part);

/** A context for each of several layers, with a key of its own where there is one. */
export function contextsFor(context: Context, count: number): readonly Context[] {
  const { key } = context;
  if (key === undefined || count === 0) return Array.from({ length: count }, () => context);
  return [...split(key, count)].map((own) => ({ ...context, key: own }));
}
