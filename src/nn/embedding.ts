import { isFloat, isInteger } from '../kernel/dtype.ts';
import type { DType } from '../kernel/dtype.ts';
import { convertElementType } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { cos, exp, sin } from '../lax/elementwise.ts';
import { concatenate, split, stack } from '../numpy/shape.ts';
import { take } from '../numpy/taking.ts';
import { uniform } from '../random/index.ts';
import type { Shape } from '../trace/aval.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, DTypeError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import type { Initializer } from './initializers.ts';
import type { Layer } from './layer.ts';
import { pure } from './layer.ts';

/** Layers that turn positions in a vocabulary, or in a sequence, into vectors. */

/** One vector a row: `[count, features]`. */
export type Embedding = { readonly embedding: NDArray };

/** How vectors begin. */
export interface EmbeddingOptions {
  /** Default uniform in ±0.05, as in Keras. */
  readonly embeddingInit?: Initializer;
}

const small: Initializer = (key, shape, dtype = 'f32') => uniform(key, shape, { minval: -0.05, maxval: 0.05, dtype });

/**
 * A vector for each word of a vocabulary: `y = embedding[x]`. The rows are gathered, and gradients added to the rows they
 * came from; no one-hot matrix is made.
 *
 * x: integers `[n, ...]`, below `count` · embedding: `[count, features]` · y: `f[n, ..., features]`, NaN where x is beyond. As
 * `keras.layers.Embedding`.
 *
 * @throws DTypeError for inputs that are no integers; ArgumentError unless both numbers are positive integers.
 * @example
 * const classifier = nn.sequential(nn.embedding(1000, 16), nn.rnn(nn.gruCell(32)), nn.dense(2));
 */
export function embedding(count: number, features: number, options: EmbeddingOptions = {}): Layer<Embedding, null> {
  const { embeddingInit = small } = options;
  if (![count, features].every((n) => Number.isInteger(n) && n > 0)) {
    throw new ArgumentError(
      `[nn.embedding] needs a positive number of words and of features, got ${count} and ${features}`,
    );
  }
  return pure(
    `embedding(${count}, ${features})`,
    (key, inputShape) => ({
      params: { embedding: embeddingInit(key, [count, features]) },
      outputShape: [...inputShape, features],
    }),
    (params, x) => {
      if (!isInteger(x.dtype)) {
        throw new DTypeError(`[nn.embedding] needs integers, got ${showAval(x.aval)}: cast them (x.astype('i32'))`);
      }
      return take(params.embedding, x, 0);
    },
  );
}

/** Length and features of sequences. */
export function sequenceOf(name: string, shape: Shape): readonly [time: number, features: number] {
  const [time, features] = shape;
  if (shape.length === 2 && time !== undefined && features !== undefined) return [time, features];
  throw new ArgumentError(`[nn.${name}] needs sequences [time, features], got inputs of shape [${shape.join(', ')}]`);
}

/** @throws ShapeMismatchError unless x is a batch of sequences, whose last axis is called `last`. */
export function requireSequences(name: string, x: NDArray, last: string): void {
  if (x.ndim === 3) return;
  throw new ShapeMismatchError(`[nn.${name}] runs over sequences [n, time, ${last}], got ${showAval(x.aval)}`);
}

/** Options of {@link learnedPosition}. */
export interface LearnedPositionOptions extends EmbeddingOptions {
  /** The longest sequence; default the length that `init` is told. */
  readonly maxLength?: number;
}

/**
 * Adds to each element of a sequence a vector that is learned for its position: `y = x + embedding[0 … time − 1]`.
 *
 * x, y: `f[n, time, features]` · embedding: `[maxLength, features]`. Sequences may be shorter than the longest.
 *
 * @throws ShapeMismatchError for sequences longer than that.
 * @example
 * const model = nn.sequential(nn.embedding(1000, 16), nn.learnedPosition({ maxLength: 50 }));
 * model.init(key, [20]).outputShape; // [20, 16]
 */
export function learnedPosition(options: LearnedPositionOptions = {}): Layer<Embedding, null> {
  const { embeddingInit = small, maxLength } = options;
  return pure(
    'learnedPosition',
    (key, inputShape) => {
      const [time, features] = sequenceOf('learnedPosition', inputShape);
      return { params: { embedding: embeddingInit(key, [maxLength ?? time, features]) }, outputShape: inputShape };
    },
    (params, x) => {
      const [time] = sequenceOf('learnedPosition', x.shape.slice(1));
      const longest = at(params.embedding.shape, 0);
      if (time > longest) {
        throw new ShapeMismatchError(
          `[nn.learnedPosition] has ${longest} positions, got ${showAval(x.aval)}: set maxLength`,
        );
      }
      return x.add(params.embedding.slice([0, time]));
    },
  );
}

/** The float dtype that angles are computed in. */
const angular = (dtype: DType): 'f32' | 'f64' => (dtype === 'f64' ? 'f64' : 'f32');

/** `base^(−2 i / features)` for i below half the features, in a row. */
function frequencies(features: number, base: number, dtype: 'f32' | 'f64'): NDArray {
  const i = broadcastedIota(dtype, [1, features / 2], 1);
  return exp(i.mul((-2 * Math.log(base)) / features));
}

/** Options of layers that turn positions into angles. */
export interface AngleOptions {
  /** The slowest angle turns in 2π · base steps; default 10000. */
  readonly base?: number;
}

/**
 * Adds to each element of a sequence sines and cosines of its position, of which distances can be read:
 *
 *     y[t, 2i] = x[t, 2i] + sin(t / base^(2i / features)),   y[t, 2i + 1] = x[t, 2i + 1] + cos(the same)
 *
 * x, y: `f[n, time, features]`, of an even number of features. Vaswani et al., 2017.
 *
 * @throws ArgumentError for an odd number of features.
 * @example
 * const [y] = nn.sinusoidalPosition().apply(null, null, np.zeros([1, 2, 4]), { training: false });
 * y; // [[[0, 1, 0, 1], [0.841471, 0.540302, 0.01, 0.99995]]]
 */
export function sinusoidalPosition({ base = 10000 }: AngleOptions = {}): Layer<null, null> {
  const checked = (shape: Shape): readonly [number, number] => {
    const [time, features] = sequenceOf('sinusoidalPosition', shape);
    if (features % 2 === 0) return [time, features];
    throw new ArgumentError(`[nn.sinusoidalPosition] needs an even number of features, got ${features}`);
  };
  return pure(
    'sinusoidalPosition',
    (_, inputShape) => {
      checked(inputShape);
      return { params: null, outputShape: inputShape };
    },
    (_, x) => {
      const [time, features] = checked(x.shape.slice(1));
      const dtype = angular(x.dtype);
      const angles = broadcastedIota(dtype, [time, 1], 0).mul(frequencies(features, base, dtype));
      return x.add(convertElementType(stack([sin(angles), cos(angles)], -1).reshape([time, features]), x.dtype));
    },
  );
}

/** Options of {@link ropeEmbedding}. */
export interface RopeOptions extends AngleOptions {
  /** Integers `[time]`, or `[n, time]`; default 0, 1, … */
  readonly positions?: ArrayLike;
}

/**
 * Turns queries and keys by angles that grow with their position, so that their products depend on distances only. The first
 * and the second half of a head are the two coordinates of `size / 2` planes:
 *
 *     (a, b) ↦ (a cos φ − b sin φ, b cos φ + a sin φ),   φ = position / base^(2i / size) in plane i
 *
 * x, result: `f[n, time, heads, size]`, of an even size; without n too. Su et al., 2021; halves as in GPT-NeoX and LLaMA.
 *
 * @throws ShapeMismatchError for another number of axes or an odd size.
 * @example
 * const turned = nn.ropeEmbedding(np.ones([2, 5, 4, 8]));
 */
export function ropeEmbedding(x: NDArray, { base = 10000, positions }: RopeOptions = {}): NDArray {
  const size = x.shape.at(-1) ?? 0;
  if (x.ndim < 3 || x.ndim > 4 || size % 2 !== 0 || !isFloat(x.dtype)) {
    throw new ShapeMismatchError(
      `[nn.ropeEmbedding] needs floats [n, time, heads, size] (or without n), of an even size; got ${showAval(x.aval)}`,
    );
  }
  const dtype = angular(x.dtype);
  const time = at(x.shape, -3);
  const given =
    positions === undefined ? broadcastedIota(dtype, [time], 0) : convertElementType(asArray(positions), dtype);
  const angles = given.reshape([...given.shape, 1, 1]).mul(frequencies(size, base, dtype));
  const [c, s] = [cos(angles), sin(angles)].map((v) => convertElementType(v, x.dtype)) as [NDArray, NDArray];
  const [a, b] = split(x, 2, -1) as readonly [NDArray, NDArray];
  return concatenate([a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))], -1);
}
