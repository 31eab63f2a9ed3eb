import type { Verdict } from './goals.ts';
import { quantity, ratio, rateText, shown } from './goals.ts';
import type { ContenderName } from './libraries.ts';
import { peerNames } from './libraries.ts';
import type { RowResult } from './result.ts';
import { disagreements, measured } from './result.ts';

/** A measured row and how its goals stand. */
export type Judged = RowResult & { readonly verdicts: readonly Verdict[] };

/** Results as a table for people: how many times as fast as each peer pullback is, and the goals. */
export function table(results: readonly Judged[]): string {
  const columns: readonly ContenderName[] = [...peerNames, 'single' as const].filter((name) =>
    results.some((r) => !('skip' in (r.results[name] ?? { skip: '' }))),
  );
  const head = ['', 'median', 'minimum', 'rate', ...columns.map((c) => `vs ${c}`), 'goal'];
  const lines = [head, ...results.map((r) => line(r, columns))];
  const widths = head.map((_, i) => Math.max(...lines.map((l) => l[i]?.length ?? 0)));
  const text = lines.map((l) =>
    l
      .map((cell, i) => (i === 0 || i === head.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  ); // prettier-ignore
  return [...text, '', ...notes(results)].join('\n').trimEnd();
}

/** A row whose only contender is `node` shows what that reached. */
function line(result: Judged, columns: readonly ContenderName[]): readonly string[] {
  const own = measured(result, 'pullback') === null && measured(result, 'node') !== null ? 'node' : 'pullback';
  const found = measured(result, own);
  const name = own === 'node' ? `${result.row.name} (the engine's)` : result.row.name;
  const numbers =
    found === null
      ? [wordFor(result, own), '', '']
      : [quantity(found.median, result), quantity(found.minimum, result), rateText(result, own)];
  const ratios = columns.map((c) => {
    const r = ratio(result, [c]);
    return r === null ? (own === 'node' ? rateText(result, c) : wordFor(result, c)) : `${shown(r)}×`;
  });
  return [name, ...numbers, ...ratios, result.verdicts.map(goalText).join('; ')];
}

function wordFor({ results }: RowResult, name: ContenderName): string {
  const result = results[name];
  if (result === undefined) return '';
  return 'error' in result ? 'failed' : '—';
}

const goalText = ({ text, shown, met }: Verdict): string => `${text}: ${met === null ? '' : met ? '✓ ' : '✗ '}${shown}`;

/** Failures and disagreements, a line each. */
function notes(results: readonly Judged[]): readonly string[] {
  return results.flatMap((r) => [
    ...Object.entries(r.results).flatMap(([name, result]) =>
      'error' in result ? [`${r.row.name}: ${name} failed: ${result.error}`] : [],
    ),
    ...disagreements(r).map((text) => `${r.row.name}: RESULTS DIFFER: ${text}`),
  ]);
}
