import { isFloat } from '../kernel/dtype.ts';
import { finfo } from '../numpy/dtypes.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { where } from '../numpy/elementwise.ts';
import { einsum } from '../numpy/einsum.ts';
import { broadcastTo } from '../numpy/promote.ts';
import { repeat } from '../numpy/rearrange.ts';
import { showAval } from '../trace/aval.ts';
import { asArray } from '../trace/asarray.ts';
import { DTypeError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayLike, NDArray } from '../trace/value.ts';
import { at } from '../util/array.ts';
import { softmax } from './activations.ts';

/** Options of {@link dotProductAttention}. */
export interface AttentionOptions {
  /** Added to the scores; broadcasts to `[batch, heads, targets, sources]`. */
  readonly bias?: ArrayLike;
  /** Bool, true where a source may be attended to; broadcasts likewise. */
  readonly mask?: ArrayLike;
  /** Of the scores; default 1 / √(head size). */
  readonly scale?: number;
  /** May a target attend to sources up to its own position only? Default false. */
  readonly isCausal?: boolean;
}

/**
 * Scaled dot-product attention, for each head `softmax(Q Kᵀ · scale + bias) V`. Vaswani et al., 2017; as
 * `jax.nn.dot_product_attention`.
 *
 * query: `[batch, targets, heads, size]` · key, value: `[batch, sources, groups, size]`, where `heads` is a multiple of
 * `groups` (grouped queries) · result as query. All three may be without the batch axis.
 *
 * @throws ShapeMismatchError when the shapes do not fit together; DTypeError for a mask that is not bool.
 * @example
 * nn.dotProductAttention(np.ones([2, 5, 4, 8]), np.ones([2, 7, 4, 8]), np.ones([2, 7, 4, 8])).shape; // [2, 5, 4, 8]
 */
export function dotProductAttention(
  query: NDArray,
  key: NDArray,
  value: NDArray,
  options: AttentionOptions = {},
): NDArray {
  if (query.ndim === 3) {
    const add = (x: NDArray): NDArray => x.reshape([1, ...x.shape]);
    const batched = dotProductAttention(add(query), add(key), add(value), options);
    return batched.reshape(batched.shape.slice(1));
  }
  const [heads, groups] = checked(query, key, value);
  const spread = (x: NDArray): NDArray => (heads === groups ? x : repeat(x, heads / groups, 2));
  const scale = options.scale ?? 1 / Math.sqrt(at(query.shape, 3));
  const raw = einsum('btnh,bsnh->bnts', query, spread(key)).mul(scale);
  const scores = options.bias === undefined ? raw : raw.add(options.bias);
  return einsum('bnts,bsnh->btnh', softmax(masked(scores, options)), spread(value));
}

function checked(query: NDArray, key: NDArray, value: NDArray): readonly [heads: number, groups: number] {
  const [b, , n, h] = query.shape;
  const [kb, s, k, kh] = key.shape;
  const fits =
    query.ndim === 4 &&
    key.ndim === 4 &&
    value.shape.length === 4 &&
    kb === b &&
    kh === h &&
    value.shape[0] === b &&
    value.shape[1] === s &&
    value.shape[2] === k &&
    n !== undefined &&
    k !== undefined &&
    k > 0 &&
    n % k === 0 &&
    isFloat(query.dtype);
  if (fits) return [n, k];
  throw new ShapeMismatchError(
    `[nn.dotProductAttention] needs floats query [batch, targets, heads, size], key and value [batch, sources, groups, size] ` +
      `with heads a multiple of groups (or all without batch); got ${[query, key, value].map((x) => showAval(x.aval)).join(', ')}`,
  );
}

/** Scores that may not be attended to are so low that they vanish in the softmax; a row of none is uniform. */
function masked(scores: NDArray, { mask, isCausal = false }: AttentionOptions): NDArray {
  const lowest = -0.7 * finfo(scores.dtype).max;
  const given = mask === undefined ? null : asArray(mask);
  if (given !== null && given.dtype !== 'bool') {
    throw new DTypeError(
      `[nn.dotProductAttention] the mask must be bool, got ${showAval(given.aval)}; use bias to add`,
    );
  }
  const kept = given === null ? scores : where(broadcastTo(given, scores.shape), scores, lowest);
  if (!isCausal) return kept;
  const allowed = broadcastedIota('i32', scores.shape, 3).le(broadcastedIota('i32', scores.shape, 2));
  return where(allowed, kept, lowest);
}
