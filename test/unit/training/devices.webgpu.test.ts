import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { models } from '../../../examples/models/index.ts';
import type { ModelEntry } from '../../../examples/models/model.ts';
import { batches, mnist, take } from '../../../src/data/index.ts';
import { init } from '../../../src/index.ts';
import { runTraining, trainings } from './trainings.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-devices-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Steps, and how far a loss may be from that of the wasm device, as a share of it. */
const steps = 20;
const tolerance = 1e-3;

const steady = trainings.filter((args) => !args.startsWith('gan'));

test.each(steady)('%s has on webgpu the losses that it has on wasm', { timeout: 400_000 }, async (args) => {
  const settings = `${args} --batch-size 8 --steps ${steps}`;
  const wasm = await runTraining(join(folder, 'wasm'), `${settings} --device wasm`);
  const webgpu = await runTraining(join(folder, 'webgpu'), `${settings} --device webgpu`);
  expect(webgpu).toMatchObject({ code: 0, stderr: '' });
  expect(webgpu.losses).toHaveLength(steps);
  const gaps = webgpu.losses.map((losses, i) =>
    Math.max(...Object.entries(losses).map(([name, loss]) => Math.abs(loss / (wasm.losses[i]?.[name] ?? NaN) - 1))),
  );
  for (const gap of gaps) expect(gap).toBeLessThanOrEqual(tolerance);
});

/**
 * Two networks that play against each other make much of little: on one and the same device, parameters that begin with another
 * rounding (a relative 2e-7) have losses that differ ten times as much with every step, until they are percents apart: after ten
 * steps where there is batch norm, after twenty where there is none. So webgpu takes over the state of wasm every few steps,
 * which leaves all of forward, backward and update to be compared, along the whole of the way.
 */
const together: Readonly<Record<string, number>> = { gan: 2, 'gan --plain': 4 };

test.each(Object.entries(together))(
  '%s has on webgpu the losses that it has on wasm, from its state every %d steps',
  { timeout: 400_000 },
  async (args, length) => {
    const batchSize = 8;
    const entry = models.gan as ModelEntry;
    const settings = {
      seed: 5,
      learningRate: entry.defaults.learningRate,
      batchSize,
      trainSize: steps * batchSize,
      flags: { size: '28', plain: args.includes('--plain') },
    };
    const wasm = await entry.start({ device: 'wasm', threads: null }, settings, [28, 28, 1]);
    const webgpu = await entry.start({ device: 'webgpu', threads: null }, settings, [28, 28, 1]);
    const images = [...batches(take((await mnist()).train, settings.trainSize), { batchSize })];
    for (let from = 0; from < steps; from += length) {
      await init({ device: 'wasm' });
      const state = await wasm.save();
      const expected = [];
      for (const batch of images.slice(from, from + length)) expected.push(await wasm.step(batch, batch.index));
      await init({ device: 'webgpu' });
      webgpu.restore(state, 'wasm');
      for (const [i, batch] of images.slice(from, from + length).entries()) {
        for (const [name, loss] of Object.entries(await webgpu.step(batch, batch.index))) {
          expect(Math.abs(loss / (expected[i]?.[name] ?? NaN) - 1)).toBeLessThanOrEqual(tolerance);
        }
      }
    }
  },
);
