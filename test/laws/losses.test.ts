import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { grad, jit, nn, numpy as np, vmap } from '../../src/index.ts';
import { isFloat } from '../../src/kernel/dtype.ts';
import * as losses from '../../src/nn/losses/index.ts';
import { checkGrads } from '../../src/testing/index.ts';
import { casesByFunction } from '../golden/read.ts';

/** The laws of losses, for every loss that is exported. */
interface LossRow {
  readonly loss: (...args: NDArray[]) => NDArray;
  readonly args: readonly NDArray[];
  /** The shape of the result. */
  readonly output: readonly number[];
  /** Arguments at which values and gradients are finite all the same. */
  readonly far?: readonly NDArray[];
}

/** Shares; what is not an export that gives a loss. */
const others = ['accuracy', 'correct'] as const;
type LossName = Exclude<keyof typeof losses, (typeof others)[number]>;

const floats = (shape: readonly number[], seed: number, low = -2, high = 2): NDArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from(
    { length: size },
    (_, i) => low + (((i + 1) * 37 + seed * 11) % 97) * ((high - low) / 97),
  );
  return np.array(data, { shape });
};
const ints = (...values: number[]): NDArray => np.array(Int32Array.from(values));
const share = (x: NDArray): NDArray => nn.softmax(x);

const [p, t] = [floats([3, 4], 1), floats([3, 4], 2)];
const extreme = np.array([[1e4, -1e4, 0, 200], [-200, 88, -88, 1e4], [0, 0, 0, -1e4]]); // prettier-ignore
const hard = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]); // prettier-ignore
const labels = ints(0, 3, 1);

/** Losses of predictions and targets, one value an element. */
const each = (loss: (a: NDArray, b: NDArray) => NDArray, far = [extreme, extreme.mul(-1)]): readonly LossRow[] => [
  { loss: (a, b) => loss(a, b), args: [p, t], output: [3, 4], far },
];
/** Losses of scores and distributions along the last axis. */
const rows = (loss: (a: NDArray, b: NDArray) => NDArray): readonly LossRow[] => [
  { loss: (a, b) => loss(a, b), args: [p, share(t)], output: [3], far: [extreme, hard] },
];
/** Losses of scores and labels. */
const classes = (loss: (a: NDArray, b: NDArray) => NDArray): readonly LossRow[] => [
  { loss: (a, b) => loss(a, b), args: [p, labels], output: [3], far: [extreme, labels] },
];

const table: Readonly<Record<LossName, readonly LossRow[]>> = {
  squaredError: each(nn.squaredError),
  l2Loss: each(nn.l2Loss),
  absoluteError: each(nn.absoluteError),
  huberLoss: each(nn.huberLoss),
  logCosh: each(nn.logCosh),
  hingeLoss: each(nn.hingeLoss, [extreme, hard.mul(2).sub(1)]),
  sigmoidBinaryCrossEntropy: each((x, y) => nn.sigmoidBinaryCrossEntropy(x, share(y)), [extreme, hard]),
  sigmoidFocalLoss: [
    ...each((x, y) => nn.sigmoidFocalLoss(x, share(y), { alpha: 0.25 }), [extreme, t]),
    { loss: (x) => nn.sigmoidFocalLoss(x, hard, { gamma: 1.5 }), args: [p], output: [3, 4], far: [extreme] },
  ],
  poissonNll: each((x, y) => nn.poissonNll(x, y, { full: true }), [np.minimum(extreme, 80), hard.mul(5)]),
  gaussianNll: [
    {
      loss: (a, b, v) => nn.gaussianNll(a, b, v),
      args: [p, t, floats([3, 4], 3, 0.5, 2)],
      output: [3, 4],
      far: [extreme, extreme, hard],
    },
  ],
  softmaxCrossEntropy: rows(nn.softmaxCrossEntropy),
  polyLossCrossEntropy: rows(nn.polyLossCrossEntropy),
  rankingSoftmaxLoss: [
    { loss: (a, b) => nn.rankingSoftmaxLoss(a, b), args: [p, share(t)], output: [], far: [extreme, hard] },
    {
      loss: (a) => nn.rankingSoftmaxLoss(a, hard, { where: p.gt(-1), reduction: 'none' }),
      args: [t],
      output: [3],
      far: [extreme],
    },
  ],
  softmaxCrossEntropyWithIntegerLabels: classes(nn.softmaxCrossEntropyWithIntegerLabels),
  nllLoss: classes(nn.nllLoss),
  multiclassHingeLoss: classes(nn.multiclassHingeLoss),
  klDivergence: [
    { loss: (a, b) => nn.klDivergence(nn.logSoftmax(a), share(b)), args: [p, t], output: [3] },
    { loss: (a) => nn.klDivergence(a, hard), args: [p], output: [3], far: [extreme] },
  ],
  klDivergenceWithLogTargets: [
    { loss: (a, b) => nn.klDivergenceWithLogTargets(a, b), args: [p, t], output: [3], far: [extreme, p] },
  ],
  convexKlDivergence: [
    { loss: (a, b) => nn.convexKlDivergence(a, share(b)), args: [p, t], output: [3] },
    { loss: (a) => nn.convexKlDivergence(a, hard), args: [p], output: [3], far: [np.minimum(extreme, 80)] },
  ],
  cosineSimilarity: [
    { loss: (a, b) => nn.cosineSimilarity(a, b), args: [p, t], output: [3] },
    { loss: (a) => nn.cosineSimilarity(a, t, { epsilon: 1e-6 }), args: [p], output: [3], far: [p.mul(0)] },
  ],
  cosineDistance: [{ loss: (a, b) => nn.cosineDistance(a, b), args: [p, t], output: [3] }],
  tripletMarginLoss: [
    {
      loss: (a, b, c) => nn.tripletMarginLoss(a, b, c, -1, { margin: 4 }),
      args: [p, t, floats([3, 4], 5)],
      output: [3],
      far: [p, p, p],
    },
    {
      loss: (a, b) => nn.tripletMarginLoss(a, b, t, -1, { normDegree: 3 }),
      args: [p, t.mul(2)],
      output: [3],
    },
  ],
  ntxent: [
    { loss: (e) => nn.ntxent(e, ints(0, 1, 0, 1, 2, 0), 0.5), args: [floats([6, 3], 1)], output: [] },
    { loss: (e) => nn.ntxent(e, ints(1, 1, 1)), args: [floats([3, 3], 2)], output: [], far: [extreme] },
  ],
  diceLoss: [
    {
      loss: (a, b) => nn.diceLoss(a, share(b)),
      args: [floats([2, 3, 4], 1), floats([2, 3, 4], 2)],
      output: [2],
    },
    { loss: (a) => nn.diceLoss(a, hard, { reduction: 'none' }), args: [p], output: [3, 4], far: [extreme] },
  ],
  ctcLoss: [
    {
      loss: (x) => nn.ctcLoss(x, [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1]], [[1, 1], [3, 0]], [[0, 0], [0, 1]]), // prettier-ignore
      args: [floats([2, 5, 4], 1)],
      output: [2],
      far: [floats([2, 5, 4], 1).mul(1000)],
    },
  ],
  smoothLabels: [{ loss: (y) => nn.smoothLabels(y, 0.1), args: [p], output: [3, 4] }],
};

const numbers = (x: NDArray): readonly number[] => Array.from(x.dataSync(), Number);
const expectClose = (found: NDArray, wanted: NDArray, digits = 5): void => {
  expect([found.dtype, found.shape]).toEqual([wanted.dtype, wanted.shape]);
  const right = numbers(wanted);
  numbers(found).forEach((x, i) => expect(x).toBeCloseTo(right[i] ?? NaN, digits));
};

test('every exported loss has rows, and golden values', () => {
  const names = Object.keys(losses).filter((name) => !(others as readonly string[]).includes(name));
  expect(Object.keys(table).sort()).toEqual(names.sort());
  const golden = [...casesByFunction('losses-f32').keys(), ...casesByFunction('activations-f32').keys()];
  expect(names.filter((name) => !golden.includes(`nn.${name}`))).toEqual([]);
});

for (const [name, list] of Object.entries(table)) {
  describe.each(list.map((row, i) => [i, row] as const))(`${name} %i`, (_, { loss, args, output, far }) => {
    const call = (...xs: NDArray[]): NDArray => loss(...xs);

    test('has its shape, and keeps the dtype', () => {
      for (const dtype of ['f16', 'f32', 'f64'] as const) {
        const y = call(...args.map((x) => (isFloat(x.dtype) ? x.astype(dtype) : x)));
        expect([y.dtype, y.shape]).toEqual([dtype, output]);
      }
    });

    test('jit gives what eager evaluation gives', () => {
      expectClose(jit(call)(...args), call(...args));
    });

    test('vmap is the loop', () => {
      const moved = [0, 0.1, -0.2].map((d) => args.map((x) => (isFloat(x.dtype) ? x.add(d) : x)));
      const stacked = args.map((_, i) => np.stack(moved.map((xs) => xs[i] as NDArray)));
      expectClose(vmap(call)(...stacked), np.stack(moved.map((xs) => call(...xs))));
    });

    test('gradients are the central differences', async () => {
      await checkGrads(call, [...args]);
    });

    if (far !== undefined) {
      test('values and gradients are finite far out', () => {
        const total = (...xs: NDArray[]): NDArray => call(...xs).sum();
        const which = far.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
        const gradients = grad(total, { argnums: which })(...far) as unknown as readonly NDArray[];
        for (const x of [call(...far), ...gradients]) expect(numbers(x).every(Number.isFinite)).toBe(true);
      });
    }
  });
}
