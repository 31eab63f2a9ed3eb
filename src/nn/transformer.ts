import { split } from '../random/index.ts';
import { ArgumentError } from '../trace/errors.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { gelu } from './activations.ts';
import type { Affine } from './dense.ts';
import { affine, initAffine } from './dense.ts';
import type { Context, Layer } from './layer.ts';
import { contextsFor } from './layer.ts';
import type { AttentionParams, DecodingLayer, KvCache, MultiHeadOptions } from './multi-head-attention.ts';
import { groupedQueryAttention, multiHeadAttention } from './multi-head-attention.ts';
import type { ScaleAndBias } from './norm.ts';
import { layerNorm } from './norm.ts';
import { dropout } from './regularization.ts';

/** Options of {@link transformerBlock}, {@link encoder} and {@link decoder}. */
export interface TransformerOptions extends Omit<MultiHeadOptions, 'features'> {
  /** Keys and values are shared by heads / groups heads; default as many as heads. */
  readonly groups?: number;
  /** Of the two dense layers between the attentions; default four times the features. */
  readonly hidden?: number;
  /** Between them; default {@link gelu}. */
  readonly activation?: (x: NDArray) => NDArray;
  /** How much of what attention and dense layers add is set to 0 in training, as {@link dropout} does; default 0. */
  readonly dropout?: number;
  /** Default {@link layerNorm} with epsilon 1e-5. */
  readonly norm?: Layer<ScaleAndBias, null>;
}

/** Parameters of {@link transformerBlock}. */
export type BlockParams = {
  readonly attentionNorm: ScaleAndBias;
  readonly attention: AttentionParams;
  readonly denseNorm: ScaleAndBias;
  readonly up: Affine;
  readonly down: Affine;
};

const evaluation = { training: false };

/**
 * Attention and two dense layers, each added to what it sees normalized (pre-norm):
 *
 *     z = x + attention(norm(x)),   y = z + down(activation(up(norm(z))))
 *
 * with dropout of what is added. x, y: `f[n, time, features]`. Vaswani et al., 2017; norms before, not after: Xiong et al., 2020.
 *
 * @throws ArgumentError unless heads fit features and groups, and when it trains with dropout and without a key.
 * @example
 * const model = nn.sequential(nn.embedding(50, 32), nn.sinusoidalPosition(), nn.transformerBlock(4), nn.dense(50));
 */
export function transformerBlock(heads: number, options: TransformerOptions = {}): DecodingLayer<BlockParams, KvCache> {
  const { groups = heads, activation = gelu, norm = layerNorm({ epsilon: 1e-5 }) } = options;
  const attention =
    groups === heads ? multiHeadAttention(heads, options) : groupedQueryAttention(heads, groups, options);
  const normed = (params: ScaleAndBias, x: NDArray): NDArray => norm.apply(params, null, x, evaluation)[0];
  const dropped = dropout(options.dropout ?? 0);
  const drop = (y: NDArray, context: Context): NDArray => dropped.apply(null, null, y, context)[0];
  const fed = (params: BlockParams, z: NDArray, context: Context): NDArray =>
    z.add(drop(affine(params.down, activation(affine(params.up, normed(params.denseNorm, z)))), context));
  return {
    name: `transformerBlock(${heads})`,
    init(key, inputShape) {
      const [one, two, three, four, five] = split(key, 5) as unknown as Keys;
      const width = at(inputShape, -1);
      const hidden = options.hidden ?? 4 * width;
      const params = {
        attentionNorm: norm.init(one, inputShape).params,
        attention: attention.init(two, inputShape).params,
        denseNorm: norm.init(three, inputShape).params,
        up: initAffine(four, [width, hidden], options),
        down: initAffine(five, [hidden, width], options),
      };
      return { params, state: null, outputShape: inputShape };
    },
    apply(params, state, x, context) {
      const [one, two] = contextsFor(context, 2) as [Context, Context];
      const [y] = attention.apply(params.attention, null, normed(params.attentionNorm, x), evaluation);
      return [fed(params, x.add(drop(y, one)), two), state];
    },
    cache: (params, n, capacity) => attention.cache(params.attention, n, capacity),
    decode(params, cache, x) {
      const [y, next] = attention.decode(params.attention, cache, normed(params.attentionNorm, x));
      return [fed(params, x.add(y), evaluation), next];
    },
  };
}

type Keys = readonly [NDArray, NDArray, NDArray, NDArray, NDArray];

/** Parameters of {@link encoder} and {@link decoder}. */
export type TransformerParams = { readonly blocks: readonly BlockParams[]; readonly norm: ScaleAndBias };

function stacked(
  name: string,
  depth: number,
  heads: number,
  options: TransformerOptions,
): DecodingLayer<TransformerParams, readonly KvCache[]> {
  if (!Number.isInteger(depth) || depth < 0) {
    throw new ArgumentError(`[nn.${name}] the number of blocks must be an integer, 0 or more; got ${depth}`);
  }
  const { norm = layerNorm({ epsilon: 1e-5 }) } = options;
  const block = transformerBlock(heads, options);
  const normed = (params: TransformerParams, x: NDArray): NDArray => norm.apply(params.norm, null, x, evaluation)[0];
  return {
    name: `${name}(${depth}, ${heads})`,
    init(key, inputShape) {
      const keys = [...split(key, depth + 1)];
      const blocks = range(depth).map((i) => block.init(at(keys, i), inputShape).params);
      return {
        params: { blocks, norm: norm.init(at(keys, depth), inputShape).params },
        state: null,
        outputShape: inputShape,
      };
    },
    apply(params, state, x, context) {
      const contexts = contextsFor(context, params.blocks.length);
      const y = params.blocks.reduce((z, own, i) => block.apply(own, null, z, at(contexts, i))[0], x);
      return [normed(params, y), state];
    },
    cache: ({ blocks }, n, capacity) => blocks.map((own) => block.cache(own, n, capacity)),
    decode(params, caches, x) {
      let y = x;
      const next = params.blocks.map((own, i) => {
        const [z, cache] = block.decode(own, at(caches, i), y);
        y = z;
        return cache;
      });
      return [normed(params, y), next];
    },
  };
}

/**
 * Transformer blocks in which every element attends to all, and a last norm: for classifying and tagging.
 *
 * x, y: `f[n, time, features]`. Devlin et al., 2019 (BERT).
 *
 * @throws ArgumentError unless `depth` is an integer, 0 or more.
 * @example
 * const tagger = nn.sequential(nn.embedding(50, 32), nn.learnedPosition(), nn.encoder(2, 4), nn.dense(5));
 */
export const encoder = (
  depth: number,
  heads: number,
  options: TransformerOptions = {},
): Layer<TransformerParams, null> => stacked('encoder', depth, heads, options);

/**
 * Transformer blocks in which an element attends to itself and those before, and a last norm: for generating. `cache` and
 * `decode` run it element by element, with the outputs of the whole; positions are best told by `rope` then.
 *
 * x, y: `f[n, time, features]`. Radford et al., 2018 (GPT).
 *
 * @throws ArgumentError unless `depth` is an integer, 0 or more.
 * @example
 * const model = nn.decoder(2, 4, { rope: true });
 * const { params } = model.init(random.key(0), [10, 32]);
 * const [y, caches] = model.decode(params, model.cache(params, 1, 10), np.ones([1, 3, 32]));
 */
export const decoder = (
  depth: number,
  heads: number,
  options: Omit<TransformerOptions, 'isCausal'> = {},
): DecodingLayer<TransformerParams, readonly KvCache[]> =>
  stacked('decoder', depth, heads, { ...options, isCausal: true });
