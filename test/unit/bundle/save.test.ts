import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { ArgumentError, data, lax, makeMesh, numpy as np, P, random, saveBundle } from '../../../src/index.ts';

type State = { readonly w: NDArray; readonly steps: NDArray };
type Batch = Readonly<Record<string, NDArray>>;

const state: State = { w: np.array([1, 2, 3, 4]), steps: np.array(0, { dtype: 'i32' }) };
const examples = {
  x: { data: Uint8Array.from({ length: 40 }, (_, i) => i), shape: [10, 4] },
  y: { data: Float32Array.from({ length: 10 }, (_, i) => i / 8), shape: [10] },
};
const options = {
  ...{ mesh: makeMesh({ data: 2, model: 2 }), state, data: examples, orderKey: random.key(3), totalSteps: 7 },
  columns: { x: { dtype: 'f32', divideBy: 255 } },
  batchSize: 4,
} as const;

function step({ w, steps }: State, { x, y }: Batch): readonly [State, NDArray] {
  const error = (x as NDArray).matmul(w).sub(y as NDArray);
  return [{ w: w.sub(error.matmul(x as NDArray)), steps: steps.add(1) }, error.mul(error).mean()];
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-bundle-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a bundle says all that there is to know about a training', async () => {
  const bundle = join(folder, 'made', 'of', 'folders');
  await saveBundle(bundle, step, {
    ...options,
    stateShardings: { w: P('model'), steps: P() },
    metadata: { model: 'line' },
  });
  const manifest = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  expect(manifest).toMatchObject({
    ...{ format: 'pullback-bundle', version: 1, title: 'step', step: 0, totalSteps: 7, metadata: { model: 'line' } },
    mesh: [
      { name: 'data', size: 2 },
      { name: 'model', size: 2 },
    ],
    steps: [
      {
        batchSize: 4,
        file: 'step.mlir',
        inputs: [
          { role: 'state', name: 'steps', shape: [], dtype: 'i32', sharding: [], donated: true },
          { role: 'state', name: 'w', shape: [4], dtype: 'f32', sharding: [['model']], donated: true },
          { role: 'batch', name: 'x', shape: [4, 4], dtype: 'f32', sharding: [['data'], []] },
          { role: 'batch', name: 'y', shape: [4], dtype: 'f32', sharding: [['data']] },
        ],
        outputs: [
          { role: 'state', name: 'steps', sharding: [] },
          { role: 'state', name: 'w', sharding: [['model']] },
          { role: 'metric', name: 'loss', shape: [], dtype: 'f32', sharding: [] },
        ],
      },
      { batchSize: 2, file: 'step-2.mlir' },
    ],
    data: {
      ...{ examples: 10, batchSize: 4, orderKey: [0, 3] },
      columns: [
        { name: 'x', stored: 'u8', dtype: 'f32', divideBy: 255 },
        { name: 'y', stored: 'f32', dtype: 'f32' },
      ],
      shards: [{ file: 'data-00000-of-00001.safetensors', from: 0, to: 10 }],
    },
  });
});

test('files are those that the manifest describes, and hold the state and the examples', async () => {
  const { steps, state: saved, data: described } = await saveBundle(folder, step, { ...options, shards: 3 });
  for (const { file, bytes, crc32: sum } of [...steps, saved, ...described.shards]) {
    const content = await readFile(join(folder, file));
    expect([file, content.length, crc32(content)]).toEqual([file, bytes, sum]);
  }
  const { tensors, metadata } = await data.loadSafetensors(join(folder, saved.file));
  expect([tensors.w?.data, metadata]).toEqual([Float32Array.of(1, 2, 3, 4), { step: '0', totalSteps: '7' }]);
  expect(described.shards.map(({ from, to }) => [from, to])).toEqual([
    [0, 3],
    [3, 6],
    [6, 10],
  ]);
  const shards = await Promise.all(described.shards.map(({ file }) => data.loadSafetensors(join(folder, file))));
  expect(shards.flatMap((s) => [...(s.tensors.x?.data ?? [])])).toEqual([...examples.x.data]);
});

test('what is left of an epoch goes to every device where the mesh does not divide it', async () => {
  const { steps } = await saveBundle(folder, step, { ...options, mesh: makeMesh({ data: 4 }) });
  const batch = (i: number) => steps[i]?.inputs.find(({ name }) => name === 'x');
  expect(batch(0)).toMatchObject({ shape: [4, 4], sharding: [['data'], []] });
  expect(batch(1)).toMatchObject({ shape: [2, 4], sharding: [[], []] });
});

test('a step may constrain what the mesh does not divide, as in the last batch of an epoch', async () => {
  const spread = (s: State, b: Batch) => step(s, { ...b, x: lax.withShardingConstraint(b.x as NDArray, P('data')) });
  const { steps } = await saveBundle<State>(folder, spread, { ...options, mesh: makeMesh({ data: 4 }) });
  const text = await readFile(join(folder, steps[1]?.file ?? ''), 'utf8');
  expect(text).toMatch(/sdy\.sharding_constraint %\w+ <@mesh, \[\{"data"\}, \{\}\]> : tensor<2x4xf32>/);
});

test('a batch that the mesh does not divide is refused before anything is written', async () => {
  const bundle = join(folder, 'none');
  await expect(saveBundle(bundle, step, { ...options, mesh: makeMesh({ data: 3 }) })).rejects.toMatchObject({
    code: 'sharding-indivisible',
  });
  await expect(readFile(bundle)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a step that gives back another state is refused', async () => {
  const other = (s: State, b: Batch) => [{ ...s, steps: s.steps.astype('f32') }, step(s, b)[1]] as const;
  const saved = saveBundle<State>(folder, other, options);
  await expect(saved).rejects.toThrow(ArgumentError);
  await expect(saved).rejects.toThrow('it got state.steps: i32[] and returned state.steps: f32[]');
});

test('metrics are numbers by their names', async () => {
  const whole = (s: State, b: Batch) => [step(s, b)[0], { loss: step(s, b)[1], steps: s.steps.reshape([1]) }] as const;
  await expect(saveBundle<State>(folder, whole, options)).rejects.toThrow(
    'a step returns [state, metrics] with one scalar or more as metrics, got metrics.steps: i32[1]',
  );
  const none = (s: State, b: Batch) => [step(s, b)[0], {}] as const;
  await expect(saveBundle<State>(folder, none, options)).rejects.toThrow('as metrics, got none');
});

test('an earlier bundle is removed, and nothing else', async () => {
  await saveBundle(folder, step, { ...options, shards: 3 });
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const { steps } = await saveBundle(folder, step, { ...options, batchSize: 2, shards: 1 });
  expect(steps.map((s) => s.file)).toEqual(['step.mlir']);
  expect((await readdir(folder)).sort()).toEqual([
    ...['data-00000-of-00001.safetensors', 'manifest.json', 'notes.txt', 'state.safetensors', 'step.mlir'],
  ]);
});

test('a manifest that points elsewhere removes nothing there', async () => {
  const bundle = join(folder, 'bundle');
  const { state: saved, ...manifest } = await saveBundle(bundle, step, options);
  await writeFile(join(folder, 'state.safetensors'), 'mine');
  const elsewhere = { ...manifest, state: { ...saved, file: '../state.safetensors' } };
  await writeFile(join(bundle, 'manifest.json'), JSON.stringify(elsewhere));
  await saveBundle(bundle, step, options);
  expect(await readFile(join(folder, 'state.safetensors'), 'utf8')).toBe('mine');
});

test('a bundle that can not be written whole leaves no manifest', async () => {
  await saveBundle(folder, step, options);
  await rm(join(folder, 'state.safetensors'));
  await mkdir(join(folder, 'state.safetensors', 'in the way'), { recursive: true });
  await expect(saveBundle(folder, step, options)).rejects.toMatchObject({ code: 'file-unwritable' });
  await expect(readFile(join(folder, 'manifest.json'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['{"name":"an app"}', 'no JSON', '[]'])('a manifest of something else, %s, is left alone', async (text) => {
  await writeFile(join(folder, 'manifest.json'), text);
  await expect(saveBundle(folder, step, options)).rejects.toThrow(
    `cannot write ${join(folder, 'manifest.json')}: there is one that is not a bundle's; choose another folder`,
  );
  expect(await readdir(folder)).toEqual(['manifest.json']);
  expect(await readFile(join(folder, 'manifest.json'), 'utf8')).toBe(text);
});

test('uses of a column that there is not are refused', async () => {
  const saved = saveBundle(folder, step, { ...options, columns: { z: { dtype: 'f32' } } });
  await expect(saved).rejects.toThrow('[saveBundle] columns has z, but the data have x, y');
});

test('a folder that can not be made is an error of its own', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(saveBundle(join(folder, 'file'), step, options)).rejects.toMatchObject({ code: 'file-unwritable' });
});
