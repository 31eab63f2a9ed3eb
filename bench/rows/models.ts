import type { Row } from '../row.ts';
import { row } from '../row.ts';
import type { ModelName } from '../task.ts';

const step = (model: ModelName, batch: number, goals: Row['goals'], more: Partial<Row> = {}): Row =>
  row({ name: `${model}-${batch}`, group: 'models', task: { kind: 'model', model, batch }, goals, ...more });

/** At most so many milliseconds. */
const firstCall = (model: ModelName, batch: number, most: number): Row =>
  row({
    name: `first-call-${model}`,
    group: 'first-call',
    task: { kind: 'model', model, batch },
    once: 'time',
    goals: [{ kind: 'most', value: most }],
  });

/** Training steps, and their first calls: tracing, differentiating, compiling, running. */
export const models: readonly Row[] = [
  step(
    'cnn',
    32,
    [
      { kind: 'faster', than: ['tensorflow', 'torch'], by: 1 },
      { kind: 'faster', than: ['single'], by: 1.7 },
    ],
    { also: ['single'] },
  ),
  step('cnn', 128, [{ kind: 'faster', than: ['tensorflow', 'torch'], by: 1 }]),
  step('autoencoder', 256, [{ kind: 'faster', than: ['torch'], by: 1 }], { quick: true }),
  step('rnn', 128, [{ kind: 'faster', than: ['jax'], by: 1 }]),
  firstCall('cnn', 32, 1000),
  firstCall('rnn', 128, 600),
];
