import { nn } from '../../../src/index.ts';
import type { LayerRows } from './contract.ts';
import { goldenOf } from './contract.ts';

const golden = goldenOf('layers-feedforward');

/** Layers that normalize. */
export const norm: LayerRows<'batchNorm'> = {
  batchNorm: [
    {
      layer: nn.batchNorm(),
      input: [2, 3, 4],
      output: [2, 3, 4],
      params: { '.scale': [4], '.bias': [4] },
      stateful: { '.mean': [4], '.variance': [4] },
      mixesBatch: true,
      golden: golden('keras.layers.BatchNormalization', 'batchNorm in training', 'batchNorm'),
    },
    {
      layer: nn.batchNorm({ momentum: 0.8, epsilon: 1e-2, scale: false }),
      input: [3],
      output: [3],
      params: { '.bias': [3] },
      stateful: { '.mean': [3], '.variance': [3] },
      mixesBatch: true,
      golden: golden('flax.linen.BatchNorm', 'batchNorm, other numbers'),
    },
  ],
};
