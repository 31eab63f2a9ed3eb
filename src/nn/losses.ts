import { asPositions } from '../lax/casts.ts';
import { broadcastedIota } from '../lax/iota.ts';
import { select } from '../lax/select.ts';
import { zerosOf } from '../lax/structural.ts';
import { logsumexp } from '../numpy/reduce.ts';
import { asArray, fromNested } from '../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../trace/errors.ts';
import type { ArrayLike } from '../trace/value.ts';
import { NDArray } from '../trace/value.ts';
import { isInteger } from '../kernel/dtype.ts';
import { sameElements } from '../util/array.ts';
import { logSigmoid, logSoftmax } from './activations.ts';

/** The labels as an array, if there is an integer for every row of scores. Plain JS numbers become i32. */
function integerLabels(what: string, logits: NDArray, given: ArrayLike): NDArray {
  const labels = given instanceof NDArray ? given : fromNested(given, 'i32', what);
  if (!isInteger(labels.dtype)) {
    throw new ArgumentError(
      `[nn.${what}] labels must be integers, got ${labels.dtype}: cast them, as in labels.astype('i32')`,
    );
  }
  if (logits.ndim > 0 && sameElements(logits.shape.slice(0, -1), labels.shape)) return asPositions(labels);
  throw new ShapeMismatchError(
    `[nn.${what}] logits [${logits.shape.join(', ')}] need labels [${logits.shape.slice(0, -1).join(', ')}], ` +
      `got [${labels.shape.join(', ')}]`,
  );
}

/**
 * The cross entropy of each example between a softmax of scores and the true class:
 *
 *     loss = log Σ exp logits − logits[label]
 *
 * logits: `f[..., classes]` · labels: integers `[...]` below the number of classes · loss: `f[...]`. As
 * `optax.softmax_cross_entropy_with_integer_labels`.
 *
 * @throws ShapeMismatchError, ArgumentError for labels of another shape or that are no integers.
 */
export function softmaxCrossEntropyWithIntegerLabels(logits: NDArray, labels: ArrayLike): NDArray {
  const label = integerLabels('softmaxCrossEntropyWithIntegerLabels', logits, labels);
  const classes = broadcastedIota(label.dtype, logits.shape, logits.ndim - 1);
  const isLabel = label.reshape([...label.shape, 1]).eq(classes);
  return logsumexp(logits, -1).sub(select(isLabel, logits, zerosOf(logits.aval)).sum(-1));
}

/**
 * The cross entropy of each example between a softmax of scores and a distribution over the classes:
 *
 *     loss = −Σ labels · log softmax(logits)
 *
 * logits, labels: `f[..., classes]` · loss: `f[...]`. As `optax.softmax_cross_entropy`.
 */
export const softmaxCrossEntropy = (logits: NDArray, labels: ArrayLike): NDArray =>
  logSoftmax(logits).mul(labels).sum(-1).neg();

/**
 * The cross entropy of each independent binary decision, given by the score of "yes":
 *
 *     loss = −labels · log sigmoid(logits) − (1 − labels) · log sigmoid(−logits)
 *
 * logits, labels (0 to 1): `f[...]` · loss: `f[...]`, not reduced. As `optax.sigmoid_binary_cross_entropy`.
 */
export function sigmoidBinaryCrossEntropy(logits: NDArray, labels: ArrayLike): NDArray {
  const positive = asArray(labels);
  return logSigmoid(logits)
    .mul(positive)
    .add(logSigmoid(logits.neg()).mul(positive.neg().add(1)))
    .neg();
}

/** Is each example's highest score that of its label? logits: `f[..., classes]` · labels: integers `[...]` · bool `[...]`. */
export const correct = (logits: NDArray, labels: ArrayLike): NDArray =>
  logits.argmax(-1).eq(integerLabels('correct', logits, labels));

/** The share of examples whose highest score is that of their label, a scalar: the mean of {@link correct}. */
export const accuracy = (logits: NDArray, labels: ArrayLike): NDArray => correct(logits, labels).mean();
