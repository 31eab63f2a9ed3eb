import type { Row } from '../row.ts';
import type { ModelName } from '../task.ts';

type Given = Pick<Row, 'name' | 'task' | 'goals'> & Partial<Row>;
const row = (given: Given): Row => ({ group: 'models', tolerance: 1e-3, quick: false, ...given });

const step = (model: ModelName, batch: number, goals: Row['goals'], more: Partial<Row> = {}): Row =>
  row({ name: `${model}-${batch}`, task: { kind: 'model', model, batch }, goals, ...more });

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
  row({
    name: 'first-call-cnn',
    group: 'first-call',
    task: { kind: 'model', model: 'cnn', batch: 32 },
    once: 'time',
    goals: [{ kind: 'most', value: 1000 }],
  }),
  row({
    name: 'first-call-rnn',
    group: 'first-call',
    task: { kind: 'model', model: 'rnn', batch: 128 },
    once: 'time',
    goals: [{ kind: 'most', value: 600 }],
  }),
];
