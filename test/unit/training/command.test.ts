import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../../examples/training/command.ts';
import { loadSafetensors } from '../../../src/data/index.ts';
import { fakeModels, makeFolder, recordingStreams } from './fake.ts';

let folder = '';
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command on the small data set, into `run/`. `{}` in an argument stands for the folder. */
async function run(args: string, onStep?: (steps: number) => void): Promise<Result> {
  const streams = recordingStreams();
  const given = args.split(' ').filter((arg) => arg !== '');
  const all = ['--data', '{}/data', '--out', '{}/run', ...given].map((arg) => arg.replace('{}', folder));
  const code = await main(all, fakeModels(onStep), streams);
  return { code, stdout: streams.text('stdout'), stderr: streams.text('stderr') };
}

const path = (name: string): string => join(folder, name);
const metrics = async (): Promise<unknown[]> =>
  (await readFile(path('run/metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const checkpoint = (): Promise<unknown> => loadSafetensors(path('run/checkpoint.safetensors'));

describe('a training', () => {
  test('tells how it goes, saves, and writes metrics and a summary', async () => {
    const { code, stdout, stderr } = await run('fake --log-every 2 --json {}/summary.json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('Fake on fake (0 threads): 10 images in batches of 4, steps 1 to 6');
    expect(lines[1]).toMatch(/^epoch 1\/2 · step 2\/6 · loss \d+\.\d{4} · [\d.]+ steps\/s · \d+ s left$/);
    expect(lines).toContainEqual(expect.stringMatching(/^after epoch 1 \(step 3\): test accuracy 50\.00 % · loss /));
    expect(lines.at(-1)).toMatch(/^done in 0 s; saved .*checkpoint\.safetensors$/);
    expect(await metrics()).toMatchObject([
      { kind: 'train', step: 2, epoch: 1 },
      { kind: 'test', step: 3, epoch: 1, accuracy: 0.5 },
      { kind: 'train', step: 4, epoch: 2 },
      { kind: 'train', step: 6, epoch: 2 },
      { kind: 'test', step: 6, epoch: 2, accuracy: 0.5 },
    ]);
    expect(JSON.parse(await readFile(path('summary.json'), 'utf8'))).toEqual({
      model: 'fake',
      device: 'fake',
      threads: 0,
      epochs: 2,
      steps: 6,
      batchSize: 4,
      seconds: expect.any(Number) as unknown,
      firstStepMs: expect.any(Number) as unknown,
      medianStepMs: expect.any(Number) as unknown,
      trainLoss: expect.any(Number) as unknown,
      testAccuracy: 0.5,
      trainLosses: { loss: expect.any(Number) as unknown },
      testScores: { accuracy: 0.5, loss: expect.any(Number) as unknown },
      peakMemoryBytes: expect.any(Number) as unknown,
    });
    expect(await readdir(path('run'))).toEqual(['checkpoint.safetensors', 'metrics.jsonl', 'pictures']);
  });

  test('stops after the steps asked for, also within an epoch', async () => {
    expect((await run('fake --steps 5')).code).toBe(0);
    expect(await checkpoint()).toMatchObject({ metadata: { step: '5', model: 'fake' } });
  });

  test('gives the same parameters for the same seed, others for another', async () => {
    await run('fake --seed 1');
    const first = await checkpoint();
    await run('fake --seed 1');
    expect(await checkpoint()).toEqual(first);
    await run('fake --seed 2');
    expect(await checkpoint()).not.toEqual(first);
  });

  test('keeps an earlier training of the same folder', async () => {
    await run('fake --seed 1');
    const first = await checkpoint();
    const { stdout } = await run('fake --seed 2');
    expect(stdout).toContain(`an earlier training in ${path('run')} is kept as previous-*`);
    expect(await loadSafetensors(path('run/previous-checkpoint.safetensors'))).toEqual(first);
  });
});

describe('interrupt and resume', () => {
  const stopAt = (step: number, signal: 'SIGINT' | 'SIGTERM') => (steps: number) => {
    if (steps === step) process.emit(signal);
  };

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s saves and gives %d; the resumed training ends as one that was never stopped',
    async (signal, exit) => {
      await run('fake --log-every 1');
      const [uninterrupted, lines] = [await checkpoint(), await metrics()];
      await rm(path('run'), { recursive: true });

      for (const [args, steps] of [
        ['fake', 2],
        ['fake --resume', 1],
      ] as const) {
        const stopped = await run(`${args} --log-every 1`, stopAt(steps, signal));
        expect(stopped).toMatchObject({ code: exit, stderr: '' });
        expect(stopped.stdout).toMatch(/stopped after step \d; saved .*: continue with --resume\n$/);
      }
      expect(await checkpoint()).toMatchObject({ metadata: { step: '3' } });
      expect((await run('fake --log-every 1 --resume')).code).toBe(0);
      expect(await checkpoint()).toEqual(uninterrupted);
      // The evaluation after step 3 is what the second signal cut off.
      expect((await metrics()).map((line) => (line as { readonly step: number }).step)).toEqual([1, 2, 3, 4, 5, 6, 6]);
      expect(lines.map((line) => (line as { readonly step: number }).step)).toEqual([1, 2, 3, 3, 4, 5, 6, 6]);
    },
  );

  test('goes on to where the interrupted training was going, or further when told', async () => {
    await run('fake --epochs 3', stopAt(1, 'SIGINT'));
    await run('fake --resume');
    expect(await checkpoint()).toMatchObject({ metadata: { step: '9' } });
    await run('fake --resume --epochs 4');
    expect(await checkpoint()).toMatchObject({ metadata: { step: '12' } });
  });

  test('a finished training has nothing left to do but its evaluation', async () => {
    await run('fake');
    const before = await checkpoint();
    const { code, stdout } = await run('fake --resume');
    expect(code).toBe(0);
    expect(stdout).toContain('all 6 steps are done');
    expect(await checkpoint()).toEqual(before);
  });

  test('forgets the lines of metrics that came after the checkpoint', async () => {
    await run('fake --steps 3 --log-every 1');
    const before = await metrics();
    await writeFile(path('run/metrics.jsonl'), `${JSON.stringify({ kind: 'train', step: 4 })}\n{"kind":`, {
      flag: 'a',
    });
    await run('fake --resume --log-every 1');
    expect((await metrics()).slice(0, 5)).toMatchObject([...before, { step: 3, kind: 'test' }].slice(0, 5));
    expect(await metrics()).toHaveLength(before.length + 1);
  });
});

describe('bad input', () => {
  test.each([
    ['', 'say which model to train: fake, other (--help shows the flags)'],
    ['nothing', 'there is no model nothing; there are: fake, other (--help shows the flags)'],
    ['fake other', 'one model at a time, not fake and other (--help shows the flags)'],
    ['fake --bogus', "Unknown option '--bogus' (--help shows the flags)"],
    ['fake --epochs', "Option '--epochs <value>' argument missing (--help shows the flags)"],
    ['fake --json=', '--json needs a value (--help shows the flags)'],
    ['fake --batch-size 0', '--batch-size must be a whole number from 1, not 0 (--help shows the flags)'],
    ['fake --batch-size 1.5', '--batch-size must be a whole number from 1, not 1.5 (--help shows the flags)'],
    ['fake --epochs x', '--epochs must be a whole number from 1, not x (--help shows the flags)'],
    ['fake --seed=-1', '--seed must be a whole number from 0, not -1 (--help shows the flags)'],
    ['fake --learning-rate 0', '--learning-rate must be a number above 0, not 0 (--help shows the flags)'],
    ['fake --learning-rate nan', '--learning-rate must be a number above 0, not nan (--help shows the flags)'],
    ['fake --device gpu', 'there is no device gpu; there are: wasm, webgpu, reference (--help shows the flags)'],
    ['fake --threads 0', '--threads must be a whole number from 1, not 0 (--help shows the flags)'],
    ['fake --device webgpu --threads 2', '--threads is for the wasm device, not webgpu (--help shows the flags)'],
    ['fake --batch-size 11', '--batch-size: a batch size of 11 does not fit 10 examples: use 1 to 10'],
    ['fake --train-size 3 --batch-size 4', '--batch-size: a batch size of 4 does not fit 3 examples: use 1 to 3'],
    ['fake --train-size 11', '--train-size 11 is above the 10 training images there are'],
    ['fake --cell lstm', "Unknown option '--cell' (--help shows the flags)"],
    ['fake --depth 2', 'fake has no --depth (--help shows the flags)'],
    ['other --depth 0', '--depth must be a whole number from 1, not 0 (--help shows the flags)'],
    ['other --mood sad', '--mood must be one of glad, grave, not sad (--help shows the flags)'],
    ['fake --dataset cifar', '--dataset must be one of mnist, fashion-mnist, not cifar (--help shows the flags)'],
  ])('`%s` is a wrong call', async (args, message) => {
    expect(await run(args)).toEqual({ code: 2, stdout: '', stderr: `error (usage): ${message}\n` });
    expect(await readdir(folder)).toEqual(['data']);
  });

  test('--help shows the flags', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('usage: npm run train -- <fake|other> [flags]');
    expect(stdout).toContain('--batch-size N');
    expect(stdout).toMatch(
      /\nother:\n {2}--depth N +layers \(default 1\)\n {2}--mood glad\|grave +words \(default glad\)\n/,
    );
  });

  test('a truncated IDX file is named', async () => {
    await truncate(path('data/train-images-idx3-ubyte'), 20);
    expect(await run('fake')).toEqual({
      code: 1,
      stdout: '',
      stderr: `error (idx-truncated): ${path('data/train-images-idx3-ubyte')}: u8[10,1,1] takes 26 bytes, the file has 20: it is truncated\n`,
    });
  });

  test('an output folder or summary that can not be written is named before anything runs', async () => {
    const out = await run('fake --out {}/data/t10k-labels-idx1-ubyte/run');
    expect(out).toMatchObject({ code: 1, stdout: '' });
    expect(out.stderr).toMatch(/^error \(file-unwritable\): cannot write .*t10k-labels-idx1-ubyte\/run: ENOTDIR.*\n$/);
    const json = await run('fake --json {}/nowhere/summary.json');
    expect(json).toMatchObject({ code: 1, stdout: '' });
    expect(json.stderr).toMatch(/^error \(file-unwritable\): cannot write .*nowhere\/summary\.json: ENOENT.*\n$/);
    const directory = await run('fake --json {}/data');
    expect(directory.stderr).toBe(`error (file-unwritable): cannot write ${path('data')}: it is a folder\n`);
  });

  test('nothing to resume from', async () => {
    const { code, stderr } = await run('fake --resume');
    const file = path('run/checkpoint.safetensors');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error (checkpoint-missing): there is no ${file} to resume from\n`,
    });
  });

  test.each([
    [
      'other --resume',
      /^error \(checkpoint-mismatch\): .*: a checkpoint of model fake, not of other; name another --out\n$/,
    ],
    [
      'fake --resume --seed 7',
      /^error \(checkpoint-mismatch\): the checkpoint was made with --seed 0, not 7: leave --seed out, or name another --out\n$/,
    ],
    [
      'fake --resume --batch-size 5',
      /^error \(checkpoint-mismatch\): the checkpoint was made with --batch-size 4, not 5:/,
    ],
  ])('`%s` does not touch a checkpoint that it does not fit', async (args, message) => {
    await run('fake');
    const before = [await checkpoint(), await metrics(), await readdir(path('run'))];
    const { code, stderr } = await run(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect([await checkpoint(), await metrics(), await readdir(path('run'))]).toEqual(before);
  });

  test("a model's own flags are remembered by its checkpoint", async () => {
    await run('other --depth 3 --odd');
    const { metadata } = (await checkpoint()) as { readonly metadata: Readonly<Record<string, string>> };
    expect(JSON.parse(metadata.settings ?? '')).toMatchObject({
      flags: { dataset: 'mnist', depth: 3, mood: 'glad', odd: true },
    });
    const { stderr } = await run('other --resume --depth 2');
    expect(stderr).toMatch(
      /the checkpoint was made with --depth 3, not 2: leave --depth out, or name another --out\n$/,
    );
    expect((await run('other --resume --depth 3')).code).toBe(0);
    await run('other');
    expect((await run('other --resume --odd')).stderr).toMatch(
      /the checkpoint was made without --odd: leave --odd out,/,
    );
    expect((await run('fake --judge {}/run')).stderr).toBe(
      'error (usage): --judge needs the model cnn, which is not there\n',
    );
  });

  test('a damaged checkpoint is named', async () => {
    await run('fake');
    await truncate(path('run/checkpoint.safetensors'), 100);
    const { code, stderr } = await run('fake --resume');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error \(safetensors-truncated\): .*checkpoint\.safetensors: .*\n$/);
  });

  test('a loss that is no number any more ends the training and saves nothing', async () => {
    await run('fake --seed 1');
    const before = [await checkpoint(), await metrics()];
    const models = fakeModels();
    const streams = recordingStreams();
    const start = models.fake?.start;
    const diverging = {
      fake: {
        title: 'Fake',
        defaults: { epochs: 1, batchSize: 4, learningRate: 1 },
        start: async (...args: Parameters<NonNullable<typeof start>>) => ({
          ...(await start?.(...args)),
          step: () => Promise.resolve({ loss: NaN }),
        }),
      },
    } as unknown as typeof models;
    const args = ['fake', '--data', path('data'), '--out', path('run')];
    expect(await main(args, diverging, streams)).toBe(1);
    expect(streams.text('stderr')).toBe('error (diverged): the loss of step 1 is NaN: try a smaller --learning-rate\n');
    expect([await checkpoint(), await metrics()]).toEqual(before);
  });
});
