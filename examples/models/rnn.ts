import type { NDArray } from '../../src/index.ts';
import { nn, optim } from '../../src/index.ts';
import { choice, count } from '../training/flags.ts';
import type { ClassifierState } from './classifier.ts';
import { classifier } from './classifier.ts';
import type { ImageModel } from './model.ts';

const features = 128;

const cells: Readonly<Record<'tanh' | 'lstm' | 'gru', nn.Cell>> = {
  tanh: nn.simpleCell(features),
  lstm: nn.lstmCell(features),
  gru: nn.gruCell(features),
};

const flags = {
  cell: choice('the recurrent cell', ['tanh', 'lstm', 'gru']),
  layers: count('recurrent layers, one on top of the other', 1),
};

/** An image as a sequence of its rows: `[n, height, width, 1]` to `[n, height, width]`. */
const rows = (images: NDArray): NDArray => images.reshape(images.shape.slice(0, 3));

/** Reads a digit row by row, and says at the last one what it is. */
export const rnn: ImageModel<ClassifierState, typeof flags> = {
  title: 'Recurrent network',
  defaults: { epochs: 10, batchSize: 64, learningRate: 1e-3 },
  flags,
  create({ flags: { cell, layers }, ...settings }) {
    const lower = Array.from({ length: layers - 1 }, () => nn.rnn(cells[cell], { returnSequences: true }));
    const network = nn.sequential(rows, ...lower, nn.rnn(cells[cell]), nn.dense(10));
    // Now and then the gradient through 28 rows is very large: such a step may not undo what others have learned.
    const optimizer = optim.chain(optim.clipByGlobalNorm(1), optim.adam(settings.learningRate));
    return classifier(network, settings, { optimizer });
  },
};
