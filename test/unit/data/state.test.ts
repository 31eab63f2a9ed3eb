import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import type { HostTensor } from '../../../src/data/index.ts';
import { fromTensors, loadSafetensors, loadState, saveState, toTensors } from '../../../src/data/index.ts';
import { evalShape, init, nn, numpy as np, optim, random, tree } from '../../../src/index.ts';
import type { NDArray } from '../../../src/index.ts';
import { dtypes } from '../../../src/kernel/dtype.ts';

let folder = '';
let file = '';
beforeAll(() => init({ device: 'reference' }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullback-state-'));
  file = join(folder, 'state.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

const raises = (code: string, message: string): Error => expect.objectContaining({ code, message }) as Error;

/** Each leaf with its type, for comparison. */
const told = (x: unknown): Promise<unknown> =>
  Promise.all(
    tree.leavesWithPath(x).map(async ([path, leaf]) => {
      if (typeof leaf !== 'object') return [path, leaf];
      const { dtype, shape } = leaf as NDArray;
      return [path, dtype, shape, await (leaf as NDArray).data()];
    }),
  );

describe('saveState and loadState', () => {
  test('bring back a whole training: parameters, optimizer, key, numbers', async () => {
    const model = nn.sequential(nn.dense(3), nn.relu, nn.dense(2));
    const begin = (key: NDArray) => {
      const { params } = model.init(key, [4]);
      return { params, optimizer: optim.adam(0.1).init(params), key, step: 7, done: false };
    };
    const state = begin(random.key(5));
    await saveState(file, state);
    const template = begin(random.key(6));
    const loaded = await loadState(file, { ...template, step: 0, done: true });
    expectTypeOf(loaded.key).toEqualTypeOf<NDArray>();
    expectTypeOf(loaded.step).toEqualTypeOf<number>();
    expect(tree.structure(loaded)).toEqual(tree.structure(state));
    expect(await told(loaded)).toEqual(await told(state));
    expect(await readdir(folder)).toEqual(['state.safetensors']);
  });

  test('name tensors by their paths and keep the metadata', async () => {
    const state = { params: [{ kernel: np.ones([2, 1]) }], 'a b': np.arange(2) };
    await saveState(file, state, { made: 'here' });
    const { tensors, metadata } = await loadSafetensors(file);
    expect(metadata).toEqual({ made: 'here' });
    expect(Object.fromEntries(Object.entries(tensors).map(([k, { dtype, shape }]) => [k, [dtype, ...shape]]))).toEqual({
      'params[0].kernel': ['f32', 2, 1],
      '["a b"]': ['i32', 2],
    });
  });

  test('fill the shapes that evalShape gives', async () => {
    const make = (key: NDArray) => ({ w: random.uniform(key, [3, 2]), n: np.arange(3) });
    const state = make(random.key(1));
    await saveState(file, state);
    const loaded = await loadState(file, evalShape(make, random.key(0)));
    expectTypeOf(loaded).toEqualTypeOf<{ w: NDArray; n: NDArray }>();
    expect(await told(loaded)).toEqual(await told(state));
  });

  const leaf = fc.oneof(
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc
      .record({ dtype: fc.constantFrom(...dtypes), values: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 4 }) })
      .map(({ dtype, values }) => np.array(values.length === 0 ? 1 : values, { dtype })),
  );
  const { anyTree } = fc.letrec((tie) => ({
    anyTree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.constant(null),
      fc.array(tie('anyTree'), { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie('anyTree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));

  test('any tree comes back from its tensors', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, async (state) => {
        const back = fromTensors(state, await toTensors(state), 'f');
        expect(tree.structure(back)).toEqual(tree.structure(state));
        expect(await told(back)).toEqual(await told(state));
      }),
    );
  });
});

describe('what does not fit', () => {
  const tensors = async () => toTensors({ a: np.ones(2), b: np.zeros([1, 2]), c: 1 });

  test('is listed', async () => {
    const template = { a: np.ones(3), b: np.zeros([1, 2], { dtype: 'i32' }), constructor: 2, e: true };
    const saved = await tensors();
    expect(() => fromTensors(template, saved, 'f')).toThrow(
      raises(
        'state-mismatch',
        'f does not hold such a tree: a is f32[2], the template has f32[3]; b is f32[1,2], the template has i32[1,2]; it lacks constructor, f64[]; and 2 more',
      ),
    );
  });

  test('as a tensor too many', async () => {
    const saved = await tensors();
    expect(() => fromTensors({ a: np.ones(2), b: np.zeros([1, 2]) }, saved, 'f')).toThrow(
      raises('state-mismatch', 'f does not hold such a tree: it has c, which the template does not'),
    );
    expect(() => fromTensors(np.ones(2), { '': saved.b as HostTensor }, 'f')).toThrow(
      raises('state-mismatch', 'f does not hold such a tree: the whole tree is f32[1,2], the template has f32[2]'),
    );
  });

  test('as a leaf that is no array', async () => {
    await expect(saveState(file, { a: ['text'] })).rejects.toThrow(
      raises('state-leaf', "a[0] can't be saved: it is a string, not an array or a number"),
    );
    const saved = await tensors();
    expect(() => fromTensors({ a: 'text' }, saved, 'f')).toThrow('a of the template is a string');
    expect(await readdir(folder)).toEqual([]);
  });
});
