import { convertElementType } from '../../lax/casts.ts';
import { fill, transpose } from '../../lax/structural.ts';
import { isInteger } from '../../kernel/dtype.ts';
import { logaddexp, where } from '../../numpy/elementwise.ts';
import { pad } from '../../numpy/rearrange.ts';
import { concatenate } from '../../numpy/shape.ts';
import { takeAlongAxis } from '../../numpy/taking.ts';
import { showAval } from '../../trace/aval.ts';
import { asArray, fromNested } from '../../trace/asarray.ts';
import { ArgumentError, ShapeMismatchError } from '../../trace/errors.ts';
import type { ArrayLike } from '../../trace/value.ts';
import { NDArray } from '../../trace/value.ts';
import { scan } from '../../transforms/control/scan.ts';
import { at, sameElements } from '../../util/array.ts';
import { logSoftmax } from '../activations.ts';
import { floats } from './operands.ts';

/** Options of {@link ctcLoss}. */
export interface CtcOptions {
  /** The class that stands for no label; default 0. */
  readonly blankId?: number;
  /** What stands for the logarithm of zero; default −1e5, in f16 −3e4. */
  readonly logEpsilon?: number;
}

/**
 * Connectionist temporal classification: −log of the probability that a sequence of frames spells a sequence of labels, in
 * any alignment. A frame gives a label or a blank; equal neighbours are one label unless a blank is between them.
 *
 * logits: `f[n, time, classes]` · logitPaddings: `[n, time]`, 1 where a frame is padding · labels: integers `[n, length]` ·
 * labelPaddings: `[n, length]`, 1 where a label is padding, at the end · loss: `f[n]`. As `optax.ctc_loss`. Graves et al., 2006.
 *
 * The forward recursion, by one compiled loop over time, has two vectors: of position k, the logarithm of the probability of
 * all alignments that have spelled k labels and end in a blank, and of those that end in the k-th label.
 *
 * @throws ShapeMismatchError when the shapes do not fit together; ArgumentError for labels that are no integers.
 * @example
 * const loss = nn.ctcLoss(np.zeros([1, 4, 3]), np.zeros([1, 4]), [[1, 2]], np.zeros([1, 2])); // −log(15 / 3⁴)
 */
export function ctcLoss(
  logits: ArrayLike,
  logitPaddings: ArrayLike,
  labels: ArrayLike,
  labelPaddings: ArrayLike,
  options: CtcOptions = {},
): NDArray {
  const { scores, padded, label, unused } = checked(logits, logitPaddings, labels, labelPaddings);
  const { blankId = 0, logEpsilon = scores.dtype === 'f16' ? -3e4 : -1e5 } = options;
  const [n, length] = [at(label.shape, 0), at(label.shape, 1)];
  const logProbs = logSoftmax(scores);
  const emit = transpose(takeAlongAxis(logProbs, label.reshape([n, 1, length]), 2), [1, 0, 2]);
  const blank = transpose(logProbs.slice([], [], [blankId, blankId + 1]), [1, 0, 2]);
  // A label may follow its equal only after a blank.
  const same = convertElementType(label.slice([], [0, -1]).eq(label.slice([], [1])), scores.dtype);
  const repeats = length === 0 ? fill([n, 0], scores.dtype, 0) : pad(same, [[0, 0], [0, 1]]); // prettier-ignore
  const advanced = (ended: NDArray, emitted: NDArray): NDArray =>
    concatenate([ended.slice([], [0, 1]), logaddexp(ended.slice([], [1]), emitted)], 1);
  const step = ([ended, emitted]: State, [own, none, isPadding]: Frame): readonly [State, null] => {
    const before = advanced(ended, emitted.add(repeats.mul(logEpsilon)));
    const nextEmitted = logaddexp(before.slice([], [0, -1]), emitted).add(own);
    const apart = emitted.add(none).add(repeats.neg().add(1).mul(logEpsilon));
    const nextEnded = advanced(before.add(none), apart);
    return [[where(isPadding, ended, nextEnded), where(isPadding, emitted, nextEmitted)], null];
  };
  const impossible = (width: number): NDArray => fill([n, width], scores.dtype, logEpsilon);
  const start: State = [concatenate([fill([n, 1], scores.dtype, 0), impossible(length)], 1), impossible(length)];
  const frames: Frame = [emit, blank, transpose(padded, [1, 0]).reshape([at(scores.shape, 1), n, 1])];
  const [[ended, emitted]] = scan(step, start, frames);
  const lengths = unused.neg().add(1).sum(1);
  const spelled = takeAlongAxis(advanced(ended, emitted), convertElementType(lengths, 'i32').reshape([n, 1]), 1);
  return spelled.reshape([n]).neg();
}

type State = readonly [ended: NDArray, emitted: NDArray];
type Frame = readonly [emit: NDArray, blank: NDArray, padding: NDArray];

function checked(
  logits: ArrayLike,
  logitPaddings: ArrayLike,
  labels: ArrayLike,
  labelPaddings: ArrayLike,
): { readonly scores: NDArray; readonly padded: NDArray; readonly label: NDArray; readonly unused: NDArray } {
  const scores = floats(logits);
  const label = labels instanceof NDArray ? labels : fromNested(labels, 'i32', 'ctcLoss');
  const [frames, unused] = [asArray(logitPaddings), floats(labelPaddings)];
  if (!isInteger(label.dtype)) {
    throw new ArgumentError(
      `[nn.ctcLoss] labels must be integers, got ${label.dtype}: cast them, as in labels.astype('i32')`,
    );
  }
  const fits =
    scores.ndim === 3 &&
    label.ndim === 2 &&
    scores.shape[0] === label.shape[0] &&
    sameElements(frames.shape, scores.shape.slice(0, 2)) &&
    sameElements(unused.shape, label.shape);
  if (fits) return { scores, padded: frames.ne(0), label, unused };
  const got = [scores, frames, label, unused].map((x) => showAval(x.aval)).join(', ');
  throw new ShapeMismatchError(
    `[nn.ctcLoss] needs logits [n, time, classes], logitPaddings [n, time], labels and labelPaddings [n, length]; got ${got}`,
  );
}
