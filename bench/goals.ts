import type { ContenderName } from './libraries.ts';
import type { LibraryOptions } from './peers/library.ts';
import type { RowResult } from './result.ts';
import { measured, rate } from './result.ts';
import type { Goal, Row } from './row.ts';
import { withoutRelaxedSimd } from './row.ts';

const jaxJs = (by: number): Goal => ({ kind: 'faster', than: ['jax-js'], by });
const tfjs = (by: number): Goal => ({ kind: 'faster', than: ['tfjs'], by });

/**
 * What is expected on WebGPU, by row; rows themselves say it for WebAssembly. The ratios are those of times measured on
 * lavapipe, a software adapter.
 */
export const webgpuGoals: Readonly<Record<string, readonly Goal[]>> = {
  'cnn-32': [jaxJs(2.9), tfjs(5.5)],
  'autoencoder-256': [jaxJs(2.3), tfjs(2.7)],
  'rnn-128': [jaxJs(2.5)],
  'first-call-cnn': [{ kind: 'most', value: 3000 }, jaxJs(8)],
  'first-call-rnn': [jaxJs(1)],
  'matmul-1024': [{ kind: 'rate', least: 8 }, jaxJs(1.6), tfjs(1.8)],
};

/** A row with what is expected of it on a device. */
export const rowOn = (row: Row, device: LibraryOptions['device']): Row =>
  device === 'webgpu' ? { ...row, goals: webgpuGoals[row.name] ?? [] } : row;

/** A goal and what was reached. */
export interface Verdict {
  readonly text: string;
  /** In the unit of the goal; null when something that it looks at was not measured. */
  readonly value: number | null;
  /** The value for people. */
  readonly shown: string;
  readonly met: boolean | null;
}

/** How a row's goals stand, given all rows that have been measured. */
export function verdicts(result: RowResult, all: readonly RowResult[], relaxedSimd: boolean): readonly Verdict[] {
  return result.row.goals.map((goal) => {
    const { text, least, value } = stand(goal, result, all, relaxedSimd);
    if (value === null) return { text, value, shown: 'not measured', met: null };
    if (goal.kind === 'most') return { text, value, shown: quantity(value, result), met: value <= least };
    return { text, value, shown: goal.kind === 'faster' ? `${shown(value)}×` : shown(value), met: value >= least };
  });
}

interface Standing {
  readonly text: string;
  /** The number of the goal: the most where it is a `most`. */
  readonly least: number;
  readonly value: number | null;
}

function stand(goal: Goal, result: RowResult, all: readonly RowResult[], relaxedSimd: boolean): Standing {
  switch (goal.kind) {
    case 'faster': {
      const eased = result.row.group === 'models' && !relaxedSimd && !goal.than.includes('single');
      const least = eased ? goal.by * withoutRelaxedSimd : goal.by;
      return { text: `≥ ${shown(least)}× ${goal.than.join(', ')}`, least, value: ratio(result, goal.than) };
    }
    case 'most':
      return {
        text: `≤ ${quantity(goal.value, result)}`,
        least: goal.value,
        value: measured(result, 'pullback')?.median ?? null,
      };
    case 'rate':
      return { text: `≥ ${goal.least} ${unitOf(result)}`, least: goal.least, value: rate(result, 'pullback') };
    case 'share': {
      const other = all.find((r) => r.row.name === goal.row);
      const whole = other === undefined ? null : rate(other, goal.of);
      const own = rate(result, 'pullback');
      const value = whole === null || own === null ? null : own / whole;
      return { text: `≥ ${goal.least} of ${goal.row}'s rate`, least: goal.least, value };
    }
  }
}

/** How many times as fast as the fastest of these pullback is. */
export function ratio(result: RowResult, than: readonly ContenderName[]): number | null {
  const own = measured(result, 'pullback');
  const theirs = than.flatMap((name) => measured(result, name)?.median ?? []);
  return own === null || theirs.length === 0 ? null : Math.min(...theirs) / own.median;
}

const unitOf = ({ row }: RowResult): string => (row.work?.unit === 'byte' ? 'GB/s' : 'GFLOP/s');

/** Three digits, with none after the point from a hundred. */
export const shown = (x: number): string => (Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')); // prettier-ignore

/** A time or an amount of memory, with its unit. */
export function quantity(value: number, { row }: RowResult): string {
  if (row.once === 'megabytes') return `${shown(value)} MB`;
  return value < 0.1 ? `${shown(value * 1000)} µs` : `${shown(value)} ms`;
}

/** A rate with its unit; nothing for rows without one. */
export function rateText(result: RowResult, name: ContenderName): string {
  const value = rate(result, name);
  return value === null ? '' : `${shown(value)} ${unitOf(result)}`;
}
