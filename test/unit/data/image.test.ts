import { beforeAll, describe, expect, test } from 'vitest';
import { image } from '../../../src/data/index.ts';
import type { DType, NDArray } from '../../../src/index.ts';
import { grad, init, jit, numpy as np, random } from '../../../src/index.ts';

beforeAll(() => init({ device: 'wasm' }));

const key = () => random.key(3);
const numbered = (shape: readonly number[], dtype: DType = 'f32'): NDArray =>
  np.arange(shape.reduce((a, b) => a * b, 1)).reshape(shape).astype(dtype); // prettier-ignore

const labels = (n: number): NDArray => np.ones([n, 3]).div(3);

/** One row a function: how it is called, and which dtypes it keeps. */
const contracts: readonly {
  readonly name: string;
  readonly f: (k: NDArray, x: NDArray) => NDArray;
  readonly dtypes: readonly DType[];
  /** The extents that it makes of 6×5. */
  readonly size?: readonly [number, number];
}[] = [
  { name: 'crop', f: (k, x) => image.crop(k, x, [3, 4], { padding: 1 }), dtypes: ['u8', 'f32', 'f64'], size: [3, 4] },
  { name: 'shift', f: (k, x) => image.shift(k, x, 2), dtypes: ['u8', 'f32', 'f64'] },
  { name: 'flip', f: (k, x) => image.flip(k, x), dtypes: ['u8', 'f32', 'f16'] },
  { name: 'cutout', f: (k, x) => image.cutout(k, x, 3), dtypes: ['u8', 'f32', 'f16'] },
  { name: 'noise', f: (k, x) => image.noise(k, x, 0.1), dtypes: ['f16', 'f32', 'f64'] },
  { name: 'normalize', f: (_, x) => image.normalize(x, 1, 2), dtypes: ['f16', 'f32', 'f64'] },
  { name: 'resize', f: (_, x) => image.resize(x, [4, 7]), dtypes: ['f16', 'f32', 'f64'], size: [4, 7] },
  { name: 'nearest', f: (_, x) => image.resize(x, 3, { method: 'nearest' }), dtypes: ['u8', 'f32'], size: [3, 3] },
  { name: 'rotate', f: (k, x) => image.rotate(k, x, 1), dtypes: ['f32', 'f64'] },
  { name: 'mixup', f: (k, x) => image.mixup(k, x, labels(x.shape[0] ?? 0))[0], dtypes: ['f16', 'f32', 'f64'] },
];

describe.each(contracts)('$name', ({ f, dtypes, size = [6, 5] }) => {
  test.each(dtypes)('keeps %s, and is the same compiled', async (dtype) => {
    const x = numbered([4, 6, 5, 2], dtype);
    const y = f(key(), x);
    expect([y.dtype, y.shape]).toEqual([dtype, [4, ...size, 2]]);
    const compiled = [...(await jit(f)(key(), x).data())];
    for (const [i, value] of [...(await y.data())].entries()) {
      expect(Math.abs((compiled[i] as number) - value)).toBeLessThanOrEqual(dtype === 'f16' ? 0.25 : 1e-4);
    }
  });

  test('takes a batch without images', () => {
    expect(f(key(), np.zeros([0, 6, 5, 2])).shape).toEqual([0, ...size, 2]);
  });
});

/** What happened to each of many equal images, as text, with its frequency. */
async function outcomes(batch: NDArray): Promise<Map<string, number>> {
  const [n = 0] = batch.shape;
  const flat = (await batch.reshape([n, -1]).tolist()) as readonly number[][];
  const counts = new Map<string, number>();
  for (const row of flat) counts.set(String(row), (counts.get(String(row)) ?? 0) + 1 / n);
  return counts;
}
const many = (rows: readonly (readonly number[])[]): NDArray =>
  np.broadcastTo(np.array(rows).reshape([1, rows.length, rows[0]?.length ?? 0, 1]), [6000, rows.length, rows[0]?.length ?? 0, 1]); // prettier-ignore

/** Each outcome within five standard deviations of its probability, and no other. */
function expectFrequencies(counts: Map<string, number>, expected: Readonly<Record<string, number>>): void {
  expect([...counts.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [outcome, p] of Object.entries(expected)) {
    expect(Math.abs((counts.get(outcome) ?? 0) - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 6000));
  }
}

describe('each image has draws of its own', () => {
  test('crop takes every window equally often', async () => {
    const counts = await outcomes(image.crop(key(), many([[1, 2, 3], [4, 5, 6]]), [2, 2])); // prettier-ignore
    expectFrequencies(counts, { '1,2,4,5': 1 / 2, '2,3,5,6': 1 / 2 });
    const padded = await outcomes(image.crop(key(), many([[1, 2]]), 1, { padding: [0, 1] }));
    expectFrequencies(padded, { '0': 1 / 2, '1': 1 / 4, '2': 1 / 4 });
  });

  test('shift moves in all directions', async () => {
    const counts = await outcomes(image.shift(key(), many([[1, 2]]), [1, 1]));
    expectFrequencies(counts, { '0,0': 2 / 3, '0,1': 1 / 9, '1,2': 1 / 9, '2,0': 1 / 9 });
  });

  test('flip mirrors with its probability', async () => {
    const rows = [[1, 2], [3, 4]]; // prettier-ignore
    expectFrequencies(await outcomes(image.flip(key(), many(rows))), { '1,2,3,4': 1 / 2, '2,1,4,3': 1 / 2 });
    const vertical = image.flip(key(), many(rows), { direction: 'vertical', probability: 0.2 });
    expectFrequencies(await outcomes(vertical), { '1,2,3,4': 0.8, '3,4,1,2': 0.2 });
  });

  test('cutout has its centre on every pixel equally often', async () => {
    const counts = await outcomes(image.cutout(key(), many([[1, 2, 3]]), [1, 2]));
    expectFrequencies(counts, { '0,2,3': 1 / 3, '0,0,3': 1 / 3, '1,0,0': 1 / 3 });
  });

  test('noise is normal', async () => {
    const x = image.noise(key(), np.full([100, 10, 10, 1], 5), 2);
    expect(await x.mean().item()).toBeCloseTo(5, 1);
    expect(await np.std(x).item()).toBeCloseTo(2, 1);
  });

  test('rotate turns by uniform angles', async () => {
    // Of a pixel right of the centre, the middle moves along a circle: what it leaves tells the angle.
    const x = image.rotate(key(), many([[0, 0, 0], [0, 0, 1], [0, 0, 0]]), 0.5); // prettier-ignore
    const [above, below] = [x.slice([], 0, 2, 0), x.slice([], 2, 2, 0)];
    for (const half of [above, below]) expect(await half.gt(0).astype('f32').mean().item()).toBeCloseTo(0.5, 1);
    expect(await x.slice([], 1, 2, 0).min().item()).toBeGreaterThan(Math.cos(0.5) * (1 - Math.sin(0.5)) - 1e-5);
  });

  test.each([0.1, 0.5, 1, 4])('mixup draws its shares from Beta(α, α), α = %d', async (alpha) => {
    const n = 8000;
    // Images of 1 whose partner is an image of 0 become their shares.
    const x = np.arange(n).lt(n / 2).astype('f32').reshape([n, 1, 1, 1]); // prettier-ignore
    const [mixed, labels] = image.mixup(key(), x, np.arange(n).astype('f32'), alpha);
    const [partnerKey] = random.split(key()) as unknown as readonly [NDArray, NDArray];
    const partners = await random.permutation(partnerKey, n).data();
    const [values, mixedLabels] = [await mixed.data(), await labels.data()];
    const shares: number[] = [];
    for (let i = 0; i < n / 2; i++) {
      const [share, partner] = [values[i] as number, partners[i] as number];
      if (partner < n / 2) continue;
      shares.push(share);
      expect(Math.abs((mixedLabels[i] as number) - (share * i + (1 - share) * partner))).toBeLessThan(0.01);
    }
    const moment = (k: number): number => shares.reduce((sum, s) => sum + s ** k, 0) / shares.length;
    // E[λᵏ] of Beta(α, α) is the product of (α + i) / (2α + i) for i below k.
    const expected = (k: number): number =>
      Array.from({ length: k }, (_, i) => (alpha + i) / (2 * alpha + i)).reduce((a, b) => a * b, 1);
    for (const k of [1, 2, 4]) {
      const deviation = Math.sqrt((expected(2 * k) - expected(k) ** 2) / shares.length);
      expect(Math.abs(moment(k) - expected(k))).toBeLessThan(5 * deviation);
    }
  });
});

describe('images at other places', () => {
  test('a quarter turn is what rot90 makes, counterclockwise', async () => {
    const turned = image.rotateBy(numbered([1, 3, 3, 1]), Math.PI / 2);
    const values = (await turned.reshape([9]).tolist()) as number[];
    for (const [i, expected] of [2, 5, 8, 1, 4, 7, 0, 3, 6].entries()) expect(values[i]).toBeCloseTo(expected, 4);
  });

  test('no turn and the same size change nothing', async () => {
    const x = numbered([2, 4, 3, 2]);
    expect(await image.rotateBy(x, 0).tolist()).toEqual(await x.tolist());
    expect(await image.resize(x, [4, 3]).tolist()).toEqual(await x.tolist());
    expect(await image.resize(x, [4, 3], { method: 'nearest' }).tolist()).toEqual(await x.tolist());
  });

  test('an image can be turned back by following the gradient of its angle', async () => {
    const y = np.arange(9).sub(4).reshape([9, 1]); // prettier-ignore
    const x = np.exp(y.mul(y).div(-20).add(y.T.mul(y.T).div(-4))).reshape([1, 9, 9, 1]);
    const target = image.rotateBy(x, 0.3);
    const loss = (angle: NDArray): NDArray => image.rotateBy(x, angle).sub(target).pow(2).sum();
    const step = jit((angle: NDArray) => angle.sub(grad(loss)(angle).mul(0.02)));
    let angle = np.array(0);
    for (let i = 0; i < 60; i++) angle = step(angle);
    expect(await angle.item()).toBeCloseTo(0.3, 2);
  });
});

describe('bad arguments', () => {
  const x = np.zeros([2, 4, 4, 1]);
  test.each([
    [() => image.flip(key(), np.zeros([4, 4])), '[image.flip] needs images of shape [n, height, width, channels], got f32[4,4]'],
    [() => image.rotate(key(), x.astype('u8'), 1), "[image.rotate] computes with floats, got u8[2,4,4,1]: cast them (images.astype('f32').div(255))"],
    [() => image.crop(key(), x, [4, 7], { padding: [0, 1] }), '[image.crop] needs a horizontal size that is a whole number from 1 to 6, got 7'],
    [() => image.shift(key(), x, [-1, 0]), '[image.shift] needs a vertical distance that is a whole number of 0 or more, got -1'],
    [() => image.flip(key(), x, { probability: 2 }), '[image.flip] needs a probability from 0 to 1, got 2'],
    [() => image.noise(key(), x, NaN), '[image.noise] needs a scale of 0 or more, got NaN'],
    [() => image.normalize(x, [1, 2], 1), '[image.normalize] needs one mean, or one for each of 1 channels, got f32[2]'],
    [() => image.normalize(x, 1, 0), '[image.normalize] needs a deviation that is not 0'],
    [() => image.resize(x, 0), '[image.resize] needs a vertical size that is a whole number of 1 or more, got 0'],
    [() => image.resize(np.zeros([1, 0, 2, 1]), 2), '[image.resize] needs images with pixels, got f32[1,0,2,1]'],
    [() => image.rotateBy(x, np.zeros(3)), '[image.rotateBy] needs one angle, or one for each of 2 images, got f32[3]'],
    [() => image.mixup(key(), x, np.zeros([2], { dtype: 'u8' })), '[image.mixup] mixes labels as floats, got u8[2]: make probabilities of classes (nn.oneHot(labels, 10))'],
    [() => image.mixup(key(), x, np.zeros(3)), '[image.mixup] needs a label for each of 2 images, got f32[3]'],
    [() => image.mixup(key(), x, np.zeros(2), 0), '[image.mixup] needs an alpha above 0, got 0'],
  ])('%#', (call, message) => {
    expect(call).toThrow(message);
  }); // prettier-ignore
});
