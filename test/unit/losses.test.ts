import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/index.ts';
import { data, grad, nn, numpy as np, random } from '../../src/index.ts';

const list = (x: NDArray): unknown => x.tolistSync();
const close = (x: NDArray, wanted: readonly number[], digits = 5): void => {
  [...(x.dataSync() as Iterable<number>)].forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i] ?? NaN, digits);
  });
};

describe('activations', () => {
  test('relu has gradient 0 at 0 and keeps NaN', () => {
    const x = np.array([-1, 0, 2, NaN]);
    expect(list(nn.relu(x))).toEqual([0, 0, 2, NaN]);
    expect(list(grad((v: NDArray) => nn.relu(v).sum())(np.array([-1, 0, 2])))).toEqual([0, 0, 1]);
  });

  test('softmax and its kin neither overflow nor lose what is small', () => {
    const x = np.array([[1000, 1001], [-1000, -1000], [0, -Infinity]]); // prettier-ignore
    const [small, large] = [1 / (1 + Math.E), Math.E / (1 + Math.E)];
    close(nn.softmax(x), [small, large, 0.5, 0.5, 1, 0]);
    close(nn.logsumexp(x, -1), [1001 - Math.log(large), Math.log(2) - 1000, 0], 3);
    close(nn.logSoftmax(x.slice([0, 2])), [Math.log(small), Math.log(large), -Math.log(2), -Math.log(2)], 4);
    expect(list(nn.logsumexp(np.array([-Infinity, -Infinity])))).toBe(-Infinity);
  });

  test('softmax works along any axis', () => {
    const x = np.array([[1, 2], [3, 5]]); // prettier-ignore
    expect(list(nn.softmax(x, 0).T)).toEqual(list(nn.softmax(x.T, 1)));
  });
});

describe('softmaxCrossEntropyWithIntegerLabels', () => {
  const logits = np.array([[1, 2, 3], [0, 0, 0]]); // prettier-ignore
  const labels = np.array(Int32Array.of(2, 1));

  test('is −log of the probability of the label', () => {
    close(nn.softmaxCrossEntropyWithIntegerLabels(logits, labels), [0.40760595, Math.log(3)]);
  });

  test('has the gradient softmax − one-hot', () => {
    const loss = (x: NDArray): NDArray => nn.softmaxCrossEntropyWithIntegerLabels(x, labels).sum();
    close(grad(loss)(logits), [0.09003057, 0.24472848, 0.66524094 - 1, 1 / 3, 1 / 3 - 1, 1 / 3]);
  });

  test('refuses labels that do not fit', () => {
    expect(() => nn.softmaxCrossEntropyWithIntegerLabels(logits, np.array([0, 1]))).toThrow(
      "labels must be integers, got f32: cast them, as in labels.astype('i32')",
    );
    expect(() => nn.softmaxCrossEntropyWithIntegerLabels(logits, np.array(Int32Array.of(1)))).toThrow(
      'logits [2, 3] need labels [2], got [1]',
    );
  });
});

test('accuracy is the share of highest scores at the label', () => {
  const logits = np.array([[1, 2], [3, 0], [0, 1], [5, 4]]); // prettier-ignore
  const labels = np.array(Int32Array.of(1, 0, 0, 1));
  expect(list(nn.correct(logits, labels))).toEqual([true, true, false, false]);
  expect(nn.accuracy(logits, labels).itemSync()).toBe(0.5);
});

describe('initializers', () => {
  test('Glorot uniform stays in ±√(6 / (in + out)) and fills it', () => {
    const kernel = nn.initializers.glorotUniform()(random.key(0), [3, 3, 20, 30]);
    const limit = Math.sqrt(6 / (9 * 20 + 9 * 30));
    const values = [...(kernel.dataSync() as Iterable<number>)];
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(values.reduce((sum, v) => sum + v * v, 0) / values.length / limit ** 2).toBeCloseTo(1 / 3, 1);
  });

  test('constants', () => {
    expect(list(nn.initializers.zeros()(random.key(0), [2]))).toEqual([0, 0]);
    expect(list(nn.initializers.ones()(random.key(0), [2]))).toEqual([1, 1]);
  });

  test('a kernel has in and out', () => {
    expect(() => nn.initializers.glorotUniform()(random.key(0), [3])).toThrow('got shape [3]');
  });
});

describe('layers refuse inputs that do not fit', () => {
  test.each([
    [nn.dense(2), [], '[nn.dense] needs inputs with a feature axis, got scalars'],
    [nn.conv2d(2, 3), [28, 28], '[nn.conv2d] needs images [height, width, channels], got inputs of shape [28, 28]'],
    [nn.conv2d(2, 3), [2, 5, 1], '[nn.conv2d] a window of 3×3 does not fit images of 2×5'],
    [nn.maxPool(4), [3, 5, 1], '[nn.maxPool] a window of 4×4 does not fit images of 3×5'],
  ])('%#', (layer, shape, message) => {
    expect(() => layer.init(random.key(0), shape)).toThrow(message);
  });

  test('parameters of another sequence', () => {
    const layer = nn.sequential(nn.dense(2));
    expect(() => layer.apply([], [], np.zeros([1, 2]), { training: false })).toThrow(
      '[nn.sequential] 1 layers got parameters for 0: use what init gave',
    );
  });
});

describe('shuffledOrder', () => {
  test('is a permutation that follows from the key', async () => {
    const order = await data.shuffledOrder(random.key(1), 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(await data.shuffledOrder(random.key(1), 1000)).toEqual(order);
    expect(await data.shuffledOrder(random.key(2), 1000)).not.toEqual(order);
    expect(await data.shuffledOrder(random.key(1), 1)).toEqual(Uint32Array.of(0));
    expect(await data.shuffledOrder(random.key(1), 0)).toEqual(new Uint32Array());
  });
});
