/** Draws with Observable Plot where there is no browser. */
import { plot as draw } from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Coordinates have 15 digits; a tenth of a pixel can't be seen. */
const rounded = (html: string): string =>
  html.replace(/ (d|transform|points|[xy][12]?|c[xy]|width|height)="[^"]*"/g, (attribute) =>
    attribute.replace(/\d+\.\d{2,}/g, (x) => String(Math.round(Number(x) * 10) / 10)),
  );

/** A plot as notebooks show it. For the marks, `import * as Plot from '@observablehq/plot'`. */
export const plot = (options: PlotOptions) => ({
  [Symbol.for('Jupyter.display')]: (): Record<string, string> => ({
    'text/plain': `a plot: ${typeof options.title === 'string' ? options.title : ''}`,
    'text/html': rounded(draw({ ...options, document }).outerHTML),
  }),
});
