import type { Row } from '../row.ts';

type Given = Pick<Row, 'name' | 'task' | 'goals'> & Partial<Row>;
const row = (given: Given): Row => ({ group: 'overhead', tolerance: 1e-3, quick: false, ...given });

const microseconds = 1e-3;

/** What is paid beside the work: calls of compiled functions, tracing, memory of loops that keep nothing. */
export const overhead: readonly Row[] = [
  row({ name: 'dispatch', task: { kind: 'dispatch' }, goals: [{ kind: 'most', value: 20 * microseconds }], quick: true }), // prettier-ignore
  row({ name: 'cache-hit-1', task: { kind: 'cache-hit', results: 1 }, goals: [{ kind: 'most', value: 30 * microseconds }] }), // prettier-ignore
  row({ name: 'cache-hit-20', task: { kind: 'cache-hit', results: 20 }, goals: [] }),
  row({ name: 'trace-cnn', task: { kind: 'trace' }, goals: [{ kind: 'most', value: 50 }], tolerance: null }),
  row({
    name: 'memory-eager',
    group: 'memory',
    task: { kind: 'memory', loop: 'eager', times: 100_000 },
    once: 'megabytes',
    goals: [{ kind: 'most', value: 1024 }],
  }),
  row({
    name: 'memory-jitted',
    group: 'memory',
    task: { kind: 'memory', loop: 'jitted', times: 20_000 },
    once: 'megabytes',
    goals: [{ kind: 'most', value: 1024 }],
  }),
];
