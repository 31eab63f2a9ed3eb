import type { LabelledImages } from '../../src/data/index.ts';
import { batches, take } from '../../src/data/index.ts';
import { gridPng, paired } from './pictures.ts';
import type { RunFolder } from './run-folder.ts';
import { scaled } from './start.ts';
import type { Confusion, CurvePoint } from './charts.ts';
import type { HostFloats, Trainer } from './trainer.ts';

/** Images in a row of a grid. */
const columns = 10;
const shown = 100;

/** Images of bytes, scaled to [0, 1]. */
const floats = ({ images: { data, shape } }: LabelledImages): HostFloats => ({ data: scaled(data), shape });

/** The pictures of an epoch: what an autoencoder makes of test images, or what a generator makes of the same noise. */
export async function savePictures(
  { reconstruct, generate }: Trainer,
  test: LabelledImages,
  epoch: number,
  folder: RunFolder,
): Promise<void> {
  if (reconstruct !== undefined) {
    const originals = floats(take(test, shown / 2));
    const pairs = paired(originals, await reconstruct(originals), columns);
    await folder.savePicture('reconstructions', gridPng(pairs, columns));
  }
  if (generate !== undefined) {
    const name = `samples-epoch-${String(epoch).padStart(3, '0')}`;
    await folder.savePicture(name, gridPng(await generate(shown, 0), columns));
  }
}

/** The charts of a whole training: its losses, and whom a classifier takes for whom. */
export async function saveCharts(trainer: Trainer, test: LabelledImages, folder: RunFolder): Promise<void> {
  // What draws them takes a while to load, and is needed once.
  const { confusionPng, curvesPng } = await import('./charts.ts');
  const points = curves(await folder.readMetrics());
  if (points.length > 0) await folder.savePicture('losses', await curvesPng(points));
  if (trainer.logits !== undefined) {
    await folder.savePicture('confusion', await confusionPng(await confusion(trainer.logits, test)));
  }
}

/** The losses in lines of metrics: every number but those that say when. */
function curves(lines: readonly Readonly<Record<string, unknown>>[]): readonly CurvePoint[] {
  return lines.flatMap(({ kind, step, epoch: _, stepsPerSecond: __, ...values }) =>
    Object.entries(values).flatMap(([name, value]) => {
      if (typeof step !== 'number' || typeof value !== 'number') return [];
      if (kind === 'train') return [{ step, value, curve: name }];
      return name === 'loss' || name === 'mse' ? [{ step, value, curve: `test ${name}` }] : [];
    }),
  );
}

/** How often test images of a class (row) were taken for a class (column). */
async function confusion(logits: NonNullable<Trainer['logits']>, test: LabelledImages): Promise<Confusion> {
  const counts: number[][] = [];
  const batchSize = Math.min(500, test.labels.data.length);
  for (const { columns, size } of batches(test, { batchSize, last: 'pad' })) {
    const scores = await logits(floats(columns));
    const classes = scores.shape[1] ?? 0;
    while (counts.length < classes) counts.push(Array.from({ length: classes }, () => 0));
    for (let i = 0; i < size; i++) {
      const own = scores.data.subarray(i * classes, (i + 1) * classes);
      const row = counts[columns.labels.data[i] ?? 0];
      const answer = own.indexOf(Math.max(...own));
      if (row !== undefined) row[answer] = (row[answer] ?? 0) + 1;
    }
  }
  return counts;
}
