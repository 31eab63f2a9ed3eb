import * as Plot from '@observablehq/plot';
import { make } from './dom.ts';
import type { Point } from './series.ts';

/** A curve of a chart. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** Few points, which are drawn too. */
  readonly dotted?: boolean;
}

const height = 190;

const coarse = [1, 2, 5, 10];
const fine = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The first of such numbers, times a power of ten, that holds one: axes that grow by leaps hold still in between. */
function roundLimit(x: number, leaps: readonly number[]): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(x, 1e-12)));
  return leaps.map((m) => m * power).find((limit) => limit >= x * (1 - 1e-9)) ?? 10 * power;
}

/** A chart of values over steps, as wide as its place. */
export class Chart {
  readonly #place: HTMLElement;
  readonly #caption: HTMLElement;
  #title = '';
  #range: readonly [number, number] | null = null;
  #percent = false;
  #curves: readonly Curve[] = [];
  #scheduled = false;

  constructor(place: HTMLElement, caption: HTMLElement) {
    this.#place = place;
    this.#caption = caption;
    new ResizeObserver(() => this.#schedule()).observe(place);
  }

  /** Says what it shows. Without a range, the values decide. */
  describe(
    title: string,
    { range = null, percent = false }: { range?: readonly [number, number] | null; percent?: boolean } = {},
  ): void {
    this.#title = title;
    this.#range = range;
    this.#percent = percent;
    this.show([]);
  }

  show(curves: readonly Curve[]): void {
    this.#curves = curves;
    const keys = curves.length < 2 ? [] : curves.map(({ name }, i) => make('span', `key series-${i + 1}`, name));
    this.#caption.replaceChildren(this.#title, ...keys);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw(): void {
    const width = this.#place.clientWidth;
    if (width === 0) return;
    const all = this.#curves.flatMap(({ points }) => points);
    const range = this.#range ?? [
      0,
      all.length === 0 ? 1 : roundLimit(Math.max(...all.map(({ value }) => value)), fine),
    ];
    const plot = Plot.plot({
      width,
      height,
      marginTop: 10,
      marginRight: 14,
      marginBottom: 30,
      marginLeft: 44,
      style: { background: 'none', fontFamily: 'inherit', fontSize: '12px', color: 'var(--quiet)' },
      x: {
        domain: [0, roundLimit(Math.max(...all.map(({ step }) => step), 100), coarse)],
        ticks: 4,
        tickSize: 0,
        tickFormat: 'd',
        label: null,
      },
      y: {
        domain: range,
        ticks: 4,
        tickSize: 0,
        label: null,
        ...(this.#percent ? { tickFormat: '.0%' } : { tickFormat: '~g' }),
      },
      marks: [
        Plot.gridY({ ticks: 4, stroke: 'var(--line)', strokeOpacity: 1 }),
        ...this.#curves.flatMap(({ points, dotted = false }, i) => {
          const stroke = `var(--series-${i + 1})`;
          const at = { x: 'step', y: 'value' } as const;
          return [
            Plot.line(points, { ...at, stroke, strokeWidth: 1.75, clip: true }),
            ...(dotted ? [Plot.dot(points, { ...at, fill: stroke, r: 2.25 })] : []),
          ];
        }),
      ],
    });
    this.#place.replaceChildren(plot);
  }
}
