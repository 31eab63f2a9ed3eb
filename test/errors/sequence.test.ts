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
];

test.each(mistakes)('%s', (_, f, message) => {
  expect(f).toThrow(PullbackError);
  expect(f).toThrow(message);
});
