import type { DeviceChoice, ModelEntry } from '../models/model.ts';
import { loadCheckpoint } from './run-folder.ts';
import type { HostFloats, Scores, Trainer } from './trainer.ts';

/** What a classifier says of generated images. */
export interface Verdict {
  readonly scores: Scores;
  /** The share of the images that each class has. */
  readonly shares: readonly number[];
}

/** Has images generated and classified. */
export type Judge = (trainer: Trainer) => Promise<Verdict | null>;

const judgedImages = 2000;
/** Images at a time, which bounds the memory that large images take. */
const part = 100;

/** The judge that a trained classifier is: `entry` is its model, `folder` that of its training. */
export async function loadJudge(
  folder: string,
  [model, entry]: readonly [name: string, entry: ModelEntry],
  device: DeviceChoice,
  imageShape: readonly number[],
): Promise<Judge> {
  const { settings, tensors } = await loadCheckpoint(folder, model);
  const classifier = await entry.start(device, settings, imageShape);
  classifier.restore(tensors, folder);
  const [height = 1] = imageShape;
  return async ({ generate }) => {
    const { logits } = classifier;
    if (generate === undefined || logits === undefined) return null;
    let topProbability = 0;
    const counts: number[] = [];
    for (let i = 0; i < judgedImages / part; i++) {
      const scores = await logits(shrunk(await generate(part, i), height));
      const classes = scores.shape[1] ?? 0;
      for (let row = 0; row < part; row++) {
        const { index, probability } = top(scores.data.subarray(row * classes, (row + 1) * classes));
        topProbability += probability / judgedImages;
        for (let c = counts.length; c < classes; c++) counts.push(0);
        counts[index] = (counts[index] ?? 0) + 1;
      }
    }
    const shares = counts.map((count) => count / judgedImages);
    return { scores: { topProbability, smallestShare: Math.min(...shares) }, shares };
  };
}

/** The largest of a softmax: where it is, and what it is. */
function top(scores: Float32Array): { readonly index: number; readonly probability: number } {
  const highest = Math.max(...scores);
  const sum = scores.reduce((total, score) => total + Math.exp(score - highest), 0);
  return { index: scores.indexOf(highest), probability: 1 / sum };
}

/** Square images `[n, k·size, k·size, 1]` as those of `size`: the mean of every k×k pixels. */
export function shrunk(images: HostFloats, size: number): HostFloats {
  const [count = 0, height = 0] = images.shape;
  const factor = height / size;
  if (factor === 1) return images;
  const data = new Float32Array(count * size * size);
  images.data.forEach((pixel, i) => {
    const [row, column] = [Math.floor(i / height), i % height];
    const to = Math.floor(row / factor) * size + Math.floor(column / factor);
    data[to] = (data[to] ?? 0) + pixel / factor ** 2;
  });
  return { data, shape: [count, size, size, 1] };
}
