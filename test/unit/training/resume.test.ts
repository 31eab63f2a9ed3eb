import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runTraining, trainings } from './trainings.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-resume-'));
});
afterEach(() => rm(folder, { recursive: true }));

test.each(trainings)(
  '%s, interrupted and resumed, ends with the very bits of one that was not',
  { timeout: 240_000 },
  async (args) => {
    const settings = `${args} --batch-size 6 --steps 5 --threads 1`;
    const whole = await runTraining(join(folder, 'whole'), settings);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    const stopped = await runTraining(join(folder, 'parts'), settings, 1);
    expect(stopped).toMatchObject({ code: 130, stderr: '' });
    expect(stopped.losses.length).toBeLessThan(5);
    const resumed = await runTraining(join(folder, 'parts'), `${args} --resume --threads 1`);
    expect(resumed).toMatchObject({ code: 0, stderr: '', losses: whole.losses });
    expect(resumed.losses).toHaveLength(5);
    expect(resumed.checkpoint.equals(whole.checkpoint)).toBe(true);
  },
);
