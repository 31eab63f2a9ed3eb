import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Layers that gather what is near, and those that only change shapes. */
export const pool: LayerRows<'flatten' | 'maxPool'> = {
  flatten: [
    { layer: nn.flatten(), input: [2, 3, 4], output: [24], params: {} },
    { layer: nn.flatten(), input: [], output: [1], params: {} },
  ],
  maxPool: [
    { layer: nn.maxPool(2), input: [5, 4, 3], output: [2, 2, 3], params: {} },
    {
      layer: nn.maxPool([3, 2], { strides: [2, 1], padding: 'SAME' }),
      input: [5, 4, 2],
      output: [3, 4, 2],
      params: {},
      golden: golden('keras.layers.MaxPooling2D', 'maxPool'),
    },
  ],
};
