import type { ContenderName, PeerName } from './libraries.ts';
import type { Task } from './task.ts';

/** A row of the table: a task, and what is expected of pullback at it. */
export interface Row {
  readonly name: string;
  readonly group: string;
  readonly task: Task;
  /** What one call does, for a rate: floating-point operations, or bytes that can't but be moved. */
  readonly work?: { readonly amount: number; readonly unit: 'flop' | 'byte' };
  readonly goals: readonly Goal[];
  /** Contenders beside pullback and its peers. */
  readonly also?: readonly ContenderName[];
  /** Measured once, in a new process, several times: the first call, or the memory of a loop. */
  readonly once?: 'time' | 'megabytes';
  /** How much results may differ between libraries, relative; null when they draw different random numbers. */
  readonly tolerance: number | null;
  /** Part of the short form. */
  readonly quick: boolean;
}

/** A row; what is not said is as it is for most. */
export const row = (given: Pick<Row, 'name' | 'group' | 'task'> & Partial<Row>): Row => ({
  goals: [],
  tolerance: 1e-3,
  quick: false,
  ...given,
});

/** What is expected of pullback. */
export type Goal =
  /** At least `by` times as fast as the fastest of these. */
  | { readonly kind: 'faster'; readonly than: readonly (PeerName | 'single')[]; readonly by: number }
  /** The median in milliseconds (or megabytes) at most. */
  | { readonly kind: 'most'; readonly value: number }
  /** A rate at least, in G of the row's unit a second. */
  | { readonly kind: 'rate'; readonly least: number }
  /** A share of the rate of another row, by whoever does that best of these. */
  | { readonly kind: 'share'; readonly least: number; readonly row: string; readonly of: ContenderName };

/** A goal of models holds where the engine has relaxed SIMD; elsewhere this share of the speed is enough. */
export const withoutRelaxedSimd = 1 / 1.8;
