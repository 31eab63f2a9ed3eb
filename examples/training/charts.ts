import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import type { Spec } from 'vega';
import { parse, View } from 'vega';

/** The same letters on every computer, whether it has fonts or not. */
const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

/** Draws a chart as a PNG file. */
async function chartPng(spec: Spec): Promise<Uint8Array<ArrayBuffer>> {
  const svg = await new View(parse({ ...spec, background: 'white', padding: 10 }), { renderer: 'none' }).toSVG(2);
  const fonts = { fontFiles: [font], loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' };
  return new Uint8Array(new Resvg(svg, { font: fonts }).render().asPng());
}

/** A point of a curve. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
  /** The name of the curve. */
  readonly curve: string;
}

/** Curves over the steps of a training, on a logarithmic scale where all values allow it. */
export const curvesPng = (points: readonly CurvePoint[]): Promise<Uint8Array<ArrayBuffer>> =>
  chartPng({
    width: 640,
    height: 360,
    data: [{ name: 'points', values: [...points] }],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: { data: 'points', field: 'step' }, zero: false },
      {
        name: 'y',
        type: points.every(({ value }) => value > 0) ? 'log' : 'linear',
        range: 'height',
        domain: { data: 'points', field: 'value' },
        zero: false,
      },
      { name: 'color', type: 'ordinal', range: 'category', domain: { data: 'points', field: 'curve' } },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'step' },
      { orient: 'left', scale: 'y', grid: true, tickCount: 5 },
    ],
    legends: [{ stroke: 'color', orient: 'top-right' }],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'one', data: 'points', groupby: 'curve' } },
        marks: [
          {
            type: 'line',
            from: { data: 'one' },
            encode: {
              enter: {
                x: { scale: 'x', field: 'step' },
                y: { scale: 'y', field: 'value' },
                stroke: { scale: 'color', field: 'curve' },
                strokeWidth: { value: 2 },
              },
            },
          },
        ],
      },
    ],
  });

/** How often examples of a class (row) were taken for a class (column). */
export type Confusion = readonly (readonly number[])[];

/** A confusion matrix with the share of each row as its color. */
export function confusionPng(counts: Confusion): Promise<Uint8Array<ArrayBuffer>> {
  const cells = counts.flatMap((row, truth) => {
    const total = Math.max(1, row.reduce((a, b) => a + b, 0)); // prettier-ignore
    return row.map((count, said) => ({ truth, said, count, share: count / total }));
  });
  const middle = (scale: 'x' | 'y', field: string): object => ({ scale, field, band: 0.5 });
  return chartPng({
    width: 440,
    height: 440,
    data: [{ name: 'cells', values: cells }],
    scales: [
      { name: 'x', type: 'band', range: 'width', domain: { data: 'cells', field: 'said' } },
      { name: 'y', type: 'band', range: 'height', domain: { data: 'cells', field: 'truth' } },
      // A single wrong answer among a thousand right ones should be seen.
      { name: 'color', type: 'pow', exponent: 0.4, range: { scheme: 'blues' }, domain: [0, 1] },
    ],
    axes: [
      { orient: 'top', scale: 'x', title: 'answer' },
      { orient: 'left', scale: 'y', title: 'class' },
    ],
    marks: [
      {
        type: 'rect',
        from: { data: 'cells' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'said' },
            y: { scale: 'y', field: 'truth' },
            width: { scale: 'x', band: 1 },
            height: { scale: 'y', band: 1 },
            fill: { scale: 'color', field: 'share' },
          },
        },
      },
      {
        type: 'text',
        from: { data: 'cells' },
        encode: {
          enter: {
            x: middle('x', 'said'),
            y: middle('y', 'truth'),
            text: { signal: "datum.count ? '' + datum.count : ''" },
            align: { value: 'center' },
            baseline: { value: 'middle' },
            fill: { signal: "datum.share > 0.5 ? 'white' : 'black'" },
          },
        },
      },
    ],
  });
}
