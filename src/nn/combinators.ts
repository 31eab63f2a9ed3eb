import { concatenate } from '../numpy/shape.ts';
import { split } from '../random/index.ts';
import { scan } from '../transforms/control/index.ts';
import { vmap } from '../transforms/vmap.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import type { Branching, Context, Initialized, Layer, Part, Tree } from './layer.ts';
import { contextsFor, layerOf, outputShapeOf } from './layer.ts';

/** Layers made of layers; `sequential.ts` has the one that puts them one after the other. */

const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Throws unless the layer's outputs have the shape of its inputs. */
function requireSameShape(name: string, layer: Layer, inputShape: Shape, outputShape: Shape): void {
  if (outputShape.length === inputShape.length && outputShape.every((n, i) => n === inputShape[i])) return;
  throw new ArgumentError(
    `[nn.${name}] ${layer.name} must give the shape that it gets, but makes ${showShape(outputShape)} of ${showShape(inputShape)}`,
  );
}

function requireCount(name: string, what: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new ArgumentError(`[nn.${name}] the number of ${what} must be a whole number from 1, got ${count}`);
}

/**
 * Adds a layer's input to its output: `y = x + layer(x)`. Its parameters and state are the layer's.
 *
 * K. He et al.: Deep Residual Learning for Image Recognition. CVPR 2016. Where the shapes differ, {@link parallel} adds the
 * outputs of two layers.
 *
 * @throws ArgumentError when init finds that the layer changes the shape.
 * @example
 * residual(sequential(layerNorm(), dense(64), gelu, dense(64)));
 */
export const residual = <P extends Tree, S extends Tree>(layer: Layer<P, S>): Layer<P, S> & Branching => ({
  name: `residual(${layer.name})`,
  branches: [layer],
  init(key, inputShape) {
    const made = layer.init(key, inputShape);
    requireSameShape('residual', layer, inputShape, made.outputShape);
    return made;
  },
  apply(params, state, x, context) {
    const [y, after] = layer.apply(params, state, x, context);
    return [x.add(y), after];
  },
});

/** Joins the outputs of layers along their last axis. */
const joined = (...ys: readonly NDArray[]): NDArray => concatenate(ys, -1);

/**
 * Applies each layer to the same input, and puts the outputs together, along the last axis unless `merge` says otherwise. Its
 * parameters and state are the tuples of theirs.
 *
 * @param merge a function of as many batches as there are layers.
 * @throws ArgumentError when there are no layers.
 * @example
 * const block = sequential(conv2d(64, 3, { strides: 2, padding: 'SAME' }), batchNorm());
 * const shrinking = parallel([block, conv2d(64, 1, { strides: 2 })], (y, shortcut) => y.add(shortcut));
 */
export function parallel(
  parts: readonly Part[],
  merge: (...ys: NDArray[]) => NDArray = joined,
): Layer<readonly Tree[], readonly Tree[]> & Branching {
  const layers = parts.map(layerOf);
  if (layers.length === 0) throw new ArgumentError('[nn.parallel] needs one layer or more');
  const name = `parallel(${layers.map((layer) => layer.name).join(', ')})`;
  return {
    name,
    branches: layers,
    init(key, inputShape) {
      const keys = [...split(key, layers.length)];
      const made = layers.map((layer, i) => layer.init(at(keys, i), inputShape));
      const shapes = made.map(({ outputShape }) => outputShape);
      return {
        params: made.map(({ params }) => params),
        state: made.map(({ state }) => state),
        outputShape: outputShapeOf(name, merge, ...shapes),
      };
    },
    apply(params, state, x, context) {
      const contexts = contextsFor(context, layers.length);
      const made = layers.map((layer, i) => layer.apply(at(params, i), at(state, i), x, at(contexts, i)));
      return [merge(...made.map(([y]) => y)), made.map(([, after]) => after)];
    },
  };
}

/** What one of several equal layers gets in a loop over them: null for the key where there is none. */
type Slices<P, S> = readonly [params: P, state: S, key: NDArray | null];

const slicesOf = <P, S>(params: P, state: S, { key }: Context, count: number): Slices<P, S> => [
  params,
  state,
  key === undefined ? null : split(key, count),
];

const withKey = (context: Context, key: NDArray | null): Context => (key === null ? context : { ...context, key });

/** Parameters and states of equal layers, stacked along a new first axis. */
function initStacked<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  key: NDArray,
  inputShape: Shape,
  count: number,
): Initialized<P, S> {
  let outputShape: Shape = [];
  const [params, state] = vmap((own: NDArray): readonly [P, S] => {
    const made = layer.init(own, inputShape);
    ({ outputShape } = made);
    return [made.params, made.state];
  })(split(key, count));
  return { params, state, outputShape };
}

/**
 * Equal layers one after the other, compiled as one: `lax.scan` runs them, so that what it takes to trace and compile does
 * not grow with their number. Parameters and state are those of one layer, each array with a new first axis of extent
 * `count`; each layer begins with a key of its own, and draws with one.
 *
 * @throws ArgumentError when init finds that the layer changes the shape, or the number is none.
 * @example
 * const deep = scanLayers(residual(sequential(layerNorm(), dense(64), gelu)), 12);
 */
export function scanLayers<P extends Tree, S extends Tree>(layer: Layer<P, S>, count: number): Layer<P, S> & Branching {
  requireCount('scanLayers', 'layers', count);
  return {
    name: `scanLayers(${layer.name}, ${count})`,
    branches: [layer],
    init(key, inputShape) {
      const made = initStacked(layer, key, inputShape, count);
      requireSameShape('scanLayers', layer, inputShape, made.outputShape);
      return made;
    },
    apply(params, state, x, context) {
      const one = (y: NDArray, [p, s, key]: Slices<P, S>): readonly [NDArray, S] =>
        layer.apply(p, s, y, withKey(context, key));
      return scan(one, x, slicesOf(params, state, context, count), { length: count });
    },
  };
}

/**
 * An ensemble: equal layers that differ in their parameters, side by side on the same input, by `vmap`. Parameters and state
 * are those of one layer, each array with a new first axis of extent `count`; each layer begins with a key of its own, and
 * draws with one.
 *
 * x: `[n, ...]` · y: `[n, count, ...]`, the outputs of each layer.
 *
 * @throws ArgumentError when the number is none.
 * @example
 * const ensemble = vmapLayers(sequential(dense(64), relu, dense(10)), 5);
 * const [logits] = ensemble.apply(params, state, x, { training: false }); // [n, 5, 10]
 */
export function vmapLayers<P extends Tree, S extends Tree>(layer: Layer<P, S>, count: number): Layer<P, S> & Branching {
  requireCount('vmapLayers', 'layers', count);
  return {
    name: `vmapLayers(${layer.name}, ${count})`,
    branches: [layer],
    init(key, inputShape) {
      const { params, state, outputShape } = initStacked(layer, key, inputShape, count);
      return { params, state, outputShape: [count, ...outputShape] };
    },
    apply(params, state, x, context) {
      const one = ([p, s, key]: Slices<P, S>): readonly [NDArray, S] => layer.apply(p, s, x, withKey(context, key));
      return vmap(one, 0, { outAxes: [1, 0], axisSize: count })(slicesOf(params, state, context, count));
    },
  };
}

/**
 * One layer several times in a row, with the same parameters: `y = layer(layer(… layer(x)))`. Parameters and state are those
 * of the one layer; the state goes from each time to the next, and each time draws with a key of its own. `lax.scan` runs it.
 *
 * Z. Lan et al.: ALBERT: A Lite BERT for Self-supervised Learning of Language Representations. ICLR 2020.
 *
 * @throws ArgumentError when init finds that the layer changes the shape, or the number is none.
 * @example
 * const recurrentInDepth = shared(residual(sequential(layerNorm(), dense(64), gelu)), 6);
 */
export function shared<P extends Tree, S extends Tree>(layer: Layer<P, S>, times: number): Layer<P, S> & Branching {
  requireCount('shared', 'times', times);
  return {
    name: `shared(${layer.name}, ${times})`,
    branches: [layer],
    init(key, inputShape) {
      const made = layer.init(key, inputShape);
      requireSameShape('shared', layer, inputShape, made.outputShape);
      return made;
    },
    apply(params, state, x, context) {
      const keys = context.key === undefined ? null : split(context.key, times);
      const one = ([y, s]: readonly [NDArray, S], key: NDArray | null): readonly [readonly [NDArray, S], null] => [
        layer.apply(params, s, y, withKey(context, key)),
        null,
      ];
      const [last] = scan<readonly [NDArray, S], NDArray | null, null>(one, [x, state], keys, { length: times });
      return last;
    },
  };
}
