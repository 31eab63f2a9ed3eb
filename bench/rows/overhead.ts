import type { Row } from '../row.ts';
import { row } from '../row.ts';
import type { TaskOf } from '../task.ts';

const microseconds = 1e-3;

/** At most so many megabytes. */
const memory = (loop: TaskOf<'memory'>['loop'], times: number, most: number): Row =>
  row({
    name: `memory-${loop}`,
    group: 'memory',
    task: { kind: 'memory', loop, times },
    once: 'megabytes',
    goals: [{ kind: 'most', value: most }],
  });

/** What is paid beside the work: calls of compiled functions, tracing, memory of loops that keep nothing. */
export const overhead: readonly Row[] = [
  row({ name: 'dispatch', group: 'overhead', task: { kind: 'dispatch' }, goals: [{ kind: 'most', value: 20 * microseconds }], quick: true }), // prettier-ignore
  row({ name: 'cache-hit-1', group: 'overhead', task: { kind: 'cache-hit', results: 1 }, goals: [{ kind: 'most', value: 30 * microseconds }] }), // prettier-ignore
  row({ name: 'cache-hit-20', group: 'overhead', task: { kind: 'cache-hit', results: 20 } }),
  row({
    name: 'trace-cnn',
    group: 'overhead',
    task: { kind: 'trace' },
    goals: [{ kind: 'most', value: 50 }],
    tolerance: null,
  }),
  memory('eager', 100_000, 1024),
  memory('jitted', 20_000, 1024),
];
