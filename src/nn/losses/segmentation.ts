import { expandDims } from '../../numpy/shape.ts';
import { convertElementType } from '../../lax/casts.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray } from '../../trace/asarray.ts';
import { ArgumentError } from '../../trace/errors.ts';
import type { ArrayLike, Axis, NDArray } from '../../trace/value.ts';
import { at, range } from '../../util/array.ts';
import { sigmoid, softmax } from '../activations.ts';
import { floats, pair } from './operands.ts';

/** What is done with the losses of several classes or lists. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Options of {@link diceLoss}. */
export interface DiceOptions {
  /** `[classes]`; default 1 each. */
  readonly classWeights?: ArrayLike;
  /** Added to numerator and denominator; default 1. */
  readonly smooth?: number;
  /** What a false positive counts, and a false negative (`beta`); default ½ each, the Dice coefficient. */
  readonly alpha?: number;
  readonly beta?: number;
  /** Are predictions logits, to be put through a softmax (of one class, a sigmoid)? Default true. */
  readonly applySoftmax?: boolean;
  /** Over the classes; default mean. */
  readonly reduction?: Reduction;
  /** Leave the first class out? Default false. */
  readonly ignoreBackground?: boolean;
  /** Of the pixels; default all between the first and the last. */
  readonly axis?: Axis;
}

/**
 * One minus the overlap of predicted and true regions, for each example: with sums over the pixels of an example,
 *
 *     loss = 1 − (Σ p t + smooth) / (Σ p t + alpha · Σ p (1 − t) + beta · Σ (1 − p) t + smooth)
 *
 * predictions: `f[n, ..., classes]` logits · targets: `f[n, ..., classes]` one-hot; either may be without the axis of classes,
 * where there is one · loss: `f[n]`, or `f[n, classes]` without reduction. As `optax.dice_loss`. Milletari, Navab, Ahmadi,
 * 2016; alpha and beta: Salehi, Erdogmus, Gholipour, 2017.
 *
 * @throws ShapeMismatchError when the shapes differ; ArgumentError without an axis of examples and one of classes.
 * @example
 * nn.diceLoss(np.array([[[50], [50], [-50]]]), np.array([[[1], [0], [1]]]), { smooth: 0 }); // [0.5]
 */
export function diceLoss(predictions: ArrayLike, targets: ArrayLike, options: DiceOptions = {}): NDArray {
  const { classWeights, smooth = 1, alpha = 0.5, beta = 0.5, ignoreBackground = false } = options;
  const [given, wanted] = [floats(predictions), asArray(targets)];
  const [p, t] = pair(
    'diceLoss',
    given.ndim === wanted.ndim - 1 ? expandDims(given, -1) : given,
    wanted.ndim === given.ndim - 1 ? expandDims(wanted, -1) : wanted,
  );
  if (p.ndim < 2) {
    throw new ArgumentError(`[nn.diceLoss] needs predictions [n, ..., classes], got ${showAval(given.aval)}`);
  }
  const classes = at(p.shape, -1);
  const activation = classes === 1 ? sigmoid : softmax;
  const probabilities = options.applySoftmax === false ? p : activation(p);
  const pixels = options.axis ?? range(p.ndim).slice(1, -1);
  const both = probabilities.mul(t).sum(pixels);
  const falsePositive = probabilities.sum(pixels).sub(both);
  const falseNegative = t.sum(pixels).sub(both);
  const denominator = both.add(falsePositive.mul(alpha)).add(falseNegative.mul(beta)).add(smooth);
  const loss = both.add(smooth).div(denominator).neg().add(1);
  const weighted = classWeights === undefined ? loss : loss.mul(convertElementType(asArray(classWeights), p.dtype));
  const counted = ignoreBackground && classes > 1 ? weighted.slice('...', [1]) : weighted;
  return reduced(counted, options.reduction ?? 'mean');
}

/** The reduction over the last axis. */
export function reduced(loss: NDArray, how: Reduction): NDArray {
  switch (how) {
    case 'mean':
      return loss.mean(-1);
    case 'sum':
      return loss.sum(-1);
    case 'none':
      return loss;
  }
}
