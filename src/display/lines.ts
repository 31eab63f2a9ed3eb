import { range } from '../util/array.ts';
import { round, svg } from './html.ts';
import { short } from './numbers.ts';
import type { Matrix } from './pixels.ts';
import type { ShowOptions } from './show.ts';

const [left, top, height, bottom] = [56, 8, 140, 18];
/** More points than this are thinned out, more lines left out. */
const [maxPoints, maxLines] = [240, 8];
const colours = ['#4e79a7', '#e15759', '#59a14f', '#f28e2b', '#b07aa1', '#76b7b2', '#9c755f', '#edc948'];

/** Each row of a matrix as a line over the position. */
export function lines(matrices: readonly Matrix[], { width = 480, range: ends }: ShowOptions): string {
  const rows = matrices.flatMap(({ data, rows: count, columns }) =>
    range(Math.min(count, maxLines)).map((r) => data.subarray(r * columns, (r + 1) * columns)),
  );
  const [low, high] = ends ?? extremes(rows);
  const length = rows[0]?.length ?? 0;
  const x = (i: number): number => left + (i / Math.max(1, length - 1)) * (width - left - 8);
  const y = (v: number): number => top + (1 - (v - low) / (high > low ? high - low : 1)) * height;
  const step = Math.max(1, Math.ceil(length / maxPoints));
  const path = (row: Matrix['data'], i: number): string => {
    let drawn = '';
    let pen = 'M';
    for (let at = 0; at < row.length; at += step) {
      const value = row[at] ?? NaN;
      // A line has a gap where there is no number.
      if (Number.isFinite(value)) drawn += `${pen}${round(x(at))} ${round(y(value))}`;
      pen = Number.isFinite(value) ? 'L' : 'M';
    }
    return `<path fill="none" stroke="${colours[i % colours.length] ?? ''}" stroke-width="1.5" d="${drawn}"/>`;
  };
  const frame = `<path fill="none" stroke="currentColor" opacity=".3" d="M${left} ${top}V${top + height}H${width - 8}"/>`;
  const text = (tx: number, ty: number, anchor: string, value: string): string =>
    `<text x="${round(tx)}" y="${round(ty)}" text-anchor="${anchor}" opacity=".7">${value}</text>`;
  const base = top + height + 13;
  const labels = [
    text(left - 4, top + 8, 'end', short(high)),
    text(left - 4, top + height, 'end', short(low)),
    text(left, base, 'start', '0'),
    text(width - 8, base, 'end', String(length - 1)),
  ];
  return svg(width, top + height + bottom, [frame, ...rows.map(path), ...labels]);
}

function extremes(rows: readonly Matrix['data'][]): readonly [number, number] {
  const finite = rows.flatMap((row) => [...row].filter(Number.isFinite));
  return finite.reduce<readonly [number, number]>(
    ([low, high], v) => [Math.min(low, v), Math.max(high, v)],
    finite.length === 0 ? [0, 0] : [Infinity, -Infinity],
  );
}
