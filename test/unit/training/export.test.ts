import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from '../../../examples/export/command.ts';
import { models } from '../../../examples/models/index.ts';
import type { Manifest } from '../../../src/bundle/manifest.ts';
import { data } from '../../../src/index.ts';
import { makeFolder, recordingStreams } from './fake.ts';

let folder = '';
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

async function run(args: string): Promise<{ readonly code: number; readonly text: string }> {
  const streams = recordingStreams();
  const code = await main(args.split(' '), models, streams);
  return { code, text: streams.text(code === 0 ? 'stdout' : 'stderr') };
}

const bundle = (): string => join(folder, 'bundle');
const manifest = async (): Promise<Manifest> =>
  JSON.parse(await readFile(join(bundle(), 'manifest.json'), 'utf8')) as Manifest;

test('writes what the training command would train', async () => {
  const call = `autoencoder --data ${join(folder, 'data')} --batch-size 4 --steps 9 --seed 3 --out ${bundle()} --mesh data=4`;
  expect(await run(call)).toEqual({
    code: 0,
    text: `Autoencoder for data=4 in ${bundle()}: 10 images in batches of 4, 9 steps, a state of 15 arrays\n`,
  });
  const { metadata, totalSteps, data: described, steps } = await manifest();
  expect(totalSteps).toBe(9);
  expect(metadata).toEqual({
    ...{ format: 'pullback-training', version: '2', model: 'autoencoder' },
    settings: JSON.stringify({
      seed: 3,
      batchSize: 4,
      learningRate: 0.001,
      trainSize: 10,
      flags: { dataset: 'mnist' },
    }),
  });
  expect(described).toMatchObject({ examples: 10, batchSize: 4 });
  expect(steps.map((s) => s.batchSize)).toEqual([4, 2]);
});

test('a second axis of the mesh spreads the outputs of layers, and what the optimizer remembers of them', async () => {
  const { code, text } = await run(`cnn --batch-size 4 --train-size 8 --out ${bundle()} --mesh=data=2,model=2`);
  expect(code).toBe(0);
  expect(text).toContain('a state of 27 arrays, 24 of them spread over model=2\n');
  const { steps } = await manifest();
  const spread = (name: string) => steps[0]?.inputs.find((x) => x.name === name)?.sharding;
  expect(spread('params[0].kernel')).toEqual([[], [], [], ['model']]);
  expect(spread('params[7].kernel')).toEqual([[], ['model']]);
  expect(spread('optimizer[0].mu[9].bias')).toEqual([['model']]);
  expect(spread('key')).toEqual([[]]);
  expect(spread('images')).toEqual([['data'], [], [], []]);
});

test('axes go by their names, in whatever order and number', async () => {
  const call = `autoencoder --data ${join(folder, 'data')} --batch-size 4 --out ${bundle()}`;
  const shardings = async (...names: readonly string[]) => {
    const [step] = (await manifest()).steps;
    return names.map((name) => step?.inputs.find((x) => x.name === name)?.sharding);
  };
  expect((await run(`${call} --mesh model=2,data=4`)).code).toBe(0);
  expect(await shardings('params[1].kernel', 'images')).toEqual([
    [[], ['model']],
    [['data'], [], [], []],
  ]);
  expect((await run(`${call} --mesh model=2`)).code).toBe(0);
  expect(await shardings('params[1].kernel', 'images')).toEqual([
    [[], ['model']],
    [[], [], [], []],
  ]);
});

test('an axis that divides no layer is refused', async () => {
  expect(await run(`cnn --batch-size 4 --train-size 8 --out ${bundle()} --mesh data=2,model=3`)).toEqual({
    code: 2,
    text: 'error (usage): model=3 divides the outputs of no layer: there are layers of 10, 32, 64\n',
  });
});

test('the state is the one that the training command begins with', async () => {
  await run(`autoencoder --data ${join(folder, 'data')} --batch-size 4 --seed 3 --out ${bundle()} --mesh data=2`);
  const { tensors, metadata } = await data.loadSafetensors(join(bundle(), 'state.safetensors'));
  expect(metadata).toMatchObject({ step: '0', model: 'autoencoder' });
  expect(tensors['params[1].kernel']?.shape).toEqual([1, 64]);
});

test('--help shows the flags, without those that are for training alone', async () => {
  const { code, text } = await run('--help');
  expect(code).toBe(0);
  expect(text).toContain('--mesh AXES          devices: data=N');
  expect(text).toContain('--batch-size N');
  expect(text).not.toContain('--resume');
  expect(text.match(/--out /g)).toHaveLength(1);
});

test.each([
  ['cnn --mesh data', '--mesh must be like data=8 or data=4,model=2, not data'],
  ['cnn --mesh data=0', '--mesh must be like data=8 or data=4,model=2, not data=0'],
  ['cnn --mesh data=2,data=2', '--mesh names data twice'],
  [
    'cnn --mesh data=2,pipe=3',
    '--mesh has the axis pipe, over which nothing goes: there go the images of a batch over data, the outputs of layers over model',
  ],
  ['cnn --mesh', "Option '--mesh <value>' argument missing (--help shows the flags)"],
  ['cnn --shards none', '--shards must be a whole number from 1, not none (--help shows the flags)'],
  ['cnn --resume', '--resume is for npm run train (--help shows the flags)'],
  ['cnn --device=webgpu', '--device is for npm run train (--help shows the flags)'],
  ['mlp', 'there is no model mlp; there are: cnn, rnn, autoencoder, gan (--help shows the flags)'],
  [
    'cnn --mesh data=5 --batch-size 32',
    "batches of 32 images can't be spread over data=5: give a --batch-size that is a multiple of 5",
  ],
])('%s is refused in a line', async (call, says) => {
  const { code, text } = await run(`${call}${call.includes('--mesh data=5') ? ` --out ${bundle()}` : ''}`);
  expect([code, text]).toEqual([2, `error (usage): ${says}\n`]);
});
