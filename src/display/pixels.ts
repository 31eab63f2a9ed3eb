import type { HostArray } from '../kernel/dtype.ts';
import type { Scale } from './colours.ts';
import { levelOf, levels, paletteOf } from './colours.ts';
import { escape, flow } from './html.ts';
import { short } from './numbers.ts';
import type { Bitmap } from './png.ts';
import { pngUrl } from './png.ts';

/** Numbers in rows. */
export interface Matrix {
  readonly data: HostArray;
  readonly rows: number;
  readonly columns: number;
}

/** Matrices have at most so many rows and columns of pixels; of larger ones, blocks are averaged. */
export const maxPixels = 256;

/** How many elements are averaged, down and across, so that the pixels are few enough. */
export const blockOf = ({
  rows,
  columns,
}: Pick<Matrix, 'rows' | 'columns'>): readonly [down: number, across: number] => [
  Math.max(1, Math.ceil(rows / maxPixels)),
  Math.max(1, Math.ceil(columns / maxPixels)),
];

/** Means over blocks, where there are more elements than pixels. */
function averaged({ data, rows, columns }: Matrix): Matrix {
  const [down, across] = blockOf({ rows, columns });
  if (down === 1 && across === 1) return { data, rows, columns };
  const [height, width] = [Math.ceil(rows / down), Math.ceil(columns / across)];
  const means = new Float64Array(height * width);
  const counts = new Uint32Array(height * width);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const to = Math.floor(r / down) * width + Math.floor(c / across);
      means[to] = (means[to] ?? 0) + (data[r * columns + c] ?? 0);
      counts[to] = (counts[to] ?? 0) + 1;
    }
  }
  return { data: means.map((m, i) => m / (counts[i] ?? 1)), rows: height, columns: width };
}

/** A matrix with a pixel of colour for each element. */
export async function heatMap(matrix: Matrix, scale: Scale, width: number | undefined): Promise<string> {
  const { data, rows, columns } = averaged(matrix);
  const pixels = new Uint8Array(rows * columns);
  for (let i = 0; i < pixels.length; i++) pixels[i] = levelOf(data[i] ?? NaN, scale);
  const palette = paletteOf(scale.signed);
  return picture({ width: columns, height: rows, pixels, channels: 1, palette }, width);
}

/** A bitmap as an element of HTML, small ones enlarged. */
export async function picture(bitmap: Bitmap, width: number | undefined, label = ''): Promise<string> {
  const { width: columns, height: rows } = bitmap;
  const zoom =
    width === undefined ? Math.max(1, Math.min(16, Math.floor(320 / Math.max(rows, columns)))) : width / columns;
  const size = `width="${Math.round(columns * zoom)}" height="${Math.round(rows * zoom)}"`;
  const image = `<img ${size} alt="${columns}×${rows} pixels" style="image-rendering:pixelated" src="${await pngUrl(bitmap)}">`;
  if (label === '') return image;
  return `<div style="text-align:center;font-size:12px">${image}<div>${escape(label)}</div></div>`;
}

/** The colours of a scale between the values that its ends stand for. */
export async function legend({ low, high, signed }: Scale): Promise<string> {
  const pixels = Uint8Array.from({ length: levels }, (_, i) => i);
  const bitmap: Bitmap = { width: levels, height: 1, pixels, channels: 1, palette: paletteOf(signed) };
  const bar = `<img width="120" height="8" alt="colours from ${short(low)} to ${short(high)}" src="${await pngUrl(bitmap)}">`;
  return flow([`<span style="font-size:12px">${short(low)} ${bar} ${short(high)}</span>`]);
}
