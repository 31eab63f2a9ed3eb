import { storedBytes } from '../kernel/dtype.ts';
import { showAval } from '../trace/aval.ts';
import { ShapeDtypeStruct } from '../trace/abstract.ts';
import { NDArray } from '../trace/value.ts';
import { keystr, leavesWithPath } from '../tree/tree.ts';
import type { Shown } from './array.ts';
import { readElements } from './elements.ts';
import type { Cell } from './html.ts';
import { caption, cut, escape, round, svg, table } from './html.ts';
import { bytesText, counted, histogram, short } from './numbers.ts';

/** Trees of more leaves are shown by the first. */
const maxLeaves = 64;

/** A tree as a table: of each leaf the path, the type, and how its values are spread. */
export async function showTree(value: unknown): Promise<Shown> {
  const leaves = leavesWithPath(value).map(([path, leaf]) => ({ path: keystr(path).replace(/^\./, ''), leaf }));
  const drawn = leaves.slice(0, maxLeaves);
  const rows: (readonly Cell[])[] = [];
  for (const { path, leaf } of drawn)
    rows.push([{ html: `<code>${escape(path)}</code>`, align: 'left' }, ...(await cells(leaf))]);
  const sum = total(leaves.map((l) => l.leaf));
  const more = leaves.length > drawn.length ? `, of which the first ${drawn.length} are shown` : '';
  const html = [
    table(['path', 'type', 'min', 'mean', 'max', 'values'], rows),
    caption(`${leaves.length} ${leaves.length === 1 ? 'leaf' : 'leaves'}${more}; ${sum}`),
  ].join('\n');
  const text = drawn.map(({ path, leaf }) => `${path === '' ? '' : `${path}: `}${describe(leaf)}`);
  return { html, text: [...text, ...(more === '' ? [] : ['…']), sum].join('\n') };
}

const hasType = (leaf: unknown): leaf is NDArray | ShapeDtypeStruct =>
  leaf instanceof NDArray || leaf instanceof ShapeDtypeStruct;

/** A leaf in a line. */
function describe(leaf: unknown): string {
  if (hasType(leaf)) return showAval(leaf);
  if (ArrayBuffer.isView(leaf)) return `${leaf.constructor.name}(${(leaf as unknown as ArrayLike<number>).length})`;
  if (typeof leaf === 'function') return `function ${leaf.name}`;
  return cut(typeof leaf === 'string' ? JSON.stringify(leaf) : String(leaf), 60);
}

async function cells(leaf: unknown): Promise<readonly Cell[]> {
  const type: Cell = { html: `<code>${escape(describe(leaf))}</code>`, align: 'left' };
  const known = leaf instanceof NDArray ? leaf.concrete() : null;
  if (known === null || known.size === 0 || known.isDeleted()) return [type];
  const { data, statistics, dtype } = await readElements(known);
  if (dtype === 'bool') return [type, { html: '' }, { html: `${short(100 * statistics.mean)} %` }, { html: '' }];
  const { min, mean, max, odd } = statistics;
  const numbers = [min, mean, max].map((x) => ({ html: escape(short(x)) }));
  const spread = known.size > 1 ? spark(histogram(data, statistics, 24)) : '';
  return [type, ...numbers, { html: `${spread}${odd === 0 ? '' : ` <b>${odd} not finite</b>`}`, align: 'left' }];
}

/** A histogram as small as a word. */
function spark(counts: readonly number[]): string {
  const largest = Math.max(1, ...counts);
  const bars = counts.map((n, i) =>
    n === 0 ? '' : `M${4 * i + 1.5} 16V${round(16 - Math.max(1, (15 * n) / largest))}`,
  );
  return svg(96, 16, [`<path stroke="#4e79a7" stroke-width="3" d="${bars.join('')}"/>`]);
}

/** All elements of the arrays together. */
function total(leaves: readonly unknown[]): string {
  const arrays = leaves.filter(hasType);
  const elements = arrays.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
  const bytes = arrays.reduce((n, { shape, dtype }) => n + shape.reduce((a, b) => a * b, 1) * storedBytes(dtype), 0);
  return `${counted(elements)} elements, ${bytesText(bytes)}`;
}
