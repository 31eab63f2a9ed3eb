/** Pieces of HTML and SVG. Colours are translucent or the page's own, so that light and dark pages show them alike. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for use in HTML. */
export const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => entities[c] ?? c);

/** Text that ends in `…` where it is longer than `length`. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

const cell = 'padding:2px 8px;text-align:';

/** A cell of a table: what is in it, and the style of its own. */
export interface Cell {
  readonly html: string;
  readonly style?: string;
  /** `left` for text; numbers stand on the right. */
  readonly align?: 'left' | 'right' | 'center';
}

/** A table with a row of headings, if there are any. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const head = headings.map((h) => `<th style="${cell}left;opacity:.7">${escape(h)}</th>`).join('');
  const body = rows.map((row) => {
    const cells = row.map(
      ({ html, style = '', align = 'right' }) =>
        `<td style="${cell}${align};${align === 'right' ? 'white-space:nowrap;' : ''}${style}">${html}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const header = headings.length === 0 ? '' : `<thead><tr>${head}</tr></thead>`;
  return `<table style="border-collapse:collapse;font-size:12px">${header}<tbody>${body.join('\n')}</tbody></table>`;
}

/** A line of explanation. */
export const caption = (html: string): string => `<div style="font-size:12px;opacity:.8;margin:2px 0">${html}</div>`;

/** Blocks beside each other, wrapping where the page is narrow. */
export const flow = (blocks: readonly string[]): string =>
  `<div style="display:flex;flex-wrap:wrap;gap:8px;align-items:flex-end">${blocks.join('\n')}</div>`;

/** A drawing. */
export const svg = (width: number, height: number, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" ` +
  `style="max-width:100%;height:auto;font:11px system-ui,sans-serif" fill="currentColor">\n${body.join('\n')}\n</svg>`;

/** A number for coordinates. */
export const round = (x: number): string => String(Math.round(x * 10) / 10);
