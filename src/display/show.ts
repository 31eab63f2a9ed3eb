import type { Displayable, MimeBundle } from '../util/display.ts';
import { jupyterDisplay } from '../util/display.ts';

/** How {@link show} draws arrays. */
export interface ShowOptions {
  /**
   * - `table`: the numbers, each shaded by its size.
   * - `heatmap`: a pixel an element, the last two axes of each array as height and width.
   * - `image`: pictures of shape `[h, w]`, `[h, w, c]`, `[n, h, w]` or `[n, h, w, c]` with 1, 3 or 4 channels.
   * - `line`: each row as a line.
   *
   * By default what suits shape and values.
   */
  readonly as?: 'table' | 'heatmap' | 'image' | 'line';
  /** The values at the ends of the colour scale. Default: [0, 255] for images of u8 and [0, 1] for others; else the extremes. */
  readonly range?: readonly [low: number, high: number];
  /** Pictures in a row of several. Default: as many as make it about square, at most 10. */
  readonly columns?: number;
  /** The most pictures that are drawn. Default 40. */
  readonly count?: number;
  /** What is written under each picture. */
  readonly labels?: readonly string[];
  /** The width of a picture on the page, in pixels. */
  readonly width?: number;
  /** What is written above. */
  readonly title?: string;
}

/**
 * A value as notebooks show it: an array as a table, heat map, picture or line; a tree of arrays as a table of their shapes
 * and values; a Jaxpr and a lowered or compiled function as a drawn graph with its cost. Arrays, Jaxprs and lowered
 * functions show themselves so without help. This is for trees, which are plain objects, for compiled functions, which are
 * functions, and for saying how.
 *
 * What draws is loaded when something is first shown. It needs neither Node nor Deno: a page can await the method
 * `Symbol.for('Jupyter.display')` and use the text under `text/html`.
 *
 * @example
 * show(params); // the last expression of a cell
 * @example
 * show(images, { as: 'image', labels: ['seven', 'two'] }); // or before the end of a cell: await Deno.jupyter.display(…)
 */
export const show = (value: unknown, options: ShowOptions = {}): Displayable => ({
  [jupyterDisplay]: () => renderLazily(value, options),
});

/** Loads what draws, and draws. */
export async function renderLazily(value: unknown, options: ShowOptions = {}): Promise<MimeBundle> {
  const { render } = await import('./render.ts');
  return render(value, options);
}
