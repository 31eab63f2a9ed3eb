import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { numpy as np, optim, tree } from '../../src/index.ts';
import type { Params } from '../laws/optim/rows.ts';
import { parametersOf, schedules, stepOf, toleranceOf, transformations } from '../laws/optim/rows.ts';
import type { GoldenCase } from './read.ts';
import { GoldenArray, readGolden } from './read.ts';

/** Ten steps of each optimizer and transformation, and the values of each schedule, against optax. */

const toArray = ({ data, shape, dtype }: GoldenArray): NDArray => np.array(data, { shape, dtype });
const isArray = (x: unknown): boolean => x instanceof GoldenArray;

/** Golden arrays of a tree as arrays of ours. */
const arrays = <T>(x: unknown): T => tree.map((leaf: GoldenArray) => toArray(leaf), x) as T;

interface Inputs {
  readonly params: Params;
  readonly grads: readonly Params[];
  readonly broken: readonly Params[];
  readonly losses: NDArray;
}

/** The largest error, relative to the larger of 1 and the value. */
function error(found: NDArray, wanted: GoldenArray): number {
  expect([found.dtype, found.shape]).toEqual([wanted.dtype, wanted.shape]);
  const close = (x: number, w: number): number =>
    x === w || (Number.isNaN(x) && Number.isNaN(w)) ? 0 : Math.abs(x - w) / Math.max(1, Math.abs(w));
  return Math.max(0, ...Array.from(found.dataSync(), (x, i) => close(x, wanted.data[i] ?? NaN)));
}

/** Parameters after each step. */
function steps(title: string, make: () => optim.GradientTransformation, inputs: Inputs): Params[] {
  const optimizer = make();
  const step = stepOf(title, optimizer);
  let params = parametersOf(title, inputs.params);
  let state = optimizer.init(params);
  return (title.includes('broken') ? inputs.broken : inputs.grads).map((g, i) => {
    [params, state] = step(params, state, g, inputs.losses.slice(i));
    return params;
  });
}

/** The rows of a file by title, without the inputs. */
const rowsOf = (file: string): ReadonlyMap<string, GoldenCase> =>
  new Map(readGolden(file).slice(1).map((c) => [c.args[0] as string, c])); // prettier-ignore

const files = { f32: rowsOf('optim-f32'), f64: rowsOf('optim-f64') };

describe.each(['f32', 'f64'] as const)('%s', (dtype) => {
  const inputs = arrays<Inputs>(readGolden(`optim-${dtype}`)[0]?.out[0]);
  test.each(Object.entries(transformations))('%s: ten steps are those of optax', (title, make) => {
    const wanted = files[dtype].get(title)?.out ?? [];
    expect(wanted).toHaveLength(10);
    steps(title, make, inputs).forEach((params, step) => {
      const errors = tree.leaves(params).map((found, i) => {
        const leaf = tree.leaves(wanted[step], { isLeaf: isArray })[i] as GoldenArray;
        return error(found as NDArray, leaf);
      });
      expect(Math.max(...errors), `step ${step}`).toBeLessThan(toleranceOf(title, dtype));
    });
  });
});

test.each(Object.entries(schedules))('%s gives the values of optax', (title, make) => {
  const [wanted] = files.f32.get(title)?.out ?? [];
  if (!(wanted instanceof GoldenArray)) throw new Error(`no values of ${title}`);
  const schedule = make();
  const count = (n: number) => np.array(n, { dtype: 'i32' });
  const found = np.stack(Array.from({ length: 14 }, (_, n) => schedule(count(n))));
  expect(error(found, wanted)).toBeLessThan(1e-6);
  expect(schedule(5).itemSync()).toBe(found.slice(5).itemSync());
});

test('each row here is one of optax, and the reverse', () => {
  const ours = [...Object.keys(transformations), ...Object.keys(schedules)];
  expect([...files.f32.keys()].sort()).toEqual([...ours].sort());
  expect([...files.f64.keys()].sort()).toEqual(Object.keys(transformations).sort());
});

/** What is no transformation or schedule; tested elsewhere. */
const functions = [
  'applyUpdates',
  'chainMonoid',
  'fisherDiag',
  'globalNorm',
  'hessianDiag',
  'hvp',
  'incrementalUpdate',
  'lookaheadParams',
  'perExampleGlobalNormClip',
  'periodicUpdate',
  'scheduleFreeEvalParams',
  'treeGet',
  'treeGetAllWithPath',
  'treeSet',
  'valueAndGradFromState',
];

test('each public name has a row', () => {
  const rows = [...Object.keys(transformations), ...Object.keys(schedules)].map((title) => title.split(',')[0]);
  expect(Object.keys(optim).filter((name) => !rows.includes(name) && !functions.includes(name))).toEqual([]);
});
