import { describe, expect, expectTypeOf, test } from 'vitest';
import type { ArrayLike, NDArray } from '../../src/index.ts';
import { jit, lax, nn, numpy as np, tree } from '../../src/index.ts';
import { casesByFunction } from '../golden/read.ts';

/** The laws of metrics, for every metric that is exported. */

const { metrics } = nn;

interface MetricRow {
  readonly metric: nn.metrics.Metric<nn.Tree, unknown, [...ArrayLike[]]>;
  /** Predictions and targets, or values; the examples are along the first axis. */
  readonly args: readonly NDArray[];
  /** Shapes of the result, by path. */
  readonly output: Readonly<Record<string, readonly number[]>>;
}

type MetricName = Exclude<keyof typeof metrics, 'metricMonoid'>;

const n = 8;
const draw = (seed: number, ...shape: number[]): NDArray => {
  const size = shape.reduce((a, b) => a * b, 1);
  return np.array(
    Float32Array.from({ length: size }, (_, i) => (((i + 3) * (7 + seed)) % 16) / 16),
    { shape },
  );
};
const scores = draw(4, n, 3);
const labels = np.array(Int32Array.of(0, 2, 1, 1, 2, 0, 0, 1));
const yes = np.array([0, 1, 1, 0, 1, 0, 0, 1]);
const scalar = { '': [] };
const row = (metric: unknown, args: readonly NDArray[], output: MetricRow['output'] = scalar): MetricRow => ({
  metric: metric as MetricRow['metric'],
  args,
  output,
});

const table: Readonly<Record<MetricName, readonly MetricRow[]>> = {
  average: [row(metrics.average(), [draw(0, n)]), row(metrics.average(), [draw(0, n, 2)])],
  accuracy: [row(metrics.accuracy(), [scores, labels])],
  topKAccuracy: [row(metrics.topKAccuracy(2), [scores, labels]), row(metrics.topKAccuracy(9), [scores, labels])],
  binaryAccuracy: [row(metrics.binaryAccuracy({ threshold: 0.3 }), [draw(2, n), yes])],
  meanSquaredError: [row(metrics.meanSquaredError(), [draw(2, n, 3), draw(0, n, 3)])],
  meanAbsoluteError: [row(metrics.meanAbsoluteError(), [draw(2, n), draw(0, n)])],
  cosineProximity: [row(metrics.cosineProximity(), [draw(2, n, 3), draw(0, n, 3)])],
  perplexity: [row(metrics.perplexity(), [scores, labels])],
  precision: [
    row(metrics.precision(), [draw(2, n), yes]),
    row(metrics.precision({ classes: 3, average: 'micro' }), [scores, labels]),
  ],
  recall: [
    row(metrics.recall(), [draw(2, n), yes]),
    row(metrics.recall({ classes: 3, average: 'weighted' }), [scores, labels]),
  ],
  f1: [
    row(metrics.f1({ threshold: 0.2 }), [draw(2, n), yes]),
    row(metrics.f1({ classes: 3, average: 'none' }), [scores, labels], { '': [3] }),
  ],
  confusionMatrix: [
    row(metrics.confusionMatrix(3), [scores, labels], { '': [3, 3] }),
    row(metrics.confusionMatrix(3, { normalize: 'true' }), [scores, labels], { '': [3, 3] }),
  ],
  iou: [row(metrics.iou(3), [scores, labels])],
  rocAuc: [row(metrics.rocAuc({ thresholds: 20 }), [draw(2, n), yes])],
  prAuc: [row(metrics.prAuc({ thresholds: 20 }), [draw(2, n), yes])],
  r2Score: [row(metrics.r2Score(), [draw(2, n), draw(0, n)]), row(metrics.r2Score(2), [draw(2, n, 2), draw(0, n, 2)])],
  welford: [row(metrics.welford([2]), [draw(1, n, 2)], { '.mean': [2], '.std': [2], '.variance': [2] })],
  collection: [
    row(
      metrics.collection({ accuracy: metrics.accuracy(), f1: metrics.f1({ classes: 3 }), iou: metrics.iou(3) }),
      [scores, labels],
      { '.accuracy': [], '.f1': [], '.iou': [] },
    ),
  ],
};

const arrays = (x: unknown): readonly NDArray[] => tree.leaves(x) as readonly NDArray[];
const types = (x: unknown): unknown =>
  tree.leavesWithPath(x).map(([path, leaf]) => [tree.keystr(path), (leaf as NDArray).dtype, (leaf as NDArray).shape]);
function expectClose(found: unknown, wanted: unknown): void {
  expect(types(found)).toEqual(types(wanted));
  const right = arrays(wanted).flatMap((x) => Array.from(x.dataSync(), Number));
  arrays(found)
    .flatMap((x) => Array.from(x.dataSync(), Number))
    .forEach((x, i) => expect(x).toBeCloseTo(right[i] ?? NaN, 5));
}

test('every exported metric has rows, and golden values', () => {
  const names = Object.keys(metrics).filter((name) => name !== 'metricMonoid');
  expect(Object.keys(table).sort()).toEqual(names.sort());
  const golden = [...casesByFunction('metrics-f32').keys(), 'metrics.topKAccuracy', 'metrics.collection'];
  expect(names.filter((name) => !golden.includes(`metrics.${name}`))).toEqual([]);
});

for (const [name, list] of Object.entries(table)) {
  describe.each(list.map((r, i) => [i, r] as const))(`${name} %i`, (_, { metric, args, output }) => {
    const part = (from: number, to: number): NDArray[] => args.map((x) => x.slice([from, to]));
    const of = (batch: readonly NDArray[]): nn.Tree => metric.update(metric.init(), ...batch);
    const whole = metric.compute(of(args));

    test('the result has its shape and is f32', () => {
      const wanted = Object.entries(output).map(([path, shape]) => [path, 'f32', shape]);
      expect(types(whole)).toEqual(wanted);
      expect(arrays(whole).every((x) => x.dataSync().every(Number.isFinite))).toBe(true);
    });

    test('summaries form a monoid', () => {
      const { empty, concat } = metrics.metricMonoid(metric);
      const [a, b, c] = [of(part(0, 2)), of(part(2, 3)), of(part(3, n))];
      expectClose(concat(concat(a, b), c), concat(a, concat(b, c)));
      expectClose(concat(empty, a), a);
      expectClose(concat(a, empty), a);
      expectClose(concat(empty, empty), empty);
    });

    test('batches may come in any size and order', () => {
      const updated = metric.update(metric.update(of(part(5, n)), ...part(0, 1)), ...part(1, 5));
      expectClose(metric.compute(updated), whole);
      expectClose(metric.compute(metric.merge(of(part(0, 4)), of(part(4, n)))), whole);
    });

    test('jit gives what eager evaluation gives, also as a loop on the device', () => {
      expectClose(jit((...xs: NDArray[]) => metric.compute(metric.update(metric.init(), ...xs)))(...args), whole);
      const batches = args.map((x) => x.reshape([n / 2, 2, ...x.shape.slice(1)]));
      const [state] = lax.scan(
        (s: nn.Tree, xs: readonly NDArray[]) => [metric.update(s, ...xs), null] as const,
        metric.init(),
        batches,
      );
      expectClose(metric.compute(state), whole);
    });

    test('what weighs nothing is left out, and 2 counts twice', () => {
      const zero = np.array([1, 1, 1, 0, 0, 0, 0, 0]);
      expectClose(metric.compute(metric.update(metric.init(), ...args, zero)), metric.compute(of(part(0, 3))));
      const two = np.array([1, 2, 1, 1, 1, 1, 1, 1]);
      const twice = args.map((x) => np.concatenate([x, x.slice([1, 2])]));
      expectClose(metric.compute(metric.update(metric.init(), ...args, two)), metric.compute(of(twice)));
    });

    test('of no examples it is a number, 0 but for exp', () => {
      const none = arrays(metric.compute(metric.init())).flatMap((x) => Array.from(x.dataSync(), Number));
      expect(none.every((x) => x === (name === 'perplexity' || name === 'r2Score' ? 1 : 0))).toBe(true);
    });
  });
}

test('a collection has the results of its metrics, typed by name', () => {
  const metric = metrics.collection({ accuracy: metrics.accuracy(), matrix: metrics.confusionMatrix(3) });
  const state = metric.update(metric.init(), scores, labels);
  const { accuracy, matrix } = metric.compute(state);
  expectTypeOf(accuracy).toEqualTypeOf<NDArray>();
  expectTypeOf(state.matrix).toEqualTypeOf<NDArray>();
  expect(accuracy.itemSync()).toBe(nn.accuracy(scores, labels).itemSync());
  expect(matrix.sum().itemSync()).toBe(n);
});

test('a variance about a large mean is not lost', () => {
  const metric = metrics.welford();
  const values = np.array([1e6, 1e6 + 1, 1e6 + 2]);
  const { variance } = metric.compute(metric.update(metric.update(metric.init(), values), values));
  expect(variance.itemSync()).toBeCloseTo(2 / 3, 5);
});
