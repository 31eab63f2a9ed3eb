/** Explains a trained classifier in pictures; `npm run train -- cnn` trains one. `--help` shows the flags. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NDArray } from '../src/index.ts';
import { data, init, jit, nn, numpy as np, random } from '../src/index.ts';
import { explain, gradientNorms, perExampleGradients } from './attributions.ts';
import type { ClassifierState } from './models/classifier.ts';
import { cnn } from './models/cnn.ts';
import { choice, count, text } from './training/flags.ts';
import { runScript } from './training/script-flags.ts';
import { gridPng } from './training/pictures.ts';
import { loadCheckpoint } from './training/run-folder.ts';

const flags = {
  model: text('DIR', 'folder of the trained cnn', 'runs/cnn'),
  out: text('DIR', 'folder for the pictures', 'runs/explained'),
  images: count('test images to find the hardest among', 1000),
  device: choice('where to compute', ['wasm', 'webgpu']),
};

/** The network in the folder of a training, and what it has learned. */
async function trained(
  folder: string,
): Promise<readonly [model: ReturnType<typeof cnn.create>, state: ClassifierState]> {
  const { settings, tensors } = await loadCheckpoint(folder, 'cnn');
  const model = cnn.create({ ...settings, imageShape: [28, 28, 1], flags: { augment: 'none' } });
  const fresh: unknown = model.init(random.key(0));
  return [model, data.fromTensors(fresh, tensors, folder) as ClassifierState];
}

/** The positions of the first image of each class. */
const firstOfEach = (labels: Uint8Array): number[] =>
  Array.from({ length: 10 }, (_, label) => labels.indexOf(label)).filter((i) => i >= 0);

/** Maps as images: the brightest pixel of each is 1, and what speaks against the answer is black. */
const forEyes = (maps: NDArray): NDArray => np.clip(maps.div(maps.max([1, 2, 3], { keepdims: true })), 0, 1);

/** Shown of those that the network would learn most from. */
const hardest = 20;
/** Examples at a time: each has a gradient as large as all parameters. */
const part = 50;

async function savePicture(path: string, images: NDArray, columns: number): Promise<void> {
  const pixels = (await images.data()) as Float32Array;
  await data.saveBytes(path, gridPng({ data: pixels, shape: images.shape }, columns));
}

/** Makes the pictures, and tells of each. */
export async function explainModel(
  folder: string,
  out: string,
  among: number,
  tell: (line: string) => void,
): Promise<void> {
  const [{ logits }, state] = await trained(folder);
  await mkdir(out, { recursive: true });
  if (logits === undefined) return;
  const test = data.take((await data.mnist()).test, among);
  const { data: bytes, shape } = test.images;
  const images = np.array(bytes, { shape, dtype: 'u8' }).astype('f32').div(255);
  const labels = np.array(Int32Array.from(test.labels.data));

  const shown = np.take(images, firstOfEach(test.labels.data), 0);
  const maps = jit((own: ClassifierState, digits: NDArray, key: NDArray) =>
    explain((x) => logits(own, x), digits, key).map(forEyes),
  )(state, shown, random.key(0));
  await savePicture(join(out, 'attributions.png'), np.concatenate([shown, ...maps], 0), shown.shape[0] ?? 1);
  tell(`${join(out, 'attributions.png')}: digits, and under them saliency, integrated gradients and SmoothGrad`);

  const loss = (params: ClassifierState['params'], image: NDArray, label: NDArray): NDArray =>
    nn
      .softmaxCrossEntropyWithIntegerLabels(
        logits({ ...state, params }, image.reshape([1, ...image.shape])),
        label.reshape([1]),
      )
      .sum();
  const norms = jit((params: ClassifierState['params'], xs: NDArray, ys: NDArray) =>
    gradientNorms(perExampleGradients(loss)(params, xs, ys)),
  );
  const parts: NDArray[] = [];
  for (let from = 0; from < labels.size; from += part) {
    const range = [from, Math.min(from + part, labels.size)] as const;
    parts.push(norms(state.params, images.slice(range), labels.slice(range)));
  }
  const order = np.argsort(np.concatenate(parts), 0, { descending: true }).slice([0, hardest]);
  await savePicture(join(out, 'hardest.png'), np.take(images, order, 0), hardest / 2);
  tell(`${join(out, 'hardest.png')}: of ${labels.size} test images, those that would change the network most`);
}

const main = (): Promise<number> =>
  runScript('Explains the answers of a trained cnn in pictures.', flags, async ({ model, out, images, device }) => {
    await init({ device });
    await explainModel(model, out, images, console.log);
  });

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
