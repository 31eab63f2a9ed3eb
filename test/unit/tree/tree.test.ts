import { describe, expect, test } from 'vitest';
import { grad, jit, NDArray, numpy as np, PullbackError, tree, TreeMismatchError, vmap } from '../../../src/index.ts';

const list = (x: NDArray): unknown => x.tolistSync();

describe('paths', () => {
  test('flattenWithPath has the path of every leaf, and the structure', () => {
    const value = { b: [1, 2], a: { 'x y': 3 }, none: null };
    const { leaves, treedef } = tree.flattenWithPath(value);
    expect(leaves.map(([path, leaf]) => [tree.keystr(path, 'p'), leaf])).toEqual([
      ['p.a["x y"]', 3],
      ['p.b[0]', 1],
      ['p.b[1]', 2],
    ]);
    expect(tree.unflatten(treedef, [30, 10, 20])).toEqual({ a: { 'x y': 30 }, b: [10, 20], none: null });
    expect(tree.leavesWithPath(value)).toEqual(leaves);
  });

  test('unflatten needs a leaf for each place', () => {
    const treedef = tree.structure([1, 2]);
    for (const leaves of [[1], [1, 2, 3]]) {
      expect(() => tree.unflatten(treedef, leaves)).toThrow(TreeMismatchError);
      expect(() => tree.unflatten(treedef, leaves)).toThrow(
        `tree.unflatten: got ${leaves.length} leaves for a structure with places for 2`,
      );
    }
  });

  test('isLeaf stops at nodes, and at null', () => {
    const isLeaf = (x: unknown): boolean => x === null || Array.isArray(x);
    expect(tree.leaves({ a: [1, 2], b: null }, { isLeaf })).toEqual([[1, 2], null]);
  });
});

test('all: numbers, booleans, arrays of one element', () => {
  expect(tree.all({ a: true, b: [1, np.array(2)] })).toBe(true);
  expect(tree.all({ a: true, b: [1, np.array(0)] })).toBe(false);
  expect(tree.all([])).toBe(true);
  expect(() => jit((x: NDArray) => np.array(tree.all({ x })))(np.array(1))).toThrow(/not known yet/);
});

class Dense {
  readonly w: NDArray;
  readonly scale: NDArray;
  readonly activation: (x: NDArray) => NDArray;
  constructor(w: NDArray, scale: NDArray, activation: (x: NDArray) => NDArray) {
    this.w = w;
    this.scale = scale;
    this.activation = activation;
  }
  apply(x: NDArray): NDArray {
    return this.activation(x.matmul(this.w).mul(this.scale));
  }
}
tree.registerNode(
  Dense,
  ({ w, scale, activation }) => [{ w, scale }, activation],
  (activation, { w, scale }) => new Dense(w, scale, activation),
);

class Config {
  readonly power: number;
  readonly note: string;
  constructor(power: number, note: string) {
    this.power = power;
    this.note = note;
  }
}
tree.registerStatic(Config, (c) => c.power);

describe('registered classes', () => {
  const dense = new Dense(np.ones([2, 2]), np.array(3), np.tanh);

  test('instances are nodes: leaves, paths, map', () => {
    expect(tree.leavesWithPath({ d: dense }).map(([path]) => tree.keystr(path))).toEqual(['.d.scale', '.d.w']);
    const doubled = tree.map((x: NDArray) => x.mul(2), dense);
    expect(doubled).toBeInstanceOf(Dense);
    expect([list(doubled.scale), doubled.activation]).toEqual([6, np.tanh]);
  });

  test('they go through grad, jit and vmap as themselves', () => {
    const loss = (d: Dense, x: NDArray): NDArray => d.apply(x).sum();
    const x = np.array([[0.1, 0.2]]);
    const gradient = grad(loss)(dense, x);
    expect(gradient).toBeInstanceOf(Dense);
    expect(list(gradient.w)).toEqual(list(grad((w: NDArray) => loss(new Dense(w, dense.scale, np.tanh), x))(dense.w)));
    expect(list(jit(loss)(dense, x))).toBeCloseTo(loss(dense, x).itemSync(), 6);
    expect(vmap(loss, [null, 0])(dense, np.ones([3, 1, 2])).shape).toEqual([3]);
  });

  test('fixed parts are structure: other ones are another trace, and a mismatch', () => {
    const applied = jit((d: Dense, x: NDArray) => d.apply(x));
    const x = np.array([[0.1, 0.2]]);
    const sine = new Dense(dense.w, dense.scale, np.sin);
    expect(list(applied(dense, x))).not.toEqual(list(applied(sine, x)));
    expect(() => tree.map((a: NDArray, b: NDArray) => a.add(b), { d: dense }, { d: sine })).toThrow(
      /at \.d: two of Dense whose fixed parts are not equal/,
    );
    expect(() => tree.map((a: NDArray) => a, dense, [1])).toThrow(/a node of type Dense and a tuple of 1/);
  });

  test('static instances have no leaves, and their key decides whether a function is traced again', () => {
    let traces = 0;
    const power = jit((c: Config, x: NDArray) => {
      traces++;
      return np.power(x, c.power);
    });
    expect(tree.leaves([new Config(2, 'a')])).toEqual([]);
    expect(list(power(new Config(2, 'a'), np.array(3)))).toBe(9);
    expect(list(power(new Config(2, 'b'), np.array(4)))).toBe(16);
    expect(traces).toBe(1);
    expect(list(power(new Config(3, 'a'), np.array(2)))).toBe(8);
    expect(traces).toBe(2);
  });
});

describe('partition, filter, combine', () => {
  const model = { name: 'net', w: np.array([1, 2]), layers: [{ b: np.array(3), size: 4 }], none: null };
  const isArray = (x: unknown): boolean => x instanceof NDArray;
  /** Arrays as what they hold, which tests compare. */
  const shown = (value: unknown): unknown => tree.map((x: unknown) => (x instanceof NDArray ? list(x) : x), value);

  test('two parts with holes make the whole again', () => {
    const [arrays, others] = tree.partition(model, isArray);
    expect(shown(arrays)).toEqual({ name: null, w: [1, 2], layers: [{ b: 3, size: null }], none: null });
    expect(others).toEqual({ name: 'net', w: null, layers: [{ b: null, size: 4 }], none: null });
    expect(shown(tree.combine(arrays, others))).toEqual(shown(model));
    expect(shown(tree.filter(model, isArray))).toEqual(shown(arrays));
  });

  test('a prefix of the tree chooses', () => {
    const [chosen] = tree.partition(model, { name: false, w: true, layers: [isArray], none: false });
    expect(shown(tree.leaves(chosen))).toEqual([3, [1, 2]]);
    expect(() => tree.filter(model, { w: true })).toThrow(PullbackError);
  });

  test('a gradient by one part', () => {
    const [trained, fixed] = tree.partition({ w: np.array([1, 2]), b: np.array(5) }, { w: true, b: false });
    const gradient = grad((t: typeof trained) => {
      const { w, b } = tree.combine(t, fixed);
      return w.mul(b).sum();
    })(trained);
    expect(gradient.b).toBeNull();
    expect(list(gradient.w as NDArray)).toEqual([5, 5]);
  });

  test('parts of different trees do not combine', () => {
    const [left] = tree.partition({ a: 1 }, true);
    const [right] = tree.partition({ b: 1 }, true);
    expect(() => tree.combine(left, right as unknown as typeof left)).toThrow(/tree.combine: parts 0 and 1/);
  });
});

describe('trees of arrays', () => {
  const params = { w: np.array([[1, 2], [3, 4]]), b: np.arange(2) }; // prettier-ignore

  test('zerosLike, onesLike, cast', () => {
    const zeros = tree.zerosLike(params);
    expect([list(zeros.w), list(zeros.b), zeros.b.dtype]).toEqual([[[0, 0], [0, 0]], [0, 0], 'i32']); // prettier-ignore
    expect(tree.onesLike(params, { dtype: 'f64' }).b.dtype).toBe('f64');
    expect(tree.cast(params, 'f64').w.dtype).toBe('f64');
    expect(() => tree.zerosLike({ a: ['adam'] })).toThrow(/tree\.zerosLike: the leaf\.a\[0\]/);
  });

  test('ravelPytree is undone by its function, for any dtypes', () => {
    const [flat, unravel] = tree.ravelPytree(params);
    expect([flat.dtype, list(flat)]).toEqual(['f32', [0, 1, 1, 2, 3, 4]]);
    const back = unravel(flat.mul(2));
    expect([list(back.w), list(back.b), back.b.dtype]).toEqual([[[2, 4], [6, 8]], [0, 2], 'i32']); // prettier-ignore
    expect(() => unravel(np.zeros(5))).toThrow(/\[unravel\] needs a vector of 6 elements.*f32\[5\]/);
    expect(tree.ravelPytree({})[0].shape).toEqual([0]);
  });

  test('ravelPytree differentiates, batches and compiles', () => {
    const norm = (p: { readonly w: NDArray }): NDArray => {
      const [flat] = tree.ravelPytree(p);
      return flat.mul(flat).sum();
    };
    expect(list(grad(norm)({ w: params.w }).w)).toEqual([[2, 4], [6, 8]]); // prettier-ignore
    expect(list(jit(vmap(norm))({ w: params.w }))).toEqual([5, 25]);
    const [flat, unravel] = tree.ravelPytree({ w: params.w });
    expect(list(grad((v: NDArray) => norm(unravel(v)))(flat))).toEqual([2, 4, 6, 8]);
  });
});
