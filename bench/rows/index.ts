import { rowOn } from '../goals.ts';
import type { LibraryOptions } from '../peers/library.ts';
import type { Row } from '../row.ts';
import { kernels } from './kernels.ts';
import { models } from './models.ts';
import { overhead } from './overhead.ts';

/** Everything that can be measured, in order. */
export const rows: readonly Row[] = [...models, ...kernels, ...overhead];

/** What can be asked for: the groups, and each row. */
export const groups: readonly string[] = [...new Set(rows.map((r) => r.group))];

/** The rows of some names, of rows or groups, and those that their goals look at; all rows when none is named. */
export function selected(
  names: readonly string[],
  quick: boolean,
  device: LibraryOptions['device'] = 'wasm',
): readonly Row[] {
  const known = rows.map((r) => rowOn(r, device));
  const named = names.length === 0 ? known : known.filter((r) => names.includes(r.name) || names.includes(r.group));
  const wanted = quick && names.length === 0 ? named.filter((r) => r.quick) : named;
  const needed = new Set(wanted.flatMap((r) => r.goals.flatMap((g) => (g.kind === 'share' ? [g.row] : []))));
  return known.filter((r) => wanted.includes(r) || needed.has(r.name));
}
