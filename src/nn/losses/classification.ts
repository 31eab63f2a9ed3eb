import { broadcastedIota } from '../../lax/iota.ts';
import { exp, like, log, log1p, logistic, neg, or } from '../../lax/elementwise.ts';
import { select } from '../../lax/select.ts';
import { zerosOf } from '../../lax/structural.ts';
import { finfo } from '../../numpy/dtypes.ts';
import { minimum, where as whereOf } from '../../numpy/elementwise.ts';
import { axesOf, logsumexp } from '../../numpy/reduce.ts';
import { asArray } from '../../trace/asarray.ts';
import type { ArrayLike, Axis, NDArray } from '../../trace/value.ts';
import { product } from '../../util/array.ts';
import { logSigmoid, logSoftmax, softmax } from '../activations.ts';
import type { LossOptions } from './operands.ts';
import { floats, integerLabels, pair, sumOf } from './operands.ts';
import type { Reduction } from './segmentation.ts';
import { reduced } from './segmentation.ts';

/** Losses of decisions between classes. Names, arguments and defaults are those of optax, where it has them. */

/**
 * The cross entropy of each example between a softmax of scores and the true class:
 *
 *     loss = log Σ exp logits − logits[label]
 *
 * logits: `f[..., classes]` · labels: integers `[...]` below the number of classes · loss: `f[...]`. As
 * `optax.softmax_cross_entropy_with_integer_labels`.
 *
 * @throws ShapeMismatchError, ArgumentError for labels of another shape or that are no integers.
 * @example
 * nn.softmaxCrossEntropyWithIntegerLabels(np.array([[1, 1], [50, 0]]), np.array([0, 0], { dtype: 'i32' })); // [0.6931472, 0]
 */
export function softmaxCrossEntropyWithIntegerLabels(logits: NDArray, labels: ArrayLike): NDArray {
  const label = integerLabels('softmaxCrossEntropyWithIntegerLabels', logits, labels);
  return logsumexp(logits, -1).sub(atLabel(logits, label));
}

/**
 * The cross entropy of each example between a softmax of scores and a distribution over the classes:
 *
 *     loss = −Σ labels · log softmax(logits)
 *
 * logits, labels: `f[..., classes]` · loss: `f[...]`. As `optax.softmax_cross_entropy`.
 *
 * @example
 * nn.softmaxCrossEntropy(np.array([[1, 1]]), np.array([[0.5, 0.5]])); // [0.6931472]
 */
export const softmaxCrossEntropy = (logits: NDArray, labels: ArrayLike): NDArray =>
  logSoftmax(logits).mul(labels).sum(-1).neg();

/**
 * The cross entropy of each independent binary decision, given by the score of "yes":
 *
 *     loss = −labels · log sigmoid(logits) − (1 − labels) · log sigmoid(−logits)
 *
 * logits, labels (0 to 1): `f[...]` · loss: `f[...]`, not reduced. As `optax.sigmoid_binary_cross_entropy`.
 *
 * @example
 * nn.sigmoidBinaryCrossEntropy(np.array([0, 50]), np.array([1, 1])); // [0.6931472, 0]
 */
export function sigmoidBinaryCrossEntropy(logits: NDArray, labels: ArrayLike): NDArray {
  const positive = asArray(labels);
  return logSigmoid(logits)
    .mul(positive)
    .add(logSigmoid(logits.neg()).mul(positive.neg().add(1)))
    .neg();
}

/**
 * The negative logarithm of the probability of the true class: `−logProbabilities[label]`.
 *
 * logProbabilities: `f[..., classes]`, as {@link logSoftmax} gives them · labels: integers `[...]` · loss: `f[...]`. As
 * `torch.nn.functional.nll_loss` without reduction.
 *
 * @throws ShapeMismatchError, ArgumentError for labels of another shape or that are no integers.
 * @example
 * nn.nllLoss(nn.logSoftmax(np.array([[1, 1], [50, 0]])), np.array([0, 0], { dtype: 'i32' })); // [0.693147, 0]
 */
export function nllLoss(logProbabilities: ArrayLike, labels: ArrayLike): NDArray {
  const given = floats(logProbabilities);
  return neg(atLabel(given, integerLabels('nllLoss', given, labels)));
}

/** The number at the label of each row. */
function atLabel(x: NDArray, label: NDArray): NDArray {
  const classes = broadcastedIota(label.dtype, x.shape, x.ndim - 1);
  return select(label.reshape([...label.shape, 1]).eq(classes), x, zerosOf(x.aval)).sum(-1);
}

/** Options of {@link sigmoidFocalLoss}. */
export interface FocalOptions {
  /** The weight of label 1, label 0 having 1 − alpha; default no weights. */
  readonly alpha?: number;
  /** How little what is decided well counts; default 2. With 0 it is {@link sigmoidBinaryCrossEntropy}. */
  readonly gamma?: number;
}

/**
 * Binary cross entropy that looks to the hard examples: the cross entropy times `(1 − q)^gamma`, where q is the probability
 * given to the label.
 *
 * logits, labels (0 to 1): `f[...]` · loss: `f[...]`, not reduced. As `optax.sigmoid_focal_loss`. Lin et al., 2017.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.sigmoidFocalLoss(np.array([0, 3]), np.array([1, 1])); // [0.173287, 0.000109]
 */
export function sigmoidFocalLoss(logits: ArrayLike, labels: ArrayLike, options: FocalOptions = {}): NDArray {
  const { alpha, gamma = 2 } = options;
  const [x, label] = pair('sigmoidFocalLoss', logits, labels);
  const loss = sigmoidBinaryCrossEntropy(x, label).mul(exp(logMistake(x, label).mul(gamma)));
  if (alpha === undefined) return loss;
  return label.mul(alpha).add(label.neg().add(1).mul(1 - alpha)).mul(loss); // prettier-ignore
}

/** `log((1 − label) · p + label · (1 − p))` with p = sigmoid(x), exact for labels of 0 and 1 also where p is 0 or 1 in floats. */
function logMistake(x: NDArray, label: NDArray): NDArray {
  const [no, yes] = [label.eq(0), label.eq(1)];
  const none = zerosOf(label.aval);
  // e^x and e^−x, cut off before they overflow: at labels of 0 and 1 they only matter for the derivative by the label.
  const ratio = (z: NDArray): NDArray => exp(minimum(z, x.dtype === 'f16' ? 10 : 80)).sub(1);
  // Each branch is finite where it is not taken, or gradients would be NaN.
  const atZero = logSigmoid(x).add(log1p(select(no, label, none).mul(ratio(neg(x)))));
  const atOne = logSigmoid(neg(x)).add(log1p(select(yes, label.neg().add(1), none).mul(ratio(x))));
  const soft = select(or(no, yes), like(label, 0.5), label);
  const between = log(soft.neg().add(1).mul(logistic(x)).add(soft.mul(logistic(neg(x))))); // prettier-ignore
  return select(no, atZero, select(yes, atOne, between));
}

/** Options of {@link polyLossCrossEntropy}. */
export interface PolyLossOptions extends LossOptions {
  /** The weight of the first term of the polynomial; default 2. */
  readonly epsilon?: number;
  /** Of the classes; default the last. */
  readonly axis?: Axis;
}

/**
 * Cross entropy with a stronger first term of its expansion in powers of 1 − p:
 * `softmaxCrossEntropy + epsilon · Σ labels · (1 − softmax(logits))`.
 *
 * logits, labels: `f[..., classes]` · loss: `f[...]`. As `optax.poly_loss_cross_entropy`. Leng et al., 2022.
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.polyLossCrossEntropy(np.array([[0, 0]]), np.array([[1, 0]]), { epsilon: 2 }); // [1.693147]
 */
export function polyLossCrossEntropy(logits: ArrayLike, labels: ArrayLike, options: PolyLossOptions = {}): NDArray {
  const { epsilon = 2, axis = -1, where } = options;
  const [given, label] = pair('polyLossCrossEntropy', logits, labels);
  const x = where === undefined ? given : whereOf(where, given, -0.7 * finfo(given.dtype).max);
  const cross = sumOf(logSoftmax(x, axis).mul(label), axis, options).neg();
  return cross.add(sumOf(softmax(x, axis).neg().add(1).mul(label), axis, options).mul(epsilon));
}

/** Options of {@link smoothLabels}. */
export interface SmoothOptions extends LossOptions {
  /** Of the classes; default the last. */
  readonly axis?: Axis;
}

/**
 * Labels that are less certain: `(1 − alpha) · labels + alpha / classes`.
 *
 * labels: `f[..., classes]` · result: `f[..., classes]`. With `where`, only the classes that count are counted. As
 * `optax.smooth_labels`. Müller, Kornblith, Hinton, 2019.
 *
 * @example
 * nn.smoothLabels(np.array([1, 0]), 0.1); // [0.95, 0.05]
 */
export function smoothLabels(labels: ArrayLike, alpha: number, { axis = -1, where }: SmoothOptions = {}): NDArray {
  const given = floats(labels);
  const kept = given.mul(1 - alpha);
  if (where === undefined) {
    return kept.add(alpha / product(axesOf('smoothLabels', given, axis).map((i) => given.shape[i] ?? 1)));
  }
  const counted = whereOf(where, like(given, 1), zerosOf(given.aval)).sum(axis, { keepdims: true });
  return kept.add(counted.pow(-1).mul(alpha));
}

/** Options of {@link rankingSoftmaxLoss}. */
export interface RankingOptions extends LossOptions {
  /** What each item counts; default 1. */
  readonly weights?: ArrayLike;
  /** Over the lists; default mean. */
  readonly reduction?: Reduction;
}

/**
 * The cross entropy of lists of items between a softmax of scores and the relevance of the items:
 * `−Σ labels · log softmax(logits)`, which is least when the relevant ones have the highest scores.
 *
 * logits: `f[..., items]` · labels: `[..., items]` · loss: a scalar for lists in one axis, or, without reduction, `f[...]`. Lists
 * of which no item counts are 0, and left out of the mean. As `optax.losses.ranking_softmax_loss`. Cao et al., 2007 (ListNet).
 *
 * @throws ShapeMismatchError when the shapes differ.
 * @example
 * nn.rankingSoftmaxLoss(np.array([9, 0, 0]), np.array([1, 0, 0])); // 0.000247
 * nn.rankingSoftmaxLoss(np.array([0, 0, 9]), np.array([1, 0, 0])); // 9.000247
 */
export function rankingSoftmaxLoss(logits: ArrayLike, labels: ArrayLike, options: RankingOptions = {}): NDArray {
  const { weights, where, reduction = 'mean' } = options;
  const [given, relevance] = pair('rankingSoftmaxLoss', logits, labels);
  const label = weights === undefined ? relevance : relevance.mul(weights);
  const x = where === undefined ? given : whereOf(where, given, -0.7 * finfo(given.dtype).max);
  const loss = sumOf(logSoftmax(x).mul(label), -1, options).neg().ravel();
  if (reduction === 'none') return loss.reshape(given.shape.slice(0, -1));
  if (where === undefined || reduction === 'sum') return reduced(loss, reduction);
  const counts = whereOf(asArray(where).ne(0), like(given, 1), zerosOf(given.aval)).max(-1).sum();
  return loss.sum().div(counts.add(whereOf(counts.eq(0), 1, 0)));
}

/**
 * Is each example's highest score that of its label? logits: `f[..., classes]` · labels: integers `[...]` · bool `[...]`.
 *
 * @example
 * nn.correct(np.array([[0.1, 2], [3, 1]]), np.array([1, 1], { dtype: 'i32' })); // [true, false]
 */
export const correct = (logits: NDArray, labels: ArrayLike): NDArray =>
  logits.argmax(-1).eq(integerLabels('correct', logits, labels));

/**
 * The share of examples whose highest score is that of their label, a scalar: the mean of {@link correct}.
 *
 * @example
 * nn.accuracy(np.array([[0.1, 2], [3, 1]]), np.array([1, 1], { dtype: 'i32' })); // 0.5
 */
export const accuracy = (logits: NDArray, labels: ArrayLike): NDArray => correct(logits, labels).mean();
