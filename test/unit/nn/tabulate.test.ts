import { expect, test } from 'vitest';
import { nn, random } from '../../../src/index.ts';

/** What a layer is like before anything is computed: its table, and the number of its parameters. */

test('the table of a sequence has a row for each layer, and their sums', () => {
  const classifier = nn.sequential(nn.conv2d(4, 3), nn.relu, nn.maxPool(2), nn.flatten(), nn.dense(10));
  expect(nn.tabulate(classifier, [28, 28, 1]).split('\n')).toEqual([
    'layer           output        parameters   flops',
    'input           f32[28,28,1]',
    'conv2d(4, 3×3)  f32[26,26,4]          40  51,376',
    'relu            f32[26,26,4]           0       0',
    'maxPool(2)      f32[13,13,4]           0   2,704',
    'flatten         f32[676]               0       0',
    'dense(10)       f32[10]            6,770  13,530',
    'total                              6,810  67,610',
  ]);
});

test('of another layer it is one row, for inputs of another dtype too', () => {
  const oneHot = nn.lambda((x) => nn.oneHot(x, 4), 'oneHot');
  const lines = nn.tabulate(nn.sequential(oneHot, nn.residual(nn.dense(4))), [3], { dtype: 'i32' }).split('\n');
  expect(lines.slice(1, 3)).toEqual(['input        i32[3]', 'oneHot       f32[3,4]           0      0']);
  expect(lines[3]).toBe('residual(…)  f32[3,4]          20    120');
  expect(nn.tabulate(nn.dense(4), [3, 4]).split('\n')).toHaveLength(4);
});

test('layers that are made of others show them below, which the sums count once', () => {
  const block = nn.residual(nn.sequential(nn.dense(4), nn.relu));
  const two = nn.parallel([nn.sequential(nn.dense(2), nn.tanh), nn.dense(3)]);
  expect(nn.tabulate(nn.sequential(nn.scanLayers(block, 5), two, nn.dense(1)), [4])).toMatchInlineSnapshot(`
    "layer             output  parameters  flops
    input             f32[4]
    scanLayers(…, 5)  f32[4]         100    200
      residual(…)     f32[4]          20     40
        dense(4)      f32[4]          20     36
        relu          f32[4]           0      0
    parallel(…, …)    f32[5]          25     47
      sequential      f32[2]          10     20
        dense(2)      f32[2]          10     18
        tanh          f32[2]           0      2
      dense(3)        f32[3]          15     27
    dense(1)          f32[1]           6     11
    total                            131    258"
  `);
});

test('loops and ensembles count with all that they run', () => {
  const flopsOf = (layer: nn.Layer): number => Number(nn.tabulate(layer, [8]).split(' ').at(-1)?.replaceAll(',', ''));
  const one = flopsOf(nn.dense(8));
  expect(one).toBe(2 * 8 * 8 + 8);
  expect(flopsOf(nn.scanLayers(nn.dense(8), 5))).toBe(5 * one);
  expect(flopsOf(nn.vmapLayers(nn.dense(8), 5))).toBe(5 * one);
});

test('parameters are counted, and state is not', () => {
  const { params, state } = nn.sequential(nn.dense(3), nn.batchNorm()).init(random.key(0), [2]);
  expect(nn.countParams(params)).toBe(2 * 3 + 3 + 3 + 3);
  expect(nn.countParams(state)).toBe(6);
  expect(nn.countParams(null)).toBe(0);
});
