import { beforeAll, describe, expect, test } from 'vitest';
import type { DType, NDArray, nn } from '../../../src/index.ts';
import { jit, numpy as np, random, tree, vmap } from '../../../src/index.ts';
import { isFloat } from '../../../src/kernel/dtype.ts';
import { checkGrads } from '../../../src/testing/index.ts';
import type { GoldenLayer, GoldenArray } from '../../golden/read.ts';
import { readGolden } from '../../golden/read.ts';
import type { GoldenName, LayerRow } from './contract.ts';

/** Whether a layer keeps its contract. */

const batch = 3;
const close = 1e-5;

const arrays = (x: unknown): readonly NDArray[] => tree.leaves(x) as readonly NDArray[];
const numbers = (x: unknown): readonly number[] => arrays(x).flatMap((leaf) => Array.from(leaf.dataSync(), Number));
const typesOf = (x: unknown): readonly string[] => arrays(x).map((leaf) => `${leaf.dtype}[${leaf.shape.join()}]`);
const floatsAs = <T>(x: T, dtype: DType): T =>
  tree.map((leaf: NDArray) => (isFloat(leaf.dtype) ? leaf.astype(dtype) : leaf), x);
const floatTypes = (x: unknown): readonly DType[] => [
  ...new Set(arrays(x).map(({ dtype }) => dtype).filter(isFloat)), // prettier-ignore
];
const shapesOf = (x: unknown): unknown =>
  Object.fromEntries(
    tree.leavesWithPath(x).map(([path, leaf]) => [tree.keystr(path), (leaf as NDArray).shape]), // prettier-ignore
  );

/** Equal structures, shapes and dtypes, and numbers within `tolerance` of 1 or of themselves. */
function expectClose(found: unknown, wanted: unknown, tolerance = close): void {
  expect(typesOf(found)).toEqual(typesOf(wanted));
  const right = numbers(wanted);
  for (const [i, x] of numbers(found).entries()) {
    const w = right[i] ?? NaN;
    // Not a matcher each: there are many numbers.
    if (!(Math.abs(x - w) <= tolerance * Math.max(1, Math.abs(w)))) expect(x, `number ${i}`).toBe(w);
  }
}

const randomLike = <T>(key: NDArray, x: T): T => {
  let count = 0;
  return tree.map((leaf: NDArray) => {
    const own = random.foldIn(key, count++);
    return isFloat(leaf.dtype) ? random.uniform(own, leaf.shape, { minval: -1, dtype: leaf.dtype }) : leaf;
  }, x);
};

/** The laws that hold for the layer of a row. */
export function checkLayer(row: LayerRow): void {
  const { layer, input, output, params: paramShapes } = row;
  const stateShapes = row.stateful ?? {};
  const drawn = random.key(17);
  const modes: readonly nn.Context[] = [{ training: true, key: drawn }, { training: false }];
  const differs = row.needsKey === true || (row.stateful !== undefined && row.frozen !== true);
  /** Those that are not one and the same. */
  const ways = differs ? modes : modes.slice(0, 1);
  let params: nn.Tree = null;
  let state: nn.Tree = null;
  let outputShape: readonly number[] = [];
  let x: NDArray;

  beforeAll(() => {
    const [initKey, paramKey, xKey] = [...random.split(random.key(7), 3)] as [NDArray, NDArray, NDArray];
    const made = layer.init(initKey, input);
    // Biases begin at zero, where a mistake in them would not show.
    params = randomLike(paramKey, made.params);
    ({ state, outputShape } = made);
    x =
      row.below === undefined
        ? random.uniform(xKey, [batch, ...input], { minval: -1 })
        : random.randint(xKey, [batch, ...input], 0, row.below);
  });

  test('the shapes are as init says', () => {
    expect(outputShape).toEqual(output);
    expect(shapesOf(params)).toEqual(paramShapes);
    expect(shapesOf(state)).toEqual(stateShapes);
    for (const context of modes) expect(layer.apply(params, state, x, context)[0].shape).toEqual([batch, ...output]);
  });

  test('the same key gives the same parameters, compiled too', () => {
    const begin = (key: NDArray): unknown => {
      const made = layer.init(key, input);
      return [made.params, made.state];
    };
    const [one, two] = [begin(random.key(3)), begin(random.key(3))];
    expect(numbers(one)).toEqual(numbers(two));
    expectClose(jit(begin)(random.key(3)), one);
  });

  test('only what draws or remembers differs in training', () => {
    const [trained, evaluated] = modes.map((context) => numbers(layer.apply(params, state, x, context)[0]));
    if (!differs) expect(trained).toEqual(evaluated);
  });

  test('the dtype is kept', () => {
    for (const context of ways) {
      for (const dtype of ['f32', 'f64'] as const) {
        const [y, after] = layer.apply(floatsAs(params, dtype), floatsAs(state, dtype), floatsAs(x, dtype), context);
        expect(y.dtype).toBe(dtype);
        expect([...floatTypes(after), dtype]).toContain(dtype);
        expect(floatTypes(after).length).toBe(floatTypes(state).length);
      }
    }
  });

  test('the state keeps its structure, shapes and dtypes, and is what it says', () => {
    const stateful = arrays(state).length > 0;
    for (const context of modes) {
      const [, after] = layer.apply(params, state, x, context);
      expect(tree.structure(after)).toEqual(tree.structure(state));
      expect(typesOf(after)).toEqual(typesOf(state));
      const changed = numbers(after).some((v, i) => v !== numbers(state)[i]);
      expect(changed).toBe(stateful && row.frozen !== true && (context.training || row.remembers === true));
      const [, again] = layer.apply(params, after, x, context);
      expect(typesOf(again)).toEqual(typesOf(state));
    }
  });

  test('jit gives what eager evaluation gives', () => {
    for (const { training } of ways) {
      const apply = (p: nn.Tree, s: nn.Tree, images: NDArray, key: NDArray): unknown =>
        layer.apply(p, s, images, training ? { training, key } : { training });
      expectClose(jit(apply)(params, state, x, drawn), apply(params, state, x, drawn));
    }
  });

  test('vmap over examples is the loop over them, and the batch where they are apart', () => {
    for (const { training } of ways) {
      const keys = random.split(drawn, batch);
      const one = (example: NDArray, key: NDArray): unknown =>
        layer.apply(params, state, example.reshape([1, ...input]), training ? { training, key } : { training });
      const each = Array.from({ length: batch }, (_, i) => one(x.slice(i), keys.slice(i)));
      const looped = tree.map((...leaves: NDArray[]) => np.stack(leaves), each[0], ...each.slice(1));
      const mapped = vmap(one)(x, keys);
      expectClose(mapped, looped);
      const apart = !training || (row.mixesBatch !== true && row.needsKey !== true);
      if (!apart) continue;
      const [whole] = layer.apply(params, state, x, training ? { training, key: drawn } : { training });
      expectClose(whole, (looped as readonly [NDArray])[0].reshape([batch, ...output]));
    }
  });

  test('gradients are the central differences', async () => {
    for (const context of ways.filter(({ training }) => row.stopsGradients !== true || !training)) {
      const f = (p: nn.Tree, examples: NDArray): NDArray =>
        layer.apply(p, floatsAs(state, 'f64'), examples, context)[0];
      await checkGrads(f, [params, x], { tolerance: 2e-5 });
    }
  });

  test('it draws random numbers where it says so, from the key alone', () => {
    const train = (key: NDArray): readonly number[] => numbers(layer.apply(params, state, x, { training: true, key })[0]); // prettier-ignore
    expect(train(random.key(5))).toEqual(train(random.key(5)));
    const others = [6, 7, 8].map((seed) => train(random.key(seed)));
    expect(others.some((y) => y.some((v, i) => v !== others[0]?.[i]))).toBe(row.needsKey === true);
    const keyless = (): unknown => layer.apply(params, state, x, { training: true });
    if (row.needsKey === true) expect(keyless).toThrow('needs a key');
    else keyless();
  });

  if (row.golden !== undefined) {
    test.each(row.golden)('$name is that of $source', (name) => {
      checkGolden(row.layer, name);
    });
  }
}

// ------------------------------------------------------------------------------------------------------- golden

const toArray = ({ data, shape, dtype }: GoldenArray): NDArray => np.array(data, { shape, dtype });

/** A tree with the arrays of a golden case in the places of its own, by path. */
function withGolden<T>(own: T, given: Readonly<Record<string, GoldenArray>>): T {
  const paths = tree.leavesWithPath(own).map(([path]) => tree.keystr(path));
  expect(paths.toSorted()).toEqual(Object.keys(given).toSorted());
  return tree.mapWithPath((path, leaf: NDArray) => {
    const found = toArray(given[tree.keystr(path)] as GoldenArray);
    expect(typesOf(found)).toEqual(typesOf(leaf));
    return found;
  }, own);
}

/** The case has the parameters, the state before and after, the input and the output. */
function checkGolden(layer: nn.Layer, { file, name, source }: GoldenName): void {
  const found: GoldenLayer | undefined = readGolden(file).find((c) => c.name === name);
  if (found === undefined) throw new Error(`${file}.json has no case ${JSON.stringify(name)}`);
  expect(found.source).toBe(source);
  const made = layer.init(random.key(0), found.x.shape.slice(1));
  const [params, state] = [withGolden(made.params, found.params), withGolden(made.state, found.state)];
  const [y, after] = layer.apply(params, state, toArray(found.x), { training: found.training, key: random.key(1) });
  expectClose(y, toArray(found.y), 4e-6);
  expectClose(after, withGolden(made.state, found.after), 4e-6);
}

/** Rows of layers, each by its layer's name and its input. */
export function checkRows(rows: Readonly<Record<string, readonly LayerRow[]>>): void {
  for (const [name, list] of Object.entries(rows)) {
    describe(name, () => {
      for (const [i, row] of list.entries()) {
        describe(`${i}: ${row.layer.name} of [${row.input.join(', ')}]`, () => checkLayer(row));
      }
    });
  }
}
