import { abs } from '../../lax/elementwise.ts';
import { convertElementType } from '../../lax/casts.ts';
import { select } from '../../lax/select.ts';
import { zerosOf } from '../../lax/structural.ts';
import { eye } from '../../numpy/create.ts';
import { finfo } from '../../numpy/dtypes.ts';
import { logaddexp, maximum, sqrt, where } from '../../numpy/elementwise.ts';
import { logsumexp } from '../../numpy/reduce.ts';
import { showAval } from '../../trace/aval.ts';
import { ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike, Axis, NDArray } from '../../trace/value.ts';
import { at } from '../../util/array.ts';
import { oneHot } from '../activations.ts';
import { floats, integerLabels, pair } from './operands.ts';

/** Losses that want a margin between what is right and what is wrong, or between what is alike and what is not. */

/**
 * The hinge loss of binary decisions: `max(0, 1 − predictorOutputs · targets)`.
 *
 * predictorOutputs: scores `f[...]` · targets: −1 or 1, `[...]` · loss: `f[...]`. As `optax.hinge_loss`.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.hingeLoss(np.array([0.5, 2]), np.array([1, 1])); // [0.5, 0]
 */
export function hingeLoss(predictorOutputs: ArrayLike, targets: ArrayLike): NDArray {
  const [p, t] = pair('hingeLoss', predictorOutputs, targets);
  return maximum(p.mul(t).neg().add(1), 0);
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletOptions {
  /** p of the distance `(Σ |x|ᵖ + eps)^(1/p)`; default 2. */
  readonly normDegree?: number;
  /** By how much the negative should be farther; default 1. */
  readonly margin?: number;
  /** Keeps the derivative of the distance finite at zero; default 1e-6. */
  readonly eps?: number;
}

/**
 * Is an anchor nearer to what is like it than to what is not, by a margin?
 * `max(d(anchor, positive) − d(anchor, negative) + margin, 0)`.
 *
 * anchors, positives, negatives: `f[..., d]` · loss: `f[...]`. As `optax.triplet_margin_loss`, but for odd degrees, of which
 * optax takes powers of signed differences: here it is a norm. Schroff, Kalenichenko, Philbin, 2015.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.tripletMarginLoss(np.array([0, 0]), np.array([3, 4]), np.array([0, 5.5])); // 0.5
 */
export function tripletMarginLoss(
  anchors: ArrayLike,
  positives: ArrayLike,
  negatives: ArrayLike,
  axis: Axis = -1,
  { normDegree = 2, margin = 1, eps = 1e-6 }: TripletOptions = {},
): NDArray {
  const distance = (other: ArrayLike): NDArray => {
    const [a, b] = pair('tripletMarginLoss', anchors, other);
    const apart = a.sub(b);
    const powers = normDegree === 2 ? apart.mul(apart) : abs(apart).pow(normDegree);
    const sum = powers.sum(axis).add(eps);
    return normDegree === 2 ? sqrt(sum) : sum.pow(1 / normDegree);
  };
  return maximum(distance(positives).sub(distance(negatives)).add(margin), 0);
}

/**
 * The hinge loss of Crammer and Singer: `max over c of (scores[c] + 1 − [c = label]) − scores[label]`.
 *
 * scores: `f[..., classes]` · labels: integers `[...]` · loss: `f[...]`. As `optax.multiclass_hinge_loss`.
 *
 * @throws ShapeMismatchError, ArgumentError for labels of another shape or that are no integers.
 * @example
 * nn.multiclassHingeLoss(np.array([[2, 1.5, 0], [5, 1, 0]]), np.array([0, 0], { dtype: 'i32' })); // [0.5, 0]
 */
export function multiclassHingeLoss(scores: ArrayLike, labels: ArrayLike): NDArray {
  const s = floats(scores);
  const isLabel = oneHot(integerLabels('multiclassHingeLoss', s, labels), at(s.shape, -1), { dtype: s.dtype });
  return s.add(1).sub(isLabel).max(-1).sub(s.mul(isLabel).sum(-1));
}

/**
 * The normalized temperature-scaled cross entropy of a batch of embeddings, a scalar. It is the mean, over all ordered pairs
 * (i, j) of different embeddings with one label, of
 *
 *     −log(exp(sᵢⱼ) / (exp(sᵢⱼ) + Σ over k with another label of exp(sᵢₖ))),  s = cosine similarity / temperature
 *
 * embeddings: `f[n, d]` · labels: integers `[n]` · loss: `f[]`; NaN where no two labels are equal. As `optax.ntxent`. Chen et
 * al., 2020 (SimCLR).
 *
 * @throws ShapeMismatchError unless embeddings are `[n, d]`, with a label each.
 * @example
 * const views = nn.ntxent(np.concatenate([first, second]), np.concatenate([np.arange(8), np.arange(8)]).astype('i32'));
 */
export function ntxent(embeddings: ArrayLike, labels: ArrayLike, temperature = 0.07): NDArray {
  const e = floats(embeddings);
  if (e.ndim !== 2) throw new ShapeMismatchError(`[nn.ntxent] needs embeddings [n, d], got ${showAval(e.aval)}`);
  const label = integerLabels('ntxent', e, labels);
  const n = at(e.shape, 0);
  const alike = label.reshape([n, 1]).eq(label.reshape([1, n]));
  const lengths = sqrt(maximum(e.mul(e).sum(-1, { keepdims: true }), finfo(e.dtype).eps));
  const unit = e.div(lengths);
  const s = unit.matmul(unit.T).div(temperature);
  // So low that it vanishes from a sum of exponentials; an infinity would make gradients NaN.
  const others = logsumexp(where(alike, -0.7 * finfo(e.dtype).max, s), -1, { keepdims: true });
  const each = logaddexp(s, others).sub(s);
  const isPair = convertElementType(alike, e.dtype)
    .sub(eye(n, n, 0, { dtype: e.dtype }))
    .gt(0);
  return select(isPair, each, zerosOf(each.aval)).sum().div(convertElementType(isPair, e.dtype).sum());
}
