import { batches, take } from '../../../src/data/index.ts';
import type { LabelledImages } from '../../../src/data/index.ts';
import { scaled } from '../../training/start.ts';
import type { HostFloats, Scores, Trainer } from '../../training/trainer.ts';
import type { Images, Pictures } from './messages.ts';

const scoreBatchSize = 200;
const shownImages = 24;

/** The model's scores on test images: means. */
export async function meanScores(trainer: Trainer, test: LabelledImages): Promise<Scores> {
  const examples = test.labels.data.length;
  const sums: Record<string, number> = {};
  for (const batch of batches(test, { batchSize: Math.min(scoreBatchSize, examples), last: 'pad' })) {
    for (const [name, sum] of Object.entries(await trainer.score(batch))) sums[name] = (sums[name] ?? 0) + sum;
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / examples]));
}

/** What there is to see of a model: its guesses, what it draws again, or what it draws of noise. */
export async function shown(
  { logits, reconstruct, generate }: Trainer,
  test: LabelledImages,
): Promise<Pictures | null> {
  const { images, labels } = take(test, shownImages);
  const floats = { data: scaled(images.data), shape: images.shape };
  if (logits !== undefined) {
    const { data, shape } = await logits(floats);
    const classes = shape[1] ?? 1;
    const guesses = Array.from(labels.data, (_, i) => indexOfMax(data.subarray(i * classes, (i + 1) * classes)));
    return { kind: 'recognise', images: square(floats), labels: [...labels.data], guesses };
  }
  if (reconstruct !== undefined) {
    return { kind: 'redraw', images: square(floats), redrawn: square(await reconstruct(floats)) };
  }
  return generate === undefined ? null : { kind: 'generate', images: square(await generate(shownImages, 0)) };
}

const square = ({ data, shape: [count = 0, size = 0] }: HostFloats): Images => ({ data, count, size });

const indexOfMax = (scores: Float32Array): number => scores.indexOf(Math.max(...scores));
