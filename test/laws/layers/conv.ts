import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Convolutions. */
export const conv: LayerRows<'conv2d'> = {
  conv2d: [
    {
      layer: nn.conv2d(3, [3, 2]),
      input: [5, 4, 2],
      output: [3, 3, 3],
      params: { '.kernel': [3, 2, 2, 3], '.bias': [3] },
    },
    {
      layer: nn.conv2d(2, 3, { strides: 2, padding: 'SAME', bias: false }),
      input: [5, 4, 1],
      output: [3, 2, 2],
      params: { '.kernel': [3, 3, 1, 2] },
    },
    {
      layer: nn.conv2d(2, [3, 2], { strides: [2, 1], padding: 'SAME' }),
      input: [5, 4, 3],
      output: [3, 4, 2],
      params: { '.kernel': [3, 2, 3, 2], '.bias': [2] },
      golden: golden('keras.layers.Conv2D', 'conv2d'),
    },
    { layer: nn.conv2d(1, 1, { padding: [[1, 0], [0, 2]] }), input: [2, 2, 1], output: [3, 4, 1], params: { '.kernel': [1, 1, 1, 1], '.bias': [1] } }, // prettier-ignore
  ],
};
