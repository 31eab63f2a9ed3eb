import { showAval, showShape } from '../trace/aval.ts';
import type { NDArray } from '../trace/value.ts';
import { at, range } from '../util/array.ts';
import { scaleOf } from './colours.ts';
import type { Elements } from './elements.ts';
import { looksLikePictures, matricesOf, readElements } from './elements.ts';
import { caption, cut, escape, flow, table } from './html.ts';
import { lines } from './lines.ts';
import { elementsText, short, shortElement } from './numbers.ts';
import { pictures } from './pictures.ts';
import { blockOf, heatMap, legend } from './pixels.ts';
import type { Matrix } from './pixels.ts';
import type { ShowOptions } from './show.ts';

/** HTML, and the text for where there is none. */
export interface Shown {
  readonly html: string;
  readonly text: string;
}

/** Tables have at most so many elements and columns, unless asked for. */
const [maxCells, maxColumns] = [256, 16];

/** An array: its type, a line about its values, and a drawing. */
export async function showArray(x: NDArray, options: ShowOptions): Promise<Shown> {
  const elements = await readElements(x);
  const text = `${showAval(x)} ${isWritten(elements) ? elementsText(elements.data, elements.shape, x.dtype) : about(elements, '')}`;
  const type = `<code>${escape(showAval(x))}</code>`;
  if (x.ndim === 0) return { html: `${type} ${escape(shortElement(at([...elements.data], 0), x.dtype))}`, text };
  if (x.size === 0) return { html: `${type} without elements`, text };
  const drawing = await draw(elements, options);
  return { html: [caption(`${type} ${about(elements, 'b')}`), drawing].join('\n'), text };
}

/** Numbers of many axes are not readable as text. */
const isWritten = ({ whole, shape, data }: Elements): boolean => whole && (shape.length <= 2 || data.length <= 64);

/** A line about the values; `mark` is the element of HTML around what is odd. */
function about({ dtype, shape, whole, statistics: { min, max, mean, odd } }: Elements, mark: string): string {
  const part = whole ? '' : `of the first ${String(shape[0])}: `;
  const finite =
    dtype === 'bool' ? `${short(100 * mean)} % true` : `from ${short(min)} to ${short(max)}, mean ${short(mean)}`;
  const notFinite = mark === '' ? `${odd} not finite` : `<${mark}>${odd} not finite</${mark}>`;
  return `${part}${finite}${odd === 0 ? '' : `, ${notFinite}`}`;
}

function formFor(elements: Elements): NonNullable<ShowOptions['as']> {
  const { shape, data } = elements;
  if (looksLikePictures(elements)) return 'image';
  if (shape.length <= 2 && data.length <= maxCells && (shape.at(-1) ?? 0) <= maxColumns) return 'table';
  return shape.length === 1 ? 'line' : 'heatmap';
}

function draw(elements: Elements, options: ShowOptions): string | Promise<string> {
  switch (options.as ?? formFor(elements)) {
    case 'table':
      return flow(matricesOf(elements, options.count ?? 40).map((m) => numbers(m, elements)));
    case 'heatmap':
      return heatMaps(elements, options);
    case 'image':
      return pictures(elements, options);
    case 'line':
      return lines(matricesOf(elements, 1), options);
  }
}

/** A table of numbers: positive ones on red, negative ones on blue, the darker the larger. */
function numbers({ data, rows, columns }: Matrix, { dtype, statistics: { min, max } }: Elements): string {
  const largest = Math.max(-min, max);
  const shade = (x: number): string => {
    if (!Number.isFinite(x)) return 'background:rgba(255,0,255,.5)';
    const strength = largest === 0 ? 0 : Math.abs(x) / largest;
    return strength < 0.01
      ? ''
      : `background:rgba(${x > 0 ? '215,75,50' : '50,110,205'},${(strength * 0.5).toFixed(2)})`;
  };
  const cells = range(rows).map((r) =>
    range(columns).map((c) => {
      const x = data[r * columns + c] ?? NaN;
      return { html: escape(cut(shortElement(x, dtype), 12)), style: shade(x) };
    }),
  );
  return table([], cells);
}

async function heatMaps(
  elements: Elements,
  { count = 40, range: ends, labels = [], width }: ShowOptions,
): Promise<string> {
  const { statistics, shape, data } = elements;
  const scale = ends === undefined ? scaleOf(statistics.min, statistics.max) : scaleOf(ends[0], ends[1]);
  const matrices = matricesOf(elements, count);
  const first = at(matrices, 0);
  const natural = matrices.length > 1 ? Math.max(48, Math.min(160, 4 * first.columns)) : undefined;
  const maps = await Promise.all(
    matrices.map(async (m, i) => {
      const map = await heatMap(m, scale, width ?? natural);
      return labels[i] === undefined ? map : `<div>${map}${caption(escape(labels[i]))}</div>`;
    }),
  );
  const [down, across] = blockOf(first);
  const notes = [
    down * across === 1 ? '' : `a pixel is the mean of ${down}×${across}`,
    leftOut(data.length / (first.rows * first.columns), matrices.length, showShape(shape.slice(-2))),
  ].filter((n) => n !== '');
  return [flow(maps), await legend(scale), notes.length === 0 ? '' : caption(notes.join('; '))].join('\n');
}

/** Says that not all are drawn. */
export const leftOut = (all: number, drawn: number, what: string): string =>
  all > drawn ? `the first ${drawn} of ${all}, each ${what}` : '';
