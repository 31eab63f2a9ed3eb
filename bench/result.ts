import type { ContenderName } from './libraries.ts';
import type { Check } from './protocol.ts';
import type { Row } from './row.ts';

/** Times of one call in milliseconds, or megabytes. */
export interface Measured {
  readonly median: number;
  readonly minimum: number;
  readonly samples: number;
}

/** What a library gave at a row: numbers, or why there are none. */
export type Result = (Measured & { readonly check: Check }) | { readonly skip: string } | { readonly error: string };

/** A row with what each contender gave. */
export interface RowResult {
  readonly row: Row;
  readonly results: Readonly<Partial<Record<ContenderName, Result>>>;
}

export function summary(values: readonly number[]): Measured {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, minimum: sorted[0] ?? NaN, samples: sorted.length };
}

/** The numbers of a contender, null when it has none. */
export function measured({ results }: RowResult, name: ContenderName): (Measured & { readonly check: Check }) | null {
  const result = results[name];
  return result !== undefined && 'median' in result ? result : null;
}

/** Gigaflops or gigabytes a second, null for rows without a rate. */
export function rate(result: RowResult, name: ContenderName): number | null {
  const [work, found] = [result.row.work, measured(result, name)];
  return work === undefined || found === null ? null : work.amount / found.median / 1e6;
}

/** Which results disagree with pullback's (or, where it has none, with the first): each with what was found. */
export function disagreements(result: RowResult): readonly string[] {
  const { tolerance } = result.row;
  if (tolerance === null) return [];
  const found = (Object.keys(result.results) as ContenderName[]).flatMap((name) => {
    const check = measured(result, name)?.check;
    return check === undefined || check.check.length === 0 ? [] : [{ name, ...check }];
  });
  const first = found[0];
  if (first === undefined) return [];
  return found.slice(1).flatMap(({ name, check }) => {
    const same =
      check.length === first.check.length &&
      check.every((x, i) => {
        const y = first.check[i] ?? NaN;
        return Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), Math.abs(y), first.scale);
      });
    return same ? [] : [`${name} computes ${check.join(', ')}; ${first.name} computes ${first.check.join(', ')}`];
  });
}
