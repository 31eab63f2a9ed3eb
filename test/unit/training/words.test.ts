import { expect, test } from 'vitest';
import { formatSeconds } from '../../../examples/training/progress.ts';
import { median } from '../../../examples/training/summary.ts';

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [125, '2 min 05 s'],
  [3725, '1 h 02 min'],
  [Infinity, '?'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test.each([
  [[], null],
  [[3], 3],
  [[5, 1, 3], 3],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
});
