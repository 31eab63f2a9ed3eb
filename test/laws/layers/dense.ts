import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Layers that are matrix products. */
export const dense: LayerRows<'dense' | 'mlp'> = {
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
  mlp: [
    {
      layer: nn.mlp([4, 2], { activation: nn.tanh }),
      input: [3],
      output: [2],
      params: { '[0].kernel': [3, 4], '[0].bias': [4], '[2].kernel': [4, 2], '[2].bias': [2] },
      golden: golden('flax.linen.Dense', 'mlp'),
    },
    {
      layer: nn.mlp([4, 3, 2], { activateFinal: true, bias: false }),
      input: [5],
      output: [2],
      params: { '[0].kernel': [5, 4], '[2].kernel': [4, 3], '[4].kernel': [3, 2] },
    },
  ],
};
