import { expect, test } from 'vitest';
import { nn, numpy as np, random } from '../../src/index.ts';
import { PullbackError } from '../../src/util/error.ts';

/** What layers for sequences say of bad input. */
const mistakes: readonly (readonly [name: string, f: () => unknown, message: string])[] = [
  ['features', () => nn.lstmCell(0), '[nn.lstmCell] features must be a positive integer, got 0'],
  ['features', () => nn.gruCell(1.5), '[nn.gruCell] features must be a positive integer, got 1.5'],
  [
    'images without an axis of time',
    () => nn.rnn(nn.simpleCell(2)).init(random.key(0), [28]),
    '[nn.rnn] needs sequences [time, in], got inputs of shape [28]',
  ],
  [
    'a batch without an axis of time',
    () => nn.runCell(nn.simpleCell(2), nn.simpleCell(2).init(random.key(0), 3), np.ones([4, 3])),
    '[nn.simpleCell(2)] runs over sequences [n, time, in], got f32[4,3]',
  ],
  [
    'directions that can not be added',
    () => nn.bidirectional(nn.simpleCell(2), { backward: nn.gruCell(3), merge: 'sum' }),
    '[nn.bidirectional] sum needs cells with as many features, got simpleCell(2) and gruCell(3)',
  ],
  [
    'an orthogonal vector',
    () => nn.initializers.orthogonal()(random.key(0), [3]),
    '[nn.initializers.orthogonal] needs two axes or more, got shape [3]',
  ],
  [
    'targets with an axis more',
    () => nn.squaredError(np.ones([4, 1]), np.ones([4])),
    '[nn.squaredError] predictions and targets must have one shape, got f32[4,1] and f32[4]: broadcasting them is nearly ' +
      'always a mistake; reshape one of them',
  ],
  [
    'labels that are no integers',
    () => nn.nllLoss(np.ones([2, 3]), np.ones([2])),
    "[nn.nllLoss] labels must be integers, got f32: cast them, as in labels.astype('i32')",
  ],
  [
    'spellings that do not fit',
    () => nn.ctcLoss(np.ones([2, 5, 3]), np.zeros([2, 4]), [[1], [2]], np.zeros([2, 1])),
    '[nn.ctcLoss] needs logits [n, time, classes], logitPaddings [n, time], labels and labelPaddings [n, length]; got ' +
      'f32[2,5,3], f32[2,4], i32[2,1], f32[2,1]',
  ],
  [
    'spellings that are no integers',
    () => nn.ctcLoss(np.ones([1, 5, 3]), np.zeros([1, 5]), np.ones([1, 2]), np.zeros([1, 2])),
    '[nn.ctcLoss] labels must be integers, got f32',
  ],
  ['one embedding', () => nn.ntxent([1, 2], 1), '[nn.ntxent] needs embeddings [n, d], got f32[2]'],
  ['a mask of nothing', () => nn.diceLoss([1], [1]), '[nn.diceLoss] needs predictions [n, ..., classes], got f32[1]'],
  [
    'weights of other examples',
    () => nn.metrics.average().update(nn.metrics.average().init(), np.ones([4]), np.ones([3])),
    '[nn.metrics.average] weights f32[3] do not fit examples of shape [4]: one each, or one for each of their leading axes',
  ],
  ['no classes', () => nn.metrics.confusionMatrix(0), 'the number of classes must be a positive integer, got 0'],
  [
    'scores of other classes',
    () => nn.metrics.iou(4).update(nn.metrics.iou(4).init(), np.ones([2, 3]), np.array(Int32Array.of(0, 1))),
    '[nn.metrics.iou] is of 4 classes, got scores of shape [2, 3]',
  ],
  ['the best half', () => nn.metrics.topKAccuracy(0.5), 'k must be a positive integer, got 0.5'],
  ['one threshold', () => nn.metrics.rocAuc({ thresholds: 1 }), 'needs two thresholds or more, got 1'],
  [
    'values of another shape',
    () => nn.metrics.welford([2]).update(nn.metrics.welford([2]).init(), np.ones([5])),
    '[nn.metrics.welford] needs values [n, 2], got f32[5]',
  ],
  [
    'outputs of another number',
    () => nn.metrics.r2Score(2).update(nn.metrics.r2Score(2).init(), np.ones([5]), np.ones([5])),
    '[nn.metrics.r2Score] of 2 outputs got predictions f32[5]',
  ],
  ['no words', () => nn.embedding(0, 3), 'needs a positive number of words and of features, got 0 and 3'],
  [
    'words that are no integers',
    () => nn.embedding(2, 3).apply({ embedding: np.ones([2, 3]) }, null, np.ones([1]), { training: false }),
    "[nn.embedding] needs integers, got f32[1]: cast them (x.astype('i32'))",
  ],
  [
    'a sequence that is too long',
    () => nn.learnedPosition().apply({ embedding: np.ones([2, 3]) }, null, np.ones([1, 4, 3]), { training: false }),
    '[nn.learnedPosition] has 2 positions, got f32[1,4,3]: set maxLength',
  ],
  [
    'an odd number of features',
    () => nn.sinusoidalPosition().init(random.key(0), [4, 3]),
    '[nn.sinusoidalPosition] needs an even number of features, got 3',
  ],
  [
    'no axis of time',
    () => nn.multiHeadAttention(2).init(random.key(0), [4]),
    '[nn.multiHeadAttention] needs sequences [time, features], got inputs of shape [4]',
  ],
  ['odd heads', () => nn.ropeEmbedding(np.ones([2, 4, 3])), 'of an even size; got f32[2,4,3]'],
  [
    'heads that are no multiple of the groups',
    () => nn.groupedQueryAttention(3, 2),
    '[nn.groupedQueryAttention] needs a positive number of heads, a multiple of the groups; got 3 and 2',
  ],
  [
    'heads that do not divide the features',
    () => nn.multiHeadAttention(3).init(random.key(0), [2, 4]),
    "[nn.multiHeadAttention] 4 features can't be cut into 3 heads: set size",
  ],
  [
    'decoding what is not causal',
    () => {
      const layer = nn.multiHeadAttention(1);
      const { params } = layer.init(random.key(0), [2, 4]);
      return layer.decode(params, layer.cache(params, 1, 2), np.ones([1, 1, 4]));
    },
    '[nn.multiHeadAttention] decoding needs a causal layer: set isCausal',
  ],
  ['a mask of numbers', () => nn.paddingMask([[1, 0]]), '[nn.paddingMask] needs bool [n, sources]'],
  [
    'half a block',
    () => nn.encoder(0.5, 2),
    '[nn.encoder] the number of blocks must be an integer, 0 or more; got 0.5',
  ],
];

test.each(mistakes)('%s', (_, f, message) => {
  expect(f).toThrow(PullbackError);
  expect(f).toThrow(message);
});
