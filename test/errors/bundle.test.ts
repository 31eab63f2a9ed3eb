import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { BundleOptions, NDArray } from '../../src/index.ts';
import {
  lax,
  NamedSharding,
  P,
  ShardingError,
  ArgumentError,
  jit,
  makeMesh,
  numpy as np,
  PullbackError,
  random,
  saveBundle,
} from '../../src/index.ts';

/** What `saveBundle` says of bad input, before it writes anything. */

type State = { readonly w: NDArray };
type Batch = Readonly<Record<string, NDArray>>;

const folder = join(tmpdir(), `pullback-bundle-errors-${process.pid}`);
afterEach(() => rm(folder, { recursive: true, force: true }));

function step({ w }: State, { x, y }: Batch): readonly [State, NDArray] {
  const error = (x as NDArray)
    .astype('f32')
    .matmul(w)
    .sub(y as NDArray);
  return [{ w: w.sub(0.1) }, error.mul(error).mean()];
}

const options: BundleOptions<State> = {
  ...{ mesh: makeMesh({ data: 2 }), state: { w: np.zeros([4]) }, batchSize: 4 },
  data: {
    x: { data: new Uint8Array(40), shape: [10, 4] },
    y: { data: new Float32Array(10), shape: [10] },
  },
  ...{ orderKey: random.key(3), totalSteps: 7 },
};

/** What is put into the place of options, and what is said of it. */
const wrong: readonly (readonly [given: Readonly<Record<string, unknown>>, says: string])[] = [
  [{ shards: 0 }, 'shards must be a whole number from 1, got 0'],
  [{ shards: -1 }, 'shards must be a whole number from 1, got -1'],
  [{ shards: 2.5 }, 'shards must be a whole number from 1, got 2.5'],
  [{ totalSteps: NaN }, 'totalSteps must be a whole number from 1, got NaN'],
  [{ totalSteps: 0 }, 'totalSteps must be a whole number from 1, got 0'],
  [{ totalSteps: '7' }, 'totalSteps must be a whole number from 1, got "7"'],
  [{ step: -1 }, 'step must be a whole number from 0, got -1'],
  [
    { step: 8 },
    'step is 8, but there are 7 steps to take in all: totalSteps counts those that the state has behind it',
  ],
  [{ orderKey: 3 }, 'orderKey must be a key, u32[2] from random.key or random.split; got 3'],
  [{ orderKey: np.zeros([2]) }, 'orderKey must be a key, u32[2] from random.key or random.split; got f32[2]'],
  [
    { orderKey: random.split(random.key(0), 3) },
    'orderKey must be a key, u32[2] from random.key or random.split; got u32[3,2]',
  ],
  [{ title: 3 }, 'title must be a string, got 3'],
  [{ metadata: { epoch: 3 } }, 'metadata.epoch must be a string, got 3'],
  [
    { metadata: { step: '3' } },
    'metadata has step, which says how far a training is: give { step: 3 } beside the metadata',
  ],
  [{ metadata: 'cnn' }, 'metadata must be a record of strings, got "cnn"'],
  [{ data: undefined }, 'data must be a record of columns, got undefined'],
  [{ data: { x: [1, 2, 3, 4] } }, 'data.x must be a column, { data, shape } with a typed array; got [1,2,3,4]'],
  [
    { data: { ...options.data, y: { data: new BigInt64Array(10), shape: [10] } } },
    'data.y must be a column, { data, shape } with a typed array; got BigInt64Array data',
  ],
  [
    { data: { ...options.data, y: { data: new Float32Array(10), shape: [10], dtype: 'i32' } } },
    'data.y holds i32 in a Float32Array: it needs an Int32Array',
  ],
  [{ columns: { z: { dtype: 'f32' } } }, 'columns has z, but the data have x, y'],
  [{ columns: { x: 'f32' } }, 'columns.x must be a record like { dtype, divideBy }, got "f32"'],
  [
    { columns: { x: { dtype: 'float' } } },
    'columns.x.dtype must be a dtype (bool, i8, u8, i16, u16, i32, u32, f16, f32, f64), got "float"',
  ],
  [{ columns: { x: { dtype: 'f32', divideBy: 0 } } }, 'columns.x.divideBy must be a number other than 0, got 0'],
  [
    { columns: { x: { dtype: 'f32', divideBy: '255' } } },
    'columns.x.divideBy must be a number other than 0, got "255"',
  ],
  [
    { columns: { x: { divideBy: 255 } } },
    "columns.x divides u8 by 255 into u8, which has no fractions: give it a dtype, { dtype: 'f32', divideBy: 255 }",
  ],
  [
    { columns: { x: { dtype: 'i32', divideBy: 2 } } },
    "columns.x divides u8 by 2 into i32, which has no fractions: give it a dtype, { dtype: 'f32', divideBy: 2 }",
  ],
  [
    { columns: { x: { dtype: 'f32', divideby: 255 } } },
    'columns.x has divideby, which is no option; there are: dtype, divideBy',
  ],
  [
    { batchsize: 4 },
    'there is no option batchsize; there are: mesh, state, stateShardings, data, columns, batchSize, batchShardings, orderKey, totalSteps, step, title, metadata, shards',
  ],
  [
    { state: { w: 'none' } },
    'state.w must be an array, a number or a boolean, but is the string "none". A bundle holds nothing else.',
  ],
  [{ state: undefined }, 'state must be a tree of arrays, got undefined'],
];

describe('options of saveBundle that can not be', () => {
  test.each(wrong.map(([given, says]) => ({ given, says })))('$says', async ({ given, says }) => {
    const saved = saveBundle<State>(folder, step, { ...options, ...given });
    await expect(saved).rejects.toBeInstanceOf(ArgumentError);
    const { message } = (await saved.catch((error: unknown) => error)) as Error;
    expect(message.split(' [at ')[0]).toBe(`[saveBundle] ${says}`);
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const other = makeMesh({ data: 8 });
const four = makeMesh({ data: 4, model: 4 });

/** Shardings that do not fit, in words of saveBundle's own. */
const misfits: readonly (readonly [given: Readonly<Record<string, unknown>>, says: string])[] = [
  [{ mesh: undefined }, 'the mesh must be one of makeMesh({ data: 8 }), got undefined'],
  [{ mesh: { data: 2 } }, 'the mesh must be one of makeMesh({ data: 8 }), got {"data":2}'],
  [
    { stateShardings: { v: P() } },
    'stateShardings needs a sharding, or an object with keys {w}, got an object with keys {v}',
  ],
  [{ stateShardings: { w: P('data', null) } }, 'P("data", null) has 2 entries, but state.w, f32[4], has 1 axis'],
  [{ stateShardings: P('model') }, 'P("model") names the axis "model", which the mesh has not: it has data=2'],
  [
    { mesh: makeMesh({ data: 2, model: 3 }), stateShardings: { w: P('model') } },
    "axis 0 of state.w, f32[4], can't be spread over model=3: 4 is no multiple of 3",
  ],
  [{ stateShardings: new NamedSharding(other, P()) }, 'state.w is sharded as P() over data=8, but the mesh is data=2'],
  [
    { batchShardings: { x: P() } },
    'batchShardings needs a sharding, or an object with keys {x, y}, got an object with keys {x}',
  ],
  [{ mesh: makeMesh({ data: 3 }) }, "axis 0 of batch.x, f32[4,4], can't be spread over data=3: 4 is no multiple of 3"],
  [
    { mesh: four, batchShardings: { x: P(['data', 'model']), y: null } },
    "axis 0 of batch.x, f32[4,4], can't be spread over data=4, model=4: 4 is no multiple of 16",
  ],
];

describe('shardings of a bundle that do not fit', () => {
  test.each(misfits.map(([given, says]) => ({ given, says })))('$says', async ({ given, says }) => {
    const columns = { x: { dtype: 'f32' } } as const;
    const saved = saveBundle<State>(folder, step, { ...options, columns, ...given });
    await expect(saved).rejects.toBeInstanceOf(ShardingError);
    const { message } = (await saved.catch((error: unknown) => error)) as Error;
    expect(message.split(' [at ')[0]).toBe(`[saveBundle] ${says}`);
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** Steps whose results are not those of a step. */
const steps: readonly (readonly [step: (state: State, batch: Batch) => unknown, says: string])[] = [
  [(s, b) => step(s, b)[0], '[saveBundle] a step returns [state, metrics], got an object with keys {w}'],
  [(s, b) => [...step(s, b), 1], '[saveBundle] a step returns [state, metrics], got a tuple of 3'],
  [
    (s, b) => [{ ...s, extra: 1 }, step(s, b)[1]],
    '[saveBundle] a step returns [state, metrics] with a state like the one that it got, but it got state.w: f32[4] and returned state.extra: f32[]',
  ],
  [
    (s, b) => [{}, step(s, b)[1]],
    '[saveBundle] a step returns [state, metrics] with a state like the one that it got, but it got state.w: f32[4] and returned nothing',
  ],
  [
    (s, b) => [lax.withShardingConstraint(s, P('dta')), step(s, b)[1]],
    '[saveBundle] P("dta") names the axis "dta", which the mesh has not: it has data=2',
  ],
];

describe('steps of a bundle that are none', () => {
  test.each(steps.map(([wrongStep, says]) => ({ wrongStep, says })))('$says', async ({ wrongStep, says }) => {
    const stateShardings = { w: P('data') };
    const saved = saveBundle<State>(folder, wrongStep as typeof step, { ...options, stateShardings });
    const { message } = (await saved.catch((error: unknown) => error)) as Error;
    expect(message.split(' [at ')[0]).toBe(says);
  });
});

test('a step that is no function, and options that are none', async () => {
  await expect(saveBundle(folder, undefined as never, options)).rejects.toThrow(
    '[saveBundle] needs a step, a function of a state and a batch: saveBundle(folder, step, options); got undefined',
  );
  await expect(saveBundle(folder, step, undefined as never)).rejects.toThrow(
    '[saveBundle] needs options: saveBundle(folder, step, { mesh, state, data, batchSize, orderKey, totalSteps }); got undefined',
  );
});

test('a key that is being traced has no numbers to write', async () => {
  let saved: Promise<unknown> = Promise.resolve();
  jit((key: NDArray) => {
    saved = saveBundle<State>(folder, step, { ...options, orderKey: key });
    saved.catch(() => null);
    return key;
  })(random.key(0));
  await expect(saved).rejects.toBeInstanceOf(PullbackError);
});
