import type { FloatType } from '../kernel/dtype.ts';
import { dynamicUpdateSliceInDim } from '../lax/dynamic.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { fill } from '../lax/structural.ts';
import { split } from '../random/index.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { ArgumentError, DTypeError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import type { AttentionOptions } from './attention.ts';
import { dotProductAttention } from './attention.ts';
import type { Affine, AffineOptions } from './dense.ts';
import { affine, initAffine } from './dense.ts';
import { requireSequences, ropeEmbedding, sequenceOf } from './embedding.ts';
import type { Layer, Tree } from './layer.ts';

/**
 * The mask with which a target attends to sources up to its own position: bool `[targets, sources]`, true where
 * `source ≤ target + offset`.
 *
 * @param offset the position of the first target among the sources, which may be an array; default 0.
 * @example
 * nn.causalMask(2); // [[true, false], [true, true]]
 */
export function causalMask(targets: number, sources = targets, offset: ArrayLike = 0): NDArray {
  const shape = [targets, sources];
  return broadcastedIota('i32', shape, 1).le(broadcastedIota('i32', shape, 0).add(offset));
}

/**
 * The mask of sources that are no padding: bool `[n, 1, 1, sources]` of bool `[n, sources]`, for `attend` and
 * {@link dotProductAttention}. Masks combine by `np.logicalAnd`.
 *
 * @throws DTypeError unless it is bool `[n, sources]`.
 * @example
 * nn.paddingMask(np.array([[true, true, false]])); // [[[[true, true, false]]]]
 */
export function paddingMask(valid: ArrayLike): NDArray {
  const given = asArray(valid);
  if (given.dtype === 'bool' && given.ndim === 2) return given.reshape([at(given.shape, 0), 1, 1, at(given.shape, 1)]);
  throw new DTypeError(
    `[nn.paddingMask] needs bool [n, sources], true where a source counts; got ${showAval(given.aval)}`,
  );
}

/** Keys and values `[n, capacity, groups, size]` of the positions before `length`, an i32[]. */
export type KvCache = { readonly key: NDArray; readonly value: NDArray; readonly length: NDArray };

/**
 * An empty cache of keys and values for `n` sequences of at most `capacity` elements. It is a plain tree that decoding takes
 * and gives back, so that a whole generation is one `lax.scan`.
 *
 * @example
 * const cache = nn.kvCache(2, 100, 4, 8); // 2 sequences, 100 elements, 4 groups of 8 numbers
 * cache.key.shape; // [2, 100, 4, 8]
 */
export const kvCache = (
  n: number,
  capacity: number,
  groups: number,
  size: number,
  dtype: FloatType = 'f32',
): KvCache => ({
  key: fill([n, capacity, groups, size], dtype, 0),
  value: fill([n, capacity, groups, size], dtype, 0),
  length: fill([], 'i32', 0),
});

/** A layer over sequences that can also be run element by element, with what it needs of those before in a cache. */
export interface DecodingLayer<P extends Tree, K extends Tree> extends Layer<P, null> {
  /** The cache before the first element, for `n` sequences of at most `capacity` elements. */
  cache(params: P, n: number, capacity: number): K;
  /**
   * The outputs for the next elements `x: [n, time, features]` (one, or a whole prompt), and the cache with them: the same as
   * those of all elements at once, if the layer is causal. No more than the capacity may be put in.
   *
   * @throws ArgumentError when the layer is not causal.
   */
  decode(params: P, cache: K, x: NDArray): readonly [y: NDArray, cache: K];
}

/** Parameters of attention: query `[in, heads · size]`, key and value `[in, groups · size]`, out `[heads · size, features]`. */
export type AttentionParams = {
  readonly query: Affine;
  readonly key: Affine;
  readonly value: Affine;
  readonly out: Affine;
};

/** An attention layer: applied, a sequence attends to itself. */
export interface Attention extends DecodingLayer<AttentionParams, KvCache> {
  /**
   * Targets `[n, targets, in]` attend to sources `[n, sources, in]`: cross-attention, and masks of one's own.
   *
   * @param options mask and bias broadcast to `[n, heads, targets, sources]`.
   */
  attend(params: AttentionParams, targets: NDArray, sources: NDArray, options?: AttentionOptions): NDArray;
}

/** Options of attention layers. */
export interface MultiHeadOptions extends AffineOptions {
  /** Of a head; default the input's features divided by the heads. */
  readonly size?: number;
  /** Of the output; default the input's. */
  readonly features?: number;
  /** May an element attend to itself and those before only? Default false. */
  readonly isCausal?: boolean;
  /** Turn queries and keys by their positions (see {@link ropeEmbedding}), with base 10000 or another one? Default false. */
  readonly rope?: boolean | number;
}

/** `[n, time, heads · size]` as `[n, time, heads, size]`. */
const apart = (x: NDArray, heads: number): NDArray =>
  x.reshape([...x.shape.slice(0, 2), heads, at(x.shape, 2) / heads]);

function attention(name: string, heads: number, groups: number, options: MultiHeadOptions): Attention {
  const { isCausal = false, rope = false } = options;
  if (![heads, groups].every((n) => Number.isInteger(n) && n > 0) || heads % groups !== 0) {
    throw new ArgumentError(`[nn.${name}] needs a positive number of heads, a multiple of the groups; got ${heads} and ${groups}`); // prettier-ignore
  }
  const turned = (x: NDArray, from: ArrayLike): NDArray => {
    if (rope === false) return x;
    const positions = broadcastedIota('i32', [at(x.shape, 1)], 0).add(from);
    return ropeEmbedding(x, { positions, ...(rope === true ? {} : { base: rope }) });
  };
  const queries = ({ query }: AttentionParams, x: NDArray, from: ArrayLike): NDArray =>
    turned(apart(affine(query, x), heads), from);
  const keys = ({ key }: AttentionParams, x: NDArray, from: ArrayLike): NDArray =>
    turned(apart(affine(key, x), groups), from);
  const joined = ({ out }: AttentionParams, y: NDArray): NDArray =>
    affine(out, y.reshape([...y.shape.slice(0, 2), -1]));
  const attend: Attention['attend'] = (params, targets, sources, how = {}) => {
    for (const x of [targets, sources]) requireSequences(name, x, 'features');
    const values = apart(affine(params.value, sources), groups);
    return joined(params, dotProductAttention(queries(params, targets, 0), keys(params, sources, 0), values, how));
  };
  return {
    name: `${name}(${heads === groups ? heads : `${heads}, ${groups}`})`,
    init(key, inputShape) {
      const [time, width] = sequenceOf(name, inputShape);
      const size = options.size ?? width / heads;
      if (!Number.isInteger(size)) {
        throw new ArgumentError(`[nn.${name}] ${width} features can't be cut into ${heads} heads: set size`);
      }
      const features = options.features ?? width;
      const [one, two, three, four] = split(key, 4) as unknown as readonly [NDArray, NDArray, NDArray, NDArray];
      const params = {
        query: initAffine(one, [width, heads * size], options),
        key: initAffine(two, [width, groups * size], options),
        value: initAffine(three, [width, groups * size], options),
        out: initAffine(four, [heads * size, features], options),
      };
      return { params, state: null, outputShape: [time, features] };
    },
    apply: (params, state, x) => [attend(params, x, x, { isCausal }), state],
    attend,
    cache: ({ key: { kernel } }, n, capacity) =>
      kvCache(n, capacity, groups, at(kernel.shape, 1) / groups, kernel.dtype as FloatType),
    decode(params, { key, value, length }, x) {
      if (!isCausal) throw new ArgumentError(`[nn.${name}] decoding needs a causal layer: set isCausal`);
      requireSequences(name, x, 'features');
      const time = at(x.shape, 1);
      const cache = {
        key: dynamicUpdateSliceInDim(key, keys(params, x, length), length, 1),
        value: dynamicUpdateSliceInDim(value, apart(affine(params.value, x), groups), length, 1),
        length: length.add(time),
      };
      const mask = causalMask(time, at(key.shape, 1), length);
      return [joined(params, dotProductAttention(queries(params, x, length), cache.key, cache.value, { mask })), cache];
    },
  };
}

/**
 * Attention with several heads: each element of a sequence gathers from all of them what fits its query,
 *
 *     y = concat over heads of softmax(Q Kᵀ / √size) V, · out   with Q, K, V = x · query, x · key, x · value, each plus a bias
 *
 * x: `f[n, time, in]` · y: `f[n, time, features]`. Formula as `flax.linen.MultiHeadDotProductAttention`; kernels begin Glorot uniform,
 * as matrices, and biases at zero, as in Keras. `attend` takes masks, and sources that are another sequence; `cache` and `decode`
 * run a causal layer element by element. Vaswani et al., 2017.
 *
 * @throws ArgumentError unless `heads` is a positive integer, and divides the features where no size is given.
 * @throws ShapeMismatchError unless x is `[n, time, in]`.
 * @example
 * const layer = nn.multiHeadAttention(4, { isCausal: true });
 * const { params, state } = layer.init(random.key(0), [10, 32]);
 * const [y] = layer.apply(params, state, np.ones([2, 10, 32]), { training: false });
 */
export const multiHeadAttention = (heads: number, options: MultiHeadOptions = {}): Attention =>
  attention('multiHeadAttention', heads, heads, options);

/**
 * {@link multiHeadAttention} where `heads / groups` heads share keys and values, so that the cache of decoding is as many times
 * smaller; one group is multi-query attention. Ainslie et al., 2023.
 *
 * @throws ArgumentError unless the heads are a multiple of the groups.
 * @example
 * const { params } = nn.groupedQueryAttention(8, 2).init(random.key(0), [10, 32]); // heads of 4 numbers
 * params.query.kernel.shape; // [32, 32]
 * params.key.kernel.shape; // [32, 8]
 */
export const groupedQueryAttention = (heads: number, groups: number, options: MultiHeadOptions = {}): Attention =>
  attention('groupedQueryAttention', heads, groups, options);
