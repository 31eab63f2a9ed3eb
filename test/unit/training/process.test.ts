import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { idxBytes } from '../data/bytes.ts';

/** The command as a process, on the smallest images that the network takes: 10×10. */

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-process-'));
  await mkdir(join(folder, 'data'));
  for (const [name, count] of [['train', 40], ['t10k', 10]] as const) {
    const labels = Array.from({ length: count }, (_, i) => i % 10);
    // Each digit is a bright row of its own, with some texture.
    const pixels = labels.flatMap((label, n) =>
      Array.from({ length: 100 }, (_, i) => (Math.floor(i / 10) === label ? 200 : (i * 7 + n * 3) % 40)),
    );
    await writeFile(join(folder, 'data', `${name}-images-idx3-ubyte`), idxBytes([count, 10, 10], pixels));
    await writeFile(join(folder, 'data', `${name}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
}); // prettier-ignore
afterEach(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command into the folder `out`; `onLine` may send the process a signal. */
function run(
  out: string,
  args: string,
  onLine: (line: string, kill: (s: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const all = ['--data', join(folder, 'data'), '--out', join(folder, out), ...args.split(' ')];
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/train.ts', ...all], { stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    onLine(String(chunk), (signal) => child.kill(signal));
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

const checkpoint = (out: string): Promise<Buffer> => readFile(join(folder, out, 'checkpoint.safetensors'));

test(
  'interrupted and resumed, a training ends with the very bits of an uninterrupted one',
  { timeout: 60_000 },
  async () => {
    const flags = 'cnn --epochs 2 --train-size 11 --batch-size 3 --seed 3 --log-every 1';
    const whole = await run('whole', flags);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    const stopped = await run('parts', flags, (text, kill) => {
      if (text.includes('step 3/')) kill('SIGINT');
    });
    expect(stopped).toMatchObject({ code: 130, stderr: '' });
    expect(stopped.stdout).toMatch(
      /stopped after step \d+; saved .*checkpoint\.safetensors: continue with --resume\n$/,
    );
    expect((await checkpoint('parts')).equals(await checkpoint('whole'))).toBe(false);
    const terminated = await run('parts', 'cnn --resume --log-every 1', (text, kill) => {
      if (text.includes('step 6/')) kill('SIGTERM');
    });
    expect(terminated).toMatchObject({ code: 143, stderr: '' });
    expect(await run('parts', 'cnn --resume --log-every 1')).toMatchObject({ code: 0, stderr: '' });
    expect((await checkpoint('parts')).equals(await checkpoint('whole'))).toBe(true);
  },
);

test('the network learns, and the summary says how', { timeout: 60_000 }, async () => {
  const file = join(folder, 'summary.json');
  expect((await run('learns', `cnn --epochs 12 --batch-size 10 --json ${file}`)).code).toBe(0);
  const summary = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, unknown>>;
  expect(summary).toMatchObject({ model: 'cnn', device: 'wasm', epochs: 12, steps: 48, batchSize: 10 });
  expect(summary.testAccuracy).toBeGreaterThanOrEqual(0.7);
  for (const key of ['threads', 'seconds', 'firstStepMs', 'medianStepMs', 'trainLoss', 'peakMemoryBytes']) {
    expect(summary[key]).toBeGreaterThan(0);
  }
});

test('errors are one line, without a stack trace', { timeout: 60_000 }, async () => {
  expect(await run('out', 'cnn --batch-size 0')).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error (usage): --batch-size must be a whole number from 1, not 0 (--help shows the flags)\n',
  });
  const file = join(folder, 'data', 't10k-images-idx3-ubyte');
  await truncate(file, 500);
  expect(await run('out', 'cnn')).toEqual({
    code: 1,
    stdout: '',
    stderr: `error (idx-truncated): ${file}: u8[10,10,10] takes 1016 bytes, the file has 500: it is truncated\n`,
  });
});
