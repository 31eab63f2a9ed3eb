import type { Monoid } from 'fp-ts/lib/Monoid.js';
import { split } from '../random/index.ts';
import { ArgumentError } from '../trace/errors.ts';
import { at } from '../util/array.ts';
import type { Layer, Part, Tree } from './layer.ts';
import { contextsFor, layerOf } from './layer.ts';

/** Layers one after the other. Its parameters and state are the tuples of theirs. */
export interface Sequential extends Layer<readonly Tree[], readonly Tree[]> {
  readonly layers: readonly Layer[];
}

export const isSequential = (layer: Layer): layer is Sequential => 'layers' in layer;

/**
 * Applies layers in order, each to the output of the one before. A plain function of a batch, such as `relu`, stands for
 * the layer {@link lambda} makes of it. Sequences within sequences are taken apart, so that grouping makes no difference,
 * to the parameters either.
 *
 * @example
 * const classifier = sequential(flatten(), dense(64), relu, dense(10));
 */
export function sequential(...parts: readonly Part[]): Sequential {
  const layers = parts.map(layerOf).flatMap((layer) => (isSequential(layer) ? layer.layers : [layer]));
  const check = (what: string, values: readonly Tree[]): void => {
    if (values.length === layers.length) return;
    const needed = `[nn.sequential] ${layers.length} layers got ${what} for ${values.length}: use what init gave`;
    throw new ArgumentError(needed);
  };
  return {
    name: `sequential(${layers.map(({ name }) => name).join(', ')})`,
    layers,
    init(key, inputShape) {
      const keys = layers.length === 0 ? [] : [...split(key, layers.length)];
      let outputShape = inputShape;
      const made = layers.map((layer, i) => {
        const one = layer.init(at(keys, i), outputShape);
        outputShape = one.outputShape;
        return one;
      });
      return { params: made.map(({ params }) => params), state: made.map(({ state }) => state), outputShape };
    },
    apply(params, state, x, context) {
      check('parameters', params);
      check('state', state);
      const contexts = contextsFor(context, layers.length);
      let y = x;
      const states = layers.map((layer, i) => {
        const [next, after] = layer.apply(params[i] ?? null, state[i] ?? null, y, at(contexts, i));
        y = next;
        return after;
      });
      return [y, states];
    },
  };
}

/** Sequences form a monoid: putting them one after the other is associative, and no layers at all are its unit. */
export const sequentialMonoid: Monoid<Sequential> = {
  empty: sequential(),
  concat: (first, second) => sequential(first, second),
};
