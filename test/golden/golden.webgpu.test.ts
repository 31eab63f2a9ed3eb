import { beforeAll, describe, test } from 'vitest';
import { createWebGpuDevice } from '../../src/backends/webgpu/device.ts';
import { setDefaultDevice } from '../../src/compiler/runtime.ts';
import { checkJit } from './check.ts';
import { functionOf, later } from './functions.ts';
import { arraysIn } from './inputs.ts';
import type { GoldenCase } from './read.ts';
import { casesByFunction, GoldenArray, goldenFiles } from './read.ts';
import { closenessOf } from './tolerance.ts';

/**
 * A sample of the golden cases on webgpu: of each function the first cases that a GPU can be held to, each as one compiled
 * program of values and gradients. Software adapters compile slowly, hence a sample; what is left out is counted below.
 */
const perFunction = 2;

/** Why a case is not for webgpu; null if it is. */
function unfit(c: GoldenCase): string | null {
  const arrays = [...arraysIn(c.args), ...arraysIn(c.out), ...(c.vjp ?? [])];
  if (arrays.length === 0 || !(c.out[0] instanceof GoldenArray)) return 'no arrays, nothing for a device to do';
  if (arrays.some((x) => x.dtype === 'f64')) return 'no f64 on webgpu';
  // WGSL lets implementations assume that there are none.
  if (arrays.some((x) => x.data.some((e) => !Number.isFinite(e)))) return 'WGSL promises nothing of NaN and infinities';
  return null;
}

const skipped = new Map<string, number>();
const count = (reason: string): void => void skipped.set(reason, (skipped.get(reason) ?? 0) + 1);

describe('golden cases on webgpu', () => {
  beforeAll(async () => setDefaultDevice(await createWebGpuDevice()));
  for (const file of goldenFiles.filter((f) => !f.startsWith('random'))) {
    for (const [name, cases] of casesByFunction(file)) {
      let taken = 0;
      cases.forEach((c, i) => {
        const f = functionOf(name);
        const reason = later.includes(name) ? 'still to come' : unfit(c);
        if (reason !== null || f === null) return count(reason ?? 'still to come');
        if (taken >= perFunction) return count('not in the sample');
        taken++;
        test(`${file} ${name} ${i}`, () => checkJit(c, f, closenessOf(file, name)));
      });
    }
  }
  for (const [reason, n] of skipped) test.skip(`${n} cases: ${reason}`, () => undefined);
});
