import type { Shape } from '../trace/aval.ts';
import { product } from '../util/array.ts';
import type { Layer } from './layer.ts';
import { lambda } from './layer.ts';

/**
 * Flattens each example: `[n, ...shape]` to `[n, product of shape]`.
 *
 * @example
 * nn.flatten().init(key, [28, 28, 1]).outputShape; // [784]
 */
export const flatten = (): Layer<null, null> =>
  lambda((x) => x.reshape([x.shape[0] ?? 1, product(x.shape.slice(1))]), 'flatten');

/**
 * Gives each example another shape, without moving elements: `[n, ...]` to `[n, ...shape]`. One extent may be −1: what the
 * others leave. As `keras.layers.Reshape`.
 *
 * @throws ShapeMismatchError when init gets examples of another number of elements.
 * @example
 * sequential(dense(7 * 7 * 256), relu, reshape([7, 7, 256]));
 */
export const reshape = (shape: Shape): Layer<null, null> =>
  lambda((x) => x.reshape([x.shape[0] ?? 1, ...shape]), `reshape(${shape.join(', ')})`);
