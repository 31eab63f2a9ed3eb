import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Layers that are matrix products. */
export const dense: LayerRows<'dense'> = {
  dense: [
    {
      layer: nn.dense(4),
      input: [3],
      output: [4],
      params: { '.kernel': [3, 4], '.bias': [4] },
      golden: golden('flax.linen.Dense', 'dense'),
    },
    { layer: nn.dense(2), input: [5, 3], output: [5, 2], params: { '.kernel': [3, 2], '.bias': [2] } },
    { layer: nn.dense(4, { bias: false }), input: [3], output: [4], params: { '.kernel': [3, 4] } },
  ],
};
