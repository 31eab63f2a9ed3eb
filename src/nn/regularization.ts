import { select } from '../lax/select.ts';
import { zerosOf } from '../lax/structural.ts';
import { broadcastTo } from '../numpy/promote.ts';
import { bernoulli, normal } from '../random/index.ts';
import type { Shape } from '../trace/aval.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import type { Layer } from './layer.ts';

/** Layers that disturb what passes through them in training, by the key in the context, and else do nothing. */

function disturbing(
  name: string,
  what: string,
  disturb: ((x: NDArray, key: NDArray) => NDArray) | null,
): Layer<null, null> {
  return {
    name: `${name}(${what})`,
    init: (_, inputShape) => ({ params: null, state: null, outputShape: inputShape }),
    apply(_, state, x, { training, key }) {
      if (!training || disturb === null) return [x, state];
      if (key !== undefined) return [disturb(x, key), state];
      throw new ArgumentError(
        `[nn.${name}] training needs a key to draw from: apply(params, state, x, { training: true, key })`,
      );
    },
  };
}

/** Sets to 0, together where `maskShape` has extent 1, and divides the rest by what is kept on average. */
function dropping(name: string, rate: number, maskShape: (shape: Shape) => Shape): Layer<null, null> {
  if (!(rate >= 0 && rate < 1)) {
    throw new ArgumentError(`[nn.${name}] the rate of what is dropped must be from 0 to below 1, got ${rate}`);
  }
  if (rate === 0) return disturbing(name, '0', null);
  return disturbing(name, `${rate}`, (x, key) => {
    const kept = bernoulli(key, 1 - rate, maskShape(x.shape));
    return select(broadcastTo(kept, x.shape), x.div(1 - rate), zerosOf(x.aval));
  });
}

/**
 * In training, sets each element to 0 with probability `rate`, and divides the others by `1 − rate`, so that the mean stays
 * what it is; else gives the input. The key in the context decides which. As `keras.layers.Dropout`.
 *
 * N. Srivastava et al.: Dropout: A Simple Way to Prevent Neural Networks from Overfitting. JMLR 15, 2014.
 *
 * @throws ArgumentError for a rate outside of [0, 1), and when it trains without a key.
 * @example
 * const model = sequential(dense(256), leakyRelu, dropout(0.3), dense(1));
 * const [y] = model.apply(params, state, x, { training: true, key });
 */
export const dropout = (rate: number): Layer<null, null> => dropping('dropout', rate, (shape) => shape);

/**
 * {@link dropout} of whole channels: x: `[n, ...spatial, channels]`. As `keras.layers.SpatialDropout2D`, for any number of
 * spatial axes.
 *
 * J. Tompson et al.: Efficient Object Localization Using Convolutional Networks. CVPR 2015.
 *
 * @throws ArgumentError for a rate outside of [0, 1), and when it trains without a key.
 * @example
 * const [y] = nn.spatialDropout(0.5).apply(null, null, np.ones([1, 2, 4]), { training: true, key });
 * y; // [[[0, 0, 2, 2], [0, 0, 2, 2]]]
 */
export const spatialDropout = (rate: number): Layer<null, null> =>
  dropping('spatialDropout', rate, (shape) => shape.map((n, i) => (i === 0 || i === shape.length - 1 ? n : 1)));

/**
 * In training, adds normal noise of mean 0 to each element; else gives the input. As `keras.layers.GaussianNoise`.
 *
 * @throws ArgumentError for a negative deviation, and when it trains without a key.
 * @example
 * const [y] = nn.gaussianNoise(0.1).apply(null, null, x, { training: true, key });
 * const [kept] = nn.gaussianNoise(0.1).apply(null, null, np.array([[1, 2]]), { training: false });
 * kept; // [[1, 2]]
 */
export function gaussianNoise(deviation: number): Layer<null, null> {
  if (!(deviation >= 0)) {
    throw new ArgumentError(`[nn.gaussianNoise] the standard deviation must not be negative, got ${deviation}`);
  }
  return disturbing('gaussianNoise', `${deviation}`, (x, key) =>
    x.add(normal(key, x.shape, { dtype: x.dtype }).mul(deviation)),
  );
}
