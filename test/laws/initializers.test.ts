import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { jit, nn, numpy as np, random, vmap } from '../../src/index.ts';
import { readGolden } from '../golden/read.ts';

/** The laws of initializers, for every one that is exported. */

type Name = keyof typeof nn.initializers;

/** What an initializer makes of a shape. */
interface Row {
  readonly of: nn.Initializer;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly deviation: number;
  /** No number is smaller or larger. */
  readonly bounds?: readonly [low: number, high: number];
  /** Is it the same for all keys? */
  readonly fixed?: boolean;
  /** What else holds. */
  readonly also?: (x: NDArray) => void;
}

const {
  constant, deltaOrthogonal, glorotNormal, glorotUniform, heNormal, heUniform, identity, lecunNormal, lecunUniform, normal,
  ones, orthogonal, sparse, truncatedNormal, uniform, varianceScaling, zeros,
} = nn.initializers; // prettier-ignore

const kernel = { shape: [3, 3, 20, 30], mean: 0 };
const [fanIn, fanOut] = [180, 270];
/** Where a distribution of a variance ends. */
const within = (limit: number): readonly [number, number] => [-limit, limit];
const uniformly = (variance: number): Pick<Row, 'deviation' | 'bounds'> => ({
  deviation: Math.sqrt(variance),
  bounds: within(Math.sqrt(3 * variance)),
});
const truncated = (variance: number): Pick<Row, 'deviation' | 'bounds'> => ({
  deviation: Math.sqrt(variance),
  bounds: within((2 * Math.sqrt(variance)) / 0.8796256610342398),
});
const orthonormal = (x: NDArray): void => {
  const [rows, columns] = x.shape as [number, number];
  const products = rows < columns ? x.matmul(x.T) : x.T.matmul(x);
  expect(np.allclose(products, np.eye(Math.min(rows, columns)), { atol: 1e-5 }).itemSync()).toBe(1);
};

const glorotUniforms: Row = { of: glorotUniform(), ...kernel, ...uniformly(2 / (fanIn + fanOut)) };
const glorotNormals: Row = { of: glorotNormal(), ...kernel, ...truncated(2 / (fanIn + fanOut)) };
const heNormals: Row = { of: heNormal(), ...kernel, ...truncated(2 / fanIn) };
const heUniforms: Row = { of: heUniform(), ...kernel, ...uniformly(2 / fanIn) };

const rows: Readonly<Record<Exclude<Name, 'fans'>, readonly Row[]>> = {
  constant: [{ of: constant(2.5), shape: [2, 3], mean: 2.5, deviation: 0, fixed: true }],
  deltaOrthogonal: [
    {
      of: deltaOrthogonal(),
      shape: [3, 5, 4, 6],
      mean: 0,
      deviation: Math.sqrt(4 / (15 * 24)),
      also: (x) => {
        orthonormal(x.slice(1, 2));
        expect(np.sum(np.square(x)).itemSync()).toBeCloseTo(4, 4);
      },
    },
  ],
  glorotNormal: [glorotNormals],
  glorotUniform: [glorotUniforms],
  heNormal: [heNormals],
  heUniform: [heUniforms],
  identity: [
    {
      of: identity(3),
      shape: [2, 3],
      mean: 1,
      deviation: Math.SQRT2,
      fixed: true,
      also: (x) => expect(x.tolistSync()).toEqual([[3, 0, 0], [0, 3, 0]]), // prettier-ignore
    },
    {
      of: identity(),
      shape: [3, 2, 2],
      mean: 1 / 6,
      deviation: Math.sqrt(5) / 6,
      fixed: true,
      also: (x) => expect(x.slice(1).tolistSync()).toEqual([[1, 0], [0, 1]]), // prettier-ignore
    },
  ],
  kaimingNormal: [{ ...heNormals, of: nn.initializers.kaimingNormal() }],
  kaimingUniform: [{ ...heUniforms, of: nn.initializers.kaimingUniform() }],
  lecunNormal: [{ of: lecunNormal(), ...kernel, ...truncated(1 / fanIn) }],
  lecunUniform: [{ of: lecunUniform(), ...kernel, ...uniformly(1 / fanIn) }],
  normal: [{ of: normal(3), shape: [70, 80], mean: 0, deviation: 3 }],
  ones: [{ of: ones(), shape: [3], mean: 1, deviation: 0, fixed: true }],
  orthogonal: [
    { of: orthogonal(), shape: [40, 30], mean: 0, deviation: 1 / Math.sqrt(40), also: orthonormal },
    { of: orthogonal(), shape: [30, 40], mean: 0, deviation: 1 / Math.sqrt(40), also: orthonormal },
  ],
  sparse: [
    {
      of: sparse(0.3, 2),
      shape: [41, 50],
      mean: 0,
      deviation: 2 * Math.sqrt(28 / 41),
      also: (x) => {
        expect(x.eq(0).sum(0).tolistSync()).toEqual(Array.from({ length: 50 }, () => Math.ceil(0.3 * 41)));
        expect(new Set(x.eq(0).astype('i32').argmax(0).dataSync()).size).toBeGreaterThan(3);
      },
    },
  ],
  truncatedNormal: [
    { of: truncatedNormal(0.5), shape: [70, 80], mean: 0, deviation: 0.5 * 0.8796256610342398, bounds: within(1) },
  ],
  uniform: [{ of: uniform(4), shape: [70, 80], mean: 2, deviation: 4 / Math.sqrt(12), bounds: [0, 4] }],
  varianceScaling: [
    { of: varianceScaling(3), ...kernel, ...truncated(3 / fanIn) },
    { of: varianceScaling(3, { mode: 'fanOut', distribution: 'normal' }), ...kernel, deviation: Math.sqrt(3 / fanOut) },
    {
      of: varianceScaling(3, { mode: 'fanGeoAvg', distribution: 'uniform' }),
      ...kernel,
      ...uniformly(3 / Math.sqrt(fanIn * fanOut)),
    },
  ],
  xavierNormal: [{ ...glorotNormals, of: nn.initializers.xavierNormal() }],
  xavierUniform: [{ ...glorotUniforms, of: nn.initializers.xavierUniform() }],
  zeros: [{ of: zeros(), shape: [3], mean: 0, deviation: 0, fixed: true }],
};

test('every exported initializer has rows', () => {
  expect(Object.keys(rows).sort()).toEqual(Object.keys(nn.initializers).filter((name) => name !== 'fans').sort()); // prettier-ignore
});

const numbers = (x: NDArray): readonly number[] => Array.from(x.dataSync(), Number);

const cases = Object.entries(rows).flatMap(([name, list]) => list.map((row, i) => ({ name, i, row })));

describe.each(cases)('$name, $i', ({ row }) => {
  const { of, shape, fixed = false } = row;

  test('the dtype and the shape are what was asked for, f32 unless told', () => {
    expect(of(random.key(1), shape).dtype).toBe('f32');
    for (const dtype of ['f32', 'f64'] as const) {
      const x = of(random.key(1), shape, dtype);
      expect([x.dtype, x.shape]).toEqual([dtype, shape]);
    }
  });

  test('mean, deviation and bounds are what the formula says', () => {
    for (const dtype of ['f32', 'f64'] as const) {
      const x = of(random.key(2), shape, dtype);
      const all = numbers(x);
      const mean = all.reduce((a, b) => a + b, 0) / all.length;
      const deviation = Math.sqrt(all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length);
      // Four standard errors of the mean, and as much of the deviation.
      const error = fixed ? 1e-6 : (4 * row.deviation) / Math.sqrt(all.length);
      expect(Math.abs(mean - row.mean)).toBeLessThanOrEqual(error);
      expect(Math.abs(deviation - row.deviation)).toBeLessThanOrEqual(error);
      const [low, high] = row.bounds ?? [-Infinity, Infinity];
      // The bound itself is rounded too.
      const slack = 1e-6 * row.deviation;
      expect(all.every((v) => v >= low - slack && v <= high + slack)).toBe(true);
    }
    row.also?.(of(random.key(3), shape));
  });

  test('the key decides, compiled and batched too', () => {
    const [one, two] = [random.key(5), random.key(6)];
    const drawn = numbers(of(one, shape));
    expect(numbers(of(one, shape))).toEqual(drawn);
    expect(numbers(of(two, shape)).some((v, i) => v !== drawn[i])).toBe(!fixed);
    const draw = (key: NDArray): NDArray => of(key, shape);
    const close = { atol: 1e-6 * Math.max(1, row.deviation) };
    expect(np.allclose(jit(draw)(one), draw(one), close).itemSync()).toBe(1);
    const batched = vmap(draw)(np.stack([one, two]));
    expect(np.allclose(batched, np.stack([draw(one), draw(two)]), close).itemSync()).toBe(1);
  });
});

const golden = readGolden('initializers');
test.each(golden)('$fn($args, $options) of $shape is that of jax.nn.initializers', (c) => {
  const make = nn.initializers[c.fn as Name] as unknown as (...args: readonly unknown[]) => nn.Initializer;
  const x = make(...c.args, ...(c.options === undefined ? [] : [c.options]))(random.key(c.seed), c.shape);
  expect(x.shape).toEqual(c.out.shape);
  numbers(x).forEach((v, i) => {
    const wanted = c.out.data[i] as number;
    expect(Math.abs(v - wanted)).toBeLessThanOrEqual(2e-6 * Math.max(0.1, Math.abs(wanted)));
  });
});
