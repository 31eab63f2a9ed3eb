import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import {
  explain,
  gradientNorms,
  integratedGradients,
  perExampleGradients,
  saliency,
  smoothGrad,
} from '../../../examples/attributions.ts';
import { explainModel } from '../../../examples/explain.ts';
import type { NDArray } from '../../../src/index.ts';
import { grad, nn, numpy as np, random } from '../../../src/index.ts';
import { assertAllclose } from '../../../src/testing/index.ts';
import { runTraining } from './trainings.ts';

const network = nn.sequential(nn.conv2d(3, 3), nn.tanh, nn.flatten(), nn.dense(4));
const { params, state } = network.init(random.key(1), [5, 5, 1]);
const images = random.uniform(random.key(2), [6, 5, 5, 1]);
const logitsWith =
  (own: typeof params) =>
  (x: NDArray): NDArray =>
    network.apply(own, state, x, { training: false })[0];
const logits = logitsWith(params);
const score = (image: NDArray): NDArray => logits(image.reshape([1, 5, 5, 1])).slice(0, 2);
const image = images.slice(0);

test('saliency is the size of the slope at each pixel', async () => {
  const weighted = (x: NDArray): NDArray => x.mul(np.array([[-3, 0, 2]])).sum();
  await assertAllclose(saliency(weighted)(np.ones([1, 3])), [[3, 0, 2]]);
});

test('integrated gradients share out the whole difference to a black image', async () => {
  const shares = integratedGradients(score, 256)(image);
  const difference = score(image).sub(score(np.zerosLike(image)));
  await assertAllclose(shares.sum(), difference, { rtol: 1e-3, atol: 1e-4 });
  expect(Math.abs(await difference.item())).toBeGreaterThan(0.05);
});

test('SmoothGrad without noise is the saliency, and with noise is the mean over copies', async () => {
  await assertAllclose(smoothGrad(score, { samples: 3, deviation: 0 })(image, random.key(3)), saliency(score)(image));
  const [one, two] = [...random.normal(random.key(3), [2, 5, 5, 1])].map((noise) => grad(score)(image.add(noise)));
  const mean = np.abs(one?.add(two ?? 0).div(2) ?? 0);
  await assertAllclose(smoothGrad(score, { samples: 2, deviation: 1 })(image, random.key(3)), mean);
});

test('explanations are those of the class that each image is taken for', async () => {
  const [slopes] = explain(logits, images, random.key(0));
  const labels = (await np.argmax(logits(images), 1).tolist()) as number[];
  for (const [i, label] of labels.entries()) {
    const own = grad((x: NDArray) => logits(x.reshape([1, 5, 5, 1])).slice(0, label))(images.slice(i));
    await assertAllclose(slopes?.slice(i), np.abs(own));
  }
});

test('gradients of examples are those of each alone, and their mean is that of the batch', async () => {
  const labels = np.array(new Int32Array([0, 1, 2, 3, 0, 1]));
  const loss = (own: typeof params, x: NDArray, label: NDArray): NDArray =>
    nn.softmaxCrossEntropyWithIntegerLabels(logitsWith(own)(x.reshape([1, 5, 5, 1])), label.reshape([1])).sum();
  const each = perExampleGradients(loss)(params, images, labels);
  const batch = grad((own: typeof params) =>
    nn.softmaxCrossEntropyWithIntegerLabels(logitsWith(own)(images), labels).mean(),
  )(params);
  const kernelOf = (tree: typeof params, layer: number): NDArray => (tree[layer] as { kernel: NDArray }).kernel;
  await assertAllclose(kernelOf(each, 3).mean(0), kernelOf(batch, 3));
  const alone = grad(loss)(params, images.slice(4), labels.slice(4));
  await assertAllclose(kernelOf(each, 0).slice(4), kernelOf(alone, 0));
  const norms = gradientNorms({ a: np.array([[3, 4], [0, 1]]), b: np.array([[[0]], [[1]]]) }); // prettier-ignore
  await assertAllclose(norms, [5, Math.SQRT2]);
});

test(
  'the command makes a picture of the explanations, and one of the hardest images',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pullback-explain-'));
    try {
      expect((await runTraining(join(folder, 'cnn'), 'cnn --batch-size 8 --steps 2')).code).toBe(0);
      const lines: string[] = [];
      await explainModel(join(folder, 'cnn'), join(folder, 'out'), 70, (line) => lines.push(line));
      expect(lines).toHaveLength(2);
      const shown = decode(await readFile(join(folder, 'out', 'attributions.png')));
      // The first 70 test images have all ten classes. Four rows: the digits, and three explanations.
      expect([shown.width, shown.height]).toEqual([10 * 58 + 2, 4 * 58 + 2]);
      const hardest = decode(await readFile(join(folder, 'out', 'hardest.png')));
      expect([hardest.width, hardest.height]).toEqual([10 * 58 + 2, 2 * 58 + 2]);
      await expect(explainModel(join(folder, 'none'), folder, 70, () => undefined)).rejects.toThrow('no such file');
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
