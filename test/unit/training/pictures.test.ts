import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { confusionPng, curvesPng } from '../../../examples/training/charts.ts';
import { shrunk } from '../../../examples/training/judge.ts';
import { gridPng, paired } from '../../../examples/training/pictures.ts';

const images = (shape: readonly number[], pixel: (i: number) => number) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => pixel(i)),
  shape,
});

test('a grid has each image at its place, with pixels outside of [0, 1] clipped', () => {
  // Three images of 28×28, each of one gray: drawn twice as large, with gaps of two.
  const grays = [0, 0.5, 7];
  const png = decode(
    gridPng(
      images([3, 28, 28, 1], (i) => grays[Math.floor(i / 784)] ?? NaN),
      2,
    ),
  );
  expect([png.width, png.height, png.channels]).toEqual([2 + 2 * 58, 2 + 2 * 58, 1]);
  const at = (x: number, y: number): number => png.data[y * png.width + x] ?? NaN;
  expect([at(2, 2), at(57, 57), at(60, 2), at(115, 57)]).toEqual([0, 0, 128, 128]);
  expect([at(2, 60), at(57, 115)]).toEqual([255, 255]);
  expect([at(58, 10), at(0, 0), at(60, 60)]).toEqual([96, 96, 96]);
});

test('pairs alternate row by row, the last row may be short', () => {
  const { data, shape } = paired(images([3, 1, 1, 1], (i) => i), images([3, 1, 1, 1], (i) => 10 + i), 2); // prettier-ignore
  expect(shape).toEqual([6, 1, 1, 1]);
  expect([...data]).toEqual([0, 1, 10, 11, 2, 12]);
});

test('large images are judged by the means of their blocks', () => {
  const { data, shape } = shrunk(images([2, 4, 4, 1], (i) => i), 2); // prettier-ignore
  expect(shape).toEqual([2, 2, 2, 1]);
  expect([...data]).toEqual([2.5, 4.5, 10.5, 12.5, 18.5, 20.5, 26.5, 28.5]);
});

test('charts are pictures with something on them', async () => {
  const curve = (curve: string) => [1, 2, 3].map((step) => ({ step, value: 1 / step, curve }));
  const charts = [
    await curvesPng([...curve('loss'), ...curve('test loss')]),
    await curvesPng(curve('loss').map((point) => ({ ...point, value: -point.value }))),
    await confusionPng([[9, 1], [0, 0]]), // prettier-ignore
  ];
  for (const chart of charts) {
    const { width, height, data } = decode(chart);
    expect(Math.min(width, height)).toBeGreaterThan(400);
    expect(new Set(data).size).toBeGreaterThan(20);
  }
});
