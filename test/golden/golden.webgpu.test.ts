import { beforeAll, describe, test } from 'vitest';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import { Skips } from '../skips.ts';
import { checkJit } from './check.ts';
import { functionOf, later } from './functions.ts';
import { arraysIn } from './inputs.ts';
import type { GoldenCase } from './read.ts';
import { casesByFunction, GoldenArray, goldenFiles } from './read.ts';
import { closenessOf } from './tolerance.ts';

/**
 * Golden cases on webgpu, each as one compiled program of values and gradients. Software adapters compile slowly, hence a
 * sample: of each function the first cases that a GPU can be held to, or all of them in the long form.
 */
const perFunction = process.env['WEBGPU_RUNS'] === undefined ? 2 : Infinity;

const device = await createWebGpuDevice();

/** Why a case is not for webgpu; null if it is. */
function unfit(c: GoldenCase): string | null {
  const arrays = [...arraysIn(c.args), ...arraysIn(c.out), ...(c.vjp ?? [])];
  if (arrays.length === 0 || !(c.out[0] instanceof GoldenArray)) return 'no arrays, nothing for a device to do';
  const lacking = arrays.find((x) => !device.target.dtypes.has(x.dtype));
  if (lacking !== undefined) return `no ${lacking.dtype} on this adapter`;
  return null;
}

const skips = new Skips();

describe('golden cases on webgpu', () => {
  beforeAll(() => setDefaultDevice(device));
  for (const file of goldenFiles.filter((f) => !f.startsWith('random'))) {
    for (const [name, cases] of casesByFunction(file)) {
      let taken = 0;
      cases.forEach((c, i) => {
        const f = functionOf(name);
        const reason = later.includes(name) ? 'still to come' : unfit(c);
        if (reason !== null || f === null) return skips.add(reason ?? 'still to come');
        if (taken >= perFunction) return skips.add('not in the sample');
        taken++;
        test(`${file} ${name} ${i}`, () => checkJit(c, f, closenessOf(file, name)));
      });
    }
  }
  skips.print('golden cases on webgpu', 'cases');
});
